# Whole connections at random, against a model of what the protocol promises
# (ThreadWS::Chatter): every run has exactly one end, no token follows it,
# final is what its tokens made and what the agent said, the order is kept.
#
# A seed decides what the client sends and in which pieces, what the agent
# answers, who cancels, repeats, stalls, drops.  TIME=600 goes on for so many
# seconds, SEED=7 repeats one.  From two minutes on, the worker's private memory
# is to stay where it was after a sixth of the time.

use strict;
use warnings;
use utf8;

use lib 't/lib';
use Test::More;
use Time::HiRes qw(time);

use ThreadWS::Agent;
use ThreadWS::Chatter;
use ThreadWS::Loop;
use ThreadWS::Server;

my $Loop = ThreadWS::Loop->new;
my $Agent = ThreadWS::Agent->new($Loop);
my @Busy = ('interrupt', 'queue 3', 'reject');
my $Server = gateway();

# pieces of answers: characters of every length, what JSON escapes, and more
my @Words = ('word ', 'ж', "\x{20ac}uro ", "\x{1f600}", "\"quoted\"\n", "\\",
    "\x{1}\x{1f}", "\x{2028}", 'x' x 5000, ' ', '{"type":"final"}');

my $Steps = 60;
my $began = time;
my $end = $began + ($ENV{TIME} // 10);
my $seed = $ENV{SEED} // 1;
my $last = $ENV{SEED};
my $soak = $end - $began >= 120 && !$ENV{THREAD_WS_SANITIZER}
    && !$ENV{TEST_NGINX_USE_VALGRIND};
my (%Seen, $early);

do {
    my $said = eval { conversation($seed); 1 } ? '' : $@;

    if ($said ne '') {
        fail("seed $seed");
        diag($said);
        $end = 0;
    }

    $seed++;
    $early //= $Server->memory if time > $began + ($end - $began) / 6;
} while (!defined $last && time < $end);

if ($soak) {
    my $grown = $Server->memory - $early;
    note("$early kB, then $grown kB more");
    cmp_ok($grown, '<=', 1024, 'memory stays where it was');
}

note($seed - 1 . " seeds; " . join ', ', map { "$_: $Seen{$_}" }
    sort keys %Seen);
ok($Seen{final} && $Seen{cancelled}, 'the promises hold');
is(join("\n", $Server->stop), '', 'the log is clean');
done_testing();

sub gateway {
    my @chats;

    for my $i (0 .. $#Busy) {
        for my $store ('connection', 'memory') {
            push @chats, "location = /chat-$i-$store {
                thread_ws_pass /agent;
                thread_ws_busy $Busy[$i];
                thread_ws_store $store;
                thread_ws_deflate on;
                thread_ws_output_buffer 8k;
            }";
        }
    }

    return ThreadWS::Server->new($Loop, http => 'thread_ws_zone threads:32m;',
        server => "@chats
        location = /agent {
            internal;
            proxy_pass http://127.0.0.1:" . $Agent->port . ";
            proxy_http_version 1.1;
            proxy_set_header Connection '';
        }");
}

sub one_of { $_[rand @_] }

sub conversation {
    my ($seed) = @_;

    srand $seed;

    my $world = { seed => $seed, live => [], n => 0, said => {},
        path => '/chat-' . int(rand @Busy) . '-'
            . one_of('connection', 'memory') };

    $Agent->forget;
    $Agent->{auto} = sub { push @{ $world->{live} }, $_[0] };
    $world->{chatter} = enter($world);

    for (1 .. $Steps) {
        my $step = one_of((\&say) x 4, \&cancel, \&repeat, \&nonsense,
            (\&agent_speaks) x 8, \&agent_ends, \&agent_ends, \&agent_fails,
            \&stall, \&turn, \&turn,
            rand() < 0.15 ? \&leave : \&turn);
        $step->($world);
        $Loop->once(0);
        hold($world->{chatter});
    }

    finish($world);
}

sub hold {
    my ($chatter) = @_;
    die join("\n", @{ $chatter->{faults} }) . "\n" if @{ $chatter->{faults} };
}

sub enter {
    my ($world) = @_;

    my $chatter = ThreadWS::Chatter->new($Loop, port => $Server->port,
        path => $world->{path}, thread => "s$world->{seed}",
        more => sub { ended($world, @_) });

    $Loop->until(sub { $chatter->{ready} }, 'an upgrade');

    # bytes leave in pieces that have nothing to do with frames
    $chatter->{split} = sub {
        my ($peer, $bytes) = @_;

        while (rand() < 0.5 && length $bytes > 1) {
            $peer->send(substr $bytes, 0, 1 + int rand length($bytes) - 1, '');
            $Loop->once(0) if rand() < 0.5;
        }

        $peer->send($bytes);
    };

    return $chatter;
}

# a final is what the agent said, from its first word to its last

sub ended {
    my ($world, $chatter, $run) = @_;

    $Seen{ $run->{end}{code} // $run->{end}{type} }++;
    return if $run->{end}{type} ne 'final';

    my @said = map { @{ $world->{said}{$_} // [] } } $run->{content},
        @{ $run->{others} // [] };

    $chatter->fault("final of $run->{id} is not what the agent said")
        if !grep { $_ eq $run->{end}{message} } @said;
}

sub say {
    my ($world) = @_;

    my $id = 'r' . ++$world->{n};
    $world->{chatter}->message($id, "message $id " . one_of(@Words));
}

sub cancel {
    my ($world) = @_;
    $world->{chatter}->cancel('r' . int rand $world->{n} + 2);
}

# an id again: ignored while it runs, answered from the store afterwards

sub repeat {
    my ($world) = @_;

    my $chatter = $world->{chatter};
    my $id = one_of(keys %{ $chatter->{runs} }) // return;
    my $run = $chatter->{runs}{$id};

    if (!$run->{end}) {
        $chatter->repeat($id) if rand() < 0.7;
        $chatter->repeat($id, 'another') if rand() < 0.3;
        return;
    }

    # answers to what was repeated before may still be on their way
    return if $run->{end}{type} ne 'final' || $run->{repeats};
    $chatter->message($id, $run->{content});
}

sub nonsense {
    my ($world) = @_;

    my $peer = $world->{chatter}{peer};
    $peer->frame(1, one_of('{', '[]', '{"type":"message"}', '"x"', '',
        '{"type":"ping","t":1}', '{"type":"cancel","requestId":""}'));
    $peer->frame(9, 'x' x int rand 125) if rand() < 0.5;
}

sub live {
    my ($world) = @_;

    $world->{live} = [grep { !$_->{over} && !$_->{stream}{eof} }
        @{ $world->{live} }];

    return one_of(@{ $world->{live} });
}

sub head {
    my ($world, $request) = @_;

    return if $request->{begun}++;

    $request->head(200, 'text/event-stream');
    $request->{text} = '';
}

sub agent_speaks {
    my ($world) = @_;

    my $request = live($world) or return;
    head($world, $request);

    for (1 .. 1 + rand 5) {
        my $word = one_of(@Words);
        $request->{text} .= $word;

        my $event = Cpanel::JSON::XS->new->utf8->encode({ choices =>
            [{ index => 0, delta => { content => $word } }] });

        # chunks end anywhere, within a character too
        my $bytes = "data: $event\n\n";
        while (length $bytes) {
            $request->body(substr $bytes, 0, 1 + int rand 200, '');
            $Loop->once(0) if rand() < 0.05;
        }
    }
}

sub agent_ends {
    my ($world) = @_;

    my $request = live($world) or return;
    agent_ends_one($world, $request);
}

sub agent_ends_one {
    my ($world, $request) = @_;

    head($world, $request);

    # what is remembered is known before the gateway can know it
    push @{ $world->{said}{ $request->content } }, $request->{text};

    $request->choice({}, finish => 'stop');
    $request->event('[DONE]');
    $request->{over} = 1;
    $request->end;
}

sub agent_fails {
    my ($world) = @_;

    my $request = live($world) or return;
    my $how = int rand 5;

    $request->{over} = 1;

    if ($how == 0 && !$request->{begun}) {
        $request->head(one_of(400, 429, 500, 503), 'application/json',
            'Content-Length: 2');
        $request->body('{}');
        return $request->end;
    }

    head($world, $request);

    return $request->{stream}->reset if $how == 1;
    return $request->end if $how == 2;

    $request->event($how == 3 ? '{"error":{"message":"no more"}}' : '{broken');
    $request->end;
}

sub stall {
    my ($world) = @_;

    my $stream = $world->{chatter}{peer}{stream};
    $stream->set('paused', !$stream->{paused});
}

sub turn { $Loop->once(0.002) }

# without a word, or with a close; the runs under way are nobody's then

sub leave {
    my ($world) = @_;

    if (rand() < 0.5) {
        $world->{chatter}->drop;

    } else {
        my $chatter = $world->{chatter};
        $chatter->{peer}{stream}->set('paused', 0);
        $chatter->close;
        $Loop->until(sub { $chatter->{closed} }, 'the end of a close');
        die "closed with $chatter->{code}\n" if $chatter->{code} != 1000;
    }

    $world->{chatter} = enter($world);
}

# All is answered; then there is nothing more to come, and nobody is left.

sub finish {
    my ($world) = @_;

    my $chatter = $world->{chatter};
    $chatter->{peer}{stream}->set('paused', 0);

    $Loop->until(sub {
        while (my $request = live($world)) {
            agent_ends_one($world, $request);
        }
        !$chatter->open_runs;
    }, 'all ends');

    $chatter->command({ type => 'ping', t => 'over' });
    $Loop->until(sub { grep { ($_ // '') eq 'over' }
        @{ $chatter->{pongs} // [] } }, 'a pong');
    hold($chatter);

    $chatter->close;
    $Loop->until(sub { $chatter->{closed} }, 'the end of the connection');
    hold($chatter);

    $Loop->until(sub { !$Agent->open_connections }, 'the agents to be left');
}
