package ThreadWS::Command;

# Commands that a test waits for.  Each has a deadline, at which it is ended and
# the test dies, with what the command has said so far.

use strict;
use warnings;

use POSIX qw(:sys_wait_h);
use Time::HiRes qw(sleep time);

our $Deadline = $ENV{THREAD_WS_COMMAND_DEADLINE} || 180;

# What it wrote to its standard output; $? is its status.  how: both, its errors
# as well; child, called in the new process before it becomes the command.

sub said {
    my ($how, @command) = ref $_[0] ? @_ : ({}, @_);

    # a file, not a pipe: a server that it starts may keep it open
    open my $out, '+>', undef or die "no temporary file: $!\n";

    my $pid = started(sub {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>&', $out;
        open STDERR, '>&', $out if $how->{both};
        $how->{child}->() if $how->{child};
    }, @command);

    my $status = ended($pid, $Deadline);

    seek $out, 0, 0;
    my @lines = <$out>;

    die "@command: no end after $Deadline s\n", @lines if !defined $status;

    $? = $status;
    return wantarray ? @lines : join '', @lines;
}

# One that goes on beside the test, in a process group of its own.

sub started {
    my ($child, @command) = @_;

    my $pid = fork // die "no process: $!\n";

    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
        setpgrp 0, 0;
        eval { $child->(); 1 } or POSIX::_exit(127);
        { no warnings 'exec'; exec { $command[0] } @command }
        print STDERR "$command[0]: $!\n";
        POSIX::_exit(127);
    }

    return $pid;
}

# What it has written to a file so far, once that matches; dies if it ends before.

sub wrote {
    my ($pid, $file, $pattern) = @_;

    my $end = time + $Deadline;
    my $pause = 0.001;

    while (1) {
        my $over = waitpid $pid, WNOHANG;

        seek $file, 0, 0;
        my $text = join '', <$file>;

        return $text if $text =~ $pattern;
        die "it is over: $text\n" if $over == $pid;
        die "not after $Deadline s: $text\n" if time > $end;

        sleep $pause;
        $pause *= 1.5 if $pause < 0.05;
    }
}

# Its status; undef if it had to be ended.

sub ended {
    my ($pid, $seconds) = @_;

    my $end = time + $seconds;
    my $pause = 0.0005;

    while (time < $end) {
        return $? if waitpid($pid, WNOHANG) == $pid;
        sleep $pause;
        $pause *= 1.5 if $pause < 0.02;
    }

    kill 'KILL', -$pid, $pid;
    waitpid $pid, 0;
    return undef;
}

1;
