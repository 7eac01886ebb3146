# thread_ws_protocol ai-sdk by HTTP, as the AI SDK's DefaultChatTransport wants it,
# byte by byte; what its client makes of them is tested with the client itself.

use ThreadWS::Test;

our @Last = ('', ',"messages":[]',
    ',"messages":[{"id":"a1","role":"assistant","parts":[]}]');

# what a page has: messages, and an answer with its calls' results

our $User = '{"id":"m1","role":"user","parts":[{"type":"text","text":"hello"}]}';
our $Next = '{"id":"m3","role":"user","parts":[{"type":"text","text":"next"}]}';

sub given {
    my ($id, $output) = @_;

    return qq({"type":"tool-a","toolCallId":"$id","state":"output-available",)
        . qq("input":{},"output":$output});
}

# what it has of what the agent asked

our ($A, $B) = ('a' x 32, 'b' x 32);

sub approved {
    my ($id) = @_;

    return qq({"type":"dynamic-tool","toolName":"interrupt","toolCallId":"$id",)
        . qq("state":"approval-responded","input":1,)
        . qq("approval":{"id":"$id","approved":true}});
}

sub answer {
    return '{"id":"a1","role":"assistant","parts":[{"type":"step-start"},'
        . join(',', @_) . ']}';
}

our $Half = '{"type":"step-start"},{"type":"text","text":"half"}';
our $One = answer(given('k1', 1), '{"type":"tool-b","toolCallId":"k2",'
    . '"state":"input-available","input":{}}', $Half);
our @Broken = (
    answer(given('k1', 1), given('k2', 2)),
    answer(given('k1', 0), given('k0', 0), '{"type":"step-start"}',
        given('k1', 1), given('k2', 2), $Half, given('k3', 3)),
);

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

=== TEST 5: results of tools, and a page that comes to their answer has all of the message
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_events all;
    thread_ws_protocol ai-sdk;
    thread_ws_http on;
--- config
    location ^~ /chat {
        thread_ws_pass /agent;
    }

    location ^~ /seven {
        thread_ws_pass /agent;
        thread_ws_protocol ai-sdk=7;
    }

    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT/v1/chat/completions;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
--- chat
post /chat
    = {"id":"c1","messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"hello"}]}]}
@ request
@ head 200 text/event-stream
@ choice {"tool_calls":[{"index":0,"id":"k1","function":{"name":"getTime","arguments":"{}"}}]}
@ finish tool_calls
@ done
@ end
< text /"type":"start","messageId"/
< text /"start-step"/
< text /"tool-input-start"/
< text /"tool-input-delta"/
< text /"tool-input-available"/
< text /"finish-step"/
< text /"finish"/
< text [DONE]
< whole
post /chat
    = {"id":"c1","trigger":"submit-message","messageId":"a1","messages":[{"id":"a1",
    = "role":"assistant","parts":[{"type":"step-start"},{"type":"reasoning","text":"hm"},
    = {"type":"text","text":"I look.","state":"done"},{"type":"source-url","sourceId":"1",
    = "url":"https://a.example"},{"type":"step-start"},{"type":"tool-getTime","toolCallId":"k1",
    = "state":"output-available","input":{},"output":{"__proto__":1}},{"type":"tool-x",
    = "toolCallId":"k0","state":"output-error","input":{"a":1},"errorText":"no",
    = "providerExecuted":true},{"type":"dynamic-tool","toolName":"ask","toolCallId":"k2",
    = "state":"approval-responded","providerExecuted":true,"input":2,
    = "approval":{"id":"p1","approved":false}},{"type":"unknown"},{"type":"tool-y",
    = "toolCallId":"k3","state":"input-streaming"}]}]}
@ request
@ head 200 text/event-stream
@ delta It is
< text {"type":"start"}
< text {"type":"start-step"}
< text {"type":"text-start","id":"1"}
< text {"type":"text-delta","id":"1","delta":"It is"}
repeat 2
hear a {{ ('/chat/c1/stream', '/seven/c1/stream')[$i - 1] }}
a< text {"type":"start","messageId":"a1"}
a< text {"type":"start-step"}
a< text {"type":"reasoning-start","id":"1"}
a< text {"type":"reasoning-delta","id":"1","delta":"hm"}
a< text {"type":"reasoning-end","id":"1"}
a< text {"type":"text-start","id":"2"}
a< text {"type":"text-delta","id":"2","delta":"I look."}
a< text {"type":"text-end","id":"2"}
a< text /"source-url"/
a< text {"type":"finish-step"}
a< text {"type":"start-step"}
a< text {"type":"tool-input-available","toolCallId":"k1","toolName":"getTime","input":{}}
a< text {"type":"tool-output-available","toolCallId":"k1","output":{"-_proto__":1}}
a< text /"tool-input-available","toolCallId":"k0","toolName":"x","input":\{"a":1\},"prov/
a< text /"tool-output-error","toolCallId":"k0","errorText":"no","providerExecuted":true/
a< text /"tool-input-available","toolCallId":"k2","toolName":"ask","input":2,"dynamic":true/
repeat {{ $i == 2 ? 1 : 0 }}
a< text {"type":"tool-approval-request","approvalId":"p1","toolCallId":"k2"}
a< text {"type":"tool-approval-response","approvalId":"p1","approved":false}
end
a< text {"type":"finish-step"}
a< text {"type":"start-step"}
a< text {"type":"text-start","id":"3"}
a< text {"type":"text-delta","id":"3","delta":"It is"}
a> drop
end
@ delta  noon
@ finish stop
@ done
@ end
< text {"type":"text-delta","id":"1","delta":" noon"}
@ requests 2

=== TEST 6: what is to be answered again is a user's message
--- http_config
    thread_ws_protocol ai-sdk;
    thread_ws_http on;
--- chat
repeat 3
post /chat
    = {"id":"c1","trigger":"regenerate-message","messageId":"a1"{{ $::Last[$i - 1] }}}
< HTTP 400
< body to answer again takes the user's message, the last of messages
end

=== TEST 7: a page that begins in mid-answer has what that answers
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_protocol ai-sdk;
    thread_ws_http on;
--- config
    location /chat {
        thread_ws_pass /agent;
    }

    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }

    location = /history {
        thread_ws_history;
    }
--- chat
post a /chat
    = {"id":"c1","messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"hello"},
    = {"type":"file","mediaType":"image/png","url":"https://a.example/a.png"}]}]}
@ request
@ head 200 text/event-stream
@ delta Hel
a< text /"start"/
get /history?threadId=c1&format=ai-sdk
< body /^\{"threadId":"c1","messages":\[\{"id":"m1","role":"user","metadata":\{[^{}]*"seq":1\},
    "parts":\[\{"type":"text","text":"hello"\},\{"type":"file",[^]]*\]\}\]\}$/
get /history?threadId=c1&format=ag-ui
< body /"messages":\[\{"id":"m1","role":"user"[^{}]*\[\{[^]]*\][^]]*\}\]\}$/
get /history?threadId=c1
< HTTP 404
get /history?threadId=c1&format=ai-sdk&before=2
< HTTP 404
@ finish stop
@ done
@ end
a< text /"start-step"/
a< text /"text-start"/
a< text /"Hel"/
a< text /"text-end"/
a< text /"finish-step"/
a< text /"finish"/
a< text [DONE]
a< whole
get /history?threadId=c1&format=ai-sdk
< body /"id":"m1".*"role":"assistant".*"Hel"/

# another question in its place

post a /chat
    = {"id":"c1","messageId":"m1","trigger":"submit-message","messages":[{"id":"m1",
    = "role":"user","parts":[{"type":"text","text":"another"}]}]}
@ request
@ head 200 text/event-stream
@ delta One
a< text /"start"/
get /history?threadId=c1&format=ai-sdk
< body /"messages":\[\{"id":"m1","role":"user"[^]]*"another"\}\]\}\]\}$/
get /history?threadId=c2&format=ai-sdk
< HTTP 404
a> drop
delete /history?threadId=c1
< HTTP 204
@ closed

=== TEST 8: results whose answer broke off are not lost
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_events tools;
    thread_ws_protocol ai-sdk;
    thread_ws_http on;
--- config
    location /chat {
        thread_ws_pass /agent;
    }

    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }

    location = /history {
        thread_ws_history;
    }
--- chat
post /chat
    = {"id":"c1","messages":[{{ $::User }}]}
@ request
@ head 200 text/event-stream
@ choice {"tool_calls":[{"index":0,"id":"k1","function":{"name":"a","arguments":"{}"}}]}
@ choice {"tool_calls":[{"index":1,"id":"k2","function":{"name":"b","arguments":"{}"}}]}
@ finish tool_calls
@ done
@ end
repeat 11
< text /./
end
< whole

# no call but k1 and k2 was ever open; of two with an id the last counts

repeat 2
post /chat
    = {"id":"c1","messages":[{{ $::User }},{{ $::Broken[$i - 1] }}]}
@ request
@ messages [{"role":"user","content":"hello"},{"role":"assistant","content":null,"tool_calls":[
    {"id":"k1","type":"function","function":{"name":"a","arguments":"{}"}},
    {"id":"k2","type":"function","function":{"name":"b","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"k1","content":"1"},
    {"role":"tool","tool_call_id":"k2","content":"2"}]
@ head 200 text/event-stream
@ delta half
@ reset
< text /"start"/
< text /"start-step"/
< text /"text-start"/
< text /"half"/
< text /"error"/
< text [DONE]
< whole
end

# all of them are wanted where there is nothing else

post /chat
    = {"id":"c1","messages":[{{ $::User }},{{ $::One }}]}
< text {"type":"error","errorText":"toolResults: the call \"k2\" has no result"}
< text [DONE]
< whole

# beside a question, after another one that was not answered

post a /chat
    = {"id":"c1","messages":[{{ $::User }},{{ $::One }},{"id":"m2","role":"user",
    = "parts":[{"type":"text","text":"lost"}]},{"id":"a2","role":"assistant",
    = "parts":[{"type":"text","text":"half"}]},{{ $::Next }}]}
@ request
@ messages [{"role":"user","content":"hello"},{"role":"assistant","content":null,"tool_calls":[
    {"id":"k1","type":"function","function":{"name":"a","arguments":"{}"}},
    {"id":"k2","type":"function","function":{"name":"b","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"k1","content":"1"},
    {"role":"tool","tool_call_id":"k2",
        "content":"The user went on without a result of this call."},
    {"role":"user","content":"next"}]
@ head 200 text/event-stream
@ delta so
a< text /"start","messageId"/
a< text /"start-step"/
a< text /"text-start"/
a< text /"so"/
get /history?threadId=c1&format=ai-sdk
< body /"k1","state":"output-av.*"k2","state":"input-av.*"role":"user"[^]]*"next"\}\]\}\]\}$/
@ finish stop
@ done
@ end
a< text /"text-end"/
a< text /"finish-step"/
a< text /"finish"/
a< text [DONE]
a< whole
get /history?threadId=c1&format=ai-sdk
< body /"k1","state":"output-av.*"k2","state":"input-av.*"role":"user".*"next".*"so"/

# what is not open any more is told no more

post /chat
    = {"id":"c1","messages":[{{ $::User }},{{ $::Broken[0] }},{"id":"m4","role":"user",
    = "parts":[{"type":"text","text":"last"}]}]}
@ request
@ messages [{"role":"user","content":"hello"},{"role":"assistant","content":null,"tool_calls":[
    {"id":"k1","type":"function","function":{"name":"a","arguments":"{}"}},
    {"id":"k2","type":"function","function":{"name":"b","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"k1","content":"1"},
    {"role":"tool","tool_call_id":"k2",
        "content":"The user went on without a result of this call."},
    {"role":"user","content":"next"},{"role":"assistant","content":"so"},
    {"role":"user","content":"last"}]
@ answer end
repeat 8
< text /./
end
< whole
post /chat
    = {"id":"c1","messages":[{{ $::User }},{{ $::Broken[0] }}]}
< text {"type":"error","errorText":"the answer has no result of an open call"}
< text [DONE]
< whole
@ requests 5

=== TEST 9: an answer that was given is not given again with the next one
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_dialect langgraph;
    thread_ws_protocol ai-sdk;
    thread_ws_http on;
--- chat
post /chat
    = {"id":"c1","messages":[{{ $::User }}]}
@ request
@ head 200 text/event-stream
@ body "event: updates\ndata: {\"__interrupt__\":[{\"value\":1,\"id\":\"{{ $::A }}\"},
    {\"value\":2,\"id\":\"{{ $::B }}\"}]}\n\n"
@ end
repeat 7
< text /./
end
< whole
post /chat
    = {"id":"c1","messages":[{{ $::User }},{{ ::answer(::approved($::A)) }}]}
@ request {"command":{"resume":{"{{ $::A }}":{"approved":true}}}}
@ head 200 text/event-stream
@ body "event: updates\ndata: {\"__interrupt__\":[{\"value\":2,\"id\":\"{{ $::B }}\"}]}\n\n"
@ end
repeat 6
< text /./
end
< whole

# the page has both of them in one step

post /chat
    = {"id":"c1","messages":[{{ $::User }},{{ ::answer(::approved($::A), ::approved($::B)) }}]}
@ request {"command":{"resume":{"{{ $::B }}":{"approved":true}}}}
@ head 200 text/event-stream
@ end
