# The history of threads that the agent's server keeps: what it is asked, and
# all that can come of it.

use ThreadWS::Test;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $history = $block->history_config // '';
    my $agent = $block->agent_config
        // 'proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT/;';

    $block->set_value('config', <<"CONFIG") if !defined $block->refused;
    thread_ws_dialect langgraph;
    thread_ws_store off;

    location ~ ^/history/(?<thread>.*)\$ {
        thread_ws_history /server;
        thread_ws_thread_id \$thread;
$history
    }

    location /server/ {
        internal;
        $agent
    }
CONFIG
});

run_tests();

__DATA__

=== TEST 1: a thread, and nothing of the client's for the agent
--- chat
get /history/00000000-0000-4000-8000-000000000001
    Cookie: session=secret
    Authorization: Bearer secret
    Accept-Encoding: gzip
    X-Forwarded-For: 192.0.2.1
@ request
@ line /^GET /threads/00000000-0000-4000-8000-000000000001/state HTTP/
@ header Accept: application/json
@ no header Cookie
@ no header Authorization
@ no header Accept-Encoding
@ no header X-Forwarded-For
@ no header Content-Length
@ reply 200 application/json {"values":{"messages":[{"type":"human","id":"r1",
    "content":"one"},{"type":"ai","content":"two"}]}}
< HTTP 200
< body {"threadId":"00000000-0000-4000-8000-000000000001",
    "messages":[{"role":"user","content":"one","requestId":"r1","seq":1},
    {"role":"assistant","content":"two","requestId":"r1","seq":1}]}

=== TEST 2: an id that is no UUID, and its owner
--- history_config
thread_ws_user $arg_user;
--- chat
get /history/main?user=alice
@ request
@ line /^GET /threads/4b1c2e76-e0a9-5501-a94c-d8609242f2c7/state HTTP/
@ reply 200 application/json {"values":{}}
< HTTP 200
< body {"threadId":"main","messages":[]}

=== TEST 3: a header of the client's that the configuration hands on
--- history_config
set $hand_on $http_authorization;
--- agent_config
proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT/;
proxy_set_header Authorization $hand_on;
--- chat
get /history/main
    Authorization: Bearer token
@ request
@ header Authorization: Bearer token
@ reply 200 application/json {"values":{}}
< HTTP 200

=== TEST 4: a deleted thread
--- chat
delete /history/00000000-0000-4000-8000-000000000001
@ request
@ line /^DELETE /threads/00000000-0000-4000-8000-000000000001 HTTP/
@ head 204
< HTTP 204
delete /history/00000000-0000-4000-8000-000000000001
@ request
@ reply 404 text/plain no such thread
< HTTP 404

=== TEST 5: pages
--- agent
reply 200 application/json {"values":{"messages":[
    {"type":"human","content":"one"},{"type":"ai","content":"1"},
    {"type":"human","content":"two"},{"type":"human","content":"three"},
    {"type":"ai","content":"3"}]}}
--- chat
get /history/main?limit=2
< body /"messages":\[\{[^}]*"two"[^}]*\},\{[^}]*"three"[^}]*\},\{[^}]*"3"[^}]*\}\]/
get /history/main?limit=1&before=3
< body /"messages":\[\{[^}]*"two"[^}]*\}\]/
get /history/main?before=2
< body /"messages":\[\{[^}]*"one"[^}]*\},\{[^}]*"1"[^}]*\}\]/
get /history/main?before=1
< body /"messages":\[\]/
get /history/main?before=0
< HTTP 400
< body /^before must be a message's seq$/
get /history/main?format=ai-sdk&limit=1
< body {"threadId":"main","messages":[{"id":"3:user","role":"user",
    "metadata":{"seq":3},"parts":[{"type":"text","text":"three"}]},
    {"id":"3","role":"assistant","metadata":{"seq":3},
    "parts":[{"type":"step-start"},
    {"type":"text","text":"3","state":"done"}]}],"before":3}
get /history/main?format=ag-ui&before=2
< body {"threadId":"main","messages":[{"id":"1:user","role":"user",
    "content":"one","metadata":{"seq":1}},{"id":"1","role":"assistant",
    "content":"1","metadata":{"seq":1}}]}
get /history/main?format=openai
< HTTP 400
< header Content-Type: text/plain
< body /^format must be thread-ws, ai-sdk or ag-ui$/

=== TEST 6: a thread of many buffers, with a length and in chunks
--- chat
get /history/main
@ request
@ reply 200 application/json {{ '{"values":{"messages":[{"type":"human",'
    . '"content":"' . 'm' x 500000 . '"}]}' . '}' }}
< HTTP 200
< body /"(m{50000}){10}"/
get /history/main
@ request
@ old
@ head 200 application/json
@ body {{ '{"values":{"messages":[{"type":"human",'
    . '"content":"' . 'm' x 500000 . '"}]}' . '}' }}
@ end
< HTTP 200
< body /"(m{50000}){10}"/

=== TEST 7: without nginx's buffering
--- agent_config
proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT/;
proxy_http_version 1.1;
proxy_buffering off;
--- chat
get /history/main
@ request
@ head 200 application/json
@ bytewise {"values":{"messages":[{"type":"human","content":"one"}]}}
@ end
< HTTP 200
< body /"one"/

=== TEST 8: a thread that is larger than allowed
--- history_config
thread_ws_max_response_size 1k;
--- chat
get /history/main
@ request
@ reply 200 application/json {{ '{"values":{"messages":[{"type":"human",'
    . '"content":"' . 'm' x 2000 . '"}]}' . '}' }}
< HTTP 502
log /thread_ws_max_response_size/

=== TEST 9: an agent that cannot be reached
--- agent_config
proxy_pass http://127.0.0.1:$TEST_NGINX_DEAD_PORT/;
--- chat
get /history/main
< HTTP 503
< header Retry-After: 1
log /could not be had, status 502/
delete /history/main
< HTTP 503

=== TEST 10: statuses that are no answer
--- chat
get /history/main
@ request
@ reply 500 application/json {"values":{}}
< HTTP 503
get /history/main
@ request
@ reply 401 application/json {"values":{}}
< HTTP 503
get /history/main
@ request
@ reply 302 application/json {"values":{}}
    Location: http://127.0.0.1/
< HTTP 503
delete /history/main
@ request
@ reply 409 text/plain busy
< HTTP 503

=== TEST 11: what is no thread
--- chat
get /history/main
@ request
@ reply 200 text/html <html>
< HTTP 502
log /cannot be read/
get /history/main
@ request
@ reply 200 application/json []
< HTTP 502
get /history/main
@ request
@ head 200 application/json
    Content-Length: 0
< HTTP 502

=== TEST 12: half a thread
--- chat
get /history/main
@ request
@ head 200 application/json
    Content-Length: 100
@ wire {"values":{}}
@ close
< HTTP 503

=== TEST 13: a client that goes
--- chat
get /history/main
@ request
drop all
@ closed
active 0

=== TEST 14: other methods
--- request
POST /history/main
{}
--- error_code: 405
--- response_headers
Allow: GET, HEAD, DELETE

=== TEST 15: a dialect whose server keeps nothing
--- config
location = /history {
    thread_ws_store off;
    thread_ws_history /server;
}
--- refused
thread_ws_history /server
a dialect

=== TEST 16: a store besides
--- http_config
thread_ws_zone ws:1m;
--- config
location = /history {
    thread_ws_dialect langgraph;
    thread_ws_store memory;
    thread_ws_history /server;
}
--- refused
thread_ws_history /server
thread_ws_store off

=== TEST 17: no URI
--- config
location = /history {
    thread_ws_dialect langgraph;
    thread_ws_store off;
    thread_ws_history server;
}
--- refused
thread_ws_history
"server"
