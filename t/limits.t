# Sizes and times that end a run or a connection.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: an answer that is too large
--- chat_config
thread_ws_max_response_size 1k;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta {{ 'x' x 1000 }}
< token r1 {{ 'x' x 1000 }}
@ delta {{ 'x' x 100 }}
< error r1 RESPONSE_TOO_LARGE
@ closed
> message r2 again
@ request
@ messages [{"role":"user","content":"again"}]
@ answer fine
< answer r2 fine

=== TEST 2: an answer of just that size
--- chat_config
thread_ws_max_response_size 1k;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta {{ 'x' x 1024 }}
@ done
@ end
< answer r1 {{ 'x' x 1024 }}

=== TEST 3: an event that never ends
--- chat_config
thread_ws_max_response_size 64k;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ body data:
repeat 100
@ body {{ 'x' x 10000 }}
end
<* error r1 /RESPONSE_TOO_LARGE|UPSTREAM_FAILED/
@ closed
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 4: a client that takes nothing is closed
--- chat_config
thread_ws_send_timeout 300ms;
thread_ws_output_buffer 8k;
--- chat
connect narrow
> message r1 Hello
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

=== TEST 5: a client that pauses loses nothing
--- chat_config
thread_ws_output_buffer 16k;
--- chat
connect narrow
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> pause
repeat 200
@ delta {{ '[' . $i . 'x' x 9000 . ']' }}
end
@ blocked
> resume
@ done
@ end
< answer r1 {{ 'one' . join '', map { '[' . $_ . 'x' x 9000 . ']' } 1 .. 200 }}
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 6: pings, answered
--- chat_config
thread_ws_ping_interval 500ms;
thread_ws_pong_timeout 500ms;
--- chat
connect
> pings 3
< quiet

=== TEST 7: a peer that answers no ping
--- chat_config
thread_ws_ping_interval 50ms;
thread_ws_pong_timeout 100ms;
--- chat
connect
> mute
< frame ping /.*/
< gone
active 0

=== TEST 8: a peer that answers no ping while it gets an answer
--- chat_config
thread_ws_ping_interval 50ms;
thread_ws_pong_timeout 1s;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> mute
< frame ping /.*/
@ closed
< gone
active 0

=== TEST 9: no pings
--- chat_config
thread_ws_ping_interval off;
thread_ws_pong_timeout 10ms;
--- chat
connect
> mute
< quiet
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
< quiet

=== TEST 10: no limit of a run
--- chat_config
thread_ws_run_timeout 0;
--- agent
answer fine
--- chat
connect
> message r1 Hello
< answer r1 fine

=== TEST 11: a cancel is heard while the client is slow
--- chat_config
thread_ws_output_buffer 4k;
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
> message r2 other
@ closed
> resume
<* cancelled r1
@ request
@ answer fine
< answer r2 fine

=== TEST 12: send_timeout of the agent's location is not for a slow client
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_output_buffer 8k;
    }
    location = /other {
        thread_ws_pass /agent;
        thread_ws_ping_interval 100ms;
        thread_ws_pong_timeout off;
    }
    location = /agent {
        internal;
        send_timeout 300ms;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header Connection "";
    }
--- chat
connect other /other?threadId=t2
connect narrow
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> pause
repeat 6
@ delta {{ 'x' x 9000 }}
end
other> pings 1
@ delta y
other> pings 2
@ delta y
other> pings 8
> resume
@ finish stop
@ done
@ end
<* final r1 {{ 'one' . 'x' x 54000 . 'yy' }}

=== TEST 13: pings go by their own time
--- chat_config
thread_ws_ping_interval 100ms;
thread_ws_pong_timeout 60s;
--- chat
connect
> pings 4
< quiet
> mute
< frame ping /.*/
< frame ping /.*/
< frame ping /.*/
> message r1 Hello
@ request
@ answer fine

=== TEST 14: one of several pings is missed
--- chat_config
thread_ws_ping_interval 100ms;
thread_ws_pong_timeout 500ms;
--- chat
connect
> pings 2
> mute
< frame ping /.*/
< frame ping /.*/
< gone
active 0
