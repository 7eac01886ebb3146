package ThreadWS::Dns;

# A name server: it knows db.test, and what its addresses are is said as the
# test goes on.
#
#   dns ADDRESS …       that is what db.test has from now on; none: no such name
#
# sets TEST_NGINX_DNS, its address.  An answer is valid for a second.

use strict;
use warnings;

use IO::Socket::INET;

use ThreadWS::Dialogue;

push @ThreadWS::Dialogue::ISA, __PACKAGE__;

my ($Pid, $Out);

sub import {
    my $socket = IO::Socket::INET->new(Proto => 'udp',
        LocalAddr => '127.0.0.1') or die "no socket: $!\n";

    $ENV{TEST_NGINX_DNS} = '127.0.0.1:' . $socket->sockport;

    pipe my $in, $Out or die "no pipe: $!\n";
    $Out->autoflush(1);

    my $parent = $$;
    $Pid = fork // die "no process: $!\n";
    return if $Pid;

    close $Out;
    eval { serve($socket, $in) };
    POSIX::_exit(0);
}

END {
    if ($Pid) {
        close $Out;
        local $?;
        waitpid $Pid, 0;
    }
}

# Until whoever tells it the addresses is gone.

sub serve {
    my ($socket, $in) = @_;

    my @addresses;

    for (;;) {
        my $set = '';
        vec($set, fileno $_, 1) = 1 for $socket, $in;
        select $set, undef, undef, undef;

        if (vec $set, fileno $in, 1) {
            sysread $in, my $line, 1000 or return;
            @addresses = split ' ', (split /\n/, $line)[-1] // '';
        }

        if (vec $set, fileno $socket, 1) {
            $socket->recv(my $query, 1000) // next;
            $socket->send(answer($query, @addresses));
        }
    }
}

# RFC 1035, 4.1: the question, and what is known of it

sub answer {
    my ($query, @addresses) = @_;

    my $id = substr $query, 0, 2;
    my ($name) = substr($query, 12) =~ /^((?:[\x01-\x3f].*?)*?\0)/s;
    my $type = unpack 'n', substr $query, 12 + length $name, 2;

    my $known = $name eq "\2db\4test\0" && @addresses;
    @addresses = () if !$known || $type != 1;

    return pack('a2 n5', $id, $known ? 0x8180 : 0x8183, 1, scalar @addresses,
            0, 0)
        . $name . pack('nn', $type, 1)
        . join '', map { pack 'n n n N n a4', 0xc00c, 1, 1, 1, 4,
            IO::Socket::INET::inet_aton($_) } @addresses;
}

sub do_dns {
    my ($self, $addresses) = @_;
    print $Out ($addresses // '') . "\n";
}

1;
