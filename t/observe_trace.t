# Spans: a strict collector takes them, or none does.

use ThreadWS::Test;
use ThreadWS::Observe;

our $Trace = '4bf92f3577b34da6a3ce929d0e0e4736';
our $Span = '00f067aa0ba902b7';
our $Asked;

run_tests();

__DATA__

=== TEST 1: a connection and its runs
--- chat_config
thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces;
thread_ws_model gpt-x;
thread_ws_event_log logs/events.log;
--- chat
collect
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
@ usage 12 345
@ finish stop
@ done
@ end
< answer r1 a
traceparent r1
> message r2 Hello
@ request
@ head 200 text/event-stream
@ delta b
< token r2 b
> cancel r2
< cancelled r2
traceparent r2
> message r3 Hello
@ request
@ reply 503 text/plain busy
< error r3 UPSTREAM_UNAVAILABLE
> message r4 Hello
@ request
> cancel r4
< cancelled r4
> close 1000
< close 1000
spans 5
span thread_ws connection {"parent":"","kind":2,"error":0,
    "thread_ws.connection.id":"/^[0-9a-f]{32}$/","gen_ai.conversation.id":"t1",
    "thread_ws.close_code":"1000","thread_ws.runs":"4"}
span chat gpt-x {"parent":"thread_ws connection","kind":3,"error":0,
    "events":"first_token","thread_ws.request.id":"r1",
    "thread_ws.connection.id":"/^[0-9a-f]{32}$/","gen_ai.conversation.id":"t1",
    "gen_ai.operation.name":"chat","gen_ai.provider.name":"openai",
    "gen_ai.request.model":"gpt-x","gen_ai.usage.input_tokens":"12",
    "gen_ai.usage.output_tokens":"345",
    "gen_ai.response.finish_reasons":["stop"],
    "http.response.status_code":"200","thread_ws.outcome":"completed"}
span chat gpt-x {"parent":"thread_ws connection","events":"first_token cancel",
    "thread_ws.request.id":"r2","thread_ws.outcome":"cancelled","error":0}
span chat gpt-x {"parent":"thread_ws connection","events":"",
    "thread_ws.request.id":"r3","thread_ws.outcome":"failed","error":2,
    "error.type":"UPSTREAM_UNAVAILABLE","http.response.status_code":"503"}
span chat gpt-x {"parent":"thread_ws connection","events":"cancel",
    "thread_ws.request.id":"r4"}
perl ; my %ids = map { $_->{traceId} => 1 } @{ $self->{spans} };
    my @logged = grep { $_->{traceId} } $self->event_lines;
    return 1 == keys %ids && @logged == $self->event_lines
        && !grep { !$ids{$_->{traceId}} } @logged;
--- error_log
agent answered with status 503

=== TEST 2: who called has a trace
--- chat_config
thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces ratio=0;
--- chat
collect
connect
    traceparent: 00-{{ $main::Trace }}-{{ $main::Span }}-01
> message r1 Hello
@ request
@ header traceparent: /^00-{{ $main::Trace }}-(?!{{ $main::Span }})[0-9a-f]{16}-01$/
@ answer fine
< answer r1 fine
traceparent r1
> close 1000
< close 1000
spans 2
span thread_ws connection {"traceId":"{{ $main::Trace }}","parent":"{{ $main::Span }}"}
span chat {"traceId":"{{ $main::Trace }}","parent":"thread_ws connection"}

=== TEST 3: who called wants none, or there is nothing to follow
--- chat_config
thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces;
--- chat
collect
connect a
    traceparent: 00-{{ $main::Trace }}-{{ $main::Span }}-00
a> message r1 Hello
@ request
@ header traceparent: /^00-{{ $main::Trace }}-(?!{{ $main::Span }})[0-9a-f]{16}-00$/
@ answer fine
a< answer r1 fine
a> close 1000
a< close 1000
connect b /chat?threadId=t2
    traceparent: 00-{{ $main::Trace }}-{{ $main::Span }}
b> message r2 Hello
@ request
@ header traceparent: /^00-(?!{{ $main::Trace }})[0-9a-f]{32}-[0-9a-f]{16}-01$/
@ answer fine
b< answer r2 fine
traceparent r2
connect c /chat?threadId=t3
    +traceparent: 00-{{ $main::Trace }}-{{ $main::Span }}-01
    +traceparent: 00-{{ $main::Trace }}-{{ $main::Span }}-01
c> message r3 Hello
@ request
@ header traceparent: /^00-(?!{{ $main::Trace }})[0-9a-f]{32}-[0-9a-f]{16}-01$/
@ answer fine
c< answer r3 fine
traceparent r3
spans 2

=== TEST 4: off
--- chat
connect
    traceparent: 00-{{ $main::Trace }}-{{ $main::Span }}-01
> message r1 Hello
@ request
@ no header traceparent
@ answer fine
< answer r1 fine

=== TEST 5: what it may be sampled by
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /status { thread_ws_status; }
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces ratio=0.5;
    }
    location = /agent { internal; return 500; }
--- chat
collect
repeat 64
connect /chat?threadId=t{{ $i }}
> close 1000
< close 1000
end
metric thread_ws_trace_spans_total /^([1-9]|[1-5]\d|6[0-3])$/
perl ; my $n = @{ $self->{spans} };
    return $n > 8 && $n < 56 && !grep {
        hex(substr $_->{traceId}, 18, 2) >= 0x80
    } @{ $self->{spans} };

=== TEST 6: headers, and where they are not
--- http_config
log_format parent '$thread_ws_request_id $thread_ws_trace_id';
--- config
    access_log logs/access.log parent;
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces
            "header=Authorization:Bearer s3cret" header=X-Tenant:a;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header X-Parent $thread_ws_traceparent;
    }
--- chat
collect
connect
> message r1 Hello
@ request
@ header X-Parent: /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/
@ answer fine
< answer r1 fine
traceparent r1
access /^r1 [0-9a-f]{32}$/
perl ; my $h = $self->{agents}{otlp}{requests}[-1]{headers};
    return $h->{authorization}[0] eq 'Bearer s3cret'
        && $h->{'x-tenant'}[0] eq 'a';
no log /s3cret/

=== TEST 7: what a collector rejects is counted
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /status { thread_ws_status; }
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
collect reject 1
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
> close 1000
< close 1000
metric thread_ws_trace_spans_total 1
metric thread_ws_trace_dropped_total 1

=== TEST 8: a collector that is down, then is there again
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /status { thread_ws_status; }
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces;
    }
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
@otlp request
@otlp reply 503 text/plain later
log /trace collector "127.0.0.1:\d+": .*, status 503, [1-9]\d* spans wait, 0 were dropped/
@otlp request
@otlp reset
@otlp request
@otlp reply 200 text/html <html>
metric thread_ws_trace_spans_total 1
metric thread_ws_trace_dropped_total 0
> message r2 Hello
@ request
@ answer fine
< answer r2 fine
@otlp request
@otlp reply 400 application/json {"message":"no"}
metric thread_ws_trace_dropped_total 1
collect
> message r3 Hello
@ request
@ answer fine
< answer r3 fine
span chat {"thread_ws.request.id":"r3"}

=== TEST 9: a collector that never answers costs nothing but spans
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /status { thread_ws_status; }
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_busy reject;
        thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces;
    }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/demo;
    }
    location = /demo { access_log off; thread_ws_demo_agent delay=0; }
--- chat
connect
messages 2500
@otlp request
metric thread_ws_trace_spans_total 0
metric thread_ws_trace_dropped_total {{ 2500 - 2048 }}
metric thread_ws_runs_total{outcome="completed",code=""} 2500
metric gen_ai_server_time_to_first_token_seconds_bucket{
    gen_ai_operation_name="chat",gen_ai_provider_name="openai",le="+Inf"} 2500

=== TEST 10: a name that nobody resolves
--- http_config
thread_ws_zone chat:1m;
--- config
    resolver 127.0.0.1:$TEST_NGINX_MUTE_PORT;
    resolver_timeout 1s;
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_trace http://collector.invalid:$TEST_NGINX_OTLP_PORT/v1/traces;
    }
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
log /trace collector "collector.invalid:\d+": Operation timed out/
> message r2 Hello
@ request
@ answer fine
< answer r2 fine

=== TEST 11: a name of the machine's own
--- chat_config
thread_ws_trace http://localhost:$TEST_NGINX_OTLP_PORT/v1/traces;
--- chat
collect
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
traceparent r1

=== TEST 12: spans leave before the worker does
--- chat_config
thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces;
--- chat
collect
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
signal QUIT
< close 1012
> drop
server gone
spans 2

=== TEST 13: a collector that is silent holds no worker
--- chat_config
thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces;
--- chat
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
@otlp request
signal QUIT
< close 1012
> drop
server gone

=== TEST 14: what it is told wrong
--- config
    thread_ws_trace ftp://127.0.0.1/v1/traces;
--- refused
thread_ws_trace
invalid url prefix
ftp

=== TEST 15: a ratio beyond all
--- config
    thread_ws_trace http://127.0.0.1/v1/traces ratio=1.5;
--- refused
thread_ws_trace
ratio

=== TEST 16: a header without a value
--- config
    thread_ws_trace http://127.0.0.1/v1/traces header=Authorization;
--- refused
thread_ws_trace
name:value

=== TEST 17: a name without a resolver that is none
--- config
    thread_ws_trace http://collector.invalid/v1/traces;
--- refused
host not found
collector.invalid

=== TEST 18: a name that nginx's resolver knows
--- config
    resolver 127.0.0.1:$TEST_NGINX_NAMES_PORT;
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_trace http://collector.example:$TEST_NGINX_OTLP_PORT/v1/traces;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
collect
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
traceparent r1
> message r2 Hello
@ request
@ answer fine
< answer r2 fine
traceparent r2
perl return $self->{agents}{otlp}{requests}[0]{headers}{host}[0] =~ /^collector.example:/;
signal QUIT
< close 1012
> drop
server gone
spans 3

=== TEST 19: a name that is to be asked for again when the worker leaves
--- config
    resolver 127.0.0.1:$TEST_NGINX_NAMES_PORT;
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_trace http://collector.example:$TEST_NGINX_OTLP_PORT/v1/traces;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
afterwards perl $ThreadWS::Observe::Names->{ttl} = 60; 1
perl $ThreadWS::Observe::Names->{ttl} = 0; 1
collect
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
traceparent r1
signal QUIT
< close 1012
> drop
server gone
spans 2
