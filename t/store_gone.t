# Threads whose rows go by other ways than the gateway's, and servers that are
# not what they should be: an older or newer schema, one that only reads.

use ThreadWS::Test;
use ThreadWS::Postgres qw(reader);

add_block_preprocessor(sub {
    my ($block) = @_;

    my $store = '"$TEST_NGINX_PG" timeout=$TEST_NGINX_PG_TIMEOUT';
    my $port = '$TEST_NGINX_PG_PORT';

    # the password is the last part of it
    if ($block->name =~ /two servers/) {
        $store = "\"host=127.0.0.1,127.0.0.1 port=\$TEST_NGINX_READER_PORT,$port "
            . "user=gateway dbname=chat password='$ThreadWS::Postgres::Password'\"";
    }

    $block->set_value('http_config', "thread_ws_zone ws:1m;\n");
    $block->set_value('config', ($block->chat_config // '') . <<"CONFIG");
    thread_ws_store $store;
    thread_ws_user \$http_x_user;

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
    $block->set_value('target', "/chat?threadId=$1")
        if $block->name =~ /TEST (\d+)/;
});

run_tests();

__DATA__

=== TEST 1: a row that is gone closes the connection, and a new one begins anew
--- chat_config
thread_ws_ping_interval 200ms;
--- agent
answer fine
--- chat
connect a
    X-User: ann
a> message r1 Hello
a< answer r1 fine
sql DELETE FROM thread_ws.threads WHERE id = '1'
a< close 1008 the thread was deleted
connect b
    X-User: ann
b> message r2 Hello
b< answer r2 fine
@ requests 2
@ select 2
@ messages [{"role":"user","content":"Hello"}]
b> pings 3
b< quiet

=== TEST 2: its text is not sent to the agent again
--- agent
answer fine
--- chat
connect a
    X-User: ann
a> message r1 Hello
a< answer r1 fine
sql DELETE FROM thread_ws.threads WHERE id = '2'
a> message r2 Hello
a< error r2 THREAD_DELETED
a< close 1008 the thread was deleted
@ requests 1
sql SELECT count(*) FROM RUNS WHERE id = '2'
    0

=== TEST 3: a run that streams meanwhile is not stored
--- chat
connect a
    X-User: ann
a> message r1 Hello
@ request
@ answer fine
a< answer r1 fine
a> message r2 Hello
@ request
@ head 200 text/event-stream
@ delta one
a< token r2 one
sql DELETE FROM thread_ws.threads WHERE id = '3'
@ done
@ end
a< error r2 THREAD_DELETED
a< close 1008
sql SELECT count(*) FROM thread_ws.threads WHERE id = '3'
    0

=== TEST 4: one that another has begun anew is another thread
--- agent
answer fine
--- chat
connect a
    X-User: ann
a> message r1 Hello
a< answer r1 fine
sql DELETE FROM thread_ws.threads WHERE id = '4'
sql SELECT status FROM thread_ws.append('ann', '4', 1, 'r9', 'q', 'a', '', '',
    NULL, NULL, 1)
    stored
a> message r2 Hello
a< error r2 THREAD_DELETED
a< close 1008 the thread was deleted
@ requests 1
connect b
    X-User: ann
b> message r2 Hello
b< answer r2 fine
@ requests 2
@ select 2
@ messages [{"role":"user","content":"q"},{"role":"assistant","content":"a"},
    {"role":"user","content":"Hello"}]

=== TEST 5: two who saw no thread yet both go on when one has made it
--- chat_config
thread_ws_ping_interval 200ms;
--- agent
answer fine
--- chat
connect a
    X-User: ann
connect b
    X-User: ann
a> pings 1
b> pings 1
a> message r1 Hello
a< answer r1 fine
b> pings 3
b> message r2 Hello
b< answer r2 fine
a> message r3 Hello
a< answer r3 fine
sql SELECT count(*), count(DISTINCT generation) FROM RUNS WHERE id = '5'
    3|1

=== TEST 6: who is erased leaves nothing, and nobody else notices
--- chat_config
thread_ws_ping_interval 200ms;
--- chat
connect a /chat?threadId=6a
    X-User: eve
a> message r1 Hello
@ request
@ answer fine
a< answer r1 fine
connect b /chat?threadId=6b
    X-User: eve
connect c /chat?threadId=6c
    X-User: eve
connect d /chat?threadId=6a
    X-User: ann
d> message r1 Hello
@ request
@ answer fine
d< answer r1 fine
c> pings 1
b> message r1 first
@ request
@ head 200 text/event-stream
@ delta one
b< token r1 one
sql SELECT thread_ws.erase('eve')
    1
a< close 1008 the thread was deleted
b< error r1 THREAD_DELETED
b< close 1008 the thread was deleted
c< close 1008 the thread was deleted
sql SELECT owner, count(*) FROM RUNS WHERE id LIKE '6_' GROUP BY owner
    ann|1
sql SELECT count(*) FROM thread_ws.threads WHERE owner = 'eve'
    0
d> message r2 Hello
@ request
@ answer fine
d< answer r2 fine
connect e /chat?threadId=6b
    X-User: eve
e> message r1 Hello
@ request
@ messages [{"role":"user","content":"Hello"}]
@ answer fine
e< answer r1 fine

=== TEST 7: a first run that ends after its owner was erased is not stored
--- chat
connect a
    X-User: eve
a> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
a< token r1 one
sql SELECT thread_ws.erase('eve')
    1
@ done
@ end
a< error r1 THREAD_DELETED
a< close 1008
sql SELECT count(*) FROM thread_ws.threads WHERE owner = 'eve'
    0

=== TEST 8: an expired thread
--- chat_config
thread_ws_ping_interval 200ms;
--- agent
answer fine
--- chat
connect a
    X-User: ann
a> message r1 Hello
a< answer r1 fine
connect b /chat?threadId=8b
    X-User: ann
b> message r1 Hello
b< answer r1 fine
sql UPDATE thread_ws.threads SET updated = now() - interval '91 days' WHERE id = '8'
sql SELECT thread_ws.expire('90 days', 1000)
    1
a< close 1008 the thread was deleted
b> pings 3
b< quiet

=== TEST 9: a server that only reads is found before the agent is asked
--- agent
answer fine
--- chat
afterwards sql ALTER ROLE gateway RESET default_transaction_read_only
sql ALTER ROLE gateway SET default_transaction_read_only = on
sql SELECT count(pg_terminate_backend(pid)) >= 0 FROM pg_stat_activity WHERE usename = 'gateway'
    t
connect
    X-User: ann
> message r1 Hello
< error r1 STORE_UNAVAILABLE
    retryable: true
@ requests 0
log /the server is read-only, nothing can be stored \(25006\)/
sql ALTER ROLE gateway RESET default_transaction_read_only
sql SELECT count(pg_terminate_backend(pid)) >= 0 FROM pg_stat_activity WHERE usename = 'gateway'
    t
> message r2 Hello
< answer r2 fine

=== TEST 10: of two servers the one that can be written to is found
--- agent
answer fine
--- chat
connect
    X-User: ann
> message r1 Hello
< answer r1 fine
> message r2 Hello
< answer r2 fine
@ requests 2
log /the server is read-only, nothing can be stored \(25006\)/
sql SELECT count(*) FROM RUNS WHERE id = '10'
    2

=== TEST 11: a schema that is newer than the module
--- agent
answer fine
--- chat
afterwards sql DELETE FROM thread_ws.version WHERE version = 99
connect a
    X-User: ann
a> message r1 Hello
a< answer r1 fine
sql INSERT INTO thread_ws.version VALUES (99)
a> message r2 Hello
a< answer r2 fine
reload
old worker gone
connect
    X-User: ann
> message r3 Hello
< error r3 STORE_UNAVAILABLE
@ requests 2
log /cannot be used: the schema thread_ws has version 99, this module needs 2: it is too old/
sql DELETE FROM thread_ws.version WHERE version = 99
reload
old worker gone
connect
    X-User: ann
> message r4 Hello
< answer r4 fine

=== TEST 12: one that is older, and is brought up to date meanwhile
--- agent
answer fine
--- chat
afterwards sql INSERT INTO thread_ws.version VALUES (2) ON CONFLICT DO NOTHING
sql DELETE FROM thread_ws.version WHERE version = 2
reload
old worker gone
connect
    X-User: ann
> message r1 Hello
< error r1 STORE_UNAVAILABLE
@ requests 0
log /the schema thread_ws has version 1, this module needs 2: run its schema\.sql/
sql INSERT INTO thread_ws.version VALUES (2)
log /connected again/
> message r2 Hello
< answer r2 fine

=== TEST 13: one that does not tell its version
--- chat
afterwards sql ALTER FUNCTION thread_ws.renamed() RENAME TO installed
sql ALTER FUNCTION thread_ws.installed() RENAME TO renamed
reload
old worker gone
connect
    X-User: ann
> message r1 Hello
< error r1 STORE_UNAVAILABLE
log /the schema thread_ws has version 1, this module needs 2/
