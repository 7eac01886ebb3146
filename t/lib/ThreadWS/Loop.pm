package ThreadWS::Loop;

# One poll loop for every socket of a test: the WebSocket clients and the mock
# agents live in the same process, so that what happens first is never a
# matter of scheduling.  A wait names an event and has a deadline.

use strict;
use warnings;

use IO::Poll qw(POLLIN POLLOUT POLLHUP POLLERR POLLNVAL);
use Time::HiRes qw(time);

$SIG{PIPE} = 'IGNORE';

our $Deadline = $ENV{THREAD_WS_DEADLINE} || 20;

sub new {
    my ($class) = @_;
    return bless { streams => {}, listeners => {}, poll => IO::Poll->new },
        $class;
}

# Anything with handle(), mask() and ready(): a stream or a listener.

sub add {
    my ($self, $object) = @_;
    $self->{objects}{$object + 0} = $object;
    return $object;
}

sub remove {
    my ($self, $object) = @_;
    my $handle = delete $self->{handles}{$object + 0};
    $self->{poll}->remove($handle) if $handle;
    delete $self->{objects}{$object + 0};
}

sub once {
    my ($self, $timeout) = @_;

    my $poll = $self->{poll};

    for my $object (values %{ $self->{objects} }) {
        my $handle = $object->handle;

        if (!$handle) {
            $self->remove($object);
            next;
        }

        $self->{handles}{$object + 0} = $handle;
        $poll->mask($handle => $object->mask);
    }

    my $n = $poll->poll($timeout);
    return 0 if $n <= 0;

    for my $object (values %{ $self->{objects} }) {
        my $handle = $object->handle or next;
        my $events = $poll->events($handle) or next;
        $object->ready($events);

        # closed from within
        $self->remove($object) if !$object->handle;
    }

    return $n;
}

# Runs until the condition holds; dies with what was waited for otherwise.

sub until {
    my ($self, $condition, $what, $seconds) = @_;

    my $end = time + ($seconds // $Deadline);

    while (!$condition->()) {
        my $left = $end - time;
        die "waited in vain for $what\n" if $left <= 0;
        $self->once($left < 0.5 ? $left : 0.5);
    }
}


package ThreadWS::Listener;

use strict;
use warnings;

use IO::Poll qw(POLLIN);
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
sub mask   { POLLIN }

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
use IO::Poll qw(POLLIN POLLOUT POLLHUP POLLERR POLLNVAL);
use Socket qw(IPPROTO_TCP TCP_NODELAY SOL_SOCKET SO_LINGER SHUT_WR);
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
}

sub handle { $_[0]{socket} }

sub mask {
    my ($self) = @_;

    my $mask = 0;
    $mask |= POLLIN if !$self->{paused} && !$self->{eof};
    $mask |= POLLOUT if $self->wants_write;
    return $mask;
}

sub wants_write {
    my ($self) = @_;

    return $self->{want_write} if $self->{handshaking};
    return !$self->{corked} && length $self->{out};
}

sub ready {
    my ($self, $events) = @_;

    if ($self->{handshaking}) {
        $self->handshake or return;
    }

    $self->flush if $self->{socket} && $self->wants_write;

    if ($self->{socket} && !$self->{paused}
        && ($events & (POLLIN | POLLHUP | POLLERR)))
    {
        $self->fill;
    }
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

    for (1 .. 16) {
        my $n = $self->{socket}->sysread(my $bytes, 65536);

        if ($n) {
            $self->{in} .= $bytes;
            $self->{received} += $n;
            next;
        }

        if (defined $n || !$self->again) {
            $self->{reset} = 1 if !defined $n && $!{ECONNRESET};
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
