# A message's metadata: stored with its run, in the history, in the event log, and
# told to those who follow the thread; no agent hears it.

use ThreadWS::Test;
use ThreadWS::Observe;
use ThreadWS::Postgres;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', "thread_ws_zone ws:1m;\n");
    $block->set_value('config', ($block->chat_config // '') . <<'CONFIG');
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_event_log logs/events.log;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location ~ ^/history/(?<thread>.*)$ {
        thread_ws_history;
        thread_ws_thread_id $thread;
    }
CONFIG
});

run_tests();

__DATA__

=== TEST 1: in shared memory
--- chat_config
    thread_ws_store memory;
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "metadata":{"page":"/é","client":"web"}}
@ request
perl ;$self->{agents}{main}{current}{body} !~ /page|web/
@ answer Hi
< answer r1 Hi
event message {"requestId":"r1","bytes":5,
    "metadata":{"page":"/é","client":"web"}}
> {"type":"message","requestId":"r2","threadId":"t1","content":"And?",
   "metadata":{}}
@ request
@ messages [{"role":"user","content":"Hello"},
    {"role":"assistant","content":"Hi"},{"role":"user","content":"And?"}]
@ answer Well
< answer r2 Well
get /history/t1
< HTTP 200
< body /"requestId":"r1","createdAt":"[^"]+","seq":1,"metadata":\{"client":"web","page":"/
get /history/t1
< HTTP 200
< body /"requestId":"r2","createdAt":"[^"]+","seq":2\}/
< body /"role":"assistant","content":"Hi","requestId":"r1","createdAt":"[^"]+","seq":1\}/

=== TEST 2: in PostgreSQL; the same message is one with the same metadata
--- chat_config
    thread_ws_store "$TEST_NGINX_PG" timeout=$TEST_NGINX_PG_TIMEOUT;
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "metadata":{"b":"2","a":"1"}}
@ request
@ answer Hi
< answer r1 Hi
sql SELECT asked->'metadata'->>'a', asked->'metadata'->>'b' FROM RUNS
    1|2
connect again
again> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "metadata":{"a":"1","b":"2"}}
again< answer r1 Hi
again> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "metadata":{"a":"1","b":"3"}}
again< error r1 DUPLICATE_REQUEST
again> message r1 Hello
again< error r1 DUPLICATE_REQUEST
get /history/t1
< HTTP 200
< body /"seq":1,"metadata":\{"a":"1","b":"2"\}\}/
@ requests 1

=== TEST 3: told to those who follow
--- chat_config
    thread_ws_store memory;
    thread_ws_resume 1m;
--- chat
connect a
connect b
b> follow
b< idle -
a> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "metadata":{"page":"1"}}
b< {"type":"message","requestId":"r1","content":"Hello",
   "metadata":{"page":"1"},"position":"*"}
@ request
connect c
c> follow r1
c< {"type":"following","requestId":"r1","content":"Hello",
   "metadata":{"page":"1"},"position":"*"}
@ answer Hi
a< answer r1 Hi

=== TEST 4: what is none is refused by its name, with the default store, too
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "metadata":{"a":"1","b":2}}
< error r1 INVALID_MESSAGE
    message: /^metadata: "b" must be a text/
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "metadata":["a"]}
< error r1 INVALID_MESSAGE
    message: /^metadata must be an object/
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "metadata":{"a":"1"}}
@ request
@ answer Hi
< answer r1 Hi
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "metadata":{"a":"1"}}
< answer r1 Hi
@ requests 1
