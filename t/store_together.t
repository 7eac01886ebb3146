# Many at once on one thread: two tabs through two workers, five hundred runs
# each, and both end up whole, in one order, without a gap.

use ThreadWS::Test;
use ThreadWS::Postgres qw(bouncer);

workers(2);

our $Runs = $ENV{THREAD_WS_SANITIZER} ? 100 : 500;

add_block_preprocessor(sub {
    my ($block) = @_;

    my $store = $block->name =~ /memory/ ? 'memory'
        : $block->name =~ /pooler/ ? '"$TEST_NGINX_BOUNCER" timeout=10s'
        : '"$TEST_NGINX_PG" timeout=10s';

    $block->set_value('http_config', 'thread_ws_zone ws:16m;');
    $block->set_value('config', <<"CONFIG");
    thread_ws_store $store;
    thread_ws_context runs=2;

    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:\$TEST_NGINX_SERVER_PORT/demo;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
    location = /demo {
        access_log off;
        thread_ws_demo_agent delay=0;
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

=== TEST 1: postgres
--- chat
only worker 1
connect a
a< quiet
only worker 2
connect b
b< quiet
all workers
storm {{ $main::Runs }} a b
sql SELECT count(*), min(seq), max(seq), count(DISTINCT seq),
    count(DISTINCT request_id), max(last_seq) FROM RUNS WHERE id = '1'
    {{ my $n = 2 * $main::Runs; "$n|1|$n|$n|$n|$n" }}
ordered SELECT request_id FROM RUNS WHERE id = '1' ORDER BY seq

=== TEST 2: memory
--- chat
only worker 1
connect a
a< quiet
only worker 2
connect b
b< quiet
all workers
storm {{ $main::Runs }} a b
get /history/2?limit=1000
< HTTP 200
whole {{ 2 * $main::Runs }}

=== TEST 3: postgres, the same request id from both at once
--- chat
only worker 1
connect a
a< quiet
only worker 2
connect b
b< quiet
all workers
storm {{ $main::Runs / 5 }} a b same
sql SELECT count(*), min(seq), max(seq), count(DISTINCT request_id) FROM RUNS WHERE id = '3'
    {{ my $n = $main::Runs / 5; "$n|1|$n|$n" }}

=== TEST 4: postgres behind a pooler in transaction mode
--- chat
only worker 1
connect a
a< quiet
only worker 2
connect b
b< quiet
all workers
storm {{ $main::Runs / 2 }} a b
sql SELECT count(*), min(seq), max(seq), count(DISTINCT seq),
    max(last_seq) FROM RUNS WHERE id = '4'
    {{ my $n = $main::Runs; "$n|1|$n|$n|$n" }}
delete /history/4
< HTTP 204
get /history/4
< HTTP 404
no log /PostgreSQL/

=== TEST 5: twenty connections through a pooler, each with a thread of its own
--- chat
repeat 20
connect c{{ $i }} /chat?threadId=5-{{ $i }}
end
storm 20 {{ join ' ', map { "c$_" } 1 .. 20 }}
sql SELECT count(*), count(DISTINCT thread), max(seq) FROM RUNS WHERE id LIKE '5-%'
    400|20|20
no log /PostgreSQL/
