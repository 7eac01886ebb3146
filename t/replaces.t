# A message that replaces a run: the same again, or another in its place.
# REPLACEMENTS=N for so many steps by chance, SEED=N for those of that seed.

use ThreadWS::Test;
use ThreadWS::Postgres;
use ThreadWS::Steps::Replacements;

# several workers and stores, each with a memory of its own

workers(2);

our $Number = $ENV{REPLACEMENTS} || ($ENV{THREAD_WS_FULL} ? 1000 : 60);
our $Seed = $ENV{SEED} || int rand 1_000_000_000;

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->config;

    $block->set_value('http_config', "thread_ws_zone ws:8m;\n");
    $block->set_value('config', ($block->chat_config // '') . <<'CONFIG');
    thread_ws_context runs=1000 bytes=10m;

    location = /chat {
        thread_ws_pass /agent;
    }
    location = /other {
        thread_ws_pass /agent;
        # another pool: nothing is shared with the first but the database
        $TEST_OTHER
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header X-Run $thread_ws_request_id;
    }
    location ~ ^/history/(?<thread>.*)$ {
        thread_ws_history;
        thread_ws_thread_id $thread;
    }
CONFIG

    my $other = ($block->chat_config // '') =~ /TEST_NGINX_PG/
        ? 'thread_ws_store "$TEST_NGINX_PG" pool=3;' : '';
    my $config = $block->config =~ s/\$TEST_OTHER/$other/r;
    $block->set_value('config', $config);
});

run_tests();

__DATA__

=== TEST 1: with a connection's memory
--- chat
connect
> message r1 one
@ request
@ answer first
< answer r1 first
> message r2 two
@ request
@ answer second
< answer r2 second
> message r3 three
@ request
@ answer third
< answer r3 third
> {"type":"message","requestId":"r4","threadId":"t1","content":"two",
   "replaces":"r2"}
@ request
@ messages [{"role":"user","content":"one"},
    {"role":"assistant","content":"first"},{"role":"user","content":"two"}]
@ answer again
< answer r4 again
> message r5 four
@ request
@ messages [{"role":"user","content":"one"},
    {"role":"assistant","content":"first"},{"role":"user","content":"two"},
    {"role":"assistant","content":"again"},{"role":"user","content":"four"}]
@ answer fourth
< answer r5 fourth
> {"type":"message","requestId":"r6","threadId":"t1","content":"x",
   "replaces":"r3"}
< error r6 INVALID_MESSAGE
    message: /replaces is no run of this thread's history/
> {"type":"message","requestId":"r7","threadId":"t1","content":"zero",
   "replaces":"r1"}
@ request
@ messages [{"role":"user","content":"zero"}]
@ reply 500 text/plain no
< error r7 UPSTREAM_FAILED
> {"type":"message","requestId":"r8","threadId":"t1","content":"zero",
   "replaces":"r1"}
@ request
@ messages [{"role":"user","content":"zero"}]
@ answer new
< answer r8 new
> message r9 on
@ request
@ messages [{"role":"user","content":"zero"},
    {"role":"assistant","content":"new"},{"role":"user","content":"on"}]

=== TEST 2: where no history is kept
--- chat_config
    thread_ws_store off;
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"x",
   "replaces":"r0"}
< error r1 INVALID_MESSAGE
    message: /no history is kept/
> {"type":"message","requestId":"r1","threadId":"t1","content":"x",
   "replaces":"r1"}
< error r1 INVALID_MESSAGE
    message: /another run/
@ requests 0

=== TEST 3: a repeated message that replaces is one, and its partial answer none
--- chat_config
    thread_ws_store "$TEST_NGINX_PG" timeout=$TEST_NGINX_PG_TIMEOUT;
    thread_ws_keep_partial on;
--- chat
connect a
a> message r1 one
@ request
@ answer first
a< answer r1 first
a> {"type":"message","requestId":"r2","threadId":"t1","content":"one",
    "replaces":"r1"}
@ request
@ head 200 text/event-stream
@ delta half
a< token r2 half
a> cancel r2
a< cancelled r2
sql SELECT request_id FROM RUNS WHERE replaced IS NULL
    r1
a> {"type":"message","requestId":"r3","threadId":"t1","content":"one",
    "replaces":"r1"}
@ request
@ answer second
a< answer r3 second
connect b /other?threadId=t1
b> {"type":"message","requestId":"r3","threadId":"t1","content":"one",
    "replaces":"r1"}
b< answer r3 second
b> {"type":"message","requestId":"r3","threadId":"t1","content":"one"}
b< error r3 DUPLICATE_REQUEST
@ requests 3
sql SELECT request_id, replaced FROM RUNS ORDER BY seq
    r1|2
    r3|

=== TEST 4: by chance, in shared memory
--- chat_config
    thread_ws_store memory;
--- chat
replacements {{ $main::Number }} {{ $main::Seed }} /chat /other /chat /other
--- timeout: 900

=== TEST 5: by chance, in PostgreSQL, by two gateways
--- chat_config
    thread_ws_store "$TEST_NGINX_PG" timeout=$TEST_NGINX_PG_TIMEOUT;
--- chat
replacements {{ $main::Number }} {{ $main::Seed }} /chat /other /chat /other
outlived
get /history/t1?replaced=2
< HTTP 400
--- timeout: 900

=== TEST 6: by the id that the AI SDK gives a message, also while that is sought
--- chat_config
    thread_ws_protocol ai-sdk;
    thread_ws_keep_partial on;
    thread_ws_store "$TEST_NGINX_PG" timeout=$TEST_NGINX_PG_TIMEOUT;
--- agent
answer said $content
--- chat
connect /chat
> text {"type":"send","requestId":"q1","id":"c1","trigger":"submit-message",
    "messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"x"}]}]}
@ request {"messages":[{"role":"user","content":"x"}]}
soon SELECT request_id FROM RUNS WHERE replaced IS NULL AND threads.id = 'c1' ORDER BY seq
    q1
> text {"type":"send","requestId":"q2","id":"c1","trigger":"submit-message",
    "messages":[{"id":"m2","role":"user","parts":[{"type":"text","text":"y"}]}]}
@ request
soon SELECT request_id FROM RUNS WHERE replaced IS NULL AND threads.id = 'c1' ORDER BY seq
    q1
    q2
> text {"type":"send","requestId":"q3","id":"c1",
    "trigger":"regenerate-message",
    "messages":[{"id":"m2","role":"user","parts":[{"type":"text","text":"y"}]}]}
@ request
@ messages [{"role":"user","content":"x"},{"role":"assistant",
    "content":"said x"},{"role":"user","content":"y"}]
soon SELECT request_id FROM RUNS WHERE replaced IS NULL AND threads.id = 'c1' ORDER BY seq
    q1
    q3
postgres pause
> text {"type":"send","requestId":"q4","id":"c1","trigger":"submit-message",
    "messageId":"m1",
    "messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"z"}]}]}
> text {"type":"abort","requestId":"q4"}
> text {"type":"send","requestId":"q5","id":"c1","trigger":"submit-message",
    "messageId":"m1",
    "messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"v"}]}]}
> text {"type":"send","requestId":"q6","id":"c1","trigger":"submit-message",
    "messageId":"m1",
    "messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"w"}]}]}
postgres resume
@ request
@ messages [{"role":"user","content":"w"}]
soon SELECT request_id FROM RUNS WHERE replaced IS NULL AND threads.id = 'c1' ORDER BY seq
    q6
@ requests 4

# what was said of a stopped answer is found, too, though it is still being stored

@ manual
connect b /chat
b> text {"type":"send","requestId":"p1","id":"c1","trigger":"submit-message",
    "messages":[{"id":"n1","role":"user","parts":[{"type":"text","text":"n"}]}]}
@ request
@ head 200 text/event-stream
@ delta half
hold LOCK TABLE thread_ws.runs IN SHARE MODE
b< text /"sequence":0/
b< text /"sequence":1/
b< text /"sequence":2/
b< text /"p1".*"delta":"half"/
b> text {"type":"abort","requestId":"p1"}
@ closed
b> text {"type":"send","requestId":"p2","id":"c1",
    "trigger":"regenerate-message",
    "messages":[{"id":"n1","role":"user","parts":[{"type":"text","text":"n"}]}]}
release
@ request
@ messages [{"role":"user","content":"w"},{"role":"assistant",
    "content":"said w"},{"role":"user","content":"n"}]
@ answer whole
soon SELECT request_id FROM RUNS WHERE replaced IS NULL AND threads.id = 'c1' ORDER BY seq
    q6
    p2
