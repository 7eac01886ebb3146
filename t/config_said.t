# What nginx says of a configuration at its start beyond the directive that is
# wrong: a warning, or a refusal of what only the whole shows.  Each names file and
# line.

use strict;
use warnings;

use File::Temp ();
use Test::More;

use ThreadWS::Command;

my $Dir = File::Temp->newdir;
mkdir "$Dir/logs";

# the lines of http {}, and what is said; "FILE" stands before the line of what
# begins with ">"

says('a cache and rates in the agent\'s location', '
    proxy_cache_path cache keys_zone=answers:1m;
    server {
        location = /chat {
>           thread_ws_pass /agent;
        }
        location = /agent {
            proxy_pass http://127.0.0.1:1;
            proxy_cache answers;
            limit_rate 1k;
            proxy_limit_rate 2k;
        }
    }',
    map { qr/\[warn\].*"\Q$_\E" in location "\/agent" has no effect on answers .*FILE/ }
        qw(limit_rate proxy_cache proxy_limit_rate));

says('what the whole server has', '
    limit_rate 1k;
    server {
        proxy_limit_rate 1k;
        location = /chat { thread_ws_pass /agent; }
        location = /agent { proxy_pass http://127.0.0.1:1; }
    }');

says('a location that is none of the agent\'s', '
    server {
        location = /chat { thread_ws_pass /agent; }
        location = /agent { proxy_pass http://127.0.0.1:1; }
        location /agent/ { limit_rate 1k; }
    }');

# which of these the URI comes to

for my $case (
    ['/a', 'location /a {', 1],
    ['/a', 'location = /b { } location /a {', 1],
    ['/a?b=c', 'location = /a {', 1],
    ['/a/b', 'location /a/ { location /a/b {', 1],
    ['/a/b', 'location /a/ { location = /a/b {', 1],
    ['/a/b', 'location /a/ { location = /a/b { } location /a/c {', 0],
    ['/a/b', 'location /a/b { } location /a/ {', 0],
    ['/a/b', 'location = /a/b { } location ~ b$ {', 0],
    ['/a/b', 'location /a/b { } location ~ b$ {', 1],
    ['/a/b', 'location ^~ /a/ { } location ~ b$ {', 0],
    ['/a/b', 'location ~ ^/a { } location ~ b$ {', 0],
    ['/a/b', 'location ~ ^/c { } location ~ b$ {', 1],
    ['/a/b', 'location /a/ { location = /a/b { } } location ~ b$ {', 0],
    ['/a/b', 'location ~ ^/a/ { location ~ b$ {', 1],
    ['/d', 'location /a { } location /c { } location /e { } location /d {', 1],
) {
    my ($uri, $locations, $found) = @$case;
    my $open = () = $locations =~ /\{/g;
    my $close = () = $locations =~ /\}/g;

    says("$uri and $locations", "
    server {
>       location = /chat { thread_ws_pass $uri; }
        $locations limit_rate 1k; @{[ '}' x ($open - $close) ]}
    }", $found ? qr/\[warn\].*"limit_rate" in location .*FILE/ : ());
}

for my $name ('$request_id', '${arg_heat}', '$HTTP_X_HEAT', '$heat') {
    says("$name in thread_ws_parameters", "
    server {
        set \$heat 1;
        location = /chat {
            thread_ws_pass /agent;
>           thread_ws_parameters '{\"user\":\"$name\"}';
        }
        location = /agent { proxy_pass http://127.0.0.1:1; }
    }", qr/\[warn\].*"thread_ws_parameters" takes no variables: "\$\w+" is taken .*FILE/);
}

says('what JSON has of the kind', '
    server {
        location = /chat {
            thread_ws_pass /agent;
            thread_ws_parameters \'{"$ref":"#/$defs/a$","$schema":"$","costs":"$5"}\';
        }
        location = /agent { proxy_pass http://127.0.0.1:1; }
    }');

says('a store without its memory', '
    server {
        location = /chat {
            thread_ws_pass /agent;
>           thread_ws_store memory;
        }
    }', qr/\[emerg\].*"thread_ws_store memory" needs shared memory.*FILE/);

says('two that serve one location', '
    server {
        location = /chat {
>           thread_ws_pass /agent;
            proxy_pass http://127.0.0.1:1;
        }
    }', qr/\[emerg\].*has another content handler beside one of thread_ws.*FILE/);

says('a history of a server that keeps none', '
    server {
        location = /history {
>           thread_ws_history /agent;
        }
    }', qr/\[emerg\].*"thread_ws_history \/agent" needs a dialect.*FILE/);

says('a history without a store', '
    server {
        location = /history {
>           thread_ws_history;
        }
    }', qr/\[warn\].*"thread_ws_history" will find no thread.*FILE/);

says('an agent\'s location that is not there', '
    server {
        location = /chat {
>           thread_ws_pass /agents?a=b;
        }
        location = /agent { proxy_pass http://127.0.0.1:1; }
    }', qr/\[warn\].*"thread_ws_pass \/agents\?a=b": the server has no location for it,.*FILE/);

says('one that is an endpoint', '
    server {
        location /chat {
>           thread_ws_pass /chat/agent;
        }
    }', qr/\[emerg\].*"thread_ws_pass \/chat\/agent" leads to location "\/chat",.*FILE/);

says('a replay\'s location that is not there', '
    server {
        location = /agent { proxy_pass http://127.0.0.1:1; }
        location = /chat {
            thread_ws_pass /agent;
>           thread_ws_replay /replay/$host;
        }
    }', qr/\[warn\].*"thread_ws_replay \/replay\/\$host": the server has no location.*FILE/,
    qr/\[warn\].*"thread_ws_replay" takes no variables: "\$host".*FILE/);

says('a location of an agent\'s threads that is not there', '
    server {
        location = /agent { proxy_pass http://127.0.0.1:1; }
        location = /threads { proxy_pass http://127.0.0.1:1; }
        location = /chat {
            thread_ws_pass /agent;
>           thread_ws_agent_threads /threads;
        }
    }', qr/\[warn\].*"thread_ws_agent_threads \/threads": the server has no location.*FILE/);

says('a subprotocol of a protocol that is not spoken', '
    thread_ws_subprotocols thread-ws.v2 mine;
    server {
        location = /chat {
>           thread_ws_pass /agent;
            thread_ws_protocol ai-sdk;
        }
        location = /agent { proxy_pass http://127.0.0.1:1; }
    }', qr/\[warn\].*"thread_ws_subprotocols" has "thread-ws.v2", which .*FILE/);

says('subprotocols that are spoken, and others', '
    thread_ws_protocol ag-ui ai-sdk;
    thread_ws_subprotocols ai-sdk.chat.v1 mine;
    server {
        location = /chat { thread_ws_pass /agent; }
        location = /agent { proxy_pass http://127.0.0.1:1; }
    }');

says('variables, captures and what an if has of them', '
    map $thread_ws_user $model { default small; }
    server {
        location ~ ^/chat/(?<id>[^/]+)/(.*)$ {
            thread_ws_pass /agent/$2;
            thread_ws_thread_id $id;
            thread_ws_user $http_x_user$arg_b$cookie_c;
            thread_ws_model $model;
            thread_ws_system_prompt "${thread_ws_http_x_name}, $1";
        }
        location /agent { proxy_pass http://127.0.0.1:1; }
    }');

# core refuses these, and does not say where they are

for my $line ('thread_ws_pass "/a/$nobody"', 'thread_ws_thread_id "a-${nobody}"',
    'thread_ws_user $nobody', 'thread_ws_model $nobody',
    'thread_ws_system_prompt "$host, $nobody"')
{
    my $pass = $line =~ /_pass/ ? '' : 'thread_ws_pass /agent;';
    my ($directive) = $line =~ /^(\w+)/;

    says($line, "
    server {
        location = /chat { $pass
>           $line;
        }
        location = /agent { proxy_pass http://127.0.0.1:1; }
    }", qr/\[warn\].*"$directive" has a variable "\$nobody" that .* in FILE/,
        qr/\[emerg\].*unknown "nobody" variable/);
}

# a line of an endpoint's location, and why nginx does not start with it

for my $case (
    ['thread_ws_thread_id ""', 'needs 1 to 128 characters'],
    ['thread_ws_thread_id "a b"', 'needs 1 to 128 characters'],
    ['thread_ws_thread_id ..', 'needs 1 to 128 characters'],
    ['thread_ws_user ""', 'takes who a user is'],
    ['thread_ws_user off', 'takes who a user is'],
    ['thread_ws_resume 1m keep=1m keep=2m', '"keep=2m" beside another'],
    ['thread_ws_resume 1m http_abort=on http_abort=on', '"http_abort=on" beside'],
    ['thread_ws_resume off keep=1m', 'invalid parameter "keep=1m"'],
    ['thread_ws_resume off off', 'invalid parameter "off"'],
    ['thread_ws_resume on', 'takes "off" or the time'],
    ['thread_ws_resume 1m off', 'takes "keep=".*not "off"'],
    ['thread_ws_events off', 'takes "text", .*, not "off"'],
    ['thread_ws_busy wait', 'takes "interrupt", "queue" or "reject", not "wait"'],
    ['thread_ws_busy queue 0', 'takes how many may wait .*, not "0"'],
    ['thread_ws_busy reject 3', 'takes nothing more .*, not "3"'],
    ['thread_ws_context 20', 'takes "runs=" .*, not "20"'],
    ['thread_ws_events tools all tools', '"tools" beside another'],
    ['thread_ws_reasoning_tags on', 'takes names, of which "on" is none'],
    ['thread_ws_reasoning_tags think off', 'takes names, of which "off" is none'],
    ['thread_ws_reasoning_history yes', 'it must be "on" or "off"'],
    ['thread_ws_keep_partial 1', 'it must be "on" or "off"'],
    ['thread_ws_http sse', 'it must be "on" or "off"'],
    ['thread_ws_protocol ai-sdk ai-sdk', '"ai-sdk" beside another'],
    ['thread_ws_protocol off', 'knows no protocol "off"'],
    ['thread_ws_subprotocols off', 'takes names, of which "off" is none'],
    ['thread_ws_subprotocols mine yours mine', '"mine" beside another'],
    ['thread_ws_client_parameters on', 'takes names, of which "on" is none'],
    ['thread_ws_client_parameters off model', 'takes names, of which "off" is none'],
    ['thread_ws_client_parameters stream=true', 'cannot leave "stream"'],
    ['thread_ws_origins https://*.', 'takes "same" or "any" alone'],
    ['thread_ws_origins https://*.:80', 'takes "same" or "any" alone'],
    ['thread_ws_event_log /dev/null/events', 'cannot open "/dev/null/events"'],
    ['thread_ws_trace http://127.0.0.1/ ratio=1 ratio=0', '"ratio=0" beside'],
    ['thread_ws_trace http://u:hidden@127.0.0.1/', 'takes no user and password'],
    ['thread_ws_trace ftp://u:hid/den@127.0.0.1:x/', 'takes no user and password'],
    ['thread_ws_store "host=127.0.0.1 connect_timeout=2s"',
        'invalid value of "connect_timeout"'],
) {
    my ($line, $why) = @$case;

    # before the agent's own, which is another line

    my $pass = $line =~ /_pass/ ? '' : 'thread_ws_pass /agent;';

    says($line, "
    thread_ws_zone ws:1m;
    server {
        location = /chat { $pass
>           $line;
        }
        location = /agent { proxy_pass http://127.0.0.1:1; }
    }", qr/\[emerg\].*$why.* in FILE/);
}

says('a zone without room for its parts', '
>   thread_ws_zone ws:64k;
    server {
        location = /chat { thread_ws_pass /agent; }
        location = /agent { proxy_pass http://127.0.0.1:1; }
    }', qr/\[emerg\].*thread_ws_zone "ws" is too small in FILE/);

done_testing();


sub says {
    my ($what, $http, @expected) = @_;

    my $load = join "\n", map { "load_module $_;" }
        split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';

    my @lines = split /\n/, "$load
pid $Dir/nginx.pid;
events { }
http {
    access_log off;
$http
}
";
    my ($line) = grep { $lines[$_ - 1] =~ /^>/ } 1 .. @lines;

    open my $out, '>', "$Dir/nginx.conf" or die "nginx.conf: $!\n";
    print $out map { s/^>/ /r . "\n" } @lines;
    close $out;

    my $said = ThreadWS::Command::said({ both => 1 },
        $ENV{TEST_NGINX_BINARY} || 'nginx', '-t', '-e', 'stderr', '-p', "$Dir/",
        '-c', "$Dir/nginx.conf");

    my @said = grep { /\[(?:warn|emerg|crit|alert)\]/ && !/optimal|"user" directive/ }
        split /\n/, $said;

    is(scalar @said, scalar @expected, "$what: so many lines")
        or diag($said);

    unlike($said, qr/hid/, "$what: no part of a password");

    for my $pattern (@expected) {
        my $text = $pattern =~ s/FILE/\Q$Dir\E\/nginx\\.conf:$line\$/r;
        ok((grep { /$text/ } @said), "$what: $text") or diag($said);
    }
}
