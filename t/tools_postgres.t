# A loop of tools, round for round, over restarts of nginx in its middle: which
# calls are open is in the database, and so is the order in which they stand in
# the request.

use ThreadWS::Test;
use ThreadWS::Postgres;

workers(2);

# what each round's request must hold, to the last member

our (@Said);

sub asked {
    my ($round) = @_;
    push @Said, { role => 'tool', tool_call_id => 'call_' . ($round - 1),
        content => '{"n":' . ($round - 1) . '}' } if $round > 1;
    my $json = Cpanel::JSON::XS->new->canonical->encode(\@Said);
    push @Said, { role => 'assistant', content => "Round $round.",
        tool_calls => [{ id => "call_$round", type => 'function', function =>
            { name => 'count', arguments => qq({"round":$round}) } }] };
    return $json;
}

add_block_preprocessor(sub {
    my ($block) = @_;

    @Said = ({ role => 'user', content => 'Count.' });

    $block->set_value('http_config', 'thread_ws_zone ws:2m;');
    $block->set_value('config', <<'CONFIG');
    thread_ws_store "$TEST_NGINX_PG" timeout=$TEST_NGINX_PG_TIMEOUT;

    location = /chat {
        thread_ws_pass /agent;
        thread_ws_events tools;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
CONFIG
});

run_tests();

__DATA__

=== TEST 1: five rounds, each in a server of its own
--- chat
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> message r1 Count.
repeat 5
@ request
@ messages {{ main::asked($i) }}
@ head 200 text/event-stream
@ choice {"content":"Round {{ $i }}.","tool_calls":[{"index":0,
    "id":"call_{{ $i }}","function":{"name":"count",
        "arguments":"{\"round\":{{ $i }}}"}}]}
@ finish tool_calls
@ done
@ end
< token r{{ $i }} "Round {{ $i }}."
< {"type":"tool-call","requestId":"r{{ $i }}","toolCallId":"call_{{ $i }}",
    "name":"count"}
< {"type":"tool-input","requestId":"r{{ $i }}","toolCallId":"call_{{ $i }}",
    "value":"{\"round\":{{ $i }}}"}
< {"type":"tool-call-end","requestId":"r{{ $i }}","toolCallId":"call_{{ $i }}",
    "input":{"round":{{ $i }}}}
< final r{{ $i }} "Round {{ $i }}."
quit server
connect
    Sec-WebSocket-Protocol: thread-ws.v2
> {"type":"message","requestId":"w{{ $i }}","threadId":"t1",
    "toolResults":[{"toolCallId":"call_0","output":1}]}
< error w{{ $i }} INVALID_MESSAGE
    message: "toolResults: the call \"call_{{ $i }}\" has no result"
> {"type":"message","requestId":"r{{ $i + 1 }}","threadId":"t1",
    "toolResults":[{"toolCallId":"call_{{ $i }}","output":{"n":{{ $i }}}}]}
end
@ request
@ messages {{ main::asked(6) }}
@ answer "There were five."
< answer r6 "There were five."
sql SELECT seq, request_id, told IS NULL FROM RUNS ORDER BY seq
    1|r1|f
    2|r2|f
    3|r3|f
    4|r4|f
    5|r5|f
    6|r6|t
