# What a client says by parts: texts, images, files and audio, to what each
# dialect calls them; kept, shown, and refused by name where it cannot be said.

use ThreadWS::Test;

our $D = 'data:image/png;base64,aGk=';

our $Said = join '', map { s/\n\s*//gr } <<"JSON";
[{"type":"text","text":"What is \\"this\\""},
    {"type":"image","url":"https://example.com/a.png","mediaType":"image/png"},
    {"type":"image","url":"$D"},{"type":"text","text":"and é?"},
    {"type":"audio","url":"data:audio/mpeg;base64,aGkh"},
    {"type":"file","url":"data:application/pdf;base64,aGk=","filename":"a.pdf"}]
JSON

our $Https = '"url":"https://example.com/a"';

our @Bad = (
    ['[]', 'has no parts'],
    ['[1]', 'a list of objects'],
    ['[{"type":"video",' . $Https . '}]', 'type must be'],
    ['[{' . $Https . '}]', 'type must be'],
    ['[{"type":"text"}]', 'text must be'],
    ['[{"type":"text","text":""}]', 'text must be'],
    ['[{"type":"text","text":"a\u0000"}]', 'text must be'],
    ['[{"type":"text","text":"a","url":"b"}]', 'fields type and text'],
    ['[{"type":"image"}]', 'fields type, url'],
    ['[{"type":"image",' . $Https . ',"text":"a"}]', 'fields type, url'],
    ['[{"type":"image","url":"http://example.com/a"}]', 'url must begin'],
    ['[{"type":"image","url":"https://"}]', 'url must begin'],
    ['[{"type":"image","url":1}]', 'url must begin'],
    ['[{"type":"image","url":"https://a b/"}]', 'without spaces'],
    ['[{"type":"image","url":"https://' . 'a' x 8192 . '"}]', 'at most 8192'],
    ['[{"type":"image","url":"https://a/\u0001"}]', 'url must begin'],
    ['[{"type":"image","url":"data:image/png,hi"}]', 'must have base64'],
    ['[{"type":"image","url":"data:image/png;base64,"}]', 'must have base64'],
    ['[{"type":"image","url":"data:image/png;base64,aGk"}]', 'must have base64'],
    ['[{"type":"image","url":"data:image/png;base64,aG*="}]', 'must have base64'],
    ['[{"type":"image","url":"data:image/png;base64,a==="}]', 'must have base64'],
    ['[{"type":"image","url":"data:image;base64,aGk="}]', 'a media type'],
    ['[{"type":"image",' . $Https . ',"mediaType":"png"}]', 'mediaType must'],
    ['[{"type":"image",' . $Https . ',"mediaType":7}]', 'mediaType must'],
    ['[{"type":"image","url":"' . $D . '","mediaType":"image/gif"}]',
        'not that of the URL'],
    ['[{"type":"file",' . $Https . ',"filename":""}]', 'filename must'],
    ['[{"type":"file",' . $Https . ',"filename":"' . 'a' x 256 . '"}]',
        'filename must'],

    # openai's alone
    ['[{"type":"file",' . $Https . '}]', 'by data: alone'],
    ['[{"type":"audio",' . $Https . '}]', 'by data: alone'],
    ['[{"type":"audio","url":"data:audio/ogg;base64,aGk="}]', 'audio/wav and'],
);

our @Anthropic = (
    ['{"type":"audio","url":"data:audio/wav;base64,aGk="}', 'no audio'],
    ['{"type":"image","url":"data:image/bmp;base64,aGk="}', 'image/jpeg, '],
    ['{"type":"image","url":"data:;base64,aGk="}', 'image/jpeg, '],
    ['{"type":"file",' . $Https . ',"mediaType":"text/plain"}', 'application/pdf'],
    ['{"type":"file","url":"data:text/html;base64,aGk="}', 'application/pdf'],
    ['{"type":"file","url":"data:text/plain;base64,gIA="}', 'must be UTF-8'],
);

our $Http = <<'CONF';
thread_ws_zone test:1m;
thread_ws_store memory;
CONF

our $Config = <<'CONF';
location /chat {
    thread_ws_pass /agent;
    thread_ws_resume 1m;
}
location /agent {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
}
location ~ ^/history/(?<thread>.*)$ {
    thread_ws_history;
    thread_ws_thread_id $thread;
}
CONF

run_tests();

__DATA__

=== TEST 1: openai; what is kept, what others hear of it, what goes along later
--- http_config eval: $::Http
--- config eval: $::Config
--- chat
connect
connect b
b> follow
b< idle
> {"type":"message","requestId":"r1","threadId":"t1","metadata":{"a":"b"},
    "content":{{ $::Said }}}
@ request
@ messages [{"role":"user","content":[{"type":"text","text":"What is \"this\""},
    {"type":"image_url","image_url":{"url":"https://example.com/a.png"}},
    {"type":"image_url","image_url":{"url":"{{ $::D }}"}},
    {"type":"text","text":"and é?"},
    {"type":"input_audio","input_audio":{"data":"aGkh","format":"mp3"}},
    {"type":"file","file":{"filename":"a.pdf",
    "file_data":"data:application/pdf;base64,aGk="}}]}]
b< message r1
    metadata: {"a":"b"}
    content: {{ $::Said }}
@ answer A cat.
< answer r1 "A cat."
b<* final r1 "A cat."

# the same is the same, and something else is not

> {"type":"message","requestId":"r1","threadId":"t1",
    "content":[{"type":"text","text":"What is \"this\"and é?"}]}
< error r1 DUPLICATE_REQUEST

> {"type":"message","requestId":"r2","threadId":"t1",
    "content":[{"type":"image","url":"https://example.com/b.png"}]}
@ request
@ messages [{"role":"user","content":[{"type":"text","text":"What is \"this\""},
    {"type":"image_url","image_url":{"url":"https://example.com/a.png"}},
    {"type":"image_url","image_url":{"url":"{{ $::D }}"}},
    {"type":"text","text":"and é?"},
    {"type":"input_audio","input_audio":{"data":"aGkh","format":"mp3"}},
    {"type":"file","file":{"filename":"a.pdf",
    "file_data":"data:application/pdf;base64,aGk="}}]},
    {"role":"assistant","content":"A cat."},
    {"role":"user","content":[{"type":"image_url",
    "image_url":{"url":"https://example.com/b.png"}}]}]
@ answer A dog.
< answer r2 "A dog."

get /history/t1
< HTTP 200
< body /"content":"What is \\"this\\"and é\?",[^{]*"seq":1,
    "metadata":\{"a":"b"\},"parts":\[
    \{"type":"text","text":"What is \\"this\\""\},
    \{"mediaType":"image/png","type":"image","url":"https:[^"]*a.png"\},
    \{"type":"image","url":"data:image/png;base64,aGk="\},
    \{"type":"text","text":"and é\?"\},
    \{"type":"audio","url":"data:audio/mpeg;base64,aGkh"\},
    \{"filename":"a.pdf","type":"file","url":"[^"]*"\}\]\}/
get /history/t1
< body /"content":"",[^{]*"seq":2,"parts":\[
    \{"type":"image","url":"https:[^"]*b.png"\}\]\}/

=== TEST 2: anthropic
--- http_config eval: $::Http . 'thread_ws_dialect anthropic;'
--- config eval: $::Config
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":[
    {"type":"image","url":"https://example.com/a.png"},
    {"type":"image","url":"data:IMAGE/PNG;base64,aGk="},
    {"type":"file","url":"data:application/pdf;base64,aGk=","filename":"a.pdf"},
    {"type":"file","url":"data:text/plain;charset=utf-8;base64,w6k="},
    {"type":"file","url":"https://example.com/b.pdf"},
    {"type":"text","text":"Well?"}]}
@ request
@ messages [{"role":"user","content":[
    {"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},
    {"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}},
    {"type":"document","title":"a.pdf","source":{"type":"base64",
        "media_type":"application/pdf","data":"aGk="}},
    {"type":"document","source":{"type":"text","media_type":"text/plain","data":"é"}},
    {"type":"document","source":{"type":"url","url":"https://example.com/b.pdf"}},
    {"type":"text","text":"Well?"}]}]
@ head 200 text/event-stream
@ event {"type":"content_block_delta","index":0,
    "delta":{"type":"text_delta","text":"Good."}}
@ event {"type":"message_stop"}
@ end
<* final r1 "Good."
repeat 6
> {"type":"message","requestId":"w{{ $i }}","threadId":"t1",
    "content":[{"type":"text","text":"a"},{{ $::Anthropic[$i - 1][0] }}]}
< error w{{ $i }} INVALID_MESSAGE
    message: /^content: .*{{ $::Anthropic[$i - 1][1] }}/
end
@ requests 1

=== TEST 3: langgraph
--- http_config eval: $::Http . 'thread_ws_dialect langgraph;'
--- config eval: $::Config =~ s/location ~.*//sr
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":[
    {"type":"text","text":"See:"},{"type":"image","url":"{{ $::D }}"},
    {"type":"audio","url":"data:audio/wav;base64,aGk="},
    {"type":"file","url":"https://example.com/b","mediaType":"text/csv",
        "filename":"b.csv"},{"type":"file","url":"https://example.com/c"}]}
@ request {"input":{"messages":[{"role":"user","id":"r1","content":[
    {"type":"text","text":"See:"},
    {"type":"image_url","image_url":{"url":"{{ $::D }}"}},
    {"type":"audio","source_type":"base64","data":"aGk=","mime_type":"audio/wav"},
    {"type":"file","source_type":"url","url":"https://example.com/b",
        "mime_type":"text/csv","metadata":{"filename":"b.csv"}},
    {"type":"file","source_type":"url","url":"https://example.com/c"}]}]}}
@ head 200 text/event-stream
@ body "event: messages\ndata: [{\"type\":\"ai\",\"id\":\"b\",
    \"content\":\"Good.\"},{\"langgraph_checkpoint_ns\":\"n:2\"}]\n\n"
@ end
<* final r1 "Good."

=== TEST 4: what is none of it is refused by name, and nothing is kept of it
--- http_config eval: $::Http
--- config eval: $::Config
--- chat
connect
repeat 30
> {"type":"message","requestId":"w{{ $i }}","threadId":"t1","content":{{ $::Bad[$i - 1][0] }}}
< error w{{ $i }} INVALID_MESSAGE
    message: /^content.*{{ $::Bad[$i - 1][1] }}/
end
@ requests 0
get /history/t1
< HTTP 404

=== TEST 5: with results of tools; what an agent takes no more is said in words
--- http_config eval: $::Http
--- config
location /chat {
    thread_ws_pass /agent;
    thread_ws_events tools;
}
location /other {
    thread_ws_pass /agent;
    thread_ws_events tools;
    thread_ws_dialect anthropic;
}
location /agent {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
}
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":[
    {"type":"audio","url":"data:audio/wav;base64,aGk=","filename":"a.wav"}]}
@ request
@ head 200 text/event-stream
@ choice {"tool_calls":[{"index":0,"id":"a","function":{"name":"x",
    "arguments":"{}"}}]}
@ finish tool_calls
@ done
@ end
<* final r1 ""
connect b /other?threadId=t1
b> {"type":"message","requestId":"r2","threadId":"t1",
    "toolResults":[{"toolCallId":"a","output":"ok"}],
    "content":[{"type":"text","text":"so"},{"type":"image","url":"{{ $::D }}"}]}
@ request
@ messages [{"role":"user","content":[
    {"type":"text","text":"[audio a.wav, not shown]"}]},
    {"role":"assistant","content":[{"type":"tool_use","id":"a","name":"x",
    "input":{}}]},
    {"role":"user","content":[
    {"type":"tool_result","tool_use_id":"a","content":"ok"},
    {"type":"text","text":"so"},
    {"type":"image","source":{"type":"base64","media_type":"image/png",
    "data":"aGk="}}]}]
@ reply 200 text/event-stream "data: {\"type\":\"error\"}\n\n"
b< error r2
> {"type":"message","requestId":"r3","threadId":"t1",
    "toolResults":[{"toolCallId":"a","output":"ok"}],
    "content":[{"type":"text","text":"so"},{"type":"image","url":"{{ $::D }}"}]}
@ request
@ messages [{"role":"user","content":[{"type":"input_audio",
    "input_audio":{"data":"aGk=","format":"wav"}}]},
    {"role":"assistant","content":null,"tool_calls":[{"id":"a",
    "type":"function","function":{"name":"x","arguments":"{}"}}]},
    {"role":"tool","tool_call_id":"a","content":"ok"},
    {"role":"user","content":[{"type":"text","text":"so"},
    {"type":"image_url","image_url":{"url":"{{ $::D }}"}}]}]
@ answer Good.
< answer r3 Good.

=== TEST 6: they count by their bytes
--- http_config eval: $::Http
--- config
location /chat {
    thread_ws_pass /agent;
    thread_ws_context bytes=1k;
}
location /agent {
    internal;
    proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
}
--- chat
connect
> {"type":"message","requestId":"r1","threadId":"t1","content":[
    {"type":"image","url":"data:image/png;base64,{{ 'aGkh' x 100 }}"}]}
@ request
@ answer one
< answer r1 one
> message r2 two
@ request
@ messages [{"role":"user","content":[{"type":"image_url",
    "image_url":{"url":"data:image/png;base64,{{ 'aGkh' x 100 }}"}}]},
    {"role":"assistant","content":"one"},{"role":"user","content":"two"}]
@ answer two
< answer r2 two
> {"type":"message","requestId":"r3","threadId":"t1","content":[
    {"type":"image","url":"data:image/png;base64,{{ 'aGkh' x 250 }}"}]}
@ request
@ answer three
< answer r3 three
> message r4 four
@ request
@ messages [{"role":"user","content":"four"}]
@ answer four
< answer r4 four
