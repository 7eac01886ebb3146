# The same conversations with an agent of each dialect, which speaks it by what
# the table below says.  A dialect that is added is added there.

use strict;
use warnings;

use Cpanel::JSON::XS ();
use ThreadWS::Test;

my $JSON = Cpanel::JSON::XS->new->canonical->ascii->allow_nonref;

# What a line of the templates becomes:
#
#   config                  settings of the endpoint
#   asked HISTORY TEXT      the members of the request body
#   begin, text TEXT, usage IN OUT, end REASON, error WORDS
#                           SSE events, as [type, data]
#   refusal WORDS           the body of an error's response
#   finish REASON           what the final calls it

my %dialects = (
    openai => {
        config => '',
        asked => sub {
            my ($text, @history) = @_;
            return { stream => Cpanel::JSON::XS::true, model => 'small',
                temperature => 0.5,
                stream_options => { include_usage => Cpanel::JSON::XS::true },
                messages => [{ role => 'system', content => 'Be brief.' },
                    turns(@history), { role => 'user', content => $text }] };
        },
        begin => sub { [undef, { choices => [{ index => 0, delta =>
            { role => 'assistant', content => undef } }] }] },
        text => sub { [undef, { choices => [{ index => 0, delta =>
            { content => $_[0] }, finish_reason => undef }] }] },
        end => sub {
            my ($in, $out) = @_;
            return [undef, { choices => [{ index => 0, delta => {},
                    finish_reason => 'stop' }] }],
                [undef, { choices => [], usage => { prompt_tokens => $in,
                    completion_tokens => $out,
                    total_tokens => $in + $out } }],
                [undef, '[DONE]'];
        },
        error => sub { [undef, { error => { code => 500, message => $_[0],
            type => 'server_error' } }] },
        refusal => sub { { error => { message => $_[0], param => undef,
            type => 'invalid_request_error', code => undef } } },
        finish => 'stop',
    },

    anthropic => {
        config => '',
        headers => '@ header anthropic-version: /^\d{4}-\d\d-\d\d$/',
        asked => sub {
            my ($text, @history) = @_;
            return { stream => Cpanel::JSON::XS::true, model => 'small',
                temperature => 0.5, max_tokens => '*',
                system => 'Be brief.',
                messages => [turns(@history),
                    { role => 'user', content => $text }] };
        },
        begin => sub {
            my @events = ({ type => 'message_start', message => {
                id => 'msg_1', type => 'message', role => 'assistant',
                content => [], usage => { input_tokens => 7,
                    output_tokens => 1 } } },
                { type => 'content_block_start', index => 0,
                    content_block => { type => 'text', text => '' } },
                { type => 'ping' });
            return map { [$_->{type}, $_] } @events;
        },
        text => sub { ['content_block_delta', { type => 'content_block_delta',
            index => 0, delta => { type => 'text_delta',
                text => $_[0] } }] },
        end => sub {
            my ($in, $out) = @_;
            my @events = ({ type => 'content_block_stop', index => 0 },
                { type => 'message_delta', delta => {
                    stop_reason => 'end_turn', stop_sequence => undef },
                    usage => { output_tokens => $out } },
                { type => 'message_stop' });
            return map { [$_->{type}, $_] } @events;
        },
        error => sub { ['error', { type => 'error', error => {
            type => 'overloaded_error', message => $_[0] } }] },
        refusal => sub { { type => 'error', error => {
            type => 'invalid_request_error', message => $_[0] } } },
        finish => 'end_turn',
    },

    langgraph => {
        config => 'thread_ws_store off;',
        asked => sub {
            my ($text) = @_;
            return { assistant_id => 'small', temperature => 0.5,
                stream_mode => ['messages-tuple', 'updates'],
                on_disconnect => 'cancel', if_not_exists => 'create',
                multitask_strategy => 'interrupt',
                input => { messages => [{ role => 'user', id => '*',
                    content => $text }] } };
        },
        begin => sub { ['metadata', { run_id => 'run', attempt => 1 }] },
        text => sub { ['messages', [graph_chunk($_[0]), graph_source()]] },
        end => sub {
            my ($in, $out) = @_;
            return ['messages', [{ %{ graph_chunk('') },
                usage_metadata => { input_tokens => $in,
                    output_tokens => $out, total_tokens => $in + $out },
                response_metadata => { finish_reason => 'stop' } },
                graph_source()]];
        },
        error => sub { ['error', { error => 'Error', message => $_[0] }] },
        refusal => sub { { message => $_[0] } },
        finish => 'stop',
    },
);

sub turns {
    my @roles = ('user', 'assistant');
    return map { { role => $roles[$_ % 2], content => $_[$_] } } 0 .. $#_;
}

sub graph_chunk { { id => 'm', type => 'ai', content => $_[0],
    tool_call_chunks => [] } }

sub graph_source { { langgraph_node => 'answer', langgraph_step => 2,
    langgraph_checkpoint_ns => 'answer:1', tags => [] } }

# An event's bytes; LangGraph's server prints JSON over many lines.

sub sse {
    my ($type, $data) = @{ $_[0] };

    my $text = ref $data ? $JSON->encode($data) : $data;
    $text = Cpanel::JSON::XS->new->ascii->pretty->encode($data)
        if defined $type && $type eq 'messages';
    chomp $text;

    return (defined $type ? "event: $type\n" : '')
        . join('', map { "data: $_\n" } split /\n/, $text) . "\n";
}

# A template's lines that begin with "%" in the words of the dialect.

sub spoken {
    my ($dialect, $line) = @_;

    my ($verb, @words) = $line =~ /^%(bytewise )?(\w+)((?: .*)?)$/ ? ($2, $3)
        : return $line;
    my $how = $1 ? 'bytewise' : 'body';
    my $rest = $words[0] =~ s/^ //r;

    return $dialect->{config} if $verb eq 'config';
    return $dialect->{headers} // '@ line /^POST /' if $verb eq 'headers';
    return "    finishReason: \"$dialect->{finish}\"" if $verb eq 'finish';

    my @args = $verb eq 'usage' ? split ' ', $rest
        : @{ $JSON->decode("[$rest]") };

    return '@ request ' . $JSON->encode($dialect->{asked}->(@args))
        if $verb eq 'asked';
    return $JSON->encode($dialect->{refusal}->(@args)) if $verb eq 'refusal';

    my $bytes = join '', map { sse($_) } $dialect->{$verb}->(@args);
    return "@ $how " . $JSON->encode($bytes);
}

# none may be left out

my @names = sort map { /^ngx_thread_ws_dialect_t  ngx_thread_ws_dialect_(\w+) =/m
    ? $1 : () } map { slurp($_) } glob 'src/dialect/ngx_thread_ws_dialect_*.c';

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return <$in>;
}

Test::More::is("@names", join(' ', sort keys %dialects),
    'the table has every dialect');

my $templates = do { local $/; <DATA> };
my $number = 0;
my $spec = '';

for my $name (@names) {
    for my $template (split /^(?==== )/m, $templates) {
        my @lines = split /\n/, $template;
        my $title = shift @lines;
        s/\{\{refusal (.*?)\}\}/spoken($dialects{$name}, "%refusal $1")/e
            for @lines;

        $number++;
        $title =~ s/^=== /=== TEST $number: $name: /;
        $spec .= join "\n", $title, '--- chat_config',
            "thread_ws_dialect $name;", 'thread_ws_model small;',
            'thread_ws_system_prompt "Be brief.";',
            q(thread_ws_parameters '{"temperature":0.5}';),
            (map { spoken($dialects{$name}, $_) } @lines), '', '';
    }
}

Test::Base::spec_string($spec);
run_tests();

__DATA__
=== a conversation
%config
--- chat
connect
> message r1 one
%asked "one"
%headers
@ head 200 text/event-stream
%begin
%text "First"
< token r1 First
%text " answer, caf\u00e9 \ud83d\ude00\n\"quoted\""
< token r1 " answer, caf\u00e9 \ud83d\ude00\n\"quoted\""
%end 7, 3
@ end
< final r1 "First answer, caf\u00e9 \ud83d\ude00\n\"quoted\""
    usage: {"inputTokens":7,"outputTokens":3}
%finish
> message r2 two
%asked "two", "one", "First answer, caf\u00e9 \ud83d\ude00\n\"quoted\""
@ head 200 text/event-stream
%begin
%text "Second"
%end 7, 1
@ end
< answer r2 Second
> message r3 three
%asked "three", "one", "First answer, caf\u00e9 \ud83d\ude00\n\"quoted\"", "two", "Second"
@ head 200 text/event-stream
%begin
%text "Third"
%end 7, 1
@ end
< answer r3 Third
@ requests 3

=== byte by byte
%config
--- chat
connect
> message r1 one
@ request
@ head 200 text/event-stream
%bytewise begin
%bytewise text "caf\u00e9 \ud83d\ude00"
%bytewise end 7, 3
@ end
< tokens r1 "caf\u00e9 \ud83d\ude00"
< final r1 "caf\u00e9 \ud83d\ude00"
    usage: {"inputTokens":7,"outputTokens":3}

=== an error in mid-answer, and the message after it
%config
--- chat
connect
> message r1 one
@ request
@ head 200 text/event-stream
%begin
%text "Not"
< token r1 Not
%error "Overloaded"
< error r1 UPSTREAM_FAILED
    retryable: true
< quiet
> message r1 one
%asked "one"
@ head 200 text/event-stream
%begin
%text "Better"
%end 7, 1
@ end
< answer r1 Better

=== an error before the answer
%config
--- chat
connect
> message r1 one
@ request
@ head 200 text/event-stream
%error "Overloaded"
< error r1 UPSTREAM_FAILED
    retryable: true
< quiet

=== an answer that is cut
%config
--- chat
connect
> message r1 one
@ request
@ head 200 text/event-stream
%begin
%text "Half"
< token r1 Half
@ close
< error r1 UPSTREAM_FAILED
< quiet

=== a refused request
%config
--- chat
connect
> message r1 one
@ request
@ reply 400 application/json {{refusal "temperature is too high"}}
< error r1 UPSTREAM_REJECTED
    message: /temperature is too high/
> message r2 two
@ request
@ reply 429 application/json {{refusal "slow down"}}
    Retry-After: 2
< error r2 UPSTREAM_RATE_LIMITED
    retryAfterMs: 2000
> message r3 three
@ request
@ reply 529 application/json {{refusal "overloaded"}}
< error r3 UPSTREAM_UNAVAILABLE
    retryable: true
< quiet

=== a cancelled answer, and one that interrupts
%config
--- chat
connect
> message r1 one
@ request
@ head 200 text/event-stream
%begin
%text "Never"
< token r1 Never
> cancel r1
< cancelled r1
@ closed
> message r2 two
%asked "two"
@ head 200 text/event-stream
%begin
%text "whole"
< token r2 whole
> message r3 three
< cancelled r2
@ closed
%asked "three"
@ head 200 text/event-stream
%begin
%text "Third"
%end 7, 1
@ end
< answer r3 Third
