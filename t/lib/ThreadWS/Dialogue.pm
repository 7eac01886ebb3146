package ThreadWS::Dialogue;

# The steps of a "--- chat" section.  README.md beside this file's directory
# lists them; a line begins with
#
#   name>   what the client of that name sends
#   name<   what it must receive next
#   @name   what that mock agent does, or must have received
#
# and the name may be left out.  The sub of a step is called with the rest of
# its line and the lines indented below it.

use strict;
use warnings;

use Cpanel::JSON::XS ();
use Test::More ();

use ThreadWS::Loop;
use ThreadWS::Steps::Agent;
use ThreadWS::Steps::Client;
use ThreadWS::Steps::Nginx;
use ThreadWS::Steps::Receive;
use ThreadWS::Steps::Send;
use ThreadWS::Steps::Twin;
use ThreadWS::Where;

our @ISA = map { "ThreadWS::Steps::$_" }
    qw(Agent Client Nginx Receive Send Twin);

our $JSON = Cpanel::JSON::XS->new->utf8->canonical->allow_nonref;

# as protocol.md has it
# undef: the agent's own error decides

our %RETRYABLE = (
    INVALID_JSON => 0, INVALID_MESSAGE => 0, DUPLICATE_REQUEST => 0,
    SUPERSEDED => 1, FORBIDDEN => 0, RATE_LIMITED => 1, BUSY => 1,
    UPSTREAM_UNAVAILABLE => undef, UPSTREAM_RATE_LIMITED => undef,
    UPSTREAM_REJECTED => undef, UPSTREAM_REFUSED => 0,
    UPSTREAM_FAILED => undef, UPSTREAM_TIMEOUT => 1,
    RESPONSE_TOO_LARGE => 0, STORE_UNAVAILABLE => 1, THREAD_DELETED => 0,
    RUN_LOST => 1, SHUTTING_DOWN => 1,
);

sub new {
    my ($class, %self) = @_;

    return bless { clients => {}, opened => [], barrier => 0, vars => {},
        ends => [], %self }, $class;
}

# [text, [indented lines], [steps of a block]]

sub parse {
    my ($self, $script) = @_;

    my @stack = ([]);

    for my $line (split /\n/, $script) {
        next if $line =~ /^\s*(#|$)/;

        if ($line =~ /^[ \t]+(.*)/ && @{ $stack[-1] }) {
            push @{ $stack[-1][-1][1] }, $1;

        } elsif ($line =~ /^(?:repeat|apart) /) {
            my $step = [$line, [], []];
            push @{ $stack[-1] }, $step;
            push @stack, $step->[2];

        } elsif ($line eq 'end') {
            pop @stack;

        } else {
            push @{ $stack[-1] }, [$line, []];
        }
    }

    return $stack[0];
}

sub run {
    my ($self, $script) = @_;

    $self->{line} = 'start';

    # a deadline of the transcript's own
    local $ThreadWS::Loop::Deadline = $ThreadWS::Loop::Deadline;

    my $ok = eval {
        $self->started if $ENV{TEST_NGINX_USE_VALGRIND};
        $self->steps($self->parse($script));
        1;
    };

    if (!$ok) {
        my $reason = $@;
        Test::More::fail("$self->{name}: $self->{line}");
        Test::More::diag($reason);
        $self->explain;
    }

    return $ok;
}

sub steps {
    my ($self, $steps) = @_;

    for my $step (@$steps) {
        my ($line, $more, $block) = @$step;

        if ($block && $line =~ /^apart (.*)/) {
            $self->apart($1, $block);
            next;
        }

        if ($block) {
            my ($times) = $self->expand($line) =~ /^repeat (\d+)$/
                or die "bad line: $line\n";

            for my $i (1 .. $times) {
                local $self->{vars}{i} = $i;
                $self->steps($block);
            }

            next;
        }

        ($line, my @others) = gone_on($line, @$more);

        $self->{line} = $line;
        local $ThreadWS::Where::At = "$self->{name}: $line";
        $self->step($self->expand($line),
            map { $self->expand($_) } closed(@others));
    }
}

# Steps whose failure ends no others, with connections and a log of their own.

sub apart {
    my ($self, $name, $steps) = @_;

    local $self->{name} = "$self->{name}: $name";
    local $self->{log_from} = -s "$self->{root}/logs/error.log";

    if (!eval { $self->steps($steps); 1 }) {
        my $reason = $@;
        Test::More::fail("$self->{name}: $self->{line}");
        Test::More::diag($reason);
        $self->explain;
    }

    $self->done_with;
}

# A line goes on in the indented ones while it is not whole.

sub gone_on {
    my ($line, @more) = @_;

    while (@more && defined(my $glue = unfinished($line))) {
        $line .= $glue . shift @more;
    }

    return ($line, @more);
}

# An expression goes on in lines that belong to another, too.

sub closed {
    my @lines = @_;
    my @whole;

    while (@lines) {
        my $line = shift @lines;
        $line .= ' ' . shift @lines while @lines && $line =~ /\{\{(?!.*\}\})/s;
        push @whole, $line;
    }

    return @whole;
}

# The same of lines of which none belongs to another.

sub joined {
    my @lines = @_;
    my @whole;

    while (@lines) {
        (my $line, @lines) = gone_on(@lines);
        push @whole, $line;
    }

    return @whole;
}

# What is to stand between it and what follows, if anything is to follow: an
# expression, a pattern, JSON or a list of labels that has not ended, a query
# that ends in a comma, "AND" or "JOIN".

sub unfinished {
    my ($line) = @_;

    return undef if $line =~ /^perl/;

    $line =~ s/\{\{.*?\}\}/0/g;
    return ' ' if $line =~ /\{\{/;

    if ($line =~ /^(?:sql|soon|hold|ordered) /) {
        return $line =~ /(?:,| AND| JOIN)$/ ? ' ' : undef;
    }

    return undef if $line =~ /^(?:connect|get|delete|patch|post|hear) /;

    if ($line =~ m!^[^\["{/]* /(.+)!) {
        return $1 =~ m!/i?$! ? undef : '';
    }

    $line =~ s/^[^\[{]*//;
    $line =~ s/"(?:[^"\\]|\\.)*"//g;

    return $line =~ tr/[{// > $line =~ tr/]}// ? '' : undef;
}

# {{ expression }}, in which $i counts a repeat's turns

sub expand {
    my ($self, $text) = @_;

    my $i = $self->{vars}{i};

    $text =~ s/\$(TEST_NGINX_\w+)/$ENV{$1} \/\/ die "no $1 is set\n"/ge;
    $text =~ s/\{\{(.*?)\}\}/my $v = eval $1; die $@ if $@; $v/ge;

    return $text;
}

sub step {
    my ($self, $line, @more) = @_;

    if ($line =~ /^(\w*)> *(\S+) ?(.*)/s) {
        return $self->sends($1, $2, $3, @more);
    }

    if ($line =~ /^(\w*)(<\*?) *(\S+) ?(.*)/s) {
        return $self->receives($1, $2 eq '<*', $3, $4, @more);
    }

    if ($line =~ /^@(\w*) *(\w+) ?(.*)/s) {
        my $agent = $self->{agents}{$1 || 'main'} or die "no agent $1\n";
        my $method = "agent_$2";
        my $rest = $3;

        return $self->$method($agent, $rest, @more) if $self->can($method);

        my $request = $agent->{current} or die "no \@ request before\n";
        return $self->replies($request, $2, $rest, @more);
    }

    my ($word, $rest) = split ' ', $line, 2;
    my $method = "do_$word";

    die "unknown step: $line\n" if !$self->can($method);
    $self->$method($rest // '', @more);
}

# One test; a failed one ends the dialogue, since all after it would fail.

sub expect {
    my ($self, $ok, $got) = @_;

    if (!$ok) {
        $got = ref $got ? $JSON->encode($got) : $got // 'nothing';
        die "got: $got\n";
    }

    Test::More::pass("$self->{name}: $self->{line}");
}

sub until {
    my ($self, $condition, $what, $seconds) = @_;
    $self->{loop}->until($condition, $what, $seconds);
}

# "…" is JSON, /…/ a pattern, all else is taken as it is

sub text {
    my ($self, $text) = @_;

    if ($text =~ /^".*"$/s) {
        my $string = $JSON->decode($text);
        utf8::encode($string);
        return $string;
    }

    return $text;
}

sub same {
    my ($self, $got, $want) = @_;

    return scalar($got =~ /(?$2s:$1)/) if $want =~ m{^/(.*)/(i?)$}s;
    return $got eq $self->text($want);
}

# A wanted "*" is any value; subset allows more keys at the top.

sub match {
    my ($got, $want, $subset) = @_;

    return 1 if defined $want && !ref $want && $want eq '*';
    return !defined $got if !defined $want;
    return 0 if !defined $got || ref $got ne ref $want;

    if (ref $want eq 'HASH') {
        return 0 if !$subset && keys %$got != keys %$want;
        return !grep { !exists $got->{$_}
            || !match($got->{$_}, $want->{$_}) } keys %$want;
    }

    if (ref $want eq 'ARRAY') {
        return 0 if @$got != @$want;
        return !grep { !match($got->[$_], $want->[$_]) } 0 .. $#$want;
    }

    return scalar($got =~ /$1/s) if $want =~ m{^/(.*)/$}s;
    return $got eq $want;
}

sub bytes {
    my ($text) = @_;
    utf8::encode($text);
    return $text;
}

sub do_perl {
    my ($self, $code, @more) = @_;

    my $result = eval join "\n", $code, @more;
    die $@ if $@;
    $self->expect($result, 'false') if $code =~ /^return|^;/ || @more;
}

sub do_deadline { local $_ = $_[1]; $ThreadWS::Loop::Deadline = $_ }

sub explain {
    my ($self) = @_;

    my @names = sort keys %{ $self->{clients} };
    splice @names, 10 if @names > 10;

    for my $name (@names) {
        my $client = $self->{clients}{$name};
        my @left = map { substr "$_->{opcode} $_->{payload}", 0, 200 }
            @{ $client->{frames} };
        Test::More::diag("connection \"$name\": status "
            . ($client->{status} // '-')
            . ($client->{stream}{eof} ? ', closed' : '')
            . (@left ? ", not read: @left[0 .. ($#left < 9 ? $#left : 9)]"
                : ''));
    }

    open my $in, '<', "$self->{root}/logs/error.log" or return;
    seek $in, $self->{log_from} // 0, 0;
    my @lines = grep { !/\[debug\]/ } <$in>;
    splice @lines, 0, -40 if @lines > 40;
    Test::More::diag("error.log:\n", @lines);
}

# What a step has changed beyond its block, its undoing: done when the block ends,
# however it does, the latest first.

sub at_end {
    my ($self, $what, $undo) = @_;

    push @{ $self->{ends} }, [$what, $undo]
        if !grep { $_->[0] eq $what } @{ $self->{ends} };
}

sub do_afterwards {
    my ($self, $line, @more) = @_;
    $self->at_end($line, sub { $self->step($line, @more) });
}

sub finish {
    my ($self) = @_;

    while (my $end = pop @{ $self->{ends} }) {
        my ($what, $undo) = @$end;

        local $ThreadWS::Where::At = "$self->{name}: afterwards $what";
        next if eval { $undo->(); 1 };

        Test::More::fail("$self->{name}: afterwards $what");
        Test::More::diag($@);
    }

    $self->done_with;
}

sub done_with {
    my ($self) = @_;

    $_->{stream}->close for @{ $self->{opened} };

    for my $agent (values %{ $self->{agents} }) {
        $agent->forget;
        delete @$agent{qw(taken current)};
    }
}

1;
