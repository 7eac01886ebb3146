# client_max_body_size is for what clients send: a run's own prompt is larger
# wherever its request comes by.  Whatever the module itself allows goes on.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: auth_request, with nginx's default: a second message of 900 KB
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        client_max_body_size 1m;
        internal;
        auth_request /session;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /session {
        client_max_body_size 1m;
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
    }
--- agent
answer fine
--- agent_b
reply 204
--- chat
connect
> message r1 {{ 'x' x 200000 }}
@b request
@ request
< answer r1 fine
> message r2 {{ 'y' x 900000 }}
@b request
@b no header Content-Length
@ request
@ messages [{"role":"user","content":"{{ 'x' x 200000 }}"},
    {"role":"assistant","content":"fine"},
    {"role":"user","content":"{{ 'y' x 900000 }}"}]
< answer r2 fine

=== TEST 2: an access rule that says nothing of the body asks without one
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        client_max_body_size 50;
        internal;
        auth_request /session;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /session {
        client_max_body_size 50;
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
    }
--- agent
answer fine
--- agent_b
reply 204
--- chat
connect
> message r1 {{ 'x' x 1000 }}
@b request
< answer r1 fine

=== TEST 3: error_page, to another location and to a named one
--- config
    location = /chat {
        thread_ws_pass /$arg_by;
    }
    location = /uri {
        client_max_body_size 50;
        internal;
        error_page 404 = /other;
        return 404;
    }
    location = /access {
        client_max_body_size 50;
        internal;
        error_page 403 = /other;
        deny all;
    }
    location = /upstream {
        client_max_body_size 50;
        internal;
        error_page 502 = /other;
        proxy_pass http://127.0.0.1:$TEST_NGINX_DEAD_PORT;
    }
    location = /named {
        client_max_body_size 50;
        internal;
        error_page 403 = @other;
        deny all;
    }
    location = /rewritten {
        client_max_body_size 50;
        internal;
        error_page 403 = @rewrite;
        deny all;
    }
    location @rewrite {
        client_max_body_size 50;
        rewrite ^ /other last;
    }
    location @other {
        client_max_body_size 50;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /other {
        client_max_body_size 50;
        internal;
        proxy_method POST;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer fine
--- chat
connect /chat?threadId=t1&by=uri
> message r1 {{ 'x' x 1000 }}
@ request
@ messages [{"role":"user","content":"{{ 'x' x 1000 }}"}]
< answer r1 fine
connect /chat?threadId=t2&by=access
> message r1 {{ 'x' x 1000 }}
@ request
@ messages [{"role":"user","content":"{{ 'x' x 1000 }}"}]
< answer r1 fine
connect /chat?threadId=t3&by=upstream
> message r1 {{ 'x' x 1000 }}
@ request
@ messages [{"role":"user","content":"{{ 'x' x 1000 }}"}]
< answer r1 fine
connect /chat?threadId=t4&by=named
> message r1 {{ 'x' x 1000 }}
@ request
@ messages [{"role":"user","content":"{{ 'x' x 1000 }}"}]
< answer r1 fine
connect /chat?threadId=t5&by=rewritten
> message r1 {{ 'x' x 1000 }}
@ request
@ messages [{"role":"user","content":"{{ 'x' x 1000 }}"}]
< answer r1 fine
--- error_log
Connection refused

=== TEST 4: try_files, rewrite and an agent's own redirect
--- config
    location = /chat {
        thread_ws_pass /$arg_by;
    }
    location = /files {
        client_max_body_size 50;
        internal;
        try_files /nothing /other;
    }
    location = /rewrite {
        client_max_body_size 50;
        internal;
        rewrite ^ /other last;
    }
    location = /named {
        client_max_body_size 50;
        internal;
        try_files /nothing @other;
    }
    location = /redirect {
        client_max_body_size 50;
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
    }
    location @other {
        client_max_body_size 50;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /other {
        client_max_body_size 50;
        internal;
        proxy_method POST;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer fine
--- agent_b
wire "HTTP/1.1 200 OK\r\nX-Accel-Redirect: /other\r\nContent-Length: 0\r\n\r\n"
--- chat
connect /chat?threadId=t1&by=files
> message r1 {{ 'x' x 1000 }}
@ request
@ messages [{"role":"user","content":"{{ 'x' x 1000 }}"}]
< answer r1 fine
connect /chat?threadId=t2&by=rewrite
> message r1 {{ 'x' x 1000 }}
@ request
@ messages [{"role":"user","content":"{{ 'x' x 1000 }}"}]
< answer r1 fine
connect /chat?threadId=t3&by=named
> message r1 {{ 'x' x 1000 }}
@ request
@ messages [{"role":"user","content":"{{ 'x' x 1000 }}"}]
< answer r1 fine
connect /chat?threadId=t4&by=redirect
> message r1 {{ 'x' x 1000 }}
@b request
@ request
@ messages [{"role":"user","content":"{{ 'x' x 1000 }}"}]
< answer r1 fine

=== TEST 5: a mirror has the whole body
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        client_max_body_size 50;
        internal;
        mirror /mirror;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
    location = /mirror {
        client_max_body_size 50;
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
    }
--- agent
answer fine
--- agent_b
reply 204
--- chat
connect
> message r1 {{ 'x' x 1000 }}
@ request
@ messages [{"role":"user","content":"{{ 'x' x 1000 }}"}]
@b request
@b messages [{"role":"user","content":"{{ 'x' x 1000 }}"}]
< answer r1 fine

=== TEST 6: what clients send is still limited
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        client_max_body_size 50;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- request
POST /agent
0123456789012345678901234567890123456789012345678901234567890123456789
--- error_code: 413
--- error_log
too large body
