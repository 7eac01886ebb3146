# thread_ws_protocol ag-ui, byte by byte: by HTTP as AG-UI's own agents want it, and
# over a WebSocket; what its clients make of them is tested with the clients
# themselves.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: by HTTP, an input, its answer, and one more
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_protocol ag-ui;
    thread_ws_http on;
--- chat
post /chat
    = {"threadId":"t1","runId":"r1","protocolVersion":"1.0","state":{},"messages":[{"id":"m1",
    = "role":"user","content":"hello"}],"tools":[],"context":[],"forwardedProps":{"page":1}}
@ request {"messages":[{"role":"user","content":"hello"}]}
@ head 200 text/event-stream
@ delta Hel
< HTTP 200
< header content-type: text/event-stream
< no header x-vercel-ai-ui-message-stream
< text {"type":"RUN_STARTED","threadId":"t1","runId":"r1"}
< text {"type":"TEXT_MESSAGE_START","messageId":"r1","role":"assistant"}
< text {"type":"TEXT_MESSAGE_CONTENT","messageId":"r1","delta":"Hel"}
@ finish stop
@ done
@ end
< text {"type":"TEXT_MESSAGE_END","messageId":"r1"}
< text {"type":"RUN_FINISHED","threadId":"t1","runId":"r1","outcome":{"type":"success"}}
< whole
post /chat
    = {"threadId":"t1","runId":"r2","messages":[{"id":"m2","role":"user","content":"again"}]}
@ request
@ messages [{"role":"user","content":"hello"},
    {"role":"assistant","content":"Hel"},{"role":"user","content":"again"}]
@ reply 500 text/plain no
< text {"type":"RUN_STARTED","threadId":"t1","runId":"r2"}
< text /^\{"type":"RUN_ERROR","message":"the agent failed: try again","code":"UPSTREAM_F/
< whole
post /chat
    = {"threadId":"t1","runId":"r3","messages":[{"id":"m1","role":"user","content":"hello!"}]}
@ request
@ messages [{"role":"user","content":"hello!"}]
@ reply 500 text/plain no
< text /"RUN_STARTED"/
< text /"RUN_ERROR"/
< whole
post /chat
    = {"type":"abort","runId":"r2"}
< HTTP 400
< body a POST is a message: a DELETE cancels
post /chat
    = {"threadId":"t1","runId":"r3","messages":[]}
< HTTP 400
< header content-type: text/plain
< body messages has no message

=== TEST 2: the same POST again hears the rest, and is not answered twice
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_protocol ag-ui;
    thread_ws_http on;
    thread_ws_events all;
--- chat
post /chat
    = {"threadId":"t1","runId":"r1","messages":[{"id":"m1","role":"user","content":"hello"}]}
@ request
@ head 200 text/event-stream
@ choice {"reasoning_content":"hm"}
@ delta Hel
< text /"RUN_STARTED"/
< text /"REASONING_START"/
< text /"REASONING_MESSAGE_START"/
< text /"REASONING_MESSAGE_CONTENT","messageId":"r1:2","delta":"hm"/
< text /"REASONING_MESSAGE_END"/
< text /"REASONING_END"/
< text /"TEXT_MESSAGE_START"/
< text /"delta":"Hel"/
> drop
@ delta lo
post a /chat
    Last-Event-ID: {{ $self->client('')->{place} }}
    = {"threadId":"t1","runId":"r1","messages":[{"id":"m1","role":"user","content":"hello"}]}
a< text {"type":"TEXT_MESSAGE_CONTENT","messageId":"r1","delta":"lo"}
@ finish stop
@ done
@ end
a< text {"type":"TEXT_MESSAGE_END","messageId":"r1"}
a< text /"RUN_FINISHED"/
a< whole
@ requests 1
hear /chat?threadId=t1&requestId=r1
< text /"RUN_STARTED"/
< text /"REASONING_START"/
< text /"REASONING_MESSAGE_START"/
< text /"REASONING_MESSAGE_CONTENT"/
< text /"REASONING_MESSAGE_END"/
< text /"REASONING_END"/
< text /"TEXT_MESSAGE_START"/
< text /"delta":"Hello"/
< text /"TEXT_MESSAGE_END"/
< text /"RUN_FINISHED"/
< whole

=== TEST 3: over a WebSocket, an answer and one that is aborted
--- http_config
    thread_ws_protocol thread-ws ag-ui;
--- chat
connect /chat
    Sec-WebSocket-Protocol: ag-ui.v1
< header Sec-WebSocket-Protocol: ag-ui.v1
> text {"threadId":"t1","runId":"r1","state":{},"messages":[{"id":"m1",
    "role":"user","content":"hello"}],"tools":[],"context":[],
    "forwardedProps":{},"data":{}}
@ request
@ answer Yes
< text {"type":"RUN_STARTED","threadId":"t1","runId":"r1"}
< text {"type":"TEXT_MESSAGE_START","messageId":"r1","role":"assistant"}
< text {"type":"TEXT_MESSAGE_CONTENT","messageId":"r1","delta":"Yes"}
< text {"type":"TEXT_MESSAGE_END","messageId":"r1"}
< text {"type":"RUN_FINISHED","threadId":"t1","runId":"r1","outcome":{"type":"success"}}
> text {"threadId":"t1","runId":"r2","messages":[{"id":"m2","role":"user",
    "content":"more"}]}
@ request
@ messages [{"role":"user","content":"hello"},
    {"role":"assistant","content":"Yes"},{"role":"user","content":"more"}]
> text {"type":"abort","runId":"r2"}
@ closed
> text {"type":"abort","runId":"r2"}
> text {"threadId":"t1","runId":"r3","messages":[]}
< text /^\{"type":"RUN_ERROR","message":"messages has no message","code":"INVALID_MESSAGE",/

=== TEST 4: an agent that asks, and goes on with the answer
--- http_config
    thread_ws_zone test:1m;
    thread_ws_store memory;
    thread_ws_dialect langgraph;
    thread_ws_protocol ag-ui;
    thread_ws_http on;
--- config
    location /chat {
        thread_ws_pass /agent;
    }

    location /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
post /chat
    = {"threadId":"t1","runId":"r1","messages":[{"id":"m1","role":"user","content":"Delete it."}]}
@ request
@ head 200 text/event-stream
@ body "event: updates\ndata: {\"__interrupt__\":[{\"value\":
    {\"really\":1},\"id\":\"0000000000000000000000000000000a\"}]}\n\n"
@ end
< text /"RUN_STARTED"/
< text /"RUN_FINISHED","threadId":"t1","runId":"r1","outcome":\{"type":"interrupt","interrupts":/
< whole
post /chat
    = {"threadId":"t1","runId":"r2","messages":[{"id":"m1","role":"user","content":"Delete it."}],
    = "resume":[{"interruptId":"0000000000000000000000000000000a","status":"resolved",
    = "payload":{"ok":true}}]}
@ request {"input":null,"command":{"resume":{"0000000000000000000000000000000a":{"ok":true}}}}
@ head 200 text/event-stream
@ body "event: messages\ndata: [{\"type\":\"ai\",\"id\":\"b\",\"content\":\"Done.\"},{}]\n\n"
@ end
< text /"RUN_STARTED"/
< text /"TEXT_MESSAGE_START","messageId":"r2"/
< text /"delta":"Done."/
< text /"TEXT_MESSAGE_END"/
< text /"RUN_FINISHED","threadId":"t1","runId":"r2","outcome":\{"type":"success"\}/
< whole
post /chat
    = {"threadId":"t1","runId":"r3","messages":[{"id":"m1","role":"user","content":"x"}],
    = "resume":[{"interruptId":"i9","status":"cancelled"}]}
< text /"RUN_STARTED"/
< text /"RUN_ERROR","message":"answers: no interrupt \\"i9\\" is open"/
< whole

=== TEST 5: over a WebSocket, the rest of a run, and what cannot be heard
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_protocol ag-ui;
    thread_ws_user $arg_u;
--- chat
connect /chat?u=a&threadId=t1&runId=r1
> text {"threadId":"t1","runId":"r1","messages":[{"id":"m1","role":"user","content":"hello"}]}
@ request
@ head 200 text/event-stream
@ delta Hel
< text {"type":"RUN_STARTED","threadId":"t1","runId":"r1"}
< text {"type":"TEXT_MESSAGE_START","messageId":"r1","role":"assistant"}
< text /^\{"chunk":\{"type":"TEXT_MESSAGE_CONTENT","messageId":"r1","delta":"Hel"\},"id":"\d+"\}$/
> drop
connect a /chat?u=a&threadId=t1&runId=r1&offset=-1
a< text {"type":"RUN_STARTED","threadId":"t1","runId":"r1"}
a< text {"type":"TEXT_MESSAGE_START","messageId":"r1","role":"assistant"}
a< text /^\{"chunk":\{[^}]*"delta":"Hel"\},"id":"\d+"\}$/
@ delta lo
a< text /^\{"chunk":\{[^}]*"delta":"lo"\},"id":"\d+"\}$/
@ finish stop
@ done
@ end
a< text {"type":"TEXT_MESSAGE_END","messageId":"r1"}
a< text /^\{"type":"RUN_FINISHED","threadId":"t1","runId":"r1",/
a< close 1000
connect b /chat?u=a&threadId=t1&runId=r1&offset=-1
b< text /RUN_STARTED/
b< text /TEXT_MESSAGE_START/
b< text /"delta":"Hello"/
b< text /TEXT_MESSAGE_END/
b< text /RUN_FINISHED/
b< close 1000
connect c /chat?u=a&threadId=t1&runId=r2&offset=-1
c< close 1008
connect d /chat?u=a&threadId=t1&runId=r1&offset=99999
d< close 1008
connect e /chat?u=a&threadId=t1&runId=r1&offset=x
e< close 1008
connect f /chat?u=a&runId=r1&offset=-1
f< close 1008
connect g /chat?u=b&threadId=t1&runId=r1&offset=-1
g< close 1008
connect h /chat?u=a&threadId=t1&runId=%22&offset=-1
h< close 1008
@ requests 1
