# A thread goes on whatever a run of it ended with: the agent refuses all that
# providers refuse of a history, and has nothing to refuse.

use strict;
use warnings;

use ThreadWS::Cases;
use ThreadWS::Test;

my %ends = (openai => <<'OPENAI', anthropic => <<'ANTHROPIC');
=== an empty answer
. stop
-
error

=== a role alone
| data: {"choices":[{"delta":{"role":"assistant","content":""}}]}
|
. stop
-
error

=== blanks
+ " \n"
. stop
-
error

=== a refusal in words
| data: {"choices":[{"delta":{"refusal":"I would rather not."}}]}
|
. stop
-
final I would rather not.

=== a filter, of everything
. content_filter
-
error

=== a tool's call alone
| data: {"choices":[{"delta":{"content":null,"tool_calls":[{"index":0,"id":"c"}]}}]}
|
. tool_calls
-
error

=== thoughts alone
| data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}
|
. stop
-
error

=== the end mark alone
-
error

=== an error after half of it
+ Half
| data: {"error":{"message":"overloaded"}}
|
error

=== half of it
+ Half
error
OPENAI
=== an empty answer
. end_turn
-
error

=== an empty block
| data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}
|
. end_turn
-
error

=== blanks
+ " \n"
. end_turn
-
error

=== a refusal
+ Half
. refusal
-
error

=== a refusal without a word
. refusal
-
error

=== a tool's call alone
| data: {"type":"content_block_start","content_block":{"type":"tool_use","id":"c","name":"f"}}
|
. tool_use
-
error

=== thoughts alone
| data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}
|
. end_turn
-
error

=== the end mark alone
-
error

=== half of it
+ Half
error
ANTHROPIC

my ($blocks, $n) = ('', 0);

for my $dialect (sort keys %ends) {
    $blocks .= '=== TEST ' . ++$n . ": $dialect\n--- config\n"
        . "\$TEST_CASES_CONFIG\n--- chat\n";

    for my $case (ThreadWS::Cases::of_text($dialect, $ends{$dialect})) {
        for my $first (0, 1) {
            $blocks .= conversation($case, $first);
        }
    }
}

Test::Base::spec_string($blocks);

add_block_preprocessor(sub {
    $_[0]->set_value('config', ThreadWS::Cases::config());
});

run_tests();

# The run that ends so is the thread's first, or the second.

sub conversation {
    my ($case, $first) = @_;

    my $raw = unpack 'H*', $case->{bytes};
    my ($want) = @{ $case->{want} };
    my $id = ++$n;
    my @turns = $first ? ('Who is it?', 'It is I.') : ();
    my @kept = $want =~ /^final (.*)/ ? ('Speak.', $1) : ();

    my $end = @kept ? "< answer r1 $kept[1]" : '<* error r1';

    return join "\n", "apart $case->{name}, " . ($first ? 'after another'
            : 'at the beginning'),
        "connect /$case->{dialect}?threadId=t$id",
        $first ? ("\@ strict $case->{dialect} $turns[1]",
            "> message r0 $turns[0]", '@ request', "< answer r0 $turns[1]",
            '@ manual') : (),
        '> message r1 Speak.', '@ request', "\@ raw $raw", '@ close', $end,
        "\@ strict $case->{dialect} I go on.",
        '> message r2 And now?', '@ request',
        '@ messages ' . messages(@turns, @kept, 'And now?'),
        '< answer r2 I go on.',
        '> message r3 And then?', '@ request', '< answer r3 I go on.',
        'end', '';
}

sub messages {
    my @roles = qw(user assistant);
    return '[' . join(',', map {
        qq({"role":"$roles[$_ % 2]","content":"$_[$_]"})
    } 0 .. $#_) . ']';
}
