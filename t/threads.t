# A user's threads: the list of them, titles, and all of them gone, with both
# stores that outlive connections.

use ThreadWS::Test;
use ThreadWS::Postgres;

# each has endpoints of its own, /1/ and /2/

our $Page;

add_block_preprocessor(sub {
    my ($block) = @_;

    return if defined $block->config;

    my $timeout = $block->name =~ /down/ ? '1s' : '$TEST_NGINX_PG_TIMEOUT';
    my @stores = ('memory', "\"\$TEST_NGINX_PG\" timeout=$timeout");

    $block->set_value('http_config', 'thread_ws_zone ws:4m;');
    $block->set_value('config', join '', <<'AGENT', map { <<"STORE" } 1, 2);
    thread_ws_user $http_x_user;
    thread_ws_ping_interval 200ms;

    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }
AGENT
    location = /$_/chat {
        thread_ws_pass /agent;
        thread_ws_store $stores[$_ - 1];
    }
    location = /$_/threads {
        thread_ws_threads;
        thread_ws_store $stores[$_ - 1];
    }
    location ~ ^/$_/threads/(?<thread>.*)\$ {
        thread_ws_threads;
        thread_ws_thread_id \$thread;
        thread_ws_store $stores[$_ - 1];
    }
STORE
});

run_tests();

__DATA__

=== TEST 1: listed with what they are called, the newest first, in pages
--- agent
answer fine
--- chat
repeat 2
get /{{ $i }}/threads
    X-User: ann
< HTTP 200
< header Content-Type: application/json
< header Cache-Control: no-store
< body /^\{"threads":\[\]\}$/
connect a /{{ $i }}/chat?threadId=1a
    X-User: ann
a> message r1 {{ "\xc3\xa4" x 100 }}
a< answer r1 fine
connect b /{{ $i }}/chat?threadId=1b
    X-User: ann
b> message r1 second
b< answer r1 fine
connect c /{{ $i }}/chat?threadId=1c
    X-User: eve
c> message r1 "of another"
c< answer r1 fine
a> message r2 again
a< answer r2 fine
get /{{ $i }}/threads
    X-User: ann
< body /^\{"threads":\[
    \{"threadId":"1a","title":"(\xc3\xa4){80}",
    "updatedAt":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","runs":2\},
    \{"threadId":"1b","title":"second","updatedAt":"[^"]*","runs":1\}\]\}$/
get /{{ $i }}/threads?limit=1
    X-User: ann
< body /^\{"threads":\[\{"threadId":"1a"[^}]*\}\],"before":"\d+-\d+"\}$/
perl return ($main::Page) = $self->client('')->{body} =~ /"before":"([^"]*)"/
get /{{ $i }}/threads?limit=1&before={{ $main::Page }}
    X-User: ann
< body /^\{"threads":\[\{"threadId":"1b"[^}]*\}\],"before":"\d+-\d+"\}$/
perl return ($main::Page) = $self->client('')->{body} =~ /"before":"([^"]*)"/
get /{{ $i }}/threads?limit=1&before={{ $main::Page }}
    X-User: ann
< body /^\{"threads":\[\]\}$/
get /{{ $i }}/threads
    X-User: eve
< body /^\{"threads":\[\{"threadId":"1c","title":"of another"[^}]*\}\]\}$/
connect d /{{ $i }}/chat?threadId=1d
    X-User: bob
d> {"type":"message","requestId":"r1","threadId":"1d","content":[{"type":"image",
    "url":"https://a.example/a.png"}]}
d< answer r1 fine
get /{{ $i }}/threads
    X-User: bob
< body /"threadId":"1d","title":"File"/
end

=== TEST 2: titles
--- agent
answer fine
--- chat
repeat 2
connect a /{{ $i }}/chat?threadId=2a
    X-User: bob
a> message r1 Hello
a< answer r1 fine
patch /{{ $i }}/threads?threadId=2a
    X-User: bob
    = {"title": "A title"}
< HTTP 204
get /{{ $i }}/threads
    X-User: bob
< body /"title":"A title","updatedAt"/
patch /{{ $i }}/threads/2a
    X-User: bob
    = {"title": "{{ 'x' x 234 }}\u00e4\ud83d\ude00"}
< HTTP 204
get /{{ $i }}/threads
    X-User: bob
< body /"title":"x{234}\xc3\xa4\xf0\x9f\x98\x80","updatedAt"/
a> message r2 Hello
a< answer r2 fine
get /{{ $i }}/threads
    X-User: bob
< body /"title":"x{234}\xc3\xa4\xf0\x9f\x98\x80","updatedAt":"[^"]*","runs":2\}/
patch /{{ $i }}/threads/2a
    X-User: bob
    = {"title": null}
< HTTP 204
get /{{ $i }}/threads
    X-User: bob
< body /"title":"Hello","updatedAt"/
patch /{{ $i }}/threads/2a
    X-User: eve
    = {"title": "mine"}
< HTTP 404
patch /{{ $i }}/threads/none
    X-User: bob
    = {"title": "none"}
< HTTP 404
patch /{{ $i }}/threads
    X-User: bob
    = {"title": "none"}
< HTTP 404
patch /{{ $i }}/threads/2a
    X-User: bob
    = {"title": "{{ 'a' x 241 }}"}
< HTTP 400
patch /{{ $i }}/threads/2a
    X-User: bob
    = {"title": "a", "owner": "eve"}
< HTTP 400
patch /{{ $i }}/threads/2a
    X-User: bob
    = {"title": 1}
< HTTP 400
patch /{{ $i }}/threads/2a
    X-User: bob
    = {"title" "a"}
< HTTP 400
patch /{{ $i }}/threads/2a
    X-User: bob
< HTTP 400
patch /{{ $i }}/threads/2a
    X-User: bob
    = {"title": "a"{{ ' ' x 9000 }}}
< HTTP 413
get /{{ $i }}/threads
    X-User: bob
< body /"title":"Hello","updatedAt"/
end

=== TEST 3: all of them gone, with their runs and connections, and nobody else's
--- chat
repeat 2
connect a /{{ $i }}/chat?threadId=3a
    X-User: carl
a> message r1 Hello
@ request
@ answer fine
a< answer r1 fine
connect d /{{ $i }}/chat?threadId=3a
    X-User: dora
d> message r1 Hello
@ request
@ answer fine
d< answer r1 fine
connect b /{{ $i }}/chat?threadId=3b
    X-User: carl
b> message r1 first
@ request
@ head 200 text/event-stream
@ delta one
b< token r1 one
a> message r2 Hello
@ request
@ head 200 text/event-stream
@ delta one
a< token r2 one
delete /{{ $i }}/threads
    X-User: carl
< HTTP 204
a< error r2 THREAD_DELETED
a< close 1008 the thread was deleted
b< error r1 THREAD_DELETED
b< close 1008 the thread was deleted
@ closed
@ open 0
get /{{ $i }}/threads
    X-User: carl
< body /^\{"threads":\[\]\}$/
d> message r2 Hello
@ request
@ answer fine
d< answer r2 fine
get /{{ $i }}/threads
    X-User: dora
< body /"threadId":"3a".*"runs":2\}\]/
connect e /{{ $i }}/chat?threadId=3a
    X-User: carl
e> message r1 new
@ request
@ messages [{"role":"user","content":"new"}]
@ answer fine
e< answer r1 fine
get /{{ $i }}/threads
    X-User: carl
< body /^\{"threads":\[\{"threadId":"3a","title":"new"[^}]*\}\]\}$/
delete /{{ $i }}/threads
    X-User: carl
< HTTP 204
e< close 1008 the thread was deleted
end

=== TEST 4: one of them, if it is named; a name that is none is not all of them
--- agent
answer fine
--- chat
repeat 2
connect a /{{ $i }}/chat?threadId=4a
    X-User: fred
a> message r1 Hello
a< answer r1 fine
connect b /{{ $i }}/chat?threadId=4b
    X-User: fred
b> message r1 Hello
b< answer r1 fine
delete /{{ $i }}/threads?threadId=4a
    X-User: fred
< HTTP 204
a< close 1008 the thread was deleted
delete /{{ $i }}/threads?threadId=4a
    X-User: fred
< HTTP 404
delete /{{ $i }}/threads?threadId=
    X-User: fred
< HTTP 404
delete /{{ $i }}/threads/{{ 'a' x 129 }}
    X-User: fred
< HTTP 404
b> pings 2
b< quiet
get /{{ $i }}/threads
    X-User: fred
< body /^\{"threads":\[\{"threadId":"4b"[^}]*\}\]\}$/
end

=== TEST 5: what is refused
--- chat
repeat 2
get /{{ $i }}/threads
< HTTP 403
log /"thread_ws_user" comes out empty or unfit/
delete /{{ $i }}/threads
< HTTP 403
get /{{ $i }}/threads?limit=0
    X-User: ann
< HTTP 400
get /{{ $i }}/threads?before=-
    X-User: ann
< HTTP 400
get /{{ $i }}/threads?before=1-x
    X-User: ann
< HTTP 400
get /{{ $i }}/threads?before=9999999999999999999-1
    X-User: ann
< HTTP 400
get /{{ $i }}/threads?before=999999999999999999-999999999999999999&limit=100000
    X-User: ann
< HTTP 200
end

=== TEST 6: a database that is down
--- chat
postgres stop
get /2/threads
    X-User: ann
< HTTP 503
< header Retry-After: 1

=== TEST 7: threads that nobody owns
--- config
    location = /threads {
        thread_ws_threads;
    }
--- refused
thread_ws_threads
thread_ws_user
