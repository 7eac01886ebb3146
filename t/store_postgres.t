# Threads in PostgreSQL: what is stored, what the next prompt holds, and who
# sees it.

use ThreadWS::Test;
use ThreadWS::Postgres;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', ($block->http_config // '')
        . "\nthread_ws_zone ws:1m;\n");
    $block->set_value('config', <<'CONFIG') if !defined $block->config;
    thread_ws_store "$TEST_NGINX_PG" timeout=3s;
    thread_ws_user $http_x_user;

    location = /chat {
        thread_ws_pass /agent;
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
CONFIG
});

run_tests();

__DATA__

=== TEST 1: a run is stored whole before its final, and is in the next prompt
--- chat
connect
    X-User: ann
> message r1 Hello
@ request
@ messages [{"role":"user","content":"Hello"}]
@ head 200 text/event-stream
@ delta "Hi th"
@ delta "\u00e9re \ud83d\ude00"
@ finish stop
@ usage 7 3
@ done
@ end
<* final r1 "Hi th\u00e9re \ud83d\ude00"
sql SELECT t.owner, t.id, t.generation, t.last_seq, r.seq, r.request_id, r.content, r.answer, r.finish_reason, r.input_tokens, r.output_tokens FROM thread_ws.threads t JOIN thread_ws.runs r USING (thread)
    ann|t1|1|1|1|r1|Hello|Hi thére 😀|stop|7|3
> message r2 And now
@ request
@ messages [{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi th\u00e9re \ud83d\ude00"},{"role":"user","content":"And now"}]
@ answer fine
< answer r2 fine
get /history/t1
    X-User: ann
< HTTP 200
< header Content-Type: application/json
< header Cache-Control: no-store
< body /^\{"threadId":"t1","messages":\[\{"role":"user","content":"Hello","requestId":"r1","createdAt":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","seq":1\},\{"role":"assistant",.*"seq":2\}\]\}$/
