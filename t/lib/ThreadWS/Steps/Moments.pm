package ThreadWS::Steps::Moments;

# "moments N VICTIM ...": so many times, under load, one of the victims (server,
# worker, postgres) is killed at a random moment and started again.  Then
#
#   - every run whose final a client saw is in the database, whole;
#   - none that was cancelled is;
#   - one that ended with an error, or with nothing at all, is sent again, is
#     answered, and is in the database once, with that answer;
#   - sequence numbers have no gap.

use strict;
use warnings;

use Test::More ();
use Time::HiRes qw(time);

use ThreadWS::Dialogue;
use ThreadWS::Proc qw(alive);

push @ThreadWS::Dialogue::ISA, __PACKAGE__;

our $Threads = 6;

sub do_moments {
    my ($self, $rest) = @_;

    my ($number, @victims) = split ' ', $rest;
    my %sum;

    for my $i (1 .. $number) {
        my $victim = $victims[$i % @victims];
        my $seen = eval { $self->moment($i, $victim) }
            or die "moment $i, $victim: $@";
        $sum{$_} += $seen->{$_} for keys %$seen;
    }

    Test::More::note(join ', ', map { "$_: $sum{$_}" } sort keys %sum);

    # otherwise it would have shown nothing
    $self->expect($sum{final} && $sum{cancelled} && $sum{again}, 'too little');
}

sub moment {
    my ($self, $i, $victim) = @_;

    my %runs;
    my @talks = map {
        { thread => "m$i-$_", runs => \%runs, n => 0 }
    } 1 .. $Threads;

    $self->open_talk($_) for @talks;
    $self->say($_) for @talks;

    my $end = time + 0.05 + rand 0.4;

    while (time < $end) {
        $self->{loop}->once(0.005);
        $self->listen($_, 1) for @talks;
    }

    $self->strike($victim);

    # what was under way comes to an end of some kind

    $self->until(sub {
        $self->listen($_, 0) for @talks;
        return !grep { $_->{active} && !$_->{client}{stream}{eof} } @talks;
    }, 'the ends');

    $self->recover($victim);

    my %stored = $self->stored("m$i-%");
    my %seen = (stored => 0, again => 0, final => 0, cancelled => 0);

    $self->again($_) for @talks;

    my %now = $self->stored("m$i-%");

    for my $key (sort keys %runs) {
        my $run = $runs{$key};
        my $row = delete $now{$key};

        if ($run->{cancelled}) {
            die "$key was cancelled and is stored\n" if $row;
            $seen{cancelled}++;
            next;
        }

        die "$key is not stored\n" if !$row;
        die "$key is not whole: $row->[1]\n"
            if $row->[0] ne $run->{content} || $row->[1] ne $run->{final};
        die "$key has changed\n"
            if $stored{$key} && $stored{$key}[1] ne $row->[1];

        $seen{stored}++ if $run->{again} && $stored{$key};
        $seen{again}++ if $run->{again};
        $seen{final}++;
    }

    die "stored, but never sent: @{[keys %now]}\n" if %now;

    my $gaps = $self->cluster->psql("SELECT count(*) FROM ("
        . "SELECT count(*) AS n, max(seq) AS m, max(last_seq) AS l FROM "
        . "thread_ws.runs JOIN thread_ws.threads USING (thread) "
        . "WHERE id LIKE 'm$i-%' GROUP BY thread) t WHERE n <> m OR m <> l");
    die "$gaps threads with gaps\n" if $gaps;

    return \%seen;
}

sub open_talk {
    my ($self, $talk) = @_;

    $talk->{client}{stream}->close if $talk->{client};
    $self->do_connect("talk /chat?threadId=$talk->{thread}");
    delete $self->{clients}{talk};

    my $client = $talk->{client} = $self->{opened}[-1];
    delete $talk->{active};

    $self->response($client);
    die "got: HTTP $client->{status}\n" if $client->{status} != 101;
}

sub say {
    my ($self, $talk, $id) = @_;

    $id //= 'r' . ++$talk->{n};

    my $run = $talk->{runs}{"$talk->{thread}/$id"}
        //= { content => "message $id of $talk->{thread}" };

    $talk->{active} = { id => $id, run => $run, text => '' };

    $talk->{client}->frame('text', qq({"type":"message","requestId":"$id",)
        . qq("threadId":"$talk->{thread}","content":"$run->{content}"}));
}

# takes what has come; says more if there is to be more

sub listen {
    my ($self, $talk, $more) = @_;

    while (my $frame = shift @{ $talk->{client}{frames} }) {
        next if $frame->{opcode} != 1;

        my $event = $ThreadWS::Dialogue::JSON->decode($frame->{payload});
        my $active = $talk->{active}
            or die "an event for nothing: $frame->{payload}\n";
        my $run = $active->{run};

        die "an event of another run: $frame->{payload}\n"
            if $event->{requestId} ne $active->{id};

        if ($event->{type} eq 'token') {
            $active->{text} .= $event->{value};

        # every fifth is cancelled, or nearly
            $talk->{client}->frame('text',
                qq({"type":"cancel","requestId":"$active->{id}"}))
                if $active->{id} =~ /[27]$/ && !$active->{asked}++;
            next;
        }

        die "final is not what its tokens were\n"
            if $event->{type} eq 'final'
            && $event->{message} ne $active->{text};
        die "this cannot be tried again: $frame->{payload}\n"
            if $event->{type} eq 'error' && !$event->{retryable};

        $run->{final} = $event->{message} if $event->{type} eq 'final';
        $run->{cancelled} = 1 if $event->{type} eq 'cancelled';

        delete $talk->{active};
        $self->say($talk) if $more;
    }
}

# what has no end but an error, or none: until it is answered

sub again {
    my ($self, $talk) = @_;

    my $end = time + $ThreadWS::Loop::Deadline;
    my @open = grep {
        my $run = $talk->{runs}{"$talk->{thread}/$_"};
        !defined $run->{final} && !$run->{cancelled};
    } map { "r$_" } 1 .. $talk->{n};

    for my $id (@open) {
        my $run = $talk->{runs}{"$talk->{thread}/$id"};
        $run->{again} = 1;

        # now it shall be answered
        local $talk->{n} = $talk->{n};

        until (defined $run->{final}) {
            die "$id is not answered\n" if time > $end;

            $self->open_talk($talk);
            $self->say($talk, $id);
            $talk->{active}{asked} = 1;

            $self->until(sub {
                $self->listen($talk, 0);
                return !$talk->{active} || $talk->{client}{stream}{eof};
            }, 'an answer');
        }
    }

    $talk->{client}{stream}->close;
}

sub stored {
    my ($self, $like) = @_;

    return map {
        my ($key, @texts) = @{ $ThreadWS::Dialogue::JSON->decode($_) };
        ($key => \@texts);
    } $self->cluster->psql("SELECT json_build_array(id || '/' "
        . "|| request_id, content, answer) FROM thread_ws.runs "
        . "JOIN thread_ws.threads USING (thread) WHERE id LIKE '$like'");
}

sub strike {
    my ($self, $victim) = @_;

    if ($victim eq 'postgres') {
        $self->at_end('postgres as it was', sub { $self->cluster->restore });
        $self->cluster->kill9;
        return;
    }

    my $master = $self->master;
    my @workers = $self->workers($master);

    if ($victim eq 'worker') {
        kill 'KILL', $workers[rand @workers];
        return;
    }

    kill 'KILL', $master, @workers;
    $self->soon(sub {
        !grep { alive($_) } $master, @workers
    }, 'the server to die');
}

sub recover {
    my ($self, $victim) = @_;

    $self->cluster->start if $victim eq 'postgres';
    $self->start_server if $victim eq 'server';
}

1;
