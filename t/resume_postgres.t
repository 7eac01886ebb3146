# thread_ws_resume with PostgreSQL: runs go on, and threads of one name in two
# databases have nothing to do with each other.

use ThreadWS::Test;
use ThreadWS::Postgres;

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', <<'CONFIG');
    thread_ws_zone ws:1m;
    thread_ws_resume 1m;
CONFIG
    $block->set_value('config', <<'CONFIG');
    thread_ws_store "$TEST_NGINX_PG";

    location = /chat {
        thread_ws_pass /agent;
    }
    location = /other {
        thread_ws_pass /agent;
        thread_ws_store "$TEST_NGINX_PG application_name=other";
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /threads {
        thread_ws_threads;
        thread_ws_user $arg_user;
    }
    location = /owned {
        thread_ws_pass /agent;
        thread_ws_user $arg_user;
    }
    location ~ ^/history/(?<thread>.*)$ {
        thread_ws_history;
        thread_ws_thread_id $thread;
    }
CONFIG
});

run_tests();

__DATA__

=== TEST 1: an answer goes on, and is heard where its thread is alone
--- chat
connect a /chat?threadId=t1
connect o /other?threadId=t1
o> follow
o< idle -
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
a> drop
o< quiet
o> follow r1
o< idle -
o> cancel r1
o< quiet
connect b /chat?threadId=t1
b> follow
b< following r1 hello
b< token r1 Hel
@ delta lo
@ finish stop
@ done
@ end
b<* final r1 Hello
b> follow
b< idle - r1
@ requests 1

=== TEST 2: the thread is deleted
--- chat
connect a /chat?threadId=t2
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
a> drop
@ delta lo
delete /history/t2
< HTTP 404
@ closed
connect b /chat?threadId=t2
b> follow r1
b< idle -

=== TEST 3: all threads of a user are deleted
--- chat
connect a /owned?threadId=t3&user=ann
a> message r1 hello
@ request
@ answer Hello
a< answer r1 Hello
a> drop
connect b /owned?threadId=t3&user=bob
b> message r1 hello
@ request
@ answer Hello
b< answer r1 Hello
b> drop
delete /threads?user=ann
< HTTP 204
connect c /owned?threadId=t3&user=ann
c> follow r1
c< idle -
connect d /owned?threadId=t3&user=bob
d> follow r1
d< following r1 hello
d< answer r1 Hello
