package ThreadWS::Peer;

# A WebSocket peer that sees every frame as it is on the wire, and speaks
# permessage-deflate (RFC 7692): what a conformance suite's client does.

use strict;
use warnings;

use Compress::Raw::Zlib;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Time::HiRes qw(time);

use ThreadWS::Loop;

# Waits for the 101.  options: path, host, headers (lines), deflate (an offer),
# rcvbuf, from (an address of its own), wait => 0 for a peer that does not wait.

sub new {
    my ($class, $loop, $port, %options) = @_;

    my $socket = IO::Socket::INET->new(Proto => 'tcp')
        or die "no socket: $!\n";

    setsockopt($socket, SOL_SOCKET, SO_RCVBUF, $options{rcvbuf})
        if $options{rcvbuf};

    $socket->bind(0, Socket::inet_aton($options{from}))
        or die "cannot bind: $!\n" if $options{from};

    $socket->connect($port, Socket::inet_aton('127.0.0.1'))
        or die "cannot connect: $!\n";

    my $self = bless { loop => $loop, path => '/echo', host => 'localhost',
        %options }, $class;

    $self->{stream} = ThreadWS::Stream->new($loop, $socket);

    my $key = encode_base64(join('', map { chr rand 256 } 1 .. 16), '');
    my @headers = ("GET $self->{path} HTTP/1.1", "Host: $self->{host}",
        'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Version: 13', "Sec-WebSocket-Key: $key",
        $options{deflate}
            ? "Sec-WebSocket-Extensions: $options{deflate}" : (),
        @{ $options{headers} // [] });

    $self->{stream}->write(join '', map { "$_\r\n" } @headers, '');
    $self->shake_hands if $options{wait} // 1;

    return $self;
}

sub upgraded {
    my ($self) = @_;

    return 1 if defined $self->{head};
    $self->{stream}{in} =~ s/^(HTTP\/1\.1 .*?\r\n\r\n)//s or return 0;
    $self->{head} = $1;
    ($self->{status}) = $self->{head} =~ /^HTTP\/1\.1 (\d+)/;

    return 1;
}

sub shake_hands {
    my ($self) = @_;

    $self->until(sub { $self->upgraded || $self->{stream}{eof} }, 'a response');
    die "no upgrade: $self->{head}\n" if ($self->{status} // 0) != 101;

    if ($self->{head} =~ /^Sec-WebSocket-Extensions: (.*)\r$/mi) {
        $self->agree($1);
    }
}

sub agree {
    my ($self, $answer) = @_;

    $self->{agreed} = $answer;

    my $bits = $answer =~ /client_max_window_bits=(\d+)/ ? $1
        : $self->{client_bits} // 15;
    my $server = $answer =~ /server_max_window_bits=(\d+)/ ? $1 : 15;

    $self->{forget_out} = $answer =~ /client_no_context_takeover/;
    $self->{forget_in} = $answer =~ /server_no_context_takeover/;

    ($self->{deflater}) = Compress::Raw::Zlib::Deflate->new(-Level => 1,
        -WindowBits => -$bits, -AppendOutput => 1);
    ($self->{inflater}) = Compress::Raw::Zlib::Inflate->new(
        -WindowBits => -$server, -AppendOutput => 1, -ConsumeInput => 1,
        -LimitOutput => 0);
}

sub until {
    my ($self, $condition, $what, $seconds) = @_;
    $self->{loop}->until($condition, $what, $seconds);
}

# one frame's bytes; options: fin, rsv, mask

sub encode {
    my ($self, $op, $payload, %options) = @_;

    my $length = length $payload;
    my $head = chr(($options{fin} // 1) << 7 | ($options{rsv} // 0) << 4 | $op);

    $head .= $length < 126 ? chr(0x80 | $length)
        : $length < 65536 ? chr(0xfe) . pack('n', $length)
        : chr(0xff) . pack('Q>', $length);

    my $mask = $options{mask} // pack 'N', int rand 2 ** 32;

    return $head . $mask
        . ($payload ^ substr($mask x ($length / 4 + 1), 0, $length));
}

sub send {
    my ($self, @bytes) = @_;
    $self->{stream}->write($_) for @bytes;
}

sub frame {
    my ($self, @frame) = @_;
    $self->send($self->encode(@frame));
}

# pieces of so many bytes, a write for each

sub chop {
    my ($self, $bytes, $size) = @_;

    my $stream = $self->{stream};

    for (my $i = 0; $i < length $bytes; $i += $size) {
        $stream->write(substr $bytes, $i, $size);
        $self->until(sub { !length $stream->{out} || $stream->{eof} },
            'bytes to leave') if length $stream->{out};
    }
}

# a message, compressed where that is agreed, in frames of size bytes

sub encode_message {
    my ($self, $op, $payload, $size) = @_;

    my $rsv = 0;

    if ($self->{deflater}) {
        $payload = $self->deflate($payload);
        $rsv = 4;
    }

    return $self->encode($op, $payload, rsv => $rsv)
        if !$size || length $payload <= $size;

    my @frames;

    for (my $i = 0; $i < length $payload; $i += $size) {
        push @frames, $self->encode($i ? 0 : $op, substr($payload, $i, $size),
            rsv => $i ? 0 : $rsv, fin => $i + $size >= length $payload);
    }

    return join '', @frames;
}

sub deflate {
    my ($self, $payload) = @_;

    return "\0" if $payload eq '';

    my $d = $self->{deflater};
    my $out = '';

    $d->deflateReset if $self->{forget_out};
    $d->deflate($payload, $out) == Z_OK or die "deflate\n";
    $d->flush($out, Z_SYNC_FLUSH) == Z_OK or die "flush\n";
    substr($out, -4) eq "\0\0\xff\xff" or die "no tail\n";
    substr($out, -4) = '';

    return $out;
}

sub inflate {
    my ($self, $payload) = @_;

    my $out = '';
    my $in = "$payload\0\0\xff\xff";

    $self->{inflater}->inflateReset if $self->{forget_in};

    my $status = $self->{inflater}->inflate($in, $out);
    die "inflate: $status\n" if $status != Z_OK && $status != Z_BUF_ERROR;

    return $out;
}

# The next frame if it is here: { op, fin, rsv, payload }

sub take {
    my ($self) = @_;

    my $in = \$self->{stream}{in};
    return if length $$in < 2;

    my ($first, $length) = unpack 'CC', $$in;
    die "the server masked a frame\n" if $length & 0x80;

    my $offset = 2;

    if ($length == 126) {
        return if length $$in < 4;
        $length = unpack 'n', substr($$in, 2, 2);
        die "not the shortest length\n" if $length < 126;
        $offset = 4;

    } elsif ($length == 127) {
        return if length $$in < 10;
        $length = unpack 'Q>', substr($$in, 2, 8);
        die "not the shortest length\n" if $length < 65536;
        $offset = 10;
    }

    return if length $$in < $offset + $length;

    my $frame = { op => $first & 0xf, fin => $first >> 7,
        rsv => $first >> 4 & 7, payload => substr($$in, $offset, $length) };
    substr($$in, 0, $offset + $length, '');

    if ($frame->{rsv}) {
        die "reserved bits\n" if $frame->{rsv} != 4 || !$self->{inflater}
            || $frame->{op} > 2;
        $frame->{payload} = $self->inflate($frame->{payload});
    }

    if ($frame->{op} == 8 && length $frame->{payload}) {
        $frame->{code} = unpack 'n', $frame->{payload};
        $frame->{reason} = substr $frame->{payload}, 2;
    }

    return $frame;
}

# waits for the next frame; undef at the end of the connection

sub read {
    my ($self, $seconds) = @_;

    my $frame;

    $self->until(sub {

        # a long conversation is asked whether it is still there
        while ($frame = $self->take) {
            last if $frame->{op} != 9;
            $self->frame(10, $frame->{payload});
        }

        $frame || $self->{stream}{eof};
    }, 'a frame', $seconds);

    return $frame;
}

sub drop {
    my ($self) = @_;
    $self->{stream}->close;
}

1;
