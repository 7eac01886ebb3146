# A server that is reloaded, left and upgraded while many clients chat: no run
# fails, no client stays away, nothing that was acknowledged is lost.

use strict;
use warnings;

use lib 't/lib';
use Cpanel::JSON::XS ();
use Test::More;

use ThreadWS::Chatter;
use ThreadWS::Loop;
use ThreadWS::Peer;
use ThreadWS::Server;

my $Full = $ENV{THREAD_WS_FULL};
my $Loop = ThreadWS::Loop->new;

# an agent that no signal of the tests reaches
my $Agent = ThreadWS::Server->new($Loop, connections => 4096,
    http => 'keepalive_requests 1000000;', server => '
        location = /demo { thread_ws_demo_agent delay=' .
            ($Full ? 40 : 10) . 'ms; }');

# CLIENTS and RELOADS say how many
reloads($ENV{CLIENTS} // ($Full ? 500 : 25),
    $ENV{RELOADS} // ($Full ? 100 : 8));
quits();
upgrades();
another_zone();
floods();
worker_shutdown_timeout();
spreads();

is(join("\n", $Agent->stop), '', 'the agent\'s log is clean');
done_testing();

sub gateway {
    my (%options) = @_;

    my $chat = delete $options{chat} // '';
    my $spread = delete $options{spread} // '200ms';
    my $agent = delete $options{agent} // $Agent;
    my $store = delete $options{store} // 'memory';

    return ThreadWS::Server->new($Loop, connections => 8192, %options,
        http => 'thread_ws_zone threads:64m;
        log_format run "$thread_ws_thread_id $thread_ws_request_id "
            "$thread_ws_outcome $thread_ws_error";
        upstream agent { server 127.0.0.1:' . $agent->port
            . '; keepalive 16; }',
        server => "
        location = /chat {
            thread_ws_pass /agent;
            thread_ws_store $store;
            thread_ws_shutdown_spread $spread;
            $chat
        }
        location ~ ^/threads/(?<thread>[^/]+)\$ {
            thread_ws_thread_id \$thread;
            thread_ws_store memory;
            thread_ws_history;
        }
        location = /agent {
            internal;
            access_log logs/access.log run;
            proxy_pass http://agent/demo;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
        }");
}

sub chatters {
    my ($server, $n, %options) = @_;

    return map {
        ThreadWS::Chatter->new($Loop, port => $server->port, again => 1,
            thread => "t$_", %options);
    } 1 .. $n;
}

sub finals {
    my $sum = 0;
    $sum += $_->{finals} for @_;
    return $sum;
}

sub faults { join "\n", map { @{ $_->{faults} } } @_ }

# what the clients were told by errors, other than to come back

sub errors {
    my %sum;
    for my $chatter (@_) {
        $sum{$_} += $chatter->{errors}{$_} for keys %{ $chatter->{errors} };
    }
    note("refused while shutting down: $sum{SHUTTING_DOWN}")
        if $sum{SHUTTING_DOWN};
    delete $sum{SHUTTING_DOWN};
    return join ' ', map { "$_: $sum{$_}" } sort keys %sum;
}

# every run that was acknowledged is in the thread's history

sub stored {
    my ($server, $chatter) = @_;

    my %stored;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $server->port) or die "cannot connect: $!\n";
    my $limit = 'limit=200';

    print $socket "GET /threads/$chatter->{thread}?$limit HTTP/1.0\r\n"
        . "Host: localhost\r\n\r\n";
    my $response = join '', <$socket>;
    my ($body) = $response =~ /\r\n\r\n(.*)/s;
    my $json = eval { Cpanel::JSON::XS->new->utf8->decode($body) }
        or die "no history: $response\n";

    $stored{$_->{requestId} // ''} = 1 for @{ $json->{messages} };

    return grep { $chatter->{runs}{$_}{end}{type} eq 'final' && !$stored{$_} }
        grep { $chatter->{runs}{$_}{end} } keys %{ $chatter->{runs} };
}

sub reloads {
    my ($clients, $reloads) = @_;

    my $server = gateway();
    my $stop;
    my @old;

    my @chatters = chatters($server, $clients, more => sub {
        my ($self) = @_;
        $self->message('r' . ++$self->{n}, "message $self->{n}") if !$stop;
    });

    $_->message('r' . ++$_->{n}, 'the first') for @chatters;

    for my $i (1 .. $reloads) {
        my $before = finals(@chatters);

        $Loop->until(sub { finals(@chatters) > $before + $clients / 5 },
            'some runs to end', 60);
        push @old, $server->reload;
    }

    $stop = 1;
    $Loop->until(sub { !grep { $_->open_runs } @chatters },
        'all runs to end', 60);

    is(faults(@chatters), '', "$reloads reloads under $clients clients");
    is(errors(@chatters), '', 'no run failed');
    note(finals(@chatters) . ' runs');
    note(eval { my $c = 0; $c += $_->{connections} for @chatters; $c }
        . ' connections');

    # everybody is there, or comes back now
    $stop = 0;
    my $before = finals(@chatters);
    $_->{more} = undef for @chatters;
    $_->message('last', 'the last') for @chatters;
    $Loop->until(sub { finals(@chatters) >= $before + $clients },
        'everybody\'s last run', 60);
    is(faults(@chatters), '', 'nobody stays away');

    my @lost = map { stored($server, $_) } @chatters[0 .. 9];
    is("@lost", '', 'no acknowledged run is lost');

    $Loop->until(sub { $server->gone(@old) }, 'the old workers to leave', 60);
    pass('the old workers are gone');

    $_->drop for @chatters;
    is(join("\n", $server->stop), '', 'the log is clean');
}

# runs that stream are finished, the others are told to go

sub quits {
    my $server = gateway();
    my @idle = chatters($server, 5, again => 0);
    my @busy = map { ThreadWS::Chatter->new($Loop, port => $server->port,
        thread => "b$_") } 1 .. 5;

    $_->message('r1', 'Hello') for @busy;
    $Loop->until(sub { !grep { !$_->{runs}{r1}{tokens} } @busy },
        'runs that stream');
    $Loop->until(sub { !grep { !$_->{ready} } @idle }, 'idle clients');

    $server->signal('QUIT');
    $Loop->until(sub { !grep { !$_->{closed} } @busy, @idle },
        'all to be sent away');

    is(join(' ', map { $_->{code} // '' } @idle, @busy), join(' ', (1012) x 10),
        'quit: all are told to come back');
    is(finals(@busy), 5, 'and the runs were finished');
    is(faults(@busy, @idle), '', 'properly');
    is(join("\n", $server->stop), '', 'the log is clean');
}

# a new master beside the old one, then the old one leaves

sub upgrades {
    my $server = gateway(daemon => 1);
    my @chatters = chatters($server, 10, more => sub {
        my ($self) = @_;
        $self->message('r' . ++$self->{n}, 'again') if !$self->{enough};
    });
    my $pidfile = "$server->{dir}/logs/nginx.pid";
    my $old = $server->{pid};

    $_->message('r' . ++$_->{n}, 'the first') for @chatters;
    $Loop->until(sub { finals(@chatters) > 10 }, 'some runs');

    $server->signal('USR2');
    $Loop->until(sub {
        my $new = $server->written_pid;
        -e "$pidfile.oldbin" && $new && $new != $old
            && $server->worker_pids($new);
    }, 'a new master', 60);

    my $new = $server->written_pid;
    my @workers = grep { $_ != $new } $server->worker_pids($old);
    my $before = finals(@chatters);
    kill 'QUIT', $old;

    $Loop->until(sub { $server->gone(@workers) && !-e "$pidfile.oldbin" },
        'the old master to leave', 60);
    $Loop->until(sub { finals(@chatters) > $before + 10 }, 'more runs');
    $_->{enough} = 1 for @chatters;
    $Loop->until(sub { !grep { $_->open_runs } @chatters }, 'all runs to end');

    is(faults(@chatters), '', 'binary upgrade: all clients are with the new');
    is(errors(@chatters), '', 'no run failed');

    $_->drop for @chatters;
    delete $ThreadWS::Server::Running{$old};
    $ThreadWS::Server::Running{$new} = $server;
    $server->{pid} = $new;
    is(join("\n", $server->stop), '', 'the log is clean');
}

# a reload with a zone of another size: it is said, and runs under way end

sub another_zone {
    my $server = gateway();
    my @chatters = chatters($server, 2, again => 0);

    $_->message('r1', join ' ', 1 .. 50) for @chatters;
    $Loop->until(sub { !grep { !$_->{runs}{r1}{tokens} } @chatters }, 'tokens');

    $server->{http} =~ s/threads:64m/threads:32m/;
    $server->configure;
    $server->reload;
    $Loop->until(sub { !grep { $_->open_runs } @chatters }, 'all runs to end');

    is(finals(@chatters), 2, 'another zone: runs end as they would have');
    like($server->text('error.log'),
        qr/\[warn\].*_zone" has another name .* in .*nginx\.conf:\d+: what it held/,
        'and it is said that all else is gone');

    $_->drop for @chatters;
    is(join("\n", $server->stop), '', 'the log is clean');
}

# A run that no timer of nginx's own stands for, since its agent always has more
# and its client takes it all, keeps its worker to its end.

sub floods {
    my $flood = ThreadWS::Server->new($Loop,
        http => 'types { text/event-stream sse; }', server => '
        location = /demo { error_page 405 =200 /flood.sse; return 405; }
        location = /flood.sse { root .; }');

    open my $out, '>', "$flood->{dir}/flood.sse" or die "flood: $!\n";
    print $out ('data: {"choices":[{"index":0,"delta":{"content":"'
        . 'abcdefgh' x 500 . '"}}]}' . "\n\n") x 8000, "data: [DONE]\n\n";
    close $out;

    my $server = gateway(agent => $flood, store => 'off', chat => '
        thread_ws_run_timeout 0;
        thread_ws_max_response_size 100m;');

    my $peer = ThreadWS::Peer->new($Loop, $server->port,
        path => '/chat?threadId=t1');
    my ($got, $end) = (0, '');

    $peer->frame(1, '{"type":"message","requestId":"r1","threadId":"t1",'
        . '"content":"go"}');

    $peer->{stream}{read} = sub {
        my ($stream) = @_;
        $got += length $stream->{in};
        $end = substr $end . $stream->{in}, -1000;
        $stream->{in} = '';
    };

    $Loop->until(sub { $got > 1_000_000 }, 'a run that streams');
    my @old = $server->reload;

    $Loop->until(sub { $peer->{stream}{eof} || $end =~ /\x03\xf4[^"]*$/ },
        'the answer, then 1012', 60);
    cmp_ok($got, '>', 2 * 8000 * 4000, 'a flood: the answer is whole');
    like($end, qr/"latencyMs":\d+/, 'and has its final');
    like($end, qr/\x03\xf4[^"]*$/, 'then the client is sent away');

    $peer->drop;
    $Loop->until(sub { $server->gone(@old) }, 'the old worker to leave', 60);
    is(join("\n", $server->stop, $flood->stop), '', 'the log is clean');
}

# a run without end keeps a worker for so long and no longer

sub worker_shutdown_timeout {
    my $server = gateway(main => 'worker_shutdown_timeout 1s;',
        chat => 'thread_ws_run_timeout 0; thread_ws_busy queue;');

    my @stuck = map { ThreadWS::Chatter->new($Loop, port => $server->port,
        thread => "stuck$_") } 1 .. 8;
    my $words = join ' ', ('word') x 2000;

    for my $stuck (@stuck) {
        $stuck->message('r1', $words);
        $Loop->until(sub { $stuck->{runs}{r1}{tokens} }, 'a run that streams');
        $stuck->message('r2', 'after it');
    }

    my @old = $server->reload;
    my %before = map { $_ => $_->{runs}{r1}{tokens} } @stuck;

    $Loop->until(sub { !grep { $_->{runs}{r1}{tokens} == $before{$_} } @stuck },
        'the runs to go on');
    $Loop->until(sub { $server->gone(@old) }, 'the old worker to leave');

    $Loop->until(sub { !grep { !$_->{closed} } @stuck }, 'their ends');
    is(join(' ', map { $_->{code} // 'cut' } @stuck), join(' ', (1012) x 8),
        'the clients are sent away');
    is(join(' ', map { $_->{end}{code} // '-' } map { @{ $_->{runs} }{qw(r1 r2)} }
        @stuck), join(' ', ('SHUTTING_DOWN') x 16), 'and know of their runs');
    is(faults(@stuck), '', 'properly');
    is(join('', sort split /^/, $server->text('access.log')),
        join('', map { "stuck$_ r1 failed SHUTTING_DOWN\n" } 1 .. 8),
        'and so does the access log');
    is(join("\n", $server->stop), '', 'the log is clean');
}

# not all at once: the clients' leaves lie within the spread

sub spreads {
    my $server = gateway(spread => '3s');
    my @chatters = chatters($server, 40, again => 0);

    $Loop->until(sub { !grep { !$_->{ready} } @chatters }, 'idle clients');

    $server->signal('HUP');
    $Loop->until(sub { grep { defined $_->{code} } @chatters },
        'the first to be sent away');

    # who is still there is answered

    $_->command({ type => 'ping' }) for grep { !defined $_->{code} } @chatters;
    $Loop->until(sub { !grep { !$_->{pongs} && !defined $_->{code} } @chatters },
        'pongs');
    my $stayed = grep { $_->{pongs} } @chatters;

    note("$stayed stayed after the first");
    cmp_ok($stayed, '>', 0, 'thread_ws_shutdown_spread: not all at once');

    $Loop->until(sub { !grep { !defined $_->{code} } @chatters },
        'all to be sent away');
    is(join(' ', map { $_->{code} } @chatters), join(' ', (1012) x 40),
        'all with 1012');
    is(join("\n", $server->stop), '', 'the log is clean');
}
