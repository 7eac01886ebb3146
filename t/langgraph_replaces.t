# A message that replaces a run where LangGraph's server keeps the thread: what the
# server is asked before, and all that can come of it.

use ThreadWS::Test;

# states of two runs, newest first, as the server tells them

our $Two = states(
    ['e5', 'e4', 'r1', '', 'r2', ''], ['e4', 'e3', 'r1', '', 'r2'],
    ['e3', 'e2', 'r1', ''], ['e2', 'e1', 'r1', ''], ['e1', 'e0', 'r1'], ['e0']);

# as many as one answer has, of which none is before r1

our $Ten = states(map { ["e$_", 'e' . ($_ - 1), 'r1'] } reverse 10 .. 19);

sub states {
    my @states;

    for my $state (@_) {
        my ($name, $parent, @ids) = @$state;
        my $messages = join ',', map {
            sprintf '{"type":"%s","id":"%s","content":"x"}',
                $_ ne '' ? ('human', $_) : ('ai', 'a')
        } @ids;
        $parent = $parent ? qq({"checkpoint_id":"$parent"}) : 'null';

        push @states, qq({"values":{"messages":[$messages]},"next":[],"tasks":[],)
            . qq("checkpoint":{"thread_id":"t","checkpoint_id":"$name",)
            . qq("checkpoint_ns":""},"parent_checkpoint":$parent});
    }

    return '[' . join(',', @states) . ']';
}

our $Said = qq(event: messages\\ndata: [{\\"type\\":\\"ai\\",\\"id\\":\\"m\\",)
    . qq(\\"content\\":\\"Well.\\"},{\\"langgraph_checkpoint_ns\\":\\"n:1\\"}])
    . qq(\\n\\n);

add_block_preprocessor(sub {
    my ($block) = @_;

    my $chat = $block->chat_config // 'thread_ws_agent_threads /server;';

    $block->set_value('http_config', $block->http_config
        // "thread_ws_zone ws:1m;\n");
    $block->set_value('config', <<"CONFIG");
    thread_ws_dialect langgraph;
    thread_ws_store off;
    thread_ws_max_response_size 100k;

    location = /chat {
        thread_ws_pass /agent;
        $chat
    }
    location = /other {
        thread_ws_pass /agent;
        $chat
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_AGENT_PORT/run;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
    location /server/ {
        internal;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_AGENT_PORT/;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header X-Run \$thread_ws_request_id;
    }
    location /closed/ {
        deny all;
    }
CONFIG
});

run_tests();

__DATA__

=== TEST 1: the whole requests
--- chat
connect
> {"type":"message","requestId":"r3","threadId":"t1","content":"again",
    "replaces":"r2"}
@ request
@ line /^GET /threads/[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f-]{21}/history\?limit=10 HTTP/
@ header Accept: application/json
@ header X-Run: r3
@ no header Content-Length
@ no header Content-Type
@ reply 200 application/json {{ $main::Two }}
@ request {"values":null,"checkpoint":{"thread_id":"t","checkpoint_id":"e3","checkpoint_ns":""}}
@ line /^POST /threads/[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f-]{21}/state HTTP/
@ header Content-Type: application/json
@ reply 200 application/json {"checkpoint":{"checkpoint_id":"e6"}}
@ request {"input":{"messages":[{"role":"user","id":"r3","content":"again"}]}}
@ line /^POST /run HTTP/
@ head 200 text/event-stream
@ body "{{ $main::Said }}"
@ end
< answer r3 Well.
@ requests 3

=== TEST 2: where it is not configured
--- chat_config
thread_ws_store connection;
--- chat
connect
> {"type":"message","requestId":"r3","threadId":"t1","content":"again",
    "replaces":"r2"}
< error r3 INVALID_MESSAGE
    message: "replaces is not known here: the agent's server has the history"
log /warn.* thread_ws_agent_threads is to name a location/
@ requests 0

=== TEST 3: of answers, which have no message in the thread
--- chat
connect
> {"type":"message","requestId":"r3","threadId":"t1","replaces":"r2",
    "answers":[{"interruptId":"i","value":1}]}
< error r3 INVALID_MESSAGE
    message: "answers: not of what replaces another run"
@ requests 0

=== TEST 4: more states than one answer has, and a run that is not there
--- chat
connect
> {"type":"message","requestId":"r3","threadId":"t1","content":"x",
    "replaces":"r1"}
@ request
@ reply 200 application/json {{ $main::Ten }}
@ request
@ line /^GET /threads/[0-9a-f-]{36}/history\?limit=10&before=e10 HTTP/
@ reply 200 application/json {{ main::states(['e9', 'e8', 'r1'], ['e8']) }}
@ request {"values":null,"checkpoint":{"thread_id":"t","checkpoint_id":"e8","checkpoint_ns":""}}
@ reply 200 application/json {}
@ request
@ head 200 text/event-stream
@ body "{{ $main::Said }}"
@ end
< answer r3 Well.
> {"type":"message","requestId":"r4","threadId":"t1","content":"x",
    "replaces":"r0"}
@ request
@ reply 200 application/json {{ $main::Ten }}
@ request
@ reply 200 application/json []
< error r4 INVALID_MESSAGE
    message: "replaces is no run of this thread's history"
> {"type":"message","requestId":"r4","threadId":"t1","content":"x",
    "replaces":"r0"}
@ request
@ reply 404 application/json {"detail":"Thread not found"}
< error r4 INVALID_MESSAGE
    message: "replaces is no run of this thread's history"

=== TEST 5: a server that goes on for ever
--- chat
@ auto reply 200 application/json {{ $main::Ten }}
connect
> {"type":"message","requestId":"r3","threadId":"t1","content":"x",
    "replaces":"r0"}
< error r3 INVALID_MESSAGE
@ requests 100

=== TEST 6: what is no history, and refusals of the server
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"x","replaces":"r0"}
@ request
@ reply 200 application/json {"no":"history"}
< error r1 UPSTREAM_FAILED
log /agent's thread cannot be read/
> {"type":"message","requestId":"r2","threadId":"t1","content":"x","replaces":"r0"}
@ request
@ head 200 application/json
@ end
< error r2 UPSTREAM_FAILED
> {"type":"message","requestId":"r3","threadId":"t1","content":"x","replaces":"r0"}
@ request
@ reply 503 text/plain later
< error r3 UPSTREAM_UNAVAILABLE
> {"type":"message","requestId":"r4","threadId":"t1","content":"x","replaces":"r0"}
@ request
@ reply 401 text/plain no key
< error r4 UPSTREAM_REJECTED
> {"type":"message","requestId":"r5","threadId":"t1","content":"x","replaces":"r0"}
@ request
@ head 200 application/json
@ body "[{"
@ reset
< error r5 UPSTREAM_FAILED
> {"type":"message","requestId":"r6","threadId":"t1","content":"x","replaces":"r0"}
@ request
@ reply 200 application/json ["{{ 'x' x 1100000 }}"]
< error r6 RESPONSE_TOO_LARGE
> {"type":"message","requestId":"r7","threadId":"t1","content":"x","replaces":"r2"}
@ request
@ reply 200 application/json {{ $main::Two }}
@ request
@ reply 422 application/json {"detail":"no such state"}
< error r7 UPSTREAM_REJECTED

# the run is not begun by any of these

@ requests 8
> message r8 "x"
@ request {"input":{"messages":[{"role":"user","id":"r8","content":"x"}]}}
@ head 200 text/event-stream
@ body "{{ $main::Said }}"
@ end
< answer r8 Well.

=== TEST 7: a location that refuses
--- chat_config
thread_ws_agent_threads /closed;
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"x","replaces":"r0"}
< error r1 FORBIDDEN
@ requests 0

=== TEST 8: a thread that the server still works at, and one that it goes on with
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"x","replaces":"r2"}
@ request
@ reply 200 application/json {{ $main::Two }}
@ request
@ reply 409 application/json {"detail":"Thread is busy"}
@ request {"values":null,"checkpoint":{"thread_id":"t","checkpoint_id":"e3","checkpoint_ns":""}}
@ reply 200 application/json {}
@ request
@ head 200 text/event-stream
@ body "{{ $main::Said }}"
@ end
< answer r1 Well.

=== TEST 9: cancelled, lost and taken over while the server is asked
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"x","replaces":"r2"}
@ request
> cancel r1
< cancelled r1
@ closed
> {"type":"message","requestId":"r2","threadId":"t1","content":"x","replaces":"r2"}
< error r2 INVALID_MESSAGE
> {"type":"message","requestId":"r3","threadId":"t1","content":"x","replaces":"r2"}
@ request
@ reply 200 application/json {{ $main::Two }}
@ request
> drop
@ closed
connect a
a> {"type":"message","requestId":"r4","threadId":"t1","content":"x","replaces":"r2"}
@ request
connect b /other?threadId=t1
b> {"type":"message","requestId":"r4","threadId":"t1","content":"x","replaces":"r2"}
@ request
@ reply 200 application/json {{ $main::Two }}
@ request
@ reply 200 application/json {}
@ request
@ head 200 text/event-stream
@ body "{{ $main::Said }}"
@ end
b< answer r4 Well.
@ select 4
@ reply 200 application/json {{ $main::Two }}
a< cancelled r4

=== TEST 10: a store of ours has to know the run, too
--- chat_config
thread_ws_agent_threads /server;
thread_ws_store memory;
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"x","replaces":"r2"}
< error r1 INVALID_MESSAGE
    message: "replaces is no run of this thread's history"
@ requests 0
> message r2 "x"
@ request
@ head 200 text/event-stream
@ body "{{ $main::Said }}"
@ end
< answer r2 Well.
> {"type":"message","requestId":"r3","threadId":"t1","content":"y","replaces":"r2"}
@ request
@ reply 200 application/json {{ $main::Two }}
@ request
@ reply 200 application/json {}
@ request {"input":{"messages":[{"role":"user","id":"r3","content":"y"}]}}
@ head 200 text/event-stream
@ body "{{ $main::Said }}"
@ end
< answer r3 Well.
> {"type":"message","requestId":"r4","threadId":"t1","content":"z","replaces":"r2"}
< error r4 INVALID_MESSAGE
> {"type":"message","requestId":"r3","threadId":"t1","content":"y","replaces":"r2"}
< answer r3 Well.
@ requests 4
