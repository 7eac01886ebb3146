package ThreadWS::Ports;

# Ports for servers that are started again and again.  A port that the kernel
# would hand out is no good: between two starts somebody's client may get it.
# These lie below that range, four in a row, and are this process's alone until
# it ends.

use strict;
use warnings;

use Fcntl qw(O_CREAT O_RDWR LOCK_EX LOCK_NB);
use IO::Socket::INET;

my @Locks;

sub take {
    my $dir = "/tmp/thread-ws-ports-$<";
    mkdir $dir, 0700;

    my $range = '/proc/sys/net/ipv4/ip_local_port_range';
    my $top = 32768;

    if (open my $in, '<', $range) {
        ($top) = <$in> =~ /^(\d+)/;
    }

    # the lowest are left to those who are known by them
    my $bottom = $top > 12000 ? 10000 : 1988;

    for (1 .. 1000) {
        my $port = $bottom + 4 * int rand(($top - $bottom) / 4);

        sysopen my $lock, "$dir/$port", O_CREAT | O_RDWR, 0600 or next;
        flock $lock, LOCK_EX | LOCK_NB or next;
        next if grep { taken($_) } $port .. $port + 3;

        push @Locks, $lock;
        return $port;
    }

    die "no free ports\n";
}

sub taken {
    my ($port) = @_;

    return !IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => $port,
        Listen => 1, ReuseAddr => 1);
}

1;
