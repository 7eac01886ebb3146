# Filters of other modules have an agent's answer before a run takes it, with our
# module loaded after them, as Debian does it.  t/filters_first.t has it before
# them.

use ThreadWS::Modules last => qw(lua js subs_filter);
use ThreadWS::Test;

run_tests();

__DATA__

=== TEST 1: body_filter_by_lua
--- agent_config
body_filter_by_lua_block {
    ngx.arg[1] = ngx.arg[1]:gsub("secret", "hidden")
}
--- agent
answer a secret is a secret
--- chat
connect
> message r1 Hello
< answer r1 a hidden is a hidden
> message r2 again
< answer r2 a hidden is a hidden

=== TEST 2: what one has kept back comes with the answer's end
--- agent_config
body_filter_by_lua_block {
    ngx.ctx.kept = (ngx.ctx.kept or "") .. ngx.arg[1]
    ngx.arg[1] = nil

    if ngx.arg[2] then
        ngx.arg[1] = ngx.ctx.kept:gsub("secret", "hidden")
    end
}
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta a se
@ delta cret
> ping 1
< pong 1
@ finish stop
@ done
@ end
< answer r1 a secret
> message r2 again
@ request
@ head 200 text/event-stream
@ bytewise {{ 'data: {"choices":[{"delta":{"content":"a secret"},"index":0}]}' . "\n\n" }}
@ finish stop
@ end
< answer r2 a hidden

=== TEST 3: header_filter_by_lua, by its own status or by the exit
--- config
    location = /chat {
        thread_ws_pass /$arg_by;
    }
    location = /status {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        header_filter_by_lua_block { ngx.status = 403 }
    }
    location = /exit {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        header_filter_by_lua_block { return ngx.exit(403) }
    }
    location = /busy {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        header_filter_by_lua_block { ngx.status = 429 }
    }
--- chat
connect /chat?threadId=t1&by=status
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta no
< error r1 FORBIDDEN
@ closed
log /\[error\] .*agent location "\/status", URI "\/status", answered with status 403/
connect /chat?threadId=t1&by=exit
> message r2 Hello
@ request
@ head 200 text/event-stream
@ delta no
< error r2 FORBIDDEN
@ closed
connect /chat?threadId=t1&by=busy
> message r3 Hello
@ request
@ head 200 text/event-stream
@ delta no
< error r3 RATE_LIMITED
@ closed

=== TEST 4: a filter that fails ends the run, and nothing of it is said
--- agent_config
body_filter_by_lua_block { error("no filter today") }
--- error_log
no filter today
--- chat
connect
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta secret
< error r1 UPSTREAM_FAILED
@ closed

=== TEST 5: a header that one changes
--- agent_config
header_filter_by_lua_block {
    ngx.status = 200
    ngx.header.content_type = "text/event-stream"
}
--- chat
connect
> message r1 Hello
@ request
@ head 201 text/html
@ delta fine
@ finish stop
@ end
< answer r1 fine

=== TEST 6: js_body_filter
--- http_config
js_path "$TEST_NGINX_SERVER_ROOT/html";
js_import filter from filter.js;
--- agent_config
js_body_filter filter.redact;
--- user_files
>>> filter.js
function redact(r, data, flags) {
    r.sendBuffer(data.replace(/secret/g, 'hidden'), flags);
}
export default { redact };
--- agent
answer a secret is a secret
--- chat
connect
> message r1 Hello
< answer r1 a hidden is a hidden

=== TEST 7: subs_filter and sub_filter, one after the other
--- agent_config
subs_filter_types text/event-stream;
subs_filter secret hidden;
sub_filter_types text/event-stream;
sub_filter_once off;
sub_filter word WORD;
--- agent
answer a secret word, a secret
--- chat
connect
> message r1 Hello
< answer r1 a hidden WORD, a hidden

=== TEST 8: a slow client, behind each of them
--- http_config
js_path "$TEST_NGINX_SERVER_ROOT/html";
js_import filter from filter.js;
--- config
    location = /chat {
        thread_ws_output_buffer 4k;
        thread_ws_pass /$arg_by;
    }
    location = /lua {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        body_filter_by_lua_block { ngx.arg[1] = ngx.arg[1]:gsub("#", "@") }
    }
    location = /js {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        js_body_filter filter.redact;
    }
    location = /sub {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        sub_filter_types *;
        sub_filter_once off;
        sub_filter "#" "@";
    }
    location = /subs {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        subs_filter_types *;
        subs_filter "#" "@";
    }
--- user_files
>>> filter.js
function redact(r, data, flags) {
    r.sendBuffer(data.replace(/#/g, '@'), flags);
}
export default { redact };
--- chat
repeat 4
connect narrow /chat?threadId=t{{ $i }}&by={{ ('lua', 'js', 'sub', 'subs')[$i - 1] }}
> message r1 Hello
@ request
@ head 200 text/event-stream
@ delta one
< token r1 one
> pause
repeat 200
@ delta {{ "#$i" . 'x' x 9000 }}
end
@ blocked
connect other /chat?threadId=other
other< quiet
@ blocked
> resume
@ finish stop
@ done
@ end
< answer r1 {{ 'one' . join '', map { "\@$_" . 'x' x 9000 } 1 .. 200 }}
end
