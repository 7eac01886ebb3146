# Questions and parts of messages in PostgreSQL, over restarts of nginx: the
# database alone knows what is open, and what was said beside texts.

use ThreadWS::Test;
use ThreadWS::Postgres;

workers(2);

our $A = '0' x 31 . 'a';
our $Asks = qq([{"interruptId":"$A","value":{"sure":"é"}}]);

# a part of 6,000 bytes, and how the history has it

our $Data = 'data:image/png;base64,' . 'aGkh' x 1500;
our $Parts = qq([{"type":"text","text":"What is it?"},)
    . qq({"type":"image","url":"$Data"}]);
our $Sent = qq([{"type":"text","text":"What is it?"},)
    . qq({"type":"image_url","image_url":{"url":"$Data"}}]);

add_block_preprocessor(sub {
    my ($block) = @_;

    my $chat = $block->chat_config // '';

    $block->set_value('http_config', 'thread_ws_zone ws:2m;');
    $block->set_value('config', <<"CONFIG");
    thread_ws_store "\$TEST_NGINX_PG" timeout=\$TEST_NGINX_PG_TIMEOUT;

    location = /chat {
        thread_ws_pass /agent;
        $chat
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_AGENT_PORT;
    }
    location ~ ^/history/(?<thread>.*)\$ {
        thread_ws_history;
        thread_ws_thread_id \$thread;
    }
CONFIG
});

run_tests();

__DATA__

=== TEST 1: a question waits for its answer
--- chat_config
thread_ws_dialect langgraph;
--- chat
connect /chat?threadId=q
> {"type":"message","requestId":"r1","threadId":"q","content":"Delete it."}
@ request
@ head 200 text/event-stream
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"a\",
    \"content\":\"Well.\"},{\"langgraph_checkpoint_ns\":\"n:1\"}]\n\n"
@ body "event: updates\ndata: {\"__interrupt__\":[{\"value\":
    {\"sure\":\"\\u00e9\"},\"id\":\"{{ $::A }}\"}]}\n\n"
@ end
< tokens r1 Well.
< final r1 Well.
    finishReason: "interrupt"
    interrupts: {{ $::Asks }}
quit server

# it is told again, is open, and no other is

connect /chat?threadId=q
> {"type":"message","requestId":"r1","threadId":"q","content":"Delete it."}
<* final r1 Well.
    finishReason: "interrupt"
    interrupts: {{ $::Asks }}
> {"type":"message","requestId":"w1","threadId":"q",
    "answers":[{"interruptId":"other","value":1}]}
< error w1 INVALID_MESSAGE
    message: "answers: no interrupt \"other\" is open"
@ requests 1
get /history/q
< body /"parts":\[\{"type":"text","text":"Well\."\},\{"type":"interrupt",
    "interruptId":"{{ $::A }}","value":\{"sure":"é"\}\}\]/
connect /chat?threadId=q
> {"type":"message","requestId":"r2","threadId":"q",
    "answers":[{"interruptId":"{{ $::A }}","value":{"yes":true}}]}
@ request {"input":null,"command":{"resume":{"{{ $::A }}":{"yes":true}}}}
@ head 200 text/event-stream
@ body "event: messages\ndata: [{\"type\":\"AIMessageChunk\",\"id\":\"b\",
    \"content\":\"Done.\"},{\"langgraph_checkpoint_ns\":\"n:1\"}]\n\n"
@ end
<* final r2 Done.
quit server

# it is answered, and so is open no more

connect /chat?threadId=q
> {"type":"message","requestId":"w2","threadId":"q",
    "answers":[{"interruptId":"{{ $::A }}","value":{"yes":true}}]}
< error w2 INVALID_MESSAGE
> {"type":"message","requestId":"r2","threadId":"q",
    "answers":[{"interruptId":"{{ $::A }}","value":{"yes":true}}]}
<* final r2 Done.
@ requests 2

=== TEST 2: parts of a message are what they were, and their bytes once
--- chat
connect /chat?threadId=p
> {"type":"message","requestId":"r1","threadId":"p","content":{{ $::Parts }}}
@ request
@ messages [{"role":"user","content":{{ $::Sent }}}]
@ answer "A cat."
< answer r1 "A cat."
quit server
connect /chat?threadId=p
> {"type":"message","requestId":"r1","threadId":"p","content":{{ $::Parts }}}
<* final r1 "A cat."
@ requests 1
> {"type":"message","requestId":"r2","threadId":"p","content":"And now?"}
@ request
@ messages [{"role":"user","content":{{ $::Sent }}},
    {"role":"assistant","content":"A cat."},
    {"role":"user","content":"And now?"}]
@ answer Still.
< answer r2 Still.
get /history/p
< body /"parts":\[\{"type":"text","text":"What is it\?"\},
    \{"type":"image","url":"data:image\/png;base64,(?:aGkh){1500}"\}\]/
sql SELECT (length(content) + length(asked::text)) / 6000 FROM RUNS WHERE id = 'p' AND seq = 1
    1
