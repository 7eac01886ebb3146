# The twin of a thread's WebSocket by HTTP: POST begins a run, GET hears one, DELETE
# cancels one; the response is SSE.

use ThreadWS::Test qw(tls);

run_tests();

__DATA__

=== TEST 1: a message, and its answer
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_http on;
--- chat
post
    = {"requestId":"r1","content":"hello"}
@ request
@ messages [{"role":"user","content":"hello"}]
@ head 200 text/event-stream
@ delta Hel
< HTTP 200
< header content-type: text/event-stream
< header cache-control: no-store
< header x-accel-buffering: no
< header x-content-type-options: nosniff
< token r1 Hel
@ delta lo
< token r1 lo
@ finish stop
@ done
@ end
< final r1 Hello
< whole
post
    = {"requestId":"r2","content":"again"}
@ request
@ messages [{"role":"user","content":"hello"},
    {"role":"assistant","content":"Hello"},{"role":"user","content":"again"}]
@ answer Yes
< answer r2 Yes
< whole
post
    = {"requestId":"r1","content":"hello"}
< answer r1 Hello
< whole
@ requests 2

=== TEST 2: off, unless it is asked for
--- chat
post
    = {"requestId":"r1","content":"hello"}
< HTTP 405
hear
< HTTP 426
delete /chat?threadId=t1&requestId=r1
< HTTP 405
@ requests 0

=== TEST 3: what is allowed, and who closes the response cancels its run
--- chat_config
    thread_ws_http on;
--- chat
connect
    OPTIONS /chat?threadId=t1 HTTP/1.1
< HTTP 204
< header Allow: GET, POST, DELETE, OPTIONS
connect
    PUT /chat?threadId=t1 HTTP/1.1
< HTTP 405
< header Allow: GET, POST, DELETE, OPTIONS
post
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
< token r1 Hel
> drop
@ closed

=== TEST 4: an agent that fails, and one that breaks off
--- chat_config
    thread_ws_http on;
--- chat
post
    = {"requestId":"r1","content":"hello"}
@ request
@ reply 500 text/plain no
< error r1 UPSTREAM_FAILED
< whole
post
    = {"requestId":"r2","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
< token r2 Hel
@ close
< error r2 UPSTREAM_FAILED
< whole

=== TEST 5: with thread_ws_resume a run goes on, and is heard again
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_http on;
--- chat
post
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
< token r1 Hel
> drop
@ delta lo
hear a /chat?threadId=t1&requestId=r1
a< following r1 hello
a< token r1 Hello
@ delta !
a< token r1 !
hear b /chat?threadId=t1&requestId=r1
    Last-Event-ID: {{ $self->client('a')->{place} }}
b< following r1 hello
@ finish stop
@ done
@ end
a< final r1 Hello!
a< whole
b< final r1 Hello!
b< whole
hear /chat?threadId=t1&requestId=r2
< HTTP 204
hear /chat?threadId=t1&requestId=r1
< following r1 hello
< answer r1 Hello!
< whole
@ requests 1

=== TEST 6: the whole thread, with a WebSocket beside it
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_http on;
--- chat
hear a
a< idle -
connect b
b> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< message r1 hello
a< token r1 Hel
b< token r1 Hel
a> drop
@ delta lo
hear c
    Last-Event-ID: {{ $self->client('a')->{place} }}
c< following r1 hello
c< token r1 lo
@ finish stop
@ done
@ end
c< final r1 Hello
b<* final r1 Hello
b> message r2 again
@ request
@ answer Yes
c< message r2 again
c< answer r2 Yes
b< answer r2 Yes

=== TEST 7: the same POST twice, and with the place where it had come to
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_http on;
--- chat
post a
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
post b
    = {"requestId":"r1","content":"hello"}
b< token r1 Hel
post c
    Last-Event-ID: {{ $self->client('a')->{place} }}
    = {"requestId":"r1","content":"hello"}
c< following r1 hello
@ delta lo
@ finish stop
@ done
@ end
a< token r1 lo
a< final r1 Hello
a< whole
b< token r1 lo
b< final r1 Hello
b< whole
c< token r1 lo
c< final r1 Hello
c< whole
post
    = {"requestId":"r1","content":"other"}
< error r1 DUPLICATE_REQUEST
< whole

=== TEST 8: a run is cancelled by DELETE, from anywhere
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_http on;
--- config
    location /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
post a
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
delete /chat?threadId=t2&requestId=r1
< HTTP 404
< body /no such run is active/
delete /chat?threadId=t1&requestId=r1
< HTTP 204
a< cancelled r1
a< whole
@ closed
post a
    = {"requestId":"r 2","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
a< HTTP 200
delete /chat/runs/r%202?threadId=t1
< HTTP 204
@ closed
delete /chat/runs/r%202?threadId=t1
< HTTP 404
delete /chat?threadId=t1
< HTTP 400
delete /chat?requestId=r1
< HTTP 400

=== TEST 9: http_abort=on: who asked, and goes, cancels; others do not
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m http_abort=on;
    thread_ws_http on;
--- chat
post a
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
hear b /chat?threadId=t1&requestId=r1
b< following r1 hello
b< token r1 Hel
hear c /chat?threadId=t1&requestId=r1
c< following r1 hello
c> drop
@ delta lo
b< token r1 lo
a> drop
@ closed
b< cancelled r1
b< whole

=== TEST 10: one that takes nothing holds its agent back, and is closed
--- chat_config
    thread_ws_http on;
    thread_ws_send_timeout 300ms;
    thread_ws_output_buffer 8k;
--- chat
post narrow
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> pause
repeat 200
@ delta {{ 'x' x 50000 }}
end
@ closed
active 0

=== TEST 11: one that pauses loses nothing, nor over TLS
--- chat_config
    thread_ws_http on;
    thread_ws_output_buffer 16k;
--- chat
post narrow
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> pause
repeat 20
@ delta {{ 'x' x 50000 }}
end
@ blocked
> resume
@ finish stop
@ done
@ end
<* final r1 {{ 'one' . 'x' x 1000000 }}
< whole
post tls narrow
    = {"requestId":"r2","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta one
< token r2 one
> pause
repeat 20
@ delta {{ 'x' x 50000 }}
end
@ blocked
> resume
@ finish stop
@ done
@ end
<* final r2 {{ 'one' . 'x' x 1000000 }}
< whole

=== TEST 12: comments are signs of life
--- chat_config
    thread_ws_http on;
    thread_ws_ping_interval 100ms;
--- chat
post
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
> pings 2
@ delta Hello
@ finish stop
@ done
@ end
< answer r1 Hello
< whole

=== TEST 13: a reload: with thread_ws_resume responses end, and the rest is heard again
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_http on;
    thread_ws_shutdown_spread 100ms;
--- chat
hear idle /chat?threadId=t2
idle< idle -
post a
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
reload
a< retry
a< whole
idle< retry
idle< whole
hear b /chat?threadId=t1&requestId=r1
    Last-Event-ID: {{ $self->client('a')->{place} }}
b< following r1 hello
@ delta lo
b< token r1 lo
@ finish stop
@ done
@ end
b< final r1 Hello
b< whole
old worker gone
@ requests 1

=== TEST 14: ... without it they end when their runs have
--- chat_config
    thread_ws_http on;
    thread_ws_shutdown_spread 100ms;
--- chat
post
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
< token r1 Hel
reload
@ delta lo
< token r1 lo
@ finish stop
@ done
@ end
< final r1 Hello
< whole
old worker gone

# what it has taken it answers, as it does for proxy_pass

cork
post late
    Content-Length: 36
late> uncork
reload
late> cork
late> raw {"requestId":"r2","content":"hello"}
late> uncork
perl $self->client('late')->{runs}{r2} = { text => '' }
@ request
@ answer Hello
late< answer r2 Hello
late< whole
old worker gone
@ requests 2

=== TEST 15: a thread that is deleted
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_http on;
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /history {
        thread_ws_history;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
hear idle
idle< idle -
post a
    = {"requestId":"r1","content":"hello"}
@ request
@ answer Hello
a< answer r1 Hello
a< whole
idle< message r1 hello
idle< answer r1 Hello
post a
    = {"requestId":"r2","content":"again"}
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r2 Hel
idle< message r2 again
idle< token r2 Hel
delete /history?threadId=t1
< HTTP 204
a< error r2 THREAD_DELETED
a< whole
@ closed
idle< error r2 THREAD_DELETED
idle< error - THREAD_DELETED
idle< whole

=== TEST 16: what logs are told
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_http on;
    log_format twin "$request_method $status $thread_ws_thread_id $thread_ws_outcome"
        " $thread_ws_runs [$thread_ws_error] [$thread_ws_request_id]";
    access_log logs/access.log twin;
--- chat
post
    = {"requestId":"r1","content":"hello"}
@ request
@ answer Hello
< answer r1 Hello
< whole
access /POST 200 t1 completed 1 \[-\] \[-\]/
post
    = {"requestId":"r2","content":"hello"}
@ request
@ reply 429 text/plain no
< error r2 UPSTREAM_RATE_LIMITED
< whole
access /POST 200 t1 failed 1 \[UPSTREAM_RATE_LIMITED\] \[-\]/
connect
> message r3 hello
@ request
@ answer Hello
< answer r3 Hello
> drop
access /GET 101 t1 completed 1 \[-\] \[-\]/

=== TEST 17: over TLS, where filters would compress it, with a line break in the agent's JSON
--- chat_config
    thread_ws_http on;
    thread_ws_events all;
    gzip on;
    gzip_min_length 1;
    gzip_types text/event-stream;
--- chat
post tls
    Accept-Encoding: gzip
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
< no header content-encoding
< token r1 Hel
@ event {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1",
    "type":"function","function":{"name":"f","arguments":"{\n\r\"a\": 1\n}"}}]}}]}
< tool-call r1
    toolCallId: "c1"
    name: "f"
< tool-input r1
    toolCallId: "c1"
@ finish tool_calls
@ done
@ end
< tool-call-end r1
    toolCallId: "c1"
    input: {"a":1}
< final r1 Hel
< whole

=== TEST 18: a body names the thread where nothing else does
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_http on;
--- chat
post /chat
    = {"requestId":"r1","threadId":"t9","content":"hello"}
@ request
@ answer Hello
< answer r1 Hello
post /chat?threadId=t9
    = {"requestId":"r2","type":"message","content":"again"}
@ request
@ messages [{"role":"user","content":"hello"},
    {"role":"assistant","content":"Hello"},{"role":"user","content":"again"}]
@ answer Yes
< answer r2 Yes
post /chat?threadId=t9
    = {"requestId":"r3","threadId":"t8","content":"again"}
< HTTP 400
< body /threadId is not this request's/
post /chat
    = {"requestId":"r3","content":"again"}
< HTTP 400
< body /threadId must be a string/
@ requests 2

=== TEST 19: over HTTP/2
--- http_config
    thread_ws_zone ws:32m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_http on;
    thread_ws_output_buffer 8k;
    thread_ws_shutdown_spread 100ms;
    server {
        listen 127.0.0.1:$TEST_NGINX_PROXIED_PORT http2;
        location = /chat {
            thread_ws_pass /agent;
        }
        location = /off {
            thread_ws_pass /agent;
            thread_ws_resume off;
            thread_ws_send_timeout 300ms;
        }
        location = /agent {
            internal;
            proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        }
    }
--- chat
post http2
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
< HTTP 200
< token r1 Hel
@ delta lo
< token r1 lo
@ finish stop
@ done
@ end
< final r1 Hello
< whole
post a http2 /off?threadId=t1
    = {"requestId":"r2","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r2 Hel
a> rst
@ closed
post a http2 /off?threadId=t1
    = {"requestId":"r3","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta one
a< token r3 one
a> hold
repeat 200
@ delta {{ 'x' x 50000 }}
end
@ closed
a< broken
post a http2
    = {"requestId":"r4","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta one
a< token r4 one
a> hold
repeat 20
@ delta {{ 'x' x 50000 }}
end
@ blocked
a> hold off
@ finish stop
@ done
@ end
a<* final r4 {{ 'one' . 'x' x 1000000 }}
a< whole
post a http2
    = {"requestId":"r5","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r5 Hel
reload
a< retry
a< whole
hear b http2 /chat?threadId=t1&requestId=r5
    Last-Event-ID: {{ $self->client('a')->{place} }}
b< following r5 hello
@ finish stop
@ done
@ end
b< final r5 Hel
b< whole
post c http2
    = {"requestId":"r5","content":"hello"
c< HTTP 400
