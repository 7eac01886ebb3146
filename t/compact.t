# What is left of the upgrade request while its connection is idle: everything
# that the access log, variables and other modules ask it for at the end.

use ThreadWS::Test;
use ThreadWS::Observe;

run_tests();

__DATA__

=== TEST 1: variables of all kinds, at the connection's end
--- http_config
    log_format whole '[$request] [$uri] [$args] [$arg_lang] [$request_uri] '
        '[$host] [$http_user_agent] [$http_referer] [$http_x_one] '
        '[$http_cookie] [$cookie_b] [$set] [$mapped] [$part] [$status] '
        '[$sent_http_upgrade] [$sent_http_x_added] [$request_method] '
        '[$server_protocol] [$scheme] [$http_x_forwarded_for] '
        '[$remote_user] [$request_length].';
    map $http_x_one $mapped { default none; ~^(?<part>.)(.*)$ $2; }
--- config
    access_log logs/access.log whole;
    location ~ ^/(chat)$ {
        set $set "$1-$arg_lang";
        add_header X-Added "$mapped" always;
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header X-Ids "$thread_ws_http_x_one $thread_ws_cookie_b $thread_ws_arg_lang";
        proxy_set_header Connection "";
    }
--- chat
connect /chat?threadId=t1&lang=de%20x
    User-Agent: tester/1
    Referer: http://here/
    X-One: first
    +X-Forwarded-For: 10.0.0.1
    +X-Forwarded-For: 10.0.0.2
    +Cookie: a=1; b=two
    +Cookie: c=3
    Authorization: Basic {{ use MIME::Base64; encode_base64('joe:secret', '') }}
> ping
< pong
> message r1 Hello
@ request
@ header X-Ids: first two de%20x
@ answer fine
< answer r1 fine
> message r2 again
@ request
@ header X-Ids: first two de%20x
@ answer fine
< answer r2 fine
> close 1000
< close 1000
access /^\[GET .chat\?threadId=t1&lang=de%20x HTTP.1\.1\]
    \ \[.chat\] \[threadId=t1&lang=de%20x\] \[de%20x\]
    \ \[.chat\?threadId=t1&lang=de%20x\] \[[a-z0-9.]+\] \[tester.1\]
    \ \[http:..here.\] \[first\] \[a=1; b=two; c=3\] \[two\] \[chat-de%20x\]
    \ \[irst\] \[f\] \[101\] \[websocket\] \[irst\] \[GET\] \[HTTP.1\.1\] \[http\]
    \ \[10\.0\.0\.1, 10\.0\.0\.2\] \[joe\] \[\d+\]\.$/

=== TEST 2: a head that needs large buffers
--- http_config
    log_format whole '[$arg_a] [$http_x_large] [$http_x_last].';
    client_header_buffer_size 256;
    large_client_header_buffers 8 16k;
--- config
    access_log logs/access.log whole;
    location = /chat { thread_ws_pass /agent; }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header X-Ids "$thread_ws_http_x_last";
        proxy_set_header Connection "";
    }
--- chat
connect /chat?threadId=t1&a={{ 'a' x 3000 }}
    X-Large: {{ 'b' x 9000 }}
    X-Other: {{ 'c' x 12000 }}
    X-Last: end
> message r1 Hello
@ request
@ header X-Ids: end
@ answer fine
< answer r1 fine
> close 1000
< close 1000
access /^\[a{3000}\] \[b{9000}\] \[end\]\.$/

=== TEST 3: a message in one piece with the upgrade
--- chat
cork
connect
> message r1 Hello
> uncork
@ request
@ answer fine
< answer r1 fine
> message r2 again
@ request
@ answer fine
< answer r2 fine

=== TEST 4: another module keeps something in the request
--- http_config
    log_format whole '[$thread_ws_runs] [$http_x_one] [$limit_conn_status].';
    limit_conn_zone $binary_remote_addr zone=clients:1m;
--- config
    access_log logs/access.log whole;
    location = /chat {
        limit_conn clients 1;
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header Connection "";
    }
--- chat
connect
    X-One: first
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
connect other
other< HTTP 503
> close 1000
< close 1000
access /^\[1\] \[first\] \[PASSED\]\.$/
connect third
third> ping
third< pong
--- error_log
limiting connections

=== TEST 5: after a subrequest to a server that answers at length
--- http_config
    log_format whole '[$who] [$http_x_one].';
--- config
    access_log logs/access.log whole;
    location = /chat {
        auth_request /auth;
        auth_request_set $who $upstream_http_x_who;
        thread_ws_pass /agent;
        thread_ws_user $who;
    }
    location = /auth {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
    }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header X-Ids "$thread_ws_user $thread_ws_http_x_one";
        proxy_set_header Connection "";
    }
--- chat
connect
    X-One: first
@b request
@b reply 200 text/plain {{ 'x' x 3000 }}
    X-Who: alice
> message r1 Hello
@ request
@ header X-Ids: alice first
@ answer fine
< answer r1 fine
> close 1000
< close 1000
access /^\[alice\] \[first\]\.$/
