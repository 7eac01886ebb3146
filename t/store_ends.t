# PostgreSQL ends a connection right after its answer: what was stored counts,
# although both are read at once.

use ThreadWS::Test;
use ThreadWS::Postgres qw(tls);

add_block_preprocessor(sub {
    my ($block) = @_;
    my $mode = $block->name =~ /TLS/ ? 'require' : 'disable';
    $block->set_value('config', <<"CONFIG");
    thread_ws_store "\$TEST_NGINX_PG sslmode=$mode"
        timeout=\$TEST_NGINX_PG_TIMEOUT pool=1;

    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_AGENT_PORT;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
CONFIG
    $block->set_value('chat', <<"CHAT");
connect /chat?threadId=$mode
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
hold SELECT FROM thread_ws.threads WHERE id = '$mode' FOR UPDATE
> message r2 Hello
@ request
@ answer fine
soon SELECT count(*) FROM pg_stat_activity WHERE usename = 'gateway' AND
    wait_event_type = 'Lock'
    1
stop workers
release
soon SELECT count(*) FROM pg_stat_activity WHERE usename = 'gateway' AND
    state = 'idle' AND query ~ 'store'
    1
sql SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'gateway'
    1
soon SELECT count(*) FROM pg_stat_activity WHERE usename = 'gateway'
    0
all workers
< answer r2 fine
CHAT
});

run_tests();

__DATA__

=== TEST 1: plain
--- chat

=== TEST 2: over TLS
--- chat
