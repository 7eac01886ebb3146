# What a filter of another module takes out of an agent's answer reaches no client,
# by no protocol, and nobody later: not who sent the message, by a WebSocket or by
# HTTP, not who follows, asks again, or looks at the history, nor the agent with the
# next message.  Answers with everything in them are cut up by chance, before a
# filter by Lua and one by njs, with the module loaded after them and before.
#
# SPLITS=1000 has so many answers for each of the four; SEED=N those of a failure
# again.

use strict;
use warnings;

use File::Temp ();
use Cpanel::JSON::XS ();
use Test::More;

use ThreadWS::Agent;
use ThreadWS::Loop;
use ThreadWS::Modules;
use ThreadWS::Peer;
use ThreadWS::Server;

plan skip_all => 'the module is built in: no other can be loaded beside it'
    if !ThreadWS::Modules::possible();

my $Json = Cpanel::JSON::XS->new->canonical->utf8->allow_nonref;
my $Splits = $ENV{SPLITS} || 18;
my $Seed = $ENV{SEED} || int rand 1e9;

# none of these is to be seen, whether in UTF-8 or escaped; both filters put a
# star in the place of each

my $Secret = qr/\xce[\xa6\xa8\xa9]|\\u03a[689]/i;

my $Loop = ThreadWS::Loop->new;
my $Agent = ThreadWS::Agent->new($Loop);
my $Dir = File::Temp->newdir;
chmod 0755, "$Dir";
my ($Server, $Port, $Said, $Stars, @Ends, @Peers);

srand $Seed;
note("SEED=$Seed");

for my $filter (qw(lua js)) {
    for my $order (qw(last first)) {
        local $ENV{TEST_NGINX_LOAD_MODULES} = $ENV{TEST_NGINX_LOAD_MODULES};
        ThreadWS::Modules::load($order, $filter);

        subtest("$filter, ours loaded $order" => sub { redacted($filter) });
    }
}

done_testing();


sub redacted {
    my ($filter) = @_;

    ($Said, $Stars, @Ends, @Peers) = ('', 0);
    $Agent->forget;
    serve($filter);

    # who follows: by a WebSocket, by HTTP

    my $follower = peer('/thread-ws', 't', 'thread-ws.v2');
    said($follower, { type => 'follow' });
    $follower->{follows} = 1;
    hear('GET', '/thread-ws?threadId=t');

    my $wrong = 0;

    for my $n (1 .. $Splits) {
        my $ended = answered($n) && !looked($n);
        $wrong++ if !$ended;
        last if $wrong > 3;
    }

    is($wrong, 0, "nothing of it is seen in $Splits answers");
    cmp_ok($Stars, '>', $Splits, 'which had it');
    $_->{stream}->close for @Peers;
    is(join("\n", $Server->stop), '', 'the log is clean');
}

sub serve {
    my ($filter) = @_;

    my $locations = join '', map { "
        location /$_ {
            thread_ws_pass /agent;
            thread_ws_protocol $_;
            thread_ws_http on;
        }" } qw(thread-ws ai-sdk ag-ui);

    my %directives = (
        lua => 'body_filter_by_lua_block { redact() }',
        js => 'js_body_filter redact.filter buffer_type=buffer;',
    );

    my $port = $Agent->port;

    $Server = ThreadWS::Server->new($Loop, http => http($filter), server => "
        thread_ws_store memory;
        thread_ws_resume 1m;
        thread_ws_events all;
        thread_ws_ping_interval off;
        $locations
        location = /history { thread_ws_history; }
        location = /agent {
            internal;
            proxy_pass http://127.0.0.1:$port;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            $directives{$filter}
        }");
    $Port = $Server->port;
}

# lines are kept until they are whole, as a character may be cut up

sub http {
    my ($filter) = @_;

    my $zone = 'thread_ws_zone ws:8m;';

    return $zone . <<'LUA' if $filter eq 'lua';

    init_by_lua_block {
        function redact()
            local bytes = (ngx.ctx.kept or "") .. ngx.arg[1]
            local whole = ngx.arg[2] and #bytes
                or #bytes - #bytes:match("[^\n]*$")

            ngx.ctx.kept = bytes:sub(whole + 1)
            ngx.arg[1] = bytes:sub(1, whole)
                :gsub("\206[\166\168\169]", "*")
                :gsub("\\[uU]03[aA][689]", "*")
        end
    }
LUA

    open my $out, '>', "$Dir/redact.js" or die "redact.js: $!\n";
    print $out <<'JS';
let kept = Buffer.alloc(0);

function filter (r, data, flags) {
    const bytes = Buffer.concat([kept, data]);
    const whole = flags.last ? bytes.length : bytes.lastIndexOf(10) + 1;

    kept = bytes.slice(whole);
    r.sendBuffer(bytes.slice(0, whole).toString()
        .replace(/[\u03a6\u03a8\u03a9]|\\u03a[689]/gi, '*'), flags);
}

export default { filter };
JS
    close $out;

    return "$zone js_path '$Dir'; js_import redact from redact.js;";
}

# One answer, asked for by one protocol after another, and once more.

sub answered {
    my ($n) = @_;

    my %answer = (content => confession(), reasoning => confession(),
        input => confession());
    my $expected = $answer{content} =~ s/[\x{3a6}\x{3a8}\x{3a9}]/*/gr;

    my $request;
    $Agent->{auto} = sub { $request = $_[0] };

    my $id = "r$n";
    asks($n % 6, $id)->();
    $Loop->until(sub { $request }, "a request of $id");
    return if $request->{body} =~ $Secret;

    $request->head(200, 'text/event-stream');

    for my $piece (cut(stream(%answer), 1 + int rand 60)) {
        $request->body($piece);
        $Loop->once(0);
    }

    $request->end;

    # who follows hears the end, too, with all of its text

    $Loop->until(sub { @Ends == $n }, "an end of $id");
    return 1 if ($Ends[-1]{message} // '') eq $expected;

    diag("SEED=$Seed, answer $n: ", $Json->encode([$Ends[-1], $expected]));
    return;
}

# what was heard so far and the history: whether there is anything of it

sub looked {
    my ($n) = @_;

    fetch("/thread-ws?threadId=t&requestId=$Ends[-1]{requestId}");
    fetch('/history?threadId=t&limit=2');
    $Stars += $Said =~ tr/*//;

    my $at = $Said =~ $Secret ? $-[0] : return $Said = '';
    diag("SEED=$Seed, answer $n: ", substr $Said, $at < 80 ? 0 : $at - 80, 99);

    return 1;
}

sub asks {
    my ($by, $id) = @_;

    my $hello = { type => 'message', requestId => $id, threadId => 't',
        content => 'hello' };
    my $sdk = { id => 't', trigger => 'submit-message', messages => [
        { id => "m$id", role => 'user', parts => [
            { type => 'text', text => 'hello' }] }] };
    my $input = { threadId => 't', runId => $id, state => {}, tools => [],
        context => [], forwardedProps => {}, messages => [
            { id => "m$id", role => 'user', content => 'hello' }] };

    return (
        sub { said(peer('/thread-ws', 't', 'thread-ws.v2'), $hello) },
        sub { hear('POST', '/thread-ws?threadId=t', $hello) },
        sub { said(peer('/ai-sdk'), { type => 'send', requestId => $id,
            headers => {}, body => {}, %$sdk }) },
        sub { hear('POST', '/ai-sdk', $sdk) },
        sub { said(peer('/ag-ui'), { %$input, data => {} }) },
        sub { hear('POST', '/ag-ui', $input) },
    )[$by];
}

# all that comes is kept

sub peer {
    my ($path, $thread, $subprotocol) = @_;

    my $peer = ThreadWS::Peer->new($Loop, $Port,
        path => $path . ($thread ? "?threadId=$thread" : ''), headers =>
            [$subprotocol ? "Sec-WebSocket-Protocol: $subprotocol" : ()]);

    $peer->{stream}{read} = sub {
        while (my $frame = $peer->take) {
            $Said .= "$frame->{payload}\n";
            next if !$peer->{follows} || $frame->{op} != 1;

            my $event = $Json->decode($frame->{payload});
            push @Ends, $event if $event->{type} =~ /^(?:final|error)$/;
        }
    };
    push @Peers, $peer;

    return $peer;
}

sub said {
    my ($peer, $command) = @_;
    $peer->frame(1, $Json->encode($command));
}

sub hear {
    my ($method, $path, $body) = @_;

    my $socket = IO::Socket::INET->new("127.0.0.1:$Port")
        or die "cannot connect: $!\n";
    my $stream = ThreadWS::Stream->new($Loop, $socket);

    $stream->{read} = sub {
        $Said .= $stream->{in};
        $stream->{in} = '';
    };

    $body = defined $body ? $Json->encode($body) : '';
    $stream->write(join "\r\n", "$method $path HTTP/1.1", 'Host: localhost',
        'Connection: close', 'Content-Type: application/json',
        'Content-Length: ' . length $body, '', $body);
    push @Peers, { stream => $stream };

    return $stream;
}

sub fetch {
    my ($path) = @_;

    my $stream = hear('GET', $path);
    $Loop->until(sub { $stream->{eof} }, "a response to $path");
}

sub confession {
    my @words = ('well', "voil\x{e0}", "\x{3b1}", '"so"', '3');

    return join ' ', map {
        rand() < 0.5 ? join('', map { chr((0x3a6, 0x3a8, 0x3a9)[rand 3]) }
            0 .. rand 5) : $words[rand @words]
    } 0 .. rand 8;
}

# each of its texts in deltas of their own, some characters by their numbers

sub stream {
    my (%answer) = @_;

    my $json = Cpanel::JSON::XS->new->canonical->allow_nonref;
    my @deltas = (
        (map { { reasoning_content => $_ } } cut($answer{reasoning}, 6)),
        (map { { content => $_ } } cut($answer{content}, 6)),
        { tool_calls => [{ index => 0, id => 'c1', type => 'function',
            function => { name => 'look', arguments => '' } }] },
        (map { { tool_calls => [{ index => 0, function => {
            arguments => $_ } }] } } cut($json->encode($answer{input}), 6)));

    return join '', map { "data: $_\n\n" }
        (map { (rand() < 0.3 ? $json->ascii : $Json)->encode({
            choices => [{ index => 0, delta => $_ }] }) } @deltas),
        '{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}',
        '[DONE]';
}

sub cut {
    my ($text, $most) = @_;

    my @pieces;
    push @pieces, substr $text, 0, 1 + int rand $most, '' while length $text;
    return @pieces;
}
