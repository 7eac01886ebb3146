# A message that arrives while a run is active: thread_ws_busy.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: interrupt: the first is cancelled, the second answered
--- chat
connect
> message r1 first
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> message r2 second
< cancelled r1
@ closed
@ request
@ messages [{"role":"user","content":"second"}]
@ head 200 text/event-stream
@ delta two
< token r2 two
@ finish stop
@ done
@ end
< final r2 two
< quiet

=== TEST 2: interrupt: rapid fire
--- agent
answer You said: $content
--- chat
connect
> cork
repeat 20
> message r{{ $i }} number {{ $i }}
end
> uncork
repeat 19
<* cancelled r{{ $i }}
end
< answer r20 You said: number 20
< quiet

=== TEST 3: interrupt: the history has only what was answered
--- chat
connect
> message r1 first
@ request
@ answer one
< answer r1 one
> message r2 second
@ request
@ head 200 text/event-stream
@ delta two
< token r2 two
> message r3 third
< cancelled r2
@ request
@ messages [{"role":"user","content":"first"},{"role":"assistant",
    "content":"one"},{"role":"user","content":"third"}]
@ answer three
< answer r3 three

=== TEST 4: queue: one after the other, and no more than fit
--- chat_config
thread_ws_busy queue 2;
--- chat
connect
> message r1 first
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> message r2 second
> message r3 third
> message r4 fourth
< error r4 BUSY
@ requests 1
@ done
@ end
< final r1 one
@ request
@ messages [{"role":"user","content":"first"},{"role":"assistant",
    "content":"one"},{"role":"user","content":"second"}]
@ answer two
< answer r2 two
@ request
@ answer three
< answer r3 three
> message r5 fifth
@ request
@ answer five
< answer r5 five

=== TEST 5: queue: a waiting one is cancelled
--- chat_config
thread_ws_busy queue 5;
--- chat
connect
> message r1 first
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> message r2 second
> message r3 third
> cancel r2
< cancelled r2
@ done
@ end
< final r1 one
@ request
@ answer three
< answer r3 three
@ requests 2

=== TEST 6: queue: the active one is cancelled, the next begins
--- chat_config
thread_ws_busy queue 5;
--- chat
connect
> message r1 first
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> message r2 second
> cancel r1
< cancelled r1
@ closed
@ request
@ answer two
< answer r2 two

=== TEST 7: queue: an error of one is none of the others
--- chat_config
thread_ws_busy queue 5;
--- chat
connect
> message r1 first
@ request
> message r2 second
< quiet
@ reply 500
< error r1 UPSTREAM_FAILED
@ request
@ answer two
< answer r2 two

=== TEST 8: queue: what waits in it is known
--- chat_config
thread_ws_busy queue 5;
--- chat
connect
> message r1 first
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> message r2 second
> message r2 second
> message r2 other
< error - DUPLICATE_REQUEST
@ done
@ end
< final r1 one
@ request
@ answer two
< answer r2 two
< quiet
@ requests 2

=== TEST 9: queue: a lost client takes it along
--- chat_config
thread_ws_busy queue 5;
--- chat
connect
> message r1 first
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> message r2 second
< quiet
> drop
@ closed
active 0
@ requests 1

=== TEST 10: reject
--- chat_config
thread_ws_busy reject;
--- chat
connect
> message r1 first
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> message r2 second
< error r2 BUSY
@ alive
@ delta two
< token r1 two
@ done
@ end
< final r1 onetwo
> message r2 second
@ request
@ answer fine
< answer r2 fine
@ requests 2

=== TEST 11: queue: what is stored waits for a client that does not read
--- http_config
    thread_ws_zone threads:32m;
--- chat_config
thread_ws_busy queue 16;
thread_ws_store memory;
--- chat
connect
repeat 16
> message a{{ $i }} Hello
@ request
@ answer {{ 'x' x 200000 }}
< answer a{{ $i }} {{ 'x' x 200000 }}
end
connect slow narrow
slow> message b Hello
@ request
slow> pause
repeat 16
slow> message a{{ $i }} Hello
end
log /message queued: 16 are waiting/
memory mark
@ answer fine
log /run completed .* request: b/
> message c Hello
@ request
@ answer fine
< answer c fine
memory grew 2000
slow> resume
slow< answer b fine
repeat 16
slow< answer a{{ $i }} {{ 'x' x 200000 }}
end
slow< quiet

=== TEST 12: interrupt and reject: a client that does not read has one answer
--- http_config
    thread_ws_zone threads:32m;
--- config
    location = /interrupt {
        thread_ws_pass /agent;
        thread_ws_store memory;
        thread_ws_output_buffer 256k;
    }
    location = /reject {
        thread_ws_pass /agent;
        thread_ws_store memory;
        thread_ws_output_buffer 256k;
        thread_ws_busy reject;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect /interrupt?threadId=t1
repeat 4
> message a{{ $i }} Hello
@ request
@ answer {{ 'x' x 200000 }}
< answer a{{ $i }} {{ 'x' x 200000 }}
end
connect slow narrow /interrupt?threadId=t1
slow< quiet
slow> pause
slow> message a1 Hello
slow> message a2 Hello
slow> message a3 Hello
slow> message a4 Hello
log /run cancelled .* request: a3/
slow> resume
slow<* final a1
slow< cancelled a2
slow< cancelled a3
slow< answer a4 {{ 'x' x 200000 }}
connect slow narrow /reject?threadId=t1
slow< quiet
slow> pause
slow> message a1 Hello
slow> message a2 Hello
slow> message a3 Hello
slow> message b4 Hello
log /command "b4" rejected: BUSY/
slow> resume
slow<* error a3 BUSY
slow<* error b4 BUSY
slow< answer a1 {{ 'x' x 200000 }}
slow< answer a2 {{ 'x' x 200000 }}
