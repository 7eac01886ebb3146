# Large messages on thread_ws_echo: whole, in fragments, in chopped writes, and
# many small ones one after another.

use strict;
use warnings;

use lib 't/lib';
use Test::More;

use ThreadWS::Conformance;

my $K = 1024;
my $M = 1024 * $K;

serve();

case_of($_->[0] x $_->[1], $_->[2], 'whole')
    for map { ['*', $_, 1], ["\xfe", $_, 2] }
        64 * $K, 256 * $K, 1 * $M, 4 * $M, $Full ? (8 * $M) : (), 16 * $M;

for my $size ($Full ? (64, 256, $K, 4 * $K, 16 * $K, 64 * $K, 256 * $K, $M)
    : (64, 4 * $K, $M))
{
    case_of('*' x (4 * $M), 1, "frames of $size", size => $size);
    case_of("\xfe" x (4 * $M), 2, "frames of $size", size => $size) if $Full;
}

sixteen_megabytes_in_64();

for my $size ($Full ? (64, 128, 256, 512, $K, 2 * $K) : (256, 2 * $K)) {
    case_of('*' x $M, 1, "writes of $size", chop => $size);
}

case_of('*' x (64 * $K), 1, 'frames of 1300', size => 1300);
round_trips($_) for 0, 16, 64, 256, $K, 4 * $K;
too_large();

served();

sub in_frames {
    my ($op, $payload, $size) = @_;

    return frame($op, $payload) if !$size;

    my $rest = length $payload;
    my $middle = int($rest / $size) - 2;
    my $piece = substr $payload, 0, $size;

    # one mask for all: what is tested is not this client's speed
    my $first = frame($op, $piece, fin => 0);
    my $more = frame(0, $piece, fin => 0);
    my $last = frame(0, substr($payload, ($middle + 1) * $size));

    return $first . $more x $middle . $last;
}

sub case_of {
    my ($payload, $op, $how, %case) = @_;

    my $length = length $payload;
    my $size = delete $case{size};

    case("$length bytes, opcode $op, $how", %case, back => [[$op, $payload]],
        send => in_frames($op, $payload, $size));
}

# every frame is parsed and copied once, or a quarter of a million of them would
# not come back before the deadline

sub sixteen_megabytes_in_64 {
    for my $op (1, 2) {
        my $payload = ($op == 1 ? '*' : "\xfe") x (16 * $M);
        my $bytes = in_frames($op, $payload, 64);

        case("16 MB in frames of 64, opcode $op", send => $bytes,
            back => [[$op, $payload]]);
    }
}

sub round_trips {
    my ($length) = @_;

    my $peer = ThreadWS::Peer->new($Loop, $ThreadWS::Conformance::Server->port);
    my $ok = 0;

    for my $op (1, 2) {
        for my $i (1 .. ($Full ? 1000 : 100)) {
            my $payload = substr("$i " . '*' x $length, 0, $length);
            $peer->frame($op, $payload);
            my $frame = $peer->read or last;
            $ok++ if $frame->{op} == $op && $frame->{payload} eq $payload;
        }
    }

    is($ok, $Full ? 2000 : 200, "round trips of $length bytes");
    $peer->drop;
}

sub too_large {
    my $payload = '*' x (16 * $M + 1);

    case('a byte too much, whole', send => frame(2, $payload), close => 1009);
    case('a byte too much, in frames', close => 1009,
        send => in_frames(1, $payload, 64 * $K));
    case('a length that nobody has', close => 1009, silent => 1,
        send => "\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff1234");
    case('a length with its top bit set', close => 1002, silent => 1,
        send => "\x82\xff\x80\x00\x00\x00\x00\x00\x00\x001234");
    case('a length that is not in its shortest form', close => 1002,
        send => "\x82\xfe\x00\x7d" . "1234" . 'x' x 125);
    case('zeros that inflate beyond the limit', close => 1009,
        path => '/deflate', deflate => 'permessage-deflate',
        send => [bomb()]);
}

# 16 KB that inflate to 17 MB

sub bomb {
    my $out = '';
    my ($deflater) = Compress::Raw::Zlib::Deflate->new(-Level => 9,
        -WindowBits => -15, -AppendOutput => 1);

    $deflater->deflate("\0" x $M, $out) for 1 .. 17;
    $deflater->flush($out, Compress::Raw::Zlib::Z_SYNC_FLUSH());
    substr($out, -4) = '';

    return frame(2, $out, rsv => 4);
}
