# The demo agent: what words in a message make it show.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: what was written comes back, with how much of the thread there was
--- agent_config
thread_ws_demo_agent delay=0;
--- chat
connect
> message r1 Hello
<* final r1 /shown 1 message of this thread\. You wrote:\n\n> Hello\n\nSay \*\*show/
    finishReason: "stop"
> message r2 {{ "one\ntwo" }}
<* final r2 /shown 3 messages of this thread\. You wrote:\n\n> one\n> two\n\nSay /

=== TEST 2: a page of Markdown
--- agent_config
thread_ws_demo_agent delay=0;
--- chat
connect
> message r1 Show me what you can do.
<* final r1 /(?s)```python\n.*```nginx\n.*\| :-- \|.*\\\(n\\\).*\\\[\n.*infty.*- \[x\] /
> message r2 a TABLE?
<* final r2 /(?s)shown 3 messages.*```python\n/
> message r3 It was a vegetable, to the cask.
<* final r3 /You wrote/

=== TEST 3: word by word
--- agent_config
thread_ws_demo_agent delay=1ms;
--- chat
connect
> message r1 Show me.
< token r1 "This "
< token r1 "is "
<* final r1 /copies them\.$/

=== TEST 4: an answer that takes its time is stopped
--- agent_config
thread_ws_demo_agent delay=1h;
--- chat
connect
> message r1 slowly
< token r1 "This "
> cancel r1
< cancelled r1
active 1

=== TEST 5: a question, and what comes of its answer
--- agent_config
thread_ws_demo_agent delay=0;
--- chat
connect
> message r1 Ask me before you act.
<* final r1 /May I restart the server `lisbon-2`\?/
> message r2 Yes, do.
<* final r2 /was restarted/
> message r3 Yes!
<* final r3 /You wrote:\n\n> Yes!/
> message r4 ask
<* final r4 /May I restart/
> message r5 no
<* final r5 /stays as it is/
> message r6 ask again
<* final r6 /May I restart/
> message r7 Who are you?
<* final r7 /You wrote:\n\n> Who are you\?/

=== TEST 6: reasoning before the answer
--- config
    location = /agent {
        thread_ws_demo_agent delay=0;
    }
--- request
POST /agent
{"messages":[{"role":"user","content":"Think."}]}
--- response_body_like eval
my $text = '(?:data: .*"delta":\{"content":.*\n\n)+';
CORE::join '', '^', $text, '(?:data: .*"delta":\{"reasoning_content":.*\n\n)+',
    $text, 'data: .*"delta":\{\},"finish_reason":"stop".*\n\n',
    'data: .*"reasoning_tokens":(?!0)\d+.*\n\n', 'data: \[DONE\]\n\n$'

=== TEST 7: calls of tools, their arguments in pieces
--- config
    location = /agent {
        thread_ws_demo_agent delay=0;
    }
--- request
POST /agent
{"messages":[{"role":"user","content":"use a tool, ask"}]}
--- response_body_like eval
my $piece = 'data: .*"delta":\{"tool_calls":\[\{"index":%d,'
    . '"function":\{"arguments":"%s.*\n\n';
my $begin = 'data: .*"delta":\{"tool_calls":\[\{"index":%d,"id":"call_1_%d",'
    . '"type":"function","function":\{"name":"%s","arguments":""\}\}\]\}.*\n\n';
my $text = '(?:data: .*"delta":\{"content":.*\n\n)+';
CORE::join '', '^', $text, sprintf($begin, 0, 0, 'weather'),
    sprintf($piece, 0, '\{\\\\"city'), '(?:', sprintf($piece, 0, ''), ')+',
    $text, sprintf($begin, 1, 1, 'request_approval'),
    '(?:', sprintf($piece, 1, ''), ')+', $text, 'data: .*"finish_reason":"stop"'

=== TEST 8: no more words than were asked for
--- chat_config
thread_ws_parameters '{"max_tokens": 4}';
--- agent_config
thread_ws_demo_agent delay=0;
--- chat
connect
> message r1 Hello
<* final r1 "This is the demo "
    finishReason: "length"
    usage: {"inputTokens":1,"outputTokens":4}

=== TEST 9: content in parts, and none
--- config
    location = /agent {
        thread_ws_demo_agent delay=0;
    }
--- request eval
["POST /agent\n" . '{"messages":[{"role":"user","content":[{"type":"image"},'
    . '{"type":"text","text":"no word"}]}]}',
 "POST /agent\n" . '{"messages":[{"role":"user","content":[{"type":"image"},'
    . '{"type":"image"}]}]}',
 "POST /agent\n" . '{"messages":[{"role":"user","content":[]}]}',
 "POST /agent\n" . '{"messages":[]}']
--- error_code eval
[200, 200, 400, 400]
--- response_body_like eval
[qr/"came ".*"1 ".*"attachment\. ".*"no "/s, qr/"2 ".*"attachments\./s, qr/400/, qr/400/]

=== TEST 10: a question that is asked by a tool's call, which the answer closes
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_events tools;
    }
    location = /agent {
        internal;
        thread_ws_demo_agent delay=0;
    }
--- chat
connect
> message r1 ask
<* final r1 /May I restart/
> message r2 yes
<* final r2 /was restarted/

=== TEST 11: the call's own result answers it, too
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_events tools;
    }
    location = /agent {
        internal;
        thread_ws_demo_agent delay=0;
    }
--- chat
connect
> message r1 ask
<* final r1 /May I restart/
> {"type":"message","requestId":"r2","threadId":"t1",
    "toolResults":[{"toolCallId":"call_1_0","output":{"approved":true}}]}
<* final r2 /was restarted/
> message r3 ask
<* final r3 /May I restart/
> {"type":"message","requestId":"r4","threadId":"t1",
    "toolResults":[{"toolCallId":"call_5_0","output":{"approved":false}}]}
<* final r4 /stays as it is/
