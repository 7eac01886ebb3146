# Frames as RFC 6455 section 5 has them, and every way to break them.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: a message in fragments, with control frames between them
--- agent
answer You said: $content
--- chat
connect
> frame fin=0 {"type":"message","requestId":"r1",
> frame type=ping are you there
> frame type=cont fin=0 "threadId":"t1",
> frame type=pong unasked
> frame type=cont fin=0
> frame type=cont "content":"in parts"}
> note r1
< frame pong are you there
< answer r1 You said: in parts

=== TEST 2: a ping is answered with its payload
--- chat
connect
> frame type=ping
< frame pong
> frame type=ping {{ 'p' x 125 }}
< frame pong {{ 'p' x 125 }}
> frame type=pong unasked
< quiet

=== TEST 3: lengths of all three forms
--- agent
answer ok
--- chat
connect
> message r1 {{ 'a' x 10 }}
< answer r1 ok
> message r2 {{ 'b' x 300 }}
< answer r2 ok
> message r3 {{ 'c' x 70000 }}
< answer r3 ok
@ requests 3
@ request
@ request
@ request
@ messages ["*","*","*","*",{"role":"user","content":"{{ 'c' x 70000 }}"}]

=== TEST 4: no mask
--- chat
connect
> frame mask=0 {"type":"ping"}
< close 1002
< eof

=== TEST 5: reserved bits
--- chat
connect
> frame rsv=4 {"type":"ping"}
< close 1002
< eof
connect
> frame rsv=2 {"type":"ping"}
< close 1002
connect
> frame rsv=1 {"type":"ping"}
< close 1002

=== TEST 6: reserved opcodes
--- chat
repeat 5
connect
> frame op={{ 2 + $i }} x
< close 1002
< eof
connect
> frame op={{ 10 + $i }} x
< close 1002
< eof
end

=== TEST 7: a control frame in fragments
--- chat
connect
> frame type=ping fin=0 x
< close 1002
< eof

=== TEST 8: a control frame that is too long
--- chat
connect
> frame type=ping {{ 'p' x 126 }}
< close 1002
< eof

=== TEST 9: a continuation of nothing
--- chat
connect
> frame type=cont x
< close 1002
< eof

=== TEST 10: a message within a message
--- chat
connect
> frame fin=0 x
> frame x
< close 1002
< eof

=== TEST 11: a length that has a shorter form
--- chat
connect
> frame medium=1 {"type":"ping"}
< close 1002
< eof
connect
> frame long=1 {"type":"ping"}
< close 1002
< eof

=== TEST 12: a length with the top bit set
--- chat
connect
> hex 81 ff 80 00 00 00 00 00 00 01
< close 1002
< eof

=== TEST 13: a binary message
--- chat
connect
> binary 00 01 02
< close 1003
< eof

=== TEST 14: invalid UTF-8
--- chat
connect
> hex 81 82 00 00 00 00 c3 28
< close 1007
< eof
connect
> hex 81 83 00 00 00 00 ed a0 80
< close 1007
connect
> hex 81 82 00 00 00 00 c0 80
< close 1007

=== TEST 15: invalid UTF-8 is refused at its first bad byte
--- chat
connect
> hex 01 fe 01 00 00 00 00 00 22 ff
< close 1007
< eof

=== TEST 16: a character split over fragments is no fault, a cut one is
--- chat
connect
> hex 01 82 00 00 00 00 22 c3
> hex 80 82 00 00 00 00 a4 22
< error - INVALID_MESSAGE
> hex 81 82 00 00 00 00 22 c3
< close 1007

=== TEST 17: a message that is too large
--- chat_config
thread_ws_max_message_size 1k;
--- chat
connect
> text {{ 'x' x 1024 }}
< error - INVALID_JSON
> text {{ 'x' x 1025 }}
< close 1009
< eof

=== TEST 18: fragments that are too large together
--- chat_config
thread_ws_max_message_size 1k;
--- chat
connect
> frame fin=0 {{ 'x' x 1000 }}
> frame type=cont fin=0 {{ 'x' x 24 }}
> frame type=cont x
< close 1009
< eof

=== TEST 19: a length is enough to refuse
--- chat
connect
> hex 81 ff 00 00 00 00 40 00 00 00
< close 1009
< eof

=== TEST 20: the close handshake
--- chat
connect
> close 1000 bye
< close 1000
< eof
connect
> close 1001
< close /1000|1001/
< eof
connect
> close 3000 own
< close /1000|3000/
< eof
connect
> close
< close /1000|1005/
< eof

=== TEST 21: close codes that must not be sent
--- chat
connect
> close 1005
< close 1002
< eof
connect
> close 1006
< close 1002
connect
> close 1004
< close 1002
connect
> close 1015
< close 1002
connect
> close 999
< close 1002
connect
> close 2999
< close 1002
connect
> close 5000
< close 1002
connect
> hex 88 81 00 00 00 00 03
< close 1002

=== TEST 22: a reason that is no UTF-8
--- chat
connect
> hex 88 84 00 00 00 00 03 e8 c3 28
< close 1007
< eof

=== TEST 23: what comes after a close is not read
--- agent
answer ok
--- chat
connect
> cork
> close 1000
> message r1 too late
> uncork
< close 1000
< eof
@ requests 0

=== TEST 24: a violation ends a run
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta Hello
< token r1 Hello
> frame rsv=4 x
< close 1002
< eof
@ closed

=== TEST 25: an empty message
--- chat
connect
> text
< error - INVALID_JSON
> frame fin=0
> frame type=cont
< error - INVALID_JSON
< quiet
