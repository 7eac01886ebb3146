# An agent that brings several deltas at a time: what it has next is gathered
# for some milliseconds, in which its socket is not listened to.  Nothing may get
# lost meanwhile, nor hang.

use ThreadWS::Test qw(tls);

log_level('debug');

run_tests();

__DATA__

=== TEST 1: several deltas at a time are gathered, one by one they are not
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
repeat 20
@ delta a
< token r1 a
end
no log /epoll del connection/
@ cork
@ delta b
@ delta c
@ uncork
< tokens r1 bc
@ delta d
< token r1 d
log /epoll del connection/
@ delta e
@ finish stop
@ done
@ end
< token r1 e
< final r1 {{ 'a' x 20 }}bcde

=== TEST 2: short answers are not held up
--- agent
answer one two three four five six seven eight
--- chat
connect
repeat 10
> message r{{ $i }} Hello
< answer r{{ $i }} one two three four five six seven eight
end
no log /epoll del connection/

=== TEST 3: the agent's connection is kept, and listened to, afterwards
--- http_config
    upstream agent {
        server 127.0.0.1:$TEST_NGINX_AGENT_PORT;
        keepalive 4;
    }
--- agent_config
proxy_pass http://agent;
--- chat
connect
repeat 10
> message r{{ $i }} Hello
@ request
@ head 200 text/event-stream
@ cork
@ delta {{ 'a ' x 30 }}
@ delta b
@ uncork
< tokens r{{ $i }} {{ 'a ' x 30 }}b
repeat 20
@ delta c
end
< tokens r{{ $i }} {{ 'c' x 20 }}
@ cork
@ delta d
@ delta e
@ uncork
< tokens r{{ $i }} de
@ finish stop
@ done
@ end
< final r{{ $i }} {{ 'a ' x 30 }}b{{ 'c' x 20 }}de
end
log /epoll del connection/
@ connections 1

=== TEST 4: a cancel at any moment of it
--- chat
connect
repeat 50
> message r{{ $i }} Hello
@ request
@ head 200 text/event-stream
@ cork
repeat 20
@ delta a
end
@ uncork
< tokens r{{ $i }} {{ 'a' x 20 }}
@ delta b
> cancel r{{ $i }}
<* cancelled r{{ $i }}
@ closed
end
log /epoll del connection/
< quiet
active 1

=== TEST 5: the agent closes in it, its answer cut
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ cork
repeat 20
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 20 }}
@ delta b
@ close
<* error r1 UPSTREAM_FAILED
log /epoll del connection/
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 6: the agent closes in it, which is how its answer ends
--- chat
connect
> message r1 Hello
@ request
@ unframed
@ head 200 text/event-stream
@ cork
repeat 20
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 20 }}
@ delta b
@ done
@ close
< token r1 b
< final r1 {{ 'a' x 20 }}b
log /epoll del connection/

=== TEST 7: the agent resets its connection in it
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ cork
repeat 20
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 20 }}
@ delta b
@ reset
<* error r1 UPSTREAM_FAILED
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 8: the agent says nothing after it
--- agent_config
proxy_read_timeout 300ms;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ cork
repeat 20
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 20 }}
@ delta b
< token r1 b
< error r1 UPSTREAM_TIMEOUT
log /epoll del connection/
@ closed

=== TEST 9: the client is lost in it
--- chat
repeat 20
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ cork
repeat 20
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 20 }}
@ delta b
> drop
@ closed
end
log /epoll del connection/
active 0

=== TEST 10: a client that does not read, and then does
--- chat
connect narrow
> message r1 Hello
@ request
> pause
@ head 200 text/event-stream
repeat 4000
@ cork
@ delta {{ 'a' x 500 }}
@ delta {{ 'b' x 500 }}
@ uncork
end
@ finish stop
@ done
@ end
@ blocked
> resume
<* final r1 {{ ('a' x 500 . 'b' x 500) x 4000 }}
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 11: over TLS
--- agent_config
proxy_pass https://127.0.0.1:$TEST_NGINX_AGENT_TLS_PORT;
--- chat
connect tls
repeat 10
> message r{{ $i }} Hello
@tls request
@tls head 200 text/event-stream
@tls cork
repeat 20
@tls delta a
end
@tls uncork
< tokens r{{ $i }} {{ 'a' x 20 }}
@tls delta b
@tls finish stop
@tls done
@tls end
< token r{{ $i }} b
< final r{{ $i }} {{ 'a' x 20 }}b
end
log /epoll del connection/

=== TEST 12: the server ends in it
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ cork
repeat 20
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 20 }}
@ delta b
signal QUIT
@ delta c
@ finish stop
@ done
@ end
< tokens r1 bc
< final r1 {{ 'a' x 20 }}bc
<* close 1012
server gone

=== TEST 13: for longer, if that brings more
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
repeat 50
@ cork
repeat 16
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 16 }}
end
@ finish stop
@ done
@ end
< final r1 {{ 'a' x 800 }}
log /gathers for ([2-9]|[1-3][0-9]|40) ms/
no log /gathers for (4[1-9]|[5-9][0-9]|[0-9]{3,}) ms/

=== TEST 14: not, if a slow agent hurries after it was held up
--- chat_config
thread_ws_ping_interval 100ms;
thread_ws_pong_timeout off;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r1 a
> pings 5
repeat 20
@ cork
@ delta b
@ delta c
@ uncork
< tokens r1 bc
end
@ finish stop
@ done
@ end
< final r1 a{{ 'bc' x 20 }}
log /gathers for 1 ms/
no log /gathers for ([2-9]|[0-9]{2,}) ms/
