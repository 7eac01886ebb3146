# A thousand clients, each lost without a close frame in mid-answer.

use ThreadWS::Test;

worker_connections(8192);

run_tests();

__DATA__

=== TEST 1: all upstream connections are closed, nothing is left
--- chat
active 0
repeat 1000
connect c{{ $i }} /chat?threadId=t{{ $i }}
c{{ $i }}> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
end
repeat 1000
c{{ $i }}< token r1 one
end
@ open 1000
drop all
@ open 0
active 0
connect
> message r2 Hello
@ request
@ answer fine
< answer r2 fine

=== TEST 2: reset, every other one before the agent has answered
--- chat
repeat 200
connect c{{ $i }} /chat?threadId=t{{ $i }}
c{{ $i }}> message r1 Hello
@ request
{{ $i % 2 ? '@ alive' : '@ head 200 text/event-stream' }}
end
@ open 200
reset all
@ open 0
active 0

=== TEST 3: reset while the answer comes: not the agent's failure
--- http_config
    log_format outcome '$thread_ws_outcome.';
--- config
    location = /chat { thread_ws_pass /agent; }
    location = /agent {
        internal;
        access_log logs/access.log outcome;
        thread_ws_demo_agent delay=0;
    }
--- chat
repeat 200
connect
< HTTP 101
> message r1 {{ 'word ' x 200 }}
> reset
end
access /^(disconnected|completed)\.$/
active 0
no access /failed/

=== TEST 4: while threads read what the runs are answered with
--- skip_eval: 64: $ENV{TEST_NGINX_EVENT_TYPE}
--- http_config
    log_format proxied '$remote_addr $proxy_protocol_addr';
--- user_files eval
">>> answer.sse\n" . qq(data: {"choices":[{"delta":{"content":"a"}}]}\n\n) x 40000
--- config
    listen 127.0.0.1:$TEST_NGINX_PROXIED_PORT proxy_protocol;
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_output_buffer 100m;
    }
    location = /agent {
        internal;
        error_page 404 405 =200 /answer.sse;
    }
    location = /answer.sse {
        types { text/event-stream sse; }
        aio threads;
        sendfile off;
        output_buffers 1 4k;
        access_log logs/access.log proxied;
    }
--- chat
repeat 60
connect c{{ $i }} proxied
c{{ $i }}< HTTP 101
end
repeat 60
c{{ $i }}> message r1 Hello
end
c1< token r1
drop all
active 0
access /^127\.0\.0\.1 192\.0\.2\.1$/
