# thread_ws_protocol ai-sdk: the AI SDK's own WebSocket transport, frame by
# frame; what its client makes of them is tested with the client itself.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: a question, its answer, and one more of another chat
--- http_config
    thread_ws_protocol ai-sdk;
--- chat
connect /chat
> text {"type":"send","requestId":"q1","id":"c1",
    "trigger":"submit-message","messages":[{"id":"m1","role":"user",
    "parts":[{"type":"text","text":"hello"}]}],"headers":{},"body":{}}
@ request {"messages":[{"role":"user","content":"hello"}]}
@ head 200 text/event-stream
@ delta Hel
< text {"type":"chunk","requestId":"q1","sequence":0,"chunk":{"type":"start","messageId":"q1"}}
< text {"type":"chunk","requestId":"q1","sequence":1,"chunk":{"type":"start-step"}}
< text {"type":"chunk","requestId":"q1","sequence":2,"chunk":{"type":"text-start","id":"1"}}
< text /"sequence":3,"chunk":\{"type":"text-delta","id":"1","delta":"Hel"\}\}$/
@ finish stop
@ done
@ end
< text {"type":"chunk","requestId":"q1","sequence":4,"chunk":{"type":"text-end","id":"1"}}
< text {"type":"chunk","requestId":"q1","sequence":5,"chunk":{"type":"finish-step"}}
< text /"sequence":6,"chunk":\{"type":"finish","finishReason":"stop",/
< text {"type":"end","requestId":"q1"}
> text {"type":"send","requestId":"q2","id":"c2",
    "trigger":"submit-message","messages":[{"id":"m1","role":"user",
    "parts":[{"type":"text","text":"alone"}]}],"headers":{},"body":{"page":1}}
@ request {"messages":[{"role":"user","content":"alone"}]}
> text {"type":"abort","requestId":"q2"}
@ closed
< text {"type":"chunk","requestId":"q2","sequence":0,"chunk":{"type":"start","messageId":"q2"}}
< text {"type":"chunk","requestId":"q2","sequence":1,"chunk":{"type":"start-step"}}
< text {"type":"chunk","requestId":"q2","sequence":2,"chunk":{"type":"abort"}}
< text {"type":"end","requestId":"q2"}
> text {"type":"abort","requestId":"q2"}
> text {"type":"resume","requestId":"q3","id":"c2","headers":{},"body":{}}
< text {"type":"no-active","requestId":"q3"}

=== TEST 2: chosen by its subprotocol
--- http_config
    thread_ws_protocol thread-ws ai-sdk;
--- chat
connect a /chat
    Sec-WebSocket-Protocol: ai-sdk.chat.v1
a< header Sec-WebSocket-Protocol: ai-sdk.chat.v1
a> text {"type":"resume","requestId":"q1","id":"c1","headers":{},"body":{}}
a< text {"type":"no-active","requestId":"q1"}
connect b
b> ping 1
b< pong 1

=== TEST 3: of what is refused nobody else hears
--- http_config
    thread_ws_protocol ai-sdk;
--- chat
connect /chat
> text {"type":"resume","requestId":"q1","id":"c/1","headers":{},"body":{}}
< text /"type":"error","requestId":"q1","errorText":"the chat's id must be/
> text not JSON
> text {"type":"send","requestId":"q2","id":"c1",
    "trigger":"submit-message","messages":[{"id":"m1","role":"user",
    "parts":[{"type":"file","mediaType":"image/png","url":"blob:x"}]}]}
< text /"error","requestId":"q2","errorText":"content: url must begin with/

=== TEST 4: a location's own thread is the only one
--- http_config
    thread_ws_protocol ai-sdk;
    thread_ws_thread_id $arg_chat;
--- chat
connect /chat?chat=c1
> text {"type":"resume","requestId":"q1","id":"c2","headers":{},"body":{}}
< text {"type":"error","requestId":"q1","errorText":"the chat's id is not this connection's"}
> text {"type":"resume","requestId":"q2","id":"c1","headers":{},"body":{}}
< text {"type":"no-active","requestId":"q2"}

=== TEST 5: the body's members are parameters where there are some
--- http_config
    thread_ws_protocol ai-sdk;
    thread_ws_client_parameters model=small|large;
--- chat
connect /chat
> text {"type":"send","requestId":"q1","id":"c1",
    "trigger":"submit-message","messages":[{"id":"m1","role":"user",
    "parts":[{"type":"text","text":"x"}]}],"headers":{},"body":{"seed":1}}
< text /^\{"type":"error","requestId":"q1","errorText":".*seed.*"\}$/
> text {"type":"send","requestId":"q2","id":"c1",
    "trigger":"submit-message","messages":[{"id":"m1","role":"user",
    "parts":[{"type":"text","text":"x"}]}],"headers":{},"body":{"model":"large"}}
@ request {"model":"large"}
> text {"type":"abort","requestId":"q2"}
@ closed

=== TEST 6: a thread that is deleted fails its chat alone
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_protocol ai-sdk;
--- config
    location = /chat {
        thread_ws_pass /agent;
    }

    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT/v1/chat/completions;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }

    location = /history {
        thread_ws_history;
    }
--- chat
connect a /chat
a> text {"type":"send","requestId":"q1","id":"c1",
    "trigger":"submit-message","messages":[{"id":"m1","role":"user",
    "parts":[{"type":"text","text":"x"}]}],"headers":{},"body":{}}
@ request
@ answer one
a< text /"type":"start"/
a< text /"type":"start-step"/
a< text /"type":"text-start"/
a< text /"delta":"one"/
a< text /"type":"text-end"/
a< text /"type":"finish-step"/
a< text /"type":"finish"/
a< text {"type":"end","requestId":"q1"}
a> text {"type":"send","requestId":"q2","id":"c1",
    "trigger":"submit-message","messages":[{"id":"m2","role":"user",
    "parts":[{"type":"text","text":"y"}]}],"headers":{},"body":{}}
@ request
delete /history?threadId=c1
< HTTP 204
@ closed
a< text /^\{"type":"error","requestId":"q2","errorText":".+"\}$/
a> text {"type":"send","requestId":"q3","id":"c1",
    "trigger":"submit-message","messages":[{"id":"m3","role":"user",
    "parts":[{"type":"text","text":"again"}]}],"headers":{},"body":{}}
@ request
@ messages [{"role":"user","content":"again"}]
a> text {"type":"abort","requestId":"q3"}
@ closed

=== TEST 7: who resumes what it asked itself hears it twice, each to its end
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_protocol ai-sdk;
--- chat
connect /chat
> text {"type":"send","requestId":"q1","id":"c1",
    "trigger":"submit-message","messages":[{"id":"m1","role":"user",
    "parts":[{"type":"text","text":"x"}]}],"headers":{},"body":{}}
@ request
@ head 200 text/event-stream
@ delta one
< text /"q1","sequence":0,"chunk":\{"type":"start","messageId":"q1"\}/
< text /"q1","sequence":1/
< text /"q1","sequence":2/
< text /"q1","sequence":3,.*"delta":"one"/
> text {"type":"resume","requestId":"r1","id":"c1","headers":{},"body":{}}
< text /"r1","sequence":0,"chunk":\{"type":"start","messageId":"q1"\}/
< text /"r1","sequence":1/
< text /"r1","sequence":2/
< text /"r1","sequence":3,.*"delta":"one"/
@ finish stop
@ done
@ end
< text /"q1","sequence":4,.*"text-end"/
< text /"q1","sequence":5,.*"finish-step"/
< text /"q1","sequence":6,.*"finish"/
< text {"type":"end","requestId":"q1"}
< text /"r1","sequence":4,.*"text-end"/
< text /"r1","sequence":5,.*"finish-step"/
< text /"r1","sequence":6,.*"finish"/
< text {"type":"end","requestId":"r1"}
> text {"type":"resume","requestId":"r2","id":"c1","headers":{},"body":{}}
< text {"type":"no-active","requestId":"r2"}

=== TEST 8: another answer where a connection's memory is the history
--- http_config
    thread_ws_protocol ai-sdk;
--- chat
connect /chat
> text {"type":"send","requestId":"q1","id":"c1","trigger":"submit-message",
    "messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"x"}]}]}
@ request
@ answer said
< text /"q1","sequence":0/
< text /"q1","sequence":1/
< text /"q1","sequence":2/
< text /"q1","sequence":3/
< text /"q1","sequence":4/
< text /"q1","sequence":5/
< text /"q1","sequence":6/
< text {"type":"end","requestId":"q1"}
> text {"type":"send","requestId":"q2","id":"c1",
    "trigger":"regenerate-message",
    "messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"x"}]}]}
@ request
@ messages [{"role":"user","content":"x"}]
> text {"type":"abort","requestId":"q2"}
@ closed
< text /"q2","sequence":0/
< text /"q2","sequence":1/
< text /"q2","sequence":2,"chunk":\{"type":"abort"/
< text {"type":"end","requestId":"q2"}
> text {"type":"send","requestId":"q3","id":"c1","trigger":"submit-message",
    "messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"y"}]}]}
@ request
@ messages [{"role":"user","content":"x"},{"role":"assistant",
    "content":"said"},{"role":"user","content":"y"}]
> text {"type":"abort","requestId":"q3"}
@ closed
