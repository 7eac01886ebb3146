# What TCP makes of messages: single bytes, and many at once.

use ThreadWS::Test qw(tls);

run_tests();

__DATA__

=== TEST 1: a handshake and a message, byte by byte
--- agent
answer You said: $content
--- chat
connect
< quiet
> slowly
> message r1 Hello, {{ 'y' x 200 }}
< answer r1 You said: Hello, {{ 'y' x 200 }}
> frame type=ping
< frame pong
> close 1000
< close 1000
< eof

=== TEST 2: byte by byte, over TLS
--- agent
answer You said: $content
--- chat
connect tls
< quiet
> slowly
> message r1 Hello
< answer r1 You said: Hello

=== TEST 3: a hundred messages in one segment
--- chat_config
thread_ws_busy queue 100;
--- agent
answer You said: $content
--- chat
connect
< quiet
> cork
repeat 100
> message r{{ $i }} number {{ $i }}
end
> uncork
repeat 100
< answer r{{ $i }} You said: number {{ $i }}
end
< quiet
@ requests 100

=== TEST 4: a hundred pings in one segment
--- chat
connect
< quiet
> cork
repeat 100
> ping {{ $i }}
end
> uncork
repeat 100
< pong {{ $i }}
end

=== TEST 5: a hundred messages and their cancels in one segment
--- agent
answer fine
--- chat
connect
< quiet
> cork
repeat 100
> message r{{ $i }} number {{ $i }}
> cancel r{{ $i }}
end
> message last one
> uncork
repeat 100
<* cancelled r{{ $i }}
end
< answer last fine
< quiet

=== TEST 6: a hundred messages over TLS
--- chat_config
thread_ws_busy queue 100;
--- agent
answer You said: $content
--- chat
connect tls
< quiet
> cork
repeat 100
> message r{{ $i }} number {{ $i }}
end
> uncork
repeat 100
< answer r{{ $i }} You said: number {{ $i }}
end

=== TEST 7: a client that has ended its half gets what is queued
--- chat
repeat 50
connect
< HTTP 101
> cork
> ping {{ $i }}
> close 1000
> uncork
> shutdown
< pong {{ $i }}
< close 1000
< eof
end

=== TEST 8: a protocol error over TLS ends with close_notify
--- chat
connect tls
< HTTP 101
> frame op=3
< close 1002
< eof
connect tls
< HTTP 101
> close 1000
< close 1000
< eof

=== TEST 9: what comes with the upgrade is counted
--- config
    location = /chat { thread_ws_pass /agent; }
    location = /status { thread_ws_status; }
    location = /agent { internal; thread_ws_demo_agent delay=0; }
--- http_config
    thread_ws_zone threads:1m;
--- chat
cork
connect
> ping "{{ 'x' x 600 }}"
> uncork
< pong "{{ 'x' x 600 }}"
> close 1000
< close 1000
< eof
get /status
< body /thread_ws_bytes_total.direction="in". 6[2-9]\d/
