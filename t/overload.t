# More than a worker can take: readers that do not read, floods of frames and
# commands, no connections left, no memory, no descriptors.  Every run is told
# its end, nothing breaks, and all is well when the pressure ends.

use strict;
use warnings;

use lib 't/lib';
use Test::More;

use ThreadWS::Chatter;
use ThreadWS::Loop;
use ThreadWS::Peer;
use ThreadWS::Server;

my $Full = $ENV{THREAD_WS_FULL};
my $Valgrind = $ENV{TEST_NGINX_USE_VALGRIND};
my $Slow = $ENV{THREAD_WS_SANITIZER} || $Valgrind;
my $Loop = ThreadWS::Loop->new;
my $Agent = agent();

slow_readers($Full ? 100 : 10);
ping_flood();
empty_fragments();
command_flood();
slow_senders();
no_connections();
no_descriptors() if !$Valgrind;    # which lets no process have less
no_memory() if !$Slow;

is(join("\n", $Agent->stop), '', 'the agent\'s log is clean');
done_testing();

# /demo answers; /flood streams 60 MB as fast as it is taken

sub agent {
    my $server = ThreadWS::Server->new($Loop, connections => 4096,
        http => 'keepalive_requests 1000000; client_max_body_size 64m;
            client_body_buffer_size 64k; types { text/event-stream sse; }',
        server => '
        location = /demo { thread_ws_demo_agent delay=0; }
        location = /slow { thread_ws_demo_agent delay=20ms; }
        location = /flood { error_page 405 =200 /flood.sse; return 405; }
        location = /flood.sse { root flood; sendfile on; }');

    my $delta = 'data: {"choices":[{"index":0,"delta":{"content":"'
        . 'abcdefgh ' x 5 . '"}}]}' . "\n\n";

    mkdir "$server->{dir}/flood";
    open my $out, '>', "$server->{dir}/flood/flood.sse" or die "flood: $!\n";
    print $out $delta x 600_000;
    close $out;

    return $server;
}

sub gateway {
    my (%options) = @_;

    my $uri = delete $options{uri} // '/demo';
    my $chat = delete $options{chat} // '';

    return ThreadWS::Server->new($Loop, connections => 1024, %options,
        server => "
        location = /chat {
            thread_ws_pass /agent;
            thread_ws_max_response_size 100m;
            $chat
        }
        location = /echo {
            thread_ws_echo;
            thread_ws_max_message_size 16m;
        }
        location = /agent {
            internal;
            proxy_pass http://127.0.0.1:" . $Agent->port . "$uri;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
        }");
}

sub chatter {
    my ($server, $thread, %options) = @_;

    my $chatter = ThreadWS::Chatter->new($Loop, port => $server->port,
        thread => $thread, %options);

    $Loop->until(sub { $chatter->{ready} || $chatter->{refused} },
        'an upgrade') if $options{wait} // 1;

    return $chatter;
}

# a whole run, on a connection that is there already or on a new one

sub answered {
    my ($chatter, $name) = @_;

    my $id = 'q' . ++$chatter->{asked};

    $chatter->message($id, 'How are you?');
    my $end = eval {
        $Loop->until(sub { $chatter->{runs}{$id}{end} }, 'an answer');
        $chatter->{runs}{$id}{end};
    };

    is($end ? $end->{type} . ($end->{code} // '') : $@, 'final', $name);
    is(join("\n", @{ $chatter->{faults} }), '', "$name: properly");
}

sub clean {
    my ($server) = @_;
    is(join("\n", $server->stop), '', 'the log is clean');
}

# Agents that stream without pause, clients that take nothing: what a run may
# hold are thread_ws_output_buffer, one block over it, the upstream's buffer,
# and the answer so far, which final repeats (twice its size, as it doubles):
# 300 kB here, where the kernel would take megabytes if it were let.

sub slow_readers {
    my ($n) = @_;

    my $server = gateway(uri => '/flood');
    my $other = chatter($server, 'other');

    # the first brings what is the worker's own
    my $first = stalled($server, 0);
    my $before = $server->memory;
    my @stalled = map { stalled($server, $_) } 1 .. $n;

    still($server);
    my $grown = $server->memory - $before;
    note(sprintf '%d kB for %d stalled clients', $grown, $n);
    ok($Slow || $grown < 300 * $n, 'bounded memory') or diag("$grown kB");

    $other->message("r1", "Hello");
    $Loop->until(sub { ($other->{runs}{r1}{tokens} // 0) > 100 },
        'tokens beside them');
    $other->cancel('r1');
    $Loop->until(sub { $other->{runs}{r1}{end} }, 'an end');
    my $end = $other->{runs}{r1}{end};
    is($end->{type} . ($end->{code} // ''), 'cancelled',
        'a cancel gets through') or diag($server->text('error.log')
            =~ s/.*\n(?=(?:.*\n){20})//r);

    # a stalled one goes on where it was
    my $peer = $stalled[0];
    $peer->{stream}->set('paused', 0);
    my $seen = 0;
    while ($seen < 1000) {
        my $frame = $peer->read or last;
        $seen++ if $frame->{payload} =~ /"token"/;
    }
    is($seen, 1000, 'one that reads again is served again');

    $_->drop for $first, @stalled;
    $other->drop;
    $Loop->until(sub { active($server) == 1 }, 'all connections to go');
    pass('nothing is left');
    clean($server);
}

sub stalled {
    my ($server, $i) = @_;

    my $peer = ThreadWS::Peer->new($Loop, $server->port,
        path => "/chat?threadId=s$i", rcvbuf => 4096);
    $peer->frame(1, qq({"type":"message","requestId":"r1","threadId":"s$i",)
        . '"content":"go"}');
    $peer->read;
    $peer->{stream}->set('paused', 1);

    return $peer;
}

# until the workers' memory stays what it is

sub still {
    my ($server) = @_;

    my ($last, $same) = (-1, 0);

    $Loop->until(sub {
        $Loop->once(0.1);
        my $now = $server->memory;
        $same = $now == $last ? $same + 1 : 0;
        $last = $now;
        $same >= 5;
    }, 'memory to stand still', 60);
}

sub active {
    my ($server) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $server->port) or return -1;
    print $socket "GET /stub_status HTTP/1.0\r\n\r\n";
    my ($n) = join('', <$socket>) =~ /Active connections: (\d+)/;

    return $n // -1;
}

# pings without reading: the server stops reading too, and answers every one

sub ping_flood {
    my $server = gateway();
    my $pings = 200_000;
    my $peer = ThreadWS::Peer->new($Loop, $server->port, rcvbuf => 4096);
    my $before = $server->memory;

    $peer->{stream}->set('paused', 1);
    $peer->send(join '', map { $peer->encode(9, pack('N', $_) . 'x' x 100,
        mask => 'abcd') } 1 .. $pings);
    still($server);

    my $grown = $server->memory - $before;
    note("$grown kB");
    ok($Slow || $grown < 2048, 'pings: bounded memory') or diag("$grown kB");
    ok(length $peer->{stream}{out}, 'the server does not read on');

    $peer->{stream}->set('paused', 0);
    my $wrong = 0;
    for my $i (1 .. $pings) {
        my $frame = $peer->read or last;
        $wrong++ if $frame->{op} != 10
            || unpack('N', $frame->{payload}) != $i;
        $pings-- if !$wrong;
    }

    is($wrong + $pings, 0, 'every ping is answered, in order');
    $peer->drop;
    clean($server);
}

# a message that never ends, of nothing

sub empty_fragments {
    my $server = gateway();
    my $peer = ThreadWS::Peer->new($Loop, $server->port);
    my $other = chatter($server, 'other');
    my $before = $server->memory;

    $peer->frame(1, '', fin => 0);
    $peer->send($peer->encode(0, '', fin => 0) x 1_000_000);
    answered($other, 'a run beside a flood of fragments');
    $Loop->until(sub { !length $peer->{stream}{out} }, 'all to be taken');
    $peer->frame(0, 'end');
    is($peer->read->{payload}, 'end', 'fragments: the message is whole');

    my $grown = $server->memory - $before;
    ok($Slow || $grown < 1024, 'bounded memory') or diag("$grown kB");
    $_->drop for $peer, $other;
    clean($server);
}

# every message ends once: answered, cancelled or refused

sub command_flood {
    for my $busy ('interrupt', 'queue 5', 'reject') {
        my $server = gateway(uri => '/slow', chat => "thread_ws_busy $busy;");
        my $chatter = chatter($server, 'flood');
        my $before = $server->memory;
        my $n = 5000;

        $chatter->message("r$_", "message $_ " . 'x' x 200) for 1 .. $n;
        $Loop->until(sub { !$chatter->open_runs }, 'all ends', 60);

        my %ends;
        $ends{ $_->{end}{type} . ($_->{end}{code} // '') }++
            for values %{ $chatter->{runs} };
        note(join ', ', map { "$_: $ends{$_}" } sort keys %ends);

        my ($wanted) = $busy eq 'interrupt' ? 'cancelled' : 'errorBUSY';
        is(($ends{$wanted} // 0) + ($ends{final} // 0), $n,
            "$busy: every message has its end");
        cmp_ok($ends{final} // 0, '<=', 100, 'and few were asked');
        is(join("\n", @{ $chatter->{faults} }), '', "$busy: properly");

        my $grown = $server->memory - $before;
        ok($Slow || $grown < 2048, "$busy: bounded memory")
            or diag("$grown kB");
        $chatter->drop;
        clean($server);
    }
}

# a hundred messages that are never whole cost what was sent of them

sub slow_senders {
    my $server = gateway();
    my @peers = map { ThreadWS::Peer->new($Loop, $server->port) } 1 .. 100;
    my $before = $server->memory;

    for my $peer (@peers) {
        $peer->frame(1, 'x' x 20_000, fin => 0);
        $peer->send(substr $peer->encode(0, 'y' x 20_000), 0, 10_000);
    }

    still($server);
    my $grown = $server->memory - $before;
    note("$grown kB");
    ok($Slow || $grown < 100 * 80, 'slow senders: bounded memory')
        or diag("$grown kB");

    $peers[0]->drop;
    my $chatter = chatter($server, 'other');
    answered($chatter, 'a run beside them');
    $_->drop for @peers, $chatter;
    clean($server);
}

# a connection takes one slot, a run two more

sub no_connections {
    my $server = gateway(connections => 40, uri => '/slow');
    my @chatters;

    for my $i (1 .. 60) {
        my $chatter = ThreadWS::Chatter->new($Loop, port => $server->port,
            thread => "t$i", may_refuse => 1);
        eval { $Loop->until(sub { $chatter->{ready} || $chatter->{refused}
            || $chatter->{closed} }, 'an answer'); 1 } or fail($@);
        push @chatters, $chatter;
    }

    my @in = grep { $_->{ready} && !$_->{closed} } @chatters;
    my %refused;
    $refused{ $_->{refused} // $_->{code} // 'cut' }++
        for grep { !$_->{ready} || $_->{closed} } @chatters;
    note(scalar(@in) . ' are in; the others: '
        . join ', ', map { "$_: $refused{$_}" } sort keys %refused);
    cmp_ok(scalar @in, '>=', 20, 'no connections: many are served');
    is(join(' ', sort grep { !/^(?:503|1013)$/ } keys %refused), '',
        'the others are refused with 503 or 1013');

    $_->message('r1', 'Hello') for @in;
    $Loop->until(sub { !grep { !$_->{runs}{r1}{end} && !$_->{closed} } @in },
        'all ends', 60);

    my %ends;
    $ends{ $_->{closed} ? 'closed'
        : $_->{runs}{r1}{end}{type} . ($_->{runs}{r1}{end}{code} // '') }++
        for @in;
    note(join ', ', map { "$_: $ends{$_}" } sort keys %ends);
    is(join(' ', grep { !/^(?:final|errorUPSTREAM_UNAVAILABLE)$/ } keys %ends),
        '', 'every run has its end');

    $_->drop for splice @in, 0, 15;
    $Loop->until(sub { active($server) <= @in + 1 }, 'connections to be free');
    answered($in[0], 'no connections: well again');
    answered(chatter($server, 'new'), 'for a new client, too');

    $_->drop for @chatters;
    clean($server);
}

# core complains of accept() and socket(), and tries again

sub no_descriptors {
    my $server = gateway(connections => 200, uri => '/slow',
        main => 'worker_rlimit_nofile 40;',
        expected => qr/Too many open files/);
    my (@chatters, @in);

    @chatters = map { ThreadWS::Chatter->new($Loop, port => $server->port,
        thread => "t$_", may_refuse => 1) } 1 .. 60;
    $Loop->until(sub { @in = grep { $_->{ready} } @chatters; @in >= 20
        && $server->log_has(qr/Too many open files/) }, 'all descriptors');

    $_->message('r1', 'Hello') for @in;
    $Loop->until(sub { !grep { !$_->{runs}{r1}{end} } @in }, 'all ends');

    my %ends;
    $ends{ $_->{runs}{r1}{end}{type} . ($_->{runs}{r1}{end}{code} // '') }++
        for @in;
    note(join ', ', map { "$_: $ends{$_}" } sort keys %ends);
    is(join(" ", grep { !/^(?:final|errorUPSTREAM_(?:UNAVAILABLE|FAILED))$/ }
        keys %ends), '', 'no descriptors: every run has its end');

    $_->drop for @chatters;
    answered(chatter($server, 'new'), 'no descriptors: well again');
    clean($server);
}

# some room above what a worker has at its start, and messages of megabytes

sub no_memory {
    my $server = gateway(limits => 'ulimit -v 260000',
        expected => qr/alloc\(|memalign|\(12: Cannot allocate/);
    my ($worker) = $server->worker_pids;
    my @peers;

    for my $i (1 .. 40) {
        my $peer = eval { ThreadWS::Peer->new($Loop, $server->port) } or last;
        push @peers, $peer;
        $peer->send($peer->encode(2, 'x' x 15_000_000, fin => 0,
            mask => "\0\0\0\0"));
    }

    $Loop->until(sub {
        !grep { length $_->{stream}{out} && !$_->{stream}{eof} } @peers;
    }, 'all to be taken or refused', 60);
    my @gone = grep { $_->{stream}{eof} } @peers;
    note(scalar(@gone) . ' of ' . @peers . ' lost their connection');
    cmp_ok(scalar @gone, '>', 0, 'no memory: some connections are lost');
    is(join(' ', $server->worker_pids), $worker, 'the worker lives on');

    $_->drop for @peers;
    answered(chatter($server, 'new'), 'no memory: well again');
    is(join(' ', $server->worker_pids), $worker, 'and is the same one');
    clean($server);
}
