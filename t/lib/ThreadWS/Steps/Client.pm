package ThreadWS::Steps::Client;

# What clients send, and what they must receive.

use strict;
use warnings;

use ThreadWS::Client;

*JSON = \$ThreadWS::Dialogue::JSON;
*RETRYABLE = \%ThreadWS::Dialogue::RETRYABLE;
*bytes = \&ThreadWS::Dialogue::bytes;
*match = \&ThreadWS::Dialogue::match;
our ($JSON, %RETRYABLE);

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

sub do_get { $_[0]->http_request('GET', @_[1 .. $#_]) }
sub do_delete { $_[0]->http_request('DELETE', @_[1 .. $#_]) }

sub http_request {
    my ($self, $method, $target, @more) = @_;

    my $client = ThreadWS::Client->new($self->{loop}, plain => 1,
        port => $ENV{TEST_NGINX_SERVER_PORT});
    $self->named('', $client);

    $client->request("$method $target HTTP/1.1",
        [['', 'Connection', 'close'],
            map { /^([^:]+): ?(.*)/ ? ['', $1, $2] : () } @more]);
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

sub send_step {
    my ($self, $name, $verb, $rest, @more) = @_;

    if ($verb =~ /^(cork|uncork|slowly|pause|resume|drop|reset|shutdown)$/) {
        return $self->socket_step($self->client($name), $verb);
    }

    my $client = $self->client($name);

    if ($verb eq 'mute') {
        # pings are frames to be expected from now on
        $client->{autopong} = 0;
        return;
    }

    if ($verb eq 'pings') {
        $self->until(sub { ($client->{pings} // 0) >= $rest }, 'pings');
        return $self->expect(1);
    }

    # what goes together with the request cannot wait for its answer
    $self->opened($name) if !$client->{stream}{corked};

    if ($verb eq 'message') {
        my ($id, $content) = $rest =~ /^(\S+) (.*)/s or die "no content\n";
        $self->command($client, { type => 'message', requestId => $id,
            threadId => $client->{thread},
            content => $self->decoded($content) });

    } elsif ($verb eq 'cancel') {
        $self->command($client, { type => 'cancel', requestId => $rest });

    } elsif ($verb eq 'ping') {
        $self->command($client, { type => 'ping',
            $rest eq '' ? () : (t => $JSON->decode($rest)) });

    } elsif ($verb eq 'note') {
        # a message that goes out in parts
        $self->note($client, { type => 'message', requestId => $rest });

    } elsif ($verb eq 'text') {
        $client->frame('text', $self->text($rest));

    } elsif ($verb eq 'binary') {
        $client->frame('binary', pack 'H*', $rest =~ s/\s//gr);

    } elsif ($verb eq 'hex') {
        $client->bytes(pack 'H*', $rest =~ s/\s//gr);

    } elsif ($verb eq 'raw') {
        $client->bytes($self->text($rest));

    } elsif ($verb eq 'close') {
        my ($code, $reason) = split ' ', $rest, 2;
        $client->frame('close', defined $code
            ? pack('n', $code) . $self->text($reason // '') : '');

    } elsif ($verb eq 'frame') {
        my %options;
        while ($rest =~ s/^(\w+)=(\w+) ?//) {
            $options{$1} = $2;
        }
        $client->frame($options{type} // 'text', $self->text($rest), %options);

    } elsif ($verb =~ /^\{/) {
        my $text = $rest eq '' ? $verb : "$verb $rest";
        my $command = eval { $JSON->decode($text) };
        $self->note($client, $command) if $command;
        $client->frame('text', $text);

    } else {
        die "unknown: $verb\n";
    }
}

sub decoded {
    my ($self, $text) = @_;

    return $JSON->decode($text) if $text =~ /^".*"$/s;
    utf8::decode($text);
    return $text;
}

sub command {
    my ($self, $client, $command) = @_;
    $self->note($client, $command);
    $client->frame('text', $JSON->encode($command));
}

# What is sent now may be answered: all other events are wrong.  An id can be
# used again once its run has ended.

sub note {
    my ($self, $client, $command) = @_;

    return if ref $command ne 'HASH' || ($command->{type} // '') ne 'message';

    my $id = $command->{requestId};
    return if !defined $id || ref $id;

    my $run = $client->{runs}{$id};
    $client->{runs}{$id} = { text => '' } if !$run || $run->{ended};
}

sub socket_step {
    my ($self, $client, $verb) = @_;

    my $stream = $client->{stream};

    if ($verb eq 'cork')        { $stream->set(corked => 1) }
    elsif ($verb eq 'uncork')   { $stream->set(corked => 0) }
    elsif ($verb eq 'slowly')   { $client->{slowly} = 1 }
    elsif ($verb eq 'pause')    { $stream->set(paused => 1) }
    elsif ($verb eq 'resume')   { $stream->resume }
    elsif ($verb eq 'shutdown') { $stream->shutdown }
    elsif ($verb eq 'reset')    { $stream->reset }
    else                        { $stream->close }
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

sub receive_step {
    my ($self, $name, $skip, $verb, $rest, @more) = @_;

    if ($verb =~ /^(HTTP|header|no|body)$/) {
        return $self->http_step($self->client($name), $verb, $rest);
    }

    my $client = $self->opened($name);

    if ($verb =~ /^(close|eof|gone|text|binary|frame)$/) {
        return $self->frame_step($client, $verb, $rest);
    }

    if ($verb eq 'quiet') {
        my $t = 'quiet-' . ++$self->{barrier};
        $self->command($client, { type => 'ping', t => $t });
        my $event = $self->event($client);
        return $self->expect($event->{type} eq 'pong' && $event->{t} eq $t,
            $event);
    }

    if ($verb eq 'tokens') {
        my ($id, $text) = split ' ', $rest, 2;
        my $got = '';

        while (length $got < length $self->text($text)) {
            my $event = $self->event($client);
            die "got: " . $JSON->encode($event) . " after: $got\n"
                if $event->{type} ne 'token' || $event->{requestId} ne $id;
            $got .= bytes($event->{value});
        }

        return $self->expect($got eq $self->text($text), $got);
    }

    # one end or the other: what crossed is decided by who came first
    if ($verb eq 'ended') {
        $skip = 1;
        $verb = qr/^(?:final|cancelled)$/;
    }

    if ($verb eq 'answer') {
        $skip = 1;
        $verb = 'final';
    }

    my $event = $self->event($client);

    while ($skip && $event->{type} eq 'token' && $verb ne 'token') {
        $event = $self->event($client);
    }

    $self->expect($self->event_ok($event, $verb, $rest, @more), $event);
}

sub event_ok {
    my ($self, $event, $type, $rest, @more) = @_;

    return match($event, $JSON->decode($rest eq '' ? $type : "$type $rest"))
        if $type =~ /^\{/;

    if (ref $type) {
        return 0 if $event->{type} !~ $type;

    } elsif ($event->{type} ne $type) {
        return 0;
    }

    for my $line (@more) {
        my ($key, $value) = $line =~ /^(\w+): (.*)/s or die "bad: $line\n";
        my $got = $event->{$key};

        if ($value =~ m{^/}) {
            return 0 if !$self->same(bytes($got // ''), $value);
            next;
        }

        return 0 if !match($got, $JSON->decode($value));
    }

    if ($type eq 'pong') {
        return match($event, { type => 'pong',
            $rest eq '' ? () : (t => $JSON->decode($rest)) });
    }

    my ($id, $value) = split ' ', $rest, 2;

    if ($id eq '-') {
        return 0 if exists $event->{requestId};

    } elsif (($event->{requestId} // '') ne $id) {
        return 0;
    }

    return 1 if !defined $value || $value eq '';
    return $self->same($event->{code}, $value) if $type eq 'error';

    return $self->same(bytes($event->{$type eq 'token' ? 'value' : 'message'}),
        $value);
}

sub next_frame {
    my ($self, $client) = @_;

    $self->until(sub { @{ $client->{frames} } || $client->{stream}{eof} },
        'the next frame');

    return shift @{ $client->{frames} };
}

# The next event, held against all that is true of every event.

sub event {
    my ($self, $client) = @_;

    my $frame = $self->next_frame($client)
        or die "got: the end of the connection\n";

    die "got: close $frame->{code} $frame->{payload}\n"
        if $frame->{opcode} == 8;
    die "got: a frame with opcode $frame->{opcode}\n"
        if $frame->{opcode} != 1;

    my $event = eval { $JSON->decode($frame->{payload}) }
        or die "got no JSON: $frame->{payload}\n";

    my $wrong = $self->wrong($client, $event);
    die "$wrong: $frame->{payload}\n" if $wrong;

    return $event;
}

sub wrong {
    my ($self, $client, $event) = @_;

    my $type = $event->{type} // '';
    my $id = $event->{requestId};

    return undef if $type eq 'pong';

    if ($type eq 'error') {
        return 'no message' if !length($event->{message} // '');
        return 'unknown code' if !exists $RETRYABLE{ $event->{code} // '' };
        return 'retryable is no boolean'
            if !JSON::PP::is_bool($event->{retryable});
        return 'wrong retryable'
            if defined $RETRYABLE{ $event->{code} }
            && !!$event->{retryable} != !!$RETRYABLE{ $event->{code} };
        return undef if !defined $id;
    }

    return 'unknown type' if $type !~ /^(token|final|error|cancelled)$/;
    return 'no requestId' if !defined $id;

    my $run = $client->{runs}{$id} or return 'an event for no run';
    return 'an event after the end' if $run->{ended};

    if ($type eq 'token') {
        return 'no value' if !length($event->{value} // '');
        $run->{text} .= $event->{value};
        return undef;
    }

    $run->{ended} = $type;

    if ($type eq 'final') {
        return 'message is not what the tokens were'
            if $event->{message} ne $run->{text};
        return 'no latencyMs' if ($event->{latencyMs} // '') !~ /^\d+$/;
    }

    return undef;
}

sub frame_step {
    my ($self, $client, $verb, $rest) = @_;

    if ($verb eq 'eof') {
        $self->until(sub { $client->{stream}{eof} },
            'the end of the connection');
        my $left = shift @{ $client->{frames} };
        # over TLS an end without close_notify is a cut
        my $stream = $client->{stream};
        return $self->expect(!$left && !$stream->{cut} && !$stream->{reset},
            $left // ($stream->{cut} ? 'no close_notify' : 'a reset'));
    }

    # whatever comes before
    if ($verb eq 'gone') {
        $self->until(sub { $client->{stream}{eof} },
            'the end of the connection');
        return $self->expect(1);
    }

    my $frame = $self->next_frame($client) or die "got: the end\n";

    if ($verb eq 'close') {
        my ($code, $reason) = split ' ', $rest, 2;
        return $self->expect($frame->{opcode} == 8
            && $self->same($frame->{code}, $code) && (!defined $reason || $self->same($frame->{payload}, $reason)),
            $frame);
    }

    if ($verb eq 'frame') {
        my ($type, $payload) = split ' ', $rest, 2;
        return $self->expect(
            $frame->{opcode} == $ThreadWS::Client::OPCODE{$type}
            && $self->same($frame->{payload}, $payload // ''), $frame);
    }

    my $want = $verb eq 'text' ? $rest : '';
    $rest = pack 'H*', $rest =~ s/\s//gr if $verb eq 'binary';

    $self->expect($frame->{opcode} == $ThreadWS::Client::OPCODE{$verb}
        && ($verb eq 'text' ? $self->same($frame->{payload}, $want)
            : $frame->{payload} eq $rest), $frame);
}

sub http_step {
    my ($self, $client, $verb, $rest) = @_;

    $self->response($client);

    if ($verb eq 'HTTP') {
        $client->{open} = 1 if $rest eq '101' && $client->accepted;
        return $self->expect($self->same($client->{status}, $rest),
            $client->{status});
    }

    if ($verb eq 'body') {
        $self->until(sub { $client->complete || $client->{stream}{eof} },
            'the whole body');
        return $self->expect($self->same($client->content, $rest),
            $client->content);
    }

    my $no = $verb eq 'no';
    $rest =~ s/^header // if $no;

    my ($name, $value) = split /: */, $rest, 2;
    my $got = join ', ', @{ $client->{headers}{lc $name} || [] };

    return $self->expect($got eq '', $got) if $no;
    $self->expect(defined $value ? $self->same($got, $value) : $got ne '',
        $got);
}

1;
