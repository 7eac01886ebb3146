# RFC 6455 on thread_ws_echo: lengths, pings, reserved bits and opcodes,
# fragments, closing.

use strict;
use warnings;

use lib 't/lib';
use Test::More;

use ThreadWS::Conformance;

serve();

lengths($_) for 'text', 'binary';
pings();
reserved_bits();
opcodes();
fragments();
closes();
close_codes();
after_close();

served();

# every boundary of the three forms of a length

sub lengths {
    my ($what) = @_;

    my ($op, $byte) = $what eq 'text' ? (1, '*') : (2, "\xfe");

    for my $length (0, 1, 125, 126, 127, 128, 65535, 65536, 65537) {
        my $payload = $byte x $length;
        my %case = (send => frame($op, $payload), back => [[$op, $payload]]);

        case("$what of $length bytes", %case);
        case("$what of $length bytes, in writes of 997", %case, chop => 997);
        case("$what of $length bytes, in single bytes", %case, chop => 1)
            if $length < 200;
    }
}

sub pings {
    my $all = join '', map { chr } 0 .. 124;

    for my $payload ('', 'Hello', "\x00\xff\xfe\xfd\xfc\xfb\x00\xff", $all) {
        my $length = length $payload;

        case("ping of $length bytes", send => ping($payload),
            back => [[10, $payload]]);
        case("ping of $length bytes, in single bytes", chop => 1,
            send => ping($payload), back => [[10, $payload]]);
    }

    case('ping of 126 bytes', send => ping('x' x 126), close => 1002);
    case('pong nobody asked for', send => pong(''));
    case('pong with a payload', send => pong('unsolicited'));
    case('pong, then ping', send => [pong('no'), ping('yes')],
        back => [[10, 'yes']]);

    my @ten = map { "payload-$_" } 0 .. 9;
    my %case = (send => [map { ping($_) } @ten],
        back => [map { [10, $_] } @ten]);

    case('ten pings', %case);
    case('ten pings, in single bytes', %case, chop => 1);
}

# each combination, on messages and control frames, after a message

sub reserved_bits {
    for my $rsv (1 .. 7) {
        for my $op (1, 2, 8, 9, 10) {
            for my $chop (undef, 1) {
                case("reserved bits $rsv, opcode $op" . ($chop ? ', slow' : ''),
                    send => [text('first'), frame($op, 'x', rsv => $rsv),
                        ping('')],
                    back => [[1, 'first']], close => 1002, chop => $chop);
            }
        }

        case("reserved bits $rsv on a continuation",
            send => [text('a', fin => 0), cont('b', rsv => $rsv)],
            close => 1002);
    }
}

sub opcodes {
    for my $op (3 .. 7, 11 .. 15) {
        case("opcode $op", send => frame($op, ''), close => 1002);
        case("opcode $op with a payload", send => frame($op, 'reserved'),
            close => 1002);

        for my $chop (undef, 1) {
            case("opcode $op after a message" . ($chop ? ', slow' : ''),
                send => [text('first'), frame($op, 'x'), ping('')],
                back => [[1, 'first']], close => 1002, chop => $chop);
        }
    }
}

sub fragments {
    case('a fragmented ping', close => 1002,
        send => [ping('a', fin => 0), cont('b')]);
    case('a fragmented pong', close => 1002,
        send => [pong('a', fin => 0), cont('b')]);

    my @two = (text('fragment1', fin => 0), cont('fragment2'));
    my @between = (text('fragment1', fin => 0), ping('ping'),
        cont('fragment2'));
    my $whole = [1, 'fragment1fragment2'];

    for my $chop (undef, 1) {
        my $how = $chop ? ', in single bytes' : '';

        case("two fragments$how", send => \@two, back => [$whole],
            chop => $chop);
        case("a ping between fragments$how", send => \@between,
            back => [[10, 'ping'], $whole], chop => $chop);

        for my $fin (0, 1) {
            case("a continuation of nothing, fin $fin$how", chop => $chop,
                send => [cont('non-continuation', fin => $fin), text('Hello')],
                close => 1002);
        }
    }

    case('a message too many in fragments', send => [@two,
        cont('fragment3', fin => 0), text('fragment4')],
        back => [$whole], close => 1002);
    case('continuations of nothing around a message',
        send => [cont('a', fin => 0), text('b', fin => 0), cont('c')],
        close => 1002);
    case('a message within a message',
        send => [text('a', fin => 0), text('b')], close => 1002);
    case('a binary message within a text',
        send => [text('a', fin => 0), binary('b')], close => 1002);

    my @five = (text('1', fin => 0), cont('2', fin => 0), ping('a'),
        cont('3', fin => 0), cont('4', fin => 0), ping('b'), cont('5'));

    for my $chop (undef, 1) {
        case('five fragments and two pings', send => \@five, chop => $chop,
            back => [[10, 'a'], [10, 'b'], [1, '12345']]);
    }

    case('empty fragments', send => [text('', fin => 0),
        (cont('', fin => 0)) x 50, cont('x', fin => 0), cont('')],
        back => [[1, 'x']]);
}

sub closes {
    case('a close', send => closing(1000), sent => 1000);
    case('a close without a payload', send => closing(), sent => '');
    case('a close with a reason', send => closing(1000, 'Hello'),
        sent => 1000);
    case('a close with the longest reason', sent => 1000,
        send => closing(1000, '*' x 123));
    case('a close of 126 bytes', send => closing(1000, '*' x 124),
        close => 1002, silent => 1);
    case('a close of one byte', send => frame(8, 'a'), sent => 1002);
    case('a close in single bytes', send => closing(3000, 'reason'), chop => 1,
        sent => 3000);
    case('a fragmented close', send => frame(8, "\x03\xe8", fin => 0),
        close => 1002, silent => 1);

    for my $reason ("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"
        . "\xed\xa0\x80\x65\x64\x69\x74\x65\x64", "\xff", "\xe2\x82")
    {
        case('a reason that is no UTF-8', send => closing(1000, $reason),
            sent => 1007);
    }

    case('a reason that is UTF-8', sent => 1000,
        send => closing(1000, "\xce\xba\xf0\x9f\x98\x80"));
}

sub close_codes {
    for my $code (1000 .. 1003, 1007 .. 1011, 3000, 3999, 4000, 4999) {
        case("close code $code", send => closing($code), sent => $code);
    }

    for my $code (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999,
        5000, 65535)
    {
        case("close code $code is none", send => closing($code), sent => 1002);
        case("close code $code is none, with a reason",
            send => closing($code, 'reason'), sent => 1002);
    }
}

# what follows a close frame is not answered, and does not spoil the end

sub after_close {
    case('two closes', send => [closing(1000), closing(1000)], sent => 1000);
    case('a ping after the close', send => [closing(1000), ping('x')],
        sent => 1000);
    case('a message after the close', send => [closing(1000), text('x')],
        sent => 1000);
    case('a close within a message', sent => 1000,
        send => [text('a', fin => 0), closing(1000), cont('b')]);

    my $large = 'BAsd7&jh23' x 26215;

    case('a large message, a close, a ping', sent => 1000,
        send => [text($large), closing(1000), ping('x')],
        back => [[1, $large]]);
    case('a close and a megabyte after it', sent => 1000,
        send => [closing(1000), binary('x' x 1048576)]) for 1 .. 5;
    case('a protocol error and a megabyte after it', close => 1002,
        send => [frame(3, ''), binary('x' x 1048576)]) for 1 .. 5;
    case('invalid text and a megabyte after it', close => 1007,
        send => [text("\xff"), binary('x' x 1048576)]) for 1 .. 5;
}
