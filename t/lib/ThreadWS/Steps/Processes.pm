package ThreadWS::Steps::Processes;

# nginx's processes, killed, left, and held back:
#
#   kill workers        each is replaced by another
#   kill worker N       the Nth
#   kill server         the master, too; and nginx is started again
#   quit server         it leaves, and is started again
#   only worker N       takes connections, until "all workers" do
#   stop workers        they stand still, until "all workers" go on

use strict;
use warnings;

use Time::HiRes qw(time);

use ThreadWS::Command;
use ThreadWS::Dialogue;
use ThreadWS::Proc qw(alive idle stopped);

push @ThreadWS::Dialogue::ISA, __PACKAGE__;

# The master makes one after the other, when it has answered already.

sub all_workers {
    my ($self) = @_;

    my $master = $self->master;
    my @workers;

    $self->soon(sub {
        @workers = $self->workers($master);
        return @workers >= Test::Nginx::Util::workers();
    }, 'all workers');

    return @workers;
}

sub do_kill {
    my ($self, $what) = @_;

    my $master = $self->master;
    my @workers = $self->all_workers;

    if ($what eq 'workers') {
        kill 'KILL', @workers;
        my %old = map { $_ => 1 } @workers;

        $self->soon(sub {
            my @now = $self->workers($master);
            return @now && !grep { $old{$_} } @now;
        }, 'other workers');
        return;
    }

    if ($what =~ /^worker (\d)$/) {
        my $pid = $workers[$1 - 1];
        kill 'KILL', $pid;
        return $self->soon(sub { !alive($pid) }, 'the worker to die');
    }

    die "unknown: kill $what\n" if $what ne 'server';

    kill 'KILL', $master, @workers;
    $self->soon(sub { !grep { alive($_) } $master, @workers },
        'the server to die');
    $self->start_server;
}

# For what no socket tells of: looks often, while sockets are served.

sub soon {
    my ($self, $condition, $what) = @_;

    my $end = time + $ThreadWS::Loop::Deadline;

    until ($condition->()) {
        die "waited in vain for $what\n" if time > $end;
        $self->{loop}->once(0.01);
    }
}

# All others stand still, so that this one takes what connects; but not before
# they are all there and have nothing to do: one may hold a lock.

sub do_only {
    my ($self, $what) = @_;

    my ($number) = $what =~ /^worker (\d)$/ or die "unknown: only $what\n";

    $self->do_all('workers');
    my @workers = $self->all_workers;
    $self->soon(sub { !grep { !idle($_) } @workers }, 'idle workers');

    $self->hold_still(map { $workers[$_ - 1] }
        grep { $_ != $number } 1 .. @workers);
}

sub do_stop {
    my ($self, $what) = @_;

    die "unknown: stop $what\n" if $what ne 'workers';
    $self->hold_still($self->all_workers);
}

sub hold_still {
    my ($self, @workers) = @_;

    $self->at_end('all workers', sub { $self->do_all('workers') });

    kill 'STOP', @workers;
    $self->soon(sub { !grep { !stopped($_) } @workers },
        'workers to stand still');
}

sub do_all {
    my ($self, $what) = @_;

    die "unknown: all $what\n" if $what ne 'workers';

    # a test may have ended the server
    my $master = eval { $self->master } or return;
    kill 'CONT', $self->workers($master);
}

sub do_quit {
    my ($self, $what) = @_;

    die "unknown: quit $what\n" if $what ne 'server';

    my $master = $self->master;
    kill 'QUIT', $master;
    $self->until_gone(sub { !alive($master) }, 'the server to leave');
    $self->start_server;
}

sub start_server {
    my ($self) = @_;

    my $root = $self->{root};
    my $nginx = $Test::Nginx::Util::NginxBinary;

    # its pid file is the former one's until it writes its own
    unlink "$root/logs/nginx.pid";

    my $command = "$nginx -p $root/ -c $root/conf/nginx.conf >/dev/null 2>&1";

    # Test::Nginx makes it no daemon there
    $command = "valgrind -q $ENV{TEST_NGINX_USE_VALGRIND} $command &"
        if $ENV{TEST_NGINX_USE_VALGRIND};

    ThreadWS::Command::said('/bin/sh', '-c', $command);
    die "nginx does not start\n" if $?;

    $self->started;
}

1;
