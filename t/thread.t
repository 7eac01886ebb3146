# What connections of one worker share of a thread, what their runs know of their
# clients, and how what an agent says leaves.

use ThreadWS::Test qw(tls);

run_tests();

__DATA__

=== TEST 1: a connection that wants more history than the others gets it
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
--- config
    location = /narrow {
        thread_ws_pass /agent;
        thread_ws_context runs=1;
    }
    location = /wide {
        thread_ws_pass /agent;
        thread_ws_context runs=3;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer fine
--- chat
connect n /narrow?threadId=t1
repeat 4
n> message r{{ $i }} m{{ $i }}
n< answer r{{ $i }} fine
@ request
end
connect w /wide?threadId=t1
w> message r5 m5
@ request
@ messages [{"role":"user","content":"m2"},
    {"role":"assistant","content":"fine"},
    {"role":"user","content":"m3"},
    {"role":"assistant","content":"fine"},
    {"role":"user","content":"m4"},
    {"role":"assistant","content":"fine"},
    {"role":"user","content":"m5"}]
w< answer r5 fine
n> message r6 m6
@ request
@ messages [{"role":"user","content":"m5"},
    {"role":"assistant","content":"fine"},
    {"role":"user","content":"m6"}]
n< answer r6 fine

=== TEST 2: all that one read brings is one token
--- chat
connect
> message r1 Hello
@ request
@ cork
@ head 200 text/event-stream
@ delta Hel
@ delta lo
@ delta  there
@ uncork
< token r1 Hello there
@ delta !
< token r1 !
@ finish stop
@ done
@ end
< final r1 Hello there!

=== TEST 3: the agent's location knows the client's TLS and addresses
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header X-Scheme "$scheme$https";
        proxy_set_header X-TLS "$ssl_protocol";
        proxy_set_header X-Verify "$ssl_client_verify";
        proxy_set_header X-Server "$server_addr:$server_port";
        proxy_set_header X-Client "$remote_addr";
        proxy_set_header X-Header "$thread_ws_http_x_mine";
        proxy_set_header X-Arg "$thread_ws_arg_threadid";
    }
--- agent
answer fine
--- chat
connect tls
    X-Mine: one
    +X-Mine: two
> message r1 Hello
@ request
@ header X-Scheme: httpson
@ header X-TLS: /^TLSv1\.[23]$/
@ header X-Verify: NONE
@ header X-Server: 127.0.0.1:{{ $ENV{TEST_NGINX_TLS_PORT} }}
@ header X-Client: 127.0.0.1
@ header X-Header: one, two
@ header X-Arg: t1
< answer r1 fine
> close 1000
< close 1000
connect
> message r2 Hello
@ request
@ header X-Scheme: http
@ no header X-TLS
@ no header X-Verify
@ no header X-Header
< answer r2 fine

=== TEST 4: a slow client's run goes on when it has taken some, in larger tokens
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_output_buffer 16k;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_buffer_size 4k;
    }
--- chat
connect narrow
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> pause
repeat 100
@ delta {{ 'x' x 20000 }}
end
@ blocked
> resume
< tokens r1 {{ 'x' x 2000000 }}
@ finish stop
@ done
@ end
< final r1 {{ 'one' . 'x' x 2000000 }}
