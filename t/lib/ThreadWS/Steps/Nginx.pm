package ThreadWS::Steps::Nginx;

# The server itself: its logs, its processes, its count of connections.

use strict;
use warnings;

use IO::Socket::INET;
use Time::HiRes qw(time);

use ThreadWS::Client;
use ThreadWS::Loop;
use ThreadWS::Proc qw(slurp alive children leaving);

sub file_matches {
    my ($self, $file, $pattern) = @_;

    $pattern =~ s{^/(.*)/$}{$1}s or die "no pattern: $pattern\n";

    my $text = $file eq 'error.log' ? $self->logged
        : slurp("$self->{root}/logs/$file");
    return $text =~ /$pattern/m;
}

# of what stands apart, its own

sub logged {
    my ($self) = @_;

    my $text = slurp("$self->{root}/logs/error.log");
    return substr $text, $self->{log_from} // 0;
}

sub wait_for_line {
    my ($self, $file, $pattern) = @_;

    my $end = time + $ThreadWS::Loop::Deadline;

    while (!$self->file_matches($file, $pattern)) {
        die "no such line in $file\n" if time > $end;
        $self->{loop}->once(0.02);
    }

    $self->expect(1);
}

# Each is in the error log soon, if it is at all: who asks for them sees.

sub wait_for_lines {
    my ($self, @patterns) = @_;

    my $end = time + $ThreadWS::Loop::Deadline;

    for my $pattern (map { ref $_ ? $_ : qr/\Q$_\E/ } @patterns) {
        $self->{loop}->once(0.02)
            until slurp("$self->{root}/logs/error.log") =~ $pattern
            || time > $end;
    }
}

# Test::Nginx waits for a server that makes itself a daemon, not for one under
# valgrind.

sub started {
    my ($self) = @_;

    $self->until(sub {
        -s "$self->{root}/logs/nginx.pid" && IO::Socket::INET->new(
            PeerAddr => "127.0.0.1:$ENV{TEST_NGINX_SERVER_PORT}");
    }, 'nginx to start');
}

sub do_log { $_[0]->wait_for_line('error.log', $_[1]) }
sub do_access { $_[0]->wait_for_line('access.log', $_[1]) }

sub do_no {
    my ($self, $rest) = @_;

    my ($what, $pattern) = $rest =~ /^(log|access) (.*)/ or die "bad: $rest\n";
    $self->expect(!$self->file_matches($what eq 'log' ? 'error.log'
        : 'access.log', $pattern), 'such a line');
}

sub master {
    my ($self) = @_;

    my ($pid) = slurp("$self->{root}/logs/nginx.pid") =~ /(\d+)/
        or die "no pid\n";
    return $pid;
}

sub workers {
    my ($self, $master) = @_;
    return children($master);
}

sub do_signal {
    my ($self, $name) = @_;
    kill $name, $self->master;
}

# A new worker serves, the old one takes no connections any more, but may still
# have some.

sub do_reload {
    my ($self, $rest) = @_;

    my $master = $self->master;
    my %old = map { $_ => 1 } $self->workers($master);
    $self->{old_workers} = [keys %old];

    kill 'HUP', $master;
    $self->until(sub { grep { !$old{$_} } $self->workers($master) },
        'a new worker');
    $self->until(sub { !grep { alive($_) && !leaving($_) } keys %old },
        'the old worker to be told to leave');
}

sub do_old {
    my ($self, $rest) = @_;

    die "unknown: old $rest\n" if $rest ne 'worker gone';
    $self->until_gone(sub {
        !grep { -d "/proc/$_" } @{ $self->{old_workers} };
    }, 'the old worker to leave');
    $self->expect(1);
}

# Clients that are sent away meanwhile say goodbye.

sub until_gone {
    my ($self, $condition, $what) = @_;

    $self->until(sub {
        $_->say_goodbye for @{ $self->{opened} };
        $condition->();
    }, $what);
}

sub do_server {
    my ($self, $rest) = @_;

    die "unknown: server $rest\n" if $rest ne 'gone';
    $self->until_gone(sub { !-e "$self->{root}/logs/nginx.pid" },
        'the server to leave');
    $self->expect(1);
}

# "memory mark", "memory mark once N" (in a repeat's turn N) remember the
# worker's private memory; "memory grew KB" is what it may have grown by since.
# A sanitizer keeps what is freed, so that there is nothing to be learnt.

sub do_memory {
    my ($self, $rest) = @_;

    if ($rest =~ /^mark(?: once (\d+))?$/) {
        $self->{memory} = $self->memory if !$1 || $1 == $self->{vars}{i};
        return;
    }

    my ($limit) = $rest =~ /^grew (\d+)$/ or die "unknown: memory $rest\n";
    my $grown = $self->memory - $self->{memory};

    Test::More::note("$self->{memory} kB, then $grown kB more");
    $self->expect($ENV{THREAD_WS_SANITIZER} || $ENV{TEST_NGINX_USE_VALGRIND}
        || $grown <= $limit,
        "$grown kB more");
}

sub memory {
    my ($self) = @_;

    my ($worker) = $self->workers($self->master);
    my ($kb) = slurp("/proc/$worker/status") =~ /^RssAnon:\s+(\d+) kB/m;
    return $kb;
}

# The connections that nginx counts, without the one that asks.

sub do_active {
    my ($self, $number) = @_;

    my $got;
    my $end = time + $ThreadWS::Loop::Deadline;

    do {
        die "got: $got\n" if defined $got && time > $end;

        my $client = ThreadWS::Client->new($self->{loop}, plain => 1,
            port => $ENV{TEST_NGINX_SERVER_PORT});
        $client->request('GET /stub_status HTTP/1.1',
            [['', 'Connection', 'close']]);
        $self->until(sub { $client->{stream}{eof} }, 'stub_status');
        ($got) = ($client->{body} // '') =~ /Active connections: (\d+)/
            or die "no stub_status\n";
    } while ($got - 1 != $number);

    $self->expect(1);
}

1;
