# Threads of an agent's server that are deleted while runs of theirs are under
# way: those end first, in whatever worker, and who follows the thread is told.

use ThreadWS::Test;
use ThreadWS::Steps::Processes;

workers(2);

add_block_preprocessor(sub {
    my ($block) = @_;

    my $chat = $block->chat_config // '';

    $block->set_value('http_config', 'thread_ws_zone ws:1m;');
    $block->set_value('config', <<"CONFIG");
    thread_ws_dialect langgraph;
    thread_ws_store off;

    location = /chat {
        thread_ws_pass /agent;
$chat
    }

    location = /other {
        thread_ws_dialect openai;
        thread_ws_pass /agent;
    }

    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_AGENT_PORT;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }

    location ~ ^/history/(?<thread>.*)\$ {
        thread_ws_history /server;
        thread_ws_thread_id \$thread;
    }

    location /server/ {
        internal;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_AGENT_PORT/;
    }
CONFIG
});

run_tests();

__DATA__

=== TEST 1: a run of the same worker, one that waits, and others that follow
--- chat_config
thread_ws_busy queue;
--- chat
only worker 1
connect a /chat?threadId=t1
connect b /chat?threadId=t1
connect c /chat?threadId=t2
connect d /other?threadId=t1
a> message r1 one
@ request
@ head 200 text/event-stream
a> message r2 two
a< quiet
delete /history/t1
a< error r1 THREAD_DELETED
a< error r2 THREAD_DELETED
a< close 1008 the thread was deleted
b< close 1008 the thread was deleted
@ closed
@ request
@ line /^DELETE /
@ head 204
< HTTP 204
c< quiet
d< quiet

=== TEST 2: a run of another worker, whose agent is silent
--- chat
only worker 1
connect a /chat?threadId=t3
a> message r1 one
@ request
@ head 200 text/event-stream
a< quiet
only worker 2
delete /history/t3
log /thread is not deleted before its runs have ended/
@ requests 1
all workers
a< error r1 THREAD_DELETED
a< close 1008 the thread was deleted
@ closed
@ request
@ line /^DELETE /
@ head 204
< HTTP 204

=== TEST 3: a client that goes while its thread's runs are ended
--- chat
only worker 1
connect a /chat?threadId=t4
a> message r1 one
@ request
@ head 200 text/event-stream
a< quiet
only worker 2
delete /history/t4
log /thread is not deleted before its runs have ended/
> drop
log /client prematurely closed connection/
all workers
a< error r1 THREAD_DELETED
a< close 1008 the thread was deleted
@ requests 1

=== TEST 4: a run of a thread of that name, of an agent that keeps none
--- chat
only worker 1
connect a /other?threadId=t5
a> message r1 one
@ request
@ head 200 text/event-stream
a< quiet
only worker 2
delete /history/t5
@ request
@ line /^DELETE /
@ head 204
< HTTP 204
all workers
@ select 1
@ body data: {"choices":[{"delta":{"content":"fine"}}]}{{ "\n\n" }}
a< token r1 fine

=== TEST 5: a history that the connection alone knows
--- chat_config
thread_ws_store connection;
--- chat
only worker 1
connect a /chat?threadId=t6
a> message r1 one
@ request
@ head 200 text/event-stream
a< quiet
delete /history/t6
a< error r1 THREAD_DELETED
a< close 1008 the thread was deleted
@ closed
@ request
@ line /^DELETE /
@ head 204
< HTTP 204

=== TEST 6: who has nothing under way in another worker
--- chat_config
thread_ws_resume 1m;
thread_ws_ping_interval off;
--- chat
only worker 1
connect a /chat?threadId=t1
connect c /chat?threadId=t2
only worker 2
delete /history/t1
@ request
@ line /^DELETE /
@ head 204
< HTTP 204
all workers
a< close 1008 the thread was deleted
c< quiet
