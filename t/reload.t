# A leaving worker: what streams is finished, who is idle is sent away.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: idle connections are told to come back
--- chat_config
thread_ws_shutdown_spread 100ms;
--- chat
connect a /chat?threadId=a
connect b /chat?threadId=b
a< quiet
b< quiet
reload
a< close 1012
a> close 1012
a< eof
b< close 1012
b> close 1012
b< eof
old worker gone
connect a /chat?threadId=a
a< quiet

=== TEST 2: a run that streams is finished first
--- chat_config
thread_ws_shutdown_spread 100ms;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
connect idle /chat?threadId=idle
idle< quiet
reload
idle< close 1012
idle> close 1012
@ delta two
< token r1 two
@ done
@ end
< final r1 onetwo
< close 1012
> close 1012
< eof
old worker gone

=== TEST 3: a leaving worker takes no new run
--- chat_config
thread_ws_shutdown_spread 100ms;
thread_ws_busy queue 5;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
connect idle /chat?threadId=idle
idle< quiet
reload
idle< close 1012
idle> close 1012
> message r2 late
< error r2 SHUTTING_DOWN
@ done
@ end
< final r1 one
< close 1012
> close 1012
< eof
@ requests 1
old worker gone

=== TEST 4: a cancel is still heard, and a client that leaves
--- chat_config
thread_ws_shutdown_spread 100ms;
--- chat
connect a /chat?threadId=a
connect b /chat?threadId=b
a> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
a< token r1 one
b> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
b< token r1 one
reload
@ select 1
a> cancel r1
a< cancelled r1
a< close 1012
a> close 1012
a< eof
@ closed
@ select 2
b> drop
@ closed
old worker gone

=== TEST 5: a quit with a run that streams
--- chat_config
thread_ws_shutdown_spread 100ms;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
signal QUIT
log /gracefully shutting down/
@ done
@ end
< final r1 one
< close 1012
> close 1012
< eof
server gone
--- no_error_log
open socket

=== TEST 6: a client that does not answer the close does not keep the worker
--- chat_config
thread_ws_shutdown_spread 100ms;
thread_ws_send_timeout 500ms;
--- chat
connect
< quiet
> pause
connect silent /chat?threadId=silent
silent< quiet
silent> mute
connect other /chat?threadId=other
other< quiet
reload
silent< close 1012
other< close 1012
other> close 1012
other< eof
perl return !$self->client('silent')->{stream}{eof};
old worker gone

=== TEST 7: a client that is let in by a worker that leaves is told at once
--- config
    location = /chat {
        auth_request /auth;
        thread_ws_pass /agent;
        thread_ws_shutdown_spread 0;
    }
    location = /auth {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
    }
    location = /agent {
        internal;
        return 204;
    }
--- chat
connect
@b request
signal QUIT
log /gracefully shutting down/
@b reply 200 text/plain fine
< HTTP 101
< close 1012
> close 1012
< eof
server gone
