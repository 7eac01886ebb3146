# The database's address follows its name by nginx's resolver.

use ThreadWS::Test;
use ThreadWS::Postgres qw(elsewhere);
use ThreadWS::Dns;

# where the worker's connections with PostgreSQL lead, as /proc has it

sub addresses {
    my $port = sprintf '%04X', $ENV{TEST_NGINX_PG_PORT};

    my %seen = map { $_ => 1 } ThreadWS::Proc::slurp('/proc/net/tcp')
        =~ /([0-9A-F]{8}):$port 01 /g;

    return join ' ', sort keys %seen;
}

add_block_preprocessor(sub {
    my ($block) = @_;

    my $password = $ThreadWS::Postgres::Password;

    $block->set_value('http_config', <<"CONFIG") if !$block->http_config;
resolver \$TEST_NGINX_DNS ipv6=off;
thread_ws_store "host=db.test port=\$TEST_NGINX_PG_PORT user=gateway dbname=chat
    password='$password'" timeout=\$TEST_NGINX_PG_TIMEOUT;
CONFIG
    $block->set_value('config', <<"CONFIG");
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
    $block->set_value('agent', 'answer fine');
    $block->set_value('target', "/chat?threadId=$1")
        if $block->name =~ /TEST (\d+)/;
});

run_tests();

__DATA__

=== TEST 1: a name that is not known at the start, and then has another address
--- chat
dns
connect
> message r1 Hello
dns 127.0.0.1
< answer r1 fine
perl $self->soon(sub { main::addresses() eq '0100007F' }, 'the first address');
dns 127.0.0.2
log /addresses have changed/
perl $self->soon(sub { main::addresses() !~ /0100007F/ }, 'no former address');
> message r2 Hello
< answer r2 fine
perl $self->soon(sub { main::addresses() eq '0200007F' }, 'the other address');

=== TEST 2: what carries something is left when that is through
--- chat
dns 127.0.0.1
connect
> message r1 Hello
< answer r1 fine
hold SELECT FROM thread_ws.threads FOR UPDATE
> message r2 Hello
soon SELECT count(*) FROM pg_stat_activity WHERE usename = 'gateway' AND
    wait_event_type = 'Lock'
    1
dns 127.0.0.2
log /addresses have changed/
release
< answer r2 fine
perl $self->soon(sub { main::addresses() !~ /0100007F/ }, 'no former address');
> message r3 Hello
< answer r3 fine
sql SELECT count(*) FROM RUNS WHERE id = '2'
    3

=== TEST 3: a name server that has forgotten it changes nothing
--- chat
dns 127.0.0.1
connect
> message r1 Hello
< answer r1 fine
dns
log /PostgreSQL host "db\.test" could not be resolved \(3: Host not found\)/
> message r2 Hello
< answer r2 fine
perl return main::addresses() ne ''
