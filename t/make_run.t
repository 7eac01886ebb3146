# What `make run` serves, with and without an agent of one's own.

use strict;
use warnings;

use File::Temp ();
use IO::Socket::INET;
use Test::More;

use ThreadWS::Agent;
use ThreadWS::Certificate;
use ThreadWS::Client;
use ThreadWS::Command;

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
});

served('an agent of one\'s own', {
    OPENAI_BASE_URL => 'http://127.0.0.1:' . $agent->port . '/v1',
    OPENAI_API_KEY => 'sk-secret"\\', MODEL => 'small' }, sub {

    $agent->{auto} = sub { $_[0]->answer('fine') };
    like(answer(connected('t1'), 'r1'), qr/"message":"fine"/, 'its answer');

    my $request = $agent->{requests}[0];
    is($request->{line}, 'POST /v1/chat/completions HTTP/1.1', 'its path');
    is($request->{headers}{authorization}[0], 'Bearer sk-secret"\\', 'the key');
    is($request->json->{model}, 'small', 'the model');

    for my $file ('agent.conf', 'store.conf') {
        is((stat "$dir/$file")[2] & 0777, 0600, "$file is its owner's alone");
    }
});

served('an agent that is not who it should be', {
    OPENAI_BASE_URL => 'https://localhost:' . impostor() . '/v1' }, sub {

    like(answer(connected('t1'), 'r1'), qr/"code":"UPSTREAM_UNAVAILABLE"/,
        'is not spoken to');
});

for my $env ({ OPENAI_BASE_URL => 'ftp://x' }, { PORT => 'many' },
    { OPENAI_BASE_URL => 'http://127.0.0.1/v1;evil' },
    { OPENAI_BASE_URL => 'http://127.0.0.1/', OPENAI_API_KEY => "a\nb" })
{
    my $what = join ', ', map { "$_=$env->{$_}" =~ s/\n/\\n/r } sort keys %$env;

    local @ENV{keys %$env} = values %$env;
    my $temp = File::Temp->newdir;
    my $said = ThreadWS::Command::said({ both => 1 }, 'tools/run', $temp,
        $module);
    isnt($?, 0, "$what is refused");
    unlike($said, qr/ready:/, "$what: nothing is served");
}

done_testing();

sub served {
    my ($name, $env, $tests) = @_;

    subtest $name => sub {
        $dir = File::Temp->newdir;
        $port = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
            ->sockport;

        delete local @ENV{qw(OPENAI_BASE_URL OPENAI_API_KEY MODEL DATABASE_URL
            LISTEN)};
        local $ENV{PORT} = $port;
        local @ENV{keys %$env} = values %$env;

        open $out, '+>', undef or die "no temporary file: $!\n";

        $pid = ThreadWS::Command::started(sub { open STDOUT, '>&', $out },
            'tools/run', "$dir", $module);

        my $said = eval {
            ThreadWS::Command::wrote($pid, $out, qr/^ready:.*\n/m);
        };
        like($said // $@, qr{^ready: http://127\.0\.0\.1:$port/\n}m,
            'it is ready');

        my $ok = eval { $tests->() if $said; 1 };
        is($ok ? '' : $@, '', 'nothing was waited for in vain');

        kill 'TERM', $pid;
        is(ThreadWS::Command::ended($pid, $ThreadWS::Command::Deadline), 0,
            'a signal ends it');

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
