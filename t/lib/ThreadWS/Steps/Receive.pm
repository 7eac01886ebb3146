package ThreadWS::Steps::Receive;

# What clients must receive next: "name< verb ...".  http_VERB looks at the
# response, frame_VERB at a frame or the end, told_VERB at events of several
# kinds; any other verb is the type of one event.

use strict;
use warnings;

use ThreadWS::Client;

*JSON = \$ThreadWS::Dialogue::JSON;
*RETRYABLE = \%ThreadWS::Dialogue::RETRYABLE;
*bytes = \&ThreadWS::Dialogue::bytes;
*match = \&ThreadWS::Dialogue::match;
our ($JSON, %RETRYABLE);

sub receives {
    my ($self, $name, $skip, $verb, $rest, @more) = @_;

    if (my $method = $self->can("http_$verb")) {
        my $client = $self->client($name);
        $self->response($client);
        return $self->$method($client, $rest);
    }

    my $client = $self->opened($name);

    for my $kind ('frame', 'told') {
        my $method = $self->can("${kind}_$verb") or next;
        return $self->$method($client, $rest, @more);
    }

    $self->one_event($client, $skip, $verb, $rest, @more);
}

sub one_event {
    my ($self, $client, $skip, $verb, $rest, @more) = @_;

    my $event = $self->event($client);

    while ($skip && $event->{type} eq 'token' && $verb ne 'token') {
        $event = $self->event($client);
    }

    $self->expect($self->is_wanted($event, $verb, $rest, @more), $event);
}

# a ping is answered before anything else comes

sub told_quiet {
    my ($self, $client) = @_;

    my $t = 'quiet-' . ++$self->{barrier};
    $self->command($client, { type => 'ping', t => $t });
    my $event = $self->event($client);
    $self->expect($event->{type} eq 'pong' && $event->{t} eq $t, $event);
}

# as many as make the text

sub told_tokens {
    my ($self, $client, $rest) = @_;

    my ($id, $text) = split ' ', $rest, 2;
    my $want = $self->text($text);
    my $got = '';

    while (length $got < length $want) {
        my $event = $self->event($client);

        die "got: " . $JSON->encode($event) . " after: $got\n"
            if $event->{type} ne 'token' || $event->{requestId} ne $id;

        $got .= bytes($event->{value});
    }

    $self->expect($got eq $want, $got);
}

# one end or the other: what crossed is decided by who came first

sub told_ended {
    my ($self, $client, @rest) = @_;
    $self->one_event($client, 1, qr/^(?:final|cancelled)$/, @rest);
}

# whatever the end is, it is printed, and what the log says of it

sub told_shown {
    my ($self, $client) = @_;

    my ($event, @tokens);

    while (1) {
        $event = $self->event($client);
        last if $event->{type} !~ /^(?:token|alive)$/;
        push @tokens, $event->{value} if $event->{type} eq 'token';
    }

    # what the log says of the run is written before this is answered
    $self->told_quiet($client);

    delete $event->{latencyMs};

    my @log = map { s/, (?:connection|client): .*//r }
        $self->logged =~ /\[(?:error|warn|info)\] \S+ \*\d+ (.*\b(?:agent|upstream)\b.*)/g;

    Test::More::diag(join "\n    ", "$self->{name}:", $JSON->encode($event),
        (@tokens ? $JSON->encode(\@tokens) : ()),
        grep { $_ ne 'agent asked' } @log);
}

sub told_answer {
    my ($self, $client, @rest) = @_;
    $self->one_event($client, 1, 'final', @rest);
}

sub is_wanted {
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
    $id //= '';

    if ($id eq '-') {
        return 0 if exists $event->{requestId};

    } elsif (($event->{requestId} // '') ne $id) {
        return 0;
    }

    return 1 if !defined $value || $value eq '';
    return $self->same($event->{code}, $value) if $type eq 'error';

    my %text = (token => 'value', following => 'content',
        message => 'content', idle => 'lastRequestId');

    return $self->same(bytes($event->{ $text{$type} // 'message' }), $value);
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

    $self->placed($client, $event, $frame) if $client->{sse};

    my $wrong = $self->wrong($client, $event);
    die "$wrong: $frame->{payload}\n" if $wrong;

    return $event;
}

sub wrong {
    my ($self, $client, $event) = @_;

    my $type = $event->{type} // '';
    my $id = $event->{requestId};

    return undef if $type eq 'pong';

    # from its answer on a client follows

    if ($type =~ /^(idle|following)$/) {
        return 'an answer to no follow' if !$client->{asked_follow};
        $client->{follows} = 1;
    }

    return undef if $type eq 'idle';

    if ($type eq 'error') {
        return 'no message' if !length($event->{message} // '');
        return 'unknown code' if !exists $RETRYABLE{ $event->{code} // '' };
        return 'retryable is no boolean'
            if !Cpanel::JSON::XS::is_bool($event->{retryable});
        return 'wrong retryable'
            if defined $RETRYABLE{ $event->{code} }
            && !!$event->{retryable} != !!$RETRYABLE{ $event->{code} };
        return undef if !defined $id;
    }

    my $part = $type =~ /^(?:reasoning|tool-\S+|source|data|reset)$/;

    return 'unknown type' if !$part && $type
        !~ /^(token|final|error|cancelled|alive|following|message)$/;
    return 'no requestId' if !defined $id;

    my $place = $event->{position};

    return $client->{follows} ? 'no position' : 'a position unasked'
        if defined $place xor $client->{follows};

    if ($type =~ /^(following|message)$/) {
        return 'no content' if !length($event->{content} // '');

        # what came before is not known, if it begins in the middle
        $client->{runs}{$id} = { text => '', late => $client->{after} }
            if !$client->{runs}{$id} || $client->{runs}{$id}{ended};
        $client->{after} = undef;
    }

    my $run = $client->{runs}{$id} or return 'an event for no run';
    return 'an event after the end' if $run->{ended};

    if (defined $place) {
        return 'a position that was before'
            if $place < ($run->{place} // 0);
        $run->{place} = $self->{places}{$id} = $place;
    }

    return undef if $type =~ /^(alive|following|message)$/;
    return $self->wrong_part($run, $event) if $part;

    if ($type eq 'token') {
        return 'no value' if !length($event->{value} // '');
        $run->{text} .= $event->{value};
        return undef;
    }

    $run->{ended} = $type;

    if ($type eq 'final') {
        return 'message is not what the tokens were'
            if $run->{late}
                ? $event->{message} !~ /\Q$run->{text}\E\z/
                : $event->{message} ne $run->{text};
        return 'no latencyMs' if ($event->{latencyMs} // '') !~ /^\d+$/;
    }

    return undef;
}

# Parts of an answer: a call begins before its input and its end, which is what
# the input was, and has one result at most.

sub wrong_part {
    my ($self, $run, $event) = @_;

    my $type = $event->{type};

    if ($type eq 'reset') {
        @$run{qw(text late)} = ('', 0);
        return undef;
    }

    return 'no value' if $type eq 'reasoning' && !length $event->{value};
    return 'no source' if $type eq 'source'
        && !length($event->{url} // $event->{title} // '');

    return undef if $type !~ /^tool-(.*)/;

    my $what = $1;
    my $id = $event->{toolCallId} // return 'no toolCallId';
    my $call = $run->{calls}{$id};

    if ($what eq 'call') {
        return 'a call twice' if $call;
        $run->{calls}{$id} = { input => '' };
        return undef;
    }

    # it may have begun before the place from which the client hears
    $call = $run->{calls}{$id} = { input => '', late => 1 }
        if !$call && ($run->{late} || $what eq 'result');

    return 'no call of that id' if !$call;

    if ($what eq 'input') {
        return 'input after its end' if $call->{ended};
        $call->{input} .= $event->{value};
        return undef;
    }

    return 'unknown type' if $what !~ /^(?:call-end|result)$/;
    return "$what twice" if $call->{$what}++;

    if ($what eq 'call-end') {
        $call->{ended} = 1;
        my $input = eval { $JSON->decode($call->{input}) } // $call->{input};
        return 'input is not what came before'
            if length $call->{input} && !$call->{late}
            && !match($event->{input}, $input);
    }

    return undef;
}

sub ended {
    my ($self, $client) = @_;

    $self->until(sub { $client->{stream}{eof} }, 'the end of the connection');
    return $client->{stream};
}

sub frame_eof {
    my ($self, $client) = @_;

    my $stream = $self->ended($client);
    my $left = shift @{ $client->{frames} };

    # over TLS an end without close_notify is a cut
    $self->expect(!$left && !$stream->{cut} && !$stream->{reset},
        $left // ($stream->{cut} ? 'no close_notify' : 'a reset'));
}

# whatever comes before

sub frame_gone {
    my ($self, $client) = @_;

    $self->ended($client);
    $self->expect(1);
}

sub frame_close {
    my ($self, $client, $rest) = @_;

    my ($code, $reason) = split ' ', $rest, 2;
    my $frame = $self->frame_of($client, 'close', $reason);

    $self->expect($self->same($frame->{code}, $code), $frame);
}

sub frame_text {
    my ($self, $client, $text) = @_;
    my $frame = $self->frame_of($client, 'text', $text);

    $client->{place} = $frame->{id} if defined $frame->{id};
    $self->expect(1, $frame);
}

sub frame_binary {
    my ($self, $client, $hex) = @_;

    my $frame = $self->frame_of($client, 'binary');
    $self->expect($frame->{payload} eq pack('H*', $hex =~ s/\s//gr), $frame);
}

sub frame_frame {
    my ($self, $client, $rest) = @_;

    my ($type, $payload) = split ' ', $rest, 2;
    $self->expect(1, $self->frame_of($client, $type, $payload // ''));
}

# The next frame, which must be of that type and with that payload, if one is
# given.

sub frame_of {
    my ($self, $client, $type, $payload) = @_;

    my $frame = $self->next_frame($client) or die "got: the end\n";

    die 'got: ' . $JSON->encode($frame) . "\n"
        if $frame->{opcode} != $ThreadWS::Client::OPCODE{$type}
        || (defined $payload && !$self->same($frame->{payload}, $payload));

    return $frame;
}

sub http_HTTP {
    my ($self, $client, $status) = @_;

    $client->{open} = 1 if $status eq '101' && $client->accepted;
    $self->expect($self->same($client->{status}, $status), $client->{status});
}

sub http_body {
    my ($self, $client, $text) = @_;

    $self->until(sub { $client->complete || $client->{stream}{eof} },
        'the whole body');
    $self->expect($self->same($client->content, $text), $client->content);
}

sub http_header {
    my ($self, $client, $rest) = @_;

    my ($name, $value) = split /: */, $rest, 2;
    my $got = join ', ', @{ $client->{headers}{lc $name} || [] };

    $self->expect(defined $value ? $self->same($got, $value) : $got ne '',
        $got);
}

sub http_no {
    my ($self, $client, $rest) = @_;

    my ($name) = $rest =~ /^header (\S+)$/ or die "bad: no $rest\n";
    my $got = join ', ', @{ $client->{headers}{lc $name} || [] };

    $self->expect($got eq '', $got);
}

1;
