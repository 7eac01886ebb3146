# thread_ws_resume: a run belongs to its thread, so that it goes on without its
# client, is heard by other connections, and is cancelled by any of them.

use ThreadWS::Test;
use ThreadWS::Observe;

run_tests();

__DATA__

=== TEST 1: an answer goes on while its client is away, and is heard from its beginning
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
connect a
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
a> drop
@ delta lo
connect b
b> message r1 hello
b< token r1 Hello
@ delta !
b< token r1 !
@ finish stop
@ done
@ end
b< final r1 Hello!
@ requests 1

=== TEST 2: by "follow", with positions
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
connect a
a> follow
a< idle -
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
a> drop
@ delta lo
connect b
b> follow r1 after
b< following r1 hello
b< token r1 lo
@ delta !
b< token r1 !
@ finish stop
@ done
@ end
b< final r1 Hello!
b> follow
b< idle - r1
connect c
c> follow r1
c< following r1 hello
c< answer r1 Hello!
c> follow r2
c< idle - r1
@ requests 1

=== TEST 3: a second connection hears what the first one asks
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_resume 1m;
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_store off;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect a
connect b
b> follow
b< idle -
a> message r1 hello
b< message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
b< token r1 Hel
@ delta lo
@ finish stop
@ done
@ end
a<* final r1 Hello
b<* final r1 Hello

=== TEST 4: a cancel by another connection
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
connect a
connect b
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
b> cancel r1
a< cancelled r1
@ closed
b< quiet

=== TEST 5: thread_ws_busy speaks of the thread
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- config
    location = /interrupt { thread_ws_pass /agent; }
    location = /queue { thread_ws_pass /agent; thread_ws_busy queue 1; }
    location = /reject { thread_ws_pass /agent; thread_ws_busy reject; }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect a /interrupt?threadId=t1
connect b /interrupt?threadId=t1
a> message r1 one
@ request
@ head 200 text/event-stream
@ delta One
a< token r1 One
b> message r2 two
a< cancelled r1
@ closed
@ request
@ answer Two
b< answer r2 Two

connect q1 /queue?threadId=t2
connect q2 /queue?threadId=t2
connect r /reject?threadId=t2
q1> message r1 one
@ request
@ head 200 text/event-stream
@ delta One
q1< token r1 One
r> message r9 nine
r< error r9 BUSY
q2> message r2 two
q2> message r3 three
q2< error r3 BUSY
@ finish stop
@ done
@ end
q1< final r1 One
@ request
@ messages [{"role":"user","content":"one"},
    {"role":"assistant","content":"One"},
    {"role":"user","content":"two"}]
@ answer Two
q2< answer r2 Two

=== TEST 6: nobody comes back
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1s;
    thread_ws_event_log logs/events.log;
    thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces;
--- chat
collect
connect a
    traceparent: 00-11111111111111111111111111111111-2222222222222222-01
a> follow
a< idle -
a> message r1 one
@ request
@ head 200 text/event-stream
@ delta One
a< token r1 One
a> drop
@ closed
log /run given up: nobody came back to hear it/
event followed {}
events r1 message first_token detached abandoned disconnected
span thread_ws connection {"events":"followed"}
span chat {"thread_ws.request.id":"r1",
    "events":"first_token detached abandoned cancel",
    "thread_ws.outcome":"disconnected"}
connect b
b> follow r1
b< idle
b> message r1 one
@ request
@ head 200 text/event-stream
@ delta One
b<* token r1 One

=== TEST 7: without it a follow is refused by name
--- chat
connect
> follow
< error - INVALID_MESSAGE
    message: "follow is not known here: thread_ws_resume is off"
< quiet

=== TEST 8: a position that is none
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
connect a
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta H\u00e9
a< token r1 /./
connect b
b> follow r1 3
b< error - INVALID_MESSAGE
b> follow r1 100000
b< error - INVALID_MESSAGE
b> {"type":"follow","requestId":"r1","after":-1}
b< error - INVALID_MESSAGE
b> {"type":"follow","after":"1"}
b< error - INVALID_MESSAGE
b> {"type":"follow","more":1}
b< error - INVALID_MESSAGE
a> cancel r1
a< cancelled r1

=== TEST 9: it needs shared memory
--- http_config
    thread_ws_resume 1m;
--- refused
thread_ws_resume
needs shared memory
nginx.conf:
--- chat

=== TEST 10: a reload in mid-answer
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_shutdown_spread 0;
--- chat
connect a
a> follow
a< idle -
connect o
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
o> message r1 hello
o< token r1 Hel
reload
a< close 1012
connect b
b> follow r1 after
b< following r1 hello
@ delta lo
b< token r1 lo
o< token r1 lo
@ finish stop
@ done
@ end
b< final r1 Hello
o< final r1 Hello
o< close 1012
old worker gone
@ requests 1

=== TEST 11: what a cancelled answer had said can be kept
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
--- config
    location = /chat { thread_ws_pass /agent; thread_ws_keep_partial on; }
    location = /status { thread_ws_status; }
    location = /history {
        thread_ws_history;
        thread_ws_thread_id t1;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect
> message r1 one
@ request
@ head 200 text/event-stream
@ delta Hel
< token r1 Hel
> cancel r1
< cancelled r1
    kept: true
@ closed
> message r2 two
@ request
@ messages [{"role":"user","content":"one"},
    {"role":"assistant","content":"Hel"},
    {"role":"user","content":"two"}]
@ head 200 text/event-stream
> cancel r2
< {"type":"cancelled","requestId":"r2"}
@ closed
> message r3 three
@ request
@ head 200 text/event-stream
@ delta Thr
< token r3 Thr
> message r4 four
< cancelled r3
    kept: true
@ closed
@ request
@ messages [{"role":"user","content":"one"},
    {"role":"assistant","content":"Hel"},
    {"role":"user","content":"three"},
    {"role":"assistant","content":"Thr"},
    {"role":"user","content":"four"}]
@ answer Four
< answer r4 Four
metric thread_ws_active_runs 0
metric thread_ws_runs_total{outcome="cancelled",code=""} 3
metric thread_ws_runs_total{outcome="completed",code=""} 1
> message r1 one
< answer r1 Hel
    finishReason: "cancelled"
--- no_error_log
answer was cut

=== TEST 12: each follow is answered, also two in one read
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
connect a
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
connect b
b> cork
b> follow r1
b> follow
b> uncork
b< following r1 hello
b< following r1 hello
b< token r1 Hel
b> follow
b< following r1 hello
@ finish stop
@ done
@ end
a< final r1 Hel
b< final r1 Hel

=== TEST 13: an answer of 100 kB in a zone of 1 MB
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
connect
> message r1 hello
@ request
@ answer {{ 'x' x 102_400 }}
<* final r1 {{ 'x' x 102_400 }}
connect b
b> message r1 hello
b<* final r1 {{ 'x' x 102_400 }}
@ requests 1

=== TEST 14: another message under the id of a run that is stored and kept
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
connect a
a> follow
a< idle -
a> message r1 hello
@ request
@ answer Hello
a< answer r1 Hello
connect b /chat?threadId=t1
b> message r1 other
b< error r1 DUPLICATE_REQUEST
connect c /chat?threadId=t1
c> follow r1
c< following r1 hello
c< answer r1 Hello
@ requests 1
