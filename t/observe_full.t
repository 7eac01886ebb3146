# Event logs that take nothing: a pipe whose reader stalls, a device and a disk
# that are full.  Lines are dropped and counted, no run is delayed.

use ThreadWS::Test;
use ThreadWS::Command;
use ThreadWS::Observe;

use File::Temp ();
use POSIX ();

our ($Dir, $Reader, $Text) = (File::Temp->newdir, undef, '');

$ENV{TEST_NGINX_EVENTS} = "$Dir/fifo";
POSIX::mkfifo($ENV{TEST_NGINX_EVENTS}, 0600) or die "no pipe: $!\n";

# a disk of 128 kB, where there may be one; it goes with the test

$ENV{TEST_NGINX_DISK} = "$Dir/disk";
mkdir $ENV{TEST_NGINX_DISK} or die "$!\n";
ThreadWS::Command::said({ both => 1 }, qw(mount -t tmpfs -o size=128k none),
    "$Dir/disk");
our $Disk = !$?;

END { ThreadWS::Command::said('umount', '-l', "$Dir/disk") if $Disk }

sub read_pipe {
    my $n = 1;
    $n = sysread $Reader, $Text, 65536, length $Text while $n;
    return $Text =~ tr/\n//;
}

sub whole {
    for (split /\n/, $_[0]) {
        eval { Cpanel::JSON::XS->new->utf8->decode($_) } or die "torn: $_\n";
    }

    return 1;
}

run_tests();

__DATA__

=== TEST 1: a reader that stalls
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /status { thread_ws_status; }
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_event_log $TEST_NGINX_EVENTS;
    }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/demo;
    }
    location = /demo { access_log off; thread_ws_demo_agent delay=0; }
--- chat
connect
messages 1000
metric thread_ws_event_log_dropped_total /^[1-9]\d+$/
metric gen_ai_server_time_to_first_token_seconds_bucket{
    gen_ai_operation_name="chat",gen_ai_provider_name="openai",le="+Inf"} 1000
perl return open $main::Reader, '+<', $ENV{TEST_NGINX_EVENTS};
perl $main::Reader->blocking(0);
perl ; my %m = $self->metrics;
    my $dropped = $m{thread_ws_event_log_dropped_total};
    return $self->wait_for('all lines', sub {
        main::read_pipe() + $dropped == 3001
    });
perl return main::whole($main::Text);
metric thread_ws_event_log_dropped_total /^[1-9]\d+$/
> message r1 Hello
<* final r1 /./
perl return $self->wait_for('a line', sub {
        main::read_pipe();
        $main::Text =~ /"completed".*"r1"/
    });
--- error_log
lines were dropped

=== TEST 2: a device that is full
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /status { thread_ws_status; }
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_event_log /dev/full;
    }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/demo;
    }
    location = /demo { access_log off; thread_ws_demo_agent delay=0; }
--- chat
connect
messages 300
metric thread_ws_event_log_dropped_total /^[1-9]\d+$/
metric thread_ws_runs_total{outcome="completed",code=""} 300
--- error_log
No space left on device

=== TEST 3: a disk that is full, and then is not
--- skip_eval: 4: !$main::Disk
--- http_config
thread_ws_zone chat:1m;
--- config
    location = /status { thread_ws_status; }
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_event_log $TEST_NGINX_DISK/events.log;
    }
    location = /agent {
        internal;
        access_log off;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/demo;
    }
    location = /demo { access_log off; thread_ws_demo_agent delay=0; }
--- chat
connect
messages 600
metric thread_ws_event_log_dropped_total /^[1-9]\d+$/
metric thread_ws_runs_total{outcome="completed",code=""} 600
perl ; my $log = "$ENV{TEST_NGINX_DISK}/events.log";
    truncate $log, 0;
    return $self->wait_for('room', sub { -s $log });
> message r1 Hello
<* final r1 /./
perl return $self->wait_for('the line', sub {
        open my $in, '<', "$ENV{TEST_NGINX_DISK}/events.log";
        grep { /"completed".*"r1"/ } <$in>
    });
perl ; open my $in, '<', "$ENV{TEST_NGINX_DISK}/events.log";
    my @lines = <$in>;
    shift @lines if $lines[0] eq "\n";
    return main::whole(join '', @lines);
--- error_log
takes no more

=== TEST 4: a device, over reloads
--- config
    location = /chat {
        thread_ws_pass /agent;
        thread_ws_event_log /dev/null;
    }
    location = /agent {
        internal;
        thread_ws_demo_agent delay=0;
    }
--- chat
repeat 3
reload
old worker gone
connect c{{ $i }}
c{{ $i }}> message r{{ $i }} Hello
c{{ $i }}<* final r{{ $i }} /./
c{{ $i }}> close 1000
c{{ $i }}< close 1000
end
