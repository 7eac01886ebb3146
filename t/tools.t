# Tools that the client runs: the model calls, the client answers, the model
# goes on; each round is a run, and the thread knows which calls are open.

use ThreadWS::Test;

our @Bad = (
    ['null', 'must be a list'],
    ['[]', 'must be a list'],
    ['{}', 'must be a list'],
    ['[1]', 'a list of objects'],
    ['[{"output":1}]', 'toolCallId must be'],
    ['[{"toolCallId":"","output":1}]', 'toolCallId must be'],
    ['[{"toolCallId":"a\u0000","output":1}]', 'toolCallId must be'],
    ['[{"toolCallId":"a"}]', 'output is missing'],
    ['[{"toolCallId":"a","output":1,"error":true}]', 'error must be'],
    ['[{"toolCallId":"a","output":1,"more":1}]', 'fields toolCallId'],
    ['[{"toolCallId":"a","output":1},{"toolCallId":"a","output":1}]',
        'given twice'],
    ['[{"toolCallId":"a","output":1}],"content":""', 'content must be'],
    ['[{"toolCallId":"a","output":1}]', 'no call "a" is open'],
);

our $Http = <<'CONF';
thread_ws_zone test:1m;
thread_ws_store memory;
CONF

run_tests();

__DATA__

=== TEST 1: two calls, their results, the answer; what is sent, what is kept
--- http_config eval: $::Http
--- config
location /chat {
    thread_ws_pass /agent;
    thread_ws_events tools;
}
location /agent {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
}
location ~ ^/history/(?<thread>.*)$ {
    thread_ws_history;
    thread_ws_thread_id $thread;
}
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 "What is it like in Oslo?"
@ request
@ messages [{"role":"user","content":"What is it like in Oslo?"}]
@ head 200 text/event-stream
@ choice {"content":"I look it up.","tool_calls":[
    {"index":0,"id":"a","function":{"name":"weather","arguments":"{\"city\":"}},
    {"index":1,"id":"b","function":{"name":"clock","arguments":""}}]}
@ choice {"tool_calls":[{"index":0,"function":{"arguments":"\"Oslo\"}"}}]}
@ finish tool_calls
@ done
@ end
< tokens r1 "I look it up."
< {"type":"tool-call","requestId":"r1","toolCallId":"a","name":"weather"}
< {"type":"tool-input","requestId":"r1","toolCallId":"a","value":"{\"city\":"}
< {"type":"tool-call","requestId":"r1","toolCallId":"b","name":"clock"}
< {"type":"tool-input","requestId":"r1","toolCallId":"a","value":"\"Oslo\"}"}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"a",
    "input":{"city":"Oslo"}}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"b","input":{}}
< final r1 "I look it up."

# results that are none of these, or not all of them, reach no agent

> {"type":"message","requestId":"w1","threadId":"t1",
    "toolResults":[{"toolCallId":"a","output":1}]}
< error w1 INVALID_MESSAGE
    message: "toolResults: the call \"b\" has no result"
> {"type":"message","requestId":"w2","threadId":"t1","toolResults":[
    {"toolCallId":"c","output":1},{"toolCallId":"a","output":1},
    {"toolCallId":"b","output":1}]}
< error w2 INVALID_MESSAGE
    message: "toolResults: no call \"c\" is open"
@ requests 1

# in the calls' order, whatever the client's is

> {"type":"message","requestId":"r2","threadId":"t1","toolResults":[
    {"toolCallId":"b","output":{"time":[9.5,"\u0000"]}},
    {"toolCallId":"a","output":null,"error":"no such city"}]}
@ request
@ messages [{"role":"user","content":"What is it like in Oslo?"},
    {"role":"assistant","content":"I look it up.","tool_calls":[
        {"id":"a","type":"function",
            "function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}},
        {"id":"b","type":"function",
            "function":{"name":"clock","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"a","content":"Error: no such city"},
    {"role":"tool","tool_call_id":"b",
        "content":"{\"time\":[9.5,\"\\ufffd\"]}"}]
@ answer "It is half past nine."
< answer r2 "It is half past nine."

# they are closed now

> {"type":"message","requestId":"w3","threadId":"t1",
    "toolResults":[{"toolCallId":"a","output":1}],"content":"?"}
< error w3 INVALID_MESSAGE
    message: "toolResults: no call \"a\" is open"

> message r3 "And tomorrow?"
@ request
@ messages [{"role":"user","content":"What is it like in Oslo?"},
    {"role":"assistant","content":"I look it up.","tool_calls":[
        {"id":"a","type":"function",
            "function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}},
        {"id":"b","type":"function",
            "function":{"name":"clock","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"a","content":"Error: no such city"},
    {"role":"tool","tool_call_id":"b",
        "content":"{\"time\":[9.5,\"\\ufffd\"]}"},
    {"role":"assistant","content":"It is half past nine."},
    {"role":"user","content":"And tomorrow?"}]
@ answer Rain.
< answer r3 Rain.

# for people

get /history/t1
< HTTP 200
< body /\{"role":"assistant","content":"I look it up.",[^{]*"seq":1,"parts":\[
    \{"type":"text","text":"I look it up."\},
    \{"type":"tool-call","toolCallId":"a","name":"weather",
    "input":\{"city":"Oslo"\}\},
    \{"type":"tool-call","toolCallId":"b","name":"clock","input":\{\}\}\]\}/
get /history/t1
< body /\{"role":"user","content":"",[^{]*"seq":2,"parts":\[
    \{"type":"tool-result","output":\{"time":\[9.5,"\\u0000"\]\},
    "toolCallId":"b"\},
    \{"type":"tool-result","error":"no such city","output":null,
    "toolCallId":"a"\}\]\}/
get /history/t1
< body /"content":"Rain.","requestId":"r3","createdAt":"[^"]*","seq":3\}\]\}$/

# the calls are told again to who asks for the run again

connect
    Sec-WebSocket-Protocol: thread-ws.v2
> {"type":"message","requestId":"r1","threadId":"t1",
    "content":"What is it like in Oslo?"}
< token r1 "I look it up."
< {"type":"tool-call","requestId":"r1","toolCallId":"a","name":"weather"}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"a",
    "input":{"city":"Oslo"}}
< {"type":"tool-call","requestId":"r1","toolCallId":"b","name":"clock"}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"b","input":{}}
< final r1 "I look it up."

# the same message is one of the same results

> {"type":"message","requestId":"r2","threadId":"t1","toolResults":[
    {"output":{"time":[9.5,"\u0000"]},"toolCallId":"b"},
    {"toolCallId":"a","output":null,"error":"no such city"}]}
< answer r2 "It is half past nine."
> {"type":"message","requestId":"r2","threadId":"t1","toolResults":[
    {"toolCallId":"b","output":1},{"toolCallId":"a","output":2}]}
< error r2 DUPLICATE_REQUEST
@ requests 3

=== TEST 2: Anthropic's blocks, in their order; a call that nobody answered
--- config
location /chat {
    thread_ws_pass /agent;
    thread_ws_dialect anthropic;
    thread_ws_events tools;
}
location /agent {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
}
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 "What is it like in Oslo?"
@ request
@ head 200 text/event-stream
@ event {"type":"message_start","message":{"id":"m1","usage":{}}}
@ event {"type":"content_block_start","index":0,
    "content_block":{"type":"text","text":"I look."}}
@ event {"type":"content_block_start","index":1,"content_block":{
    "type":"tool_use","id":"toolu_1","name":"weather","input":{}}}
@ event {"type":"content_block_delta","index":1,"delta":{
    "type":"input_json_delta","partial_json":"{\"city\":\"Oslo\"}"}}
@ event {"type":"content_block_stop","index":1}
@ event {"type":"content_block_start","index":2,"content_block":{
    "type":"tool_use","id":"toolu_2","name":"clock","input":{}}}
@ event {"type":"content_block_stop","index":2}
@ event {"type":"message_delta","delta":{"stop_reason":"tool_use"}}
@ event {"type":"message_stop"}
@ end
< {"type":"token","requestId":"r1","value":"I look.","message":"m1.0"}
< {"type":"tool-call","requestId":"r1","toolCallId":"toolu_1","name":"weather"}
< {"type":"tool-input","requestId":"r1","toolCallId":"toolu_1",
    "value":"{\"city\":\"Oslo\"}"}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"toolu_1",
    "input":{"city":"Oslo"}}
< {"type":"tool-call","requestId":"r1","toolCallId":"toolu_2","name":"clock"}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"toolu_2","input":{}}
< final r1 "I look."

> {"type":"message","requestId":"r2","threadId":"t1","toolResults":[
    {"toolCallId":"toolu_1","output":"rain"},
    {"toolCallId":"toolu_2","output":null,"error":"broken"}],
    "content":"Be brief."}
@ request
@ messages [{"role":"user","content":"What is it like in Oslo?"},
    {"role":"assistant","content":[{"type":"text","text":"I look."},
        {"type":"tool_use","id":"toolu_1","name":"weather",
            "input":{"city":"Oslo"}},
        {"type":"tool_use","id":"toolu_2","name":"clock","input":{}}]},
    {"role":"user","content":[
        {"type":"tool_result","tool_use_id":"toolu_1","content":"rain"},
        {"type":"tool_result","tool_use_id":"toolu_2","content":"broken",
            "is_error":true},
        {"type":"text","text":"Be brief."}]}]
@ head 200 text/event-stream
@ event {"type":"message_start","message":{"id":"m2","usage":{}}}
@ event {"type":"content_block_start","index":0,"content_block":{
    "type":"tool_use","id":"toolu_3","name":"clock","input":{}}}
@ event {"type":"content_block_stop","index":0}
@ event {"type":"message_delta","delta":{"stop_reason":"tool_use"}}
@ event {"type":"message_stop"}
@ end
< {"type":"tool-call","requestId":"r2","toolCallId":"toolu_3","name":"clock"}
< {"type":"tool-call-end","requestId":"r2","toolCallId":"toolu_3","input":{}}
< final r2 ""

# a person who goes on without it

> message r3 "Never mind."
@ request
@ messages [{"role":"user","content":"What is it like in Oslo?"},
    {"role":"assistant","content":[{"type":"text","text":"I look."},
        {"type":"tool_use","id":"toolu_1","name":"weather",
            "input":{"city":"Oslo"}},
        {"type":"tool_use","id":"toolu_2","name":"clock","input":{}}]},
    {"role":"user","content":[
        {"type":"tool_result","tool_use_id":"toolu_1","content":"rain"},
        {"type":"tool_result","tool_use_id":"toolu_2","content":"broken",
            "is_error":true},
        {"type":"text","text":"Be brief."}]},
    {"role":"assistant","content":[
        {"type":"tool_use","id":"toolu_3","name":"clock","input":{}}]},
    {"role":"user","content":[
        {"type":"tool_result","tool_use_id":"toolu_3","is_error":true,
            "content":"The user went on without a result of this call."},
        {"type":"text","text":"Never mind."}]}]

=== TEST 3: what is no list of results, and what has none open
--- chat_config
thread_ws_events tools;
--- chat
connect
repeat 13
> {"type":"message","requestId":"w{{ $i }}","threadId":"t1","toolResults":{{ $::Bad[$i - 1][0] }}}
< error w{{ $i }} INVALID_MESSAGE
    message: /{{ $::Bad[$i - 1][1] }}/
end
@ requests 0

=== TEST 4: calls without an id, and with the id of an earlier one of the thread
--- chat_config
thread_ws_events tools;
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 "Throw two dice."
@ request
@ head 200 text/event-stream
@ choice {"tool_calls":[
    {"index":0,"function":{"name":"dice","arguments":"{\"n\":1}"}},
    {"index":1,"id":"dice:1","function":{"name":"dice","arguments":"{}"}}]}
@ done
@ end
perl $::Made[0] = $self->event($self->client(''))->{toolCallId}
< tool-input r1
    toolCallId: "{{ $::Made[0] }}"
< tool-call r1
    toolCallId: "dice:1"
< tool-input r1
< tool-call-end r1
    toolCallId: "{{ $::Made[0] }}"
< tool-call-end r1
< final r1 ""
> {"type":"message","requestId":"r2","threadId":"t1","toolResults":[
    {"toolCallId":"{{ $::Made[0] }}","output":3},
    {"toolCallId":"dice:1","output":4}]}
@ request
@ head 200 text/event-stream
@ choice {"tool_calls":[
    {"index":0,"function":{"name":"dice","arguments":"{\"n\":2}"}},
    {"index":1,"id":"dice:1","function":{"name":"dice","arguments":"{}"}}]}
@ done
@ end
perl $::Made[1] = $self->event($self->client(''))->{toolCallId}
< tool-input r2
    toolCallId: "{{ $::Made[1] }}"
perl $::Made[2] = $self->event($self->client(''))->{toolCallId}
< tool-input r2
    toolCallId: "{{ $::Made[2] }}"
< tool-call-end r2
< tool-call-end r2
< final r2 ""
perl my %id = map { $_ => 1 } 'dice:1', grep { /^[\w-]{1,64}\z/a } @::Made;
    keys %id == 4
> {"type":"message","requestId":"r3","threadId":"t1","toolResults":[
    {"toolCallId":"{{ $::Made[2] }}","output":6},
    {"toolCallId":"{{ $::Made[1] }}","output":5}]}
@ request
@ messages [{"role":"user","content":"Throw two dice."},
    {"role":"assistant","content":null,"tool_calls":[
        {"id":"{{ $::Made[0] }}","type":"function",
            "function":{"name":"dice","arguments":"{\"n\":1}"}},
        {"id":"dice:1","type":"function",
            "function":{"name":"dice","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"{{ $::Made[0] }}","content":"3"},
    {"role":"tool","tool_call_id":"dice:1","content":"4"},
    {"role":"assistant","content":null,"tool_calls":[
        {"id":"{{ $::Made[1] }}","type":"function",
            "function":{"name":"dice","arguments":"{\"n\":2}"}},
        {"id":"{{ $::Made[2] }}","type":"function",
            "function":{"name":"dice","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"{{ $::Made[1] }}","content":"5"},
    {"role":"tool","tool_call_id":"{{ $::Made[2] }}","content":"6"}]
@ answer Done.
< answer r3 Done.
