# nginx, a worker or PostgreSQL is killed at random moments under load; make
# soak has more of them.

use ThreadWS::Test;
use ThreadWS::Postgres;
use ThreadWS::Steps::Moments;

workers(2);

our $Moments = $ENV{THREAD_WS_MOMENTS}
    // ($ENV{THREAD_WS_SANITIZER} ? 6 : 15);

# a moment is over when what was killed has been given up

$ENV{TEST_NGINX_PG_TIMEOUT} = '3s' if !$ENV{TEST_NGINX_USE_VALGRIND};

run_tests();

__DATA__

=== TEST 1: no moment is a wrong one
--- http_config
    thread_ws_zone ws:4m;
--- config
    thread_ws_store "$TEST_NGINX_PG" timeout=$TEST_NGINX_PG_TIMEOUT;

    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/demo;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
    location = /demo {
        access_log off;
        thread_ws_demo_agent delay=1ms;
    }
--- chat
moments {{ $main::Moments }} server worker postgres
--- error_log eval
qr/\[alert\]|start worker/
