# The store "memory" is everybody's: what strangers delete, store, or have to
# give up for want of room closes nobody's connection, voids nobody's answer and
# takes nobody's history; and what is deleted is noticed all the same.
# THREAD_WS_FULL=1 has the zones and the numbers of a real attack.

use strict;
use warnings;

use lib 't/lib';
use IO::Socket::INET;
use Test::More;

use ThreadWS::Agent;
use ThreadWS::Chatter;
use ThreadWS::Loop;
use ThreadWS::Peer;
use ThreadWS::Server;

my $Full = $ENV{THREAD_WS_FULL};
my @Zones = $Full ? (1024, 2048, 8192, 65536) : (384);     # KB
my $Deletes = $Full ? 200_000 : 2_000;
my $Nothing = $Full ? 60_000 : 1_000;
my $Loop = ThreadWS::Loop->new;
my $Agent = ThreadWS::Agent->new($Loop);
my $Size = 100;
my @Held;

# "hold" is answered later, "large" by much

$Agent->{auto} = sub {
    my ($request) = @_;

    my $content = $request->content;

    return push @Held, $request if $content eq 'hold';
    $request->answer('x' x ($content eq 'large' ? $Size : 10));
};

for my $zone (@Zones) {
    for my $owners (1, 0) {
        my $name = "$zone KB, " . ($owners ? 'owners' : 'no owners');

        subtest "strangers delete: $name" => sub { strangers($zone, $owners) };
        subtest "want of room: $name" => sub { crowd($zone, $owners) };
    }
}

done_testing();

sub server {
    my ($zone, $owners) = @_;

    my $user = $owners ? 'thread_ws_user $http_x_user;' : '';

    return ThreadWS::Server->new($Loop, workers => 2,
        connections => 2048,
        http => "keepalive_requests 1000000; thread_ws_zone ws:${zone}k;",
        server => "
        thread_ws_store memory;
        thread_ws_shutdown_spread 100ms;
        $user
        location = /chat {
            thread_ws_pass /agent;
            thread_ws_ping_interval 200ms;
            thread_ws_pong_timeout off;
            thread_ws_run_timeout 2h;
            thread_ws_max_response_size 8m;
        }
        location = /unasked {
            thread_ws_pass /agent;
            thread_ws_ping_interval off;
        }
        location = /agent {
            internal;
            proxy_pass http://127.0.0.1:" . $Agent->port . ";
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_read_timeout 2h;
        }
        location ~ ^/history/(?<thread>.*)\$ {
            thread_ws_history;
            thread_ws_thread_id \$thread;
        }
        location = /status { thread_ws_status; }");
}

# Idle connections with a history and without one, and first answers under way;
# then a stranger deletes what was never there, and what was.

sub strangers {
    my ($zone, $owners) = @_;

    my $server = server($zone, $owners);
    my @idle = map { tab($server, "idle$_") } 1 .. 20;
    my @fresh = map { tab($server, "fresh$_") } 1 .. 20;
    my @first = map { tab($server, "first$_") } 1 .. 10;

    # a zone that is nearly full, of all users' history
    $Size = int $zone * 1024 / 250;
    my @threads = map { "kept$_" } 1 .. 100;
    stored($server, 'carol', 'large', @threads);
    is(metric($server, 'thread_ws_evictions_total'), 0, 'there is room');

    ask($_, 'Hello') for @idle;
    finals(@idle);

    @Held = ();
    ask($_, 'hold') for @first;
    $Loop->until(sub { @Held == @first }, 'first answers under way');

    deleted($server, 'bob', map { "b$_" } 1 .. $Deletes);
    deleted($server, '', map { "n$_" } 1 .. $Nothing);

    for my $round (1 .. ($Full ? 50 : 2)) {
        my @own = map { "own$round.$_" } 1 .. 20;
        stored($server, 'bob', 'Hello', @own);
        is(deleted($server, 'bob', @own), 20, 'what was stored is deleted');
    }

    looked(@idle, @fresh, @first);
    is(closed(@idle, @fresh, @first), 0, 'nobody\'s connection is closed');

    $_->answer('x' x 10) for splice @Held;
    finals(@first);
    is(ends(@first), 'final', 'nobody\'s answer is void');

    ask($_, 'Hello') for @idle, @fresh;
    finals(@idle, @fresh);
    is(ends(@idle, @fresh), 'final', 'they all go on');

    is(join(' ', grep { history($server, 'carol', $_) != 1 } @threads), '',
        'nobody\'s history is gone');
    is(metric($server, 'thread_ws_evictions_total'), 0, 'nothing had to go');

    noticed($server);
    clean($server);
}

# A thread's own connections learn that it was deleted: an idle one, and a first
# answer under way.

sub noticed {
    my ($server) = @_;

    my $idle = tab($server, 'gone1');
    my $first = tab($server, 'gone2', path => '/unasked');

    ask($idle, 'Hello');
    finals($idle);
    ask($first, 'hold');
    $Loop->until(sub { @Held }, 'an answer under way');

    is(deleted($server, 'alice', 'gone1', 'gone2'), 1, 'one was stored');
    $Loop->until(sub { $idle->{closed} }, 'the idle one to be closed');
    is($idle->{code}, 1008, 'it was told');

    (shift @Held)->answer('fine');
    $Loop->until(sub { $first->{closed} }, 'the other one to be closed');
    is($first->{runs}{r1}{end}{code} . " $first->{code}",
        'THREAD_DELETED 1008', 'its answer is not stored');
    is(history($server, 'alice', 'gone2'), 0, 'the thread is not revived');
}

# A full zone, of users who store and delete: threads go all the time.

sub crowd {
    my ($zone, $owners) = @_;

    my $server = server($zone, $owners);
    my @idle = map { tab($server, "idle$_") } 1 .. 20;
    my @fresh = map { tab($server, "fresh$_") } 1 .. 20;
    my @first = map { tab($server, "first$_") } 1 .. 10;

    ask($_, 'Hello') for @idle;
    finals(@idle);

    @Held = ();
    ask($_, 'hold') for @first;
    $Loop->until(sub { @Held == @first }, 'first answers under way');

    $Size = int $zone * 1024 / 40;

    for my $round (1 .. ($Full && $zone < 8192 ? 20 : 3)) {
        for my $user (1 .. 10) {
            my @own = map { "u$round.$user.$_" } 1 .. 4;
            stored($server, "user$round.$user", 'large', @own);
            deleted($server, "user$round.$user", @own[0, 1]);
        }
    }

    cmp_ok(metric($server, 'thread_ws_evictions_total'), '>', 10,
        'threads had to go');

    looked(@idle, @fresh, @first);
    is(closed(@idle, @fresh, @first), 0, 'nobody\'s connection is closed');

    $_->answer('x' x 10) for splice @Held;
    finals(@first);
    is(ends(@first), 'final', 'nobody\'s answer is void');
    is(join(' ', map { seq($server, "first$_") } 1 .. 10),
        join(' ', (1) x 10), 'new threads begin at 1');

    ask($_, 'Hello') for @idle, @fresh;
    finals(@idle, @fresh);
    is(ends(@idle, @fresh), 'final', 'they all go on');

    noticed($server);
    clean($server);
}

# --- connections

sub tab {
    my ($server, $thread, %options) = @_;

    my $user = $options{user} // 'alice';
    my $chatter = ThreadWS::Chatter->new($Loop, port => $server->port,
        thread => $thread, headers => ["X-User: $user"], %options);

    $Loop->until(sub { $chatter->{ready} }, 'an upgrade');

    return $chatter;
}

sub ask {
    my ($chatter, $content) = @_;
    $chatter->message('r' . ++$chatter->{asked}, $content);
}

# ends of all that was asked, or of the connections

sub finals {
    my (@chatters) = @_;

    $Loop->until(sub { !grep { $_->open_runs && !$_->{closed} } @chatters },
        'answers', 60);
}

sub ends {
    my (@chatters) = @_;

    my %ends = map { ($_ ? $_->{type} . ($_->{code} // '') : 'none') => 1 }
        map { $_->{runs}{"r$_->{asked}"}{end} } @chatters;

    return join ' ', sort keys %ends;
}

# Every connection has looked at its thread since: with each ping it does.

sub looked {
    my (@chatters) = @_;

    my %before = map { $_ => $_->{pings} // 0 } @chatters;

    $Loop->until(sub {
        !grep { !$_->{closed} && ($_->{pings} // 0) < $before{$_} + 2 }
            @chatters;
    }, 'pings', 60);
}

sub closed {
    my (@chatters) = @_;
    return scalar grep { $_->{closed} || $_->{code} } @chatters;
}

# One run in each thread, on a connection of its own.  An answer may be too large
# to be looked at.

sub stored {
    my ($server, $user, $content, @threads) = @_;

    for my $thread (@threads) {
        my $peer = ThreadWS::Peer->new($Loop, $server->port,
            path => "/chat?threadId=$thread", headers => ["X-User: $user"]);

        $peer->frame(1, qq({"type":"message","requestId":"r1",)
            . qq("threadId":"$thread","content":"$content"}));

        my $type = 'token';

        while ($type eq 'token') {
            my $frame = $peer->read(60) // { payload => '' };
            ($type) = $frame->{payload} =~ /^\{"type":"(\w+)"/ or $type = 'none';
        }

        is($type, 'final', "$thread is stored") if $type ne 'final';
        $peer->drop;
    }
}

# --- plain requests

sub requests {
    my ($server, $method, $user, @paths) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $server->port) or die "cannot connect: $!\n";
    my @answers;
    my $in = '';

    while (my @some = splice @paths, 0, 100) {
        print $socket map { "$method $_ HTTP/1.1\r\nHost: localhost\r\n"
            . "X-User: $user\r\n\r\n" } @some;

        for (@some) {
            my ($head, $body) = answer($socket, \$in);
            push @answers, [$head, $body];
        }

        # the others live on meanwhile
        $Loop->once(0);
    }

    return @answers;
}

sub answer {
    my ($socket, $in) = @_;

    until ($$in =~ /\r\n\r\n/) {
        sysread($socket, $$in, 65536, length $$in) or die "no answer\n";
    }

    $$in =~ s/^(.*?)\r\n\r\n//s;
    my $head = $1;
    my ($length) = $head =~ /^Content-Length: (\d+)/mi;

    while (length $$in < ($length // 0)) {
        sysread($socket, $$in, 65536, length $$in) or die "no body\n";
    }

    return $head, substr($$in, 0, $length // 0, '');
}

# how many there were to delete

sub deleted {
    my ($server, $user, @threads) = @_;

    return scalar grep { $_->[0] =~ m{^HTTP/1.1 204} }
        requests($server, 'DELETE', $user, map { "/history/$_" } @threads);
}

# runs of a thread

sub history {
    my ($server, $user, $thread) = @_;

    my ($answer) = requests($server, 'GET', $user, "/history/$thread");
    my @runs = $answer->[1] =~ /"role":"user"/g;

    return scalar @runs;
}

# a thread's only number

sub seq {
    my ($server, $thread) = @_;

    my ($answer) = requests($server, 'GET', 'alice', "/history/$thread");
    return $answer->[1] =~ /"seq":(\d+)/ ? $1 : 'none';
}

sub metric {
    my ($server, $name) = @_;

    my ($answer) = requests($server, 'GET', '', '/status');
    return $answer->[1] =~ /^\Q$name\E (\d+)/m ? $1 : -1;
}

sub clean {
    my ($server) = @_;
    is(join("\n", $server->stop), '', 'the log is clean');
}
