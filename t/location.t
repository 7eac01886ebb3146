# What the agent's location itself says in an agent's place, and what nginx's own
# filters make of an answer there.

use ThreadWS::Test;

use Compress::Zlib ();

run_tests();

__DATA__

=== TEST 1: no location, or one with no agent
--- config
    location = /chat {
        thread_ws_pass /$arg_by;
    }
    location = /nothing {
        internal;
        return 204;
    }
    location ^~ /elsewhere/ {
        internal;
        return 302 http://elsewhere.example/;
    }
--- chat
connect /chat?threadId=t1&by=nowhere
> message r1 Hello
< error r1 UPSTREAM_FAILED
    retryable: false
    message: /not set up rightly/
log /\[error\] .*agent location ".*", URI "\/nowhere", answered with status 404, type "text\/html"/
connect /chat?threadId=t1&by=index.html
> message r2 Hello
< error r2 UPSTREAM_FAILED
    retryable: false
log /URI "\/index.html", answered with status 405, type "text\/html"/
connect /chat?threadId=t1&by=nothing
> message r3 Hello
< error r3 UPSTREAM_FAILED
    retryable: false
log /agent location "\/nothing", URI "\/nothing", answered with status 204/
connect /chat?threadId=t1&by=elsewhere/here
> message r4 Hello
< error r4 UPSTREAM_FAILED
    retryable: false
log /agent location "\/elsewhere\/", URI "\/elsewhere\/here", answered with status 302/

=== TEST 2: what is no event stream
--- config
    location = /chat {
        thread_ws_pass /$arg_by;
    }
    location = /text {
        internal;
        default_type text/html;
        return 200 "<html>Welcome</html>";
    }
    location = /empty {
        internal;
        default_type text/plain;
        return 200;
    }
--- chat
connect /chat?threadId=t1&by=text
> message r1 Hello
< error r1 UPSTREAM_FAILED
    retryable: false
    message: /not set up rightly/
log /location "\/text", URI "\/text", answered by itself, with the type "text\/html": that is no/
connect /chat?threadId=t1&by=empty
> message r2 Hello
< error r2 UPSTREAM_FAILED
    retryable: false
log /agent location "\/empty", URI "\/empty", answered by itself, with the type "text\/plain"/

=== TEST 3: an agent may be nginx itself, and its own trouble may pass
--- config
    location = /chat {
        thread_ws_pass /$arg_by;
    }
    location = /stream {
        internal;
        default_type text/event-stream;
        return 200 'data: {"choices":[{"delta":{"content":"fine"},"finish_reason":"stop"}]}\n\n';
    }
    location = /untyped {
        internal;
        default_type text/plain;
        return 200 'data: {"choices":[{"delta":{"content":"fine"},"finish_reason":"stop"}]}\n\n';
    }
    location = /half {
        internal;
        default_type text/event-stream;
        return 200 'data: {"choices":[{"delta":{"content":"fine"}}]}\n\n';
    }
    location = /broken {
        internal;
        return 500;
    }
    location = /dead {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_DEAD_PORT;
    }
--- chat
connect /chat?threadId=t1&by=stream
> message r1 Hello
< answer r1 fine
connect /chat?threadId=t1&by=untyped
> message r2 Hello
< answer r2 fine
connect /chat?threadId=t1&by=half
> message r3 Hello
< token r3 fine
< error r3 UPSTREAM_FAILED
    retryable: true
connect /chat?threadId=t1&by=broken
> message r4 Hello
< error r4 UPSTREAM_FAILED
    retryable: true
log /agent location "\/broken", URI "\/broken", answered with status 500/
connect /chat?threadId=t1&by=dead
> message r5 Hello
< error r5 UPSTREAM_UNAVAILABLE
    retryable: true
log /agent location "\/dead", URI "\/dead", answered with status 502/

=== TEST 4: an error_page that keeps the first agent's status
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_intercept_errors on;
        error_page 503 @other;
    }
    location @other {
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_B_PORT;
    }
--- agent
reply 503
--- agent_b
answer fine
--- chat
connect
> message r1 Hello
< error r1 RATE_LIMITED
log /location "\@other", .* status 503, .*: it is an error's, kept by an "error_page" without "="/

=== TEST 5: sub_filter
--- agent_config
sub_filter_types text/event-stream;
sub_filter_once off;
sub_filter secret hidden;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a secret, a sec
< token r1 a hidden, a sec
@ bytewise {{ 'data: {"choices":[{"delta":{"content":"one secret more"},"index":0}]}' . "\n\n" }}
@ finish stop
@ done
@ end
< answer r1 a hidden, a secone hidden more

=== TEST 6: gunzip
--- agent_config
gunzip on;
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
    Content-Encoding: gzip
@ hex {{ unpack 'H*', Compress::Zlib::memGzip('data: {"choices":[{"delta":'
    . '{"content":"fine"},"finish_reason":"stop"}]}' . "\n\n") }}
@ end
< answer r1 fine
