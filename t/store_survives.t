# A conversation goes on: after a reload, after workers were killed, after a
# restart; with the store in memory as far as the shared memory lives.

use ThreadWS::Test;
use ThreadWS::Postgres;

workers(2);

add_block_preprocessor(sub {
    my ($block) = @_;

    $block->set_value('http_config', 'thread_ws_zone ws:2m;');

    my $store = $block->name =~ /memory/ ? 'memory'
        : '"$TEST_NGINX_PG" timeout=$TEST_NGINX_PG_TIMEOUT';
    $block->set_value('config', <<"CONFIG");
    thread_ws_store $store;
    thread_ws_shutdown_spread 100ms;

    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_AGENT_PORT;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
    location ~ ^/history/(?<thread>.*)\$ {
        thread_ws_history;
        thread_ws_thread_id \$thread;
    }
CONFIG
    $block->set_value('target', "/chat?threadId=$1")
        if $block->name =~ /TEST (\d+)/;
    $block->set_value('agent', 'answer fine') if !defined $block->agent;
});

run_tests();

__DATA__

=== TEST 1: postgres: a reload, killed workers, a restart, a killed server
--- chat
connect
> message r1 one
< answer r1 fine
reload
connect
> message r2 two
< answer r2 fine
kill workers
< gone
connect
> message r3 three
< answer r3 fine
quit server
connect
> message r4 four
< answer r4 fine
kill server
connect
> message r5 five
< answer r5 fine
> message r3 three
< answer r3 fine
@ requests 5
@ select 5
@ messages [{"role":"user","content":"one"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"two"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"three"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"four"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"five"}]
--- error_log eval
qr/\[alert\].*exited on signal 9/

=== TEST 2: memory: a reload, killed workers
--- chat
connect
> message r1 one
< answer r1 fine
reload
connect
> message r2 two
< answer r2 fine
kill workers
< gone
connect
> message r3 three
< answer r3 fine
> message r1 one
< answer r1 fine
@ requests 3
@ select 3
@ messages [{"role":"user","content":"one"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"two"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"three"}]
quit server
connect
> message r4 four
< answer r4 fine
@ requests 4
@ select 4
@ messages [{"role":"user","content":"four"}]
--- error_log eval
qr/\[alert\].*exited on signal 9/

=== TEST 3: memory: two workers see the same
--- chat
only worker 1
connect a
a< quiet
only worker 2
connect b
b< quiet
all workers
a> message r1 from a
a< answer r1 fine
b> message r2 from b
b< answer r2 fine
a> message r3 from a again
a< answer r3 fine
@ requests 3
@ select 2
@ messages [{"role":"user","content":"from a"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"from b"}]
@ select 3
@ messages [{"role":"user","content":"from a"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"from b"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"from a again"}]

=== TEST 4: memory: another worker takes a run over from a client that hangs
--- agent
--- chat
only worker 1
connect a
a< quiet
only worker 2
connect b
b< quiet
all workers
a> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
a< token r1 one
b> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta two
b< token r1 two
@ select 1
@ delta more
a< cancelled r1
@ closed
@ select 2
@ finish stop
@ done
@ end
b< final r1 two
get /history/4
< HTTP 200
< body /"content":"two","requestId":"r1".*"seq":1\}\]\}$/

=== TEST 5: postgres: and there, too
--- agent
--- chat
only worker 1
connect a
a< quiet
only worker 2
connect b
b< quiet
all workers
a> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
a< token r1 one
b> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta two
b< token r1 two
@ select 1
@ delta more
a< cancelled r1
@ closed
@ select 2
@ finish stop
@ done
@ end
b< final r1 two
sql SELECT request_id, answer FROM RUNS WHERE id = '5'
    r1|two

=== TEST 6: memory: a killed worker's run is not in the way
--- agent
--- chat
only worker 1
connect a
a< quiet
only worker 2
connect b
b< quiet
all workers
a> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
a< token r1 one
kill worker 1
a< gone
log /exited on signal 9/
b> message r1 Hello
@ request
@ answer two
b< answer r1 two
no log /taken over/
--- error_log eval
qr/\[alert\].*exited on signal 9/

=== TEST 7: postgres: workers that leave close their connections
--- chat
connect
> message r1 one
< answer r1 fine
reload
< close 1012
old worker gone
soon SELECT count(*) FROM pg_stat_activity WHERE usename = 'gateway'
    2
