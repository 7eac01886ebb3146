# Graphs as people build them, with LangGraph's own server: what is heard of
# each can be read, and is what the server's history then has, after what a model
# said that broke off or whose words its node did not keep.

use lib 't/langgraph';

use LangGraph;
use ThreadWS::Test;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $chat = $block->chat_config // '';
    my ($graph) = $block->chat =~ m{/chat\?graph=(\w+)};

    $block->set_value('config', <<"CONFIG");
    thread_ws_dialect langgraph;
    thread_ws_store off;

    location = /chat {
        thread_ws_pass /agent;
        thread_ws_model $graph;
$chat
    }

    location = /agent {
        internal;
        set \$thread /threads/\$thread_ws_agent_thread_id;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_LANGGRAPH_PORT\$thread/runs/stream;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }

    location ~ ^/history/(?<thread>.*)\$ {
        thread_ws_history /langgraph/;
        thread_ws_thread_id \$thread;
    }

    location /langgraph/ {
        internal;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_LANGGRAPH_PORT/;
    }
CONFIG
});

run_tests();

__DATA__

=== TEST 1: an agent as a node, which calls a tool between
--- chat
connect /chat?graph=nested&threadId=e0000000-0000-4000-8000-000000000001
> message r1 Hello
< answer r1 "Let me look.\n\nIt is noon."
state e0000000-0000-4000-8000-000000000001 [["human","Hello"],
    ["ai","Let me look."],["tool","noon"],["ai","It is noon."]]
> message r2 Hello
< answer r2 "Let me look.\n\nIt is noon."

=== TEST 2: a model that breaks off and is asked again
--- chat
connect /chat?graph=again&threadId=e0000000-0000-4000-8000-000000000002
> message r1 Hello
< answer r1 "Half an \n\nHalf an hour more."
state e0000000-0000-4000-8000-000000000002 [["human","Hello"],
    ["ai","Half an hour more."]]

=== TEST 3: a node with two models, of which it keeps one
--- chat
connect /chat?graph=draft&threadId=e0000000-0000-4000-8000-000000000003
> message r1 Hello
< answer r1 "A draft.\n\nThe answer."
state e0000000-0000-4000-8000-000000000003 [["human","Hello"],
    ["ai","The answer."]]

=== TEST 4: a node with two models, of which it keeps both
--- chat
connect /chat?graph=both&threadId=e0000000-0000-4000-8000-000000000004
> message r1 Hello
< answer r1 "On the one hand.\n\nOn the other."
state e0000000-0000-4000-8000-000000000004 [["human","Hello"],
    ["ai","On the one hand."],["ai","On the other."]]

=== TEST 5: two who speak side by side
--- chat
connect /chat?graph=chorus&threadId=e0000000-0000-4000-8000-000000000005
> message r1 Hello
< answer r1 "I say yes.\n\nI say yes, too.\n\nSo both agree."
state e0000000-0000-4000-8000-000000000005 [["human","Hello"],
    ["ai","I say yes."],["ai","I say yes, too."],["ai","So both agree."]]

=== TEST 6: subgraphs side by side, which the server streams
--- chat_config
thread_ws_parameters '{"stream_subgraphs": true}';
--- chat
connect /chat?graph=choir&threadId=e0000000-0000-4000-8000-000000000006
> message r1 Hello
< answer r1 "I say yes.\n\nI say yes, too.\n\nSo both agree."
state e0000000-0000-4000-8000-000000000006 [["human","Hello"],
    ["ai","I say yes."],["ai","I say yes, too."],["ai","So both agree."]]

=== TEST 7: a message that no model said
--- chat
connect /chat?graph=whole&threadId=e0000000-0000-4000-8000-000000000007
> message r1 Hello
< answer r1 "No model of mine."
state e0000000-0000-4000-8000-000000000007 [["human","Hello"],
    ["ai","No model of mine."]]

=== TEST 8: a message that the server keeps, but never streams
--- chat
connect /chat?graph=plain&threadId=e0000000-0000-4000-8000-000000000008
> message r1 Hello
< error r1 UPSTREAM_FAILED
state e0000000-0000-4000-8000-000000000008 [["human","Hello"],
    ["ai","No class of mine."]]

=== TEST 9: an agent with two tools, which asks before it uses one of them
--- chat_config
thread_ws_events tools;
--- chat
connect /chat?graph=careful&threadId=e0000000-0000-4000-8000-000000000009
    Sec-WebSocket-Protocol: thread-ws
> message r1 Hello
<* final r1 "I look.\n\nIt has 3 bytes. "
    finishReason: "interrupt"
    interrupts: /./
asks e0000000-0000-4000-8000-000000000009 [{"remove":"a"}]
> {"type":"message","requestId":"r2",
    "threadId":"e0000000-0000-4000-8000-000000000009",
    "answers":[{"interruptId":"{{ $LangGraph::Id[0] }}","value":{"ok":true}}]}
<* final r2 "So it is removed."

# a new message instead of an answer begins anew; what was asked is void

> message r3 Hello
<* final r3 "I look.\n\nIt has 3 bytes. "
    finishReason: "interrupt"
> message r4 Hello
<* final r4 "I look.\n\nIt has 3 bytes. "
    finishReason: "interrupt"
asks e0000000-0000-4000-8000-000000000009 [{"remove":"a"}]
state e0000000-0000-4000-8000-000000000009 [["human","Hello"],
    ["ai","I look."],["tool","3 bytes"],["ai","It has 3 bytes. "],
    ["tool","removed"],["ai","So it is removed."],["human","Hello"],
    ["ai","I look."],["tool","3 bytes"],["ai","It has 3 bytes. "],
    ["human","Hello"],["ai","I look."],["tool","3 bytes"],
    ["ai","It has 3 bytes. "]]
get /history/e0000000-0000-4000-8000-000000000009
< body /\{"role":"assistant","content":"I look.\\n\\nIt has 3 bytes. ",
    "requestId":"r4","seq":3,"parts":\[\{"type":"text",
    "text":"I look.\\n\\nIt has 3 bytes. "\},
    \{"interruptId":"{{ $LangGraph::Id[0] }}","value":\{"remove":"a"\},
    "type":"interrupt"\}\]\}/

=== TEST 10: two questions at once, one answered after the other, or both
--- chat
connect /chat?graph=curious&threadId=e0000000-0000-4000-8000-000000000010
> message r1 Hello
< final r1 ""
    finishReason: "interrupt"
asks e0000000-0000-4000-8000-000000000010 ["Why?","When?"]
> {"type":"message","requestId":"r2",
    "threadId":"e0000000-0000-4000-8000-000000000010",
    "answers":[{"interruptId":"{{ $LangGraph::Id[1] }}","value":null}]}
<* final r2 "When? null."
    interrupts: [{"interruptId":"{{ $LangGraph::Id[0] }}","value":"Why?"}]
> {"type":"message","requestId":"r3",
    "threadId":"e0000000-0000-4000-8000-000000000010",
    "answers":[{"interruptId":"{{ $LangGraph::Id[0] }}","value":["so"]}]}
<* final r3 "Why? [\"so\"]."
> message r4 Again
< final r4 ""
asks e0000000-0000-4000-8000-000000000010 ["Why?","When?"]
> {"type":"message","requestId":"r5",
    "threadId":"e0000000-0000-4000-8000-000000000010",
    "answers":[{"interruptId":"{{ $LangGraph::Id[1] }}","value":1},
    {"interruptId":"{{ $LangGraph::Id[0] }}","value":2}]}
<* final r5 "Why? 2.\n\nWhen? 1."

=== TEST 11: a stop before a node, gone on from, and a message instead of that
--- chat
connect /chat?graph=halting&threadId=e0000000-0000-4000-8000-000000000011
> message r1 Hello
<* final r1 "Ready."
    interrupts: [{"interruptId":"breakpoint","value":null}]
> message r2 Hello
<* final r2 "Ready."
> {"type":"message","requestId":"r3",
    "threadId":"e0000000-0000-4000-8000-000000000011",
    "answers":[{"interruptId":"breakpoint","value":true}]}
<* final r3 "Gone."
state e0000000-0000-4000-8000-000000000011 [["human","Hello"],["ai","Ready."],
    ["human","Hello"],["ai","Ready."],["ai","Gone."]]
