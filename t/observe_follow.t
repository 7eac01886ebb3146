# One cancelled run, followed by its request id alone through all that is said
# of it: event log, error log, access log, trace and the agent's headers.

use ThreadWS::Test;
use ThreadWS::Observe;

run_tests();

__DATA__

=== TEST 1: by its request id
--- http_config
    include $TEST_NGINX_CONF/log_format.conf;
--- config
    access_log logs/access.log thread_ws;
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_user $arg_user;
        thread_ws_event_log logs/events.log;
        thread_ws_trace http://127.0.0.1:$TEST_NGINX_OTLP_PORT/v1/traces;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_set_header X-Request-ID $thread_ws_request_id;
        proxy_set_header X-Connection-ID $thread_ws_connection_id;
    }
--- chat
collect
connect /chat?threadId=t1&user=alice
> message run-4711 Hello
@ request
@ header X-Request-ID: run-4711
@ header X-Connection-ID: /^[0-9a-f]{32}$/
@ head 200 text/event-stream
@ delta a
< token run-4711 a
> cancel run-4711
< cancelled run-4711
@ closed
traceparent run-4711
events run-4711 message first_token cancelled
event cancelled {"requestId":"run-4711","user":"alice"}
span chat {"thread_ws.request.id":"run-4711","thread_ws.outcome":"cancelled",
    "events":"first_token cancel"}
log /\[info\] .*message of 5 bytes, .*connection: [0-9a-f]{32}, request: run-4711/
log /\[info\] .*agent asked, .*connection: [0-9a-f]{32}, request: run-4711/
log /\[info\] .*first token after \d+ ms, .*connection: [0-9a-f]{32}, request: run-4711/
log /\[info\] .*run cancelled after \d+ ms and 1 tokens, .*
    connection: [0-9a-f]{32}, request: run-4711/
access /"requestId":"run-4711"/
perl ; my ($run) = grep { $_->{requestId} }
        map { Cpanel::JSON::XS->new->utf8->decode($_) }
        do { open my $in, '<', "$self->{root}/logs/access.log"; <$in> };
    my ($event) = grep { $_->{event} eq 'cancelled' } $self->event_lines;
    my ($span) = grep { $_->{name} eq 'chat' } @{ $self->{spans} };
    my $headers = $self->{agents}{main}{current}{headers};
    return $run->{connectionId} eq $event->{connectionId}
        && $run->{traceId} eq $span->{traceId}
        && $event->{traceId} eq $span->{traceId}
        && $run->{outcome} eq 'cancelled' && $run->{user} eq 'alice'
        && $run->{status} == 499 && $run->{firstTokenTime} =~ /^\d+\.\d{3}$/
        && $headers->{'x-connection-id'}[0] eq $run->{connectionId};
> close 1000
< close 1000
access /"closeCode":"1000"/
