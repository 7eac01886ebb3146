# thread_ws_echo, for conformance suites and probes.

use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: text and binary messages
--- config
    location = /echo {
        thread_ws_echo;
    }
--- target: /echo
--- chat
connect
> text Hello
< text Hello
> text {{ 'x' x 126 }}
< text {{ 'x' x 126 }}
> text {{ 'x' x 70000 }}
< text {{ 'x' x 70000 }}
> binary 00 ff 80 01
< binary 00 ff 80 01
> text
< text
> close 1000
< close 1000
< eof

=== TEST 2: fragments come back as one message
--- config
    location = /echo {
        thread_ws_echo;
    }
--- target: /echo
--- chat
connect
> frame fin=0 Hel
> frame type=ping x
> frame type=cont lo
< frame pong x
< text Hello

=== TEST 3: binary in, whatever it holds; text must be UTF-8
--- config
    location = /echo {
        thread_ws_echo;
    }
--- target: /echo
--- chat
connect
> binary c3 28
< binary c3 28
> hex 81 82 00 00 00 00 c3 28
< close 1007
< eof

=== TEST 4: a million bytes, and one more
--- config
    location = /echo {
        thread_ws_echo;
        thread_ws_max_message_size 1000000;
    }
--- target: /echo
--- chat
connect
> text {{ 'm' x 1000000 }}
< text {{ 'm' x 1000000 }}
> text {{ 'm' x 1000001 }}
< close 1009
< eof

=== TEST 5: a thousand messages without waiting
--- config
    location = /echo {
        thread_ws_echo;
    }
--- target: /echo
--- chat
connect
repeat 1000
> text message {{ $i }}
end
repeat 1000
< text message {{ $i }}
end

=== TEST 6: a client that reads nothing for a while loses nothing
--- config
    location = /echo {
        thread_ws_echo;
    }
--- target: /echo
--- chat
connect narrow
< HTTP 101
> pause
repeat 40
> text {{ $i . 'y' x 100000 }}
end
> resume
repeat 40
< text {{ $i . 'y' x 100000 }}
end
