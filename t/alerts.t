# conf/alerts.yml: what it says of series that are made up (t/alerts.yml), and of
# gateways to which it happens, which a Prometheus scrapes; each alert has its
# lines in docs/runbook.md.

use strict;
use warnings;

use POSIX ();
use Socket qw(PF_INET SOCK_STREAM);
use Test::More;

use ThreadWS::Chatter;
use ThreadWS::Command;
use ThreadWS::Loop;
use ThreadWS::Modules;
use ThreadWS::Prometheus;
use ThreadWS::Server;

plan skip_all => 'the rules are the same with any nginx'
    if $ENV{THREAD_WS_SANITIZER} || $ENV{TEST_NGINX_USE_VALGRIND};

my $Rules = 'conf/alerts.yml';
my @Names = slurp($Rules) =~ /^ *- alert: (\w+)$/mg;

# what cannot be caused here

my %Rare;

promtool('check', 'rules', $Rules);
promtool('test', 'rules', 't/alerts.yml');
documented();

my $Loop = ThreadWS::Loop->new;

# takes connections, and says nothing

my @Held;
my $Mute = ThreadWS::Listener->new($Loop, sub { push @Held, $_[0] });
my $Silent = $Mute->port;

my $Page = 'location = /metrics { thread_ws_status; }';
my $Zone = 'thread_ws_zone threads:1m;';

my %Server = (
    ends => server(http => ends_http(), server => ends_server()),

    left => server(server => '
        location = /chat { thread_ws_pass /agent; thread_ws_store memory; }
        location = /agent { internal; thread_ws_demo_agent delay=20ms; }'),

    full => server(server => '
        location = /chat { thread_ws_pass /agent; thread_ws_store memory; }
        location = /agent { internal; thread_ws_demo_agent delay=0; }'),

    store => server(http =>
        "thread_ws_store 'host=127.0.0.1 port=$Silent' timeout=300ms;",
        server => '
        location = /chat { thread_ws_pass /agent; }
        location = /agent { internal; thread_ws_demo_agent; }'),

    stuck => server(server => "
        location = /chat { thread_ws_pass /agent; }
        location = /agent {
            internal;
            proxy_pass http://127.0.0.1:$Silent;
            proxy_read_timeout 10m;
        }"),

    many => server(connections => 12_000, server => '
        location = /chat { thread_ws_pass /agent; thread_ws_ping_interval off; }
        location = /agent { internal; thread_ws_demo_agent; }'),

    slow => server(
        http => 'limit_req_zone $server_port zone=slow:32k rate=10r/m;',
        server => '
        location = /chat { thread_ws_pass /agent; }
        location = /agent {
            internal;
            limit_req zone=slow burst=10;
            thread_ws_demo_agent delay=0;
        }'),
);

# another module computes for long in the worker

if (ThreadWS::Modules::possible()) {
    local $ENV{TEST_NGINX_LOAD_MODULES} = $ENV{TEST_NGINX_LOAD_MODULES};
    ThreadWS::Modules::load('last', 'lua');

    $Server{busy} = server(server => '
        location = /chat { thread_ws_pass /agent; }
        location = /agent {
            internal;
            thread_ws_demo_agent delay=200ms;
            log_by_lua_block {
                ngx.update_time()
                local over = ngx.now() + 0.07
                while ngx.now() < over do ngx.update_time() end
            }
        }');

} else {
    $Rare{ThreadWsCancelSlow} = 1;
}

my $Prometheus = ThreadWS::Prometheus->new($Loop,
    targets => [map { $_->port } values %Server]);

my %Expected = (
    ends => [map { "ThreadWs$_" } qw(ClientsAstray RunsForbidden RunsLimited
        AgentFails AgentRejects AgentLimits EventsDropped SpansDropped)],
    left => ['ThreadWsClientsLost', 'ThreadWsRunsAbandoned'],
    full => ['ThreadWsStoreFull'],
    store => ['ThreadWsStoreFails', 'ThreadWsStoreSlow'],
    stuck => ['ThreadWsRunsStuck'],
    slow => ['ThreadWsFirstTokenSlow'],
    many => ['ThreadWsConnectionsMany'],
    $Server{busy} ? (busy => ['ThreadWsCancelSlow']) : (),
);

my ($Turn, %Chatter) = (0);

$Chatter{stuck} = chatter('stuck', 't1');
$Chatter{stuck}->message('r1', 'Hello');

for my $n (1 .. 8) {
    my $chatter = $Chatter{"slow$n"} = chatter('slow', "t$n");
    $chatter->message('r1', 'Hello');
}

my @Crowd;

if (POSIX::sysconf(POSIX::_SC_OPEN_MAX()) > 13_000) {
    @Crowd = crowd(10_001, $Server{many}->port);

} else {
    diag('there are too few descriptors for ten thousand connections');
    $Rare{ThreadWsConnectionsMany} = 1;
    delete $Expected{many};
}

my %Seen;

wait_for($_) for sort keys %Expected;

# its worker leaves, and cuts the run

$Server{stuck}->signal('HUP');
$Expected{stuck} = ['ThreadWsRunsCut'];
wait_for('stuck');

$_->close for splice @Crowd;

my $Bad = join "\n", map { $_->stop } delete $Server{store};
$Expected{gone} = ['ThreadWsDown'];
wait_for('gone');

is($Bad, '', 'the log is clean');
is(join(' ', grep { !$Seen{$_} && !$Rare{$_} } @Names), '', 'each has fired');
is(join("\n", map { $_->stop } values %Server), '', 'so are the other logs');

done_testing();


# nginx's own log of an agent that is away is no fault of these tests

sub server {
    my (%options) = @_;

    return ThreadWS::Server->new($Loop, %options,
        main => 'worker_shutdown_timeout 100ms;' . ($options{main} // ''),
        http => $Zone . ($options{http} // ''),
        server => "$Page $options{server}");
}

sub ends_http {
    return '
        thread_ws_store memory;
        limit_req_zone $server_port zone=few:32k rate=1r/m;
        thread_ws_event_log /dev/full;';
}

sub ends_server {
    my $port = ThreadWS::Server::free_port();
    my %agent = (
        completed => 'thread_ws_demo_agent delay=0;',
        away => 'proxy_pass http://127.0.0.1:1;',
        rejected => "proxy_pass http://127.0.0.1:$port/400;",
        limiting => "proxy_pass http://127.0.0.1:$port/429;",
        forbidden => 'deny all; thread_ws_demo_agent;',
        limited => 'limit_req zone=few; thread_ws_demo_agent;',
    );

    my $locations = join '', map { "
        location = /chat/$_ {
            thread_ws_pass /agent/$_;
            thread_ws_trace http://127.0.0.1:$port/traces;
        }
        location = /agent/$_ { internal; $agent{$_} }" } sort keys %agent;

    return "$locations
    }
    server {
        listen 127.0.0.1:$port;
        location = /400 { return 400; }
        location = /429 { return 429; }
        location = /traces { return 400; }";
}

sub chatter {
    my ($name, $thread, $path) = @_;

    return ThreadWS::Chatter->new($Loop, thread => $thread,
        port => $Server{$name}->port, path => $path // '/chat');
}

# Another message for each that waits for none, and clients that leave in
# mid-answer.

sub turn {
    my $n = $Turn++;

    for my $end (qw(completed away rejected limiting forbidden limited)) {
        my $chatter = $Chatter{$end} //= chatter('ends', $end, "/chat/$end");
        $chatter->message("r$n", 'Hello') if !$chatter->{open};
    }

    $Chatter{completed}->command({ type => 'nonsense' }) for 1 .. 4;

    my $left = $Chatter{left};

    if (!$left || $left->{runs}{r}{tokens}) {
        $left->drop if $left;
        $Chatter{left} = chatter('left', 't1');
        $Chatter{left}->message('r', 'a few words to be said slowly');
    }

    my $full = $Chatter{full};

    if (!$full || !$full->{open}) {
        $full->close if $full;
        $Chatter{full} = chatter('full', "t$n");
        $Chatter{full}->message('r', 'x' x 20_000);
    }

    if ($Server{busy}) {
        my $busy = $Chatter{busy} //= chatter('busy', 't1');
        my $run = $busy->{last_run};

        if (!$busy->{open}) {
            $busy->{last_run} = $busy->message("r$n", 'words, slowly');

        } elsif (($run->{tokens} // 0) > 1 && !$run->{stopped}++) {
            $busy->cancel($run->{id});
        }
    }

    if ($Server{store}) {
        my $store = $Chatter{store} //= chatter('store', 't1');
        $store->message("r$n", 'Hello') if !$store->{open};
    }
}

# So many connections, from an address that nobody else uses; that they are there
# is for the gateway to say.

sub crowd {
    my ($n, $port) = @_;

    my @sockets;
    my $server = Socket::pack_sockaddr_in($port, Socket::inet_aton('127.0.0.1'));
    my $here = Socket::pack_sockaddr_in(0, Socket::inet_aton('127.0.0.9'));

    for (1 .. $n) {
        socket my $socket, PF_INET, SOCK_STREAM, 0 or die "no socket: $!\n";
        bind $socket, $here or die "no address: $!\n";
        connect $socket, $server or die "no connection: $!\n";
        syswrite $socket, join "\r\n", "GET /chat?threadId=t$_ HTTP/1.1",
            'Host: localhost', 'Upgrade: websocket', 'Connection: Upgrade',
            'Sec-WebSocket-Version: 13',
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', '';
        push @sockets, $socket;
    }

    return @sockets;
}

sub wait_for {
    my ($name) = @_;

    my @names = @{ $Expected{$name} };
    my $port = $Server{$name} && $Server{$name}->port;
    my @missing;

    my $came = eval {
        $Loop->until(sub {
            turn();
            my $alerts = $Prometheus->firing;

            for my $alert (keys %$alerts) {
                $Seen{$alert}{$_} = 1 for keys %{ $alerts->{$alert} };
            }

            @missing = grep { !$Seen{$_} || $port && !$Seen{$_}{$port} } @names;
            return !@missing;
        }, "alerts of $name", 120);
        1;
    };

    is($came ? '' : join(' ', @missing), '', "$name: @names")
        or diag($@, $Prometheus->said);
}

sub promtool {
    my (@arguments) = @_;

    my $said = ThreadWS::Command::said({ both => 1 }, 'promtool', @arguments);
    is($?, 0, "promtool @arguments") or diag($said);
}

# Every alert has a section of its own, and what it promises is said, too.

sub documented {
    my $runbook = slurp('docs/runbook.md');
    my $operations = slurp('docs/operations.md');

    is(join(' ', sort $runbook =~ /^## (\w+)$/mg), join(' ', sort @Names),
        'each has its section in docs/runbook.md');

    my %lines = slurp($Rules)
        =~ /- alert: (\w+)\n.*?^ +runbook: docs\/runbook\.md#(\w+)$/msg;

    is(join(' ', grep { ($lines{$_} // '') ne lc } @Names), '',
        'each names it');

    my ($table) = $operations =~ /^## Promises\n(.*?)(?=^## |\z)/ms;
    my @promised = ($table // '') =~ /^\|.*\[(\w+)\]\(runbook\.md#\w+\) \|$/mg;

    is(join(' ', sort @promised), join(' ', sort @Names),
        'each has its promise in docs/operations.md');

    my @cases = slurp('t/alerts.yml') =~ /^  # (\w+)/mg;
    is("@cases", "@Names", 'each is in t/alerts.yml');
}

sub slurp {
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;
    return scalar <$in>;
}
