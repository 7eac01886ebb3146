package ThreadWS::Loop;

# One select loop for every socket of a test: the WebSocket clients and the mock
# agents live in the same process, so that what happens first is never a
# matter of scheduling.  A wait names an event and has a deadline.

use strict;
use warnings;

use Time::HiRes qw(time);

use ThreadWS::Where;

$SIG{PIPE} = 'IGNORE';

our $Deadline = $ENV{THREAD_WS_DEADLINE} || 180;

# Two vectors for select() hold what all sockets wait for.  Only an object that
# said touch() is asked again, since a test may have thousands.

sub new {
    my ($class) = @_;
    return bless { objects => {}, touched => {}, read => '', write => '' },
        $class;
}

# Anything with handle(), wants_read(), wants_write() and ready().

sub add {
    my ($self, $object) = @_;

    $self->touch($object);
    return $object;
}

sub touch {
    my ($self, $object) = @_;
    $self->{touched}{$object + 0} = $object;
}

sub remove {
    my ($self, $object) = @_;

    my $fd = delete $object->{fd};
    delete $self->{touched}{$object + 0};
    return if !defined $fd;

    vec($self->{read}, $fd, 1) = 0;
    vec($self->{write}, $fd, 1) = 0;
    delete $self->{objects}{$fd};
}

sub once {
    my ($self, $timeout) = @_;

    for my $object (values %{ $self->{touched} }) {
        my $handle = $object->handle or next;
        my $fd = $object->{fd} //= fileno $handle;

        $self->{objects}{$fd} = $object;
        vec($self->{read}, $fd, 1) = $object->wants_read ? 1 : 0;
        vec($self->{write}, $fd, 1) = $object->wants_write ? 1 : 0;
    }

    $self->{touched} = {};

    my $n = select(my $read = $self->{read}, my $write = $self->{write},
        undef, $timeout);
    return 0 if $n <= 0;

    # the bits that are set, found without a look at those that are not
    my $bits = unpack 'b*', $read | $write;

    for (my $fd = index $bits, '1'; $fd >= 0; $fd = index $bits, '1', $fd + 1) {
        my $object = $self->{objects}{$fd} or next;

        $object->ready(vec($read, $fd, 1));
        $self->touch($object) if defined $object->{fd};
    }

    return $n;
}

# Runs until the condition holds; dies with what was waited for otherwise.  It
# may hold without a word from a socket, so that it is looked at in between.

sub until {
    my ($self, $condition, $what, $seconds) = @_;

    my $end = time + ($seconds // $Deadline);
    my $pause = 0.005;

    while (!$condition->()) {
        my $left = $end - time;
        die "waited in vain for $what\n" if $left <= 0;

        $self->once($left < $pause ? $left : $pause);
        $pause *= 1.5 if $pause < 0.1;
    }
}


package ThreadWS::Listener;

use strict;
use warnings;

use IO::Socket::INET;
use Socket qw(SOMAXCONN);

sub new {
    my ($class, $loop, $accepted) = @_;

    my $socket = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', Listen => SOMAXCONN, ReuseAddr => 1,
        Blocking => 0) or die "cannot listen: $!\n";

    my $self = bless { socket => $socket, accepted => $accepted }, $class;
    return $loop->add($self);
}

sub port   { $_[0]{socket}->sockport }
sub handle { $_[0]{socket} }
sub wants_read { 1 }
sub wants_write { 0 }

sub ready {
    my ($self) = @_;

    while (my $socket = $self->{socket}->accept) {
        $socket->blocking(0);
        $self->{accepted}->($socket);
    }
}


package ThreadWS::Stream;

# A connection of either side, plain or TLS, with its two buffers.

use strict;
use warnings;

use Errno qw(EAGAIN EWOULDBLOCK EINTR);
use Socket qw(IPPROTO_TCP TCP_NODELAY SOL_SOCKET SO_LINGER SO_RCVBUF SHUT_WR);
use Time::HiRes qw(time);

sub new {
    my ($class, $loop, $socket, $read) = @_;

    setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1);
    $socket->blocking(0);
    binmode $socket;

    my $self = bless { loop => $loop, socket => $socket, in => '', out => '',
        read => $read, corked => 0, paused => 0, eof => 0 }, $class;

    return $loop->add($self);
}

sub start_tls {
    my ($self, %options) = @_;

    require IO::Socket::SSL;

    my $socket = IO::Socket::SSL->start_SSL($self->{socket},
        SSL_startHandshake => 0, %options)
        or die "no TLS: $IO::Socket::SSL::SSL_ERROR\n";

    $socket->blocking(0);

    $self->{socket} = $socket;
    $self->{tls} = $options{SSL_server} ? 'accept_SSL' : 'connect_SSL';
    $self->{handshaking} = 1;
    $self->{want_write} = !$options{SSL_server};
    $self->{loop}->touch($self);
}

sub handle { $_[0]{socket} }

sub wants_read {
    my ($self) = @_;
    return !$self->{paused} && !$self->{eof};
}

sub wants_write {
    my ($self) = @_;

    return $self->{want_write} if $self->{handshaking};
    return !$self->{corked} && length $self->{out};
}

# cork, uncork, pause, resume: what is waited for changes

sub set {
    my ($self, $name, $value) = @_;

    $self->{$name} = $value;
    $self->flush if $self->wants_write;
    $self->{loop}->touch($self);
}

# With room for what has waited: the buffer may have been small so far.

sub resume {
    my ($self) = @_;

    setsockopt($self->{socket}, SOL_SOCKET, SO_RCVBUF, 262144);
    $self->set(paused => 0);
}

sub ready {
    my ($self, $readable) = @_;

    if ($self->{handshaking}) {
        $self->handshake or return;
    }

    $self->flush if $self->{socket} && $self->wants_write;
    $self->fill if $self->{socket} && $self->wants_read && $readable;
}

sub handshake {
    my ($self) = @_;

    my $method = $self->{tls};

    if ($self->{socket}->$method) {
        $self->{handshaking} = 0;
        return 1;
    }

    if ($IO::Socket::SSL::SSL_ERROR == IO::Socket::SSL::SSL_WANT_READ()) {
        $self->{want_write} = 0;
        return 0;
    }

    if ($IO::Socket::SSL::SSL_ERROR == IO::Socket::SSL::SSL_WANT_WRITE()) {
        $self->{want_write} = 1;
        return 0;
    }

    $self->{tls_error} = "$IO::Socket::SSL::SSL_ERROR";
    $self->ended;
    return 0;
}

sub again {
    my ($self) = @_;

    if ($self->{tls}) {
        return $IO::Socket::SSL::SSL_ERROR
            == IO::Socket::SSL::SSL_WANT_READ()
            || $IO::Socket::SSL::SSL_ERROR
            == IO::Socket::SSL::SSL_WANT_WRITE();
    }

    return $!{EAGAIN} || $!{EWOULDBLOCK} || $!{EINTR};
}

sub fill {
    my ($self) = @_;

    # TLS has bytes that select() does not see; a peer that is faster than this
    # would keep all others waiting

    for (my $turn = 0; $turn < 16 || $self->{tls}; $turn++) {
        my $n = $self->{socket}->sysread(my $bytes, 65536);

        if ($n) {
            $self->{in} .= $bytes;
            $self->{received} += $n;
            next;
        }

        if (defined $n || !$self->again) {
            $self->{reset} = 1 if !defined $n && $!{ECONNRESET};
            $self->{cut} = 1 if !defined $n && $self->{tls};
            $self->ended;
        }

        last;
    }

    $self->{read}->($self) if $self->{read};
}

# The peer is gone: the time is what a test of a cancel asks for.

sub ended {
    my ($self) = @_;

    $self->{eof} = 1;
    $self->{ended} //= time;
    $self->close;
}

sub write {
    my ($self, $bytes) = @_;

    $self->{out} .= $bytes;
    $self->flush if !$self->{corked};
    $self->{loop}->touch($self);
}

sub flush {
    my ($self) = @_;

    return if $self->{handshaking};

    while (length $self->{out} && $self->{socket}) {
        my $n = $self->{socket}->syswrite($self->{out});

        if (!$n) {
            last if $self->again;
            $self->{out} = '';
            last;
        }

        substr($self->{out}, 0, $n, '');
    }
}

# One write for each byte; Nagle's algorithm is off.

sub write_slowly {
    my ($self, $bytes) = @_;

    for my $byte (split //, $bytes) {
        $self->write($byte);
        $self->{loop}->until(sub { !length $self->{out} }, 'a byte to leave');
    }
}

sub reset {
    my ($self) = @_;

    my $socket = delete $self->{socket} or return;
    setsockopt($socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0));
    $self->{loop}->remove($self);
    $self->{eof} = 1;

    CORE::close($socket);
}

sub close {
    my ($self) = @_;

    my $socket = delete $self->{socket} or return;
    $self->{loop}->remove($self);
    $self->{eof} = 1;

    $socket->close;
}

sub shutdown {
    my ($self) = @_;
    shutdown($self->{socket}, SHUT_WR);
}

1;
