# The status page: what was counted, over workers, deaths and reloads.

use ThreadWS::Test;
use ThreadWS::Observe;

run_tests();

__DATA__

=== TEST 1: a conversation
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /chat { thread_ws_pass /agent; }
    location = /status { thread_ws_status; }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
metric thread_ws_connections 0
metric thread_ws_connections_total 0
connect
metric thread_ws_connections 1
metric thread_ws_connections_total 1
> message r1 Hello
@ request
metric thread_ws_active_runs 1
@ head 200 text/event-stream
@ delta a
@ delta b
@ usage 5 300
@ done
@ end
< answer r1 ab
metric thread_ws_active_runs 0
metric thread_ws_messages_total 1
metric thread_ws_tokens_total 2
metric thread_ws_runs_total{outcome="completed",code=""} 1
metric thread_ws_bytes_total{direction="in"} /^[1-9]\d\d?$/
metric gen_ai_server_time_to_first_token_seconds_count{
    gen_ai_operation_name="chat",gen_ai_provider_name="openai"} 1
metric gen_ai_client_operation_duration_seconds_count{
    gen_ai_operation_name="chat",gen_ai_provider_name="openai"} 1
metric gen_ai_client_token_usage_bucket{gen_ai_operation_name="chat",
    gen_ai_provider_name="openai",gen_ai_token_type="input",le="4"} 0
metric gen_ai_client_token_usage_bucket{gen_ai_operation_name="chat",
    gen_ai_provider_name="openai",gen_ai_token_type="input",le="16"} 1
metric gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",
    gen_ai_provider_name="openai",gen_ai_token_type="output"} 300
metric thread_ws_connection_duration_seconds_count 0
> close 1000
< close 1000
metric thread_ws_connections 0
metric thread_ws_connection_duration_seconds_count 1
metric thread_ws_bytes_total{direction="out"} /^[1-9]\d\d$/
metric thread_ws_runs_per_connection_bucket{le="0"} 0
metric thread_ws_runs_per_connection_bucket{le="1"} 1
metrics valid

=== TEST 2: other ends
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /chat { thread_ws_pass /agent; thread_ws_busy queue 1; }
    location = /status { thread_ws_status; }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect
> message r1 Hello
@ request
> message r2 next
> message r3 one too many
< error r3 BUSY
> cancel r1
< cancelled r1
@ closed
@ request
@ reply 429 application/json {}
< error r2 UPSTREAM_RATE_LIMITED
> message r4 more
@ request
> drop
metric thread_ws_runs_total{outcome="cancelled",code=""} 1
metric thread_ws_cancel_duration_seconds_count 1
metric thread_ws_cancel_duration_seconds_bucket{le="+Inf"} 1
metric thread_ws_runs_total{outcome="failed",code="UPSTREAM_RATE_LIMITED"} 1
metric thread_ws_runs_total{outcome="disconnected",code=""} 1
metric thread_ws_runs_total{outcome="completed",code=""} 0
metric thread_ws_queued_total 1
metric thread_ws_rejected_total{code="BUSY"} 1
metric thread_ws_messages_total 3
metric thread_ws_active_runs 0
metric thread_ws_connections 0
metric gen_ai_client_operation_duration_seconds_count{
    gen_ai_operation_name="chat",gen_ai_provider_name="openai",
    error_type="cancelled"} 1
metric gen_ai_client_operation_duration_seconds_count{
    gen_ai_operation_name="chat",gen_ai_provider_name="openai",
    error_type="failed"} 1
metric gen_ai_client_operation_duration_seconds_count{
    gen_ai_operation_name="chat",gen_ai_provider_name="openai",
    error_type="disconnected"} 1
metric gen_ai_client_operation_duration_seconds_count{
    gen_ai_operation_name="chat",gen_ai_provider_name="openai"} 0
metrics valid
--- error_log
agent answered with status 429

=== TEST 3: who was lost and is there again
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /chat { thread_ws_pass /agent; thread_ws_user $arg_user; }
    location = /status { thread_ws_status; }
    location = /agent { internal; return 500; }
--- chat
connect a /chat?threadId=t1&user=alice
metric thread_ws_connections 1
a> reset
metric thread_ws_connections 0
connect b /chat?threadId=t1&user=bob
metric thread_ws_connections 1
metric thread_ws_reconnections_total 0
connect c /chat?threadId=t2&user=alice
metric thread_ws_connections 2
metric thread_ws_reconnections_total 0
connect a /chat?threadId=t1&user=alice
metric thread_ws_reconnections_total 1
a> close 1001
a< close 1001
metric thread_ws_connections 2
connect a /chat?threadId=t1&user=alice
metric thread_ws_connections 3
metric thread_ws_reconnections_total 1
a> close
a< gone
metric thread_ws_connections 2
connect a /chat?threadId=t1&user=alice
metric thread_ws_connections 3
metric thread_ws_reconnections_total 1
a> text {
a< error - INVALID_JSON
a> binary 00
a< close 1003
metric thread_ws_connections 2
connect a /chat?threadId=t1&user=alice
metric thread_ws_reconnections_total 2

=== TEST 4: without a zone
--- config
    location = /chat { thread_ws_pass /agent; }
    location = /status { thread_ws_status; }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
metric thread_ws_connections 1
metric thread_ws_runs_total{outcome="completed",code=""} 1
> reset
metric thread_ws_connections 0
connect
metric thread_ws_reconnections_total 1
metrics valid

=== TEST 5: a worker that is killed takes its connections with it
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /chat { thread_ws_pass /agent; }
    location = /status { thread_ws_status; }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
> message r2 again
@ request
metric thread_ws_connections 1
metric thread_ws_active_runs 1
perl kill 'KILL', $self->workers($self->master);
< gone
connect b /chat?threadId=t2
b> message r3 Hello
@ request
@ answer fine
b< answer r3 fine
metric thread_ws_connections 1
metric thread_ws_active_runs 0
metric thread_ws_connections_total 2
metric thread_ws_runs_total{outcome="completed",code=""} 2
metric thread_ws_messages_total 3
--- error_log
[alert]
exited on signal 9

=== TEST 6: a reload keeps what was counted, with another number of workers
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /chat { thread_ws_pass /agent; thread_ws_shutdown_spread 100ms; }
    location = /status { thread_ws_status; }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
connect b /chat?threadId=t2
b> message r2 Hello
@ request
perl ; local @ARGV = "$self->{root}/conf/nginx.conf"; local $^I = '';
    while (<>) { s/worker_processes\s+1;/worker_processes 3;/; print }
    return 1;
reload
perl $self->until(sub { 3 == $self->workers($self->master) - 1 }, 'three workers'); 1
< close 1012
metric thread_ws_connections 1
metric thread_ws_active_runs 1
metric thread_ws_connections_total 2
metric thread_ws_runs_total{outcome="completed",code=""} 1
connect
metric thread_ws_connections 2
metric thread_ws_reconnections_total 1
@ answer late
b< answer r2 late
b< close 1012
old worker gone
metric thread_ws_connections 1
metric thread_ws_active_runs 0
metric thread_ws_connections_total 3
metric thread_ws_runs_total{outcome="completed",code=""} 2
metric thread_ws_connection_duration_seconds_count 2

=== TEST 7: other clients than the machine's own are refused
--- config
    location = /status { thread_ws_status; }
    location = /public { thread_ws_status public; }
    location = /closed { thread_ws_status public; deny all; }
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Real-IP;
--- chat
get /status
    X-Real-IP: 192.0.2.1
< HTTP 403
get /status
    X-Real-IP: 2001:db8::1
< HTTP 403
get /status
    X-Real-IP: ::ffff:192.0.2.1
< HTTP 403
get /status
    X-Real-IP: 127.9.9.9
< HTTP 200
< header Content-Type: text/plain; version=0.0.4
< body /(?m)^thread_ws_connections 0$/
get /status
    X-Real-IP: ::1
< HTTP 200
get /status
    X-Real-IP: ::ffff:127.0.0.1
< HTTP 200
get /public
    X-Real-IP: 192.0.2.1
< HTTP 200
get /closed
< HTTP 403
delete /status
< HTTP 405
--- error_log
thread_ws_status is for clients on this machine

=== TEST 8: an unknown parameter
--- config
    location = /status { thread_ws_status open; }
--- refused
thread_ws_status
unknown parameter

=== TEST 9: a store's operations
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /chat { thread_ws_pass /agent; thread_ws_store memory; }
    location = /status { thread_ws_status; }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
connect
> message r1 Hello
< answer r1 fine
metric thread_ws_store_duration_seconds_count{operation="load"} 2
metric thread_ws_store_duration_seconds_count{operation="append"} 1
metric thread_ws_store_errors_total{operation="append"} 0
metric thread_ws_replays_total 1
metric thread_ws_runs_total{outcome="completed",code=""} 2
metric gen_ai_client_operation_duration_seconds_count{
    gen_ai_operation_name="chat",gen_ai_provider_name="openai"} 1

=== TEST 10: what the history's location asks the store for
--- http_config
    thread_ws_zone threads:1m;
    thread_ws_store memory;
--- config
    location = /chat { thread_ws_pass /agent; }
    location = /history { thread_ws_history; }
    location = /status { thread_ws_status; }
    location = /agent { internal; thread_ws_demo_agent delay=0; }
--- chat
connect
> message r1 Hello
<* final r1
get /history?threadId=t1
< HTTP 200
metric thread_ws_store_duration_seconds_count{operation="page"} 1
delete /history?threadId=t1
< HTTP 204
metric thread_ws_store_duration_seconds_count{operation="remove"} 1
metric thread_ws_store_duration_seconds_count{operation="other"} 1
