# What is heard of another worker's run: to its end, whatever happens meanwhile to
# the thread or to the worker that hears it.

use ThreadWS::Test;
use ThreadWS::Steps::Processes;

workers(2);
run_tests();

__DATA__

=== TEST 1: who hears a run by a message that was repeated stays until its end
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_shutdown_spread 100ms;
--- config
    location = /chat { thread_ws_pass /agent; }
    location = /ai {
        thread_ws_pass /agent;
        thread_ws_protocol ai-sdk;
        thread_ws_http on;
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
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
all workers
only worker 2
connect b
b> message r1 hello
connect c /ai
c> text {"type":"resume","requestId":"q1","id":"t1","headers":{},"body":{}}
hear d /ai?threadId=t1
all workers
b< token r1 Hel
c< text /"q1","sequence":0,.*"start"/
c< text /"q1","sequence":1,.*"start-step"/
c< text /"q1","sequence":2,.*"text-start"/
c< text /"q1","sequence":3,.*"delta":"Hel"/
d< text /"start"/
d< text /"start-step"/
d< text /"text-start"/
d< text /"delta":"Hel"/
reload
connect e
e> ping
e< pong
@ delta lo
a< token r1 lo
b< token r1 lo
c< text /"q1","sequence":4,.*"delta":"lo"/
d< text /"delta":"lo"/
@ finish stop
@ done
@ end
a< final r1 Hello
b< final r1 Hello
b< close 1012 the server is restarting
c< text /"q1","sequence":5,.*"text-end"/
c< text /"q1","sequence":6,.*"finish-step"/
c< text /"q1","sequence":7,.*"finish"/
c< text {"type":"end","requestId":"q1"}
c< close 1012 the server is restarting
d< text /"text-end"/
d< text /"finish-step"/
d< text /"finish"/
d< text [DONE]
d< whole
a< close 1012 the server is restarting
old worker gone
@ requests 1

=== TEST 2: a thread that is deleted: what is heard of it fails first, whoever has it
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_ping_interval off;
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_http on;
    }
    location = /ai {
        thread_ws_pass /agent;
        thread_ws_protocol ai-sdk;
        thread_ws_http on;
    }
    location = /history { thread_ws_history; }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
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
connect c
c> message r1 hello
c< token r1 Hel
connect d
hear e /chat?threadId=t1
e< following r1 hello
e< token r1 Hel
hear f /chat?threadId=t1&requestId=r1
f< following r1 hello
f< token r1 Hel
hear g /ai?threadId=t1
g< text /"start"/
g< text /"start-step"/
g< text /"text-start"/
g< text /"delta":"Hel"/
delete /history?threadId=t1
< HTTP 404
b< error r1 THREAD_DELETED
b< close 1008 the thread was deleted
c< error r1 THREAD_DELETED
c< close 1008 the thread was deleted
d< close 1008 the thread was deleted
e< error r1 THREAD_DELETED
e< error - THREAD_DELETED
e< whole
f< error r1 THREAD_DELETED
f< whole
g< text /"type":"error"/
g< text [DONE]
g< whole
all workers
@ closed
a< error r1 THREAD_DELETED
a< close 1008 the thread was deleted

# one that is stored, deleted where its run is

only worker 1
connect a
a> message r1 hello
@ request
@ answer Hello
a< answer r1 Hello
a> message r2 again
@ request
@ head 200 text/event-stream
@ delta One
a< token r2 One
all workers
only worker 2
connect b
b> follow
b< following r2 again
b< token r2 One
connect c
c> message r2 again
c< token r2 One
hear e /chat?threadId=t1
e< following r2 again
e< token r2 One
all workers
only worker 1
delete /history?threadId=t1
< HTTP 204
@ closed
a< error r2 THREAD_DELETED
a< close 1008 the thread was deleted
all workers
b< error r2 THREAD_DELETED
b< close 1008 the thread was deleted
c< error r2 THREAD_DELETED
c< close 1008 the thread was deleted
e< error r2 THREAD_DELETED
e< error - THREAD_DELETED
e< whole

=== TEST 3: who hears a thread by HTTP that is deleted elsewhere
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_ping_interval off;
    thread_ws_user $arg_user;
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_http on;
    }
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
hear c /chat?threadId=t1&user=ann
c< {"type":"idle","lastRequestId":"r1"}
all workers
only worker 2
hear b /chat?threadId=t1&user=ann
b< {"type":"idle","lastRequestId":"r1"}
all workers
only worker 1
delete /threads?threadId=t1&user=ann
< HTTP 204
a< close 1008 the thread was deleted
c< error - THREAD_DELETED
c< whole
all workers
b< error - THREAD_DELETED
b< whole

# all of a user's

only worker 1
connect a /chat?threadId=t1&user=ann
a> message r2 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r2 Hel
connect d /chat?threadId=t1&user=bob
d> message r2 hello
@ request
@ head 200 text/event-stream
@ delta Hel
d< token r2 Hel
all workers
only worker 2
connect b /chat?threadId=t1&user=ann
b> message r2 hello
b< token r2 Hel
hear c /chat?threadId=t1&user=ann
c< following r2 hello
c< token r2 Hel
connect e /chat?threadId=t1&user=bob
e> message r2 hello
e< token r2 Hel
delete /threads?user=ann
< HTTP 204
b< error r2 THREAD_DELETED
b< close 1008 the thread was deleted
c< error r2 THREAD_DELETED
c< error - THREAD_DELETED
c< whole
all workers
a< error r2 THREAD_DELETED
a< close 1008 the thread was deleted
@ delta lo
d< token r2 lo
e< token r2 lo

=== TEST 4: what was stopped and kept is heard as what it was
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_keep_partial on;
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
a> cancel r1
a< cancelled r1
    kept: true
all workers
only worker 2
connect b
b> follow r1 after
b< following r1 hello
b< cancelled r1
    kept: true
b> message r1 hello
b< token r1 Hel
b< cancelled r1
    kept: true
b> follow r1 after
b< following r1 hello
b< cancelled r1
    kept: true
connect c
c> message r1 hello
c< token r1 Hel
c< cancelled r1
    kept: true
all workers
a> message r1 hello
a< token r1 Hel
a< cancelled r1
    kept: true
b< quiet
c< quiet
@ requests 1
a> message r1 other
a< error r1 DUPLICATE_REQUEST

=== TEST 5: a run that the zone has no room for goes on, and nobody waits for it elsewhere
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
@ delta {{ 'x' x 700000 }}
a< tokens r1 {{ 'x' x 700000 }}
all workers
only worker 2
connect b
b> message r1 hello
b< error r1 RUN_LOST
b> follow r1
b< idle -
b> follow
b< idle -
connect c
c> follow
c< idle -
all workers
@ finish stop
@ done
@ end
a< final r1 {{ 'x' x 700000 }}
b> message r1 hello
@ request
@ answer Hello
b< answer r1 Hello
c< message r1 hello
c< answer r1 Hello
