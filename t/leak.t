# What a worker leaves behind at its exit, as LeakSanitizer sees it: nothing, with
# a collector of traces that never answers, too.

use strict;
use warnings;

use lib 't/lib';
use File::Temp ();
use IO::Socket::INET;
use Test::More;

use ThreadWS::Chatter;
use ThreadWS::Loop;
use ThreadWS::Server;

plan(skip_all => 'needs a sanitizer') if !$ENV{THREAD_WS_SANITIZER};

my $Loop = ThreadWS::Loop->new;

# core never frees its tables of connections

my $Dir = File::Temp->newdir;
chmod 0755, "$Dir";
open my $Known, '>', "$Dir/known" or die "known: $!\n";
print $Known "leak:ngx_event_process_init\n";
close $Known;

# accepted by the kernel, and never read
my $Mute = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16)
    or die "cannot listen: $!\n";

for my $trace (0, 1) {
    my $what = $trace ? 'a collector that never answers' : 'no collector';

    my $server = ThreadWS::Server->new($Loop,
        limits => 'export ASAN_OPTIONS=detect_leaks=1'
            . " LSAN_OPTIONS=suppressions=$Dir/known",
        main => 'env LSAN_OPTIONS;',
        http => 'thread_ws_zone threads:4m;'
            . ($trace ? 'thread_ws_trace http://127.0.0.1:' . $Mute->sockport
                . '/v1/traces;' : ''),
        server => '
        location = /chat { thread_ws_pass /agent; thread_ws_store memory; }
        location = /agent { internal; thread_ws_demo_agent delay=0; }');

    my $chatter = ThreadWS::Chatter->new($Loop, port => $server->port,
        thread => 't1');

    $chatter->message('r1', 'Hello');
    $Loop->until(sub { $chatter->{finals} }, 'an answer');
    is(join("\n", @{ $chatter->{faults} }), '', "$what: answered");

    $chatter->drop;
    is(join("\n", $server->stop), '', "$what: nothing is left");
}

done_testing();
