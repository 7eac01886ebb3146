# What no filter of nginx has to do with goes past them: an agent's answer, and
# a twin's events, which are written with their chunk around them.  What one has
# to do with goes through it.

use ThreadWS::Test;

log_level('debug');

run_tests();

__DATA__

=== TEST 1: an answer that passes as it is
--- agent
answer one two three
--- chat
connect
> message r1 Hello
< answer r1 one two three
no log /http copy filter: "\/agent/

=== TEST 2: one that a filter changes
--- agent_config
sub_filter_types text/event-stream;
sub_filter two TWO;
--- agent
answer one two three
--- chat
connect
> message r1 Hello
< answer r1 one TWO three
log /http copy filter: "\/agent/

=== TEST 3: by HTTP the first event is written behind the header, and others alone
--- chat_config
    thread_ws_http on;
--- chat
post
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
log /http chunk: \d+/
repeat 20
@ delta {{ 'x' x (1000 + $i) }}
< token r1 {{ 'x' x (1000 + $i) }}
end
no log /http chunk: 1\d\d\d/
@ finish stop
@ done
@ end
<* final r1 /^onex+$/
< whole

=== TEST 4: what a filter has to do with by HTTP
--- chat_config
    thread_ws_http on;
    sub_filter_types text/event-stream;
    sub_filter two TWO;
    sub_filter_once off;
--- chat
post
    = {"requestId":"r1","content":"hello"}
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
@ delta {{ 'two' x 400 }}
< token r1 {{ 'TWO' x 400 }}
log /http chunk: 3$/
@ finish stop
@ done
@ end
<* final r1 one{{ 'TWO' x 400 }}
< whole
