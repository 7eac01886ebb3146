# Each configuration in docs/examples is served by nginx, with mock agents and
# whatever else stands beside it there, and does what its first lines say.

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256);
use File::Temp ();
use Cpanel::JSON::XS ();
use MIME::Base64 qw(encode_base64 encode_base64url);
use Test::More;

use ThreadWS::Agent;
use ThreadWS::Certificate;
use ThreadWS::Chatter;
use ThreadWS::Loop;
use ThreadWS::Modules;
use ThreadWS::Server;

my $Json = Cpanel::JSON::XS->new->canonical->allow_nonref;
my $Splits = 1000;

my $Loop = ThreadWS::Loop->new;
my $Dir = File::Temp->newdir;
chmod 0755, "$Dir";
mkdir "$Dir/$_" for qw(njs lua users);

ThreadWS::Certificate::make($Dir, 'DNS:agent.example.net');

# by the ports that the examples name

my %Agents = map { $_ => ThreadWS::Agent->new($Loop) } qw(8000 8001 4180);
$Agents{8443} = ThreadWS::Agent->new($Loop, tls => {
    SSL_cert_file => "$Dir/cert.pem", SSL_key_file => "$Dir/key.pem" });

my ($Server, $Port);
my %Checked;

example('cloudflare', sub {
    answers(8000, 'fine');

    my %from = (headers => ['CF-Connecting-IP: 203.0.113.7']);
    is(said(chat(%from), 'r1'), 'fine', 'an answer');
    is(sent(8000, 'x-forwarded-for'), '203.0.113.7', 'the client\'s address');

    is(said(chat(%from, from => '127.0.0.2'), 'r1'), 'fine', 'from elsewhere');
    is(sent(8000, 'x-forwarded-for'), '127.0.0.2', 'is not believed');

    my $chat = chat(%from);
    my @limited = grep { ($_->{code} // '') eq 'RATE_LIMITED' }
        map { ended($chat, "m$_") } 1 .. 12;
    cmp_ok(scalar @limited, '>', 0, 'messages are limited by that address');
}, '173.245.48.0/20' => '127.0.0.1/32');

example('alb', sub {
    answers(8000, 'fine');

    my @origin = ('Origin: https://chat.example.com');
    my $forwarded = 'X-Forwarded-For: 192.0.2.1, 203.0.113.7';
    is(said(chat(headers => [@origin, $forwarded]), 'r1'), 'fine',
        'a page over TLS');
    is(sent(8000, 'x-forwarded-for'), '203.0.113.7', 'the last address counts');

    is(refused(headers => ['Origin: https://elsewhere.example']), 403,
        'a page elsewhere');
    like(fetch('/health'), qr/^HTTP\/1\.1 200 .*\nok\n\z/s, 'the health check');
}, '10.0.0.0/16' => '127.0.0.1/32');

example('oidc', sub {
    my $session = 'ann';
    answers(8000, 'fine');

    $Agents{4180}{auto} = sub {
        my ($request) = @_;
        my ($cookie) = ($request->{headers}{cookie}[0] // '') =~ /_oauth2=(\w+)/;
        my $known = defined $cookie && $cookie eq $session;

        $request->head($known ? 202 : 401, undef, 'Content-Length: 0',
            $known ? "X-Auth-Request-User: $cookie" : ());
    };

    is(refused(), 401, 'nobody is let in');

    my %ann = (headers => ['Cookie: _oauth2=ann']);
    my $chat = chat(%ann);
    is(said($chat, 'r1'), 'fine', 'who is signed in has an answer');
    ok(!$Agents{8000}{requests}[-1]{headers}{cookie}, 'the agent no cookie');

    like(fetch('/api/threads/t/messages', @{ $ann{headers} }),
        qr/"requestId":"r1"/, 'and the history');
    like(fetch('/api/threads/t/messages'), qr/^HTTP\/1\.1 401/,
        'which others have not');

    $session = 'bob';
    is(ended($chat, 'r2')->{code}, 'FORBIDDEN', 'a session that has ended');
    is(refused(%ann), 401, 'and cannot come back');
    like(fetch('/api/threads/t/messages', 'Cookie: _oauth2=bob'),
        qr/^HTTP\/1\.1 404/, 'another user has another thread of that name');
});

other('njs-jwt', ['js'], sub {
    answers(8000, 'fine');

    my $of = sub { headers => ["Cookie: session=$_[0]"] };
    my %claims = (sub => 'ann', exp => 4102444800);

    is(said(chat($of->(token(\%claims))), 'r1'), 'fine', 'a token');
    is(sent(8000, 'x-user'), 'ann', 'its user');
    like(fetch('/api/threads/t/messages', 'Cookie: session='
        . token(\%claims)), qr/"requestId":"r1"/, 'has a history');

    is(refused(), 403, 'no token');
    is(refused($of->('nonsense')), 403, 'none that is one');
    is(refused($of->(token({ %claims, exp => 1 }))), 403, 'too old');
    is(refused($of->(token({ exp => 4102444800 }))), 403, 'nobody\'s');
    is(refused($of->(token(\%claims, key => 'another'))), 403, 'forged');
    is(refused($of->(token(\%claims, alg => 'none'))), 403, 'not signed');
    is(refused($of->(token(\%claims) =~ s/\.[^.]*\z/./r)), 403, 'cut');
});

example('tenants', sub {
    answers(8000, 'fine');

    my %ann = map {
        $_ => { host => "$_.example.com", headers => ['Authorization: Basic '
            . encode_base64("ann:$_", '')] }
    } qw(acme umbrella);

    for my $tenant (qw(acme umbrella)) {
        is(said(chat(%{ $ann{$tenant} }), $tenant), 'fine', "$tenant: answer");

        my $request = $Agents{8000}{requests}[-1];
        is($request->{headers}{authorization}[0], "Bearer key-of-$tenant",
            "$tenant: its key");
        is($request->json->{model}, { qw(acme small umbrella large) }->{$tenant},
            "$tenant: its model");
        is(scalar @{ $request->json->{messages} }, 1,
            "$tenant: a thread of its own");

        my $history = fetch('/api/threads/t/messages',
            @{ $ann{$tenant}{headers} }, "Host: $tenant.example.com");
        like($history, qr/"requestId":"$tenant"/, "$tenant: its history");
        unlike($history, qr/"requestId":"(?!$tenant")/, "$tenant: no other's");
    }

    is(refused(%{ $ann{acme} }, host => 'umbrella.example.com'), 401,
        'a password is one tenant\'s');

    my $chat = chat(%{ $ann{acme} });
    my @limited = grep { ($_->{code} // '') eq 'RATE_LIMITED' }
        map { ended($chat, "m$_") } 1 .. 100;
    cmp_ok(scalar @limited, '>', 0, 'a tenant has a limit');
    is(said(chat(%{ $ann{umbrella} }), 'after'), 'fine', 'of its own');
});

example('canary', sub {
    answers(8000, 'old');
    answers(8001, 'new');

    my %said;

    for my $n (1 .. 200) {
        my $chat = chat(thread => "t$n");
        my @said = map { said($chat, "r$_") } 1, 2;

        $said{ join ' ', @said }++;
        $chat->drop;
    }

    is(join(', ', sort keys %said), 'new new, old old',
        'a thread stays where it began');
    cmp_ok($said{'new new'}, '>=', 5, 'some are new');
    cmp_ok($said{'new new'}, '<=', 40, 'most are not');
    $Loop->until(sub { 400 == (() = $Server->text('runs.log') =~ /\n/g) },
        'the access log');
    like($Server->text('runs.log'), qr/^t1 r1 agent=llm\w* completed - /m,
        'it has which');
});

for my $order ('last', 'first') {
    other('redaction', ['lua'], sub { redaction($order) }, order => $order);
}

example('untrusted-agent', sub {
    steers();
    is(said(chat(), 'r1'), 'its own', 'an agent does not lead elsewhere');

    my ($request) = @{ $Agents{8443}{requests} };
    is($request->{headers}{host}[0], 'agent.example.net', 'its name');
    ok(!$request->{headers}{cookie}, 'nothing of the browser\'s');
});

# what the example is for: without that line it would

example('untrusted-agent', sub {
    steers();
    is(said(chat(), 'r1'), 'not for you', 'an agent that is believed does');
}, 'X-Accel-Redirect X-Accel-Expires' => 'X-Accel-Expires');

example('failover', \&failover, 'max_fails=3 fail_timeout=10s' => 'max_fails=0');

my @there = map { m{([^/]+)\.conf\z} } glob 'docs/examples/*.conf';
my @missing = grep { !$Checked{$_}
    && (ThreadWS::Modules::possible() || !/njs|redaction/) } @there;

is("@missing", '', 'each example has a check');

# the client's tests hold that each of them has one

my $readme = text('docs/examples/README.md');
my @unnamed = grep { -d && index($readme, (m{([^/]+)\z})[0] . '/README.md)') < 0 }
    glob 'docs/examples/*';

is("@unnamed", '', 'each folder is named');
done_testing();


sub failover {
    my $broken = sub { $_[0]{stream}->reset };
    my $status = sub { my $n = shift; sub { $_[0]->head($n, 'text/plain',
        'Content-Length: 0') } };
    my $n = 0;

    my $try = sub {
        my ($path, $first, $what, $expected) = @_;

        $_->forget for values %Agents;
        $Agents{8000}{auto} = $first;
        answers(8001, 'the other');

        my $end = ended(chat(path => "/api/$path", thread => 't' . ++$n), 'r1');
        is($end->{message}, $expected // 'the other', "$path: $what")
            if ($expected // '') !~ /^[A-Z]/;
        is($end->{code}, $expected, "$path: $what")
            if ($expected // '') =~ /^[A-Z]/;
        cmp_ok(scalar @{ $Agents{8000}{requests} }, '<=', 1,
            "$path: $what, asked once");
    };

    for my $path (qw(errors statuses timeouts provider)) {
        $try->($path, $broken, 'a connection that breaks');
        $try->($path, sub { $_[0]->answer('the first') }, 'one that answers',
            'the first');
        $try->($path, sub {
            my ($request) = @_;
            $request->head(200, 'text/event-stream');
            $request->delta('half');
            $request->close;
        }, 'one that breaks off', 'UPSTREAM_FAILED');
    }

    $try->('errors', $status->(500), 'a status is an answer', 'UPSTREAM_FAILED');
    $try->('statuses', $status->($_), "status $_") for 429, 500, 503;
    $try->('provider', $status->($_), "status $_") for 429, 500, 503, 529;
    $try->('provider', $status->(400), 'status 400', 'UPSTREAM_REJECTED');

    is(scalar @{ $Agents{8001}{requests} }, 0, 'the other one is not asked');

    $try->('timeouts', sub { }, 'one that says nothing');
    $try->('provider', sub { }, 'one that says nothing');

    my $request = $Agents{8001}{requests}[-1];
    is($request->{line}, 'POST /api/v1/chat HTTP/1.1', 'the other one\'s path');
    is($request->{headers}{authorization}[0], 'Bearer other-key', 'its key');
    is($request->content, 'hello', 'and the message');
}

sub steers {
    $Agents{8443}{auto} = sub {
        my ($request) = @_;
        $request->head(200, 'text/event-stream', 'X-Accel-Redirect: /admin');
        $request->choice({ content => 'its own' }, finish => 'stop');
        $request->end;
    };
}

# Answers with numbers in them, written in pieces by chance: those that must not
# be seen are of the digits 4 to 9, all others of 1 to 3.

sub redaction {
    my ($order) = @_;

    my $seed = $ENV{SEED} // int rand 1e9;
    srand $seed;
    note("SEED=$seed");

    my (@pieces, $request);
    my $wrong = 0;
    my $chat = chat();

    $Agents{8000}{auto} = sub { $request = $_[0] };

    for my $n (1 .. $Splits) {
        my $text = confession();
        my $expected = $text =~ s/(\d[\d -]*)/redacted($1)/ger;

        undef $request;
        my $run = $chat->message("r$n", 'hello');
        $Loop->until(sub { $request }, 'a request');

        $request->head(200, 'text/event-stream');
        @pieces = cut(stream($text), 1 + int rand 40);

        while (@pieces) {
            $request->body(shift @pieces);
            $Loop->once(0);
        }

        $request->end;
        $Loop->until(sub { $run->{end} }, "an end of $n");

        next if ($run->{end}{message} // '') eq $expected
            && $run->{text} !~ /[4-9]/;

        $wrong++ or diag("SEED=$seed, run $n: $text\n"
            . $Json->encode($run->{end}));
    }

    is($wrong, 0, "$order: nothing of it is seen in $Splits answers");
    is("@{ $chat->{faults} }", '', "$order: nothing is amiss");

    $Agents{8000}{auto} = sub {
        $_[0]->head(400, 'application/json');
        $_[0]->body('{"error":{"message":"never 4444 5555 6666 7777"}}');
        $_[0]->end;
    };

    unlike($Json->encode(ended($chat, 'error')), qr/[4-9]{4}/,
        "$order: nor in an error");
}

sub redacted {
    my ($run) = @_;

    my ($number, $rest) = $run =~ /\A(.*?)([ -]*)\z/;
    return ($number =~ tr/0-9//) >= 13 ? "[card number]$rest" : $run;
}

sub confession {
    my @words = ('it is', 'room 12', '2-1', 'take 3', "voil\x{e0}", '"so"', 'no.',
        '3', 'and', "\n");

    return join ' ', 'well', map {
        rand() < 0.3 ? join(('', ' ', '-')[rand 3],
            map { 4 + int rand 6 } 1 .. 13 + rand 7) : $words[rand @words]
    } 1 .. 1 + rand 12;
}

# events of deltas that begin and end anywhere, a digit perhaps by its number

sub stream {
    my ($text) = @_;

    my $ascii = Cpanel::JSON::XS->new->canonical->ascii;
    my $end = rand() < 0.5 ? "\n\n" : "\r\n\r\n";

    my @deltas = map {
        $ascii->encode({ choices => [{ delta => { content => $_ } }] })
            =~ s/([4-9])/rand() < 0.1 ? sprintf '\\u%04x', ord $1 : $1/ger
    } cut($text, 1 + int rand 12);

    return join '', map { "data: $_$end" } @deltas,
        '{"choices":[{"delta":{},"finish_reason":"stop"}]}', '[DONE]';
}

sub cut {
    my ($text, $most) = @_;

    my @pieces;
    push @pieces, substr $text, 0, 1 + int rand $most, '' while length $text;
    return @pieces;
}

sub token {
    my ($claims, %options) = @_;

    my $alg = $options{alg} // 'HS256';
    my $text = join '.', map { encode_base64url($Json->encode($_)) }
        { alg => $alg, typ => 'JWT' }, $claims;

    return $text . '.' . ($alg eq 'none' ? '' : encode_base64url(
        hmac_sha256($text, $options{key} // 'the key')));
}

# one that needs other modules

sub other {
    my ($name, $modules, $check, %options) = @_;

    SKIP: {
        skip("$name: no other module can be loaded", 1)
            if !ThreadWS::Modules::possible();

        local $ENV{TEST_NGINX_LOAD_MODULES} = $ENV{TEST_NGINX_LOAD_MODULES};
        ThreadWS::Modules::load($options{order} // 'last', @$modules);
        example($name, $check);
    }
}

# serves an example, with that replaced besides, and checks it

sub example {
    my ($name, $check, %replaced) = @_;

    $Checked{$name} = 1;
    $_->forget for values %Agents;

    $Port = ThreadWS::Server::free_port();

    my $tls = ThreadWS::Server::free_port();
    my $conf = text("docs/examples/$name.conf");

    for my $words (sort keys %replaced) {
        $conf =~ s/\Q$words\E/$replaced{$words}/
            or return fail("$name: \"$words\" is in it");
    }

    # the same server by plain HTTP, too; a wait is shorter

    $conf =~ s/listen 443 ssl( default_server)?;/listen 127.0.0.1:$tls ssl@{[ $1 \/\/ '' ]};
        listen 127.0.0.1:$Port@{[ $1 \/\/ '' ]};/g;
    $conf =~ s/listen 8080;/listen 127.0.0.1:$Port;/g;
    $conf =~ s/127\.0\.0\.1:$_\b/'127.0.0.1:' . $Agents{$_}->port/ge
        for keys %Agents;
    $conf =~ s/proxy_read_timeout 20s/proxy_read_timeout 300ms/;
    $conf =~ s/(first\/v1.*?\n)/$1proxy_read_timeout 300ms;/ if $name =~ /fail/;
    $conf =~ s{/etc/nginx/tls/\S+\.pem}{$Dir/cert.pem}g;
    $conf =~ s{/etc/nginx/tls/\S+\.key}{$Dir/key.pem}g;
    $conf =~ s{/etc/ssl/certs/ca-certificates.crt}{$Dir/cert.pem}g;
    $conf =~ s{/etc/nginx/}{$Dir/}g;
    $conf =~ s{/var/log/nginx/}{logs/}g;

    beside($name);

    subtest($name => sub {
        $Server = ThreadWS::Server->new($Loop, http => $conf);
        $check->();
        is(join("\n", $Server->stop), '', 'the log is clean');
    });
}

# the files that stand beside one

sub beside {
    my ($name) = @_;

    put("njs/jwt.js", text('docs/examples/jwt.js') =~ s{/etc/nginx/}{$Dir/}gr);
    put('njs/jwt.key', "the key\n");
    put('lua/redaction.lua', text('docs/examples/redaction.lua'));
    put("users/$_", "ann:{PLAIN}$_\n") for qw(acme umbrella);
    put('keys.conf', 'map $host $llm_key {
        acme.example.com key-of-acme;
        umbrella.example.com key-of-umbrella; }');
}

sub put {
    my ($file, $text) = @_;

    open my $out, '>', "$Dir/$file" or die "$file: $!\n";
    print $out $text;
    close $out;
}

sub text {
    my ($file) = @_;

    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

sub answers {
    my ($agent, $text) = @_;
    $Agents{$agent}{auto} = sub { $_[0]->answer($text) };
}

# what the last request there had of that header

sub sent {
    my ($agent, $name) = @_;
    return ($Agents{$agent}{requests}[-1]{headers}{$name} // [])->[0];
}

sub chat {
    my (%options) = @_;

    return ThreadWS::Chatter->new($Loop, port => $Port, thread => 't',
        path => '/api/chat/ws', host => 'chat.example.com', %options);
}

# the status of an upgrade that is refused

sub refused {
    my (%options) = @_;

    my $chat = chat(%options, may_refuse => 1);
    $Loop->until(sub { $chat->{refused} || $chat->{ready} || $chat->{closed} },
        'a response');
    return $chat->{refused} // 101;
}

sub ended {
    my ($chat, $id) = @_;

    my $run = $chat->message($id, 'hello');
    $Loop->until(sub { $run->{end} || @{ $chat->{faults} } }, "an end of $id");

    return $run->{end} // { message => "@{ $chat->{faults} }" };
}

sub said { ended(@_)->{message} }

# a plain request's response

sub fetch {
    my ($path, @headers) = @_;

    my $socket = IO::Socket::INET->new("127.0.0.1:$Port")
        or die "cannot connect: $!\n";
    my $stream = ThreadWS::Stream->new($Loop, $socket);

    push @headers, 'Host: chat.example.com' if !grep { /^Host:/ } @headers;
    $stream->write(join '', map { "$_\r\n" } "GET $path HTTP/1.1",
        'Connection: close', @headers, '');
    $Loop->until(sub { $stream->{eof} }, "a response to $path");

    return $stream->{in};
}
