# Ten thousand runs of all kinds over two workers, with a reload in the middle:
# the metrics say exactly what the clients saw.

use ThreadWS::Test;
use ThreadWS::Observe;

our $Runs = $ENV{THREAD_WS_SANITIZER} ? 1000 : 10_000;

workers(2);
worker_connections(4096);
log_level('warn');

run_tests();

__DATA__

=== TEST 1: what was counted is what there was
--- http_config
    thread_ws_zone chat:1m;
    upstream agent {
        server 127.0.0.1:$TEST_NGINX_AGENT_PORT;
        keepalive 16;
    }
--- config
    access_log off;
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_shutdown_spread 200ms;
        thread_ws_store off;
        thread_ws_event_log logs/events.log;
    }
    location = /status { thread_ws_status; }
    location = /agent {
        internal;
        keepalive_requests 100000;
        proxy_pass http://agent;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
--- chat
mixed {{ $main::Runs }} 24
counted
metrics valid
perl return $self->logged_as_counted;
--- timeout: 60
--- error_log
agent answered with status 429
