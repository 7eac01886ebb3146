package ThreadWS::Names;

# A name server: every name is 127.0.0.1, none has an IPv6 address.  Answers
# are valid for ttl seconds.  Where there are names, these alone have addresses,
# their own; others do not exist.

use strict;
use warnings;

use IO::Socket::INET;
use Socket ();

sub new {
    my ($class, $loop, %options) = @_;

    my $socket = IO::Socket::INET->new(Proto => 'udp', Blocking => 0,
        LocalAddr => '127.0.0.1') or die "no socket: $!\n";

    return $loop->add(bless { socket => $socket, ttl => 60,
        %options }, $class);
}

sub port   { $_[0]{socket}->sockport }
sub handle { $_[0]{socket} }
sub wants_read { 1 }
sub wants_write { 0 }

sub ready {
    my ($self) = @_;

    while (my $peer = $self->{socket}->recv(my $query, 512)) {
        my ($name) = substr($query, 12) =~ /^(.*?\0)/s;
        my $type = unpack 'n', substr($query, 12 + length $name, 2);
        my $address = $self->address($name);
        my $answers = $type == 1 && $address ? 1 : 0;

        $self->{socket}->send(substr($query, 0, 2)
            . pack('n5', $address ? 0x8180 : 0x8183, 1, $answers, 0, 0)
            . $name . pack('n2', $type, 1)
            . ($answers ? pack('n3Nn', 0xc00c, 1, 1, $self->{ttl}, 4)
                . Socket::inet_aton($address) : ''), 0, $peer);
    }
}

sub address {
    my ($self, $name) = @_;

    return '127.0.0.1' if !$self->{names};
    return $self->{names}{ join '.', unpack '(C/a)*', $name =~ s/\0\z//r };
}

1;
