# Beside other modules, as far as they are loaded ("make test-modules" loads all
# that Debian packages): each does something with the endpoint's request, before
# it is moved and once the connection ends, and still finds what it looks for.

use strict;
use warnings;

use lib 't/lib';
use Test::More;

use ThreadWS::Chatter;
use ThreadWS::Loop;
use ThreadWS::Peer;
use ThreadWS::Server;

# module: what goes into http and into the endpoint's location, what else the
# access log has, and what it is

my @Uses = (
    {
        module => 'headers_more_filter',
        location => 'more_set_headers "X-More: $arg_threadId";
            more_set_input_headers "X-In: $http_x_one"
                "User-Agent: set" "X-Forwarded-For: 10.1.1.1";
            more_clear_input_headers "X-Two";',
        log => '$sent_http_x_more $http_x_in $http_user_agent '
            . '$http_x_forwarded_for $http_x_two',
        expected => 't1 first set 10.1.1.1 -',
    },
    {
        module => 'js',
        files => { 'm.js' => 'export default {
            early: r => r.headersIn["X-One"] + r.args.threadId,
            late: r => r.headersIn["X-Two"] + r.uri };' },
        http => 'js_path DIR; js_import m from m.js;
            js_set $js_early m.early; js_set $js_late m.late;',
        location => 'add_header X-Early $js_early always;',
        log => '$sent_http_x_early $js_late',
        expected => 'firstt1 second/js',
    },
    {
        module => 'lua',
        location => 'set_by_lua_block $by_lua { return ngx.var.arg_threadId }
            access_by_lua_block { ngx.ctx.seen = ngx.var.http_x_one }
            header_filter_by_lua_block { ngx.header["X-Lua"] = ngx.ctx.seen }
            log_by_lua_block { ngx.var.by_log = ngx.var.http_x_two
                .. ngx.var.uri .. tostring(ngx.req.get_headers()["x-one"]) }
            set $by_log "";',
        log => '$by_lua $sent_http_x_lua $by_log',
        expected => 't1 first second/luafirst',
    },
    {
        module => 'lua', name => 'lua-log',
        location => 'set $by_log "";
            log_by_lua_block { ngx.var.by_log = ngx.var.http_x_two
                .. tostring(ngx.req.get_headers()["x-one"]) }',
        log => '$by_log',
        expected => 'secondfirst',
    },
    {
        module => 'perl',
        http => q(perl_set $perl 'sub { my $r = shift;
            return $r->header_in("X-One") . $r->args; }';),
        log => '$perl $http_x_two',
        expected => 'firstthreadId=t1 second',
    },
    {
        module => 'perl', name => 'perl-early',
        http => q(perl_set $perl_early 'sub { my $r = shift;
            return $r->header_in("X-One") . $r->uri; }';),
        location => 'add_header X-Perl $perl_early always;',
        log => '$sent_http_x_perl $http_x_two',
        expected => 'first/perl-early second',
    },
    {
        module => 'set_misc',
        location => 'set_md5 $md5 $arg_threadId;
            set_unescape_uri $back $http_x_one;',
        log => '$md5 $back',
        expected => '83f1535f99ab0bf4e9d02dfd85d3e3f7 first',
    },
    {
        module => 'echo',
        log => '$echo_client_request_method $echo_request_uri $http_x_one',
        expected => 'GET /echo first',
    },
    {
        module => 'brotli_filter',
        location => 'brotli on; brotli_types *;', log => '$brotli_ratio $uri',
        expected => '- /brotli_filter',
    },
    {
        module => 'zstd_filter',
        location => 'zstd on; zstd_types *;', log => '$zstd_ratio $uri',
        expected => '- /zstd_filter',
    },
    {
        module => 'subs_filter',
        location => 'subs_filter_types *; subs_filter a b; sub_filter c d;',
        log => '$http_x_one',
        expected => 'first',
    },
    {
        module => 'uploadprogress',
        http => 'upload_progress uploads 1m;',
        log => '$http_x_one',
        expected => 'first',
    },
    {
        module => 'modsecurity',
        location => q(modsecurity on; modsecurity_rules '
            SecRuleEngine On
            SecRule REQUEST_HEADERS:X-One "evil" "id:1,phase:1,deny"';),
        log => '$http_x_one $http_x_two',
        expected => 'first second',
    },
    {
        module => 'image_filter',
        location => 'image_filter off;', log => '$http_x_one',
        expected => 'first',
    },
    {
        module => 'srcache_filter',
        location => 'srcache_fetch GET /miss; srcache_store PUT /miss;',
        log => '$srcache_fetch_status $http_x_one',
        expected => 'MISS first',
    },
    {
        module => 'cache_purge', log => '$http_x_one', expected => 'first',
    },
);

my $Modules = $ENV{TEST_NGINX_LOAD_MODULES} // '';
my @Loaded = grep { $Modules =~ /ngx_http_$_->{module}_module\.so/ } @Uses;

plan skip_all => 'no other module is loaded' if !@Loaded;

$_->{name} //= $_->{module} for @Loaded;

my $Loop = ThreadWS::Loop->new;
my $Dir = File::Temp->newdir;
chmod 0755, "$Dir";

my $Server = server();

is($Server->text('stderr') =~ /"thread_ws_compact" is off.*/ ? $& : '', '',
    'no module is unknown');

for my $use (@Loaded) {
    my $name = $use->{name};

    # idle at once; with a run in between; lost
    ends($use, "$name: idle", sub { ponged($_[0]) });
    ends($use, "$name: after a run", sub { ran($_[0]) });
    ends($use, "$name: lost", sub { ponged($_[0]); $_[0]->drop; 1 });
}

is(join("\n", $Server->stop), '', 'the log is clean');
done_testing();


sub server {
    my $http = '';
    my $server = '
        location = /agent { internal; access_log off;
            proxy_pass http://127.0.0.1:PORT/demo; }
        location = /demo { access_log off; thread_ws_demo_agent delay=0; }
        location = /miss { internal; return 404; }';

    for my $use (@Loaded) {
        my $name = $use->{name};

        for my $file (keys %{ $use->{files} // {} }) {
            open my $out, '>', "$Dir/$file" or die "$file: $!\n";
            print $out $use->{files}{$file};
            close $out;
        }

        $http .= "log_format $name '$name: $use->{log}.';\n"
            . ($use->{http} // '') . "\n";
        $server .= "
        location = /$name {
            access_log logs/access.log $name;
            thread_ws_pass /agent;
            " . ($use->{location} // '') . '
        }';
    }

    my $port = ThreadWS::Server::free_port();

    s/DIR/$Dir/g, s/PORT/$port/g for $http, $server;

    return ThreadWS::Server->new($Loop, port => $port, http => $http,
        server => $server);
}

# connects, does that, closes unless it is lost, and looks into the access log

sub ends {
    my ($use, $what, $do) = @_;

    my $lines = () = $Server->text('access.log') =~ /\n/g;
    my $peer = ThreadWS::Peer->new($Loop, $Server->port,
        path => "/$use->{name}?threadId=t1",
        headers => ['X-One: first', 'X-Two: second']);

    if (!$do->($peer)) {
        $peer->frame(8, pack 'n', 1000);
        is($peer->read->{op}, 8, "$what: a close is answered");
        $peer->drop;
    }

    $Loop->until(sub {
        $lines < (() = $Server->text('access.log') =~ /\n/g)
    }, "$what: a line of the access log");

    my ($line) = $Server->text('access.log') =~ /(.*)\n\z/;
    is($line, "$use->{name}: $use->{expected}.", $what);
}

sub ponged {
    my ($peer) = @_;

    $peer->frame(9, 'x');
    $peer->read;

    return 0;
}

sub ran {
    my ($peer) = @_;

    ponged($peer);
    $peer->frame(1, '{"type":"message","requestId":"r1","threadId":"t1",'
        . '"content":"Hello"}');
    1 while $peer->read->{payload} !~ /"type":"(?:final|error)"/;

    return 0;
}
