# What a message may set of the agent's request: what the location allows reaches
# the agent, everything else is refused by its name, and begins no run.
# FORBIDDEN=N for so many that are made by chance, SEED=N for those of that seed.

use ThreadWS::Test;
use ThreadWS::Observe;
use ThreadWS::Steps::Forbidden;

our $Number = $ENV{FORBIDDEN} || ($ENV{THREAD_WS_FULL} ? 1000 : 200);
our $Seed = $ENV{SEED} || int rand 1_000_000_000;

run_tests();

__DATA__

=== TEST 1: what is allowed reaches the agent, over what the location says
--- chat_config
thread_ws_model small;
thread_ws_parameters '{"temperature":0.2,"thinking":{"type":"enabled"}}';
thread_ws_client_parameters model=small|large temperature=0..1
    max_tokens=..4096 reasoning_effort thinking.budget=..100;
thread_ws_event_log logs/events.log;
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "parameters":{"model":"large","temperature":0.5,"thinking":{"budget":9},
   "reasoning_effort":"low"}}
@ request {"model":"large","temperature":0.5,"reasoning_effort":"low",
    "thinking":{"type":"enabled","budget":9},"stream":true}
@ messages [{"role":"user","content":"Hello"}]
@ answer Hi
< answer r1 Hi
event message {"requestId":"r1","parameters":{"model":"large",
    "temperature":0.5,"thinking":{"budget":9},"reasoning_effort":"low"}}
> {"type":"message","requestId":"r2","threadId":"t1","content":"And?",
   "parameters":{"thinking.budget":100,"max_tokens":4096}}
@ request {"model":"small","temperature":0.2,"max_tokens":4096,
    "thinking":{"type":"enabled","budget":100}}
@ messages [{"role":"user","content":"Hello"},
    {"role":"assistant","content":"Hi"},{"role":"user","content":"And?"}]
@ answer Well
< answer r2 Well
> {"type":"message","requestId":"r3","threadId":"t1","content":"So?",
   "parameters":{}}
@ request {"model":"small","temperature":0.2,"thinking":{"type":"enabled"}}
perl ;$self->{agents}{main}{current}{body} !~ /max_tokens|budget/
@ answer So
< answer r3 So
> message r4 Plain
@ request {"model":"small","temperature":0.2,"thinking":{"type":"enabled"}}
@ answer Yes
< answer r4 Yes

=== TEST 2: what is not, by its name
--- chat_config
thread_ws_client_parameters model=small|large temperature=0..1;
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "parameters":{"temperature":0.5,"top_p":1}}
< error r1 INVALID_MESSAGE
    message: /^parameters: "top_p" is not for clients to set$/
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "parameters":{"temperature":1.5}}
< error r1 INVALID_MESSAGE
    message: /^parameters: "temperature" takes 0\.\.1 only$/
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "parameters":{"model":"huge"}}
< error r1 INVALID_MESSAGE
    message: /^parameters: "model" takes small\|large only$/
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "parameters":{"temperature":1e999}}
< error r1 INVALID_MESSAGE
    message: /^parameters: "temperature" has a value that cannot be read$/
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "parameters":["temperature"]}
< error r1 INVALID_MESSAGE
    message: /^parameters must be an object$/
> message r1 Hello
@ request
@ requests 1

=== TEST 3: none is allowed where none is named, or where they are taken away
--- http_config
thread_ws_client_parameters temperature;
--- chat_config
thread_ws_client_parameters off;
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "parameters":{"temperature":0.5}}
< error r1 INVALID_MESSAGE
    message: /^parameters: "temperature" is not for clients to set$/
@ requests 0

=== TEST 4: one that is refused does not end the run of that name
--- chat_config
thread_ws_client_parameters temperature=0..1;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
< token r1 a
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "parameters":{"temperature":2}}
< error - INVALID_MESSAGE
@ delta b
@ done
@ end
<* final r1 ab

=== TEST 5: Anthropic's
--- chat_config
thread_ws_dialect anthropic;
thread_ws_client_parameters max_tokens=..4096 thinking.type=enabled|disabled;
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "parameters":{"max_tokens":100,"thinking":{"type":"disabled"}}}
@ request {"max_tokens":100,"thinking":{"type":"disabled"}}

=== TEST 6: a graph's configuration, by a dotted path
--- chat_config
thread_ws_dialect langgraph;
thread_ws_parameters '{"config":{"recursion_limit":10,"configurable":{"a":1}}}';
thread_ws_client_parameters config.configurable.model=small|large
    config.configurable.depth=1..3;
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":"Hello",
   "parameters":{"config.configurable.model":"large",
   "config":{"configurable":{"depth":2}}}}
@ request {"assistant_id":"agent","config":{"recursion_limit":10,
    "configurable":{"a":1,"model":"large","depth":2}}}
@ close
< error r1 UPSTREAM_UNAVAILABLE
> {"type":"message","requestId":"r2","threadId":"t1","content":"Hello",
   "parameters":{"config":{"configurable":{"thread_id":"other"}}}}
< error r2 INVALID_MESSAGE
    message: /^parameters: "config\.configurable\.thread_id" is not for clients to set$/

=== TEST 7: whatever is forbidden, malformed or huge
--- http_config
thread_ws_zone threads:4m;
thread_ws_store memory;
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters model=small|large temperature=0..1
            max_tokens=..4096 reasoning_effort config.configurable.tone=dry;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location /threads/ {
        thread_ws_history;
    }
--- chat
forbidden {{ $main::Number }} {{ $main::Seed }}
get /threads/t1/messages
< HTTP 404
connect
> message last Hello
@ request
@ requests 1
--- timeout: 600

=== TEST 8: a parameter of clients that is none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters model=small .x;
    }
--- refused
thread_ws_client_parameters
needs names

=== TEST 9: ... without values
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters model=;
    }
--- refused
thread_ws_client_parameters
has no values

=== TEST 10: ... with a range of words
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters temperature=low..high;
    }
--- refused
thread_ws_client_parameters
range that is not of numbers in "temperature=low..high"

=== TEST 11: ... with a range of nothing
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters temperature=1..0;
    }
--- refused
thread_ws_client_parameters
range that nothing is in

=== TEST 12: ... with a value twice
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters model=a|b|a;
    }
--- refused
thread_ws_client_parameters
a value twice

=== TEST 13: ... twice
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters model=a temperature=0..1 model=b;
    }
--- refused
thread_ws_client_parameters
"model" beside another

=== TEST 14: ... within another
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters thinking thinking.budget=1..2;
    }
--- refused
thread_ws_client_parameters
something within it

=== TEST 15: ... of the module's own
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters messages;
    }
--- refused
thread_ws_client_parameters
cannot leave "messages"

=== TEST 16: ... that holds one of the module's own
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters input;
    }
--- refused
thread_ws_client_parameters
cannot leave "input"

=== TEST 17: ... that is another thread's
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters config.configurable.thread_id;
    }
--- refused
thread_ws_client_parameters
cannot leave "config.configurable.thread_id"

=== TEST 18: ... and none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters model;
        thread_ws_client_parameters off;
    }
--- refused
thread_ws_client_parameters
duplicate

=== TEST 19: more parameters than there are
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_client_parameters p1 p2 p3 p4 p5 p6 p7 p8 p9 p10 p11 p12 p13
            p14 p15 p16 p17 p18 p19 p20 p21 p22 p23 p24 p25 p26
            p27 p28 p29 p30 p31 p32 p33 p34 p35 p36 p37 p38 p39
            p40 p41 p42 p43 p44 p45 p46 p47 p48 p49 p50 p51 p52
            p53 p54 p55 p56 p57 p58 p59 p60 p61 p62 p63 p64 p65;
    }
--- refused
thread_ws_client_parameters
too many
