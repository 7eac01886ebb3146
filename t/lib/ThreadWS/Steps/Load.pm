package ThreadWS::Steps::Load;

# Many runs of all kinds, counted by who asked for them:
#
#   mixed RUNS CONNECTIONS    so many runs over so many connections; in their
#                             middle the server is reloaded
#   counted                   the metrics say what was counted, exactly
#
# What a run comes to is in its words, which the mock agent reads: "answer",
# "hang" (cancelled after its first token), "leave" (the connection is closed
# after it, and comes back) and "fail".

use strict;
use warnings;

use ThreadWS::Client;

*JSON = \$ThreadWS::Dialogue::JSON;
our $JSON;

my @KINDS = qw(answer answer hang answer fail answer leave answer garbage
    answer);

sub do_mixed {
    my ($self, $rest) = @_;

    my ($runs, $connections) = split ' ', $rest;

    $self->{count} = { map { $_ => 0 } qw(connections reconnections completed
        cancelled failed disconnected garbage leaving tokens first) };
    $self->{left} = $runs;
    $self->{begun} = 0;

    $self->{agents}{main}{auto} = \&load_answer;

    my @all = map { { thread => "t$_" } } 1 .. $connections;
    $self->enter($_) for @all;

    my $reload = int($runs / 2);

    while (grep { !$_->{done} } @all) {
        $self->{loop}->once($ThreadWS::Loop::Deadline)
            or die "nothing moves: $self->{begun} begun\n";

        $self->advance($_) for grep { !$_->{done} } @all;

        if ($reload && $self->{begun} >= $reload) {
            $reload = 0;
            $self->do_reload('');
        }
    }

    $self->expect(1);
}

sub load_answer {
    my ($request) = @_;

    my $kind = $request->content;

    if ($kind eq 'fail') {
        $request->head(429, 'application/json', 'Content-Length: 2');
        $request->wire('{}');
        return;
    }

    $request->head(200, 'text/event-stream');
    $request->delta('one ');
    return if $kind ne 'answer';

    $request->delta('two');
    $request->event('[DONE]');
    $request->end;
}

sub enter {
    my ($self, $peer) = @_;

    my $client = $peer->{client} = ThreadWS::Client->new($self->{loop},
        port => $ENV{TEST_NGINX_SERVER_PORT});

    push @{ $self->{opened} }, $client if !$peer->{entered};

    $client->request("GET /chat?threadId=$peer->{thread} HTTP/1.1", []);

    $self->{count}{connections}++;
    $self->{count}{reconnections}++ if $peer->{entered}++;
    $peer->{idle} = 1;
}

# Whatever came, and what is to be done after it.

sub advance {
    my ($self, $peer) = @_;

    my $client = $peer->{client};

    while (my $frame = shift @{ $client->{frames} }) {
        if ($frame->{opcode} == 8) {
            $peer->{closed} = $frame->{code};
            $client->frame('close', pack 'n', $frame->{code})
                if !$peer->{closing};
            next;
        }

        $self->take($peer, $JSON->decode($frame->{payload}));
    }

    # all of the old connection is over before the new one begins

    if ($client->{stream}{eof}) {
        my $closed = delete $peer->{closed} // 'nothing';

        if ($peer->{closing}) {
            $self->{count}{ $peer->{closing} }++;
            $peer->{done} = 1 if $peer->{closing} eq 'gone';
            delete $peer->{kind};

        } elsif ($closed != 1012) {
            die "closed with $closed\n";
        }

        delete $peer->{closing};
        $client->{stream}->close;
        $self->enter($peer) if !$peer->{done};
        return;
    }

    return if !$peer->{idle} || ($client->{status} // 0) != 101
        || $peer->{closed};

    $self->next_run($peer);
}

sub next_run {
    my ($self, $peer) = @_;

    # one that the server did not take is said again

    if (!$peer->{kind}) {
        if ($self->{left} == 0) {
            $peer->{client}->frame('close', pack 'n', 1000);
            $peer->{closing} = 'gone';
            $peer->{idle} = 0;
            return;
        }

        $peer->{kind} = $KINDS[$self->{begun} % @KINDS];
        $peer->{id} = 'm' . $self->{begun}++;
        $self->{left}-- if $peer->{kind} ne 'garbage';
    }

    $peer->{idle} = 0;

    if ($peer->{kind} eq 'garbage') {
        $peer->{client}->frame('text', '{');
        return;
    }

    $peer->{client}->frame('text', $JSON->encode({ type => 'message',
        requestId => $peer->{id}, threadId => $peer->{thread},
        content => $peer->{kind} }));
}

sub take {
    my ($self, $peer, $event) = @_;

    my $count = $self->{count};
    my $type = $event->{type};
    my $kind = $peer->{kind} // 'none';
    my $code = $event->{code} // '';

    die "unexpected: " . $JSON->encode($event) . "\n"
        if ($event->{requestId} // $peer->{id}) ne $peer->{id};

    if ($type eq 'token') {
        $count->{first}++ if $event->{value} =~ /^one/;
        $count->{tokens} += () = $event->{value} =~ /one|two/g;

        if ($kind eq 'hang') {
            $peer->{client}->frame('text', $JSON->encode({ type => 'cancel',
                requestId => $peer->{id} }));

        } elsif ($kind eq 'leave') {
            $peer->{client}->frame('close', pack 'n', 4000);
            $peer->{closing} = 'disconnected';
        }

        return;
    }

    if ($code eq 'SHUTTING_DOWN') {
        $count->{leaving}++;
        $peer->{idle} = 1;
        $peer->{closed} = 1012;
        return;
    }

    my $what = $type eq 'final' ? 'completed' : $type eq 'cancelled' ? $type
        : $code eq 'INVALID_JSON' ? 'garbage'
        : $code eq 'UPSTREAM_RATE_LIMITED' ? 'failed'
        : die "unexpected: " . $JSON->encode($event) . "\n";

    $count->{$what}++;
    $peer->{idle} = 1;
    delete $peer->{kind};
}

sub do_counted {
    my ($self) = @_;

    my $count = $self->{count};
    my $run = 'thread_ws_runs_total{outcome=';
    my $agent = '{gen_ai_operation_name="chat",gen_ai_provider_name="openai"}';

    my %want = (
        'thread_ws_connections' => 0,
        'thread_ws_active_runs' => 0,
        'thread_ws_connections_total' => $count->{connections},
        'thread_ws_connection_duration_seconds_count' =>
            $count->{connections},
        'thread_ws_reconnections_total' => $count->{reconnections},
        'thread_ws_messages_total' => $count->{completed}
            + $count->{cancelled} + $count->{failed} + $count->{disconnected},
        "$run\"completed\",code=\"\"}" => $count->{completed},
        "$run\"cancelled\",code=\"\"}" => $count->{cancelled},
        "$run\"disconnected\",code=\"\"}" => $count->{disconnected},
        "$run\"failed\",code=\"UPSTREAM_RATE_LIMITED\"}" => $count->{failed},
        'thread_ws_rejected_total{code="INVALID_JSON"}' => $count->{garbage},
        'thread_ws_rejected_total{code="SHUTTING_DOWN"}' => $count->{leaving},
        'thread_ws_cancel_duration_seconds_count' => $count->{cancelled},
        'thread_ws_tokens_total' => $count->{tokens},
        "gen_ai_server_time_to_first_token_seconds_count$agent" =>
            $count->{first},
        "gen_ai_client_operation_duration_seconds_count$agent" =>
            $count->{completed},
    );

    Test::More::note(join ', ', map { "$count->{$_} $_" } sort keys %$count);

    $self->do_metric("thread_ws_connections 0");

    my %got = $self->metrics;
    my @wrong = map { "$_ is $got{$_}, not $want{$_}\n" }
        grep { $got{$_} != $want{$_} } sort keys %want;

    $self->expect(!@wrong, join '', @wrong);
}

1;
