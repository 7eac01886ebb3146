package ThreadWS::Strict;

# What providers refuse of a conversation with status 400, and then refuse with
# each further message, since it has the same history.

use strict;
use warnings;

# the words of the refusal, undef if there is none

sub refused {
    my ($dialect, $prompt) = @_;

    my @turns = @{ $prompt->{messages} // [] };

    if ($dialect eq 'openai') {
        shift @turns if @turns && $turns[0]{role} eq 'system';
    }

    return 'messages: at least one message is required' if !@turns;

    for my $i (0 .. $#turns) {
        my ($role, $content) = @{ $turns[$i] }{qw(role content)};

        # both want the user first, and then one after the other
        return "messages.$i: role $role is not expected here"
            if $role ne ('user', 'assistant')[$i % 2];

        my @texts = ref $content eq 'ARRAY'
            ? map { $_->{text} } @$content : ($content);

        return "messages.$i: content is empty" if !@texts;

        for my $text (@texts) {
            return "messages.$i: content must be a text"
                if !defined $text || ref $text;
            return "messages.$i: text must contain non-whitespace text"
                if $text !~ /\S/;
        }
    }

    return 'the last message must be a user message' if @turns % 2 == 0;
    return undef;
}

1;
