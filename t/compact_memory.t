# What thread_ws_compact saves, and that a module it was not tried with switches
# it off: requests stay as they are, and the start says for which.

use strict;
use warnings;

use lib 't/lib';
use Cwd qw(abs_path);
use File::Temp ();
use Test::More;

use ThreadWS::Command;
use ThreadWS::Loop;
use ThreadWS::Peer;
use ThreadWS::Server;

my $Connections = 600;
my $Untold = $ENV{THREAD_WS_SANITIZER} || $ENV{TEST_NGINX_USE_VALGRIND};
my $Warning = qr/\[warn\].*"thread_ws_compact" is off.* (\S+)$/m;

my $Loop = ThreadWS::Loop->new;
my $Length = 0;
my @Headers;
my $Dir = File::Temp->newdir;
my $Module = module();

my ($Said, $Whole) = idle('', 'thread_ws_compact off;');

is($Said, '', 'off: nothing is said');
ok($Untold || $Whole > 7, sprintf 'requests stay: %.1f kB each', $Whole);

# whatever the head has: its memory is of the size, and no second piece is taken

for my $length (0, 300, 701, 1502) {
    $Length = $length;
    my ($said, $kb) = idle('', '');
    is($said, '', 'nginx\'s own modules: nothing is said');
    ok($Untold || $kb - $length / 1024 < 0.5 * $Whole,
        sprintf 'requests with %d bytes more are moved: %.1f kB each',
        $length, $kb);
}

$Length = 0;

# of names that most have there is one, whoever sends them

{
    my @names = qw(Accept Accept-Language Authorization Cache-Control Pragma
        User-Agent X-Forwarded-For X-Forwarded-Proto X-Real-IP);
    my %kb;

    for my $kind ('', 'x') {
        @Headers = map { "$_$kind: y" } @names;
        (undef, $kb{$kind}) = idle('', '');
    }

    @Headers = ();
    ok($Untold || $kb{x} - $kb{''} > 0.9 * 2 * length(join '', @names) / 1024,
        sprintf 'known headers: %.2f kB each, others: %.2f', @kb{'', 'x'});
}

{
    my ($said, $kb) = idle($Module, '');
    is($said, 'ngx_http_unknown_module',
        'an unknown module: its name is said, once');
    ok($Untold || $kb > 0.8 * $Whole,
        sprintf 'requests stay: %.1f kB each', $kb);
}
{
    my ($said, $kb) = idle($Module, 'thread_ws_compact on;');
    is($said, 'ngx_http_unknown_module', '... and overrules the directive');
    ok($Untold || $kb > 0.8 * $Whole,
        sprintf 'requests stay: %.1f kB each', $kb);
}
{
    my ($said) = idle($Module, 'thread_ws_compact off;', 1);
    is($said, '', '... but off is what was asked for');
}

done_testing();

# what the start said, and kB for each of many idle connections: the first ones
# pay for what all use

sub idle {
    my ($load, $directive, $connections) = @_;

    $connections //= $Connections;

    my $server = ThreadWS::Server->new($Loop, connections => 2048,
        main => $load, server => "
            location = /chat { thread_ws_pass /plain; $directive }
            location = /other { thread_ws_pass /plain; $directive }
            location = /plain { return 204; }");

    my @first = map { idler($server, "f$_") } 1 .. 100;
    answered(@first);
    my $before = $server->memory;

    my @more = map { idler($server, "m$_") } 1 .. $connections;
    answered(@more);
    my $grown = ($server->memory - $before) / $connections;

    # each ends as it should, whatever was kept of its request
    for my $peer ($first[0], $first[1], $more[-1]) {
        $peer->frame(8, pack 'n', 1000);
        is($peer->read->{op}, 8, 'a close is answered');
    }

    $_->drop for @first, @more;
    @first = @more = ();
    my $said = join ' ', $server->text('stderr') =~ /$Warning/g;
    is(join("\n", $server->stop), '', 'the log is clean');

    return ($said, $grown);
}

sub idler {
    my ($server, $thread) = @_;

    return ThreadWS::Peer->new($Loop, $server->port,
        path => "/chat?threadId=$thread",
        headers => ['X-Length: ' . 'x' x $Length, @Headers]);
}

# a ping is answered after the 101's own turn

sub answered {
    my (@peers) = @_;

    $_->frame(9, 'x') for @peers;
    $_->read for @peers;
}

# built as nginx itself would, with the headers of what is tested

sub module {
    my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
    my $tree = $nginx =~ m{^(.*)/objs/nginx$} ? $1 : 'build/nginx';
    my $file = "$Dir/ngx_http_unknown_module.so";

    my @include = map { "-I$tree/$_" } 'objs', map { "src/$_" }
        qw(core event event/modules event/quic os/unix http http/modules
           http/v2);

    my $said = ThreadWS::Command::said({ both => 1 }, 'cc', '-shared', '-fPIC',
        '-O', @include, '-o', $file, 't/module/ngx_http_unknown_module.c');
    die "no module: $said\n" if $?;
    chmod 0755, "$Dir";

    return 'load_module ' . abs_path($file) . ';';
}
