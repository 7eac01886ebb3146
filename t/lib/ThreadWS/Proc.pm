package ThreadWS::Proc;

# What /proc tells of processes.

use strict;
use warnings;

use Exporter qw(import);

our @EXPORT_OK = qw(slurp alive children idle leaving stopped);

sub slurp {
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;
    return scalar(<$in>) // '';
}

sub state_of {
    my ($pid) = @_;
    return slurp("/proc/$pid/stat") =~ /\) (\S)/ ? $1 : '';
}

# One that has died and was not waited for is not alive.

sub alive {
    my ($pid) = @_;
    return state_of($pid) =~ /[^ZX]/;
}

sub stopped {
    my ($pid) = @_;
    return state_of($pid) eq 'T';
}

sub children {
    my ($pid) = @_;
    return split ' ', slurp("/proc/$pid/task/$pid/children");
}

# A worker of nginx that takes no connections any more.

sub leaving {
    my ($pid) = @_;
    return slurp("/proc/$pid/cmdline") =~ /shutting down/;
}

# It waits for events, and holds no lock.

sub idle {
    my ($pid) = @_;

    my $where = slurp("/proc/$pid/wchan");
    return $where =~ /poll|select/ if $where =~ /[a-z]/;
    return state_of($pid) eq 'S';
}

1;
