# A configuration that cannot work is refused, and the error names the
# directive and what is wrong with it.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: a location for no agent
--- config
    location = /chat {
        thread_ws_pass;
    }
--- refused
invalid number of arguments
thread_ws_pass

=== TEST 2: two agents
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_pass /other;
    }
--- refused
thread_ws_pass
duplicate

=== TEST 3: an agent that is no URI
--- config
    location = /chat {
        thread_ws_pass agent;
    }
--- refused
thread_ws_pass
agent

=== TEST 4: an endpoint and an echo
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_echo;
    }
--- refused
thread_ws_echo

=== TEST 5: an endpoint in a server
--- config
    thread_ws_pass /agent;
--- refused
thread_ws_pass
not allowed here

=== TEST 6: a dialect that is not there
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_dialect esperanto;
    }
--- refused
thread_ws_dialect
esperanto

=== TEST 7: a policy that is not there
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_busy wait;
    }
--- refused
thread_ws_busy
wait

=== TEST 8: a queue of none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_busy queue 0;
    }
--- refused
thread_ws_busy
0

=== TEST 9: a queue of some
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_busy queue some;
    }
--- refused
thread_ws_busy
some

=== TEST 10: a policy with a number that takes none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_busy reject 3;
    }
--- refused
thread_ws_busy

=== TEST 11: a pattern that is no regex
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_origins ~(;
    }
--- refused
thread_ws_origins
(

=== TEST 12: no origin at all
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_origins;
    }
--- refused
thread_ws_origins
invalid number of arguments

=== TEST 13: an origin that is none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_origins https://*;
    }
--- refused
thread_ws_origins
https://*

=== TEST 14: any and others
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_origins any https://a.example;
    }
--- refused
thread_ws_origins

=== TEST 15: a subprotocol that is no token
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_subprotocols "a b";
    }
--- refused
thread_ws_subprotocols
a b

=== TEST 16: parameters that are no JSON
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_parameters '{"a":';
    }
--- refused
thread_ws_parameters

=== TEST 17: parameters that are no object
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_parameters '[1]';
    }
--- refused
thread_ws_parameters
object

=== TEST 18: parameters from a file that is not there
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_parameters file:/nowhere/p.json;
    }
--- refused
thread_ws_parameters
/nowhere/p.json

=== TEST 19: a prompt from a file that is not there
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_system_prompt file:/nowhere/p.txt;
    }
--- refused
thread_ws_system_prompt
/nowhere/p.txt

=== TEST 20: a size that is none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_max_message_size big;
    }
--- refused
thread_ws_max_message_size
invalid value

=== TEST 21: a message size of zero
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_max_message_size 0;
    }
--- refused
thread_ws_max_message_size

=== TEST 22: a response size that is none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_max_response_size -1;
    }
--- refused
thread_ws_max_response_size
invalid value

=== TEST 23: a time that is none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_run_timeout soon;
    }
--- refused
thread_ws_run_timeout
invalid value

=== TEST 24: an interval that is none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_ping_interval often;
    }
--- refused
thread_ws_ping_interval

=== TEST 25: a context with a word it does not know
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_context days=3;
    }
--- refused
thread_ws_context
days=3

=== TEST 26: a context of so many runs
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_context runs=many;
    }
--- refused
thread_ws_context
runs=many

=== TEST 27: a store that is none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_store file;
    }
--- refused
thread_ws_store
"memory" or a PostgreSQL connection string

=== TEST 28: a store in a zone that is not there
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_store memory;
    }
--- refused
thread_ws_store
thread_ws_zone

=== TEST 29: a directive twice
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_dialect openai;
        thread_ws_dialect openai;
    }
--- refused
thread_ws_dialect
duplicate

=== TEST 30: a delay that is none
--- config
    location = /agent {
        thread_ws_demo_agent delay=long;
    }
--- refused
thread_ws_demo_agent
delay=long

=== TEST 31: an argument that the demo agent does not know
--- config
    location = /agent {
        thread_ws_demo_agent speed=1;
    }
--- refused
thread_ws_demo_agent
speed=1

=== TEST 32: a zone without a size
--- http_config
    thread_ws_zone threads;
--- config
--- refused
thread_ws_zone
threads

=== TEST 33: a zone that is too small
--- http_config
    thread_ws_zone threads:4k;
--- config
--- refused
thread_ws_zone
too small

=== TEST 34: two zones
--- http_config
    thread_ws_zone threads:1m;
    thread_ws_zone others:1m;
--- config
--- refused
thread_ws_zone
duplicate

=== TEST 35: every directive of an endpoint, in http, server and location
--- http_config
    thread_ws_dialect openai;
    thread_ws_model small;
    thread_ws_system_prompt "Be brief.";
    thread_ws_parameters '{"temperature":1}';
    thread_ws_client_parameters model=small|large temperature=..1;
    thread_ws_busy queue 3;
    thread_ws_events reasoning tools;
    thread_ws_reasoning_tags think;
    thread_ws_max_message_size 2m;
    thread_ws_max_response_size 8m;
    thread_ws_output_buffer 128k;
    thread_ws_send_timeout 30s;
    thread_ws_run_timeout 5m;
    thread_ws_gather 10ms;
    thread_ws_ping_interval 20s;
    thread_ws_pong_timeout 5s;
    thread_ws_origins any;
    thread_ws_subprotocols thread-ws v2;
    thread_ws_shutdown_spread 1s;
    thread_ws_store off;
    thread_ws_context runs=10 bytes=64k;
--- config
    thread_ws_busy reject;
    thread_ws_context bytes=32k;
    thread_ws_store connection;

    location = /chat {
        thread_ws_pass /agent;
        thread_ws_busy interrupt;
        thread_ws_gather auto;
        thread_ws_ping_interval off;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- agent
answer fine
--- chat
connect
    Origin: http://elsewhere.example
> message r1 Hello
< answer r1 fine
@ request {"model":"small","temperature":1}
@ messages [{"role":"system","content":"Be brief."},{"role":"user",
    "content":"Hello"}]

=== TEST 36: a parameter given twice
--- config
    thread_ws_context runs=5 runs=6;
--- refused
thread_ws_context
runs=6

=== TEST 37: a port that is none
--- config
    thread_ws_store "host=127.0.0.1 port=99999 dbname=x";
--- refused
thread_ws_store
invalid port

=== TEST 38: a collector whose name is unknown
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_trace http://no-such-host.invalid/v1/traces;
    }
--- refused
thread_ws_trace
host not found
nginx.conf:

=== TEST 39: a collector with a blank in its URL
--- config
    thread_ws_trace "http://127.0.0.1/v1 traces";
--- refused
thread_ws_trace
blank

=== TEST 40: a system prompt's file that is no text
--- config
    thread_ws_system_prompt file:/bin/sh;
--- refused
thread_ws_system_prompt
UTF-8

=== TEST 41: an agent where the endpoint is
--- config
    location = /chat {
        thread_ws_pass /agent;
        proxy_pass http://127.0.0.1:1;
    }
--- refused
/chat
another content handler
thread_ws

=== TEST 42: an event log that is no path
--- config
    thread_ws_event_log on;
--- refused
thread_ws_event_log
"on"

=== TEST 43: a file that is not there
--- config
    thread_ws_parameters file:no-such.json;
--- refused
thread_ws_parameters
no-such.json
No such file

=== TEST 44: no time where it is to be off: ping_interval
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_ping_interval 0;
    }
--- refused
thread_ws_ping_interval
must be greater than 0, or "off"

=== TEST 45: no time where it is to be off: pong_timeout
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_pong_timeout 0;
    }
--- refused
thread_ws_pong_timeout
must be greater than 0, or "off"

=== TEST 46: compact is on or off
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_compact maybe;
    }
--- refused
thread_ws_compact
"maybe"
nginx.conf:

=== TEST 47: a time to gather that is none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_gather 0;
    }
--- refused
thread_ws_gather
from 1ms on, not "0"
nginx.conf:

=== TEST 48: ... or a word it does not know
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_gather on;
    }
--- refused
thread_ws_gather
not "on"

=== TEST 49: a replay's location that is none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_replay replays;
    }
--- refused
thread_ws_replay
"replays"

=== TEST 50: a kind of events that there is not
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_events text thoughts;
    }
--- refused
thread_ws_events
thoughts

=== TEST 51: a kind of events twice
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_events tools tools;
    }
--- refused
thread_ws_events
"tools" beside another

=== TEST 52: a tag that is none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_reasoning_tags <think>;
    }
--- refused
thread_ws_reasoning_tags
<think>

=== TEST 53: a tag twice
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_reasoning_tags think think;
    }
--- refused
thread_ws_reasoning_tags
"think" beside another

=== TEST 54: tags and none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_reasoning_tags think;
        thread_ws_reasoning_tags off;
    }
--- refused
thread_ws_reasoning_tags
duplicate

=== TEST 55: more tags than there are
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_reasoning_tags a b c d e f g h i;
    }
--- refused
thread_ws_reasoning_tags
too many

=== TEST 56: a protocol that is not there
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_protocol thread-ws carrier-pigeon;
    }
--- refused
thread_ws_protocol
carrier-pigeon

=== TEST 57: a protocol twice
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_protocol thread-ws thread-ws;
    }
--- refused
thread_ws_protocol
"thread-ws" beside another

=== TEST 58: protocols twice
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_protocol thread-ws;
        thread_ws_protocol thread-ws;
    }
--- refused
thread_ws_protocol
duplicate

=== TEST 59: what thread_ws_resume does not take
--- http_config
    thread_ws_zone ws:1m;
    thread_ws_resume 1m keep=5m http_abort=off;
--- config
    location = /chat {
        thread_ws_pass /agent;
    }
--- refused
thread_ws_resume
and "http_abort=on", not "http_abort=off"

=== TEST 60: thread_ws_http is on or off
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_http sse;
    }
--- refused
thread_ws_http
it must be "on" or "off"

=== TEST 61: majors that a protocol's clients have
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_protocol thread-ws ai-sdk=7;
    }

    location = /other {
        thread_ws_pass /agent;
        thread_ws_protocol ai-sdk=8;
    }
--- refused
thread_ws_protocol
no protocol "ai-sdk=8"

=== TEST 62: a protocol without majors
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_protocol ag-ui=1;
    }
--- refused
thread_ws_protocol
no protocol "ag-ui=1"

=== TEST 63: an agent's threads in a location that is none
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_agent_threads threads;
    }
--- refused
thread_ws_agent_threads
"threads"
