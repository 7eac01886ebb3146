package ThreadWS::Observe;

# Steps for whoever watches: the event log, the metrics, the traces.  A third
# mock agent, "otlp", is the collector; it takes spans only as strictly as the
# specification words them.  Used after ThreadWS::Test.

use strict;
use warnings;

use Cwd ();

use ThreadWS::Agent;
use ThreadWS::Dialogue;
use ThreadWS::Names;
use ThreadWS::Steps::Load;
use ThreadWS::Steps::Observe;

our $Names;

sub import {
    my $collector = ThreadWS::Agent->new($ThreadWS::Test::Loop);

    $ThreadWS::Test::Agents{otlp} = $collector;
    $ENV{TEST_NGINX_OTLP_PORT} = $collector->port;
    $Names = ThreadWS::Names->new($ThreadWS::Test::Loop);
    $ENV{TEST_NGINX_NAMES_PORT} = $Names->port;
    $ENV{TEST_NGINX_CONF} = Cwd::abs_path('conf');

    push @ThreadWS::Dialogue::ISA, qw(ThreadWS::Steps::Observe
        ThreadWS::Steps::Load);
}

1;
