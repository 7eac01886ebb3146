# A user's threads over two workers: all of them gone in one are gone in the
# other, a first run that is under way there, too.

use ThreadWS::Test;
use ThreadWS::Steps::Processes;

workers(2);

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', 'thread_ws_zone ws:4m;');
    $block->set_value('config', <<'CONFIG');
    thread_ws_store memory;
    thread_ws_user $http_x_user;
    thread_ws_ping_interval 200ms;

    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
    location = /threads {
        thread_ws_threads;
    }
CONFIG
});

run_tests();

__DATA__

=== TEST 1: who is erased in one worker is erased in the other
--- chat
only worker 1
connect a /chat?threadId=1a
    X-User: greg
a> message r1 Hello
@ request
@ answer fine
a< answer r1 fine
connect b /chat?threadId=1b
    X-User: greg
b> message r1 first
@ request
@ head 200 text/event-stream
@ delta one
b< token r1 one
connect c /chat?threadId=1a
    X-User: ann
c> message r1 Hello
@ request
@ answer fine
c< answer r1 fine
only worker 2
delete /threads
    X-User: greg
< HTTP 204
all workers
@ select 2
@ done
@ end
a< close 1008 the thread was deleted
b< error r1 THREAD_DELETED
b< close 1008 the thread was deleted
get /threads
    X-User: greg
< body /^\{"threads":\[\]\}$/
get /threads
    X-User: ann
< body /"threadId":"1a"/
c> pings 2
c< quiet
