# Commands are strict; ids are checked before anything else sees them.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: a ping
--- chat
connect
> ping
< pong
> ping 17
< pong 17
> ping {"a":[1,null,true,"x"]}
< pong {"a":[1,null,true,"x"]}
> ping null
< pong null

=== TEST 2: no JSON
--- chat
connect
> text hello
< error - INVALID_JSON
> text {"type":"ping"
< error - INVALID_JSON
> text {"type":"ping"}x
< error - INVALID_JSON
> text {'type':'ping'}
< error - INVALID_JSON
> text {"type":"ping","type":"ping"}
< error - INVALID_MESSAGE
< quiet

=== TEST 3: JSON that is no command
--- chat
connect
> text []
< error - INVALID_MESSAGE
> text 17
< error - INVALID_MESSAGE
> text null
< error - INVALID_MESSAGE
> {}
< error - INVALID_MESSAGE
> {"type":"unknown"}
< error - INVALID_MESSAGE
> {"type":1}
< error - INVALID_MESSAGE
> {"type":"Message","requestId":"r1","threadId":"t1","content":"x"}
< error - INVALID_MESSAGE
> {"type":"ping","x":1}
< error - INVALID_MESSAGE
> {"type":"token","requestId":"r1","value":"x"}
< error - INVALID_MESSAGE
< quiet

=== TEST 4: fields that are missing, wrong or unknown
--- chat
connect
> {"type":"message","threadId":"t1","content":"x"}
< error - INVALID_MESSAGE
> {"type":"message","requestId":17,"threadId":"t1","content":"x"}
< error - INVALID_MESSAGE
> {"type":"message","requestId":"r2","threadId":"t1"}
< error r2 INVALID_MESSAGE
> {"type":"message","requestId":"r3","threadId":"t1","content":17}
< error r3 INVALID_MESSAGE
> {"type":"message","requestId":"r4","threadId":"t1","content":""}
< error r4 INVALID_MESSAGE
> {"type":"message","requestId":"r5","threadId":"t1","content":null}
< error r5 INVALID_MESSAGE
> {"type":"message","requestId":"r6","threadId":"t1","content":"x","y":1}
< error r6 INVALID_MESSAGE
> {"type":"message","requestId":"r7","content":"x"}
< error r7 INVALID_MESSAGE
> {"type":"message","requestId":"r8","threadId":1,"content":"x"}
< error r8 INVALID_MESSAGE
> {"type":"cancel"}
< error - INVALID_MESSAGE
> {"type":"cancel","requestId":1}
< error - INVALID_MESSAGE
> {"type":"cancel","requestId":"r1","threadId":"t1"}
< error - INVALID_MESSAGE
< quiet

=== TEST 5: U+0000 in a content
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"a\u0000b"}
< error r1 INVALID_MESSAGE
< quiet

=== TEST 6: half a surrogate pair
--- chat
connect
> note r1
> text {"type":"message","requestId":"r1","threadId":"t1","content":"\ud800"}
< error r1 INVALID_MESSAGE
< quiet

=== TEST 7: requestIds outside the grammar
--- chat
connect
> {"type":"message","requestId":"","threadId":"t1","content":"x"}
< error - INVALID_MESSAGE
> {"type":"message","requestId":"{{ 'r' x 129 }}","threadId":"t1","content":"x"}
< error - INVALID_MESSAGE
> {"type":"message","requestId":"a\"b","threadId":"t1","content":"x"}
< error - INVALID_MESSAGE
> {"type":"message","requestId":"a\\b","threadId":"t1","content":"x"}
< error - INVALID_MESSAGE
> {"type":"message","requestId":"\u00e4","threadId":"t1","content":"x"}
< error - INVALID_MESSAGE
> {"type":"message","requestId":"a\u007fb","threadId":"t1","content":"x"}
< error - INVALID_MESSAGE
> {"type":"message","requestId":"a\tb","threadId":"t1","content":"x"}
< error - INVALID_MESSAGE
> {"type":"cancel","requestId":"a\u0001b"}
< error - INVALID_MESSAGE
@ requests 0

=== TEST 8: the longest and the strangest requestId that is allowed
--- agent
answer ok
--- chat
connect
> message {{ 'r' x 128 }} x
< answer {{ 'r' x 128 }} ok
> {"type":"message","requestId":"!#$%&'()*+,-./:;<=>?@[]^_`{|}~ 0Az",
    "threadId":"t1","content":"x"}
<* {"type":"final","requestId":"!#$%&'()*+,-./:;<=>?@[]^_`{|}~ 0Az",
    "message":"ok","latencyMs":"*","finishReason":"stop"}

=== TEST 9: CR LF in a requestId reaches no header, no log and no path
--- chat_config
access_log logs/access.log evil;
--- http_config
    log_format evil '$status request=$thread_ws_request_id';
--- agent_config
proxy_set_header X-Request-Id $thread_ws_request_id;
access_log logs/access.log evil;
--- agent
answer ok
--- chat
connect
> {"type":"message","requestId":"r1\r\nX-Evil: 1","threadId":"t1","content":"x"}
< error - INVALID_MESSAGE
> {"type":"cancel","requestId":"r1\r\nX-Evil: 1"}
< error - INVALID_MESSAGE
> message r2 x
< answer r2 ok
@ requests 1
@ request
@ header X-Request-Id: r2
@ no header X-Evil
no log /^X-Evil/
no log /\\r|\\n|%0D|x0D/
no access /X-Evil/

=== TEST 10: a thread other than the connection's
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t2","content":"x"}
< close 1008
> close 1008
< eof
@ requests 0
log /\[warn\] .*connection closed with 1008: threadId is not this connection's: "t2"/
connect
> {"type":"message","requestId":"r1","threadId":"a\nb\"","content":"x"}
< close 1008
log /\[info\] .*closed with 1008: threadId is not this connection's: "a\\x0ab\\x22"/

=== TEST 11: a cancel of nothing does nothing
--- chat
connect
> cancel r1
< quiet
> {"type":"abort","requestId":"r1"}
< quiet

=== TEST 12: a refused command leaves a run alone
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta Hello
< token r1 Hello
> text nonsense
< error - INVALID_JSON
> {"type":"message","requestId":"r2","threadId":"t1","content":""}
< error r2 INVALID_MESSAGE
> cancel r2
@ delta {{ ' ' }}world
< token r1
@ finish stop
@ done
@ end
< final r1 /Hello.*world/

=== TEST 13: escapes and characters of every plane arrive as they were
--- agent
answer ok
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1",
    "content":"\u00e4 \ud83d\ude00 \"\\\/\b\f\n\r\t\u0001 ü 😀"}
< answer r1 ok
@ request
@ messages [{"role":"user",
    "content":"\u00e4 \ud83d\ude00 \"\\\/\b\f\n\r\t\u0001 ü 😀"}]

=== TEST 14: the same id, while it runs
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta Hello
< token r1 Hello
> message r1 Hello
< quiet
> message r1 Other
< error - DUPLICATE_REQUEST
@ done
@ end
< final r1 Hello
@ requests 1

=== TEST 15: a ping's t comes back byte for byte
--- chat
connect
> text {"type":"ping","t":123456789012345678901234567890}
< text {"type":"pong","t":123456789012345678901234567890}
> text {"type":"ping","t": [ 1.50, -1E+999, "\u00e9\ud83d" , {"a":1,"a":2} ] }
< text {"type":"pong","t":[ 1.50, -1E+999, "\u00e9\ud83d" , {"a":1,"a":2} ]}

=== TEST 16: JSON that is not taken is told from no JSON, and names its run
--- chat
connect
> note r1
> text {"type":"message","requestId":"r1","threadId":"t1","content":"\ud83d"}
< error r1 INVALID_MESSAGE
    message: /surrogate/
> note r2
> text {"type":"message","requestId":"r2","threadId":"t1","content":"x",
    "n":123456789012345678901234567890}
< error r2 INVALID_MESSAGE
    message: /number is too large/
> text {{ '[' x 5000 }}
< error - INVALID_MESSAGE
    message: /nested too deeply/
> text {"type":"message","requestId":"r3","threadId":"t1","content":"\ud83d"
< error - INVALID_JSON
< quiet
