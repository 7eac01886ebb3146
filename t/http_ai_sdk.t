# thread_ws_protocol ai-sdk by HTTP, as the AI SDK's DefaultChatTransport wants it,
# byte by byte; what its client makes of them is tested with the client itself.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: a question, its answer, and one more
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_protocol ai-sdk;
    thread_ws_http on;
--- chat
post /chat
    = {"id":"c1","trigger":"submit-message","messages":[{"id":"m1","role":"user",
    = "parts":[{"type":"text","text":"hello"}]}],"page":1}
@ request {"messages":[{"role":"user","content":"hello"}]}
@ head 200 text/event-stream
@ delta Hel
< HTTP 200
< header content-type: text/event-stream
< header x-vercel-ai-ui-message-stream: v1
< text /^\{"type":"start","messageId":"[0-9a-f]{32}"\}$/
< text {"type":"start-step"}
< text {"type":"text-start","id":"1"}
< text {"type":"text-delta","id":"1","delta":"Hel"}
@ finish stop
@ done
@ end
< text {"type":"text-end","id":"1"}
< text {"type":"finish-step"}
< text /^\{"type":"finish","finishReason":"stop","messageMetadata":\{"latencyMs":\d+\}\}$/
< text [DONE]
< whole
post /chat
    = {"id":"c1","message":{"id":"m2","role":"user","parts":[{"type":"text","text":"again"}]}}
@ request
@ messages [{"role":"user","content":"hello"},
    {"role":"assistant","content":"Hel"},{"role":"user","content":"again"}]
@ reply 500 text/plain no
< text {"type":"error","errorText":"the agent failed: try again"}
< text [DONE]
< whole

# another answer, by both of the shapes that say so

post /chat
    = {"id":"c1","message":{"id":"m1","role":"user","parts":[{"type":"text","text":"hello"}]}}
@ request
@ messages [{"role":"user","content":"hello"}]
@ reply 500 text/plain no
< text /"type":"error"/
< text [DONE]
< whole
post /chat
    = {"id":"c1","trigger":"regenerate-message","messages":[{"id":"m1","role":"user",
    = "parts":[{"type":"text","text":"hello"}]}]}
@ request
@ messages [{"role":"user","content":"hello"}]
> drop
@ closed

=== TEST 2: what is refused is told in words
--- http_config
    thread_ws_protocol ai-sdk;
    thread_ws_http on;
    thread_ws_client_parameters model=small|large;
--- chat
post /chat
    = {"id":"c/1","messages":[]}
< HTTP 400
< header content-type: text/plain
< body the chat's id must be 1 to 128 characters of A-Z a-z 0-9 . _ ~ -
post /chat
    = {"id":"c1","messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"x"}]}],
    = "model":"huge"}
< HTTP 400
< body /model/
post /chat
    = not JSON
< HTTP 400
< body the message is not valid JSON
post /chat?threadId=c2
    = {"id":"c1","messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"x"}]}]}
< HTTP 400
< body threadId is not this request's
post /chat
    = {"id":"c1","messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"x"}]}],
    = "model":"large"}
@ request {"model":"large"}
> drop
@ closed

=== TEST 3: resumed whole, and nothing to resume is no error
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_protocol ai-sdk;
    thread_ws_http on;
--- config
    location ^~ /chat {
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
hear /chat/c1/stream
< HTTP 204
post /chat
    = {"id":"c1","messages":[{"id":"m0","role":"user","parts":[{"type":"text","text":"one"}]}]}
@ request
@ answer first
< text /"type":"start"/
< text /"type":"start-step"/
< text /"type":"text-start"/
< text /"delta":"first"/
< text /"type":"text-end"/
< text /"type":"finish-step"/
< text /"type":"finish"/
< text [DONE]
< whole
post /chat
    = {"id":"c1","messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"hello"}]}]}
@ request
@ head 200 text/event-stream
@ delta Hel
< text /"type":"start"/
< text /"type":"start-step"/
< text /"type":"text-start"/
< text /"delta":"Hel"/
> drop
@ delta lo
hear a /chat/c1/stream
a< text /"type":"start","messageId"/
a< text /"type":"start-step"/
a< text /"type":"text-start"/
a< text /"delta":"Hello"/
hear /chat/c2/stream
< HTTP 204
delete /history?threadId=c1
< HTTP 204
@ closed
a< text {"type":"error","errorText":"the thread was deleted"}
a< text [DONE]
a< whole

=== TEST 4: without thread_ws_resume nothing is resumed, and who closes cancels
--- http_config
    thread_ws_protocol ai-sdk;
    thread_ws_http on;
--- chat
hear /chat
< HTTP 400
hear /chat?threadId=c1
< HTTP 204
post /chat
    = {"id":"c1","messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"hello"}]}]}
@ request
@ head 200 text/event-stream
@ delta Hel
< text /"type":"start"/
> drop
@ closed
