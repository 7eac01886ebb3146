# PostgreSQL is stopped, killed, or does not answer: who needs it is told so,
# nobody else notices, and it is found again when it is back.

use ThreadWS::Test;
use ThreadWS::Postgres;

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->refused;

    my $timeout = $ENV{TEST_NGINX_USE_VALGRIND} ? '10s' : '2s';

    # in which it is found again
    $timeout = '3s' if $timeout eq '2s' && $block->name =~ /and back|beginning/;

    # so long that who waited for it would wait in vain
    $timeout = '600s' if $block->name =~ /nobody else waits/;

    # where nothing is to be late
    $timeout = '60s' if $block->name =~ /restarted|no second connection/;

    my $store = qq{"\$TEST_NGINX_PG" timeout=$timeout pool=2};
    $store = qq{"\$TEST_NGINX_PG_LOCAL" timeout=$timeout}
        if $block->name =~ /socket/;

    $block->set_value('config', <<"CONFIG");
    thread_ws_store $store;

    location = /chat {
        thread_ws_pass /agent;
    }
    location = /plain {
        thread_ws_pass /agent;
        thread_ws_store off;
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
});

run_tests();

__DATA__

=== TEST 1: stopped, and back
--- agent
answer fine
--- chat
connect other /plain?threadId=x
other> message r1 Hello
other< answer r1 fine
connect
> message r1 Hello
< answer r1 fine
postgres stop
> message r2 Hello
< error r2 STORE_UNAVAILABLE
other> message r2 Hello
other< answer r2 fine
get /history/1
< HTTP 503
< header Retry-After: 1
postgres start
connect
> message r2 Hello
< answer r2 fine
get /history/1
< HTTP 200
< body /"seq":2\}\]\}$/
no log /a secret/
log /PostgreSQL "127\.0\.0\.1:\d+\/chat" .*(refused|shutting down|closed)/
log /connected again/

=== TEST 2: stopped and back, over a socket
--- agent
answer fine
--- chat
connect
> message r1 Hello
< answer r1 fine
postgres stop
> message r2 Hello
< error r2 STORE_UNAVAILABLE
postgres start
> message r2 Hello
< answer r2 fine

=== TEST 3: restarted between two messages
--- agent
answer fine
--- chat
connect
> message r1 Hello
< answer r1 fine
postgres stop
postgres start
> message r2 Hello
< answer r2 fine
@ requests 2
@ select 2
@ messages [{"role":"user","content":"Hello"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"Hello"}]

=== TEST 4: killed while a run streams
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
postgres kill
@ finish stop
@ done
@ end
< error r1 STORE_UNAVAILABLE
postgres start
sql SELECT count(*) FROM thread_ws.threads WHERE id = '4'
    0
> message r1 Hello
@ request
@ answer two
< answer r1 two
sql SELECT answer FROM RUNS WHERE id = '4'
    two

=== TEST 5: it does not answer, and nobody else waits
--- agent
answer fine
--- chat
connect a
a> message r1 Hello
a< answer r1 fine
connect /plain?threadId=x
messages 1
postgres pause
a> message r2 Hello
messages 60
a< quiet
postgres resume
a< answer r2 fine

=== TEST 6: it does not answer
--- agent
answer fine
--- chat
connect
> message r1 Hello
< answer r1 fine
postgres pause
repeat 4
> message s{{ $i }} Hello
< error s{{ $i }} STORE_UNAVAILABLE
end
postgres resume
> message r2 Hello
< answer r2 fine
log /did not answer in time/

=== TEST 7: it does not answer while a run is stored
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
postgres pause
@ finish stop
@ done
@ end
< error r1 STORE_UNAVAILABLE
postgres resume
soon SELECT count(*) FROM pg_stat_activity WHERE usename = 'gateway' AND
    state <> 'idle'
    0
@ auto answer two
> message r1 Hello
< answer r1 /one|two/
sql SELECT count(*) FROM RUNS WHERE id = '7'
    1

=== TEST 8: a lock that is held: the server gives up, the connection stays
--- chat
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
hold SELECT FROM thread_ws.threads WHERE id = '8' FOR UPDATE
> message r2 Hello
@ request
@ answer fine
<* error r2 STORE_UNAVAILABLE
log /canceling statement due to statement timeout \(57014\)/
no log /does not answer/
release
> message r3 Hello
@ request
@ messages [{"role":"user","content":"Hello"},{"role":"assistant",
    "content":"fine"},{"role":"user","content":"Hello"}]
@ answer fine
< answer r3 fine

=== TEST 9: a worker that leaves stores what it has, or says that it cannot
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
postgres pause
@ finish stop
@ done
@ end
signal QUIT
< error r1 STORE_UNAVAILABLE
< close 1012
server gone
postgres resume

=== TEST 10: there from the beginning
--- agent
answer fine
--- chat
postgres stop
reload
old worker gone
connect
> message r1 Hello
< error r1 STORE_UNAVAILABLE
postgres start
> message r1 Hello
< answer r1 fine

=== TEST 11: a malformed connection string is not quoted
--- http_config
thread_ws_store "host=127.0.0.1 password=one two=three";
--- refused
invalid connection string in "thread_ws_store"

=== TEST 12: a name that does not resolve
--- http_config
thread_ws_store "host=no.such.name.invalid password=secret";
--- refused
host not found in "thread_ws_store" host "no.such.name.invalid"

=== TEST 13: addresses and ports that do not pair
--- http_config
thread_ws_store "host=a,b hostaddr=127.0.0.1";
--- refused
as many hosts, addresses and ports must be given

=== TEST 14: a role that may have no second connection
--- agent
answer fine
--- chat
afterwards sql ALTER ROLE gateway CONNECTION LIMIT -1
sql ALTER ROLE gateway CONNECTION LIMIT 1
repeat 8
connect c{{ $i }} /chat?threadId=14-{{ $i }}
end
storm 50 {{ join ' ', map { "c$_" } 1 .. 8 }}
perl ; my $n = () = $self->cluster->log =~ /too many connections for role/g;
    return $n && $n < 100;
