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
    }", qr/\[warn\].*"thread_ws_parameters" takes no variables: "\$\w+" goes .*FILE/);
}

says('what JSON has of the kind', '
    server {
        location = /chat {
            thread_ws_pass /agent;
            thread_ws_parameters \'{"$ref":"#/$defs/a$","$schema":"$","costs":"$5"}\';
        }
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

    my @said = grep { /\[(?:warn|emerg)\]/ && !/optimal|"user" directive/ }
        split /\n/, $said;

    is(scalar @said, scalar @expected, "$what: so many lines")
        or diag($said);

    for my $pattern (@expected) {
        my $text = $pattern =~ s/FILE/\Q$Dir\E\/nginx\\.conf:$line\$/r;
        ok((grep { /$text/ } @said), "$what: $text") or diag($said);
    }
}
