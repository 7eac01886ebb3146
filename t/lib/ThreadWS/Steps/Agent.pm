package ThreadWS::Steps::Agent;

# What the mock agents do, and what they must have received.

use strict;
use warnings;

use ThreadWS::Agent;
use ThreadWS::Cases;
use ThreadWS::Strict;

*JSON = \$ThreadWS::Dialogue::JSON;
*bytes = \&ThreadWS::Dialogue::bytes;
*match = \&ThreadWS::Dialogue::match;
our $JSON;

sub agent_request {
    my ($self, $agent, $rest) = @_;

    my $number = $agent->{taken} // 0;
    $self->until(sub { @{ $agent->{requests} } > $number },
        'a request at the agent');

    $agent->{taken} = $number + 1;
    my $request = $agent->{current} = $agent->{requests}[$number];

    return if $rest eq '';
    $self->expect(match($request->json, $JSON->decode($rest), 1),
        $request->{body});
}

sub agent_auto {
    my ($self, $agent, $rest, @more) = @_;

    my @verbs = $rest eq '' ? ThreadWS::Dialogue::joined(@more) : ($rest);

    $agent->{auto} = sub {
        my ($request) = @_;

        for my $line (@verbs) {
            my ($verb, $rest) = split ' ', $line, 2;
            $rest //= '';
            $rest =~ s/\$content/bytes($request->content)/ge;
            $self->replies($request, $verb, $rest);
        }
    };
}

# refuses what the dialect's providers refuse, and answers the rest

sub agent_strict {
    my ($self, $agent, $rest) = @_;

    my ($dialect, $text) = split ' ', $rest, 2;
    my $end = $dialect eq 'openai' ? 'stop' : 'end_turn';
    my $body = join '', ThreadWS::Cases::event($dialect, '+', $text),
        ThreadWS::Cases::event($dialect, '.', $end),
        ThreadWS::Cases::event($dialect, '-', '');

    $agent->{auto} = sub {
        my ($request) = @_;

        my $why = ThreadWS::Strict::refused($dialect, $request->json);

        return $self->reply_reply($request, '400 application/json '
            . $JSON->encode({ error => { message => $why } })) if $why;

        $request->head(200, 'text/event-stream');
        $request->body($body);
        $request->end;
    };
}

sub agent_manual { delete $_[1]{auto} }

# request N of this test becomes the one that the following lines speak of

sub agent_select {
    my ($self, $agent, $number) = @_;
    $agent->{current} = $agent->{requests}[$number - 1]
        or die "there is no request $number\n";
}

sub agent_requests {
    my ($self, $agent, $number) = @_;

    $self->until(sub { @{ $agent->{requests} } >= $number },
        "$number requests at the agent");
    $self->expect(@{ $agent->{requests} } == $number,
        scalar @{ $agent->{requests} });
}

sub agent_connections {
    my ($self, $agent, $number) = @_;

    $self->until(sub { @{ $agent->{connections} } >= $number },
        "$number connections to the agent");
    $self->expect(@{ $agent->{connections} } == $number,
        scalar @{ $agent->{connections} });
}

sub agent_open {
    my ($self, $agent, $number) = @_;

    $self->until(sub { $agent->open_connections == $number },
        "$number open connections at the agent, there are "
        . $agent->open_connections);
    $self->expect(1);
}

sub agent_messages {
    my ($self, $agent, $rest) = @_;

    my $got = $agent->{current}->json->{messages};
    $self->expect(match($got, $JSON->decode($rest)), $got);
}

sub agent_line {
    my ($self, $agent, $rest) = @_;
    $self->expect($self->same($agent->{current}{line}, $rest),
        $agent->{current}{line});
}

sub agent_header {
    my ($self, $agent, $rest) = @_;

    my ($name, $value) = split /: */, $rest, 2;
    my $got = join ', ', @{ $agent->{current}{headers}{lc $name} || [] };
    $self->expect($self->same($got, $value), $got);
}

sub agent_no {
    my ($self, $agent, $rest) = @_;

    my ($name) = $rest =~ /^header (\S+)$/ or die "bad: $rest\n";
    my $got = $agent->{current}{headers}{lc $name};
    $self->expect(!$got, $got);
}

# the gateway has closed the current request's connection

sub agent_closed {
    my ($self, $agent) = @_;

    my $stream = $agent->{current}{stream};
    $self->until(sub { $stream->{eof} }, 'the gateway to close');
    $self->expect(1);
}

# what it writes is not taken any more: everything on the way is full

sub agent_blocked {
    my ($self, $agent) = @_;

    my $stream = $agent->{current}{stream};
    my $left = -1;

    $self->until(sub {
        my $before = $left;
        $left = length $stream->{out};
        return $left && $left == $before;
    }, 'the agent to be held back');
    $self->expect(1);
}

sub agent_alive {
    my ($self, $agent) = @_;
    $self->expect(!$agent->{current}{stream}{eof}, 'closed');
}

# What an agent writes to a request: reply_VERB.

sub replies {
    my ($self, $request, $verb, $rest, @more) = @_;

    my $method = $self->can("reply_$verb") or die "unknown: $verb\n";
    $self->$method($request, $rest, @more);
}

sub reply_head {
    my ($self, $request, $rest, @headers) = @_;

    my ($status, $type) = split ' ', $rest;
    $request->head($status, $type, @headers);
}

# a whole response with that body

sub reply_reply {
    my ($self, $request, $rest, @headers) = @_;

    my ($status, $type, $body) = split ' ', $rest, 3;
    $body = $self->text($body // '');

    $request->head($status, $type, 'Content-Length: ' . length $body,
        @headers);
    $request->wire($body);
    $request->close if !$request->{alive};
}

sub reply_delta  { $_[1]->delta($_[0]->decoded($_[2])) }
sub reply_choice { $_[1]->choice($JSON->decode($_[2])) }
sub reply_event  { $_[1]->event($_[0]->text($_[2])) }
sub reply_body   { $_[1]->body($_[0]->text($_[2])) }
sub reply_hex    { $_[1]->body(pack 'H*', $_[2]) }
sub reply_wire   { $_[1]->wire($_[0]->text($_[2])) }
sub reply_raw    { $_[1]->wire(pack 'H*', $_[2]) }
sub reply_finish { $_[1]->choice({}, finish => $_[2]) }
sub reply_usage  { $_[1]->usage(split ' ', $_[2]) }
sub reply_done   { $_[1]->event('[DONE]') }
sub reply_end    { $_[1]->end }
sub reply_answer { $_[1]->answer($_[0]->decoded($_[2])) }
sub reply_cork   { $_[1]{stream}->set(corked => 1) }
sub reply_uncork { $_[1]{stream}->set(corked => 0) }
sub reply_close  { $_[1]->close }
sub reply_reset  { $_[1]{stream}->reset }

# each byte a chunk of its own

sub reply_bytewise {
    my ($self, $request, $rest) = @_;
    $request->body($_) for split //, $self->text($rest);
}

sub reply_unframed { $_[1]{unframed} = 1 }
sub reply_old { @{ $_[1] }{qw(http11 alive)} = (0, 0) }

1;
