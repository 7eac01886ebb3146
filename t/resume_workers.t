# thread_ws_resume over several workers: what one says is heard in the others, and
# runs of a thread follow one another whoever has them.

use ThreadWS::Test;
use ThreadWS::Steps::Processes;

workers(2);
run_tests();

__DATA__

=== TEST 1: over two workers
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
only worker 1
connect a
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
all workers
only worker 2
connect b
b> follow
b< following r1 hello
all workers
b< token r1 Hel
@ delta lo
a< token r1 lo
b< token r1 lo
@ finish stop
@ done
@ end
a< final r1 Hello
b< final r1 Hello
b> message r2 again
@ request
@ head 200 text/event-stream
@ delta One
b< token r2 One
a> cancel r2
b< cancelled r2
@ closed
b> message r3 three
@ request
@ head 200 text/event-stream
@ delta Three
b< token r3 Three
a> message r4 four
b< cancelled r3
@ closed
b< message r4 four
@ request
@ answer Four
a< answer r4 Four
b< answer r4 Four

=== TEST 2: a repeated message, of a run that goes on elsewhere, and of one that has ended
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store off;
    thread_ws_resume 1m;
--- chat
only worker 1
connect a
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
a> drop
all workers
only worker 2
connect b
b> message r1 hello
all workers
b< token r1 Hel
@ delta lo
b< token r1 lo
@ finish stop
@ done
@ end
b< final r1 Hello
connect c
c> message r1 hello
c< answer r1 Hello
c> message r1 other
@ request
@ answer Other
c< answer r1 Other

=== TEST 3: the worker that has the run is killed
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
only worker 1
connect a
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
all workers
only worker 2
connect b
b> follow
b< following r1 hello
b< token r1 Hel
all workers
kill worker 1
b< error r1 RUN_LOST
b> message r1 hello
@ request
@ answer Again
b< answer r1 Again
--- error_log
[alert]

=== TEST 4: who comes after another worker has taken its place is told so, too
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
only worker 1
connect a
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
all workers
kill worker 1
a< gone
connect b
b> follow r1
b< following r1 hello
b< token r1 Hel
b< error r1 RUN_LOST
b> follow r2
b< idle
b> message r1 hello
@ request
@ answer Again
b< answer r1 Again
--- error_log
[alert]

=== TEST 5: who comes later is told of what waits in its order, whoever has it
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_busy queue;
--- chat
only worker 1
connect a
a> message r1 one
@ request
@ head 200 text/event-stream
@ delta One
a< token r1 One
all workers
only worker 2
connect b
b> message r2 two
b> ping
b< pong
all workers
only worker 1
a> message r3 three
a> ping
a< pong
connect c
c> follow
c< following r1 one
c< token r1 One
c< message r2 two
c< message r3 three
all workers
@ finish stop
@ done
@ end
a< final r1 One
c< final r1 One
@ request
@ answer Two
b< answer r2 Two
c< answer r2 Two
@ request
@ answer Three
a< answer r3 Three
c< answer r3 Three

=== TEST 6: somebody else's run is not there
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_user $http_x_user;
--- chat
only worker 1
connect a
    X-User: ann
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
connect b
    X-User: bob
b> follow
b< idle -
b> follow r1
b< idle -
b> cancel r1
b< quiet
all workers
only worker 2
connect c
    X-User: bob
c> follow r1
c< idle -
c> cancel r1
c< quiet
all workers
@ alive
@ delta lo
a< token r1 lo
b< quiet
c> message r1 hello
@ request
@ messages [{"role":"user","content":"hello"}]
@ answer Other
c< answer r1 Other
b< message r1 hello
b< answer r1 Other
a< quiet
@ select 1
@ finish stop
@ done
@ end
a< final r1 Hello
b> follow r1
b< following r1 hello
b< token r1 Other
b< final r1 Other
c< quiet

=== TEST 7: a thread that is deleted in one worker is told of in the other at once
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_ping_interval off;
--- config
    location = /chat { thread_ws_pass /agent; }
    location = /history {
        thread_ws_history;
        thread_ws_thread_id t1;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
only worker 1
connect a
a> message r1 hello
@ request
@ answer Hello
a< answer r1 Hello
connect c /chat?threadId=t2
all workers
only worker 2
delete /history
< HTTP 204
connect b
b> follow
b< idle -
all workers
a< close 1008 the thread was deleted
b< quiet
c< quiet

=== TEST 8: an agent that thinks, in another worker
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
only worker 1
connect a
    Sec-WebSocket-Protocol: thread-ws.v2
a> message r1 hello
@ request
a< quiet
all workers
only worker 2
connect b
b> follow
b< following r1 hello
all workers

# all that it says meanwhile is not for them, and does not make it more often

@ head 200 text/event-stream
repeat 100
@ choice {"reasoning_content":"Hm. "}
end
a< text /"type":"alive","requestId":"r1"/
b< text /"type":"alive","requestId":"r1"/
repeat 100
@ choice {"reasoning_content":"Hm. "}
end
@ delta Hello
@ finish stop
@ done
@ end
b< answer r1 Hello
a< answer r1 Hello

=== TEST 9: all of a user's threads are deleted in one worker
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_user $arg_user;
    thread_ws_ping_interval off;
--- config
    location = /chat { thread_ws_pass /agent; }
    location = /threads { thread_ws_threads; }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
only worker 1
connect a /chat?threadId=t1&user=ann
a> message r1 hello
@ request
@ answer Hello
a< answer r1 Hello
connect b /chat?threadId=t2&user=ann
b> message r2 first
@ request
@ head 200 text/event-stream
@ delta One
b< token r2 One
connect c /chat?threadId=t1&user=bob
c> message r1 hello
@ request
@ answer Hello
c< answer r1 Hello
all workers
only worker 2
delete /threads?user=ann
< HTTP 204
all workers
a< close 1008 the thread was deleted
@ select 2
@ closed
b< error r2 THREAD_DELETED
b< close 1008 the thread was deleted
c< quiet

=== TEST 10: who follows hears the end, where nobody has the zone afterwards
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_http on;
    thread_ws_shutdown_spread 0;
--- chat
only worker 1
connect a
a> follow
a< idle -
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
all workers
only worker 2
connect b
b> follow
b< following r1 hello
hear h
h< HTTP 200
h< following r1 hello
all workers
b< token r1 Hel
h< token r1 Hel
signal QUIT
log /gracefully shutting down/
@ delta lo
a< token r1 lo
b< token r1 lo
h< token r1 lo
@ finish stop
@ done
@ end
a< final r1 Hello
b< final r1 Hello
h< final r1 Hello
h< retry
h< whole
a< close 1012
b< close 1012
server gone
