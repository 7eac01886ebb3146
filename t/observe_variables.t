# Variables, in the endpoint's location and in the agent's.

use ThreadWS::Test;
use ThreadWS::Observe;

run_tests();

__DATA__

=== TEST 1: one line a run, one a connection
--- http_config
    log_format both '$uri id=$thread_ws_connection_id t=$thread_ws_thread_id '
        'u=$thread_ws_user r=$thread_ws_request_id o=$thread_ws_outcome '
        'e=$thread_ws_error f=$thread_ws_first_token_time n=$thread_ws_tokens '
        'i=$thread_ws_input_tokens u=$thread_ws_output_tokens '
        'c=$thread_ws_runs x=$thread_ws_close_code.';
--- config
    access_log logs/access.log both;
    thread_ws_busy queue 8;
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_user $arg_user;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
--- chat
connect /chat?threadId=t1&user=alice
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
@ delta b
@ usage 7 2
@ done
@ end
< answer r1 ab
access /^.agent id=[0-9a-f]{32} t=t1 u=alice r=r1 o=completed
    \ e=- f=\d+\.\d{3} n=2 i=7 u=2 c=1 x=-\.$/
> message r2 again
@ request
@ head 200 text/event-stream
@ delta c
< token r2 c
> cancel r2
< cancelled r2
access /^.agent id=[0-9a-f]{32} t=t1 u=alice r=r2 o=cancelled
    \ e=- f=\d+\.\d{3} n=1 i=- u=- c=2 x=-\.$/
> message r3 more
@ request
@ reply 429 application/json {}
< error r3 UPSTREAM_RATE_LIMITED
access /^.agent id=[0-9a-f]{32} t=t1 u=alice r=r3 o=failed
    \ e=UPSTREAM_RATE_LIMITED f=- n=0 i=- u=- c=3 x=-\.$/
> close 1000
< close 1000
access /^.chat id=[0-9a-f]{32} t=t1 u=alice r=- o=failed
    \ e=UPSTREAM_RATE_LIMITED f=- n=3 i=7 u=2 c=3 x=1000\.$/
connect /chat?threadId=t2&user=bob
> message r4 Hello
@ request
> drop
@ closed
access /^.agent id=[0-9a-f]{32} t=t2 u=bob r=r4 o=disconnected e=- f=- n=0 i=- u=- c=1 x=/
access /^.chat id=[0-9a-f]{32} t=t2 u=bob r=- o=disconnected e=- f=- n=0 i=0 u=0 c=1 x=1006\.$/
perl ; my %id;
    open my $in, '<', "$self->{root}/logs/access.log";
    while (<$in>) { $id{$2}{$1} = 1 if /id=(\w+) t=(\w+)/ }
    return keys %{ $id{t1} } == 1 && keys %{ $id{t2} } == 1;
--- error_log
agent answered with status 429

=== TEST 2: what the agent is told
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_user $cookie_session;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT/threads/$thread_ws_agent_thread_id;
        proxy_set_header X-Ids "$thread_ws_thread_id $thread_ws_user $thread_ws_request_id";
        set $http "$thread_ws_http_x_one|$thread_ws_http_x_two";
        set $http "$http|$thread_ws_http_cookie|$thread_ws_http_x_none";
        proxy_set_header X-Http "$http|$http_x_one";
        set $cookie "$thread_ws_cookie_session|$thread_ws_cookie_other";
        set $cookie "$cookie|$thread_ws_cookie_last|$thread_ws_cookie_sess";
        proxy_set_header X-Cookie "$cookie|$thread_ws_cookie_empty";
        set $arg "$thread_ws_arg_threadid|$thread_ws_arg_Lang";
        proxy_set_header X-Arg "$arg|$thread_ws_arg_no|$thread_ws_arg_";
        proxy_set_header X-Protocol $thread_ws_http_sec_websocket_protocol;
    }
--- chat
connect /chat?threadId=t1&lang=de&no=
    X-One: first
    +X-Two: a
    +X-Two: b
    +Cookie: xsession=no; session=alice; other=a=b
    +Cookie: empty=; last=z
    Sec-WebSocket-Protocol: token.abc
> message r1 Hello
@ request
@ line /^POST .threads.t1 /
@ header X-Ids: t1 alice r1
@ header X-Http: first|a, b|xsession=no; session=alice; other=a=b; empty=; last=z||
@ header X-Cookie: alice|a=b|z||
@ header X-Arg: t1|de||
@ header X-Protocol: token.abc
@ answer fine
< answer r1 fine

=== TEST 3: after an internal redirect, and in a subrequest
--- config
    location = /chat { thread_ws_pass /agent; }
    location = /agent {
        internal;
        auth_request /auth;
        error_page 403 = @other;
    }
    location = /auth {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
        proxy_set_header X-Id "auth $thread_ws_request_id $thread_ws_arg_a";
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
    }
    location @other {
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header X-Id "other $thread_ws_request_id $thread_ws_arg_a";
    }
--- agent_b
reply 403 text/plain no
--- chat
connect /chat?threadId=t1&a=b
> message r1 Hello
@ request
@ header X-Id: other r1 b
@ answer fine
< answer r1 fine
perl return $self->{agents}{b}{requests}[0]{headers}{'x-id'}[0] eq 'auth r1 b';
--- no_error_log
[crit]

=== TEST 4: the endpoint's own limits, before there is a connection
--- http_config
    limit_conn_zone $thread_ws_thread_id zone=threads:1m;
    limit_conn_zone $thread_ws_user zone=users:1m;
--- config
    location = /chat {
        limit_conn threads 1;
        limit_conn users 2;
        limit_conn_status 429;
        thread_ws_pass /agent;
        thread_ws_user $arg_user;
    }
    location = /agent { internal; return 500; }
--- chat
connect a /chat?threadId=t1&user=alice
a< HTTP 101
connect b /chat?threadId=t1&user=bob
b< HTTP 429
connect c /chat?threadId=t2&user=alice
c< HTTP 101
connect d /chat?threadId=t3&user=alice
d< HTTP 429
a> close 1000
a< gone
connect d /chat?threadId=t3&user=alice
d< HTTP 101
--- error_log
limiting connections by zone "threads"
limiting connections by zone "users"

=== TEST 5: the agent's limits
--- http_config
    limit_req_zone $thread_ws_user zone=runs:1m rate=1r/m;
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_user $arg_user;
    }
    location = /agent {
        internal;
        limit_req zone=runs;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect a /chat?threadId=t1&user=alice
a> message r1 Hello
@ request
@ answer fine
a< answer r1 fine
a> message r2 Hello
a< error r2 RATE_LIMITED
connect b /chat?threadId=t1&user=bob
b> message r3 Hello
@ request
@ answer fine
b< answer r3 fine
--- error_log
answered with status 503

=== TEST 6: threads of servers that take nothing but UUIDs
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_dialect langgraph;
        thread_ws_store off;
    }
    location = /owned {
        thread_ws_pass /agent;
        thread_ws_dialect langgraph;
        thread_ws_store off;
        thread_ws_user $arg_user;
    }
    location = /agent {
        internal;
        set $thread /threads/$thread_ws_agent_thread_id;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT$thread/runs/stream;
    }
--- chat
connect /chat?threadId=main
> message r1 Hello
@ request
@ line /^POST .threads.3222ff7f-df87-516d-9dde-4ccc2540a186.runs.stream /
connect /owned?threadId=main&user=alice
> message r1 Hello
@ request
@ line /^POST .threads.4b1c2e76-e0a9-5501-a94c-d8609242f2c7.runs.stream /
connect /chat?threadId=00000000-0000-4000-8000-000000000001
> message r1 Hello
@ request
@ line /^POST .threads.00000000-0000-4000-8000-000000000001.runs.stream /
connect /owned?threadId=00000000-0000-4000-8000-000000000001&user=bob
> message r1 Hello
@ request
@ line /^POST .threads.875730e6-503c-570a-998e-fd98d5e89116.runs.stream /

=== TEST 7: elsewhere there are none
--- config
    location = /plain {
        set $run "$thread_ws_request_id$thread_ws_outcome$thread_ws_error";
        set $run "$run$thread_ws_first_token_time$thread_ws_tokens";
        set $conn "$thread_ws_connection_id$thread_ws_thread_id";
        set $conn "$conn$thread_ws_user$thread_ws_runs$thread_ws_close_code";
        set $upgrade "$thread_ws_http_host$thread_ws_cookie_a$thread_ws_arg_a";
        set $trace "$thread_ws_trace_id$thread_ws_traceparent";
        return 200 "<$run$conn$upgrade$trace>";
    }
    location = /chat {
        thread_ws_pass /agent;
        error_page 400 = /said;
    }
    location = /said { return 200 "<$thread_ws_thread_id>"; }
--- chat
get /plain?a=b
    Cookie: a=b
< HTTP 200
< body <>

=== TEST 8: ids that are none
--- http_config
    log_format ids '$status "$thread_ws_thread_id" "$thread_ws_agent_thread_id"';
--- config
    location = /chat {
        access_log logs/access.log ids;
        thread_ws_pass /agent;
    }
--- chat
connect /chat?threadId=a%22b
< close 1008
> close 1008
access /^101 "-" "-"$/
connect /chat
< close 1008

=== TEST 9: whose thread it is, told by a subrequest
--- http_config
    log_format who '$thread_ws_user $thread_ws_thread_id.';
    limit_conn_zone $thread_ws_thread_id zone=threads:1m;
--- config
    location = /chat {
        access_log logs/access.log who;
        limit_conn threads 1;
        auth_request /auth;
        auth_request_set $who $upstream_http_x_who;
        thread_ws_user $who;
        thread_ws_pass /agent;
    }
    location = /auth {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header X-Thread "<$thread_ws_thread_id>";
    }
    location = /agent { internal; access_log off; thread_ws_demo_agent delay=0; }
--- chat
connect first
@b request
@b header X-Thread: <t1>
@b reply 200 text/plain yes
    X-Who: alice
first> message r1 Hello
first<* final r1
connect second
second< HTTP 503
first> close 1000
first< close 1000
access /^alice t1\.$/
no log /comes out empty/
--- error_log
limiting connections

=== TEST 10: a trace's id at the connection's end
--- http_config
    log_format traced 'trace=$thread_ws_trace_id.';
--- config
    thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces;
    location = /chat {
        access_log logs/access.log traced;
        thread_ws_pass /agent;
    }
--- chat
collect
connect
    traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
> ping
< pong
> close 1000
< close 1000
access /^trace=0af7651916cd43dd8448eb211c80319c\.$/
