package ThreadWS::Agent;

# A mock agent: an HTTP server whose every byte the test decides.  It takes
# requests, numbers them, and answers what it is told, when it is told.

use strict;
use warnings;

use Cpanel::JSON::XS ();
use Socket qw(SOL_SOCKET SO_SNDBUF);

use ThreadWS::Loop;

my $JSON = Cpanel::JSON::XS->new->utf8->canonical->allow_nonref;

sub new {
    my ($class, $loop, %options) = @_;

    my $self = bless { loop => $loop, requests => [], connections => [],
        %options }, $class;

    $self->{listener} = ThreadWS::Listener->new($loop,
        sub { $self->accepted($_[0]) });

    return $self;
}

sub port { $_[0]{listener}->port }

# Forgets all, for the next test; connections of the last one are gone.

sub forget {
    my ($self) = @_;

    $_->{stream}->close for @{ $self->{connections} };
    $self->{requests} = [];
    $self->{connections} = [];
    delete $self->{auto};
}

sub accepted {
    my ($self, $socket) = @_;

    my $connection = { number => 1 + @{ $self->{connections} } };

    # small, so that a gateway that does not read is soon noticed
    setsockopt($socket, SOL_SOCKET, SO_SNDBUF, 65536);

    my $stream = ThreadWS::Stream->new($self->{loop}, $socket,
        sub { $self->parse($connection) });

    $connection->{stream} = $stream;
    $stream->start_tls(SSL_server => 1, %{ $self->{tls} }) if $self->{tls};

    push @{ $self->{connections} }, $connection;
}

sub open_connections {
    my ($self) = @_;
    return scalar grep { !$_->{stream}{eof} } @{ $self->{connections} };
}

sub parse {
    my ($self, $connection) = @_;

    my $stream = $connection->{stream};

    while ($stream->{in} =~ /^(.*?)\r\n(.*?\r\n)?\r\n/s) {
        my ($line, $head, $end) = ($1, $2 // '', $+[0]);

        my %headers;
        for (split /\r\n/, $head) {
            my ($name, $value) = split /:\s*/, $_, 2;
            push @{ $headers{lc $name} }, $value;
        }

        my $length = ($headers{'content-length'} || [0])->[0];
        last if length $stream->{in} < $end + $length;

        my $request = ThreadWS::Agent::Request->new(
            agent => $self, connection => $connection, line => $line,
            headers => \%headers, head => $head, stream => $stream,
            body => substr($stream->{in}, $end, $length));

        substr($stream->{in}, 0, $end + $length, '');

        push @{ $self->{requests} }, $request;
        $self->{auto}->($request) if $self->{auto};
    }
}


package ThreadWS::Agent::Request;

use strict;
use warnings;

sub new {
    my ($class, %self) = @_;

    my $self = bless {%self}, $class;

    $self->{http11} = $self->{line} =~ /HTTP\/1\.1$/;
    $self->{alive} = $self->{http11}
        && lc(($self->{headers}{connection} || [''])->[0]) ne 'close';

    return $self;
}

sub json {
    my ($self) = @_;
    return $self->{json} //= $JSON->decode($self->{body});
}

# what the user said last

sub content {
    my ($self) = @_;
    return $self->json->{messages}[-1]{content};
}

sub head {
    my ($self, $status, $type, @headers) = @_;

    my %has = map { lc((split /:/)[0]) => 1 } @headers;
    my $length = $has{'content-length'} || $status == 204;

    $self->{chunked} = $self->{http11} && !$length && !$self->{unframed};
    $self->{framed} = $length || $self->{chunked};

    $self->wire(join "\r\n", "HTTP/1.1 $status Status",
        (defined $type ? "Content-Type: $type" : ()),
        ($self->{chunked} ? 'Transfer-Encoding: chunked' : ()),
        'Connection: ' . ($self->{alive} && $self->{framed}
            ? 'keep-alive' : 'close'),
        @headers, '', '');
}

sub wire {
    my ($self, $bytes) = @_;
    $self->{stream}->write($bytes);
}

sub body {
    my ($self, $bytes) = @_;

    return if $bytes eq '';

    $self->wire($self->{chunked}
        ? sprintf("%x\r\n%s\r\n", length $bytes, $bytes) : $bytes);
}

sub event {
    my ($self, $data) = @_;
    $self->body('data: ' . (ref $data ? $JSON->encode($data) : $data)
        . "\n\n");
}

sub delta {
    my ($self, $text, %more) = @_;
    $self->choice({ content => $text }, %more);
}

sub choice {
    my ($self, $delta, %more) = @_;

    $self->event({ id => 'c1', object => 'chat.completion.chunk',
        choices => [{ index => 0, delta => $delta,
            finish_reason => $more{finish} }] });
}

sub usage {
    my ($self, $in, $out) = @_;

    $self->event({ id => 'c1', object => 'chat.completion.chunk',
        choices => [], usage => { prompt_tokens => $in + 0,
            completion_tokens => $out + 0,
            total_tokens => $in + $out } });
}

sub end {
    my ($self) = @_;

    $self->wire("0\r\n\r\n") if $self->{chunked};
    $self->close if !$self->{framed} || !$self->{alive};
}

# The whole of a usual answer, word by word.

sub answer {
    my ($self, $text) = @_;

    $self->head(200, 'text/event-stream');
    $self->delta($_) for $text =~ /\S+\s*/g;
    $self->choice({}, finish => 'stop');
    $self->event('[DONE]');
    $self->end;
}

# what was written leaves first

sub close {
    my ($self) = @_;

    $self->{agent}{loop}->until(
        sub { !length $self->{stream}{out} || $self->{stream}{eof} },
        'the agent to have written');
    $self->{stream}->close;
}

1;
