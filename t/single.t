# master_process off, as debuggers like it: one process that is its own worker.

use strict;
use warnings;

use lib 't/lib';
use Test::More;

use ThreadWS::Chatter;
use ThreadWS::Loop;
use ThreadWS::Server;

my $Loop = ThreadWS::Loop->new;

my $Server = ThreadWS::Server->new($Loop, single => 1, workers => 0,
    http => 'thread_ws_zone threads:4m;', expected => qr/cannot change by/,
    server => '
    location = /chat { thread_ws_pass /agent; thread_ws_store memory; }
    location = /agent { internal; thread_ws_demo_agent delay=20ms; }');

my $Chatter = ThreadWS::Chatter->new($Loop, port => $Server->port,
    thread => 't1');

# what a run has in the zone is not unmapped under it

for my $zone ('threads:8m', 'others:4m') {
    my $id = "r$zone" =~ s{\W}{}r;

    $Chatter->message($id, 'one two three four five six seven');
    $Loop->until(sub { $Chatter->{runs}{$id}{tokens} }, 'a run that streams');

    $Server->{http} = "thread_ws_zone $zone;";
    reload(qr/"thread_ws_zone" cannot change by a reload/);

    $Loop->until(sub { $Chatter->{runs}{$id}{end} }, 'its end');
    is($Chatter->{runs}{$id}{end}{type}, 'final', "$zone: the run ends well");
}

is(join("\n", @{ $Chatter->{faults} }), '', 'properly');
$Chatter->drop;
is(join("\n", $Server->stop), '', 'the log is clean');

done_testing();

sub reload {
    my ($said) = @_;

    my $before = length $Server->text('error.log');

    $Server->configure;
    $Server->signal('HUP');
    $Loop->until(sub {
        substr($Server->text('error.log'), $before) =~ $said
    }, 'a word of the reload');
}
