# A cancel at every moment of a run: the upstream request is gone, "cancelled"
# arrives, nothing of the run comes after it, the next message is answered.

use ThreadWS::Test qw(stuck);

run_tests();

__DATA__

=== TEST 1: between two deltas
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> cancel r1
< cancelled r1
@ closed
< quiet
> message r2 again
@ request
@ messages [{"role":"user","content":"again"}]
@ answer fine
< answer r2 fine

=== TEST 2: the other name of cancel
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> {"type":"abort","requestId":"r1"}
< cancelled r1
@ closed
< quiet

=== TEST 3: before the upstream is connected
--- http_config
    map $thread_ws_request_id $agent {
        r1      127.0.0.1:$TEST_NGINX_STUCK_PORT;
        default 127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent_config
proxy_pass http://$agent;
--- agent
answer fine
--- log_level: debug
--- chat
connect
> message r1 Hello
log /connect to 127.0.0.1:$TEST_NGINX_STUCK_PORT, /
> cancel r1
< cancelled r1
< quiet
> message r2 again
< answer r2 fine
active 1

=== TEST 4: while a name is resolved
--- http_config
    resolver 127.0.0.1:$TEST_NGINX_MUTE_PORT ipv6=off;

    map $thread_ws_request_id $agent {
        r1      agent.example;
        default 127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent_config
proxy_pass http://$agent;
--- agent
answer fine
--- chat
connect
> message r1 Hello
< quiet
> cancel r1
< cancelled r1
< quiet
> message r2 again
< answer r2 fine
active 1

=== TEST 5: before the agent's header
--- chat
connect
> message r1 Hello
@ request
> cancel r1
< cancelled r1
@ closed
< quiet
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 6: after the header, before the first delta
--- log_level: debug
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
log /http proxy header done/
> cancel r1
< cancelled r1
@ closed
< quiet

=== TEST 7: in the same segment as its message
--- chat
connect
> cork
> message r1 Hello
> cancel r1
> uncork
< cancelled r1
< quiet
> message r2 again
@ auto answer fine
< answer r2 fine

=== TEST 8: together with the end
--- agent
answer fine
--- chat
connect
repeat 100
> message r{{ $i }} Hello
<* token r{{ $i }}
> cancel r{{ $i }}
< ended r{{ $i }}
end
< quiet
> message last Hello
< answer last fine

=== TEST 9: after the end it is ignored
--- agent
answer fine
--- chat
connect
> message r1 Hello
< answer r1 fine
> cancel r1
< quiet
> cancel r1
< quiet

=== TEST 10: twice
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> cork
> cancel r1
> cancel r1
> uncork
< cancelled r1
< quiet

=== TEST 11: while a slow client holds data back
--- chat_config
thread_ws_output_buffer 8k;
--- chat
connect narrow
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> pause
repeat 100
@ delta {{ 'x' x 50000 }}
end
@ blocked
> cancel r1
@ closed
> resume
<* cancelled r1
< quiet
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 12: by a new message
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> message r2 Other
< cancelled r1
@ closed
@ request
@ answer fine
< answer r2 fine
< quiet

=== TEST 13: by a close frame
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> close 1000
< close 1000
< eof
@ closed
active 0

=== TEST 14: by a client that is lost
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> drop
@ closed
active 0
connect
> message r2 Hello
@ request
> reset
@ closed
active 0
connect
> message r3 Hello
@ request
> shutdown
@ closed
active 0

=== TEST 15: in the access phase of the agent's location
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        auth_request /auth;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /auth {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
    }
--- chat
connect
> message r1 Hello
@b request
> cancel r1
< cancelled r1
@b closed
< quiet
> message r2 again
@b request
@b reply 204
@ request
@ answer fine
< answer r2 fine
@ requests 1

=== TEST 16: while limit_req delays it
--- http_config
    limit_req_zone $thread_ws_thread_id zone=slow:1m rate=6r/m;
--- agent_config
limit_req zone=slow burst=2;
--- agent
answer fine
--- chat
connect
> message r1 Hello
< answer r1 fine
> message r2 delayed
< quiet
> cancel r2
< cancelled r2
< quiet
@ requests 1
active 1

=== TEST 17: other connections to the agent are used again
--- http_config
    upstream agent {
        server 127.0.0.1:$TEST_NGINX_AGENT_PORT;
        keepalive 4;
    }
--- agent_config
proxy_pass http://agent;
--- chat
connect a /chat?threadId=a
connect b /chat?threadId=b
a> message r1 Hello
@ request
b> message r1 Hello
@ request
@ select 1
@ answer one
@ select 2
@ head 200 text/event-stream
@ delta two
a< answer r1 one
b< token r1 two
b> cancel r1
b< cancelled r1
@ closed
@ open 1
b> message r2 again
@ request
@ answer three
b< answer r2 three
a> message r2 again
@ request
@ answer four
a< answer r2 four
@ connections 2
