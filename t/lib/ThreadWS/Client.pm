package ThreadWS::Client;

# A WebSocket client that can also do all that a client must not.

use strict;
use warnings;

use Digest::SHA qw(sha1);
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Socket qw(SOL_SOCKET SO_RCVBUF);

use ThreadWS::Loop;

our $GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

our %OPCODE = (cont => 0, text => 1, binary => 2, close => 8, ping => 9,
    pong => 10);

sub new {
    my ($class, $loop, %options) = @_;

    my $socket = IO::Socket::INET->new(Proto => 'tcp')
        or die "no socket: $!\n";

    if ($options{rcvbuf}) {
        setsockopt($socket, SOL_SOCKET, SO_RCVBUF, $options{rcvbuf});
    }

    $socket->connect($options{port}, Socket::inet_aton('127.0.0.1'))
        or die "cannot connect to $options{port}: $!\n";

    my $self = bless { frames => [], received => '', autopong => 1,
        %options }, $class;

    $self->{stream} = ThreadWS::Stream->new($loop, $socket,
        sub { $self->parse });

    if ($options{tls}) {
        $self->{stream}->start_tls(SSL_verify_mode => 0,
            SSL_hostname => 'localhost');
    }

    return $self;
}

# headers: [[name, value], ...]; a request line of one's own is allowed

sub request {
    my ($self, $line, $headers, $body) = @_;

    $self->{key} = encode_base64(join('', map { chr rand 256 } 1 .. 16), '');

    my @all = (['Host', 'localhost'], ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'], ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Key', $self->{key}]);

    # a plain request has none of these

    if ($line !~ /^GET/ || $self->{plain}) {
        @all = (['Host', 'localhost']);
    }

    for my $header (@$headers) {
        my ($op, $name, $value) = @$header;

        if ($op ne '+') {
            @all = grep { lc $_->[0] ne lc $name } @all;
        }

        push @all, [$name, $value] if $op ne '-';

        $self->{key} = $value if lc $name eq 'sec-websocket-key';
    }

    $self->{stream}->write("$line\r\n"
        . join('', map { "$_->[0]: $_->[1]\r\n" } @all) . "\r\n"
        . ($body // ''));
}

sub parse {
    my ($self) = @_;

    my $stream = $self->{stream};

    if (!$self->{status}) {
        $stream->{in} =~ s/^HTTP\/1\.1 (\d\d\d)([^\r\n]*)\r\n(.*?\r?\n)\r\n//s
            or return;
        ($self->{status}, $self->{reason}, my $head) = ($1, $2, $3);

        for my $line (split /\r\n/, $head) {
            my ($name, $value) = split /:\s*/, $line, 2;
            push @{ $self->{headers}{lc $name} }, $value;
        }
    }

    if ($self->{status} != 101) {
        $self->{body} .= $stream->{in};
        $stream->{in} = '';
        $self->parse_events if $self->{sse};
        return;
    }

    while (my $frame = $self->next_frame) {
        push @{ $self->{frames} }, $frame;
    }
}

# What came of an SSE response: its events are frames, its comments pings.

sub parse_events {
    my ($self) = @_;

    my $type = $self->{headers}{'content-type'}[0] // '';
    return if $self->{status} != 200 || $type ne 'text/event-stream';

    $self->{open} = 1;
    $self->{events} .= $self->dechunked;

    while ($self->{events} =~ s/^(.*?)\n\n//s) {
        my %frame;

        for my $line (split /\n/, $1) {
            if ($line =~ /^:/) { $self->{pings}++ }
            elsif ($line =~ /^(data|id|retry): (.*)/s && !exists $frame{$1}
                && !exists $frame{data})
            {
                # clients that go by lines want the id first
                $frame{$1} = $2;

            } else { die "no line of an event: $line\n" }
        }

        $self->{retry} = $frame{retry} if exists $frame{retry};

        push @{ $self->{frames} }, { opcode => 1, payload => $frame{data},
            id => $frame{id} } if exists $frame{data};
    }
}

# so much of a body as is there, once

sub dechunked {
    my ($self) = @_;

    my $coding = $self->{headers}{'transfer-encoding'}[0] // '';
    my $whole = '';

    if ($coding ne 'chunked') {
        ($whole, $self->{body}) = ($self->{body}, '');
        return $whole;
    }

    while ($self->{body} =~ /^([0-9a-f]+)\r\n/i) {
        my ($length, $head) = (hex $1, length $&);

        last if length $self->{body} < $head + $length + 2;
        $self->{ends} = 1 if !$length;
        $whole .= substr $self->{body}, $head, $length;
        $self->{body} = substr $self->{body}, $head + $length + 2;
    }

    return $whole;
}

# The whole of a plain response is here.

sub complete {
    my ($self) = @_;

    return 0 if !$self->{status};

    my $length = $self->{headers}{'content-length'};
    return length($self->{body} // '') >= $length->[0] if $length;

    if (($self->{headers}{'transfer-encoding'} || [''])->[0] eq 'chunked') {
        return $self->{body} =~ /(?:^|\r\n)0\r\n\r\n\z/;
    }

    return $self->{stream}{eof};
}

sub content {
    my ($self) = @_;

    my $body = $self->{body} // '';

    if ($self->{headers}{'transfer-encoding'}) {
        my $whole = '';

        while ($body =~ s/^([0-9a-f]+)\r\n//i && hex $1) {
            $whole .= substr($body, 0, hex $1, '');
            $body =~ s/^\r\n//;
        }

        return $whole;
    }

    return $body;
}

sub accepted {
    my ($self) = @_;

    my $want = encode_base64(sha1("$self->{key}$GUID"), '');
    my $got = $self->{headers}{'sec-websocket-accept'} || [];

    return @$got == 1 && $got->[0] eq $want;
}

# One frame, or one message where no frame of it is to be seen on its own.

sub next_frame {
    my ($self) = @_;

    my $in = \$self->{stream}{in};

    return if length $$in < 2;

    my ($first, $length) = unpack 'CC', $$in;
    my $offset = 2;

    die "the server masked a frame\n" if $length & 0x80;
    die "the server set reserved bits\n" if $first & 0x70;

    if ($length == 126) {
        return if length $$in < 4;
        $length = unpack 'n', substr($$in, 2, 2);
        $offset = 4;
        die "length not in its shortest form\n" if $length < 126;

    } elsif ($length == 127) {
        return if length $$in < 10;
        $length = unpack 'Q>', substr($$in, 2, 8);
        $offset = 10;
        die "length not in its shortest form\n" if $length < 65536;
    }

    return if length $$in < $offset + $length;

    my $payload = substr($$in, $offset, $length);
    substr($$in, 0, $offset + $length, '');

    my $opcode = $first & 0x0f;

    if ($opcode == $OPCODE{ping} && $self->{autopong}) {
        $self->{pings}++;
        $self->frame('pong', $payload);
        return $self->next_frame;
    }

    if ($opcode == $OPCODE{close}) {
        $self->{closed} = [length $payload ? unpack('n', $payload) : 1005,
            substr($payload, length $payload > 1 ? 2 : 0)];
        return { opcode => 8, code => $self->{closed}[0],
            payload => $self->{closed}[1] };
    }

    return { opcode => $opcode, payload => $payload } if $opcode > 7;

    if ($opcode) {
        die "a message within a message\n" if defined $self->{message};
        $self->{message} = { opcode => $opcode, payload => '' };
    }

    die "a continuation of nothing\n" if !defined $self->{message};
    $self->{message}{payload} .= $payload;

    return $self->next_frame if !($first & 0x80);

    my $message = $self->{message};
    undef $self->{message};
    return $message;
}

# A close frame that came, once, unless this client answers nothing.

sub say_goodbye {
    my ($self) = @_;

    return if !$self->{closed} || !$self->{autopong} || $self->{said_close}
        || $self->{stream}{eof};

    $self->frame('close', pack 'n', $self->{closed}[0]);
}

# options: fin, rsv, op, mask (0: none), length (another than the real one)

sub frame {
    my ($self, $type, $payload, %options) = @_;

    $self->{said_close} = 1 if $type eq 'close';
    $self->bytes($self->encode($type, $payload, %options));
}

sub encode {
    my ($self, $type, $payload, %options) = @_;

    my $opcode = $options{op} // $OPCODE{$type};
    my $fin = $options{fin} // 1;
    my $mask = $options{mask} // 1;
    my $length = $options{length} // length $payload;

    my $head = chr($fin << 7 | ($options{rsv} // 0) << 4 | $opcode);
    my $bit = $mask ? 0x80 : 0;

    if ($options{long} || $length > 65535) {
        $head .= chr($bit | 127) . pack('Q>', $length);

    } elsif ($options{medium} || $length > 125) {
        $head .= chr($bit | 126) . pack('n', $length);

    } else {
        $head .= chr($bit | $length);
    }

    return $head . $payload if !$mask;

    my $key = pack 'N', int rand 2 ** 32;
    my $pad = $key x (length($payload) / 4 + 1);

    return $head . $key . ($payload ^ substr($pad, 0, length $payload));
}

sub bytes {
    my ($self, $bytes) = @_;

    if ($self->{slowly}) {
        $self->{stream}->write_slowly($bytes);

    } else {
        $self->{stream}->write($bytes);
    }
}

1;
