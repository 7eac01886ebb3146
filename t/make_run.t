# What `make run` serves, with and without an agent of one's own.

use strict;
use warnings;

use File::Temp ();
use Test::More;

use ThreadWS::Agent;
use ThreadWS::Certificate;
use ThreadWS::Client;
use ThreadWS::Command;
use ThreadWS::Ports;
use ThreadWS::Postgres;

my $module = (split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '')[0];
plan skip_all => 'the module is built in: nothing to load' if !$module;

my $loop = ThreadWS::Loop->new;
my $agent = ThreadWS::Agent->new($loop);
my ($pid, $out, $dir, $port, @held);

served('the demo agent', {}, sub {
    is(get('/health'), 200, 'health');
    is(get('/status'), 200, 'status');
    is(get('/'), 200, 'the page');

    my $client = connected('t1');
    like(answer($client, "r$_"), qr/"message":".+"/, "answer $_") for 1 .. 5;

    my ($status, $history) = get('/api/threads/t1/messages');
    is($status, 200, 'the history');
    like($history, qr/"requestId":"r5"/, 'the history has all of it');

    refused("$dir", { PORT => $port }, qr/^PORT: make run serves on $port/m,
        'the same port once more');
    refused(File::Temp->newdir, { PORT => $port },
        qr/^PORT: something else listens on 127\.0\.0\.1:$port /m,
        'a port that is taken');

    # another one in the same checkout

    my ($first, $beside) = ($port, free_port());
    local $ENV{PORT} = $beside;
    my ($other, $said) = started("$dir");

    $port = $beside;
    is(get('/health'), 200, 'another port beside it');
    stopped($other);
    $port = $first;
    is(get('/health'), 200, 'which leaves the first one alone');
});

served('an agent of one\'s own', {
    OPENAI_BASE_URL => 'http://127.0.0.1:' . $agent->port . '/v1',
    OPENAI_API_KEY => 'sk-secret"\\$a${b}', MODEL => 'sm$all' }, sub {

    $agent->{auto} = sub { $_[0]->answer('fine') };
    like(answer(connected('t1'), 'r1'), qr/"message":"fine"/, 'its answer');

    my $request = $agent->{requests}[0];
    is($request->{line}, 'POST /v1/chat/completions HTTP/1.1', 'its path');
    is($request->{headers}{authorization}[0], 'Bearer sk-secret"\\$a${b}',
        'the key');
    is($request->json->{model}, 'sm$all', 'the model');

    for my $file ('agent.conf', 'store.conf') {
        is((stat "$dir/$port/$file")[2] & 0777, 0600, "$file is its owner's alone");
    }
});

served('an agent that is not who it should be', {
    OPENAI_BASE_URL => 'https://localhost:' . impostor() . '/v1' }, sub {

    like(answer(connected('t1'), 'r1'), qr/"code":"UPSTREAM_UNAVAILABLE"/,
        'is not spoken to');
});

# PostgreSQL, by who owns the schema; psql gets no password as an argument

my $pg = $ThreadWS::Postgres::Cluster;
my $password = q(%&'"\\ $=@:/?#);
my $quoted = $password =~ s/'/''/gr;
my $encoded = $password =~ s/(.)/sprintf '%%%02x', ord $1/ger;
my $escaped = $password =~ s/(['\\])/\\$1/gr;

$pg->psql("ALTER ROLE keeper PASSWORD '$quoted'", dbname => 'postgres');

for my $url ("postgresql://127.0.0.1:$pg->{port}/chat?password=$encoded"
        . '&user=keeper',
    "postgres://keeper:$encoded\@127.0.0.1:$pg->{port}/chat",
    "user=keeper password = '$escaped' host=127.0.0.1 port=$pg->{port} "
        . 'dbname=chat')
{
    my $what = $url =~ s/\Q$encoded\E|\Q$escaped\E/.../r;

    served($what, { DATABASE_URL => $url }, sub {
        like(answer(connected('t1'), 'r1'), qr/"message":".+"/, 'an answer');
    });
}

for my $case (
    ['postgresql://a:b%20c%5Cn@h/db?x=1', 'postgresql://a@h/db?x=1', 'b c\n'],
    ['postgres://h?user=a&password=p%26%3d', 'postgres://h?user=a', 'p&='],
    ['postgresql:///db', 'postgresql:///db', undef],
    ['user=u sslpassword=k', 'user=u sslpassword=k', undef],
    ['sslpassword=k password = z', 'sslpassword=k', 'z'],
    ["user=u password='a b\\'c' host=h", 'user=u host=h', "a b'c"],
    ['password=p\\ q\\\\ user=u', ' user=u', 'p q\\'])
{
    my ($url, @wanted) = @$case;

    my $said = ThreadWS::Command::said('bash', '-euc',
        '. tools/conninfo; conninfo_split "$1"; '
        . 'printf "%s\n" "$conninfo" "${conninfo_password-none}"', 'bash', $url);
    is($said, join('', map { ($_ // 'none') . "\n" } @wanted), $url);
}

for my $env ({ OPENAI_BASE_URL => 'ftp://x' }, { PORT => 'many' },
    { PORT => 0 }, { PORT => 65536 },
    { OPENAI_BASE_URL => 'http://127.0.0.1/v1;evil' },
    { OPENAI_BASE_URL => 'https://me:hid/d@en@127.0.0.1/v1' },
    { OPENAI_BASE_URL => 'https://me:hidden@127.0.0.1/v1' },
    { OPENAI_BASE_URL => 'https://me:12/hid@127.0.0.1/v1' },
    { OPENAI_BASE_URL => 'http://127.0.0.1/', OPENAI_API_KEY => "a\nb" })
{
    my $what = join ', ', map { "$_=$env->{$_}" =~ s/\n/\\n/r } sort keys %$env;
    my $name = (sort keys %$env)[0];

    refused(File::Temp->newdir, { PORT => free_port(), %$env },
        qr/^$name /m, $what);
}

done_testing();

sub free_port { ThreadWS::Ports::take() }

sub started {
    my ($dir) = @_;

    open my $out, '+>', undef or die "no temporary file: $!\n";

    my $pid = ThreadWS::Command::started(sub { open STDOUT, '>&', $out },
        'tools/run', $dir, $module);

    my $said = eval {
        ThreadWS::Command::wrote($pid, $out, qr/^ready:.*\n/m);
    };
    like($said // $@, qr{^ready: http://127\.0\.0\.1:$ENV{PORT}/\n}m,
        'it is ready');

    return ($pid, $said, $out);
}

sub stopped {
    my ($pid) = @_;

    kill 'TERM', $pid;
    is(ThreadWS::Command::ended($pid, $ThreadWS::Command::Deadline), 0,
        'a signal ends it');
}

# says why, naming what is wrong

sub refused {
    my ($dir, $env, $why, $what) = @_;

    local @ENV{keys %$env} = values %$env;

    my $said = ThreadWS::Command::said({ both => 1 }, 'tools/run', $dir,
        $module);
    isnt($?, 0, "$what is refused");
    like($said, $why, "$what: by name");
    unlike($said, qr/ready:/, "$what: nothing is served");
    unlike($said, qr/hid|d\@en/, "$what: no part of a password");
}

sub served {
    my ($name, $env, $tests) = @_;

    subtest $name => sub {
        $dir = File::Temp->newdir;
        $port = free_port();

        delete local @ENV{qw(OPENAI_BASE_URL OPENAI_API_KEY MODEL DATABASE_URL
            LISTEN)};
        local $ENV{PORT} = $port;
        local @ENV{keys %$env} = values %$env;

        ($pid, my $said, $out) = started("$dir");

        my $ok = eval { $tests->() if $said; 1 };
        is($ok ? '' : $@, '', 'nothing was waited for in vain');

        stopped($pid);

        seek $out, 0, 0;
        is(join('', <$out>), $said, 'the last line was the last');
        close $out;
        is(get('/health'), 0, 'nothing listens any more');
    };
}

# speaks TLS, with a certificate that nobody has signed

sub impostor {
    my $dir = File::Temp->newdir;
    ThreadWS::Certificate::make($dir);

    my $impostor = ThreadWS::Agent->new($loop, tls => {
        SSL_cert_file => "$dir/cert.pem", SSL_key_file => "$dir/key.pem" });
    push @held, $dir, $impostor;

    return $impostor->port;
}

sub get {
    my ($path) = @_;

    my $client = eval { ThreadWS::Client->new($loop, port => $port,
        plain => 1) } or return 0;
    $client->request("GET $path HTTP/1.1", [['', 'Connection', 'close']]);
    $loop->until(sub { $client->{stream}{eof} }, $path);

    return wantarray ? ($client->{status}, $client->content)
        : $client->{status};
}

sub connected {
    my ($thread) = @_;

    my $client = ThreadWS::Client->new($loop, port => $port, thread => $thread);
    $client->request("GET /api/chat/ws?threadId=$thread HTTP/1.1", []);
    $loop->until(sub { $client->{status} }, 'the upgrade');

    is($client->{status}, 101, 'connected');
    return $client;
}

# the end of the run

sub answer {
    my ($client, $id) = @_;

    $client->frame('text', qq({"type":"message","requestId":"$id",)
        . qq("threadId":"$client->{thread}","content":"Hello"}));

    while (1) {
        $loop->until(sub { @{ $client->{frames} } }, 'an event');
        my $event = (shift @{ $client->{frames} })->{payload};
        return $event if $event !~ /"type":"token"/;
    }
}
