package ThreadWS::Steps::Mutations;

# "mutations N SEED": so many responses of agents, made of the project's own cases
# by chance, and sent in pieces by chance.  Each is of a connection of its own,
# some side by side.
#
#   - each run has one end, and after it a ping is answered;
#   - a connection beside them, whose one answer goes on through it all, hears
#     each word of it.

use strict;
use warnings;

use Test::More ();
use Time::HiRes qw(time);

use ThreadWS::Cases;
use ThreadWS::Chatter;
use ThreadWS::Dialogue;

push @ThreadWS::Dialogue::ISA, __PACKAGE__;

our $Together = 16;

my @words = ("\n", "\n\n", "\r", "\r\n", "\0", 'data: ', 'event: error', ':',
    '[DONE]', '{', '}', '[', ']', '"', '\\', '\ud83d', '\ude00', '1e999', 'null',
    '"error":', '"content":', "\xff", "\xe4\xbd", "\xef\xbb\xbf", '0', '-',
    '"stop"', 'x' x 5000);

sub do_mutations {
    my ($self, $rest) = @_;

    my ($n, $seed) = split ' ', $rest;
    my @cases = map { ThreadWS::Cases::of_file($_) } glob 't/cases/*.cases';

    srand $seed;

    my $state = { left => $n, number => 0, said => '', streams => {},
        count => {} };

    $self->{agents}{main}{auto} = sub { asked($state, $_[0]) };
    $state->{steady} = ThreadWS::Chatter->new($self->{loop}, path => '/openai',
        port => $ENV{TEST_NGINX_SERVER_PORT}, thread => 'steady');
    $state->{steady}->message('steady', 'steady');
    $self->until(sub { $state->{request} }, 'the steady request');
    $state->{request}->head(200, 'text/event-stream');

    my $last = time;

    while ($state->{left} || %{ $state->{streams} }) {

        while ($state->{left} && keys %{ $state->{streams} } < $Together) {
            $state->{left}--;
            $self->mutant($state, $cases[rand @cases], \@cases);
        }

        my $busy = 0;
        $busy += piece($_) for values %{ $state->{streams} };

        $self->{loop}->once($busy ? 0 : 0.02);
        $last = time if $self->mutants_ended($state);

        die "no end: " . told((values %{ $state->{streams} })[0]) . "\n"
            if time - $last > $ThreadWS::Loop::Deadline;
    }

    $state->{request}->choice({}, finish => 'stop');
    $state->{request}->event('[DONE]');
    $state->{request}->end;

    my $steady = $state->{steady};
    $self->until(sub { !$steady->open_runs || $steady->{closed} },
        'the steady end');

    my $end = $steady->{runs}{steady}{end};
    my @wrong = @{ $steady->{faults} };
    push @wrong, 'the steady answer is not whole'
        if ($end->{type} // '') ne 'final'
        || $end->{message} ne $state->{said};
    $steady->drop;

    Test::More::note(join ', ', "seed $seed", map { "$_: $state->{count}{$_}" }
        sort keys %{ $state->{count} });
    $self->expect(!@wrong, "@wrong");
}

sub mutant {
    my ($self, $state, $case, $cases) = @_;

    my $k = ++$state->{number};
    my $bytes = mutated($case, $cases);

    my $stream = $state->{streams}{$k} = { number => $k, bytes => $bytes,
        name => "$case->{dialect}: $case->{name}", pieces => [pieces($bytes)],
        end => rand() < 0.1 ? 'reset' : 'close' };

    $stream->{chatter} = ThreadWS::Chatter->new($self->{loop},
        port => $ENV{TEST_NGINX_SERVER_PORT}, thread => "m$k",
        path => "/$case->{dialect}",
        more => sub { $_[0]->command({ type => 'ping', t => "after" }) });
    $stream->{chatter}->message('r', "mutant $k");
}

# the agent's side: a request is known by its words

sub asked {
    my ($state, $request) = @_;

    my ($k) = $request->{body} =~ /mutant (\d+)/
        or return $state->{request} = $request;
    $state->{streams}{$k}{request} = $request;
}

# the next piece, or the end of the connection: false if there is nothing to do

sub piece {
    my ($stream) = @_;

    my $out = $stream->{request} && $stream->{request}{stream} or return 0;
    return 0 if $out->{eof};

    if (@{ $stream->{pieces} }) {
        $out->write(shift @{ $stream->{pieces} });
        return 1;
    }

    return 0 if length $out->{out};

    my $end = $stream->{end};
    $out->$end;
    return 1;
}

# Those that have had their end and the answer to the ping after it.

sub mutants_ended {
    my ($self, $state) = @_;

    my $n = 0;

    for my $k (keys %{ $state->{streams} }) {
        my $stream = $state->{streams}{$k};
        my $chatter = $stream->{chatter};

        die "@{ $chatter->{faults} }: " . told($stream) . "\n"
            if @{ $chatter->{faults} };
        die 'the connection ended: ' . told($stream) . "\n"
            if $chatter->{closed};

        next if !@{ $chatter->{pongs} // [] };

        my $end = $chatter->{runs}{r}{end};
        $state->{count}{ $end->{code} // $end->{type} }++;

        $chatter->drop;
        $stream->{request}{stream}->close;
        delete $state->{streams}{$k};

        $state->{request}->delta("$k ");
        $state->{said} .= "$k ";
        $n++;
    }

    return $n;
}

sub told {
    my ($stream) = @_;
    return "$stream->{number}, of $stream->{name}, $stream->{end}: "
        . ($stream->{bytes} =~ s/([^ -~])/sprintf '<%02x>', ord $1/ger);
}

sub pieces {
    my ($bytes) = @_;

    my $most = (1, 8, 64, 1024, 100_000)[rand 5];
    my @pieces;

    # a byte at a time for no more than would take long
    while (length $bytes) {
        my $len = @pieces < 200 ? 1 + int rand $most : length $bytes;
        push @pieces, substr $bytes, 0, $len, '';
    }

    return @pieces;
}

# Mostly of the body: a head that is none says little of what comes after.

sub mutated {
    my ($case, $cases) = @_;

    my ($head, $body) = $case->{bytes} =~ /^(.*?\r\n\r\n)(.*)/s;
    my $times = (0, 0, 1, 1, 1, 2, 4)[rand 7];

    for (1 .. $times) {
        if (rand() < 0.1) {
            changed(\$head, '');
        } else {
            changed(\$body, $cases->[rand @$cases]{body});
        }
    }

    return $head . $body;
}

sub changed {
    my ($bytes, $other) = @_;

    my $len = length $$bytes;
    my $at = int rand($len + 1);
    my $some = int rand(1 + ($len - $at < 40 ? $len - $at : 40));
    my $what = int rand 7;

    if ($what == 0 && $at < $len) {
        substr $$bytes, $at, 1, chr rand 256;

    } elsif ($what == 1) {
        substr $$bytes, $at, $some, '';

    } elsif ($what == 2) {
        substr $$bytes, $at, 0, substr $$bytes, $at, $some;

    } elsif ($what == 3) {
        substr $$bytes, $at, 0, $words[rand @words];

    } elsif ($what == 4) {
        substr $$bytes, $at, $len, '';

    } elsif ($what == 5) {
        substr $$bytes, $at, 0, substr $other, rand length $other;

    } else {
        my @lines = split /(?<=\n)/, $$bytes;
        return if @lines < 2;
        my ($i, $j) = map { int rand @lines } 1, 2;
        @lines[$i, $j] = @lines[$j, $i];
        $$bytes = join '', @lines;
    }
}

1;
