# The store in shared memory through nginx: who has to go, and what is told.
# t/store/shelf.c has the rest.

use ThreadWS::Test;

our $Zone = '256k';

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->refused || defined $block->config;

    $block->set_value('http_config', "thread_ws_zone ws:$Zone;");
    $block->set_value('config', <<'CONFIG');
    thread_ws_store memory;
    thread_ws_user $http_x_user;
    thread_ws_context runs=1000 bytes=10m;

    location = /chat {
        thread_ws_pass /agent;
        thread_ws_max_message_size 64k;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
    location ~ ^/history/(?<thread>.*)$ {
        thread_ws_history;
        thread_ws_thread_id $thread;
    }
    location = /status {
        thread_ws_status;
    }
CONFIG
});

run_tests();

__DATA__

=== TEST 1: a thread that grows loses its oldest runs, and no other thread
--- agent
answer fine
--- chat
connect small /chat?threadId=small
    X-User: ann
small> message r1 Hello
small< answer r1 fine
connect
    X-User: bob
repeat 40
> message r{{ $i }} {{ 'x' x 1500 }}
< answer r{{ $i }} fine
end
get /history/t1?limit=1000
    X-User: bob
< HTTP 200
< body /"requestId":"r40","createdAt":"[^"]+","seq":40\}\]\}$/
get /history/t1?limit=1000
    X-User: bob
< body /(?s)^(?!.*"requestId":"r1")/
get /history/small
    X-User: ann
< HTTP 200
no log /evicted/

=== TEST 2: a user with many threads loses the oldest of them, nobody else's
--- agent
answer fine
--- chat
connect small /chat?threadId=small
    X-User: ann
small> message r1 Hello
small< answer r1 fine
repeat 200
connect greedy /chat?threadId=g{{ $i }}
    X-User: bob
greedy> message r1 {{ 'x' x 1500 }}
greedy< answer r1 fine
end
get /history/small
    X-User: ann
< HTTP 200
get /history/g1
    X-User: bob
< HTTP 404
get /history/g200
    X-User: bob
< HTTP 200
log /thread "g1" with 1 runs evicted from the store/
get /status
< body /(?m)^thread_ws_evictions_total [1-9]/

=== TEST 3: a run that is too large for the zone
--- chat
connect
    X-User: ann
> message r1 Hello
@ request
@ answer {{ 'x' x 80_000 }}
<* error r1 RESPONSE_TOO_LARGE
log /a run of 80005 bytes is too large for thread_ws_zone "ws"/
get /history/t1
    X-User: ann
< HTTP 404

=== TEST 4: removed
--- agent
answer fine
--- chat
connect
    X-User: ann
> message r1 Hello
< answer r1 fine
delete /history/t1
    X-User: bob
< HTTP 404
delete /history/t1
    X-User: ann
< HTTP 204
delete /history/t1
    X-User: ann
< HTTP 404
connect
    X-User: ann
> message r1 Hello
< answer r1 fine
@ requests 2
@ select 2
@ messages [{"role":"user","content":"Hello"}]

=== TEST 5: a zone that is too small
--- http_config
thread_ws_zone ws:8k;
--- refused
"thread_ws_zone" directive needs more: "ws:8k" is too small

=== TEST 6: a zone without a size
--- http_config
thread_ws_zone ws;
--- refused
"thread_ws_zone" directive takes "name:size", not "ws"

=== TEST 7: a zone of a wrong size
--- http_config
thread_ws_zone ws:many;
--- refused
"thread_ws_zone" directive takes "name:size", not "ws:many"

=== TEST 8: two zones
--- http_config
thread_ws_zone ws:1m;
thread_ws_zone more:1m;
--- refused
"thread_ws_zone" directive is duplicate

=== TEST 9: memory without a zone
--- http_config
thread_ws_store memory;
--- refused
"thread_ws_store memory" needs shared memory: set "thread_ws_zone"

=== TEST 10: a thread that is deleted while runs of it are under way
--- chat
connect a /chat?threadId=t10
    X-User: ann
a> message r1 Hello
@ request
@ head 200 text/event-stream
a< quiet
delete /history/t10
    X-User: ann
< HTTP 404
a< error r1 THREAD_DELETED
a< close 1008 the thread was deleted
@ closed
connect b /chat?threadId=t10
    X-User: ann
b> message r1 Hello
@ request
@ answer fine
b< answer r1 fine
connect c /chat?threadId=t10
    X-User: ann
c< quiet
delete /history/t10
    X-User: ann
< HTTP 204
b< close 1008 the thread was deleted
c< close 1008 the thread was deleted
