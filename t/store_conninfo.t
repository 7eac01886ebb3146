# How PostgreSQL is reached: strings and URIs, TLS, several hosts, what the
# environment and a service file say.

use ThreadWS::Test qw(stuck);
use ThreadWS::Postgres qw(tls);

my $cluster = $ThreadWS::Postgres::Cluster;

$ENV{TEST_NGINX_PG_DIR} = $cluster->{dir};
$ENV{PGPASSWORD} = $ThreadWS::Postgres::Password;
$ENV{PGSERVICEFILE} = "$cluster->{dir}/services";

$cluster->spit("$cluster->{dir}/services", <<"SERVICE");
[chat]
host=127.0.0.1
port=$cluster->{port}
user=gateway
dbname=chat
SERVICE

# of a user who is not the one that nginx starts as

chmod 0600, "$cluster->{dir}/services";

# to log in takes a while under valgrind

my ($timeout, $connect_timeout) =
    $ENV{TEST_NGINX_USE_VALGRIND} ? ('60s', 20) : ('4s', 1);

add_block_preprocessor(sub {
    my ($block) = @_;

    my $store = join ' ', split /\n\s*/, $block->store;
    $store =~ s/(connect_timeout)=1/$1=$connect_timeout/;

    $block->set_value('config', <<"CONFIG");
    thread_ws_store "$store" timeout=$timeout pool=2;

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
    $block->set_value('agent', 'answer fine') if !defined $block->agent;

    $block->set_value('chat', <<'CHAT')
connect
> message r1 Hello
< answer r1 fine
> message r2 Hello
< answer r2 fine
sql SELECT count(*) FROM RUNS WHERE id = '{{ $self->{target} =~ s/.*=//r }}'
    2
no log /a secret/
CHAT
        if !defined $block->chat && !defined $block->refused;

    $block->set_value('target', "/chat?threadId=$1")
        if $block->name =~ /TEST (\d+)/;
});

run_tests();

__DATA__

=== TEST 1: a URI
--- store
postgresql://gateway:a%20secret%20%3d%20word@127.0.0.1:$TEST_NGINX_PG_PORT/chat?application_name=it

=== TEST 2: a password from the environment
--- store
host=127.0.0.1 port=$TEST_NGINX_PG_PORT user=gateway dbname=chat

=== TEST 3: a service file
--- store
service=chat

=== TEST 4: a name with several addresses, of which not all answer
--- store
host=localhost port=$TEST_NGINX_PG_PORT user=gateway dbname=chat

=== TEST 5: TLS, and the server's name is checked
--- store
host=localhost port=$TEST_NGINX_PG_PORT user=gateway dbname=chat
    sslmode=verify-full sslrootcert=$TEST_NGINX_PG_DIR/cert.pem

=== TEST 6: TLS, and a server of another name
--- store
host=127.0.0.1 port=$TEST_NGINX_PG_PORT user=gateway dbname=chat
    sslmode=verify-full sslrootcert=$TEST_NGINX_PG_DIR/cert.pem
--- chat
connect
> message r1 Hello
< error r1 STORE_UNAVAILABLE
log /PostgreSQL "127\.0\.0\.1:\d+\/chat" cannot be reached: .*does not match host name/

=== TEST 7: TLS, and much to read and to write
--- store
host=127.0.0.1 port=$TEST_NGINX_PG_PORT user=gateway dbname=chat sslmode=require
--- chat
connect
> message r1 {{ 'abcdefgh' x 40_000 }}
@ request
@ answer {{ 'ijklmnop' x 80_000 }}
< answer r1 {{ 'ijklmnop' x 80_000 }}
repeat 5
connect
> message r1 {{ 'abcdefgh' x 40_000 }}
< answer r1 {{ 'ijklmnop' x 80_000 }}
end
sql SELECT octet_length(content), octet_length(answer) FROM RUNS WHERE id = '7'
    320000|640000
sql SELECT bool_and(ssl) FROM pg_stat_ssl JOIN
    pg_stat_activity USING (pid) WHERE usename = 'gateway'
    t
--- agent

=== TEST 8: a host that refuses, and one that answers
--- store
host=127.0.0.1,127.0.0.1 port=$TEST_NGINX_DEAD_PORT,$TEST_NGINX_PG_PORT
    user=gateway dbname=chat

=== TEST 9: a host that does nothing, and one that answers
--- store
host=127.0.0.1,127.0.0.1 port=$TEST_NGINX_STUCK_PORT,$TEST_NGINX_PG_PORT
    user=gateway dbname=chat connect_timeout=1

=== TEST 10: a wrong password
--- store
host=127.0.0.1 port=$TEST_NGINX_PG_PORT user=gateway password=wrong-word dbname=chat
--- chat
connect
> message r1 Hello
< error r1 STORE_UNAVAILABLE
log /password authentication failed for user "gateway"/
no log /wrong-word/
no log /a secret/

=== TEST 11: a database without the schema
--- store
host=127.0.0.1 port=$TEST_NGINX_PG_PORT user=gateway dbname=postgres
--- chat
connect
> message r1 Hello
< error r1 STORE_UNAVAILABLE
log /schema "thread_ws" does not exist .*3F000/

=== TEST 8: a service that no file has
--- store
service=nobody
--- refused
thread_ws_store
service "nobody"
