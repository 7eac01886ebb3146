package ThreadWS::Steps::Replacements;

# "replacements N SEED PATH …": so many steps by chance on one thread, through the
# endpoints of these paths by turns: messages, others that replace a run of the
# history by the same content or another, some that fail, are cancelled, or
# replace what is not there, and two at once that replace the same.  A model says
# what each prompt and the history must be; both are held against it.

use strict;
use warnings;

use IO::Socket::INET;
use Cpanel::JSON::XS ();
use Test::More ();

use ThreadWS::Chatter;
use ThreadWS::Dialogue;

push @ThreadWS::Dialogue::ISA, __PACKAGE__;

my $JSON = Cpanel::JSON::XS->new->utf8->canonical;

sub do_replacements {
    my ($self, $rest) = @_;

    my ($n, $seed, @paths) = split ' ', $rest;

    srand $seed;
    Test::More::note("seed $seed");

    my $m = { runs => [], said => 0, stored => 0, asked => {}, counts => {},
        paths => [@paths], thread => "m$seed" };

    $self->{agents}{main}{auto} = sub { asked_for($m, $_[0]) };
    $m->{chatters} = [map { ThreadWS::Chatter->new($self->{loop}, path => $_,
        port => $ENV{TEST_NGINX_SERVER_PORT}, thread => $m->{thread}) } @paths];
    $self->until(sub { !grep { !$_->{ready} } @{ $m->{chatters} } },
        'the handshakes');

    for my $step (1 .. $n) {
        eval { $self->replacement_step($m); 1 }
            or die "step $step of seed $seed: $@";
    }

    my @faults = map { @{ $_->{faults} } } @{ $m->{chatters} };
    $_->drop for @{ $m->{chatters} };

    Test::More::note(join ', ', map { "$_: $m->{counts}{$_}" }
        sort keys %{ $m->{counts} });
    $self->{replacements} = $m;
    $self->expect(!@faults, "@faults");
}

sub replacement_step {
    my ($self, $m) = @_;

    my $what = int rand 10;
    my @runs = @{ $m->{runs} };

    $what = 0 if !@runs;

    if ($what < 3) {
        $self->said_alone($m, undef, 'answer');

    } elsif ($what < 6) {
        $self->said_alone($m, int rand @runs, 'answer');

    } elsif ($what == 6) {
        $self->said_alone($m, rand() < 0.5 ? undef : int rand @runs, 'fail');

    } elsif ($what == 7) {
        $self->said_alone($m, rand() < 0.5 ? undef : int rand @runs, 'cancel');

    } elsif ($what == 8) {
        $self->said_of_none($m);

    } else {
        $self->said_at_once($m, int rand @runs);
    }

    $self->same_history($m);
}

# one message, which replaces the run of that place, if any

sub said_alone {
    my ($self, $m, $place, $end) = @_;

    my $run = $self->say_one($m, $m->{chatters}[rand @{ $m->{chatters} }],
        $place);

    $self->until(sub { $m->{asked}{ $run->{id} } || $run->{end} },
        "the request of $run->{id}");
    die "$run->{id} had its end: " . $JSON->encode($run->{end}) . "\n"
        if $run->{end};
    same_prompt($m, $run, $place);

    if ($end eq 'cancel') {
        $run->{chatter}->cancel($run->{id});
        $self->until(sub { $run->{end} }, "the end of $run->{id}");
        die "not cancelled\n" if $run->{end}{type} ne 'cancelled';
        $m->{counts}{cancelled}++;
        return;
    }

    my $request = $m->{asked}{ $run->{id} };

    if ($end eq 'fail') {
        $self->replies($request, 'reply', '500 text/plain no');
        $self->until(sub { $run->{end} }, "the end of $run->{id}");
        die "not failed\n" if ($run->{end}{code} // '') ne 'UPSTREAM_FAILED';
        $m->{counts}{failed}++;
        return;
    }

    $self->replies($request, 'answer', "answer $run->{id}");
    $self->until(sub { $run->{end} }, "the end of $run->{id}");
    die 'no answer: ' . $JSON->encode($run->{end}) . "\n"
        if $run->{end}{type} ne 'final';

    store($m, $run, $place);
    $m->{counts}{ defined $place ? 'replaced' : 'said' }++;
}

# a run that is not in the history, or is no more

sub said_of_none {
    my ($self, $m) = @_;

    my %there = map { $_->{id} => 1 } @{ $m->{runs} };
    my @gone = grep { !$there{$_} } map { "n$_" } 1 .. $m->{said};
    my $chatter = $m->{chatters}[rand @{ $m->{chatters} }];
    my $run = $self->say_one($m, $chatter, undef,
        @gone && rand() < 0.7 ? $gone[rand @gone] : 'never');

    $self->until(sub { $run->{end} || $m->{asked}{ $run->{id} } },
        "the end of $run->{id}");
    die "$run->{id} replaces what is not there\n"
        if ($run->{end}{code} // '') ne 'INVALID_MESSAGE'
        || $run->{end}{message} !~ /^replaces is no run/;
    $m->{counts}{unknown}++;
}

# two that replace the same run: one wins

sub said_at_once {
    my ($self, $m, $place) = @_;

    my @two = map { $self->say_one($m, $_, $place) }
        @{ $m->{chatters} }[0, 1];

    $self->until(sub { !grep { !$m->{asked}{ $_->{id} } } @two },
        'the requests of both');
    same_prompt($m, $_, $place) for @two;

    @two = reverse @two if rand() < 0.5;
    $self->replies($m->{asked}{ $_->{id} }, 'answer', "answer $_->{id}")
        for @two;
    $self->until(sub { !grep { !$_->{end} } @two }, 'the ends of both');

    my ($won) = grep { $_->{end}{type} eq 'final' } @two;
    my ($lost) = grep { ($_->{end}{code} // '') eq 'SUPERSEDED' } @two;

    die 'of two: ' . $JSON->encode([map { $_->{end} } @two]) . "\n"
        if !$won || !$lost || !$lost->{end}{retryable}
        || $lost->{end}{message} !~ /^another message has taken the place/;

    store($m, $won, $place);
    $m->{counts}{'at once'}++;
}

sub say_one {
    my ($self, $m, $chatter, $place, $replaces) = @_;

    my $id = 'n' . ++$m->{said};
    my $replaced = defined $place ? $m->{runs}[$place] : undef;

    $replaces //= $replaced->{id} if $replaced;

    my $content = $replaced && rand() < 0.5 ? $replaced->{content}
        : "question $id";
    my $run = $chatter->{runs}{$id} = { id => $id, content => $content,
        text => '', chatter => $chatter };

    push @{ $chatter->{order} }, $id;
    $chatter->{open}++;
    $m->{waiting}{$id} = $run;

    $chatter->command({ type => 'message', requestId => $id,
        threadId => $m->{thread}, content => $content,
        metadata => { id => $id },
        defined $replaces ? (replaces => $replaces) : () });

    return $run;
}

# a request says by its header whose it is

sub asked_for {
    my ($m, $request) = @_;
    $m->{asked}{ ($request->{headers}{'x-run'} || [''])->[0] } = $request;
}

sub same_prompt {
    my ($m, $run, $place) = @_;

    my @before = @{ $m->{runs} };
    splice @before, $place if defined $place;

    my $want = $JSON->encode([(map { ({ role => 'user',
        content => $_->{content} }, { role => 'assistant',
        content => "answer $_->{id}" }) } @before),
        { role => 'user', content => $run->{content} }]);
    my $got = $JSON->encode($m->{asked}{ $run->{id} }->json->{messages});

    die "the prompt of $run->{id} is\n$got, not\n$want\n" if $got ne $want;
}

sub store {
    my ($m, $run, $place) = @_;

    splice @{ $m->{runs} }, $place if defined $place;
    push @{ $m->{runs} }, $run;
    $m->{stored}++;
}

sub same_history {
    my ($self, $m) = @_;

    my $got = history_of($m, '');
    my $want = [map { ($_->{content}, "answer $_->{id}") } @{ $m->{runs} }];

    die 'the history is ' . $JSON->encode($got) . ', not '
        . $JSON->encode($want) . "\n"
        if $JSON->encode([map { $_->{content} } @$got]) ne $JSON->encode($want);

    die "a run without its metadata\n"
        if grep { $_->{role} eq 'user'
            && $_->{metadata}{id} ne $_->{requestId} } @$got;
}

sub history_of {
    my ($m, $arguments) = @_;

    my $socket = IO::Socket::INET->new(
        PeerAddr => "127.0.0.1:$ENV{TEST_NGINX_SERVER_PORT}", Timeout => 30)
        or die "connect: $@\n";

    print $socket "GET /history/$m->{thread}?limit=1000$arguments HTTP/1.0\r\n"
        . "Host: localhost\r\n\r\n";
    local $/;
    my ($head, $body) = split /\r\n\r\n/, scalar <$socket>, 2;

    return [] if $head =~ m{^HTTP/1\.\d 404};
    die "history: $head\n" if $head !~ m{^HTTP/1\.\d 200};

    return $JSON->decode($body)->{messages};
}

# what gave way is there for who asks for it, each with what it gave way to

# what the user said, page by page

sub all_of {
    my ($m) = @_;

    my (@all, @page);

    do {
        @page = grep { $_->{role} eq 'user' } @{ history_of($m, '&replaced=1'
            . (@all ? "&before=$all[0]{seq}" : '')) };
        unshift @all, @page;
    } while (@page);

    return @all;
}

sub do_outlived {
    my ($self) = @_;

    my $m = $self->{replacements};
    my @asked = all_of($m);
    my %seq = map { $_->{seq} => 1 } @asked;
    my @gone = grep { $_->{replacedBy} } @asked;

    $self->expect(@asked == $m->{stored}
        && @gone == $m->{stored} - @{ $m->{runs} }
        && !grep({ !$seq{ $_->{replacedBy} }
            || $_->{replacedBy} <= $_->{seq} } @gone),
        scalar(@asked) . " runs of $m->{stored}, " . scalar(@gone) . ' gone');
}

1;
