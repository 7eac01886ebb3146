# The event log: each happening is one line of JSON.

use ThreadWS::Test;
use ThreadWS::Observe;

run_tests();

__DATA__

=== TEST 1: a conversation
--- chat_config
thread_ws_event_log logs/events.log;
thread_ws_user $arg_user;
--- chat
connect /chat?threadId=t1&user=alice
event connected {"threadId":"t1","user":"alice","client":"127.0.0.1"}
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a
@ delta b
@ finish stop
@ usage 7 2
@ done
@ end
< answer r1 ab
events r1 message first_token completed
event message {"requestId":"r1","user":"alice","bytes":5}
event first_token {"requestId":"r1","firstTokenMs":"*"}
event completed {"requestId":"r1","tokens":2,"inputTokens":7,"outputTokens":2,
    "latencyMs":"*","firstTokenMs":"*","status":200,"finishReason":"stop"}
> close 1000
< close 1000
event closed {"closeCode":1000,"runs":1,"messages":1,"tokens":2,
    "inputTokens":7,"outputTokens":2,"durationMs":"*","bytesIn":"*",
    "bytesOut":"*"}

=== TEST 2: cancelled, failed, refused, queued
--- chat_config
thread_ws_event_log logs/events.log;
thread_ws_busy queue 1;
--- chat
connect
> message r1 Hello
@ request
> message r2 next
> message r3 one too many
< error r3 BUSY
> text {
< error - INVALID_JSON
> cancel r1
< cancelled r1
@ closed
@ request
@ reply 500 text/plain broken
< error r2 UPSTREAM_FAILED
events r1 message cancelled
events r2 message queued failed
events r3 rejected
event cancelled {"requestId":"r1","cancelMs":"*","tokens":0}
event queued {"requestId":"r2","waiting":1}
event failed {"requestId":"r2","code":"UPSTREAM_FAILED","retryable":true,
    "status":500}
event rejected {"requestId":"r3","code":"BUSY"}
event rejected {"code":"INVALID_JSON"}
--- error_log
agent answered with status 500

=== TEST 3: a lost client comes back
--- chat_config
thread_ws_event_log logs/events.log;
--- chat
connect
> message r1 Hello
@ request
> drop
@ closed
event disconnected {"requestId":"r1"}
event closed {"threadId":"t1"}
connect
event reconnected {"threadId":"t1","awayMs":"*"}
> close 1000
< close 1000
event closed {"closeCode":1000}
connect
> message r2 again
@ request
@ answer fine
< answer r2 fine
event completed {"requestId":"r2"}
perl return 1 == grep { $_->{event} eq 'reconnected' } $self->event_lines;

=== TEST 4: texts of any kind
--- chat_config
thread_ws_event_log logs/events.log;
thread_ws_user $http_x_user;
--- chat
connect /chat?threadId=t1
    X-User: a"b\\c
event connected {"user":"a\"b\\\\c"}
connect b /chat?threadId=t2
    X-User: "Jürgen"
event connected {"user":"Jürgen"}
connect d /chat?threadId=t4
    X-User: {{ "\xc3\xbc" x 300 }}
event connected {"threadId":"t4","user":"/^ü{128}$/"}

=== TEST 5: off in one location, on around it
--- config
    thread_ws_event_log logs/events.log;
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_event_log off;
    }
    location = /on {
        thread_ws_pass /agent;
    }
    location = /agent {
        internal;
        return 429;
    }
--- chat
connect /chat?threadId=t1
> message r1 Hello
< error r1 RATE_LIMITED
> close 1000
< close 1000
connect /on?threadId=t2
> message r2 Hello
< error r2 RATE_LIMITED
event failed {"requestId":"r2","threadId":"t2","code":"RATE_LIMITED",
    "retryable":true}
events r2 message failed
perl return !grep { $_->{threadId} eq 't1' } $self->event_lines;
--- error_log
answered with status 429

=== TEST 6: it is opened anew
--- chat_config
thread_ws_event_log logs/events.log;
--- chat
connect
event connected {"threadId":"t1"}
perl rename "$self->{root}/logs/events.log", "$self->{root}/logs/old.log" or die;
signal USR1
perl $self->wait_for('the new log', sub { -e "$self->{root}/logs/events.log" });
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
event completed {"requestId":"r1"}
perl return !grep { $_->{event} eq 'connected' } $self->event_lines;

=== TEST 7: it is whole at exit
--- chat_config
thread_ws_event_log logs/events.log;
--- chat
connect
> message r1 Hello
@ request
@ answer fine
< answer r1 fine
signal QUIT
< close 1012
server gone
event closed {"closeCode":1012}
events r1 message first_token completed
perl return join(' ', map { $_->{event} } $self->event_lines)
    eq 'connected message first_token completed closed';

=== TEST 8: two logs of one name are one
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_event_log logs/events.log;
    }
    location = /other {
        thread_ws_pass /agent;
        thread_ws_event_log logs/events.log;
    }
    location = /agent {
        internal;
        return 403;
    }
--- chat
connect /chat?threadId=t1
< header Upgrade: websocket
connect b /other?threadId=t2
b> message r1 Hello
b< error r1 FORBIDDEN
event connected {"threadId":"t1"}
events r1 message failed
--- error_log
answered with status 403

=== TEST 9: the access log's file is none for events
--- config
    location = /chat {
        access_log logs/both.log combined buffer=4k;
        thread_ws_pass /agent;
        thread_ws_event_log logs/both.log;
    }
--- refused
both.log
buffered log already
