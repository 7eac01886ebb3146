package ThreadWS::Test;

# Test::Nginx with conversations: a block's "--- chat" section is a transcript
# between WebSocket clients, nginx and mock agents (Dialogue.pm), its "---
# agent" section is what the agent does with every request by itself.  All
# other sections are Test::Nginx's own.
#
# Sections of ours besides: chat_config and agent_config go into the usual
# locations /chat and /agent where there is no config section; refused says
# what the error must name of a configuration that nginx does not start with.

use strict;
use warnings;

use Cwd ();
use File::Path ();
use File::Temp ();

use ThreadWS::Ports;

# Ports and a directory of its own for each file: prove -j.  Test::Nginx's own
# way takes ports that the kernel gives to clients, kills a server that has not
# left after three seconds, and sleeps where nothing is to be waited for.

BEGIN {
    if (!$ENV{TEST_NGINX_SERVER_PORT}) {
        my $port = ThreadWS::Ports::take();
        $ENV{TEST_NGINX_SERVER_PORT} = $port;
        $ENV{TEST_NGINX_SERVROOT} = Cwd::abs_path('t') . "/servroot_$port";
    }

    $ENV{TEST_NGINX_TIMEOUT} ||= 180;
    $ENV{TEST_NGINX_SLEEP} ||= 0.005;

    # by which Test::Nginx starts nginx
    *Test::Nginx::Util::system = \&start_nginx;
}

my $Process = $$;

# runs after Test::Nginx's own, which stops the server

END {
    my $root = $ENV{TEST_NGINX_SERVROOT} // '';

    if ($$ == $Process && !$ENV{TEST_NGINX_NO_CLEAN}
        && $root =~ m{/t/servroot_\d+$})
    {
        local $?;
        File::Path::remove_tree($root);
    }
}

use Test::Nginx::Socket;
use Test::Nginx::Util ();

use ThreadWS::Agent;
use ThreadWS::Certificate;
use ThreadWS::Command;
use ThreadWS::Dialogue;
use ThreadWS::Loop;
use ThreadWS::Proc;

our @EXPORT = qw(run_tests repeat_each worker_connections workers log_level
    add_block_preprocessor);

# an event that is not to be in the log of any test; Lua has one of its own at
# each start beside a LuaJIT that is not OpenResty's
our $BAD = qr/\[(?:alert|crit|emerg)\](?!.*[ ]detected[ ]a[ ]LuaJIT[ ])
    |Sanitizer|runtime[ ]error:/x;

our $Loop = ThreadWS::Loop->new;
our %Agents;
my @Held;

sub import {
    my ($class, @what) = @_;

    my $caller = caller;
    no strict 'refs';
    *{"${caller}::$_"} = \&{"Test::Nginx::Socket::$_"} for @EXPORT;

    ports();
    certificate() if grep { $_ eq 'tls' } @what;
    stuck_port() if grep { $_ eq 'stuck' } @what;

    no_shuffle();
    master_on();
    workers(1);
    worker_connections(1024);
    log_level('info');
    config_preamble('location = /stub_status { stub_status; access_log off; }'
        . "listen 127.0.0.1:$ENV{TEST_NGINX_NARROW_PORT} sndbuf=8k;"

        # a thousand connections take longer than a minute on a busy machine
        . 'proxy_read_timeout 10m;'
        . ($ENV{TEST_NGINX_CERTIFICATE} ? "
            listen 127.0.0.1:$ENV{TEST_NGINX_TLS_PORT} ssl;
            ssl_certificate $ENV{TEST_NGINX_CERTIFICATE};
            ssl_certificate_key $ENV{TEST_NGINX_CERTIFICATE_KEY};" : ''));

    plan('no_plan');

    strict->import;
    warnings->import;
}

sub ports {
    $Agents{$_} = ThreadWS::Agent->new($Loop) for qw(main b);
    $ENV{TEST_NGINX_AGENT_PORT} = $Agents{main}->port;
    $ENV{TEST_NGINX_AGENT_B_PORT} = $Agents{b}->port;

    # refuses: bound, but nobody listens
    my $dead = IO::Socket::INET->new(Proto => 'tcp',
        LocalAddr => '127.0.0.1') or die "no socket: $!\n";
    $ENV{TEST_NGINX_DEAD_PORT} = $dead->sockport;
    push @Held, $dead;

    # a name server that never answers
    my $mute = IO::Socket::INET->new(Proto => 'udp',
        LocalAddr => '127.0.0.1') or die "no socket: $!\n";
    $ENV{TEST_NGINX_MUTE_PORT} = $mute->sockport;
    push @Held, $mute;

    # the server's is the first of four
    $ENV{TEST_NGINX_TLS_PORT} = $ENV{TEST_NGINX_SERVER_PORT} + 1;

    # with small buffers, where a client that reads nothing is soon noticed
    $ENV{TEST_NGINX_NARROW_PORT} = $ENV{TEST_NGINX_SERVER_PORT} + 2;

    # for those who want to listen for the PROXY protocol
    $ENV{TEST_NGINX_PROXIED_PORT} = $ENV{TEST_NGINX_SERVER_PORT} + 3;
}

# Neither answers nor refuses: a full queue of a listener that never accepts.

sub stuck_port {
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        Listen => 1, ReuseAddr => 1) or die "cannot listen: $!\n";
    listen($listener, 0);
    push @Held, $listener;

    for (1 .. 8) {
        my $filler = IO::Socket::INET->new(Proto => 'tcp', Blocking => 0);
        $filler->connect($listener->sockport, Socket::inet_aton('127.0.0.1'));
        push @Held, $filler;
    }

    $ENV{TEST_NGINX_STUCK_PORT} = $listener->sockport;
}

# A certificate for localhost and 127.0.0.1, and an agent that has it.

sub certificate {
    my $dir = File::Temp->newdir;
    push @Held, $dir;

    $ENV{TEST_NGINX_CERTIFICATE} = "$dir/cert.pem";
    $ENV{TEST_NGINX_CERTIFICATE_KEY} = "$dir/key.pem";

    ThreadWS::Certificate::make($dir, 'IP:127.0.0.1');

    $Agents{tls} = ThreadWS::Agent->new($Loop, tls => {
        SSL_cert_file => "$dir/cert.pem", SSL_key_file => "$dir/key.pem" });
    $ENV{TEST_NGINX_AGENT_TLS_PORT} = $Agents{tls}->port;
}

sub preprocess {
    my ($block) = @_;

    if (!defined $block->config) {
        $block->set_value('config', usual_config($block));
    }

    # every word of it must be in the line that says why nginx does not start,
    # which ends with file and line
    if (defined $block->refused) {
        my $all = join '', map { "(?=.*\Q$_\E)" }
            grep { length } split /\n/, $block->refused;

        $block->set_value('must_die', 1);
        $block->set_value('suppress_stderr', 1);
        $block->set_value('error_log',
            [qr/\[emerg\]$all.* in \S+:\d+(?=\s|\z)/]);
        return;
    }

    if (!defined $block->request && !defined $block->must_die) {
        $block->set_value('request', 'GET /');
    }

    return if defined $block->must_die;

    my @patterns = lines($block->no_error_log);

    # a test that expects one of these lines says so
    my $expected = $block->error_log // '';
    push @patterns, $BAD if $expected !~ /\[(alert|crit|emerg)/;

    $block->set_value('no_error_log', \@patterns) if @patterns;

    if (!defined $block->no_shutdown_error_log) {
        $block->set_value('no_shutdown_error_log', [$BAD, 'open socket']);
    }
}

# of a section that is a text, a pattern, or a list of them

sub lines {
    my ($section) = @_;

    return () if !defined $section;
    return @$section if ref $section eq 'ARRAY';
    return ref $section ? $section : split /\n+/, $section;
}

sub usual_config {
    my ($block) = @_;

    my $chat = $block->chat_config // '';
    my $agent = $block->agent_config // '';

    my $pass = $agent =~ /_pass |return |thread_ws_demo_agent/ ? ''
        : 'proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;';

    my $version = $agent =~ /proxy_http_version/ ? ''
        : 'proxy_http_version 1.1;';

    return <<"CONFIG";
    location = /chat {
        thread_ws_pass /agent;
$chat
    }

    location = /agent {
        internal;
        $pass
        $version
        proxy_set_header Connection "";
$agent
    }
CONFIG
}

add_block_preprocessor(\&preprocess);

# A configuration that nginx refuses fails its test at once; without this nginx
# would be started again and again for half a minute, and then all would end.

my $write = \&Test::Nginx::Util::write_config_file;
my ($Block, $BlockPorts);

sub write_config {
    ($Block, undef, $BlockPorts) = @_;

    $write->(@_);

    # under valgrind it is started otherwise
    if ($ENV{TEST_NGINX_USE_VALGRIND} && !defined $Block->must_die) {
        my $root = Test::Nginx::Util::server_root();

        my $said = ThreadWS::Command::said({ both => 1 },
            $Test::Nginx::Util::NginxBinary, '-t', '-e', 'stderr',
            '-p', "$root/", '-c', "$root/conf/nginx.conf");
        refused($said) if $?;
    }
}

sub start_nginx {
    my ($command) = @_;

    my $said = ThreadWS::Command::said({ both => 1 }, '/bin/sh', '-c',
        $command);

    if ($? && defined $Block && !defined $Block->must_die) {
        refused($said);
        ThreadWS::Command::said('/bin/sh', '-c', $command);
    }

    return $?;
}

sub refused {
    my ($said) = @_;

    fail($Block->name . ': nginx takes the configuration');
    diag($said);

    $Block->set_value($_, '') for qw(http_config main_config);
    $Block->set_value('chat', '') if defined $Block->chat;
    $write->($Block, '', $BlockPorts);
    undef $Block;
}

{
    no warnings qw(redefine prototype);
    *Test::Nginx::Util::write_config_file = \&write_config;
    *Test::Nginx::Util::is_running = \&ThreadWS::Proc::alive;
}

my $usual = $Test::Nginx::Util::RunTestHelper;

$Test::Nginx::Util::RunTestHelper = sub {
    my ($block, $dry_run, $turn) = @_;

    return $usual->($block, $dry_run, $turn) if !defined $block->chat;

    my $dialogue = ThreadWS::Dialogue->new(name => $block->name,
        loop => $Loop, agents => \%Agents, line => '',
        root => Test::Nginx::Util::server_root(),
        target => scalar $block->target);

    for my $name (keys %Agents) {
        my $section = $name eq 'main' ? 'agent' : "agent_$name";
        my $program = $block->$section;

        if (defined $program) {
            $dialogue->agent_auto($Agents{$name}, '',
                map { s/^\s+//r } grep { /\S/ } split /\n/, $program);
        }
    }

    $dialogue->run($block->chat);
    $dialogue->finish;
    $dialogue->wait_for_lines(lines($block->error_log));

    $Test::Nginx::Util::CheckErrorLog->($block, undef, $dry_run, $turn, 0);
};

1;
