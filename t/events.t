# What of an answer clients hear beside its text: what the location asks for, by
# those who know of it; and messages of a graph that are begun anew.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: all that a chunk can bring, in order, and one client that knows none
--- chat_config
thread_ws_events all;
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2, thread-ws
> message r1 Hello
@ request {"stream":true}
@ head 200 text/event-stream
@ choice {"role":"assistant","reasoning_content":"Let me \"think\"."}
< {"type":"reasoning","requestId":"r1","value":"Let me \"think\"."}
@ choice {"content":"I look","tool_calls":[
    {"index":0,"id":"call_a","function":{"name":"weather","arguments":"{\"ci"}},
    {"index":1,"id":"call_b","function":{"name":"clock","arguments":""}}]}
< token r1 "I look"
< {"type":"tool-call","requestId":"r1","toolCallId":"call_a","name":"weather"}
< {"type":"tool-input","requestId":"r1","toolCallId":"call_a","value":"{\"ci"}
< {"type":"tool-call","requestId":"r1","toolCallId":"call_b","name":"clock"}
@ choice {"content":" it up","tool_calls":[
    {"index":1,"function":{"arguments":"{}"}},
    {"index":0,"function":{"arguments":"ty\":1}"}}],
    "annotations":[{"type":"url_citation",
        "url_citation":{"url":"https://example.com/a","title":"A"}}],
    "mood":{"is":[0.1,null]}}
< token r1 " it up"
< {"type":"tool-input","requestId":"r1","toolCallId":"call_b","value":"{}"}
< {"type":"tool-input","requestId":"r1","toolCallId":"call_a",
    "value":"ty\":1}"}
< {"type":"source","requestId":"r1","url":"https://example.com/a","title":"A"}
< {"type":"data","requestId":"r1","name":"mood","value":{"is":[0.1,null]}}
@ delta .
< token r1 .
@ finish tool_calls
< {"type":"tool-call-end","requestId":"r1","toolCallId":"call_a",
    "input":{"city":1}}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"call_b","input":{}}
@ usage 7 5
@ done
@ end
< final r1 "I look it up."
    finishReason: "tool_calls"
    usage: {"inputTokens":7,"outputTokens":5}

# the same for a client that offers nothing

connect old /chat?threadId=t2
old> message r1 Hello
@ request
@ head 200 text/event-stream
@ choice {"reasoning_content":"Let me think."}
@ choice {"content":"I look","tool_calls":[
    {"index":0,"id":"call_a","function":{"name":"weather","arguments":"{}"}}]}
old< token r1 "I look"
@ choice {"annotations":[{"url":"https://example.com/a"}],"mood":"good"}
@ delta .
old< token r1 .
@ finish stop
@ done
@ end
old< final r1 "I look."

=== TEST 2: by default, text alone
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 Hello
@ request
@ head 200 text/event-stream
@ choice {"reasoning_content":"Let me think.","content":"I look","tool_calls":[
    {"index":0,"id":"call_a","function":{"name":"weather","arguments":"{}"}}],
    "annotations":[{"url":"https://example.com/a"}],"mood":"good"}
< token r1 "I look"
@ finish stop
@ done
@ end
< final r1 "I look"

=== TEST 3: some kinds, and another location's own
--- config
    thread_ws_events reasoning sources;
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /tools {
        thread_ws_pass /agent;
        thread_ws_events tools data;
    }
    location = /text {
        thread_ws_pass /agent;
        thread_ws_events text;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
head 200 text/event-stream
choice {"reasoning":"Hm.","content":"Hi","tool_calls":[{"index":0,"id":"c",
    "function":{"name":"f","arguments":""}}],
    "annotations":[{"url":"https://example.com/a"}],"mood":"good"}
finish stop
done
end
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 Hello
< {"type":"reasoning","requestId":"r1","value":"Hm."}
< token r1 Hi
< {"type":"source","requestId":"r1","url":"https://example.com/a"}
< final r1 Hi
connect /tools?threadId=t2
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 Hello
< token r1 Hi
< {"type":"tool-call","requestId":"r1","toolCallId":"c","name":"f"}
< {"type":"data","requestId":"r1","name":"mood","value":"good"}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"c","input":{}}
< final r1 Hi
connect /text?threadId=t3
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 Hello
< token r1 Hi
< final r1 Hi

=== TEST 4: calls alone are an answer where they are asked for
--- config
    thread_ws_store memory;
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_events tools;
    }
    location = /text {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- http_config
    thread_ws_zone threads:8m;
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 Hello
@ request
@ head 200 text/event-stream
@ choice {"tool_calls":[{"index":0,"id":"c","function":{"name":"f",
    "arguments":"{}"}}]}
< {"type":"tool-call","requestId":"r1","toolCallId":"c","name":"f"}
< {"type":"tool-input","requestId":"r1","toolCallId":"c","value":"{}"}
@ finish tool_calls
@ done
@ end
< {"type":"tool-call-end","requestId":"r1","toolCallId":"c","input":{}}
< final r1
    message: ""
    finishReason: "tool_calls"
> message r2 And?
@ request
@ messages [{"role":"user","content":"Hello"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"c",
        "type":"function","function":{"name":"f","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"c",
        "content":"The user went on without a result of this call."},
    {"role":"user","content":"And?"}]
@ answer Well.
< answer r2 Well.
connect /text?threadId=t1
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 Hello
< final r1
    message: ""
> message r3 More?
@ request
@ head 200 text/event-stream
@ choice {"tool_calls":[{"index":0,"id":"c","function":{"name":"f",
    "arguments":"{}"}}]}
@ finish tool_calls
@ done
@ end
< error r3 UPSTREAM_FAILED
log /agent called a tool and said nothing/

=== TEST 5: what there is beside text counts
--- chat_config
thread_ws_events reasoning;
thread_ws_max_response_size 1k;
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 Hello
@ request
@ head 200 text/event-stream
@ choice {"reasoning":"{{ 'x' x 800 }}"}
< {"type":"reasoning","requestId":"r1","value":"{{ 'x' x 800 }}"}
@ choice {"content":"{{ 'y' x 200 }}"}
< error r1 RESPONSE_TOO_LARGE
@ closed

=== TEST 6: Anthropic's blocks
--- chat_config
thread_ws_events all;
thread_ws_dialect anthropic;
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 Hello
@ request
@ head 200 text/event-stream
@ event {"type":"message_start","message":{"id":"msg_1"}}
@ event {"type":"content_block_delta","index":0,
    "delta":{"type":"thinking_delta","thinking":"Hm."}}
< {"type":"reasoning","requestId":"r1","value":"Hm."}
@ event {"type":"content_block_delta","index":1,
    "delta":{"type":"text_delta","text":"I search."}}
< {"type":"token","requestId":"r1","message":"msg_1.1","value":"I search."}
@ event {"type":"content_block_start","index":2,"content_block":
    {"type":"server_tool_use","id":"s1","name":"web_search","input":{}}}
< {"type":"tool-call","requestId":"r1","toolCallId":"s1","name":"web_search"}
@ event {"type":"content_block_delta","index":2,
    "delta":{"type":"input_json_delta","partial_json":"{\"q\":\"x\"}"}}
< {"type":"tool-input","requestId":"r1","toolCallId":"s1",
    "value":"{\"q\":\"x\"}"}
@ event {"type":"content_block_stop","index":2}
< {"type":"tool-call-end","requestId":"r1","toolCallId":"s1",
    "input":{"q":"x"}}
@ event {"type":"content_block_start","index":3,"content_block":
    {"type":"web_search_tool_result","tool_use_id":"s1",
    "content":{"type":"web_search_tool_result_error","error_code":"busy"}}}
< {"type":"tool-result","requestId":"r1","toolCallId":"s1",
    "output":{"type":"web_search_tool_result_error","error_code":"busy"},
    "error":"the tool failed"}
@ event {"type":"content_block_delta","index":4,
    "delta":{"type":"text_delta","text":"Sunny."}}
< token r1 "\n\n"
< {"type":"token","requestId":"r1","message":"msg_1.4","value":"Sunny."}
@ event {"type":"content_block_delta","index":4,"delta":{
    "type":"citations_delta","citation":{"url":"https://example.com/a",
    "title":"A"}}}
< {"type":"source","requestId":"r1","url":"https://example.com/a","title":"A"}
@ event {"type":"message_delta","delta":{"stop_reason":"end_turn"}}
@ event {"type":"message_stop"}
@ end
< final r1 "I search.\n\nSunny."

=== TEST 7: a graph, its tools, and what it says of its own
--- chat_config
thread_ws_events all;
thread_ws_dialect langgraph;
thread_ws_store off;
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 Hello
@ request {"stream_mode":["messages-tuple","custom","updates"]}
@ head 200 text/event-stream
@ body "event: custom\ndata: {\"done\":\"50%\"}\n\n"
< {"type":"data","requestId":"r1","name":"custom","value":{"done":"50%"}}
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"a\",
    \"content\":\"Let me look.\",
    \"additional_kwargs\":{\"reasoning_content\":\"Hm.\"}},
    {\"langgraph_checkpoint_ns\":\"n:1\",\"langgraph_step\":1}]\n\n"
< {"type":"reasoning","requestId":"r1","message":"a","value":"Hm."}
< {"type":"token","requestId":"r1","message":"a","value":"Let me look."}
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"a\",
    \"content\":\"\",\"tool_call_chunks\":[{\"id\":\"c\",\"index\":0,
    \"name\":\"clock\",\"args\":\"{}\"}]},
    {\"langgraph_checkpoint_ns\":\"n:1\",\"langgraph_step\":1}]\n\n"
< {"type":"tool-call","requestId":"r1","toolCallId":"c","name":"clock"}
< {"type":"tool-input","requestId":"r1","toolCallId":"c","value":"{}"}
@ body "event: messages\ndata: [{\"type\":\"tool\",\"id\":\"t\",
    \"content\":\"it is broken\",\"tool_call_id\":\"c\",\"status\":\"error\"},
    {\"langgraph_checkpoint_ns\":\"t:2\",\"langgraph_step\":2}]\n\n"
< {"type":"tool-call-end","requestId":"r1","toolCallId":"c","input":{}}
< {"type":"tool-result","requestId":"r1","toolCallId":"c",
    "output":"it is broken","error":"it is broken"}
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"b\",
    \"content\":\"Noon.\"},
    {\"langgraph_checkpoint_ns\":\"n:3\",\"langgraph_step\":3}]\n\n"
< token r1 "\n\n"
< {"type":"token","requestId":"r1","message":"b","value":"Noon."}
@ end
< final r1 "Let me look.\n\nNoon."

=== TEST 8: a message that is begun anew, for those who know of it
--- chat_config
thread_ws_dialect langgraph;
thread_ws_store off;
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
connect old /chat?threadId=t2
    Sec-WebSocket-Protocol: thread-ws
> message r1 Hello
@ request {"stream_mode":["messages-tuple","updates"]}
old> message r1 Hello
@ request
repeat 2
@ select {{ $i }}
@ head 200 text/event-stream
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"z\",
    \"content\":\"First.\",\"response_metadata\":{\"finish_reason\":\"stop\"}},
    {\"langgraph_checkpoint_ns\":\"f:0\",\"langgraph_step\":1}]\n\n"
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"a\",
    \"content\":\"Half an \"},
    {\"langgraph_checkpoint_ns\":\"n:1\",\"langgraph_step\":2}]\n\n"
end
< tokens r1 "First.\n\nHalf an "
old< tokens r1 "First.\n\nHalf an "
repeat 2
@ select {{ $i }}
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"b\",
    \"content\":\"An hour.\",
    \"response_metadata\":{\"finish_reason\":\"stop\"}},
    {\"langgraph_checkpoint_ns\":\"n:1\",\"langgraph_step\":2}]\n\n"
@ end
end
< token r1 "\n\n"
< {"type":"reset","requestId":"r1"}
< token r1 "First.\n\n"
< token r1 "An hour."
< final r1 "First.\n\nAn hour."
old< answer r1 "First.\n\nHalf an \n\nAn hour."

=== TEST 9: tags around reasoning, cut anywhere
--- config
    thread_ws_reasoning_tags think reasoning;
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_events reasoning;
    }
    location = /text {
        thread_ws_pass /agent;
    }
    location = /tags {
        thread_ws_pass /agent;
        thread_ws_reasoning_tags off;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta <th
@ delta ink>Hm
< {"type":"reasoning","requestId":"r1","value":"Hm"}
@ delta ...</thin
< {"type":"reasoning","requestId":"r1","value":"..."}
@ delta "k>\n\nHi, 1 <"
< token r1 "Hi, 1 "
@ delta " 2"
< token r1 "< 2"
@ delta <reasoning>ok</reasoning>
< {"type":"reasoning","requestId":"r1","value":"ok"}
@ delta !
< token r1 !
@ finish stop
@ done
@ end
< final r1 "Hi, 1 < 2!"
> message r2 And?
@ request
@ messages [{"role":"user","content":"Hello"},
    {"role":"assistant","content":"Hi, 1 < 2!"},
    {"role":"user","content":"And?"}]
@ answer <think>Hm</think>
< {"type":"reasoning","requestId":"r2","value":"Hm"}
< error r2 UPSTREAM_FAILED
log /agent said nothing but its thoughts/
connect /text?threadId=t2
> message r1 Hello
@ request
@ answer <think>Hm</think>Hi
< answer r1 Hi
connect /tags?threadId=t3
> message r1 Hello
@ request
@ answer <think>Hm</think>Hi
< answer r1 <think>Hm</think>Hi

=== TEST 10: whoever follows hears all of it, also after a loss
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat_config
thread_ws_events all;
thread_ws_dialect anthropic;
--- chat
connect a
a> follow
a< idle -
a> message r1 Hello
@ request
@ head 200 text/event-stream
@ event {"type":"message_start","message":{"id":"msg_1"}}
@ event {"type":"content_block_delta","index":0,
    "delta":{"type":"thinking_delta","thinking":"Hm."}}
a< {"type":"reasoning","requestId":"r1","value":"Hm.","position":"*"}
@ event {"type":"content_block_delta","index":1,
    "delta":{"type":"text_delta","text":"I look"}}
a< {"type":"token","requestId":"r1","message":"msg_1.1","value":"I look",
    "position":"*"}
@ event {"type":"content_block_start","index":2,"content_block":
    {"type":"tool_use","id":"c","name":"f","input":{}}}
a< {"type":"tool-call","requestId":"r1","toolCallId":"c","name":"f",
    "position":"*"}
a> drop
@ event {"type":"content_block_delta","index":2,
    "delta":{"type":"input_json_delta","partial_json":"{}"}}
@ event {"type":"content_block_delta","index":1,
    "delta":{"type":"text_delta","text":" it up."}}
connect b
b> follow r1 after
b< following r1 Hello
b< {"type":"tool-input","requestId":"r1","toolCallId":"c","value":"{}",
    "position":"*"}
b< {"type":"token","requestId":"r1","message":"msg_1.1","value":" it up.",
    "position":"*"}
@ event {"type":"content_block_stop","index":2}
b< {"type":"tool-call-end","requestId":"r1","toolCallId":"c","input":{},
    "position":"*"}
@ event {"type":"message_delta","delta":{"stop_reason":"tool_use"}}
@ event {"type":"message_stop"}
@ end
b< final r1 "I look it up."

=== TEST 11: whoever is lost at a reset is told of it again
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_resume 1m;
--- chat_config
thread_ws_dialect langgraph;
thread_ws_store off;
--- chat
connect a
a> follow
a< idle -
a> message r1 Hello
@ request
@ head 200 text/event-stream
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"z\",
    \"content\":\"First.\",\"response_metadata\":{\"finish_reason\":\"stop\"}},
    {\"langgraph_checkpoint_ns\":\"f:0\",\"langgraph_step\":1}]\n\n"
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"a\",
    \"content\":\"Half an \"},
    {\"langgraph_checkpoint_ns\":\"n:1\",\"langgraph_step\":2}]\n\n"
a< tokens r1 "First.\n\nHalf an "
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"b\",
    \"content\":\"An hour.\",
    \"response_metadata\":{\"finish_reason\":\"stop\"}},
    {\"langgraph_checkpoint_ns\":\"n:1\",\"langgraph_step\":2}]\n\n"
a< token r1 "\n\n"
a< {"type":"reset","requestId":"r1","position":"*"}
a> drop
connect b
b> follow r1 after
b< following r1 Hello
b< {"type":"reset","requestId":"r1","position":"*"}
b< token r1 "First.\n\n"
b< token r1 "An hour."
@ end
b< final r1 "First.\n\nAn hour."
