# Interrupts: a graph asks, the run ends with its question, which is stored; the
# client's answers go on with it, or a new message begins anew.

use ThreadWS::Test;

# ids as the server makes them

our ($A, $B) = map { '0' x 31 . $_ } 'a', 'b';
our $Both = qq([{"interruptId":"$A","value":{"really":"é"}},)
    . qq({"interruptId":"$B","value":null}]);

our @Bad = (
    ['null', 'must be a list'],
    ['[]', 'must be a list'],
    ['"i1"', 'must be a list'],
    ['[1]', 'a list of objects'],
    ['[{"value":1}]', 'interruptId must be'],
    ['[{"interruptId":"","value":1}]', 'interruptId must be'],
    ['[{"interruptId":1,"value":1}]', 'interruptId must be'],
    ['[{"interruptId":"i1"}]', 'value is missing'],
    ['[{"interruptId":"i1","value":1,"more":1}]', 'fields interruptId'],
    ['[{"interruptId":"i1","value":1},{"interruptId":"i1","value":1}]',
        'given twice'],
    ['[{"interruptId":"i1","value":1}],"content":"x"', 'without content'],
    ['[{"interruptId":"i2","value":1}]', 'no interrupt "i2" is open'],
    ['[{"interruptId":"i1","value":1},{"interruptId":"' . 'é' x 65
        . '","value":1}]', 'no interrupt "' . 'é' x 64 . '" is open'],
);

our $Http = <<'CONF';
thread_ws_zone test:1m;
thread_ws_store memory;
thread_ws_dialect langgraph;
CONF

our $Config = <<'CONF';
location /chat {
    thread_ws_pass /agent;
}
location /agent {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
}
location ~ ^/history/(?<thread>.*)$ {
    thread_ws_dialect openai;
    thread_ws_history;
    thread_ws_thread_id $thread;
}
CONF

run_tests();

__DATA__

=== TEST 1: two questions, one answered, then the other; what is kept
--- http_config eval: $::Http
--- config eval: $::Config
--- chat
connect
> message r1 "Delete it."
@ request {"stream_mode":["messages-tuple","updates"]}
@ head 200 text/event-stream
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"a\",
    \"content\":\"Well.\"},{\"langgraph_checkpoint_ns\":\"n:1\"}]\n\n"
@ body "event: updates\ndata: {\"__interrupt__\":[{\"value\":
    {\"really\":\"\\u00e9\"},\"id\":\"{{ $::A }}\"}]}\n\n"
@ body "event: updates\ndata: {\"__interrupt__\":[{\"value\":
    null,\"id\":\"{{ $::B }}\"}]}\n\n"
@ end
< tokens r1 "Well."
< final r1 "Well."
    finishReason: "interrupt"
    interrupts: {{ $::Both }}

# one of them; the server asks the other again

> {"type":"message","requestId":"r2","threadId":"t1","answers":[{
    "interruptId":"{{ $::A }}","value":{"sure":[1,null]}}]}
@ request {"input":null,"command":{"resume":{
    "{{ $::A }}":{"sure":[1,null]}}}}
@ head 200 text/event-stream
@ body "event: updates\ndata: {\"__interrupt__\":[{\"value\":
    null,\"id\":\"{{ $::B }}\"}]}\n\n"
@ end
< final r2 ""
    finishReason: "interrupt"
    interrupts: [{"interruptId":"{{ $::B }}","value":null}]

# asked again, a question is told again; it is no longer this one that is open

> message r1 "Delete it."
< token r1 "Well."
< final r1 "Well."
    finishReason: "interrupt"
    interrupts: {{ $::Both }}
> {"type":"message","requestId":"w1","threadId":"t1","answers":[{
    "interruptId":"{{ $::A }}","value":1}]}
< error w1 INVALID_MESSAGE
    message: "answers: no interrupt \"{{ $::A }}\" is open"
@ requests 2

# on another connection, from the store

connect b
b> {"type":"message","requestId":"r3","threadId":"t1","answers":[{
    "interruptId":"{{ $::B }}","value":false}]}
@ request {"input":null,"command":{"resume":{
    "{{ $::B }}":false}}}
@ head 200 text/event-stream
@ body "event: messages\ndata: [{\"type\":\"ai\",\"id\":\"b\",
    \"content\":\"Done.\"},{\"langgraph_checkpoint_ns\":\"n:2\"}]\n\n"
@ end
b< tokens r3 "Done."
b< final r3 "Done."
b> {"type":"message","requestId":"w2","threadId":"t1","answers":[{
    "interruptId":"{{ $::B }}","value":false}]}
b< error w2 INVALID_MESSAGE
    message: "answers: no interrupt \"{{ $::B }}\" is open"
@ requests 3

get /history/t1
< HTTP 200
< body /"content":"Well.",[^{]*"seq":1,"parts":\[
    \{"type":"text","text":"Well."\},
    \{"type":"interrupt","interruptId":"{{ $::A }}",
    "value":\{"really":"é"\}\},
    \{"type":"interrupt","interruptId":"{{ $::B }}",
    "value":null\}\]\}/
get /history/t1
< body /\{"role":"user","content":"",[^{]*"seq":2,"parts":\[\{"type":"answer",
    "interruptId":"{{ $::A }}",
    "value":\{"sure":\[1,null\]\}\}\]\},
    \{"role":"assistant","content":"",[^{]*"seq":2,"parts":\[
    \{"type":"interrupt","interruptId":"{{ $::B }}",
    "value":null\}\]\}/

=== TEST 2: a stop before a node, then new content instead of an answer
--- http_config eval: $::Http
--- config eval: $::Config
--- chat
connect
> message r1 one
@ request
@ head 200 text/event-stream
@ body "event: updates\ndata: {\"__interrupt__\":[]}\n\n"
@ end
< final r1 ""
    finishReason: "interrupt"
    interrupts: [{"interruptId":"breakpoint","value":null}]
> {"type":"message","requestId":"r2","threadId":"t1","answers":[{
    "interruptId":"breakpoint","value":true}]}
@ request {"input":null}
@ head 200 text/event-stream
@ body "event: updates\ndata: {\"__interrupt__\":[{\"value\":\"?\"}]}\n\n"
@ end
< final r2 ""
    interrupts: [{"interruptId":"interrupt-1","value":"?"}]
> message r3 three
@ request {"input":{"messages":[{"role":"user","content":"three","id":"r3"}]}}
@ head 200 text/event-stream
@ body "event: messages\ndata: [{\"type\":\"ai\",\"id\":\"b\",
    \"content\":\"Anew.\"},{\"langgraph_checkpoint_ns\":\"n:2\"}]\n\n"
@ end
< tokens r3 "Anew."
< final r3 "Anew."
> {"type":"message","requestId":"w1","threadId":"t1","answers":[{
    "interruptId":"interrupt-1","value":true}]}
< error w1 INVALID_MESSAGE
    message: "answers: no interrupt \"interrupt-1\" is open"
@ requests 3

=== TEST 3: where nothing is kept the server alone knows what it asked
--- http_config
thread_ws_zone test:1m;
thread_ws_store off;
thread_ws_dialect langgraph;
--- config eval: $::Config =~ s/location ~.*//sr
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","answers":[{
    "interruptId":"{{ $::A }}","value":"yes"},{
    "interruptId":"{{ $::B }}","value":"no"}]}
@ request {"input":null,"command":{"resume":{
    "{{ $::A }}":"yes",
    "{{ $::B }}":"no"}}}
@ head 200 text/event-stream
@ body "event: updates\ndata: {\"__interrupt__\":[{\"value\":\"Why?\",
    \"id\":\"0000000000000000000000000000000c\"}]}\n\n"
@ end
< final r1 ""
    interrupts: [{"interruptId":"0000000000000000000000000000000c","value":"Why?"}]

=== TEST 4: what is refused reaches no agent and no store
--- http_config eval: $::Http
--- config eval: $::Config
--- chat
connect
> message r1 one
@ request
@ head 200 text/event-stream
@ body "event: updates\ndata: {\"__interrupt__\":[{\"value\":1,
    \"id\":\"i1\"}]}\n\n"
@ end
< final r1 ""
repeat 13
> {"type":"message","requestId":"w{{ $i }}","threadId":"t1","answers":{{ $::Bad[$i - 1][0] }}}
< error w{{ $i }} INVALID_MESSAGE
    message: /{{ $::Bad[$i - 1][1] }}/
end
@ requests 1
> {"type":"message","requestId":"r2","threadId":"t1","answers":[{
    "interruptId":"i1","value":1}]}
@ request {"input":null,"command":{"resume":1}}
@ head 200 text/event-stream
@ body "event: messages\ndata: [{\"type\":\"ai\",\"id\":\"b\",
    \"content\":\"Good.\"},{\"langgraph_checkpoint_ns\":\"n:2\"}]\n\n"
@ end
< tokens r2 "Good."
< final r2 "Good."
get /history/t1
< body /^(?!.*"requestId":"w).*"seq":2.*"seq":2\}\]\}$/

=== TEST 5: an agent that asks nothing
--- http_config
thread_ws_zone test:1m;
thread_ws_store memory;
--- config eval: $::Config
--- chat
connect
> {"type":"message","requestId":"w1","threadId":"t1","answers":[{
    "interruptId":"i","value":1}]}
< error w1 INVALID_MESSAGE
    message: "answers: this agent asks no questions"
@ requests 0

=== TEST 6: to the AI SDK's client a question is a call, its answer a result
--- http_config eval: "$::Http thread_ws_protocol ai-sdk;"
--- config eval: $::Config
--- chat
connect /chat
> text {"type":"send","requestId":"q1","id":"c1","trigger":"submit-message",
    "messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"x"}]}]}
@ request
@ head 200 text/event-stream
@ body "event: updates\ndata: {\"__interrupt__\":[{\"value\":
    {\"sure\":true},\"id\":\"{{ $::A }}\"}]}\n\n"
@ end
< text /"messageId":"q1"/
< text /"start-step"/
< text /"sequence":2,"chunk":\{"type":"tool-input-available","toolCallId":"{{ $::A }}",
    "toolName":"interrupt","input":\{"sure":true\},"dynamic":true\}\}$/
< text /"chunk":\{"type":"tool-approval-request","approvalId":"{{ $::A }}",
    "toolCallId":"{{ $::A }}"\}\}$/
< text /"finish-step"/
< text /"finishReason":"tool-calls"/
< text {"type":"end","requestId":"q1"}
> text {"type":"send","requestId":"q2","id":"c1","trigger":"submit-message",
    "messageId":"q1","messages":[{"id":"q1","role":"assistant","parts":[
    {"type":"step-start"},{"type":"dynamic-tool","toolName":"interrupt",
    "toolCallId":"{{ $::A }}","state":"approval-responded","input":{},
    "approval":{"id":"{{ $::A }}","approved":true}}]}]}
@ request {"command":{"resume":{"{{ $::A }}":{"approved":true}}}}
> text {"type":"abort","requestId":"q2"}
@ closed
< text /^\{"type":"chunk","requestId":"q2","sequence":0,"chunk":\{"type":"start"\}\}$/
