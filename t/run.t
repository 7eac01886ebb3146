# A run: a message, an agent's answer to it, on one connection for all.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: five messages on one connection
--- agent
answer You said: $content
--- chat
connect
repeat 5
> message r{{ $i }} message number {{ $i }}
< answer r{{ $i }} You said: message number {{ $i }}
end
@ requests 5
@ connections 5
active 1

=== TEST 2: tokens one by one, and the final
--- chat
connect
> message r1 Hello
@ request {"stream":true,"stream_options":{"include_usage":true}}
@ line /^POST \/agent HTTP/1.1/
@ header Content-Type: /^application/json/
@ header Accept: /text/event-stream/
@ messages [{"role":"user","content":"Hello"}]
@ head 200 text/event-stream
@ choice {"role":"assistant","content":""}
@ delta One
< token r1 One
@ delta {{ ' ' }}two
< token r1 " two"
@ delta " \"three\"\n"
< token r1 " \"three\"\n"
@ finish stop
@ usage 3 5
@ done
@ end
< final r1 "One two \"three\"\n"
    finishReason: "stop"
    usage: {"inputTokens":3,"outputTokens":5}
< quiet

=== TEST 3: a conversation goes on with what was said
--- agent
answer Answer to $content
--- chat_config
thread_ws_system_prompt "You are brief.";
thread_ws_model small;
--- chat
connect
> message r1 one
< answer r1 Answer to one
> message r2 two
< answer r2 Answer to two
@ request {"model":"small"}
@ messages [{"role":"system","content":"You are brief."},{"role":"user",
    "content":"one"}]
@ request {"model":"small"}
@ messages [{"role":"system","content":"You are brief."},{"role":"user",
    "content":"one"},{"role":"assistant","content":"Answer to one"},
    {"role":"user","content":"two"}]

=== TEST 4: without a history
--- agent
answer ok
--- chat_config
thread_ws_store off;
--- chat
connect
> message r1 one
< answer r1 ok
> message r2 two
< answer r2 ok
@ request
@ request
@ messages [{"role":"user","content":"two"}]

=== TEST 5: only so many runs of the history
--- agent
answer ok
--- chat_config
thread_ws_context runs=2;
--- chat
connect
repeat 4
> message r{{ $i }} number {{ $i }}
< answer r{{ $i }} ok
end
@ select 4
@ messages [{"role":"user","content":"number 2"},{"role":"assistant",
    "content":"ok"},{"role":"user","content":"number 3"},{"role":"assistant",
    "content":"ok"},{"role":"user","content":"number 4"}]

=== TEST 6: parameters and a dialogue's own model
--- agent
answer ok
--- chat_config
thread_ws_parameters '{"temperature":0.5,"stop":["x"]}';
thread_ws_model $thread_ws_arg_model;
--- chat
connect /chat?threadId=t1&model=large
> message r1 one
< answer r1 ok
@ request {"model":"large","temperature":0.5,"stop":["x"],"stream":true}

=== TEST 7: a system prompt from a file
--- user_files
>>> prompt.txt
Be kind.
--- chat_config
thread_ws_system_prompt file:$TEST_NGINX_SERVER_ROOT/html/prompt.txt;
--- agent
answer ok
--- chat
connect
> message r1 one
< answer r1 ok
@ request
@ messages [{"role":"system","content":"/^Be kind/"},{"role":"user",
    "content":"one"}]

=== TEST 8: what is no text is no token
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ body ": a comment\n\n"
@ choice {"role":"assistant","content":null}
@ choice {"reasoning_content":"thinking"}
@ choice {"tool_calls":[{"index":0,"id":"c","function":{"name":"f",
    "arguments":"{}"}}]}
@ choice {"content":""}
@ delta text
< token r1 text
@ event {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}
@ done
@ end
< final r1 text
    usage: {"inputTokens":1,"outputTokens":2}

=== TEST 9: a stream cut at every byte
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ bytewise "data: {\"choices\":[{\"delta\":{\"content\":\"caf\u00e9 \u65e5 "
@ bytewise "\ud83d\ude00\"}}]}\r\n\r\ndata:{\"choices\":[{\"delta\":{\"content\":"
@ bytewise "\"!\"}}]}\n\ndata: [DONE]\n\n"
@ end
< tokens r1 "caf\u00e9 \u65e5 \ud83d\ude00!"
< final r1 "caf\u00e9 \u65e5 \ud83d\ude00!"

=== TEST 10: a character split over three reads
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ hex 646174613a207b2263686f69636573223a5b7b2264656c7461223a7b22636f6e74656e74223a22e2
@ hex 82
@ hex ac227d7d5d7d0a0a
< token r1 €
@ done
@ end
< final r1 €

=== TEST 11: the answer in one piece, with an agent of HTTP/1.0
--- agent_config
proxy_http_version 1.0;
--- agent
answer all at once
--- chat
connect
> message r1 Hello
< answer r1 all at once
> message r2 Hello
< answer r2 all at once

=== TEST 12: a delta of a megabyte
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta {{ 'm' x 1048576 }}
@ done
@ end
< answer r1 {{ 'm' x 1048576 }}
> message r2 Hello
@ request
@ answer small
< answer r2 small

=== TEST 13: an empty answer is none, and no later one is asked with it
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ finish stop
@ done
@ end
< error r1 UPSTREAM_FAILED
> message r2 Hello
@ request
@ messages [{"role":"user","content":"Hello"}]
@ answer more
< answer r2 more

=== TEST 14: several threads, each with its own connection
--- agent
answer You said: $content
--- chat
connect a /chat?threadId=a
connect b /chat?threadId=b
connect c /chat?threadId=c
repeat 3
a> message r{{ $i }} a{{ $i }}
b> message r{{ $i }} b{{ $i }}
c> message r{{ $i }} c{{ $i }}
a< answer r{{ $i }} You said: a{{ $i }}
b< answer r{{ $i }} You said: b{{ $i }}
c< answer r{{ $i }} You said: c{{ $i }}
b> close 1000
b< close 1000
connect b /chat?threadId=b
end
a< quiet
c< quiet

=== TEST 15: the demo agent
--- agent_config
thread_ws_demo_agent;
--- chat
connect
repeat 5
> message r{{ $i }} Hello
<* final r{{ $i }} /\S/
end

=== TEST 16: the demo agent, to anyone who asks over HTTP
--- config
    location = /agent {
        thread_ws_demo_agent;
    }
--- request
POST /agent
{"messages":[{"role":"user","content":"Hello"}],"stream":true}
--- more_headers
Content-Type: application/json
--- response_headers_like
Content-Type: text/event-stream.*
--- response_body_like: ^data: \{.*\n\n(.*\n\n)*data: \[DONE\]\n\n$

=== TEST 17: a large answer is repeated in pieces
--- chat
connect
> message r1 Hello
@ request
@ answer {{ 'a"' x 20000 }}
<* final r1 {{ 'a"' x 20000 }}
> message r1 Hello
< token r1
< token r1
< token r1
< token r1
<* final r1 {{ 'a"' x 20000 }}
@ requests 1

=== TEST 18: the model and the prompt change from run to run
--- agent
answer ok
--- chat_config
thread_ws_model $thread_ws_arg_model;
thread_ws_system_prompt "Be $thread_ws_arg_tone.";
--- chat
connect a /chat?threadId=a&model=large&tone=kind
connect b /chat?threadId=b&model=small&tone=kind
connect c /chat?threadId=c&model=large&tone=brief
repeat 2
a> message r1{{ $i }} one
a< answer r1{{ $i }} ok
b> message r2{{ $i }} one
b< answer r2{{ $i }} ok
c> message r3{{ $i }} one
c< answer r3{{ $i }} ok
end
@ request {"model":"large","messages":[
    {"role":"system","content":"Be kind."},
    {"role":"user","content":"one"}]}
@ request {"model":"small","messages":[
    {"role":"system","content":"Be kind."},
    {"role":"user","content":"one"}]}
@ request {"model":"large","messages":[
    {"role":"system","content":"Be brief."},
    {"role":"user","content":"one"}]}
@ request {"model":"large","messages":[
    {"role":"system","content":"Be kind."},
    {"role":"user","content":"one"},{"role":"assistant","content":"ok"},
    {"role":"user","content":"one"}]}
@ request {"model":"small","messages":[
    {"role":"system","content":"Be kind."},
    {"role":"user","content":"one"},{"role":"assistant","content":"ok"},
    {"role":"user","content":"one"}]}
@ request {"model":"large","messages":[
    {"role":"system","content":"Be brief."},
    {"role":"user","content":"one"},{"role":"assistant","content":"ok"},
    {"role":"user","content":"one"}]}

=== TEST 19: texts with all that JSON escapes, and what looks like an escape
--- agent
answer \u0000answer\u0000 "\"
--- chat_config
thread_ws_system_prompt 'A \u0000content\u0000, "x" \u0000question\u0000.';
--- chat
connect
repeat 2
> message r{{ $i }} \u0000content\u0000 "{{ chr(92) }}{{ chr(9) }}{{ chr(1) }}é/
< answer r{{ $i }} \u0000answer\u0000 "{{ chr(92) }}"
end
@ select 2
@ messages [{"role":"system",
    "content":"A \\u0000content\\u0000, \"x\" \\u0000question\\u0000."},
    {"role":"user","content":"\\u0000content\\u0000 \"\\\t\u0001é/"},
    {"role":"assistant","content":"\\u0000answer\\u0000 \"\\\""},
    {"role":"user","content":"\\u0000content\\u0000 \"\\\t\u0001é/"}]
