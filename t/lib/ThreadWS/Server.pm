package ThreadWS::Server;

# An nginx of a test's own, outside of Test::Nginx: for tests that count
# processes, send signals, set limits, or need two servers at once.  Its log
# is held against the same words as everywhere at its end.

use strict;
use warnings;

use File::Temp ();
use IO::Socket::INET;
use POSIX ();

use ThreadWS::Command;
use ThreadWS::Ports;
use ThreadWS::Proc qw(slurp alive children leaving);

our $BAD = qr/\[(?:alert|crit|emerg)\](?!.*[ ]detected[ ]a[ ]LuaJIT[ ])
    |Sanitizer|runtime[ ]error:|open[ ]socket/x;

our %Running;

# main, events, http, server: lines of these blocks; listen: more words of that
# line; single: without a master, workers is 0 then; daemon: it becomes one, as a binary upgrade wants; limits: what a shell
# does before it becomes nginx ("ulimit -n 64"); expected: a pattern of lines that
# may be in the log though they look bad.

sub new {
    my ($class, $loop, %options) = @_;

    my $self = bless { loop => $loop, workers => 1, connections => 1024,
        main => '', events => '', http => '', server => '', limits => ':',
        listen => '', %options }, $class;

    $self->{dir} = File::Temp->newdir;
    $self->{port} //= free_port();
    chmod 0755, "$self->{dir}";
    mkdir "$self->{dir}/$_" for qw(logs conf);

    $self->configure;
    $self->start;

    return $self;
}

sub free_port { ThreadWS::Ports::take() }

sub port { $_[0]{port} }

sub configure {
    my ($self) = @_;

    my $load = join "\n", map { "load_module $_;" }
        split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
    my $method = $ENV{TEST_NGINX_EVENT_TYPE};
    my $temp = join "\n", map { "${_}_temp_path $self->{dir}/$_;" }
        qw(client_body proxy fastcgi uwsgi scgi);

    open my $out, '>', "$self->{dir}/conf/nginx.conf" or die "conf: $!\n";
    print $out <<"CONFIG";
$load
daemon @{[ $self->{daemon} ? 'on' : 'off' ]};
master_process @{[ $self->{single} ? 'off' : 'on' ]};
env ASAN_OPTIONS;
env UBSAN_OPTIONS;
worker_processes $self->{workers};
pid $self->{dir}/logs/nginx.pid;
error_log $self->{dir}/logs/error.log info;
$self->{main}
events {
    worker_connections $self->{connections};
    @{[ $method ? "use $method;" : '' ]}
    $self->{events}
}
http {
    $temp
    access_log off;
    $self->{http}
    server {
        listen 127.0.0.1:$self->{port} backlog=4096 $self->{listen};
        location = /stub_status { stub_status; }
        $self->{server}
    }
}
CONFIG
    close $out or die "conf: $!\n";
}

sub command {
    my ($self) = @_;

    # a binary upgrade asks for the whole path
    my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
    ($nginx) = grep { -x } map { "$_/$nginx" } split /:/, $ENV{PATH}
        if $nginx !~ m{/};
    my @command = ($nginx, '-e', "$self->{dir}/logs/error.log",
        '-p', "$self->{dir}/", '-c', "$self->{dir}/conf/nginx.conf");

    if ($ENV{TEST_NGINX_USE_VALGRIND}) {
        unshift @command, qw(valgrind -q --trace-children=yes --vgdb=no
            --num-callers=40 --error-exitcode=1),
            "--log-file=$self->{dir}/logs/valgrind.%p";
    }

    return @command;
}

sub start {
    my ($self) = @_;

    my @command = $self->command;
    my $pid = fork // die "fork: $!\n";

    if (!$pid) {
        open STDERR, '>>', "$self->{dir}/logs/stderr";
        open STDOUT, '>>', "$self->{dir}/logs/stderr";
        exec '/bin/sh', '-c', "$self->{limits}; exec \"\$@\"", 'sh', @command
            or POSIX::_exit(127);
    }

    $self->{pid} = $pid;
    $Running{$pid} = $self;

    if ($self->{daemon}) {
        waitpid $pid, 0;
        delete $Running{$pid};
        $self->{loop}->until(sub { $self->written_pid }, 'a pid file', 60);
        $self->{pid} = $self->written_pid;
        $Running{ $self->{pid} } = $self;
    }

    $self->{loop}->until(sub {
        !$self->{daemon} && waitpid($pid, POSIX::WNOHANG()) == $pid
            and die 'nginx does not start: ' . $self->text('stderr')
                . $self->text('error.log') . "\n";
        -s "$self->{dir}/logs/nginx.pid" && $self->accepts
            && @{ [$self->worker_pids] } == $self->{workers};
    }, 'nginx to start', 60);
}

sub written_pid {
    my ($self) = @_;
    return $self->text('nginx.pid') =~ /^(\d+)\n/ ? $1 : undef;
}

sub accepts {
    my ($self) = @_;

    return IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $self->{port}) ? 1 : 0;
}

sub text {
    my ($self, $name) = @_;

    return slurp("$self->{dir}/logs/$name");
}

sub log_has {
    my ($self, $pattern) = @_;
    return $self->text('error.log') =~ $pattern;
}

sub worker_pids {
    my ($self, $master) = @_;

    return grep { slurp("/proc/$_/cmdline") !~ /master process/ }
        children($master // $self->{pid});
}

sub signal {
    my ($self, $name) = @_;
    kill $name, $self->{pid} or die "no such process: $!\n";
}

# New workers serve; the old ones' pids are the result.

sub reload {
    my ($self) = @_;

    my @old = $self->worker_pids;
    my %old = map { $_ => 1 } @old;

    $self->signal('HUP');
    $self->{loop}->until(
        sub { $self->{workers} <= grep { !$old{$_} } $self->worker_pids },
        'new workers');
    $self->{loop}->until(sub { !grep { alive($_) && !leaving($_) } @old },
        'the old workers to be told to leave');

    return @old;
}

sub gone {
    my ($self, @pids) = @_;
    return !grep { -d "/proc/$_" } @pids;
}

# kB of memory that the workers have for themselves

sub memory {
    my ($self) = @_;

    my $sum = 0;

    for my $pid ($self->worker_pids) {
        $sum += $1 if slurp("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;
    }

    return $sum;
}

# Leaves gracefully; what the log says against it is the result.

sub stop {
    my ($self, %options) = @_;

    my $pid = delete $self->{pid} or return;
    kill $options{signal} // 'QUIT', $pid;

    $self->{loop}->until(sub {
        $self->{daemon} ? !-e "$self->{dir}/logs/nginx.pid"
            : waitpid($pid, POSIX::WNOHANG()) == $pid;
    }, 'nginx to leave', $options{seconds} // 60);

    delete $Running{$pid};
    return $self->bad;
}

sub bad {
    my ($self) = @_;

    my $logs = $self->text('error.log') . $self->text('stderr');

    for my $file (glob "$self->{dir}/logs/valgrind.*") {
        my ($name) = $file =~ m{([^/]+)$};
        $logs .= join "\n", map { "Sanitizer: $_" }
            grep { /^==\d+== / } split /\n/, $self->text($name);
    }

    my $expected = $self->{expected} // qr/(?!)/;

    return grep { /$BAD/ && !/$expected/ } split /\n/, $logs;
}

END {
    my $status = $?;

    for my $pid (keys %Running) {
        kill 'TERM', $pid;
        kill 'CONT', $pid;
        ThreadWS::Command::ended($pid, 30) if !$Running{$pid}{daemon};
    }

    $? = $status;
}

1;
