package ThreadWS::Twin2;

# A client of HTTP/2, without TLS, for one request: RFC 9113 as far as that needs.

use strict;
use warnings;

use ThreadWS::Client;

our @ISA = ('ThreadWS::Client');

my ($DATA, $HEADERS, $RST, $SETTINGS, $PING, $GOAWAY, $WINDOW)
    = (0, 1, 3, 4, 6, 7, 8);

# RFC 7541, appendix A
my %STATUS = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400, 13 => 404,
    14 => 500);

sub request {
    my ($self, $line, $headers, $body) = @_;

    my ($method, $target) = split ' ', $line;

    my @all;

    for my $header (@$headers) {
        my ($op, $name, $value) = @$header;

        @all = grep { $_->[0] ne lc $name } @all if $op ne '+';
        push @all, [lc $name, $value] if $op ne '-';
    }

    my $block = join '', map { literal(@$_) } [':method', $method],
        [':scheme', 'http'], [':path', $target], [':authority', 'localhost'],
        @all;

    # room for nothing at first, where a test wants to see that
    my $room = $self->{rcvbuf} ? pack('nN', 4, 64) : '';

    $self->{stream}->write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        . packed($SETTINGS, 0, 0, $room)
        . packed($HEADERS, defined $body ? 4 : 5, 1, $block)
        . (defined $body ? packed($DATA, 1, 1, $body) : ''));
}

# not indexed, not compressed

sub literal {
    my ($name, $value) = @_;

    my ($n, $v) = (length $name, length $value);
    die "too long: $name\n" if $n > 126 || $v > 126;

    return pack 'CCa*Ca*', 0, $n, $name, $v, $value;
}

sub packed {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
        . pack('CCN', $type, $flags, $stream) . $payload;
}

sub parse {
    my ($self) = @_;

    my $in = \$self->{stream}{in};

    while (length $$in >= 9) {
        my $length = unpack 'N', "\0" . substr $$in, 0, 3;
        last if length $$in < 9 + $length;

        my ($type, $flags) = unpack 'CC', substr $$in, 3, 2;
        my $payload = substr $$in, 9, $length;
        $$in = substr $$in, 9 + $length;

        $self->taken($type, $flags, $payload);
    }
}

sub taken {
    my ($self, $type, $flags, $payload) = @_;

    if ($type == $SETTINGS && !($flags & 1)) {
        $self->{stream}->write(packed($SETTINGS, 1, 0, ''));

    } elsif ($type == $PING && !($flags & 1)) {
        $self->{stream}->write(packed($PING, 1, 0, $payload));

    } elsif ($type == $HEADERS) {
        my $first = ord $payload;
        $self->{status} = $STATUS{ $first & 0x7f } // substr $payload, 2, 3;
        $self->{headers}{'content-type'} = ['text/event-stream'];

    } elsif ($type == $DATA) {
        $self->{body} .= $payload;
        $self->{held} += length $payload;
        $self->more if !$self->{stingy};
        $self->parse_events;

    } elsif ($type == $RST) {
        $self->{stream}{eof} = 1;
    }

    $self->{ends} = 1 if $type <= $HEADERS && $flags & 1;
}

# room for what has come, and is given up

sub more {
    my ($self) = @_;

    my $held = delete $self->{held} or return;

    $self->{stream}->write(packed($WINDOW, 0, 0, pack 'N', $held)
        . packed($WINDOW, 0, 1, pack 'N', $held));
}

sub rst {
    my ($self) = @_;
    $self->{stream}->write(packed($RST, 0, 1, pack 'N', 8));
}

1;
