# Event methods that report what is ready again and again: once a slow client
# has taken everything, its socket is not asked whether it can be written to.

use strict;
use warnings;

use lib 't/lib';
use Test::More;

use ThreadWS::Command;
use ThreadWS::Loop;
use ThreadWS::Peer;
use ThreadWS::Server;

my $Nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $Built = ThreadWS::Command::said({ both => 1 }, $Nginx, '-V');
my $Loop = ThreadWS::Loop->new;

my @Methods = grep { $Built =~ /--with-${_}_module/ } qw(poll select);

plan(skip_all => 'this nginx has epoll alone') if !@Methods;

for my $method (@Methods) {
    local $ENV{TEST_NGINX_EVENT_TYPE} = $method;
    idle_after_slow($method);
}

done_testing();

sub idle_after_slow {
    my ($method) = @_;

    my $server = ThreadWS::Server->new($Loop, listen => 'sndbuf=8k',
        http => 'types { text/event-stream sse; }', server => '
        location = /chat {
            thread_ws_pass /agent;
            thread_ws_output_buffer 16k;
            thread_ws_ping_interval 100ms;
            thread_ws_pong_timeout 100ms;
        }
        location = /agent { internal; error_page 405 =200 /flood.sse; return 405; }
        location = /flood.sse { root .; }');

    open my $out, '>', "$server->{dir}/flood.sse" or die "flood: $!\n";
    print $out ('data: {"choices":[{"index":0,"delta":{"content":"'
        . 'abcdefgh ' x 50 . '"}}]}' . "\n\n") x 1000, "data: [DONE]\n\n";
    close $out;

    my $peer = ThreadWS::Peer->new($Loop, $server->port,
        path => '/chat?threadId=t1', rcvbuf => 4096);

    $peer->frame(1, '{"type":"message","requestId":"r1","threadId":"t1",'
        . '"content":"go"}');
    $peer->read;

    # more than the sockets hold: the worker has to wait for this client
    $peer->{stream}->set('paused', 1);
    $Loop->once(0.2) for 1 .. 3;
    $peer->{stream}->resume;

    my $frame;
    do { $frame = $peer->read } until !$frame || $frame->{payload} =~ /"final"/;
    ok($frame, "$method: a slow client gets the whole answer");

    my $before = ticks($server);
    my $pings = 0;

    while ($pings < 8) {
        $Loop->until(sub { $frame = $peer->take }, 'a ping');
        $peer->frame(10, $frame->{payload});
        $pings++ if $frame->{op} == 9;
    }

    my $used = ticks($server) - $before;
    cmp_ok($used, '<=', $ENV{TEST_NGINX_USE_VALGRIND} ? 40 : 10,
        "$method: the worker sleeps between $pings pings");

    $peer->drop;
    is(join("\n", $server->stop), '', "$method: the log is clean");
}

# the processor's time that the worker has had, in ticks of 10 ms

sub ticks {
    my ($server) = @_;

    my ($worker) = $server->worker_pids;
    open my $in, '<', "/proc/$worker/stat" or die "no worker: $!\n";
    my @stat = split ' ', <$in> =~ s/.*\) //r;

    return $stat[11] + $stat[12];
}
