package ThreadWS::Chatter;

# A chat client that lives in the loop by itself and holds every event against
# what the protocol promises: a run ends once, no token follows its end, final
# is what its tokens made, runs are answered in order, nothing belongs to a run
# that was not asked for.  After a loss it comes back and asks again, as the
# real client does.

use strict;
use warnings;

use Cpanel::JSON::XS ();
use Time::HiRes qw(time);

use ThreadWS::Peer;

my $JSON = Cpanel::JSON::XS->new->utf8->canonical;

# port, thread, path, host, from; again: comes back after 1012 and SHUTTING_DOWN; more:
# called at each run's end with (chatter, run).

sub new {
    my ($class, $loop, %options) = @_;

    my $self = bless { loop => $loop, path => '/chat', faults => [],
        runs => {}, order => [], finals => 0, connections => 0, open => 0,
        errors => {},
        %options }, $class;

    $self->connect;

    return $self;
}

sub connect {
    my ($self) = @_;

    $self->{connections}++;
    delete @$self{qw(closed code ready)};

    my $peer = eval {
        ThreadWS::Peer->new($self->{loop}, $self->{port}, wait => 0,
            path => "$self->{path}?threadId=$self->{thread}",
            rcvbuf => $self->{rcvbuf}, headers => $self->{headers},
            map { $_ => $self->{$_} } grep { $self->{$_} } qw(host from));
    } or return $self->fault("cannot connect: $@");

    $self->{peer} = $peer;
    $peer->{stream}{read} = sub { $self->fed($peer) };

    # what was asked and not answered is asked again
    my @again = grep { !$_->{end} } map { $self->{runs}{$_} }
        @{ $self->{order} };
    $_->{text} = '' for @again;
    $self->post($_) for @again;
}

sub fault {
    my ($self, $what) = @_;
    push @{ $self->{faults} }, "$self->{thread}: $what";
    return;
}

sub message {
    my ($self, $id, $content) = @_;

    my $run = { id => $id, content => $content, text => '', began => time };

    $self->{runs}{$id} = $run;
    push @{ $self->{order} }, $id;
    $self->{open}++;
    $self->post($run);

    return $run;
}

# The same again, maybe after its end, which was on its way: a new run then.

sub repeat {
    my ($self, $id, $content) = @_;

    my $run = $self->{runs}{$id};

    $run->{repeats}++;
    push @{ $run->{others} }, $content if defined $content;
    $self->post({ %$run, content => $content // $run->{content} });
}

sub revive {
    my ($self, $run) = @_;

    $run->{repeats}--;
    delete $run->{end};
    $run->{text} = '';
    unshift @{ $self->{order} }, $run->{id};
    $self->{open}++;
}

sub post {
    my ($self, $run) = @_;

    $self->command({ type => 'message', requestId => $run->{id},
        threadId => $self->{thread}, content => $run->{content} });
}

sub cancel {
    my ($self, $id) = @_;
    $self->command({ type => 'cancel', requestId => $id });
}

sub command {
    my ($self, $command) = @_;

    my $peer = $self->{peer};
    my $bytes = $peer->encode(1, $JSON->encode($command));

    $self->{split} ? $self->{split}->($peer, $bytes) : $peer->send($bytes);
}

sub fed {
    my ($self, $peer) = @_;

    return if $peer != $self->{peer};

    if (!$self->{ready}) {
        $peer->upgraded or return $peer->{stream}{eof} && $self->lost;

        if ($peer->{status} != 101) {
            $self->{refused} = $peer->{status};
            $peer->drop;
            return $self->fault("refused: $peer->{status}")
                if !$self->{may_refuse};
            return;
        }

        $self->{ready} = 1;
    }

    while (my $frame = eval { $peer->take }) {
        $self->took($peer, $frame);
        return if $peer != $self->{peer};
    }

    $self->fault($@) if $@;
    $self->lost if $peer->{stream}{eof};
}

sub took {
    my ($self, $peer, $frame) = @_;

    if ($frame->{op} == 9) {
        $self->{pings}++;
        return $peer->frame(10, $frame->{payload});
    }

    if ($frame->{op} == 8) {
        $self->{code} = $frame->{code};
        $peer->frame(8, $frame->{payload});
        return;
    }

    return if $frame->{op} != 1;

    my $event = eval { $JSON->decode($frame->{payload}) }
        or return $self->fault("no JSON: $frame->{payload}");

    $self->{last} = time;
    $self->event($event);
}

sub event {
    my ($self, $event) = @_;

    my $type = $event->{type};
    my $id = $event->{requestId};

    if ($type eq 'pong') {
        push @{ $self->{pongs} }, $event->{t};
        return;
    }

    if (!defined $id) {
        $self->{errors}{$event->{code}}++;
        return $self->fault("$type without a run") if $type ne 'error';
        return;
    }

    my $run = $self->{runs}{$id}
        or return $self->fault("$type of an unknown run $id");

    if ($run->{end}) {
        return $self->fault("$type of $id, which has ended: $run->{end}{type}")
            if !$run->{repeats};
        $self->revive($run);
    }

    # a message refused is answered at once; all else keeps the order
    return $self->fault("$type of $id before the end of "
        . $self->{order}[0])
        if $self->{order}[0] ne $id && $type =~ /^(?:token|final)$/;

    if ($type eq 'token') {
        $run->{text} .= $event->{value};
        $run->{tokens}++;
        $self->{heard}->($self, $run) if $self->{heard};
        return;
    }

    if ($type eq 'error') {
        $self->{errors}{$event->{code}}++;

        # the run is asked for again where the next worker is
        return if $self->{again} && $event->{code} eq 'SHUTTING_DOWN';
    }

    $self->fault("final of $id is not what its tokens made")
        if $type eq 'final' && $event->{message} ne $run->{text};

    $run->{end} = $event;
    $self->{open}--;
    shift @{ $self->{order} }
        while @{ $self->{order} } && $self->{runs}{ $self->{order}[0] }{end};
    $self->{finals}++ if $type eq 'final';
    $self->{more}->($self, $run) if $self->{more};
}

# The connection is over.

sub lost {
    my ($self) = @_;

    return if $self->{closed}++;

    my $code = $self->{code} // 'none';

    if ($self->{again}) {
        return $self->connect if $code eq '1012' || $self->{leaves};
        return $self->fault("lost, close code $code");
    }
}

sub open_runs { $_[0]{open} }

sub close {
    my ($self) = @_;

    $self->{again} = 0;
    $self->{peer}->frame(8, pack 'n', 1000);
}

sub drop {
    my ($self) = @_;

    $self->{again} = 0;
    $self->{closed} = 1;
    $self->{peer}->drop;
}

1;
