# Answers from the store, let through by a location of the endpoint's choosing.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: limit_req of its own, whether the connection or the store knows it
--- http_config
    thread_ws_zone threads:4m;
    limit_req_zone $thread_ws_user zone=replays:1m rate=1r/m;
    log_format replay '$uri $status $thread_ws_request_id $thread_ws_outcome '
                      '$thread_ws_error.';
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_user $arg_user;
        thread_ws_store memory;
        thread_ws_replay /replay;
    }
    location = /replay {
        internal;
        limit_req zone=replays;
        access_log logs/access.log replay;
    }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer fine
--- chat
connect /chat?threadId=t1&user=alice
> message r1 Hello
< answer r1 fine
> message r1 Hello
< answer r1 fine
> message r1 Hello
< error r1 RATE_LIMITED
access /^.replay 204 r1 completed -?\.$/
access /^.replay 503 r1 failed RATE_LIMITED\.$/
> message r2 Hello
< answer r2 fine
> message r1 other
< error r1 DUPLICATE_REQUEST
connect /chat?threadId=t1&user=alice
> message r2 Hello
< error r2 RATE_LIMITED
connect /chat?threadId=t1&user=bob
> message r2 Hello
< answer r2 fine
> message r2 Hello
< answer r2 fine
@ requests 3

=== TEST 2: the agent's own location, whose agent is not asked
--- http_config
    thread_ws_zone threads:4m;
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_store memory;
        thread_ws_replay /agent;
    }
    location = /agent {
        internal;
        auth_request /session;
        mirror /mirror;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /session {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
    }
    location = /mirror {
        internal;
        return 204;
    }
--- agent
answer fine
--- chat
connect
> message r1 Hello
@b request
@b reply 204
< answer r1 fine
> message r1 Hello
@b request
< quiet
@b reply 204
< answer r1 fine
> message r1 Hello
@b request
@b reply 403
< error r1 FORBIDDEN
> message r1 Hello
@b request
> cancel r1
< cancelled r1
@b closed
> message r1 Hello
@b request
> message r2 Hello
< cancelled r1
@b closed
@b request
@b reply 204
< answer r2 fine
@ requests 2
> message r1 Hello
@b request
> drop
@b closed
active 0

=== TEST 3: access rules, and off again
--- http_config
    thread_ws_zone threads:4m;
    thread_ws_store memory;
    thread_ws_replay /denied;
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /free {
        thread_ws_pass /agent;
        thread_ws_replay off;
    }
    location = /denied {
        internal;
        deny all;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer fine
--- chat
connect
> message r1 Hello
< answer r1 fine
> message r1 Hello
< error r1 FORBIDDEN
> message r2 Hello
< answer r2 fine
connect /free?threadId=t1
> message r1 Hello
< answer r1 fine
@ requests 2
--- error_log
access forbidden by rule

=== TEST 4: with thread_ws_resume, too, which has the answer at hand
--- http_config
    thread_ws_zone threads:4m;
    limit_req_zone $thread_ws_user zone=replays:1m rate=1r/m;
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_user $arg_user;
        thread_ws_store memory;
        thread_ws_resume 1m;
        thread_ws_replay /replay;
    }
    location = /replay {
        internal;
        limit_req zone=replays;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer fine
--- chat
connect /chat?threadId=t1&user=alice
> message r1 Hello
< answer r1 fine
> message r1 Hello
< answer r1 fine
> message r1 Hello
< error r1 RATE_LIMITED
@ requests 1
