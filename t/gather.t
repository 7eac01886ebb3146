# An agent that brings deltas without a pause: what it has next may wait for
# more, in its socket, of which we hear nothing meanwhile but the end.  Nothing
# may get lost in it, nor hang, nor wait for what does not come.
#
# A wait is for what the agent needs for some deltas at its pace, so that pings,
# which take time, make it long.

use ThreadWS::Test qw(tls);

log_level('debug');

our $Event = qq(data: {"choices":[{"index":0,"delta":{"content":"b"}}]}\n\n);

add_block_preprocessor(sub {
    my $block = shift;

    return if !defined $block->longer;

    $block->set_value(chat_config => 'thread_ws_gather 10s; '
        . 'thread_ws_ping_interval 50ms; thread_ws_pong_timeout off;');
});

run_tests();

__DATA__

=== TEST 1: short answers do not wait
--- agent
answer one two three four five six seven eight
--- chat
connect
repeat 10
> message r{{ $i }} Hello
< answer r{{ $i }} one two three four five six seven eight
end
no log /agent gathers for/

=== TEST 2: nor do deltas that come one by one, nor those that come by twos
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
repeat 50
@ delta a
< token r1 a
end
> pings +3
repeat 50
@ cork
@ delta b
@ delta c
@ uncork
< tokens r1 bc
> ping {}
<* pong {}
end
@ finish stop
@ done
@ end
< final r1 {{ 'a' x 50 . 'bc' x 50 }}
no log /agent gathers for/
--- chat_config
thread_ws_ping_interval 50ms;
thread_ws_pong_timeout off;

=== TEST 3: a burst of twenty is read as it comes, and its end, too
--- chat
connect
repeat 10
> message r{{ $i }} Hello
@ request
@ head 200 text/event-stream
@ cork
@ delta {{ 'a ' x 20 }}
@ finish stop
@ done
@ end
@ uncork
< answer r{{ $i }} {{ 'a ' x 20 }}
end
no log /agent gathers for/

=== TEST 4: many without a pause are gathered, and not after a wait for nothing
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ cork
repeat 40
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 40 }}
log /agent gathers for 1 ms/
log /agent gathered nothing/
repeat 5
@ delta b
< token r1 b
end
@ finish stop
@ done
@ end
< final r1 {{ 'a' x 40 }}bbbbb
no log /agent gathers for ([2-9]|[0-9]{2,}) ms/
no log /agent gathered [0-9]+ bytes/

=== TEST 5: off
--- chat_config
thread_ws_gather off;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
repeat 20
@ cork
repeat 100
@ delta a
end
@ uncork
end
< tokens r1 {{ 'a' x 2000 }}
@ finish stop
@ done
@ end
< final r1 {{ 'a' x 2000 }}
no log /agent gathers for/

=== TEST 6: what waits comes when its time is over
--- longer
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r1 a
> pings +5
@ cork
repeat 30
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 30 }}
@ delta b
log /agent gathers for [0-9]{2,} ms/
< token r1 b
log /agent gathered [0-9]+ bytes/
@ finish stop
@ done
@ end
< final r1 {{ 'a' x 31 }}b

=== TEST 7: ... or there is enough
--- longer
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r1 a
> pings +20
@ cork
repeat 30
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 30 }}
log /agent gathers for [0-9]{3,} ms/
@ cork
repeat 60
@ delta b
end
@ uncork
< tokens r1 {{ 'b' x 60 }}
no log /agent gathered /
@ finish stop
@ done
@ end
< final r1 {{ 'a' x 31 . 'b' x 60 }}

=== TEST 8: a close in a wait is seen at once, the answer cut
--- longer
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r1 a
> pings +20
@ cork
repeat 30
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 30 }}
@ delta b
log /agent gathers for [0-9]{3,} ms/
@ close
<* error r1 UPSTREAM_FAILED
no log /agent gathered /
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 9: ... or whole
--- longer
--- chat
connect
> message r1 Hello
@ request
@ unframed
@ head 200 text/event-stream
@ delta a
< token r1 a
> pings +20
@ cork
repeat 30
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 30 }}
@ delta b
log /agent gathers for [0-9]{3,} ms/
@ done
@ close
< token r1 b
< final r1 {{ 'a' x 31 }}b
no log /agent gathered /

=== TEST 10: and so is a reset
--- longer
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r1 a
> pings +20
@ cork
repeat 30
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 30 }}
@ delta b
log /agent gathers for [0-9]{3,} ms/
@ reset
<* error r1 UPSTREAM_FAILED
no log /agent gathered /
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 11: a cancel in it
--- longer
--- chat
connect
repeat 10
> message r{{ $i }} Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r{{ $i }} a
> pings +3
@ cork
repeat 30
@ delta a
end
@ uncork
< tokens r{{ $i }} {{ 'a' x 30 }}
@ delta b
> cancel r{{ $i }}
<* cancelled r{{ $i }}
@ closed
end
log /agent gathers for [0-9]{2,} ms/
< quiet
active 1

=== TEST 12: the client is lost in it
--- longer
--- chat
repeat 5
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r1 a
> pings +3
@ cork
repeat 30
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 30 }}
@ delta b
> drop
@ closed
end
log /agent gathers for [0-9]{2,} ms/
active 0

=== TEST 13: the server ends in it
--- longer
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r1 a
> pings +5
@ cork
repeat 30
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 30 }}
@ delta b
log /agent gathers for [0-9]{2,} ms/
signal QUIT
@ delta c
@ finish stop
@ done
@ end
< tokens r1 bc
< final r1 {{ 'a' x 31 }}bc
<* close 1012
server gone

=== TEST 14: the next answer on the agent's connection does not wait
--- longer
--- http_config
    upstream agent {
        server 127.0.0.1:$TEST_NGINX_AGENT_PORT;
        keepalive 4;
    }
--- agent_config
proxy_pass http://agent;
--- chat
connect
repeat 5
> message r{{ $i }} Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r{{ $i }} a
> pings +3
@ cork
repeat 30
@ delta a
end
@ uncork
< tokens r{{ $i }} {{ 'a' x 30 }}
@ delta b
@ finish stop
@ done
@ end
< token r{{ $i }} b
< final r{{ $i }} {{ 'a' x 31 }}b
end
log /agent gathers for [0-9]{2,} ms/
@ connections 1

=== TEST 15: nor after an answer that breaks off at the end of its body
--- longer
--- http_config
    upstream agent {
        server 127.0.0.1:$TEST_NGINX_AGENT_PORT;
        keepalive 4;
    }
--- agent_config
proxy_pass http://agent;
--- chat
connect
repeat 5
> message r{{ $i }} Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r{{ $i }} a
> pings +3
@ cork
repeat 30
@ delta a
end
@ uncork
< tokens r{{ $i }} {{ 'a' x 30 }}
@ end
<* error r{{ $i }} UPSTREAM_FAILED
end
log /agent gathers for [0-9]{2,} ms/
@ connections 1

=== TEST 16: what waits has come in time, and nothing does after it
--- agent_config
proxy_read_timeout 1s;
--- longer
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
repeat 12
@ delta a
< token r1 a
> pings +3
end
@ cork
repeat 13
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 13 }}
@ delta b
< token r1 b
< error r1 UPSTREAM_TIMEOUT
@ closed

=== TEST 17: over TLS
--- longer
--- agent_config
proxy_pass https://127.0.0.1:$TEST_NGINX_AGENT_TLS_PORT;
--- chat
connect tls
repeat 5
> message r{{ $i }} Hello
@tls request
@tls head 200 text/event-stream
@tls delta a
< token r{{ $i }} a
> pings +3
@tls cork
repeat 30
@tls delta a
end
@tls uncork
< tokens r{{ $i }} {{ 'a' x 30 }}
@tls delta b
@tls finish stop
@tls done
@tls end
< token r{{ $i }} b
< final r{{ $i }} {{ 'a' x 31 }}b
end
log /agent gathers for [0-9]{2,} ms/

=== TEST 18: a client that does not read, and then does
--- chat_config
thread_ws_gather 20ms;
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

=== TEST 19: the rest of a burst after a pause
--- longer
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
repeat 5
@ cork
@ delta a
@ delta b
@ uncork
< tokens r1 ab
end
log /agent gathers for 1 ms or 4096 bytes/
@ delta c
< token r1 c
@ delta d
< token r1 d
@ finish stop
@ done
@ end
< final r1 abababababcd

=== TEST 20: a short answer has no rest to wait for
--- longer
--- chat
connect
repeat 5
> message r{{ $i }} Hello
@ request
@ head 200 text/event-stream
@ cork
@ delta a
@ delta b
@ uncork
< tokens r{{ $i }} ab
@ delta c
< token r{{ $i }} c
@ finish stop
@ done
@ end
< final r{{ $i }} abc
end
no log /agent gathers for/

=== TEST 21: what comes in a wait may be nothing for the run to hear
--- longer
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r1 a
> pings +5
@ cork
repeat 30
@ delta a
end
@ uncork
< tokens r1 {{ 'a' x 30 }}
log /agent gathers for [0-9]{2,} ms/
@ wire {{ sprintf "%x\r\n", length $::Event }}
log /agent gathered [0-9]+ bytes/
@ wire {{ $::Event }}{{ "\r\n" }}
< token r1 b
@ finish stop
@ done
@ end
< final r1 {{ 'a' x 31 }}b
