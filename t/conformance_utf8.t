# RFC 6455 section 8.1 on thread_ws_echo: text is UTF-8, and fails at the first
# byte that cannot be.

use strict;
use warnings;

use lib 't/lib';
use Test::More;

use ThreadWS::Conformance;

my $greek = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";

serve();

empties();
valid($_) for valid_texts();
invalid($_) for invalid_texts();
fails_fast();

served();

sub empties {
    case('an empty text', send => text(''), back => [[1, '']]);
    case('three empty fragments', back => [[1, '']],
        send => [text('', fin => 0), cont('', fin => 0), cont('')]);
    case('empty fragments around one', back => [[1, 'middle']],
        send => [text('', fin => 0), cont('middle', fin => 0), cont('')]);
}

sub hex_of { join ' ', map { sprintf '%02x', ord } split //, $_[0] }

# a message in frames of one byte each

sub single {
    my ($text) = @_;

    my @bytes = split //, $text;
    my $n = $#bytes;

    return map { frame($_ ? 0 : 1, $bytes[$_], fin => $_ == $n) } 0 .. $n;
}

sub valid_texts {
    my @texts = ('Hello-' . "\xc2\xb5\xc3\x9f\xc3\xb6\xc3\xa4", $greek,
        "\x00", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xef\xbf\xbd", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf", "\xf0\x9f\x98\x80");

    # noncharacters are characters here
    for my $plane (0 .. 16) {
        for my $last (0xfffe, 0xffff) {
            my $text = chr($plane << 16 | $last);
            no warnings;
            utf8::encode($text);
            push @texts, $text;
        }
    }

    return @texts;
}

sub invalid_texts {
    return (
        # bytes that never begin anything, or have nothing to go on with
        (map { chr } 0x80, 0xbf, 0xc0, 0xc1, 0xf5, 0xf8, 0xfc, 0xfe, 0xff),
        "\x80\xbf\x80", "\xc2 ", "\xe1\x80 ", "\xf1\x80\x80 ",
        # more than a character may have
        "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80",
        # overlong
        "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xc1\xbf",
        "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xc0\x80",
        # surrogates, alone and in pairs
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xed\xa0\x80\xed\xb0\x80",
        # beyond the last character
        "\xf4\x90\x80\x80", "\xf7\xbf\xbf\xbf",
        # cut
        "\xc2", "\xe1\x80", "\xf1\x80\x80", "\xce\xba\xe1\xbd",
        "$greek\xed\xa0\x80edited",
    );
}

sub valid {
    my ($text) = @_;

    my $name = 'valid: ' . hex_of($text);

    case($name, send => text($text), back => [[1, $text]]);
    case("$name, a frame a byte", send => [single($text)],
        back => [[1, $text]]);
    case("$name, among others", send => text("abcdefgh$text" x 3),
        back => [[1, "abcdefgh$text" x 3]], chop => 5);
}

sub invalid {
    my ($text) = @_;

    my $name = 'invalid: ' . hex_of($text);

    case($name, send => text($text), close => 1007);
    case("$name, a frame a byte", send => [single($text)], close => 1007);
    case("$name, in single bytes", send => text("abcdefghi$text"), chop => 1,
        close => 1007);
    case("$name is binary", send => binary($text), back => [[2, $text]]);
}

# the close comes while the message, or even the frame, is not whole

sub fails_fast {
    my $bad = "\xf4\x90";

    case('a bad fragment of a message that has no end', close => 1007,
        send => [text($greek, fin => 0), cont($bad, fin => 0)]);
    case('a bad byte of a frame that has no end', close => 1007,
        send => substr(text("$greek$bad" . 'x' x 200), 0, 30), silent => 1);
    case('the same, in single bytes', close => 1007, chop => 1,
        send => substr(text("$greek$bad" . 'x' x 200), 0, 30), silent => 1);
    case('a character cut at the end of a message', close => 1007,
        send => [text($greek, fin => 0), cont("\xe1\xbd")]);
    case('a character over two fragments', back => [[1, "\xe2\x82\xac"]],
        send => [text("\xe2", fin => 0), cont("\x82\xac")]);
    case('a character over a ping', back => [[10, "\x82"], [1, "\xe2\x82\xac"]],
        send => [text("\xe2", fin => 0), ping("\x82"), cont("\x82\xac")]);
    case('a bad fragment of a compressed message', close => 1007,
        path => '/deflate', deflate => 'permessage-deflate',
        send => frame(1, "\x4a\xfc\x0f\x00\x00\x00\xff\xff", rsv => 4,
            fin => 0));
}
