# What an agent can do wrong: each gives its event, and the same WebSocket
# answers the next message.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: it refuses the connection
--- http_config
    map $thread_ws_request_id $agent {
        r1      127.0.0.1:$TEST_NGINX_DEAD_PORT;
        default 127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent_config
proxy_pass http://$agent;
--- agent
answer fine
--- chat
connect
> message r1 Hello
< error r1 UPSTREAM_UNAVAILABLE
> message r2 again
< answer r2 fine

=== TEST 2: no server of the upstream lives
--- http_config
    upstream dead {
        server 127.0.0.1:$TEST_NGINX_DEAD_PORT down;
    }
    map $thread_ws_request_id $agent {
        r1      dead;
        default 127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent_config
proxy_pass http://$agent;
--- agent
answer fine
--- chat
connect
> message r1 Hello
< error r1 UPSTREAM_UNAVAILABLE
> message r2 again
< answer r2 fine

=== TEST 3: 401, 403, 404: its words can quote keys
--- chat
connect
> message r1 Hello
@ request
@ reply 401 application/json {"error":{"message":"Incorrect API key provided: sk-secret"}}
< error r1 UPSTREAM_REJECTED
    message: /^(?!.*sk-secret)/
log /sk-secret/
> message r2 Hello
@ request
@ reply 403 application/json {"error":{"message":"sk-secret may not"}}
< error r2 UPSTREAM_REJECTED
    message: /^(?!.*sk-secret)/
> message r3 Hello
@ request
@ reply 404 application/json {"error":{"message":"sk-secret has no such model"}}
< error r3 UPSTREAM_REJECTED
    message: /^(?!.*sk-secret)/
> message r4 again
@ request
@ answer fine
< answer r4 fine

=== TEST 4: 400, 413, 422: its own words
--- chat
connect
> message r1 Hello
@ request
@ reply 400 application/json {"error":{"message":"temperature is too high"}}
< error r1 UPSTREAM_REJECTED
    message: /temperature is too high/
> message r2 Hello
@ request
@ reply 413 application/json {"error":{"message":"too long a prompt"}}
< error r2 UPSTREAM_REJECTED
    message: /too long a prompt/
> message r3 Hello
@ request
@ reply 422 application/json {"error":{"message":"no such field"}}
< error r3 UPSTREAM_REJECTED
    message: /no such field/
> message r4 Hello
@ request
@ reply 400 text/html <html><body>sk-secret</body></html>
< error r4 UPSTREAM_REJECTED
    message: /^(?!.*(sk-secret|<html>))/
> message r5 again
@ request
@ answer fine
< answer r5 fine

=== TEST 5: 429, with and without a time
--- chat
connect
> message r1 Hello
@ request
@ reply 429 application/json {"error":{"message":"slow down"}}
    Retry-After: 3
< error r1 UPSTREAM_RATE_LIMITED
    retryAfterMs: 3000
> message r2 Hello
@ request
@ reply 429 application/json {"error":{"message":"slow down"}}
< error r2 UPSTREAM_RATE_LIMITED
    retryAfterMs: null
> message r3 Hello
@ request
@ reply 429 text/plain
    Retry-After: soon
< error r3 UPSTREAM_RATE_LIMITED
    retryAfterMs: null
> message r4 again
@ request
@ answer fine
< answer r4 fine

=== TEST 6: its own failures
--- chat
connect
> message r1 Hello
@ request
@ reply 500 text/plain oops
< error r1 UPSTREAM_FAILED
> message r2 Hello
@ request
@ reply 501 text/plain oops
< error r2 UPSTREAM_FAILED
> message r3 Hello
@ request
@ reply 502 text/plain oops
< error r3 UPSTREAM_UNAVAILABLE
> message r4 Hello
@ request
@ reply 503 text/plain oops
< error r4 UPSTREAM_UNAVAILABLE
> message r5 Hello
@ request
@ reply 504 text/plain oops
< error r5 UPSTREAM_UNAVAILABLE
> message r6 again
@ request
@ answer fine
< answer r6 fine

=== TEST 7: no event stream
--- chat
connect
> message r1 Hello
@ request
@ reply 302 text/html
    Location: http://elsewhere.example/
< error r1 UPSTREAM_FAILED
    retryable: false
log /answered with status 302, type "text/html", location http:\/\/elsewhere/
> message r2 Hello
@ request
@ reply 204
< error r2 UPSTREAM_FAILED
> message r3 Hello
@ request
@ reply 200 text/html <html></html>
< error r3 UPSTREAM_FAILED
log /\[error\].* agent's answer begins with "<html><\/html>"/
> message r4 Hello
@ request
@ reply 200 application/json {"items":[]}
< error r4 UPSTREAM_FAILED
log /\[error\].* nothing that is understood: type "application\/json"/
log /\[info\].* agent's answer begins with "\{\\x22items\\x22:\[\]\}"/
> message r5 Hello
@ request
@ head 200 text/event-stream
    Content-Encoding: gzip
@ body "\u001f"
< error r5 UPSTREAM_FAILED
@ closed
> message r6 Hello
@ request
@ reply 200
< error r6 UPSTREAM_FAILED
> message r7 again
@ request
@ answer fine
< answer r7 fine

=== TEST 8: a type with a parameter is a type
--- chat
connect
> message r1 Hello
@ request
@ head 200 Text/Event-Stream;charset=utf-8
@ delta fine
@ done
@ end
< answer r1 fine

=== TEST 9: it hangs before its header
--- agent_config
proxy_read_timeout 200ms;
--- chat
connect
> message r1 Hello
@ request
< error r1 UPSTREAM_TIMEOUT
@ closed
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 10: it hangs in mid-answer
--- agent_config
proxy_read_timeout 200ms;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
< error r1 UPSTREAM_TIMEOUT
@ closed
> message r2 again
@ request
@ messages [{"role":"user","content":"again"}]
@ answer fine
< answer r2 fine

=== TEST 11: it closes before its header
--- chat
connect
> message r1 Hello
@ request
@ close
< error r1 UPSTREAM_UNAVAILABLE
> message r2 again
@ request
@ reset
< error r2 UPSTREAM_UNAVAILABLE
> message r3 again
@ request
@ wire "nonsense\r\n\r\n"
@ close
< error r3 /UPSTREAM_UNAVAILABLE|UPSTREAM_FAILED/
> message r4 again
@ request
@ answer fine
< answer r4 fine

=== TEST 12: it closes in mid-answer
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
@ close
< error r1 UPSTREAM_FAILED
> message r2 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r2 one
@ reset
< error r2 UPSTREAM_FAILED
> message r3 Hello
@ request
@ head 200 text/event-stream
@ delta one
@ choice {"content":" two"}
@ end
< tokens r3 one two
< error r3 UPSTREAM_FAILED
> message r4 Hello
@ request
@ unframed
@ head 200 text/event-stream
@ delta one
@ close
< token r4 one
< error r4 UPSTREAM_FAILED
> message r5 Hello
@ request
@ head 200 text/event-stream
    Content-Length: 1000
@ delta one
@ close
< token r5 one
< error r5 UPSTREAM_FAILED
> message r6 again
@ request
@ messages [{"role":"user","content":"again"}]
@ answer fine
< answer r6 fine

=== TEST 13: an answer that ends before its body does, but after its own mark
--- chat
connect
> message r1 Hello
@ request
@ unframed
@ head 200 text/event-stream
@ delta one
@ done
@ close
< token r1 one
< final r1 one

=== TEST 14: broken events
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ event {"choices":[{"delta":
< error r1 UPSTREAM_FAILED
@ closed
> message r2 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r2 one
@ event nonsense
< error r2 UPSTREAM_FAILED
@ closed
> message r3 Hello
@ request
@ head 200 text/event-stream
@ event {"choices":17}
< error r3 UPSTREAM_FAILED
@ closed
> message r4 Hello
@ request
@ head 200 text/event-stream
@ event []
< error r4 UPSTREAM_FAILED
> message r5 Hello
@ request
@ head 200 text/event-stream
@ body "no event stream at all\n"
@ end
< error r5 UPSTREAM_FAILED
> message r6 again
@ request
@ answer fine
< answer r6 fine

=== TEST 15: bytes that are no UTF-8
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ hex {{ '646174613a207b2263686f69636573223a5b7b2264656c7461223a7b2263'
    . '6f6e74656e74223a22c328227d7d5d7d0a0a' }}
@ done
@ end
< answer r1 "\ufffd("
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 16: an error object in the stream
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
@ event {"error":{"message":"the model fell over","type":"server_error",
    "code":500}}
< error r1 UPSTREAM_FAILED
@ closed
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 17: it never ends
--- chat_config
thread_ws_run_timeout 300ms;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
< error r1 UPSTREAM_TIMEOUT
@ closed
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 18: what comes after its end mark
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
@ finish stop
@ done
@ delta two
@ end
< token r1 one
< final r1 one
< quiet

=== TEST 19: the location refuses the run itself
--- agent_config
if ($thread_ws_request_id = r1) {
    return 401;
}
if ($thread_ws_request_id = r2) {
    return 403;
}
if ($thread_ws_request_id = r3) {
    return 429;
}
if ($thread_ws_request_id = r4) {
    return 503;
}
proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
--- agent
answer fine
--- chat
connect
> message r1 Hello
< error r1 FORBIDDEN
> message r2 Hello
< error r2 FORBIDDEN
> message r3 Hello
< error r3 RATE_LIMITED
> message r4 Hello
< error r4 RATE_LIMITED
> message r5 again
< answer r5 fine

=== TEST 20: a location that is not there
--- config
    location = /chat {
        thread_ws_pass /nowhere;
    }
--- chat
connect
> message r1 Hello
<* error r1
< quiet
