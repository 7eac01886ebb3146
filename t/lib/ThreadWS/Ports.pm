package ThreadWS::Ports;

# Ports for servers that are started again and again.  A port that the kernel
# would hand out is no good: between two starts somebody's client may get it.
# These lie below that range, four in a row, and are this process's alone until
# it ends, by a lock on a file that goes with it.

use strict;
use warnings;

use Fcntl qw(O_CREAT O_RDWR LOCK_EX LOCK_NB);
use IO::Socket::INET;

my $Dir = "/tmp/thread-ws-ports-$<";
my $Process = $$;
my %Locks;

sub take {
    my $range = '/proc/sys/net/ipv4/ip_local_port_range';
    my $top = 32768;

    if (open my $in, '<', $range) {
        ($top) = <$in> =~ /^(\d+)/;
    }

    # the lowest are left to those who are known by them
    my $bottom = $top > 12000 ? 10000 : 1988;

    for (1 .. 1000) {
        my $port = $bottom + 4 * int rand(($top - $bottom) / 4);

        my $file = "$Dir/$port";

        mkdir $Dir, 0700;
        sysopen my $lock, $file, O_CREAT | O_RDWR, 0600 or next;
        flock $lock, LOCK_EX | LOCK_NB or next;

        # its owner may have removed it just before
        next if (stat $lock)[1] != ((stat $file)[1] // 0);

        if (grep { taken($_) } $port .. $port + 3) {
            unlink $file;
            next;
        }

        $Locks{$file} = $lock;
        return $port;
    }

    die "no free ports\n";
}

END {
    if ($$ == $Process) {
        unlink keys %Locks;
        rmdir $Dir;
    }
}

sub taken {
    my ($port) = @_;

    return !IO::Socket::INET->new(LocalAddr => '0.0.0.0', LocalPort => $port,
        Listen => 1, ReuseAddr => 1);
}

1;
