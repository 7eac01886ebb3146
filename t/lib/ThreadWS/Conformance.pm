package ThreadWS::Conformance;

# What a conformance suite does with thread_ws_echo: sends bytes, whole or
# chopped, and holds each frame that comes back, the close frame and the end of
# the connection against what RFC 6455 asks for.

use strict;
use warnings;

use Exporter qw(import);
use Test::More ();

use ThreadWS::Loop;
use ThreadWS::Peer;
use ThreadWS::Server;

our @EXPORT = qw(serve served case quote frame text binary cont ping pong
    closing $Loop $Full);

# the larger variants: make test-conformance
our $Full = $ENV{THREAD_WS_FULL};

our $Loop = ThreadWS::Loop->new;
our $Server;

sub serve {
    my (%options) = @_;

    $Server = ThreadWS::Server->new($Loop, server => <<'CONFIG', %options);
        thread_ws_max_message_size 16m;
        location = /echo {
            thread_ws_echo;
        }
        location = /deflate {
            thread_ws_echo;
            thread_ws_deflate on;
        }
        location = /small {
            thread_ws_echo;
            thread_ws_deflate on window=9 context=off;
        }
CONFIG

    return $Server;
}

sub served {
    Test::More::is(join("\n", $Server->stop), '', 'the log is clean');
    Test::More::done_testing();
}

# frames to send

my $codec = bless {}, 'ThreadWS::Peer';

sub frame   { $codec->encode(@_) }
sub text    { frame(1, @_) }
sub binary  { frame(2, @_) }
sub cont    { frame(0, @_) }
sub ping    { frame(9, @_) }
sub pong    { frame(10, @_) }

sub closing {
    my ($code, $reason, @options) = @_;
    return frame(8, (defined $code ? pack('n', $code) : '') . ($reason // ''),
        @options);
}

# send: bytes; back: [op, payload] in order; close: the code with which the
# server closes by itself (without: the case does, with 1000); sent: the case's
# own close frame is among the bytes, this is the code that comes back ("" for
# none); after: bytes sent once a frame has come back; chop: bytes of a write.

sub case {
    my ($name, %case) = @_;

    my $peer = ThreadWS::Peer->new($Loop, $Server->port,
        path => $case{path} // '/echo', deflate => $case{deflate});
    my $said = eval { talk($peer, %case); 1 } ? '' : $@;

    $peer->drop;

    return Test::More::ok(1, $name) if $said eq '';

    Test::More::ok(0, $name);
    Test::More::diag($said);
    return 0;
}

sub talk {
    my ($peer, %case) = @_;

    my $bytes = ref $case{send} ? join '', @{ $case{send} } : $case{send};

    if ($case{chop}) {
        $peer->chop($bytes, $case{chop});

    } else {
        $peer->send($bytes);
    }

    expect($peer, @$_) for @{ $case{back} // [] };

    if (!defined $case{close} && !defined $case{sent}) {
        $peer->send(closing(1000));
    }

    my $code = $case{close} // $case{sent} // 1000;
    my $frame = $peer->read or die "no close frame\n";

    die 'a frame more: ' . quote($frame) . "\n" if $frame->{op} != 8;
    die 'closed with ' . ($frame->{code} // '') . ", not $code\n"
        if ($frame->{code} // '') ne $code;

    # a peer that is told to go answers in kind
    $peer->send(closing($code)) if defined $case{close} && !$case{silent};

    my $end = $peer->read;

    die 'after the close: ' . quote($end) . "\n" if $end;
    die "reset\n" if $peer->{stream}{reset};
    die "bytes left over\n" if length $peer->{stream}{in};
}

sub expect {
    my ($peer, $op, $payload) = @_;

    my $frame = $peer->read(60) or die "the end instead of a frame\n";

    # a message may come in frames
    while ($frame->{op} < 8 && !$frame->{fin}) {
        my $next = $peer->read or die "the end within a message\n";
        die "another frame within a message\n" if $next->{op};
        $frame->{payload} .= $next->{payload};
        $frame->{fin} = $next->{fin};
    }

    die 'got ' . quote($frame) . ', not '
        . quote({ op => $op, payload => $payload }) . "\n"
        if $frame->{op} != $op || $frame->{payload} ne $payload;
}

sub quote {
    my ($frame) = @_;

    my $payload = $frame->{payload};
    my $length = length $payload;

    $payload = substr $payload, 0, 60;
    $payload =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ge;

    return "opcode $frame->{op}, $length bytes: $payload";
}

1;
