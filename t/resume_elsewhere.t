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
