package ThreadWS::Steps::Observe;

# What is said of connections and runs, by whom it is said:
#
#   event NAME {…}            the event log has such a line
#   events ID NAME …          all events of that request id, in order
#   events - N                waits until there are so many lines, all of them
#                             whole
#   metric NAME[{…}] N        the status page's value, once it is that
#   metrics valid             the page passes promtool
#   collect [reject N]        the collector takes spans from now on
#   span NAME {…}             such a span came; its attributes as members, with
#                             events, error, kind and parent (another's name)
#   spans N                   so many have come, and no more
#   traceparent               the current request's header is the id of the run
#                             whose requestId it asks for

use strict;
use warnings;

use B ();
use Time::HiRes qw(time);

use ThreadWS::Client;
use ThreadWS::Command;
use ThreadWS::Otlp;

*JSON = \$ThreadWS::Dialogue::JSON;
*match = \&ThreadWS::Dialogue::match;
our $JSON;

my @MEMBERS = qw(time event connectionId requestId threadId user traceId client
    awayMs closeCode durationMs runs messages tokens inputTokens outputTokens
    bytesIn bytesOut bytes waiting code firstTokenMs latencyMs status
    finishReason replayed cancelMs retryable parameters
    metadata);

# Every line is an object of known members; the last one may be half there.

sub event_lines {
    my ($self) = @_;

    open my $in, '<', "$self->{root}/logs/events.log" or return;

    my @events;
    my %known = map { $_ => 1 } @MEMBERS;

    while (my $line = <$in>) {
        last if $line !~ /\n\z/;

        my $event = eval { $JSON->decode($line) }
            or die "no JSON in the event log: $line\n";

        my ($unknown) = grep { !$known{$_} } keys %$event;
        die "unknown member: $line\n" if $unknown;
        die "no time: $line\n" if ($event->{time} // '')
            !~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ$/;
        die "no connection: $line\n" if $event->{event} ne 'thread_evicted'
            && ($event->{connectionId} // '') !~ /^[0-9a-f]{32}$/;

        push @events, $event;
    }

    return @events;
}

sub wait_for {
    my ($self, $what, $condition) = @_;

    my $end = time + $ThreadWS::Loop::Deadline;
    my $result;

    while (!($result = $condition->())) {
        die "waited in vain for $what\n" if time > $end;
        $self->{loop}->once(0.02);
    }

    return $result;
}

# The event log, which is written each second, comes to what the load counted.

sub logged_as_counted {
    my ($self) = @_;

    my %want = %{ $self->{count} };
    $want{closed} = $want{connections};

    my @kinds = qw(completed cancelled failed disconnected closed);
    my %n;

    $self->wait_for('all lines', sub {
        %n = map { $_ => 0 } @kinds;
        $n{ $_->{event} }++ for $self->event_lines;
        return !grep { $n{$_} < $want{$_} } @kinds;
    });

    return !grep { $n{$_} != $want{$_} } @kinds;
}

sub do_event {
    my ($self, $rest) = @_;

    my ($name, $more) = split ' ', $rest, 2;
    my $want = { event => $name, %{ $more ? $JSON->decode($more) : {} } };

    $self->wait_for("event $rest", sub {
        grep { match($_, $want, 1) } $self->event_lines;
    });
    $self->expect(1);
}

sub do_events {
    my ($self, $rest) = @_;

    my ($id, @names) = split ' ', $rest;

    if ($id eq '-') {
        $self->wait_for("$names[0] events", sub {
            $self->event_lines >= $names[0];
        });
        return $self->expect($self->event_lines == $names[0]);
    }

    my @got;

    $self->wait_for("events of $id", sub {
        @got = map { $_->{event} }
            grep { ($_->{requestId} // '') eq $id } $self->event_lines;
        return @got >= @names;
    });

    $self->expect("@got" eq "@names", "@got");
}

sub page {
    my ($self, $target) = @_;

    my $client = ThreadWS::Client->new($self->{loop}, plain => 1,
        port => $ENV{TEST_NGINX_SERVER_PORT});

    $client->request("GET $target HTTP/1.1", [['', 'Connection', 'close']]);
    $self->until(sub { $client->{stream}{eof} }, $target);

    die "$target: $client->{status}\n" if $client->{status} != 200;
    return $client->content;
}

sub metrics {
    my ($self) = @_;

    return map { /^([^#].*) (\S+)$/ ? ($1 => $2) : () }
        split /\n/, $self->page('/status');
}

# A value that has gone beyond the wanted one will not come back to it.

sub do_metric {
    my ($self, $rest) = @_;

    my ($name, $want) = $rest =~ /^(\S.*) (\S+)$/ or die "bad: $rest\n";
    my $got;

    eval {
        $self->wait_for($name, sub {
            my %metrics = $self->metrics;
            $got = $metrics{$name} // die "no $name\n";

            return $want =~ m{^/(.*)/$} ? $got =~ /$1/ : $got == $want;
        });
    } or die $@ . 'got: ' . ($got // 'nothing') . "\n";

    $self->expect(1);
}

sub do_metrics {
    my ($self, $rest) = @_;

    die "unknown: metrics $rest\n" if $rest ne 'valid';

    my $page = "$self->{root}/logs/page";

    open my $out, '>', $page or die "$page: $!\n";
    print $out $self->page('/status');
    close $out or die "$page: $!\n";

    my $said = ThreadWS::Command::said({ both => 1, child => sub {
        open STDIN, '<', $page;
    } }, qw(promtool check metrics));

    $self->expect(!$? && $said eq '', $said);
}

sub do_collect {
    my ($self, $rest) = @_;

    my ($rejected) = $rest =~ /^reject (\d+)$/;
    my $collector = $self->{agents}{otlp};

    $self->{spans} //= [];
    my $began = $self->{began} //= time;

    # a test before may have left some on their way

    my $take = sub {
        my ($request) = @_;

        push @{ $self->{spans} },
            grep { $_->{startTimeUnixNano} / 1e9 >= $began }
            ThreadWS::Otlp::spans($request);

        $self->replies($request, 'reply', '200 application/json '
            . ($rejected ? '{"partialSuccess":{"rejectedSpans":"'
                . $rejected . '","errorMessage":"no"}}' : '{}'));
    };

    # what came before it listened

    for my $request (@{ $collector->{requests} }[($collector->{taken} // 0)
        .. $#{ $collector->{requests} }])
    {
        $take->($request);
    }

    $collector->{taken} = @{ $collector->{requests} };
    $collector->{auto} = $take;
}

sub do_spans {
    my ($self, $number) = @_;

    $self->until(sub { @{ $self->{spans} } >= $number }, "$number spans");
    $self->expect(@{ $self->{spans} } == $number, scalar @{ $self->{spans} });

    my %ids;
    for my $span (@{ $self->{spans} }) {
        die "two spans with an id\n" if $ids{ $span->{spanId} }++;
    }
}

sub flat {
    my ($self, $span) = @_;

    my ($parent) = grep { $_->{spanId} eq ($span->{parentSpanId} // '')
        && $_->{traceId} eq $span->{traceId} } @{ $self->{spans} };

    return {
        ThreadWS::Otlp::plain($span->{attributes}), kind => $span->{kind},
        events => join(' ', map { $_->{name} } @{ $span->{events} }),
        error => $span->{status} ? $span->{status}{code} : 0,
        parent => $parent ? $parent->{name} : $span->{parentSpanId} // '',
        traceId => $span->{traceId},
    };
}

sub do_span {
    my ($self, $rest) = @_;

    my ($name, $more) = $rest =~ /^(.*?) (\{.*\})$/ or die "bad: $rest\n";
    my $want = $JSON->decode($more);

    eval {
        $self->until(sub {
            grep { $_->{name} eq $name && match($self->flat($_), $want, 1) }
                @{ $self->{spans} };
        }, "span $name");
        1;
    } or die $@, map { 'got: ' . $JSON->encode($self->flat($_)) . "\n" }
        @{ $self->{spans} };

    $self->expect(1);
}

# The agent's parent is the run's span.

sub do_traceparent {
    my ($self, $id) = @_;

    my $request = $self->{agents}{main}{current};
    my $got = $request->{headers}{traceparent}[0] // '';

    $self->until(sub {
        grep { my %has = ThreadWS::Otlp::plain($_->{attributes});
            ($has{'thread_ws.request.id'} // '') eq $id
                && $got eq "00-$_->{traceId}-$_->{spanId}-01" }
            @{ $self->{spans} };
    }, "the span of $got");
    $self->expect(1);
}

1;
