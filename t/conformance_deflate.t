# RFC 7692 on thread_ws_echo: every combination of parameters, many messages in
# both directions, whole and in fragments, and what must be refused.

use strict;
use warnings;

use lib 't/lib';
use Test::More;

use ThreadWS::Conformance;

my $Messages = $Full ? 1000 : 12;

my @Sizes = (16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072);

my @Fragmented = ([8192, 256], [16384, 256], [32768, 256], [65536, 256],
    [131072, 256], [131072, 1024], [131072, 4096], [131072, 8192]);

serve();

echoes('/deflate', $_) for offers();
echoes('/small', $_) for 'permessage-deflate',
    'permessage-deflate; client_max_window_bits';

agreements();
declined();
broken();
oddities();

served();

sub offers {
    my @offers;

    for my $server_no ('', '; server_no_context_takeover') {
        for my $client_no ('', '; client_no_context_takeover') {
            for my $server_bits ('', map { "; server_max_window_bits=$_" }
                $Full ? 9 .. 15 : (9, 12, 15))
            {
                push @offers, "permessage-deflate$server_no$client_no"
                    . $server_bits . $_
                    for '; client_max_window_bits',
                        $Full ? '; client_max_window_bits=9' : ();
            }
        }
    }

    return (@offers, 'permessage-deflate',
        'permessage-deflate; client_max_window_bits=9',
        'permessage-deflate; client_max_window_bits=15',
        'x-other; a=b, permessage-deflate; server_max_window_bits=8, '
        . 'permessage-deflate; server_max_window_bits=10');
}

# as JSON compresses: words that come again, and numbers that do not

sub payload {
    my ($size, $i) = @_;

    our @Text;

    if (!@Text) {
        for my $n (0 .. 3) {
            my $text = '';
            $text .= sprintf '{"id": %d, "value": "%x", "on": true}, ',
                $n * 7919 + length $text, rand 2 ** 32
                while length $text < 140_000;
            $Text[$n] = $text;
        }
    }

    return substr $Text[$i & 3], $i % 8192, $size;
}

sub echoes {
    my ($path, $offer) = @_;

    for my $case ((map { [$_, 0] } @Sizes), @Fragmented) {
        my ($size, $fragment) = @$case;
        next if !$Full && $size > 16384 && $fragment;

        my $said = eval { echo($path, $offer, $size, $fragment); 1 } ? ''
            : $@;

        is($said, '', "$path, $offer: $Messages of $size bytes"
            . ($fragment ? ", in frames of $fragment" : ''));
    }
}

sub echo {
    my ($path, $offer, $size, $fragment) = @_;

    my $peer = ThreadWS::Peer->new($Loop, $ThreadWS::Conformance::Server->port,
        path => $path, deflate => $offer, client_bits =>
        $offer =~ /client_max_window_bits=(\d+)/ ? $1 : 15);

    die "not agreed\n" if !$peer->{agreed};

    for my $i (1 .. $Messages) {
        my $op = 1 + $i % 2;
        my $sent = payload($size, $i);

        $peer->send($peer->encode_message($op, $sent, $fragment));

        my $frame = $peer->read or die "the end after $i messages\n";
        die "message $i: " . quote($frame) . "\n"
            if $frame->{op} != $op || $frame->{payload} ne $sent;

        # short ones go as they are: min_length
        die "message $i is not compressed\n"
            if $frame->{rsv} != ($size < 64 ? 0 : 4);
    }

    $peer->send(closing(1000));
    my $frame = $peer->read or die "no close\n";
    die "closed with $frame->{code}\n" if $frame->{code} != 1000;
    die "more\n" if $peer->read;
    die "reset\n" if $peer->{stream}{reset};
}

# what the server says to an offer

sub agreements {
    my %answers = (
        'permessage-deflate' => qr/^permessage-deflate$/,
        'permessage-deflate; server_no_context_takeover'
            => qr/^permessage-deflate; server_no_context_takeover$/,
        'permessage-deflate; client_no_context_takeover'
            => qr/; client_no_context_takeover/,
        'permessage-deflate; server_max_window_bits=10'
            => qr/; server_max_window_bits=10$/,
        'permessage-deflate; server_max_window_bits="11"'
            => qr/; server_max_window_bits=11$/,
        'permessage-deflate; client_max_window_bits=10'
            => qr/; client_max_window_bits=10$/,
        'permessage-deflate; unknown, permessage-deflate'
            => qr/^permessage-deflate$/,
    );

    for my $offer (sort keys %answers) {
        my $peer = ThreadWS::Peer->new($Loop,
            $ThreadWS::Conformance::Server->port, path => '/deflate',
            deflate => $offer);
        like($peer->{agreed} // '', $answers{$offer}, $offer);
        $peer->drop;
    }
}

# without an agreement messages go as they are, and RSV1 is an error

sub declined {
    for my $offer ('permessage-deflate; server_max_window_bits=8',
        'permessage-deflate; server_max_window_bits=16',
        'permessage-deflate; server_max_window_bits',
        'permessage-deflate; server_no_context_takeover=1',
        'permessage-deflate; client_max_window_bits=7',
        'permessage-deflate; client_max_window_bits=010',
        'permessage-deflate; client_max_window_bits; '
            . 'client_max_window_bits', 'x-webkit-deflate-frame')
    {
        my $peer = ThreadWS::Peer->new($Loop,
            $ThreadWS::Conformance::Server->port, path => '/deflate',
            deflate => $offer);
        is($peer->{agreed}, undef, "declined: $offer");
        $peer->drop;

        case("$offer: plain", path => '/deflate', deflate => $offer,
            send => text('Hello'), back => [[1, 'Hello']]);
        case("$offer: RSV1", path => '/deflate', deflate => $offer,
            send => text('Hello', rsv => 4), close => 1002);
    }
}

# what no deflate stream is, and where RSV1 has no place

sub broken {
    my %deflate = (path => '/deflate', deflate => 'permessage-deflate');
    my $hello = "\xf2\x48\xcd\xc9\xc9\x07\x00";

    case('Hello', %deflate, send => text($hello, rsv => 4),
        back => [[1, 'Hello']]);
    case('Hello in two frames', %deflate, back => [[1, 'Hello']],
        send => [text(substr($hello, 0, 3), rsv => 4, fin => 0),
            cont(substr $hello, 3)]);
    case('Hello uncompressed', %deflate, send => text('Hello'),
        back => [[1, 'Hello']]);
    case('no deflate stream', %deflate, close => 1007,
        send => text("\xff\xff\xff\xff\xff", rsv => 4));
    case('a stored block that lies', %deflate, close => 1007,
        send => text("\x00\x05\x00\x00\x00Hello", rsv => 4));
    case('a cut stream', %deflate, close => 1007,
        send => text("\xf2\x48\xcd", rsv => 4));
    case('a reference before the window', %deflate, close => 1007,
        send => text("\x4b\x04\x23\x00", rsv => 4));
    case('inflated text that is no UTF-8', %deflate, close => 1007,
        send => text("\x00\x02\x00\xfd\xff\xc3\x28\x00", rsv => 4));
    case('RSV1 on a continuation', %deflate, close => 1002,
        send => [text('a', fin => 0), cont('b', rsv => 4)]);
    case('RSV1 on a ping', %deflate, close => 1002,
        send => ping('x', rsv => 4));
    case('RSV1 on a close', %deflate, close => 1002,
        send => closing(1000, '', rsv => 4));
}

# legal, though seldom seen

sub oddities {
    my %deflate = (path => '/deflate', deflate => 'permessage-deflate');

    case('a stored block', %deflate, back => [[1, 'Hello']],
        send => text("\x00\x05\x00\xfa\xffHello\x00", rsv => 4));
    case('a final block', %deflate, back => [[1, 'Hello']],
        send => text("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", rsv => 4));
    case('two blocks', %deflate, back => [[1, 'Hello']],
        send => text("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
            rsv => 4));
    case('an empty message', %deflate, back => [[1, '']],
        send => text("\x00", rsv => 4));
    case('empty frames around a message', %deflate, back => [[1, 'Hello']],
        send => [text('', rsv => 4, fin => 0), cont('', fin => 0),
            cont("\xf2\x48\xcd\xc9\xc9\x07\x00", fin => 0), cont('')]);
    case('a ping within a compressed message', %deflate,
        back => [[10, 'p'], [1, 'Hello']],
        send => [text("\xf2\x48\xcd", rsv => 4, fin => 0), ping('p'),
            cont("\xc9\xc9\x07\x00")]);
    case('the second refers to the first', %deflate,
        back => [[1, 'Hello'], [1, 'Hello']],
        send => [text("\xf2\x48\xcd\xc9\xc9\x07\x00", rsv => 4),
            text("\xf2\x00\x11\x00\x00", rsv => 4)]);
}
