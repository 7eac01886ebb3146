# The twin by HTTP, and those who mean it no good: each has its answer, nothing of
# it reaches an agent, and the connection serves who comes next or is closed.

use ThreadWS::Test;

our $Main = q{
    thread_ws_zone ws:1m;
    thread_ws_store memory;
    thread_ws_resume 1m;
    thread_ws_http on;
};

# the same location in other protocols

our $Others = join('', map { qq{
    location ^~ /$_->[0] {
        thread_ws_pass /agent;
        thread_ws_protocol $_->[1];
        thread_ws_user \$owner;
        thread_ws_max_message_size 1k;
    }
} } [sdk => 'ai-sdk'], [agui => 'ag-ui']) . q{
    set $owner all;

    if ($cookie_user) {
        set $owner $cookie_user;
    }

    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
};

our @Paths = qw(sdk agui);
our @Bodies = (
    '{"id":"t1","messages":[{"id":"m1","role":"user","parts":[{"type":"text","text":"hello"}]}]}',
    '{"threadId":"t1","runId":"r1","messages":[{"id":"m1","role":"user","content":"hello"}]}',
);

my $json = 'Content-Type: application/json';

# the address, a header, the body, what it is answered with, one more header

our @Attacks = map {
    my ($path, $body, $id) = ($Paths[$_], $Bodies[$_], (qw(id threadId))[$_]);
    my $with = sub { $body =~ s/\}\z/,$_[0]}/r };
    my $for = sub { $body =~ s/"t1"/$_[0]/r };

    map { ["/$path" . shift @$_, @$_] } (
        (map { ['', $_, $body, 415, '/application\/json/'] }
            'Content-Type: text/plain', 'X-None: 1', "$json, text/plain",
            'Content-Type: application/x-www-form-urlencoded',
            'Content-Type: multipart/form-data; boundary=x',
            'Content-Type: text/plain; application/json'),
        ['', $json, $body, 415, '/json/', 'Content-Encoding: gzip'],
        (map { ['', $json, $body, 403, '/origin/', "Origin: $_"] }
            'null', 'https://evil.example', 'http://'),
        ['', $json, $with->('"x":"' . 'x' x 1000 . '"'), 413, '/too large/'],
        (map { ['', $json, $_, 400, '/JSON/'] }
            '', ' ', 'null', '[]', '"x"', 'x', "$body x", $body . $body,
            "[$body]", '{"a":' x 150, '[' x 900, $body =~ s/"hello"/'hello'/r,
            $body =~ s/\}\z//r, $with->('"x":tru'), $with->('"x":"\q"'),
            "\xef\xbb\xbf$body", "$body\0"),
        (map { ['', $json, $body =~ s/hello/$_/r, 400, '/UTF-8/'] }
            "\xe9", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82"),
        ['', $json, $body =~ s/hello/\\u0000/r, 400, '/U\+0000/'],
        ['', $json, $body =~ s/"hello"/7/r, 400, '/no text/'],
        ['', $json, $body =~ s/"m1"/"" /r, 400, '/id/'],
        ['', $json, $body =~ s/"user"/"system"/r, 400, '/last message/'],
        ['', $json, $body =~ s/\[.*\]/{}/r, 400, '/no message/'],
        (map { ['', $json, $for->($_), 400, '/1 to 128 characters/'] }
            '""', '"."', '".."', '"a/b"', '"a%2fb"', '"a\u0000b"', 'null',
            '1', '["t1"]', '"' . 'x' x 129 . '"'),
        (map { ["?threadId=$_", $json, $body, 400, '/threadId is missing or/'] }
            '', '.', '..', 'a/b', '%2e%2e', '%00', 'a%20b', 'x' x 129),
        ['?threadId=t2', $json, $body, 400, q{/threadId is not this request's/}],
        (map { ['', $json, $body, 400, '/Last-Event-ID/',
                "Last-Event-ID: $_"] }
            'x', '-1', '1e3', '9' x 24, '0x10', "\xff", '0 r2', '7 r"1', '5,6'),
    );
} 0, 1;

# those that the suite's client of HTTP/2 can say

our @Short = grep { length $_->[0] < 127 } @Attacks;

run_tests();

__DATA__

=== TEST 1: pages of other origins, by forms and by scripts
--- http_config eval: $::Main
--- chat
post
    Origin: https://evil.example
    -Content-Type
    Content-Type: application/x-www-form-urlencoded
    = {"requestId":"r1","content":"hello"}
< HTTP 403
< body /^\{"type":"error","message":"this origin is not allowed",.*"code":"FORBIDDEN"\}$/
post
    Origin: null
    = {"requestId":"r1","content":"hello"}
< HTTP 403
post
    Origin: https://evil.example
    = {"requestId":"r1","content":"hello"}
< HTTP 403
hear
    Origin: https://evil.example
< HTTP 403
delete /chat?threadId=t1&requestId=r1
    Origin: https://evil.example
< HTTP 403
@ requests 0

=== TEST 2: what a page may send without asking is no message, without an origin, too
--- http_config eval: $::Main
--- chat
post
    Content-Encoding: gzip
    = {"requestId":"r1","content":"hello"}
< HTTP 415
repeat 6
post
    -Content-Type
    +{{ ('Content-Type: text/plain', 'Content-Type: application/x-www-form-urlencoded',
        'Content-Type: multipart/form-data; boundary=x', 'X-None: 1',
        'Content-Type: application/jsonp', 'Content-Type: text/plain; application/json')[$i - 1] }}
    = {"requestId":"r1","content":"hello"}
< HTTP 415
< body /"code":"INVALID_MESSAGE"/
end
post
    -Content-Type
    +Content-Type: Application/JSON ; charset=utf-8
    = {"requestId":"r1","content":"hello"}
@ request
@ answer Hello
< answer r1 Hello
@ requests 1

=== TEST 3: a preflight tells who may ask, without cookies
--- http_config eval: $::Main
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_user $cookie_user;
        thread_ws_origins https://good.example;
        add_header Access-Control-Allow-Origin $http_origin always;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
connect
    OPTIONS /chat?threadId=t1 HTTP/1.1
    Origin: https://good.example
    Access-Control-Request-Method: POST
< HTTP 204
< header allow: GET, POST, DELETE, OPTIONS
connect
    OPTIONS /chat?threadId=t1 HTTP/1.1
    Origin: https://evil.example
    Access-Control-Request-Method: POST
< HTTP 403
post
    Origin: https://good.example
    = {"requestId":"r1","content":"hello"}
< HTTP 403
< header access-control-allow-origin: https://good.example
post
    Origin: https://good.example
    Cookie: user=ann
    = {"requestId":"r1","content":"hello"}
@ request
@ answer Hello
< answer r1 Hello

=== TEST 4: bodies that are too large, told or found out
--- http_config eval: $::Main
--- chat_config
    thread_ws_max_message_size 1k;
--- chat
post
    = {"requestId":"r1","content":"{{ 'x' x 2000 }}"}
< HTTP 413
< body /the message is too large/
post
    Transfer-Encoding: chunked
    = {{ sprintf("%x\r\n", 3000) . '{"requestId":"r1","content":"' . 'x' x 2900 }}
< HTTP 413
post
    Content-Length: 100000000000
< HTTP 413
post
    = {"requestId":"r1","content":"{{ 'x' x 900 }}"}
@ request
@ answer Hello
< answer r1 Hello
@ requests 1

=== TEST 5: a body that does not come, and one that comes byte by byte
--- http_config eval: $::Main
--- chat_config
    client_body_timeout 200ms;
--- chat
post
    Content-Length: 37
access /POST \S+ \S+" 408 /
@ requests 0
post slow
    Transfer-Encoding: chunked
    = {{ join '', (map { "1\r\n$_\r\n" } split //, '{"requestId":"r1","content":"hello"}'),
        "0\r\n\r\n" }}
perl $self->client('slow')->{runs}{r1} = { text => '' }
@ request
@ answer Hello
slow< answer r1 Hello

=== TEST 6: requests within requests
--- http_config eval: $::Main
--- chat
post
    Transfer-Encoding: chunked
    Content-Length: 6
    = {{ "0\r\n\r\nX" }}
< HTTP 400
post
    +Content-Length: 5
    +Content-Length: 6
< HTTP 400
post
    +Transfer-Encoding: chunked
    +Transfer-Encoding: identity
    = {{ "0\r\n\r\n" }}
< HTTP 400
post
    +Transfer-Encoding: xchunked
< HTTP 501
post
    Transfer-Encoding: chunked
    = {{ "zz\r\n\r\n" }}
< HTTP 400
post
    Transfer-Encoding: chunked
    = {{ "-1\r\n\r\n" }}
< HTTP 400
hear
    Content-Length: 45
    = {{ "GET /chat?threadId=t2 HTTP/1.1\r\nHost: x\r\n\r\n" }}
< idle -
@ requests 0

=== TEST 7: no GET, no HEAD and no other method changes anything
--- http_config eval: $::Main
--- chat
connect a
a> message r1 hello
@ request
@ head 200 text/event-stream
@ delta Hel
a< token r1 Hel
get /chat?threadId=t1&requestId=r9&content=hello&type=message
< HTTP 204
get /chat?threadId=t1&requestId=r9
    X-HTTP-Method-Override: POST
    Content-Type: application/json
    = {"requestId":"r9","content":"hello"}
< HTTP 204
repeat 3
connect
    {{ (qw(HEAD PUT PATCH))[$i - 1] }} /chat?threadId=t1&requestId=r1 HTTP/1.1
< HTTP 405
end
post
    = {"type":"cancel","requestId":"r1"}
< HTTP 400
post
    = {"type":"follow"}
< HTTP 400
@ delta lo
@ finish stop
@ done
@ end
a<* final r1 Hello
@ requests 1

=== TEST 8: threads and runs of others
--- http_config eval: $::Main
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_user $cookie_user;
    }
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
    }
--- chat
post ann
    Cookie: user=ann
    = {"requestId":"r1","content":"secret"}
@ request
@ head 200 text/event-stream
@ delta Hel
ann< token r1 Hel
hear /chat?threadId=t1&requestId=r1
    Cookie: user=bob
< HTTP 204
hear
    Cookie: user=bob
< idle -
delete /chat?threadId=t1&requestId=r1
    Cookie: user=bob
< HTTP 404
post
    Cookie: user=bob
    Last-Event-ID: {{ $self->client('ann')->{place} }}
    = {"requestId":"r1","content":"secret"}
@ request
@ messages [{"role":"user","content":"secret"}]
@ answer Mine
< answer r1 Mine
hear /chat?threadId=t1&requestId=r1
< HTTP 403
< body /"code":"FORBIDDEN"/
post
    = {"requestId":"r1","content":"secret"}
< HTTP 403
< body /"code":"FORBIDDEN"/
delete /chat?threadId=t1&requestId=r1
< HTTP 403
< body /"code":"FORBIDDEN"/
@ select 1
@ delta lo
@ finish stop
@ done
@ end
ann< token r1 lo
ann< final r1 Hello
@ requests 2

=== TEST 9: places where nobody has been, and names that are none
--- http_config eval: $::Main
--- chat
post
    = {"requestId":"r1","content":"hello"}
@ request
@ answer Hello
< answer r1 Hello
repeat 9
hear /chat?threadId=t1&requestId=r1
    Last-Event-ID: {{ ('x', '-1', '1e3', '999999999999999999999999', '99999999', '1',
        '0 r2', "\xff", '0x10')[$i - 1] }}
< HTTP 400
< body /Last-Event-ID/
end
hear
    Last-Event-ID: 7 r"1
< HTTP 400
post
    Last-Event-ID: nonsense
    = {"requestId":"r2","content":"hello"}
< HTTP 400
post
    Last-Event-ID: 99999999
    = {"requestId":"r1","content":"hello"}
< HTTP 400
repeat 4
hear {{ ('/chat', '/chat?threadId=a/b', '/chat?threadId=..',
    '/chat?threadId=' . 'x' x 129)[$i - 1] }}
< HTTP 400
end
repeat 3
hear /chat?threadId=t1&requestId={{ ('', '%00', 'x' x 129)[$i - 1] }}
< HTTP 400
end
@ requests 1

=== TEST 10: bodies that are no messages
--- http_config eval: $::Main
--- chat
repeat 12
post
    = {{ ('', 'x', '[]', '{}', 'null', '{"requestId":"r1"}', '{"requestId":"r1","content":""}',
        '{"requestId":"r1","content":"a","content":"b"}', '{"requestId":1,"content":"a"}',
        '{"requestId":"r1","content":"a","more":1}', '{"requestId":"r1","content":"\ud800"}',
        '{"requestId":"r1","content":"a"}{"requestId":"r2","content":"a"}')[$i - 1] }}
< HTTP 400
< header content-type: application/json
< body /^\{"type":"error",.*"code":"INVALID_(JSON|MESSAGE)"/
end
@ requests 0

=== TEST 11: what is refused in other protocols is told in words
--- http_config eval: $::Main
--- config eval: $::Others
--- chat
repeat {{ scalar @::Attacks }}
post {{ $::Attacks[$i - 1][0] }}
    -Content-Type
    +{{ $::Attacks[$i - 1][1] }}
    +{{ $::Attacks[$i - 1][5] // 'X-More: 1' }}
    = {{ $::Attacks[$i - 1][2] }}
< HTTP {{ $::Attacks[$i - 1][3] }}
< header content-type: text/plain
< body {{ $::Attacks[$i - 1][4] }}
end
@ requests 0

=== TEST 12: no GET changes anything there, and all is the owner's
--- http_config eval: $::Main
--- config eval: $::Others
--- chat
repeat 2
post ann {{ "/$::Paths[$i - 1]" }}
    Cookie: user=ann{{ $i }}
    = {{ $::Bodies[$i - 1] }}
@ request
@ head 200 text/event-stream
@ delta secret
ann< text /"(start|RUN_STARTED)"/
get {{ "/$::Paths[$i - 1]/t1/stream?requestId=r9&message=hello" }}
    X-HTTP-Method-Override: POST
    Content-Type: application/json
    = {{ $::Bodies[$i - 1] }}
< HTTP 204
get {{ "/$::Paths[$i - 1]/a%2ft1/stream" }}
    Cookie: user=ann{{ $i }}
< HTTP 400
get {{ "/$::Paths[$i - 1]/runs/r1?threadId=t1" }}
    Cookie: user=bob{{ $i }}
< HTTP 204
delete {{ "/$::Paths[$i - 1]/runs/r1?threadId=t1" }}
    Cookie: user=bob{{ $i }}
< HTTP 404
< body no such run is active
post bob {{ "/$::Paths[$i - 1]" }}
    Cookie: user=bob{{ $i }}
    = {{ $::Bodies[$i - 1] }}
@ request
@ messages [{"role":"user","content":"hello"}]
@ answer mine
bob< HTTP 200
@ select {{ 2 * $i - 1 }}
@ alive
end
@ requests 4

=== TEST 13: and by HTTP/2, as far as it can say such things
--- http_config eval
    "$::Main server { listen 127.0.0.1:\$TEST_NGINX_PROXIED_PORT http2; $::Others }"
--- chat
repeat {{ scalar @::Short }}
post http2 {{ $::Short[$i - 1][0] }}
    -Content-Type
    +{{ $::Short[$i - 1][1] }}
    +{{ $::Short[$i - 1][5] // 'X-More: 1' }}
    = {{ $::Short[$i - 1][2] }}
< HTTP {{ $::Short[$i - 1][3] }}
end
@ requests 0
