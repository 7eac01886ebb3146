# Threads in PostgreSQL: what is stored, what the next prompt holds, and who
# sees it.

use ThreadWS::Test;
use ThreadWS::Postgres;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', ($block->http_config // '')
        . "\nthread_ws_zone ws:1m;\n");
    $block->set_value('config', ($block->chat_config // '') . <<'CONFIG');
    thread_ws_store "$TEST_NGINX_PG" timeout=$TEST_NGINX_PG_TIMEOUT;
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
    $block->set_value('target', "/chat?threadId=$1")
        if $block->name =~ /TEST (\d+)/;
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
sql SELECT owner, id, generation, last_seq, seq, request_id, content, answer,
    finish_reason, input_tokens, output_tokens FROM RUNS
    ann|1|1|1|1|r1|Hello|Hi thére 😀|stop|7|3
> message r2 And now
@ request
@ messages [{"role":"user","content":"Hello"},{"role":"assistant",
    "content":"Hi th\u00e9re \ud83d\ude00"},{"role":"user",
    "content":"And now"}]
@ answer fine
< answer r2 fine
get /history/1
    X-User: ann
< HTTP 200
< header Content-Type: application/json
< header Cache-Control: no-store
< body /^\{"threadId":"1","messages":\[
    \{"role":"user","content":"Hello","requestId":"r1",
    "createdAt":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","seq":1\},
    \{"role":"assistant",.*"seq":2\}\]\}$/

=== TEST 2: a retry is answered from the store
--- agent
answer fine thanks
--- chat
connect
    X-User: ann
> message r1 Hello
< answer r1 fine thanks
> drop
active 0
connect
    X-User: ann
> message r1 Hello
< token r1 fine thanks
< final r1 fine thanks
@ requests 1
> message r1 something else
< error r1 DUPLICATE_REQUEST
> message r2 Hello again
< answer r2 fine thanks
@ requests 2
@ select 2
@ messages [{"role":"user","content":"Hello"},{"role":"assistant",
    "content":"fine thanks"},{"role":"user","content":"Hello again"}]
sql SELECT count(*) FROM RUNS WHERE id = '2'
    2

=== TEST 3: cancelled and failed runs leave nothing behind
--- chat
connect
    X-User: ann
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> cancel r1
< cancelled r1
> message r2 Hello
@ request
@ head 200 text/event-stream
@ delta two
< token r2 two
@ end
< error r2 UPSTREAM_FAILED
> message r3 Hello
@ request
@ messages [{"role":"user","content":"Hello"}]
@ head 200 text/event-stream
@ delta three
< token r3 three
> drop
active 0
sql SELECT count(*) FROM thread_ws.threads WHERE id = '3'
    0
get /history/3
    X-User: ann
< HTTP 404

=== TEST 4: another user's thread of the same id is another thread
--- agent
answer fine
--- chat
connect
    X-User: ann
> message r1 secret
< answer r1 fine
connect bob
    X-User: bob
bob> message r1 Hello
bob< answer r1 fine
@ requests 2
@ select 2
@ messages [{"role":"user","content":"Hello"}]
get /history/4
    X-User: eve
< HTTP 404
delete /history/4
    X-User: eve
< HTTP 404
delete /history/4
    X-User: bob
< HTTP 204
get /history/4
    X-User: bob
< HTTP 404
get /history/4
    X-User: ann
< HTTP 200
< body /secret/
get /history/4
< HTTP 403

=== TEST 5: what looks like SQL is data
--- agent
answer '; DROP TABLE thread_ws.runs; --
--- chat_config
thread_ws_model "m'; DELETE FROM thread_ws.runs; --";
--- chat
connect
    X-User: o'neil"; SELECT pg_sleep(100); -- \' $1 %s
> message r';DROP/**/SCHEMA/**/thread_ws;-- '); DELETE FROM thread_ws.threads; -- $1 \
< answer r';DROP/**/SCHEMA/**/thread_ws;-- '; DROP TABLE thread_ws.runs; --
sql SELECT owner, request_id, content, answer, model FROM RUNS WHERE id = '5'
    o'neil"; SELECT pg_sleep(100); -- \' $1 %s|r';DROP/**/SCHEMA/**/thread_ws;--|');
    DELETE FROM thread_ws.threads; -- $1 \|'; DROP TABLE thread_ws.runs; --|m';
    DELETE FROM thread_ws.runs; --
get /history/5
    X-User: o'neil"; SELECT pg_sleep(100); -- \' $1 %s
< HTTP 200
< body /DELETE FROM thread_ws\.threads/
get /history/5';DROP%20SCHEMA%20thread_ws
    X-User: ann
< HTTP 404
get /history/5?before=1%20OR%201=1
    X-User: ann
< HTTP 400
no log /PostgreSQL.*(ERROR|FATAL)/
sql SELECT count(*) > 0 FROM thread_ws.runs
    t

=== TEST 6: the history in pages
--- agent
answer fine
--- chat
connect
    X-User: ann
messages 25
get /history/6?limit=10
    X-User: ann
< HTTP 200
< body /^\{"threadId":"6","messages":\[
    \{"role":"user","content":"Hello","requestId":"n16".*"seq":25\}\]\}$/
get /history/6?limit=10&before=6
    X-User: ann
< body /"messages":\[\{"role":"user","content":"Hello","requestId":"n1".*
    "requestId":"n5".*"seq":5\}\]\}$/
get /history/6?before=1
    X-User: ann
< HTTP 200
< body {"threadId":"6","messages":[]}
get /history/6?limit=100000
    X-User: ann
< HTTP 200
get /history/6?limit=0
    X-User: ann
< HTTP 400
get /history/6?limit=x
    X-User: ann
< HTTP 400
get /history/6?before=99999999999999999999
    X-User: ann
< HTTP 400
get /history/
    X-User: ann
< HTTP 404
get /history/a%0d%0ab
    X-User: ann
< HTTP 404

=== TEST 7: a removed thread's connection closes, and a new one begins anew
--- chat_config
thread_ws_ping_interval 200ms;
--- agent
answer fine
--- chat
connect a
    X-User: ann
a> message r1 Hello
a< answer r1 fine
delete /history/7
    X-User: ann
< HTTP 204
< no header Content-Type
< header Cache-Control: no-store
a< close 1008
connect b
    X-User: ann
b> message r1 Hello
b< answer r1 fine
@ requests 2
@ select 2
@ messages [{"role":"user","content":"Hello"}]
sql SELECT generation, last_seq, seq, request_id FROM RUNS WHERE id = '7'
    2|2|2|r1

=== TEST 8: a run that streams while another machine removes its thread does not revive it
--- chat
connect a
    X-User: ann
a> message r1 Hello
@ request
@ answer fine
a< answer r1 fine
a> message r2 Hello
@ request
@ head 200 text/event-stream
@ delta one
a< token r2 one
sql SELECT removed IS NOT NULL FROM thread_ws.remove('ann', '8')
    t
@ done
@ end
a< error r2 THREAD_DELETED
a< close 1008
sql SELECT count(*) FROM RUNS WHERE id = '8'
    0

=== TEST 9: in the same worker it ends at once, a thread's first one, too
--- chat
connect a
    X-User: ann
a> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
a< token r1 one
delete /history/9
    X-User: ann
< HTTP 404
a< error r1 THREAD_DELETED
a< close 1008 the thread was deleted
@ closed
sql SELECT count(*) FROM RUNS WHERE id = '9'
    0

=== TEST 10: each of two tabs sees what the other has added
--- agent
answer fine
--- chat
connect a
    X-User: ann
connect b
    X-User: ann
a> message r1 from a
a< answer r1 fine
b> message r2 from b
b< answer r2 fine
a> message r3 from a again
a< answer r3 fine
@ requests 3
@ select 2
@ messages [{"role":"user","content":"from a"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"from b"}]
@ select 3
@ messages [{"role":"user","content":"from a"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"from b"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"from a again"}]

=== TEST 11: the context window, by runs and by bytes
--- chat_config
thread_ws_context runs=3 bytes=60;
--- agent
answer fine
--- chat
connect
    X-User: ann
messages 9
connect
    X-User: ann
> message r1 now
< answer r1 fine
@ requests 10
@ select 10
@ messages [{"role":"user","content":"Hello"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"Hello"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"Hello"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"now"}]
> message r2 {{ 'x' x 51 }}
< answer r2 fine
connect
    X-User: ann
> message r3 now
< answer r3 fine
@ requests 12
@ select 12
@ messages [{"role":"user","content":"{{ 'x' x 51 }}"},
    {"role":"assistant","content":"fine"},{"role":"user","content":"now"}]

=== TEST 12: a large message and a large answer
--- chat
connect
    X-User: ann
> message r1 {{ 'abcdefgh' x 100_000 }}
@ request
@ answer {{ 'ijklmnop' x 200_000 }}
< answer r1 {{ 'ijklmnop' x 200_000 }}
sql SELECT octet_length(content), octet_length(answer) FROM RUNS WHERE id = '12'
    800000|1600000
connect
    X-User: ann
> message r1 {{ 'abcdefgh' x 100_000 }}
< answer r1 {{ 'ijklmnop' x 200_000 }}
@ requests 1

=== TEST 13: methods
--- chat
connect
    POST /history/13 HTTP/1.1
    -Upgrade
    -Connection
    Content-Length: 0
    X-User: ann
< HTTP 405
< header Allow: GET, HEAD, DELETE

=== TEST 14: nobody takes a removed thread's row that was cleaned away for another removal
--- chat_config
thread_ws_ping_interval 200ms;
--- agent
answer fine
--- chat
connect a
    X-User: ann
a> message r1 Hello
a< answer r1 fine
delete /history/14
    X-User: ann
< HTTP 204
a< close 1008
connect b
    X-User: ann
b> pings 2
sql DELETE FROM thread_ws.threads WHERE id = '14'
b> pings 4
b> message r1 Hello
b< answer r1 fine
