# The dialect langgraph with LangGraph's own server, which keeps the threads.
#
# The status "error" is its word for a run that was cancelled, too; one that
# went on would take minutes to end.

use lib 't/langgraph';

use LangGraph;
use ThreadWS::Test;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $chat = $block->chat_config // '';
    my $agent = $block->agent_config // '';
    my $history = $block->history_config // '';

    $block->set_value('config', <<"CONFIG");
    thread_ws_dialect langgraph;
    thread_ws_store off;

    location = /chat {
        thread_ws_pass /agent;
$chat
    }

    location = /agent {
        internal;
        set \$thread /threads/\$thread_ws_agent_thread_id;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_LANGGRAPH_PORT\$thread/runs/stream;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
$agent
    }

    location ~ ^/history/(?<thread>[^/]*)\$ {
        thread_ws_history /langgraph/;
        thread_ws_thread_id \$thread;
$history
    }

    location /langgraph/ {
        internal;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_LANGGRAPH_PORT/;
    }
CONFIG
});

run_tests();

__DATA__

=== TEST 1: a conversation that the server remembers
--- chat
connect /chat?threadId=11111111-1111-4111-8111-111111111111
> message r1 one
< answer r1 one: message 1
> message r2 two
< answer r2 two: message 3
> drop
connect /chat?threadId=11111111-1111-4111-8111-111111111111
> message r3 "caf\u00e9 \ud83d\ude00"
< answer r3 "caf\u00e9 \ud83d\ude00: message 5"
state 11111111-1111-4111-8111-111111111111 [["human","one"],["ai",
    "one: message 1"],["human","two"],["ai","two: message 3"],["human",
    "café 😀"],["ai","café 😀: message 5"]]
runs 11111111-1111-4111-8111-111111111111 success success success

=== TEST 2: a cancel ends the server's run
--- chat
connect /chat?threadId=22222222-2222-4222-8222-222222222222
> message r1 slow one
< token r1 /./
> cancel r1
<* cancelled r1
runs 22222222-2222-4222-8222-222222222222 error
state 22222222-2222-4222-8222-222222222222 [["human","slow one"]]
> message r2 two
< answer r2 two: message 2

=== TEST 3: a message that interrupts
--- chat
connect /chat?threadId=33333333-3333-4333-8333-333333333333
> message r1 slow one
< token r1 /./
> message r2 two
<* cancelled r1
< answer r2 two: message 2
runs 33333333-3333-4333-8333-333333333333 error success
state 33333333-3333-4333-8333-333333333333 [["human","slow one"],["human",
    "two"],["ai","two: message 2"]]

=== TEST 4: a connection lost in mid-answer, and the same message again
--- chat
connect /chat?threadId=44444444-4444-4444-8444-444444444444
> message r1 slow one
< token r1 /./
> drop
runs 44444444-4444-4444-8444-444444444444 error
connect /chat?threadId=44444444-4444-4444-8444-444444444444
> message r1 slow one
< token r1 /./
> cancel r1
<* cancelled r1
runs 44444444-4444-4444-8444-444444444444 error error
state 44444444-4444-4444-8444-444444444444 [["human","slow one"]]

=== TEST 5: an error in the graph, and the same message again
--- chat
connect /chat?threadId=55555555-5555-4555-8555-555555555555
> message r1 fail one
< tokens r1 "not yet "
< error r1 UPSTREAM_FAILED
    retryable: true
< quiet
runs 55555555-5555-4555-8555-555555555555 error
> message r1 fail one
< tokens r1 "not yet "
< error r1 UPSTREAM_FAILED
> message r2 two
< answer r2 two: message 2
state 55555555-5555-4555-8555-555555555555 [["human","fail one"],["human",
    "two"],["ai","two: message 2"]]

=== TEST 6: usage and the reason of the end
--- chat
connect /chat?threadId=66666666-6666-4666-8666-666666666666
> message r1 usage one
< tokens r1 counted
< final r1 counted
    usage: {"inputTokens":7,"outputTokens":3}
    finishReason: "stop"

=== TEST 7: what tools and hidden models say is no answer
--- chat
connect /chat?threadId=77777777-7777-4777-8777-777777777777
> message r1 tool one
< answer r1 tool one: message 3
state 77777777-7777-4777-8777-777777777777 [["human","tool one"],["ai",""],
    ["tool","half past nine"],["ai","tool one: message 3"]]

=== TEST 8: an id that is no UUID
--- chat
connect /chat?threadId=notes
> message r1 one
< answer r1 one: message 1
state d2f2e97e-1866-5598-9385-82477f984305 [["human","one"],["ai",
    "one: message 1"]]

=== TEST 9: threads of several owners, of whom one guesses the other's UUID
--- chat_config
thread_ws_user $arg_user;
--- chat
connect a /chat?threadId=88888888-8888-4888-8888-888888888888&user=a
a> message r1 one
a< answer r1 one: message 1
connect b /chat?threadId=88888888-8888-4888-8888-888888888888&user=b
b> message r1 one
b< answer r1 one: message 1
connect b /chat?threadId=bdf7f73f-c310-518b-82b7-47c803110fab&user=b
b> message r2 two
b< answer r2 two: message 1
a> message r2 two
a< answer r2 two: message 3
state bdf7f73f-c310-518b-82b7-47c803110fab [["human","one"],["ai",
    "one: message 1"],["human","two"],["ai","two: message 3"]]

=== TEST 10: the history, and its end
--- chat
connect /chat?threadId=aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa
> message r1 one
< answer r1 one: message 1
> message r2 tool two
< answer r2 tool two: message 5
> message r3 fail three
<* error r3 UPSTREAM_FAILED
runs aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa success success error
get /history/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa
< HTTP 200
< header Content-Type: application/json
< header Cache-Control: no-store
< body {"threadId":"aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    "messages":[{"role":"user","content":"one","requestId":"r1","seq":1},
    {"role":"assistant","content":"one: message 1","requestId":"r1","seq":1},
    {"role":"user","content":"tool two","requestId":"r2","seq":2},
    {"role":"assistant","content":"tool two: message 5","requestId":"r2",
    "seq":2},{"role":"user","content":"fail three","requestId":"r3","seq":3}]}
get /history/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa?limit=1&before=3
< body /"messages":\[
    \{"role":"user","content":"tool two","requestId":"r2","seq":2\},
    \{"role":"assistant","content":"tool two: message 5","requestId":"r2","seq":2\}\]\}$/
get /history/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa?limit=none
< HTTP 400
delete /history/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa
< HTTP 204
get /history/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa
< HTTP 404
delete /history/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa
< HTTP 404
get /history/an%20id
< HTTP 404

=== TEST 11: each owner's own history
--- chat_config
thread_ws_user $arg_user;
--- history_config
thread_ws_user $arg_user;
--- chat
connect /chat?threadId=bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb&user=a
> message r1 one
< answer r1 one: message 1
get /history/bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb?user=b
< HTTP 404
delete /history/bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb?user=b
< HTTP 404
get /history/bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb?user=a
< HTTP 200
get /history/bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb
< HTTP 403

=== TEST 12: a store that knows what was answered
--- chat_config
thread_ws_store connection;
--- chat
connect /chat?threadId=cccccccc-cccc-4ccc-8ccc-cccccccccccc
> message r1 one
< answer r1 one: message 1
> message r2 two
< answer r2 two: message 3
> message r1 one
< answer r1 one: message 1
state cccccccc-cccc-4ccc-8ccc-cccccccccccc [["human","one"],["ai",
    "one: message 1"],["human","two"],["ai","two: message 3"]]

=== TEST 13: a graph that is not there
--- chat_config
thread_ws_model nobody;
--- chat
connect /chat?threadId=99999999-9999-4999-8999-999999999999
> message r1 one
< error r1 UPSTREAM_REJECTED
< quiet

=== TEST 14: a thread that is deleted in mid-answer
--- chat
connect a /chat?threadId=dddddddd-dddd-4ddd-8ddd-dddddddddddd
a> message r1 slow one
a< token r1 /./
delete /history/dddddddd-dddd-4ddd-8ddd-dddddddddddd
< HTTP 204
a<* error r1 THREAD_DELETED
    retryable: false
a< close 1008 the thread was deleted
get /history/dddddddd-dddd-4ddd-8ddd-dddddddddddd
< HTTP 404
connect b /chat?threadId=dddddddd-dddd-4ddd-8ddd-dddddddddddd
b> message r2 two
b< answer r2 two: message 1
runs dddddddd-dddd-4ddd-8ddd-dddddddddddd success
state dddddddd-dddd-4ddd-8ddd-dddddddddddd [["human","two"],["ai",
    "two: message 1"]]

=== TEST 15: another question in a run's place
--- chat_config
thread_ws_agent_threads /langgraph;
--- chat
connect /chat?threadId=eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee
> message r1 one
< answer r1 one: message 1

# a run that is interrupted for another one has to end at the server first; what
# it replaced may be replaced again, and later ones follow that

> {"type":"message","requestId":"r2","content":"slow one",
    "threadId":"eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee","replaces":"r1"}
< token r2 /./
> {"type":"message","requestId":"r3","content":"well",
    "threadId":"eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee","replaces":"r1"}
<* cancelled r2
< answer r3 well: message 1
> message r4 next
< answer r4 next: message 3

# what has given way is no run of the thread's any more, whoever asks

connect b /chat?threadId=eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee
b> {"type":"message","requestId":"r5","content":"x",
    "threadId":"eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee","replaces":"r1"}
b< error r5 INVALID_MESSAGE
    message: "replaces is no run of this thread's history"
get /history/eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee
< body /"messages":\[
    \{"role":"user","content":"well","requestId":"r3","seq":1\},
    \{"role":"assistant","content":"well: message 1","requestId":"r3",
    "seq":1\},
    \{"role":"user","content":"next","requestId":"r4","seq":2\},
    \{"role":"assistant","content":"next: message 3","requestId":"r4",
    "seq":2\}\]\}$/

# of a thread that the server has not

connect c /chat?threadId=eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeef
c> {"type":"message","requestId":"r1","content":"x",
    "threadId":"eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeef","replaces":"r0"}
c< error r1 INVALID_MESSAGE
    message: "replaces is no run of this thread's history"
