package ThreadWS::Steps::Client;

# WebSocket clients, and plain requests: how they come, and what is common to what
# they send (ThreadWS::Steps::Send) and receive (ThreadWS::Steps::Receive).

use strict;
use warnings;

use ThreadWS::Client;

*JSON = \$ThreadWS::Dialogue::JSON;
our $JSON;

sub do_connect {
    my ($self, $rest, @more) = @_;

    my %options = (port => $ENV{TEST_NGINX_SERVER_PORT}, name => '');
    my $target = $self->{target} // '/chat?threadId=t1';

    for my $word (split ' ', $rest) {
        if ($word =~ m{^/})        { $target = $word }
        elsif ($word =~ /(.+)=(.+)/) { $options{$1} = $2 }
        elsif ($word eq 'tls')     { $options{tls} = 1 }
        elsif ($word eq 'narrow')  { $options{rcvbuf} = 4096 }
        elsif ($word eq 'proxied') { $options{proxied} = 1 }
        else                       { $options{name} = $word }
    }

    if ($options{tls}) {
        $options{port} = $ENV{TEST_NGINX_TLS_PORT};

    } elsif ($options{rcvbuf}) {
        $options{port} = $ENV{TEST_NGINX_NARROW_PORT};

    } elsif ($options{proxied}) {
        $options{port} = $ENV{TEST_NGINX_PROXIED_PORT};
    }

    my ($thread) = $target =~ /[?&]threadId=([^&]*)/;

    my $client = ThreadWS::Client->new($self->{loop}, thread => $thread // '',
        runs => {}, %options);
    $self->named($options{name}, $client);

    my $line = "GET $target HTTP/1.1";
    my @headers;

    for my $header (@more) {
        if ($header =~ m{^[A-Z]+ \S+ HTTP/}) {
            $line = $header;

        } elsif ($header =~ /^([-+]?)([^:]+):? ?(.*)/) {
            push @headers, [$1, $2, $self->text($3)];
        }
    }

    $client->{stream}->write("PROXY TCP4 192.0.2.1 192.0.2.2 1111 2222\r\n")
        if $options{proxied};
    $client->{stream}->set(corked => 1) if $self->{corked};
    $client->request($line, \@headers);
}

# A plain request, whose response the steps "< HTTP", "< header", "< body" take.

sub do_get { $_[0]->plain_request('GET', @_[1 .. $#_]) }
sub do_delete { $_[0]->plain_request('DELETE', @_[1 .. $#_]) }
sub do_patch { $_[0]->plain_request('PATCH', @_[1 .. $#_]) }

sub plain_request {
    my ($self, $method, $target, @more) = @_;

    my $client = ThreadWS::Client->new($self->{loop}, plain => 1,
        port => $ENV{TEST_NGINX_SERVER_PORT});
    $self->named('', $client);

    my ($body) = map { /^= ?(.*)/s ? $1 : () } @more;
    push @more, 'Content-Length: ' . length $body if defined $body;

    $client->request("$method $target HTTP/1.1",
        [['', 'Connection', 'close'],
            map { /^([^:=]+): ?(.*)/ ? ['', $1, $2] : () } @more], $body);
}

# The former one of that name is done with.

sub named {
    my ($self, $name, $client) = @_;

    my $former = $self->{clients}{$name};
    $former->{stream}->close if $former;

    $self->{clients}{$name} = $client;
    push @{ $self->{opened} }, $client;
}

sub client {
    my ($self, $name) = @_;
    return $self->{clients}{$name} || die "no connection \"$name\"\n";
}

# The client once its handshake is done.

sub opened {
    my ($self, $name) = @_;

    my $client = $self->client($name);
    return $client if $client->{open};

    $self->response($client);
    $self->until(sub { $client->{open} || $client->{stream}{eof} },
        'events') if $client->{sse};
    return $client if $client->{open};

    die "got: HTTP $client->{status}\n" if $client->{status} != 101;
    die "wrong Sec-WebSocket-Accept\n" if !$client->accepted;

    $client->{open} = 1;
    return $client;
}

sub response {
    my ($self, $client) = @_;

    $self->until(sub { $client->{status} || $client->{stream}{eof} },
        'the response');
    die "closed without a response\n" if !$client->{status};
}

sub decoded {
    my ($self, $text) = @_;

    return $JSON->decode($text) if $text =~ /^".*"$/s;
    utf8::decode($text);
    return $text;
}

sub do_drop  { $_->{stream}->close for @{ $_[0]{opened} } }
sub do_reset { $_->{stream}->reset for @{ $_[0]{opened} } }

# So many messages, each answered before the next: too many for a transcript.

sub do_messages {
    my ($self, $number) = @_;

    my $client = $self->opened('');

    for (1 .. $number) {
        my $id = 'n' . ++$self->{messages};

        $client->frame('text', qq({"type":"message","requestId":"$id",)
            . qq("threadId":"$client->{thread}","content":"Hello"}));

        while (1) {
            my $frame = $self->next_frame($client)
                or die "got: the end of the connection\n";
            die "got: $frame->{payload}\n"
                if $frame->{payload} !~ /"requestId":"$id"/
                || $frame->{payload} !~ /"type":"(token|final)"/;
            last if $1 eq 'final';
        }
    }

    $self->expect(1);
}

# the next connect's request waits for "> uncork"

sub do_cork { $_[0]{corked} = 1 }

1;
