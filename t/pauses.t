# Anthropic's pause_turn: the run goes on by a request of its own, with all that
# the model has said, and its client hears one answer.

use ThreadWS::Test;
use ThreadWS::Postgres;

our $Config = <<'CONF';
location /chat {
    thread_ws_pass /agent;
    thread_ws_dialect anthropic;
    thread_ws_model m;
}
location /all {
    thread_ws_pass /agent;
    thread_ws_dialect anthropic;
    thread_ws_events all;
}
location /brief {
    thread_ws_pass /agent;
    thread_ws_dialect anthropic;
    thread_ws_run_timeout 1s;
}
location /small {
    thread_ws_pass /agent;
    thread_ws_dialect anthropic;
    thread_ws_max_response_size 1k;
}
location /partial {
    thread_ws_pass /agent;
    thread_ws_dialect anthropic;
    thread_ws_keep_partial on;
}
location /agent {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
}
CONF

our $Http = <<'CONF';
thread_ws_zone test:1m;
thread_ws_store memory;
CONF

# "@ turn ID REASON TEXT": a response of one text that ends so

sub ThreadWS::Steps::Agent::reply_turn {
    my ($self, $request, $rest) = @_;

    my ($id, $reason, $text) = split ' ', $rest, 3;

    $request->head(200, 'text/event-stream');
    $request->event($_) for
        { type => 'message_start', message => { id => $id,
            usage => { input_tokens => 10, output_tokens => 1 } } },
        { type => 'content_block_start', index => 0,
            content_block => { type => 'text', text => '' } },
        { type => 'content_block_delta', index => 0,
            delta => { type => 'text_delta', text => $text } },
        { type => 'content_block_stop', index => 0 },
        { type => 'message_delta', delta => { stop_reason => $reason },
            usage => { output_tokens => 5 } },
        { type => 'message_stop' };
    $request->end;
}

run_tests();

__DATA__

=== TEST 1: all of what it said goes back as it came, twice
--- http_config eval: $::Http . 'thread_ws_system_prompt "Be brief.";'
--- config eval: $::Config
--- chat
connect /all?threadId=t1
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 "What is new?"
@ request
@ messages [{"role":"user","content":"What is new?"}]
@ head 200 text/event-stream
@ event {"type":"message_start","message":{"id":"m1","usage":
    {"input_tokens":20,"cache_read_input_tokens":3,"output_tokens":1}}}
@ event {"type":"content_block_start","index":0,"content_block":
    {"type":"thinking","thinking":"","signature":""}}
@ event {"type":"content_block_delta","index":0,"delta":
    {"type":"thinking_delta","thinking":"Let \"me\""}}
@ event {"type":"content_block_delta","index":0,"delta":
    {"type":"thinking_delta","thinking":" see. \ud83d\ude00"}}
@ event {"type":"content_block_delta","index":0,"delta":
    {"type":"signature_delta","signature":"c2ln"}}
@ event {"type":"content_block_stop","index":0}
@ event {"type":"content_block_start","index":1,"content_block":
    {"type":"redacted_thinking","data":"aGlkZGVu"}}
@ event {"type":"content_block_stop","index":1}
@ event {"type":"content_block_start","index":2,"content_block":
    {"type":"text","text":""}}
@ event {"type":"content_block_delta","index":2,"delta":
    {"type":"text_delta","text":"I \"look\"\n"}}
@ event {"type":"content_block_delta","index":2,"delta":
    {"type":"text_delta","text":"\u00e4 \ud83d\ude00."}}
@ event {"type":"content_block_stop","index":2}
@ event {"type":"content_block_start","index":3,"content_block":
    {"type":"server_tool_use","id":"srv1","name":"web_search","input":{},
    "caller":{"type":"direct"}}}
@ event {"type":"content_block_delta","index":3,"delta":
    {"type":"input_json_delta","partial_json":""}}
@ event {"type":"content_block_delta","index":3,"delta":
    {"type":"input_json_delta","partial_json":"{\"query\":\"n"}}
@ event {"type":"content_block_delta","index":3,"delta":
    {"type":"input_json_delta","partial_json":"ew\"}"}}
@ event {"type":"content_block_stop","index":3}
@ event {"type":"content_block_start","index":4,"content_block":
    {"type":"web_search_tool_result","tool_use_id":"srv1","content":[
    {"type":"web_search_result","title":"T","url":"https://x.test/",
    "encrypted_content":"ZW5j","page_age":null}]}}
@ event {"type":"content_block_stop","index":4}
@ event {"type":"content_block_start","index":5,"content_block":
    {"type":"text","text":"","citations":[]}}
@ event {"type":"content_block_delta","index":5,"delta":
    {"type":"citations_delta","citation":{"type":"web_search_result_location",
    "url":"https://x.test/","title":"T","encrypted_index":"aWR4",
    "cited_text":"new"}}}
@ event {"type":"content_block_delta","index":5,"delta":
    {"type":"text_delta","text":"This."}}
@ event {"type":"content_block_stop","index":5}
@ event {"type":"content_block_start","index":6,"content_block":
    {"type":"text","text":""}}
@ event {"type":"content_block_stop","index":6}
@ event {"type":"content_block_start","index":7,"content_block":
    {"type":"server_tool_use","id":"srv2","name":"code","input":{}}}
@ event {"type":"content_block_stop","index":7}
@ event {"type":"message_delta","delta":{"stop_reason":"pause_turn",
    "container":{"id":"box1","expires_at":"2030-01-01T00:00:00Z"}},
    "usage":{"output_tokens":7}}
@ event {"type":"message_stop"}
@ end
@ request {"stream":true,"max_tokens":4096,"system":"Be brief.",
    "container":"box1"}
@ messages [{"role":"user","content":"What is new?"},
    {"role":"assistant","content":[
    {"type":"thinking","thinking":"Let \"me\" see. \ud83d\ude00",
        "signature":"c2ln"},
    {"type":"redacted_thinking","data":"aGlkZGVu"},
    {"type":"text","text":"I \"look\"\n\u00e4 \ud83d\ude00."},
    {"type":"server_tool_use","id":"srv1","name":"web_search",
        "input":{"query":"new"},"caller":{"type":"direct"}},
    {"type":"web_search_tool_result","tool_use_id":"srv1","content":[
        {"type":"web_search_result","title":"T","url":"https://x.test/",
        "encrypted_content":"ZW5j","page_age":null}]},
    {"type":"text","text":"This.","citations":[
        {"type":"web_search_result_location","url":"https://x.test/",
        "title":"T","encrypted_index":"aWR4","cited_text":"new"}]},
    {"type":"server_tool_use","id":"srv2","name":"code","input":{}}]}]
@ header anthropic-version: 2023-06-01
@ head 200 text/event-stream
@ event {"type":"message_start","message":{"id":"m2","usage":
    {"input_tokens":30,"output_tokens":1}}}
@ event {"type":"content_block_start","index":0,"content_block":
    {"type":"code_tool_result","tool_use_id":"srv2","content":{"out":"1"}}}
@ event {"type":"content_block_stop","index":0}
@ event {"type":"content_block_start","index":1,"content_block":
    {"type":"text","text":" And"}}
@ event {"type":"content_block_stop","index":1}
@ event {"type":"message_delta","delta":{"stop_reason":"pause_turn"},
    "usage":{"output_tokens":11}}
@ event {"type":"message_stop"}
@ end
@ request {"container":"box1"}
@ messages [{"role":"user","content":"What is new?"},
    {"role":"assistant","content":[
    {"type":"thinking","thinking":"Let \"me\" see. \ud83d\ude00",
        "signature":"c2ln"},
    {"type":"redacted_thinking","data":"aGlkZGVu"},
    {"type":"text","text":"I \"look\"\n\u00e4 \ud83d\ude00."},
    {"type":"server_tool_use","id":"srv1","name":"web_search",
        "input":{"query":"new"},"caller":{"type":"direct"}},
    {"type":"web_search_tool_result","tool_use_id":"srv1","content":[
        {"type":"web_search_result","title":"T","url":"https://x.test/",
        "encrypted_content":"ZW5j","page_age":null}]},
    {"type":"text","text":"This.","citations":[
        {"type":"web_search_result_location","url":"https://x.test/",
        "title":"T","encrypted_index":"aWR4","cited_text":"new"}]},
    {"type":"server_tool_use","id":"srv2","name":"code","input":{}},
    {"type":"code_tool_result","tool_use_id":"srv2","content":{"out":"1"}},
    {"type":"text","text":" And"}]}]
@ head 200 text/event-stream
@ event {"type":"message_start","message":{"id":"m3","usage":
    {"input_tokens":40,"output_tokens":1}}}
@ event {"type":"content_block_delta","index":0,"delta":
    {"type":"text_delta","text":" that."}}
@ event {"type":"message_delta","delta":{"stop_reason":"end_turn"},
    "usage":{"output_tokens":13}}
@ event {"type":"message_stop"}
@ end

# one answer, its calls with the results that came later

< {"type":"reasoning","requestId":"r1","value":"Let \"me\""}
< {"type":"reasoning","requestId":"r1","value":" see. \ud83d\ude00"}
< tokens r1 "I \"look\"\n\u00e4 \ud83d\ude00."
< {"type":"tool-call","requestId":"r1","toolCallId":"srv1","name":"web_search"}
< {"type":"tool-input","requestId":"r1","toolCallId":"srv1",
    "value":"{\"query\":\"n"}
< {"type":"tool-input","requestId":"r1","toolCallId":"srv1","value":"ew\"}"}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"srv1",
    "input":{"query":"new"}}
< {"type":"tool-result","requestId":"r1","toolCallId":"srv1","output":[
    {"type":"web_search_result","title":"T","url":"https://x.test/",
    "encrypted_content":"ZW5j","page_age":null}]}
< {"type":"source","requestId":"r1","url":"https://x.test/","title":"T"}
< tokens r1 "\n\nThis."
< {"type":"tool-call","requestId":"r1","toolCallId":"srv2","name":"code"}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"srv2","input":{}}
< {"type":"tool-result","requestId":"r1","toolCallId":"srv2",
    "output":{"out":"1"}}
<* final r1 "I \"look\"\n\u00e4 \ud83d\ude00.\n\nThis.\n\n And that."
    usage: {"inputTokens":93,"outputTokens":31,"cachedInputTokens":3}
    finishReason: "end_turn"

# it is one run to those that follow, and its calls are nobody's to answer

> message r2 "And?"
@ request
@ messages [{"role":"user","content":"What is new?"},
    {"role":"assistant",
    "content":"I \"look\"\n\u00e4 \ud83d\ude00.\n\nThis.\n\n And that."},
    {"role":"user","content":"And?"}]
@ turn m4 end_turn No.
<* final r2 No.
@ requests 4

=== TEST 2: one that pauses for ever
--- config eval: $::Config
--- chat
connect
@ auto turn m pause_turn Hm
> message r1 one
<* error r1 UPSTREAM_FAILED
    retryable: true
@ requests 6
log /agent paused before its answer was complete/
@ manual
@ select 6
@ messages [{"role":"user","content":"one"},{"role":"assistant","content":[
    {"type":"text","text":"Hm"},{"type":"text","text":"Hm"},
    {"type":"text","text":"Hm"},{"type":"text","text":"Hm"},
    {"type":"text","text":"Hm"}]}]

# nothing of it is kept, and the next one may pause as often

perl $self->{agents}{main}{taken} = 6
> message r2 two
repeat 5
@ request
@ turn m pause_turn {{ $i }}
end
@ request
@ turn m end_turn 6
<* final r2 123456
    usage: {"inputTokens":60,"outputTokens":30}
> message r3 three
@ request
@ messages [{"role":"user","content":"two"},
    {"role":"assistant","content":"123456"},{"role":"user","content":"three"}]
@ turn m end_turn 7
<* final r3 7

=== TEST 3: cancelled, dropped, timed out in the second request
--- http_config eval: $::Http
--- config eval: $::Config
--- chat
connect
> message r1 one
@ request
@ turn m pause_turn Half
@ request
@ head 200 text/event-stream
> cancel r1
<* cancelled r1
@ closed
> message r2 two
@ request
@ messages [{"role":"user","content":"two"}]
@ turn m pause_turn Half
@ request
> drop
@ closed
connect b /brief?threadId=t1
b> message r3 three
@ request
@ messages [{"role":"user","content":"three"}]
@ turn m pause_turn Half
@ request
b<* error r3 UPSTREAM_TIMEOUT
@ closed
connect c /partial?threadId=t1
c> message r4 four
@ request
@ messages [{"role":"user","content":"four"}]
@ turn m pause_turn Half
@ request
c<* token r4 Half
c> cancel r4
c< cancelled r4
    kept: true
@ closed
c> message r5 five
@ request
@ messages [{"role":"user","content":"four"},
    {"role":"assistant","content":"Half"},{"role":"user","content":"five"}]
@ requests 9

=== TEST 4: the agent's faults in the second request are the run's
--- http_config eval: $::Http
--- config eval: $::Config
--- chat
connect
> message r1 one
@ request
@ turn m pause_turn Half
@ request
@ reply 529 application/json {"error":{"type":"overloaded_error","message":"no"}}
<* error r1 UPSTREAM_UNAVAILABLE
> message r2 one
@ request
@ messages [{"role":"user","content":"one"}]
@ turn m pause_turn Half
@ request
@ head 200 text/event-stream
@ event {"type":"error","error":{"type":"api_error","message":"no"}}
<* error r2 UPSTREAM_FAILED
> message r3 one
@ request
@ turn m pause_turn Half
@ request
@ turn m refusal No
<* error r3 UPSTREAM_REFUSED
> message r4 one
@ request
@ turn m pause_turn Half
@ request
@ head 200 text/event-stream
@ event {"type":"message_start","message":{"id":"m"}}
@ close
<* error r4 UPSTREAM_FAILED
> message r5 one
@ request
@ turn m pause_turn Half
@ request
@ reply 200 text/html <p>no</p>
<* error r5 UPSTREAM_FAILED
> message r6 one
@ request
@ turn m pause_turn Half
@ request
@ reset
<* error r6 /UPSTREAM/
> message r7 one
@ request
@ messages [{"role":"user","content":"one"}]
@ turn m end_turn Whole
<* final r7 Whole

=== TEST 5: more than may be kept does not go on, what is less does
--- config eval: $::Config
--- chat
connect /small?threadId=t1
> message r1 one
@ request
@ head 200 text/event-stream
@ event {"type":"content_block_start","index":0,"content_block":{
    "type":"web_search_tool_result","tool_use_id":"a",
    "content":"{{ 'x' x 600 }}"}}
@ event {"type":"content_block_delta","index":1,"delta":
    {"type":"text_delta","text":"Half"}}
@ event {"type":"message_delta","delta":{"stop_reason":"pause_turn"}}
@ event {"type":"message_stop"}
@ end
@ request
@ head 200 text/event-stream
@ event {"type":"content_block_start","index":0,"content_block":{
    "type":"web_search_tool_result","tool_use_id":"b",
    "content":"{{ 'x' x 600 }}"}}
@ event {"type":"content_block_delta","index":1,"delta":
    {"type":"text_delta","text":" more"}}
@ event {"type":"message_delta","delta":{"stop_reason":"pause_turn"}}
@ event {"type":"message_stop"}
@ end
<* error r1 UPSTREAM_FAILED
log /agent paused before its answer was complete/
@ requests 2

=== TEST 6: a pause without the end mark, and one whose body stays open
--- config eval: $::Config
--- chat
connect
> message r1 one
@ request
@ unframed
@ head 200 text/event-stream
@ event {"type":"content_block_delta","index":0,"delta":
    {"type":"text_delta","text":"Half."}}
@ event {"type":"message_delta","delta":{"stop_reason":"pause_turn"}}
@ end
@ request
@ messages [{"role":"user","content":"one"},{"role":"assistant","content":[
    {"type":"text","text":"Half."}]}]
@ unframed
@ head 200 text/event-stream
@ event {"type":"content_block_delta","index":0,"delta":
    {"type":"text_delta","text":" More."}}
@ event {"type":"message_delta","delta":{"stop_reason":"pause_turn"}}
@ event {"type":"message_stop"}
< token r1 Half.
< token r1 " More."
> cancel r1
< cancelled r1
@ closed
> message r2 two
@ request
@ messages [{"role":"user","content":"two"}]
@ turn m end_turn Yes
<* final r2 Yes

=== TEST 7: with resume it is heard elsewhere, and goes on without anybody
--- http_config eval: $::Http . 'thread_ws_resume 1m;'
--- config eval: $::Config
--- chat
connect
> message r1 one
@ request
@ turn m pause_turn Half
@ request
> drop
@ head 200 text/event-stream
@ event {"type":"content_block_delta","index":0,"delta":
    {"type":"text_delta","text":" and"}}
connect b
    Sec-WebSocket-Protocol: thread-ws.v2
b> follow r1
b< following r1 one
b< tokens r1 "Half and"
@ event {"type":"message_delta","delta":{"stop_reason":"pause_turn"},
    "usage":{"output_tokens":5}}
@ event {"type":"message_stop"}
@ end
@ request
@ turn m end_turn .
b<* final r1 "Half and."
@ requests 3
