# The opening handshake, RFC 6455 section 4.2, and who is let in.

use ThreadWS::Test qw(tls);

run_tests();

__DATA__

=== TEST 1: an upgrade
--- chat
connect
< HTTP 101
< header Upgrade: websocket
< header Connection: /^upgrade$/i
< no header Sec-WebSocket-Protocol
< no header Sec-WebSocket-Extensions
< no header Content-Length
< no header Transfer-Encoding
< quiet

=== TEST 2: names of tokens have no case, and stand in lists
--- chat
connect
    Upgrade: h2c, WebSocket
    Connection: keep-alive, UPGRADE
< HTTP 101
< quiet

=== TEST 3: another version is told ours
--- chat
connect
    Sec-WebSocket-Version: 8
< HTTP 426
< header Sec-WebSocket-Version: 13

=== TEST 4: no version at all
--- chat
connect
    -Sec-WebSocket-Version
< HTTP 426
< header Sec-WebSocket-Version: 13
< header Upgrade: websocket
< header Connection: /(?i)upgrade/

=== TEST 5: no key
--- chat
connect
    -Sec-WebSocket-Key
< HTTP 400

=== TEST 6: a key that is not 16 bytes
--- chat
connect
    Sec-WebSocket-Key: c2hvcnQ=
< HTTP 400

=== TEST 7: a key that is not base64
--- chat
connect
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==
< HTTP 400

=== TEST 8: two keys
--- chat
connect
    +Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
< HTTP 400

=== TEST 9: the key of the RFC's example
--- chat
connect
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
< HTTP 101
< header Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
< quiet

=== TEST 10: only GET
--- chat
connect
    POST /chat?threadId=t1 HTTP/1.1
    Content-Length: 0
< HTTP 405

=== TEST 11: only HTTP/1.1
--- chat
connect
    GET /chat?threadId=t1 HTTP/1.0
< HTTP /400|426|505/

=== TEST 12: no upgrade asked for
--- chat
get /chat?threadId=t1
< HTTP /400|426/

=== TEST 13: an upgrade to something else
--- chat
connect
    Upgrade: h2c
< HTTP /400|426/

=== TEST 14: no Connection: upgrade
--- chat
connect
    Connection: keep-alive
< HTTP /400|426/

=== TEST 15: the request's own bytes go on with frames
--- agent
answer You said: $content
--- chat
cork
connect
> message r1 Hello
> cancel nothing
> message r2 Hello again
> uncork
< HTTP 101
<* cancelled r1
< answer r2 You said: Hello again

=== TEST 16: half a frame comes with the request, the rest after the response
--- chat
cork
connect
> hex 81 8a 00 00 00 00
> uncork
< HTTP 101
> hex 68 65 6c 6c 6f 68 65 6c 6c 6f
< error - INVALID_JSON
< quiet

=== TEST 17: TLS
--- agent
answer You said: $content
--- chat
connect tls
< HTTP 101
> message r1 over TLS
< answer r1 You said: over TLS
> close 1000
< close 1000
< eof

=== TEST 18: bytes with the request, over TLS
--- agent
answer You said: $content
--- chat
cork
connect tls
> message r1 early
> uncork
< answer r1 You said: early

=== TEST 19: the page's own origin
--- chat
connect
    Origin: http://localhost
< HTTP 101
connect
    Origin: http://LOCALHOST:80
< HTTP 101

=== TEST 20: another origin
--- chat
connect
    Origin: http://evil.example
< HTTP 403
connect
    Origin: http://localhost.evil.example
< HTTP 403
connect
    Origin: http://localhost:81
< HTTP 403
connect
    POST /chat?threadId=t1 HTTP/1.1
    Content-Length: 0
    Origin: http://evil.example
< HTTP 403

=== TEST 21: an opaque origin
--- chat
connect
    Origin: null
< HTTP 403

=== TEST 22: no origin: no browser
--- chat
connect
    -Origin
< HTTP 101

=== TEST 23: origins that are named
--- chat_config
thread_ws_origins https://one.example https://*.many.example
    ~^https://x\d+\.test$ null;
--- chat
connect
    Origin: https://one.example
< HTTP 101
connect
    Origin: https://a.b.many.example
< HTTP 101
connect
    Origin: https://x12.test
< HTTP 101
connect
    Origin: null
< HTTP 101
connect
    Origin: https://many.example
< HTTP 403
connect
    Origin: http://one.example
< HTTP 403
connect
    Origin: https://x12.test.evil
< HTTP 403
connect
    Origin: http://localhost
< HTTP 403

=== TEST 24: any origin
--- chat_config
thread_ws_origins any;
--- chat
connect
    Origin: https://anywhere.example
< HTTP 101
connect
    Origin: null
< HTTP 101

=== TEST 25: two origins
--- chat
connect
    Origin: http://localhost
    +Origin: http://evil.example
< HTTP /400|403/

=== TEST 26: a subprotocol
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws
< HTTP 101
< header Sec-WebSocket-Protocol: thread-ws
< quiet

=== TEST 27: the subprotocol of newer clients
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2, thread-ws
< HTTP 101
< header Sec-WebSocket-Protocol: thread-ws.v2
< quiet

=== TEST 28: an unknown subprotocol is not confirmed
--- chat
connect
    Sec-WebSocket-Protocol: chat, bearer.secret
< HTTP 101
< no header Sec-WebSocket-Protocol

=== TEST 29: the first one offered that is listed
--- chat_config
thread_ws_subprotocols v1 v2;
--- chat
connect
    Sec-WebSocket-Protocol: v3, v2, v1
< header Sec-WebSocket-Protocol: v2
connect
    Sec-WebSocket-Protocol: v3
    +Sec-WebSocket-Protocol: v1
< header Sec-WebSocket-Protocol: v1

=== TEST 30: a thread is named, and well formed
--- chat
connect /chat
< HTTP 101
< close 1008
> close 1008
< eof
connect /chat?threadId=
< close 1008
log /\[warn\] .*connection closed with 1008: threadId is missing or malformed: ""/
connect /chat?threadId=a%20b
< close 1008
log /\[info\] .*connection closed with 1008: threadId is missing or malformed: "a%20b"/
connect /chat?threadId=a/b
< close 1008
connect /chat?threadId={{ 'x' x 129 }}
< close 1008
connect /chat?threadId={{ 'x' x 128 }}
< quiet
connect /chat?threadId=A-z.0_9~
< quiet
connect /chat?threadId=.
< close 1008
connect /chat?threadId=..
< close 1008
connect /chat?threadId=...
< quiet

=== TEST 31: the thread from elsewhere than the arguments
--- config
    location ~ ^/threads/(?<thread>[^/]*)$ {
        thread_ws_pass /agent;
        thread_ws_thread_id $thread;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer ok
--- chat
connect /threads/t7
> {"type":"message","requestId":"r1","threadId":"t7","content":"x"}
< answer r1 ok

=== TEST 32: a user that is asked for must be there
--- chat_config
thread_ws_user $http_x_user;
--- chat
connect
< HTTP 403
connect
    X-User: alice
< HTTP 101
< quiet

=== TEST 33: access rules of the location come first
--- config
    location = /chat {
        auth_request /auth;
        thread_ws_pass /agent;
    }
    location = /auth {
        if ($cookie_session != good) {
            return 401;
        }
        return 204;
    }
    location = /agent {
        internal;
        return 204;
    }
--- chat
connect
< HTTP 401
connect
    Cookie: session=good
< HTTP 101
< quiet

=== TEST 34: the variables of the upgrade request, as they were
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header X-Cookie $thread_ws_cookie_session;
        proxy_set_header X-Token $thread_ws_http_sec_websocket_protocol;
        proxy_set_header X-Arg $thread_ws_arg_color;
        proxy_set_header X-Thread $thread_ws_thread_id;
        proxy_set_header X-Request $thread_ws_request_id;
    }
--- agent
answer ok
--- chat
connect /chat?threadId=t1&color=blue
    Cookie: session=abc
    Sec-WebSocket-Protocol: bearer.secret
> message r1 x
< answer r1 ok
@ request
@ header X-Cookie: abc
@ header X-Token: bearer.secret
@ header X-Arg: blue
@ header X-Thread: t1
@ header X-Request: r1
@ no header Cookie
@ no header Sec-WebSocket-Key
@ no header Upgrade
@ no header Origin

=== TEST 35: in an "if"
--- config
    location = /chat {
        thread_ws_pass /agent;
        if ($http_x_mode) { set $mode $http_x_mode; }
    }
    location = /other {
        if ($http_x_mode) { set $mode $http_x_mode; }
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        thread_ws_demo_agent delay=0;
        if ($thread_ws_http_x_mode) { set $mode $thread_ws_http_x_mode; }
    }
--- chat
connect /chat?threadId=t1
    X-Mode: a
> message r1 Hello
<* final r1
connect /other?threadId=t1
    X-Mode: a
> message r2 Hello
<* final r2
connect /other?threadId=t1
> message r3 Hello
<* final r3

=== TEST 36: a method that is none of a handshake's
--- chat
connect
    POST /chat?threadId=t1 HTTP/1.1
< HTTP 405
< header Allow: GET, OPTIONS

=== TEST 37: limit_rate is for responses that end
--- config
    location = /chat {
        limit_rate 1k;
        thread_ws_pass /agent;
    }
    location = /other {
        thread_ws_pass /agent;
        thread_ws_ping_interval 100ms;
        thread_ws_pong_timeout off;
    }
    location = /agent {
        internal;
        return 204;
    }
--- chat
connect
< HTTP 101
connect other /other?threadId=t2
other> pings 5
> ping
< pong
--- no_error_log
client takes nothing

=== TEST 38: a mirror that is slower than the client
--- config
    location = /chat {
        mirror /mirror;
        thread_ws_pass /agent;
    }
    location = /mirror {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header Connection "";
    }
--- chat
connect
< HTTP 101
@b request
< quiet
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
@b reply 200 text/plain seen
< quiet
> message r2 again
@ request
@ answer fine
< answer r2 fine
> close 1000
< close 1000
active 0

=== TEST 39: a client that goes before its mirror has answered
--- config
    location = /chat {
        mirror /mirror;
        thread_ws_pass /agent;
    }
    location = /mirror {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header Connection "";
    }
--- chat
connect
< HTTP 101
@b request
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> drop
@b closed
@ closed
active 0
connect two
two< HTTP 101
@b request
two> close 1000
two< close 1000
two< eof
active 0

=== TEST 40: filters of a body keep nothing back
--- config
    location = /chat {
        ssi on;
        ssi_types *;
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer fine
--- chat
connect
< HTTP 101
> message r1 Hello
< answer r1 fine

=== TEST 41: reached by another upstream's redirect
--- config
    location = /chat {
        ssi on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
    }
    location = /redirected {
        internal;
        ssi on;
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer fine
--- chat
connect
@b request
@b head 200 text/html
    X-Accel-Redirect: /redirected?threadId=t1
@b end
< HTTP 101
< no header Content-Type
> message r1 Hello
< answer r1 fine

=== TEST 42: reached by an error page
--- config
    location = /chat {
        error_page 404 /redirected;
        return 404;
    }
    location = /redirected {
        internal;
        thread_ws_thread_id t1;
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer fine
--- chat
connect
< HTTP 101
> message r1 Hello
< answer r1 fine

=== TEST 43: a client is not reset while a mirror of its own is under way
--- config
    location = /chat {
        mirror /mirror;
        reset_timedout_connection on;
        thread_ws_pass /agent;
    }
    location = /mirror {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
    }
    location = /agent {
        internal;
        return 204;
    }
--- chat
connect
< HTTP 101
@b request
> close 1000
< close 1000
< eof
active 0

=== TEST 44: no control character in a user's name or an agent's URI
--- config
    location ~ ^/users/(?<user>[^/]*)$ {
        thread_ws_pass /agent;
        thread_ws_user $user;
    }
    location ~ ^/agents/(?<agent>[^/]*)$ {
        thread_ws_pass /agent?name=$agent;
    }
    location = /agent {
        internal;
        proxy_set_header X-User $thread_ws_user;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer ok
--- chat
connect /users/al%0d%0aX-Admin:%201?threadId=t1
< HTTP 403
connect /users/al%0aice?threadId=t1
< HTTP 403
connect /users/al%01ice?threadId=t1
< HTTP 403
connect /users/al%1fice?threadId=t1
< HTTP 403
connect /users/al%7fice?threadId=t1
< HTTP 403
connect /users/al%20ice%c3%a9?threadId=t1
< HTTP 101
connect /agents/x%20HTTP/1.1%0d%0aX-Admin:%201?threadId=t1
< HTTP 404
connect /agents/x%0d%0aX-Admin:%201?threadId=t1
< HTTP 400
connect /agents/x?threadId=t1
> message r1 Hello
@ request
@ line /^POST .agent\?name=x HTTP.1\.[01]$/
< answer r1 ok

=== TEST 45: what a page can ask, which sees no answer to a handshake
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_max_message_size 2k;
    }
    location = /known {
        thread_ws_pass /agent;
        thread_ws_user $http_x_user;
    }
    location = /closed {
        deny all;
        thread_ws_pass /agent;
    }
--- chat
connect
    OPTIONS /chat?threadId=t1 HTTP/1.1
< HTTP 204
< header Allow: GET, OPTIONS
< header Thread-WS-Max-Message-Size: 2048
connect
    OPTIONS /chat HTTP/1.1
    Origin: http://elsewhere.example
< HTTP 403
connect
    OPTIONS /known HTTP/1.1
< HTTP 403
connect
    OPTIONS /known HTTP/1.1
    X-User: alice
< HTTP 204
< header Thread-WS-Max-Message-Size: 1048576
connect
    POST /known HTTP/1.1
    Content-Length: 0
< HTTP 403
connect
    POST /known HTTP/1.1
    Content-Length: 0
    X-User: alice
< HTTP 405
< header Allow: GET, OPTIONS
connect
    OPTIONS /closed HTTP/1.1
< HTTP 403
< no header Thread-WS-Max-Message-Size
