# Ten thousand messages on one connection: memory stays where it was.

use ThreadWS::Test;

our $Messages = $ENV{THREAD_WS_SANITIZER} ? 1000 : 10_000;

run_tests();

__DATA__

=== TEST 1: ten thousand messages
--- http_config
    upstream agent {
        server 127.0.0.1:$TEST_NGINX_SERVER_PORT;
        keepalive 4;
    }
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://agent/demo;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
    location = /demo {
        access_log off;
        keepalive_requests 100000;
        thread_ws_demo_agent delay=0;
    }
--- chat
connect
messages 100
memory mark
messages {{ $main::Messages - 100 }}
memory grew 1024
< quiet
active 1

=== TEST 2: a thousand connections, one after the other
--- agent
answer fine
--- chat
repeat {{ $main::Messages / 10 }}
connect
> message r1 Hello
< answer r1 fine
> close 1000
< close 1000
< eof
memory mark once 100
end
active 0
memory grew 1024
