# Reasoning that goes back to the model with the history, for those that want it.

use ThreadWS::Test;

our $Http = <<'CONF';
thread_ws_zone test:1m;
thread_ws_store memory;
CONF

our $Config = <<'CONF';
location /chat {
    thread_ws_pass /agent;
    thread_ws_reasoning_history on;
}
location /off {
    thread_ws_pass /agent;
}
location /heard {
    thread_ws_pass /agent;
    thread_ws_reasoning_history on;
    thread_ws_events reasoning;
}
location /agent {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
}
location ~ ^/history/(?<thread>.*)$ {
    thread_ws_history;
    thread_ws_thread_id $thread;
}
CONF

run_tests();

__DATA__

=== TEST 1: in tags, as the model wrote it
--- http_config eval: $::Http . 'thread_ws_reasoning_tags think;'
--- config eval: $::Config
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 one
@ request
@ answer "<think>Hm, \"a\".</think>First."
< answer r1 First.
> message r2 two
@ request
@ messages [{"role":"user","content":"one"},{"role":"assistant",
    "content":"<think>Hm, \"a\".</think>\n\nFirst."},
    {"role":"user","content":"two"}]
@ answer Second.
< answer r2 Second.
get /history/t1
< body /"parts":\[\{"type":"reasoning","text":"Hm, \\"a\\"."\},
    \{"type":"text","text":"First."\}\]/
connect b /off?threadId=t1
b> message r3 three
@ request
@ messages [{"role":"user","content":"one"},
    {"role":"assistant","content":"First."},{"role":"user","content":"two"},
    {"role":"assistant","content":"Second."},{"role":"user","content":"three"}]
@ answer "<think>None of it is kept.</think>Third."
b< answer r3 Third.
connect c /chat?threadId=t1
c> message r4 four
@ request
@ messages [{"role":"user","content":"one"},{"role":"assistant",
    "content":"<think>Hm, \"a\".</think>\n\nFirst."},
    {"role":"user","content":"two"},
    {"role":"assistant","content":"Second."},{"role":"user","content":"three"},
    {"role":"assistant","content":"Third."},{"role":"user","content":"four"}]
@ answer Fourth.
c< answer r4 Fourth.

=== TEST 2: in a member of its own
--- http_config eval: $::Http
--- config eval: $::Config
--- chat
connect
> message r1 one
@ request
@ head 200 text/event-stream
@ choice {"reasoning_content":"Hm."}
@ choice {"reasoning_content":" So."}
@ choice {"content":"First."}
@ finish stop
@ done
@ end
< answer r1 First.
> message r2 two
@ request
@ messages [{"role":"user","content":"one"},{"role":"assistant",
    "content":"First.","reasoning_content":"Hm. So."},
    {"role":"user","content":"two"}]
@ answer Second.
< answer r2 Second.

# told again, to who may hear it

connect b /heard?threadId=t1
    Sec-WebSocket-Protocol: thread-ws.v2
b> message r1 one
b< {"type":"reasoning","requestId":"r1","value":"Hm. So."}
b< answer r1 First.

=== TEST 3: Anthropic's, signed or redacted, around a call
--- http_config eval: $::Http . 'thread_ws_dialect anthropic;'
--- config
location /chat {
    thread_ws_pass /agent;
    thread_ws_reasoning_history on;
    thread_ws_events tools reasoning;
}
location /agent {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
}
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 one
@ request
@ head 200 text/event-stream
@ event {"type":"content_block_start","index":0,"content_block":
    {"type":"thinking","thinking":"","signature":""}}
@ event {"type":"content_block_delta","index":0,"delta":
    {"type":"thinking_delta","thinking":"Let me"}}
@ event {"type":"content_block_delta","index":0,"delta":
    {"type":"thinking_delta","thinking":" see."}}
@ event {"type":"content_block_delta","index":0,"delta":
    {"type":"signature_delta","signature":"c2lnbmVk"}}
@ event {"type":"content_block_stop","index":0}
@ event {"type":"content_block_start","index":1,"content_block":
    {"type":"redacted_thinking","data":"aGlkZGVu"}}
@ event {"type":"content_block_start","index":2,"content_block":
    {"type":"thinking","thinking":"Nobody signs this."}}
@ event {"type":"content_block_delta","index":3,"delta":
    {"type":"text_delta","text":"I look."}}
@ event {"type":"content_block_start","index":4,"content_block":
    {"type":"tool_use","id":"a","name":"x","input":{}}}
@ event {"type":"content_block_stop","index":4}
@ event {"type":"message_delta","delta":{"stop_reason":"tool_use"}}
@ event {"type":"message_stop"}
@ end
<* {"type":"reasoning","requestId":"r1","value":"Let me"}
< {"type":"reasoning","requestId":"r1","value":" see."}
< {"type":"reasoning","requestId":"r1","value":"Nobody signs this."}
<* {"type":"tool-call","requestId":"r1","toolCallId":"a","name":"x"}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"a","input":{}}
<* final r1 "I look."
> {"type":"message","requestId":"r2","threadId":"t1",
    "toolResults":[{"toolCallId":"a","output":"ok"}]}
@ request
@ messages [{"role":"user","content":"one"},{"role":"assistant","content":[
    {"type":"thinking","thinking":"Let me see.","signature":"c2lnbmVk"},
    {"type":"redacted_thinking","data":"aGlkZGVu"},
    {"type":"text","text":"I look."},
    {"type":"tool_use","id":"a","name":"x","input":{}}]},
    {"role":"user","content":[
    {"type":"tool_result","tool_use_id":"a","content":"ok"}]}]
@ reply 200 text/event-stream "data: {\"type\":\"error\"}\n\n"
< error r2

=== TEST 4: a value that is none
--- config
location /chat {
    thread_ws_pass /agent;
    thread_ws_reasoning_history yes;
}
--- refused
thread_ws_reasoning_history
yes
