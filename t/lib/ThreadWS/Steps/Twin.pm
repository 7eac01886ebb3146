package ThreadWS::Steps::Twin;

# Clients without a WebSocket: a POST or a GET whose response is SSE, of which the
# events are taken by the same steps as a WebSocket's.

use strict;
use warnings;

use ThreadWS::Client;
use ThreadWS::Twin2;

*JSON = \$ThreadWS::Dialogue::JSON;
our $JSON;

sub do_post {
    my ($self, $rest, @more) = @_;

    my $client = $self->twin('POST', $rest,
        ['', 'Content-Type', 'application/json'], @more);

    my $body = join '', map { /^= ?(.*)/s ? $1 : () } @more;
    my $message = eval { $JSON->decode($body) };

    $client->{runs}{ $message->{requestId} } //= { text => '',
        late => $client->{after} }
        if ref $message eq 'HASH' && defined $message->{requestId};
}

sub do_hear {
    my ($self, $rest, @more) = @_;
    $self->twin('GET', $rest, @more)->{asked_follow} = 1;
}

# below: headers, "-Name" without one, "+Name: value" one more, "= body", which may
# have several lines

sub twin {
    my ($self, $method, $rest, @more) = @_;

    my %options = (port => $ENV{TEST_NGINX_SERVER_PORT}, name => '');
    my $target = $self->{target} // '/chat?threadId=t1';

    for my $word (split ' ', $rest) {
        if ($word =~ m{^/})      { $target = $word }
        elsif ($word eq 'tls')   { $options{tls} = 1 }
        elsif ($word eq 'narrow') { $options{rcvbuf} = 4096 }
        elsif ($word eq 'http2') { $options{http2} = 1 }
        else                     { $options{name} = $word }
    }

    $options{port} = $ENV{TEST_NGINX_NARROW_PORT} if $options{rcvbuf};
    $options{port} = $ENV{TEST_NGINX_TLS_PORT} if $options{tls};

    # a server of the test's own
    $options{port} = $ENV{TEST_NGINX_PROXIED_PORT} if $options{http2};

    my $class = $options{http2} ? 'ThreadWS::Twin2' : 'ThreadWS::Client';
    my $client = $class->new($self->{loop}, plain => 1, sse => 1,
        follows => 1, events => '', body => '', runs => {}, %options);
    $self->named($options{name}, $client);

    my ($body, @headers);

    for my $line (@more) {
        if (ref $line) {
            push @headers, $line;

        } elsif ($line =~ /^= ?(.*)/s) {
            $body = ($body // '') . $1;

        } elsif ($line =~ /^([-+]?)([^:]+):? ?(.*)/) {
            my ($op, $name, $value) = ($1, $2, $self->text($3));
            push @headers, [$op, $name, $value];

            if (lc $name eq 'last-event-id') {
                $client->{after} = $value =~ /^[1-9]/;
                $client->{asked_follow} = 1;
            }
        }
    }

    unshift @headers, ['', 'Content-Length', length $body] if defined $body
        && !grep { $_->[1] =~ /^(?:Content-Length|Transfer-Encoding)$/ } @headers;

    $client->request("$method $target HTTP/1.1", \@headers, $body);
    return $client;
}

# An event's id is its position, and where several runs are heard their names.

sub placed {
    my ($self, $client, $event, $frame) = @_;

    my $id = $frame->{id} // return;
    my ($place, $run) = $id =~ /^(\d+)(?: (.+))?$/ or die "no place: $id\n";

    die "a position in the event, too\n" if exists $event->{position};
    die "of $run: $frame->{payload}\n"
        if defined $run && $run ne ($event->{requestId} // '');

    $event->{position} = 0 + $place;
    $client->{place} = $id;
}

# HTTP/2: gives no room for more, or again; ends the request alone

sub socket_hold {
    my ($self, $client, $rest) = @_;

    $client->{stingy} = $rest ne 'off';
    $client->more if !$client->{stingy};
}

sub socket_rst { $_[1]->rst }

# whole, with nothing else before its end; cut, whatever came before

sub frame_whole {
    my ($self, $client) = @_;

    $self->until(sub { $client->{ends} || $client->{stream}{eof} },
        'the end of the body');

    my $left = shift @{ $client->{frames} };
    $self->expect(!$left && $client->{ends}, $left // 'cut');
}

sub frame_broken {
    my ($self, $client) = @_;

    $self->ended($client);
    $self->expect(!$client->{ends});
}

sub frame_retry {
    my ($self, $client) = @_;

    $self->until(sub { defined $client->{retry} }, 'a time to retry');
    $self->expect($client->{retry} =~ /^\d+$/);
}

1;
