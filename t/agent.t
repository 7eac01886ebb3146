# The agent's location is an ordinary one: nginx's own directives work there.

use ThreadWS::Test qw(tls);

run_tests();

__DATA__

=== TEST 1: limit_req
--- http_config
    limit_req_zone $thread_ws_thread_id zone=runs:1m rate=1r/m;
--- agent_config
limit_req zone=runs;
--- agent
answer fine
--- chat
connect
connect other /chat?threadId=t2
> message r1 Hello
< answer r1 fine
> message r2 too soon
< error r2 RATE_LIMITED
other> message r3 Hello
other< answer r3 fine
< quiet
@ requests 2

=== TEST 2: limit_req with a status of its own
--- http_config
    limit_req_zone $thread_ws_user zone=runs:1m rate=1r/m;
    limit_req_status 429;
--- chat_config
thread_ws_user $http_x_user;
--- agent_config
limit_req zone=runs;
--- agent
answer fine
--- chat
connect
    X-User: alice
connect bob /chat?threadId=t1
    X-User: bob
> message r1 Hello
< answer r1 fine
> message r2 too soon
< error r2 RATE_LIMITED
bob> message r3 Hello
bob< answer r3 fine

=== TEST 3: auth_request: a session that has expired stops a run
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        auth_request /session;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /session {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header Cookie $thread_ws_http_cookie;
    }
--- agent
answer fine
--- chat
connect
    Cookie: session=abc
> message r1 Hello
@b request
@b header Cookie: session=abc
@b reply 204
< answer r1 fine
> message r2 Hello
@b request
@b reply 401
< error r2 FORBIDDEN
> message r3 Hello
@b request
@b reply 403
< error r3 FORBIDDEN
> message r4 Hello
@b request
@b reply 204
< answer r4 fine
@ requests 2

=== TEST 4: access_log, a line for each run
--- http_config
    log_format runs 'run $thread_ws_connection_id $thread_ws_thread_id '
                    '$thread_ws_request_id $request_time $upstream_addr '
                    '$upstream_status $thread_ws_outcome $thread_ws_error;';
--- agent_config
access_log logs/access.log runs;
--- chat
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
access /^run \S+ t1 r1 \d+\.\d{3} 127\.0\.0\.1:$TEST_NGINX_AGENT_PORT 200 completed -?;$/
> message r2 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r2 one
> cancel r2
< cancelled r2
access /^run \S+ t1 r2 \d+\.\d{3} 127\.0\.0\.1:$TEST_NGINX_AGENT_PORT 200 cancelled -?;$/
> message r3 Hello
@ request
@ reply 500
< error r3 UPSTREAM_FAILED
access /^run \S+ t1 r3 \d+\.\d{3} 127\.0\.0\.1:$TEST_NGINX_AGENT_PORT
    \ 500 failed UPSTREAM_FAILED;$/
> message r4 Hello
@ request
> drop
access /^run \S+ t1 r4 \d+\.\d{3} 127\.0\.0\.1:$TEST_NGINX_AGENT_PORT - disconnected -?;$/

=== TEST 5: access_log of the endpoint, when the connection closes
--- http_config
    log_format chat 'chat $status $thread_ws_thread_id $thread_ws_runs $thread_ws_close_code;';
--- chat_config
access_log logs/access.log chat;
--- agent
answer fine
--- chat
connect
> message r1 Hello
< answer r1 fine
> message r2 Hello
< answer r2 fine
no access /^chat/
> close 1000
< close 1000
< eof
access /^chat 101 t1 2 1000;$/

=== TEST 6: proxy_next_upstream, non_idempotent
--- http_config
    upstream agent {
        server 127.0.0.1:$TEST_NGINX_AGENT_PORT max_fails=0;
        server 127.0.0.1:$TEST_NGINX_AGENT_B_PORT backup;
    }
--- agent_config
proxy_pass http://agent;
proxy_next_upstream error timeout http_500 http_429 non_idempotent;
--- chat
connect
> message r1 Hello
@ request
@ reset
@b request
@b messages [{"role":"user","content":"Hello"}]
@b answer from the other
< answer r1 from the other
> message r2 Hello
@ request
@ reply 500
@b request
@b answer from the other
< answer r2 from the other
> message r3 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r3 one
@ close
< error r3 UPSTREAM_FAILED
@b requests 2

=== TEST 7: without non_idempotent a message is sent once
--- http_config
    upstream agent {
        server 127.0.0.1:$TEST_NGINX_AGENT_PORT max_fails=0;
        server 127.0.0.1:$TEST_NGINX_AGENT_B_PORT backup;
    }
--- agent_config
proxy_pass http://agent;
--- chat
connect
> message r1 Hello
@ request
@ reset
< error r1 UPSTREAM_UNAVAILABLE
@b requests 0

=== TEST 8: keepalive
--- http_config
    upstream agent {
        server 127.0.0.1:$TEST_NGINX_AGENT_PORT;
        keepalive 4;
    }
--- agent_config
proxy_pass http://agent;
--- agent
answer You said: $content
--- chat
connect
repeat 10
> message r{{ $i }} number {{ $i }}
< answer r{{ $i }} You said: number {{ $i }}
end
@ requests 10
@ connections 1

=== TEST 9: an agent behind TLS, verified
--- agent_config
proxy_pass https://127.0.0.1:$TEST_NGINX_AGENT_TLS_PORT;
proxy_ssl_verify on;
proxy_ssl_trusted_certificate $TEST_NGINX_CERTIFICATE;
proxy_ssl_name localhost;
proxy_ssl_server_name on;
--- agent_tls
answer over TLS: $content
--- chat
connect
> message r1 Hello
< answer r1 over TLS: Hello
> message r2 again
< answer r2 over TLS: again
connect tls
> message r1 both sides
< answer r1 over TLS: both sides

=== TEST 10: an agent behind TLS that is somebody else
--- agent_config
proxy_pass https://127.0.0.1:$TEST_NGINX_AGENT_TLS_PORT;
proxy_ssl_verify on;
proxy_ssl_trusted_certificate $TEST_NGINX_CERTIFICATE;
proxy_ssl_name other.example;
--- agent_tls
answer no
--- chat
connect
> message r1 Hello
< error r1 UPSTREAM_UNAVAILABLE
log /upstream SSL certificate does not match "other.example"/
@tls requests 0

=== TEST 11: a cancel towards a TLS agent
--- http_config
    upstream agent {
        server 127.0.0.1:$TEST_NGINX_AGENT_TLS_PORT;
        keepalive 4;
    }
--- agent_config
proxy_pass https://agent;
--- chat
connect
> message r1 Hello
@tls request
@tls head 200 text/event-stream
@tls delta one
< token r1 one
> cancel r1
< cancelled r1
@tls closed
> message r2 again
@tls request
@tls answer fine
< answer r2 fine
> message r3 again
@tls request
@tls answer fine
< answer r3 fine
@tls connections 2

=== TEST 12: limit_conn by thread at the endpoint
--- http_config
    limit_conn_zone $thread_ws_thread_id zone=threads:1m;
--- chat_config
limit_conn threads 1;
--- agent
answer fine
--- chat
connect
> message r1 Hello
< answer r1 fine
connect second /chat?threadId=t1
second< HTTP 503
connect other /chat?threadId=t2
other< quiet
> close 1000
< close 1000
< eof
connect third /chat?threadId=t1
third> message r2 Hello
third< answer r2 fine

=== TEST 13: an internal redirect to another agent
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_intercept_errors on;
        error_page 500 502 = @other;
    }
    location @other {
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
    }
--- chat
connect
> message r1 Hello
@ request
@ reply 500
@b request
@b messages [{"role":"user","content":"Hello"}]
@b answer from the other
< answer r1 from the other
> message r2 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r2 one
> cancel r2
< cancelled r2
@ closed

=== TEST 14: a mirror does not hold the answer up
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        mirror /mirror;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /mirror {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT/mirror;
    }
--- chat
connect
> message r1 Hello
@b request
@ request
@ answer fine
< answer r1 fine
> message r2 Hello
@b request
@ request
@ answer fine
< answer r2 fine
@b reply 200 text/plain nobody reads this
< quiet

=== TEST 15: nor does it hold up that an answer broke off
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        mirror /mirror;
        proxy_read_timeout 200ms;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /mirror {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT/mirror;
    }
--- chat
connect
> message r1 Hello
@b request
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
@ close
< error r1 UPSTREAM_FAILED
> message r2 Hello
@b request
@ request
@ head 200 text/event-stream
@ delta one
< token r2 one
< error r2 UPSTREAM_TIMEOUT
@ closed
> message r3 Hello
@b request
@ request
@ head 200 text/event-stream
@ delta one
< token r3 one
@ reset
< error r3 UPSTREAM_FAILED
> close 1000
< close 1000
active 0

=== TEST 16: gzip, sub_filter and add_header do not get in the way
--- http_config
    gzip on;
    gzip_types *;
    gzip_min_length 0;
    add_header X-Any thing always;
    expires 1h;
--- agent
answer plain as ever
--- chat
connect
    Accept-Encoding: gzip
> message r1 Hello
< answer r1 plain as ever

=== TEST 17: a path and arguments of one's own
--- config
    location = /chat {
        thread_ws_pass /agents/$thread_ws_arg_agent?mode=fast;
    }
    location /agents/ {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer fine
--- chat
connect /chat?threadId=t1&agent=small
> message r1 Hello
< answer r1 fine
@ request
@ line /^POST .agents.small\?mode=fast HTTP.1\.[01]$/

=== TEST 18: nginx's own error lines carry both ids
--- agent_config
proxy_read_timeout 100ms;
--- chat
connect
> message r1-name Hello
@ request
< error r1-name UPSTREAM_TIMEOUT
log /\[error\] .*upstream timed out.*r1-name/

=== TEST 19: an end mark ends the answer, however long the body stays open
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta fine
@ done
< answer r1 fine
> message r2 again
@ request
@ head 200 text/event-stream
@ delta fine
@ done
@ end
< answer r2 fine
@ select 1
@ alive
> close 1000
< close 1000
@ closed
active 0

=== TEST 20: an agent that goes on after its end mark is left
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta fine
@ done
< answer r1 fine
repeat 40
@ body {{ 'x' x 10000 }}
end
@ closed
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 21: one that neither goes on nor ends the body is left, too
--- http_config
    log_format run '$thread_ws_request_id $status $thread_ws_outcome.';
--- agent_config
access_log logs/access.log run;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta fine
@ done
< answer r1 fine
@ body : comment
@ alive
@ closed
access /^r1 200 completed\.$/
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 22: an event stream that says it is not compressed, and what is none
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream;charset=utf-8
    Content-Encoding: identity
@ delta fine
@ done
@ end
< answer r1 fine
> message r2 Hello
@ request
@ reply 200 text/event-streamx data:
< error r2 UPSTREAM_FAILED

=== TEST 23: the demo agent, asked by others
--- config
    location = /demo {
        thread_ws_demo_agent delay=0;
    }
--- chat
cork
connect empty
    POST /demo HTTP/1.1
    Content-Length: 0
empty> uncork
empty< HTTP 400
cork
connect chunked
    POST /demo HTTP/1.1
    Transfer-Encoding: chunked
chunked> raw {{ "2\r\n{}\r\n0\r\n\r\n" }}
chunked> uncork
chunked< HTTP 400
cork
connect chat
    POST /demo HTTP/1.1
    Transfer-Encoding: chunked
chat> raw {{ my $b = '{"messages":[{"role":"user","content":"Hello"}]}';
    sprintf "%x\r\n%s\r\n0\r\n\r\n", length $b, $b }}
chat> uncork
chat< HTTP 200

=== TEST 24: nor is a mirror held to the time for what follows an answer
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_ping_interval 1s;
        thread_ws_pong_timeout off;
    }
    location = /agent {
        internal;
        mirror /mirror;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /mirror {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT/mirror;
    }
--- chat
connect
> message r1 Hello
@b request
@ request
@ head 200 text/event-stream
@ delta fine
@ done
< answer r1 fine
@ end
> pings 7
@b alive
@b reply 200 text/plain nobody reads this
< quiet

=== TEST 25: an answer is not kept for a body that is left open
--- http_config
    thread_ws_zone threads:32m;
--- chat_config
thread_ws_store memory;
thread_ws_context runs=0;
--- chat
connect
> message r1 Hello
@ request
@ answer {{ 'x' x 3000000 }}
< answer r1 {{ 'x' x 3000000 }}
memory mark
> message r2 Hello
@ request
@ head 200 text/event-stream
repeat 30
@ delta {{ 'x' x 100000 }}
end
@ finish stop
@ done
< answer r2 {{ 'x' x 3000000 }}
memory grew 4500
