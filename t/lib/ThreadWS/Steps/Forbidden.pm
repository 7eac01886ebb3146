package ThreadWS::Steps::Forbidden;

# "forbidden N SEED": so many messages, each with something beside its text that
# is not allowed, malformed or far too large, by chance, among what is allowed.
# Each is refused by the name of what is wrong with it, and asks no agent.

use strict;
use warnings;

use Cpanel::JSON::XS ();
use Test::More ();

use ThreadWS::Chatter;
use ThreadWS::Dialogue;

push @ThreadWS::Dialogue::ISA, __PACKAGE__;

my $JSON = Cpanel::JSON::XS->new->utf8->canonical->allow_nonref;

sub one { $_[rand @_] }

sub word { join '', map { chr(97 + rand 26) } 1 .. 1 + rand 12 }

# any JSON, as text

sub value {
    my ($depth) = @_;

    my $what = int rand($depth ? 8 : 6);

    return (sub { '"' . word() . '"' }, sub { int(rand 2000) - 1000 },
        sub { (rand() - 0.5) . '' }, sub { one(qw(true false null)) },
        sub { '"' . 'x' x (300 + rand 20_000) . '"' },
        sub { one(qw(1e308 -1e308 99999999999 -1 4097 1.5)) },
        sub { '[' . join(',', map { value($depth - 1) } 1 .. 1 + rand 3) . ']' },
        sub { '{' . join(',', map { qq("$_") . ':' . value($depth - 1) }
            unique(map { word() } 1 .. 1 + rand 3)) . '}' })[$what]->();
}

sub unique { my %seen; grep { !$seen{$_}++ } @_ }

# what parameters are allowed here: pairs of a name and a text

sub allowed {
    my @all = (['model', one('"small"', '"large"')], ['temperature',
        rand() . ''], ['max_tokens', int rand 4097], ['reasoning_effort',
        '"' . word() . '"'], ['config.configurable.tone', '"dry"']);

    return grep { rand() < 0.4 } @all;
}

# what is none: its name in quotes, as the error has it, and its JSON

sub not_allowed {
    my $what = int rand 9;

    if ($what == 0) {
        my $name = one(qw(messages stream stream_options tools top_p system n
            config input Model), word() . '_x');
        return ($name, qq("$name":) . value(2), 1);

    } elsif ($what == 1) {
        return ('model', '"model":' . one('"huge"', '"Small"', '""', '1', '[]',
            '{}', 'null', '{"model":"small"}', '"small "', '["small"]'));

    } elsif ($what == 2) {
        return ('temperature', '"temperature":' . one('1.01', '-0.01', '2',
            '"0.5"', 'null', 'true', '[0.5]', '1e308', '{}', '{"a":1}'));

    } elsif ($what == 3) {
        return ('max_tokens', '"max_tokens":' . one('4097', '-1', '1e15',
            '"1"', '9223372036854775807', 'null', '[]'));

    } elsif ($what == 4) {
        return ('reasoning_effort', '"reasoning_effort":' . one('null', '[]',
            '{}', '"' . 'x' x 257 . '"', '"' . 'x' x 100_000 . '"',
            '"a\u0000b"', '["low"]', '{"effort":"low"}'));

    } elsif ($what == 5) {
        my $inner = one(qw(thread_id checkpoint_id user tones), word() . '_x');
        return ("config.configurable.$inner", one(
            qq("config.configurable.$inner":1),
            qq("config":{"configurable":{"$inner":1}}),
            qq("config":{"configurable.$inner":"x"})));

    } elsif ($what == 6) {
        my $name = one(qw(temperature max_tokens model reasoning_effort));
        return ($name, qq("$name":) . one('1e999', '-1e999',
            '123456789012345678901234567890', '"\ud800"', '{"a":1,"a":2}'));

    } elsif ($what == 7) {
        my $long = 'y' x (65 + rand 50_000);
        return (substr($long, 0, 64) . '...', qq("$long":1));
    }

    my $name = one(qw(temperature reasoning_effort));
    return ($name, qq("$name":0.5,"$name":0.5));
}

# metadata, or what it replaces, as it cannot be

sub not_metadata {
    my $what = int rand 6;

    return (qr/^metadata must be/, '"metadata":' . one('[]', '1', '"x"', 'null',
        '{' . join(',', map { qq("m$_":"x") } 1 .. 17 + rand 2000) . '}'))
        if $what == 0;

    return (qr/^replaces must be/, '"replaces":' . one('1', 'null', '""', '[]',
        '{"r":1}', '"a\\u0000"', '"a\\"b"', '"' . 'x' x 129 . '"', '"\u00e9"'))
        if $what == 1;

    my $name = $what == 2 ? 'y' x (65 + rand 20_000) : word();
    my $value = $what == 2 ? '"x"' : one('1', 'null', 'true', '{"a":"b"}',
        '["a"]', '1e999', '"\ud800"', '"a\u0000"',
        '"' . 'x' x (1025 + rand 50_000) . '"');
    my $shown = length $name > 64 ? substr($name, 0, 64) . '...' : $name;
    my @others = map { qq("$_":"fine") } grep { $_ ne $name }
        unique(map { word() } 1 .. rand 5);

    splice @others, rand @others + 1, 0, qq("$name":$value);

    return (qr/^metadata: "\Q$shown\E" /,
        '"metadata":{' . join(',', @others) . '}');
}

# a list's items, among which one is none

sub among {
    my ($bad, $good) = @_;

    my @items = map { $good->() } 1 .. rand 4;
    splice @items, rand @items + 1, 0, $bad;

    return '[' . join(',', @items) . ']';
}

# what no jansson takes, wherever it stands

sub unread { one('1e999', '"\ud800"', '{"a":1,"a":2}', '9' x 400) }

# results of tools, and answers, that are none or that nobody waits for

sub not_results {
    my ($list, $id, $value, $open) = @_;

    my $n = 0;
    my $good = sub { '{"' . $id . '":"' . word() . $n++ . qq(","$value":)
        . value(2) . '}' };

    my $bad = one('null', '1', '"x"', '[]', '{}', '{"' . $id . '":"a"}',
        '{"' . $value . '":1}', map { qq({"$id":$_,"$value":1}) } '1', 'null',
        '""', '"a\\u0000"', '[]', '{"a":1}');

    return (qr/^\Q$list\E\b/, qq("$list":) . one('null', '{}', '"x"', '[]', '0',
        among($bad, $good),
        among(qq({"$id":"a","$value":1,") . word() . '_x":1}', $good),
        qq([{"$id":"a","$value":1},{"$id":"a","$value":2}]),
        among(qq({"$id":"a","$value":) . unread() . '}', $good)), 1)
        if rand() < 0.8;

    return ($open, qq("$list":) . among($good->(), $good), 1);
}

# parts that are none, or that this agent takes no more than any other

sub not_parts {
    my $good = sub { one('{"type":"text","text":"' . word() . '"}',
        '{"type":"image","url":"https://example.com/' . word() . '"}',
        '{"type":"file","filename":"' . word()
            . '","url":"data:text/plain;base64,' . 'aGkh' x rand(5000) . '"}') };

    my @bad = ('null', '1', '"text"', '[]', '{}', '{"type":"text"}',
        '{"type":"video","url":"https://example.com/"}', '{"type":"image"}',
        '{"type":"text","text":"a","' . word() . '":1}',
        '{"type":"image","url":"https://' . 'x' x (8192 + rand 9999) . '"}',
        '{"type":"file","url":"https://example.com/"}',
        '{"type":"audio","url":"data:audio/ogg;base64,aGkh"}',
        '{"type":"image","url":"data:image/png;base64,' . 'a' x 4001 . '"}',
        '{"type":"image","url":"https://a/","filename":"' . 'x' x 256 . '"}',
        (map { qq({"type":"text","text":$_}) } '1', 'null', '""', '"\u0000"',
            unread()),
        (map { qq({"type":"image","url":$_}) } '1', 'null', '""', '"ftp://a/"',
            '"http://a/"', '"data:,a"', '"https://a\u0007"', '"javascript:0"',
            '"file:///etc/passwd"'),
        map { qq({"type":"file","url":"data:;base64,aGk=","mediaType":$_}) }
            '1', '""', '"x"', '"a/b/c"', '"' . 'a/' . 'b' x 200 . '"');

    return (qr/^content\b/, '"content":' . (rand() < 0.1
        ? one('[]', '{}', 'null', '1', '""') : among(one(@bad), $good)), 1);
}

# a message that is refused: what the error says of it, its members, and whether
# they are all that it says

sub refused {
    my $what = rand;

    return not_parts() if $what < 0.2;
    return not_results('toolResults', 'toolCallId', 'output',
        qr/^toolResults: no call "[a-z]+\d+" is open$/) if $what < 0.3;
    return not_results('answers', 'interruptId', 'value',
        qr/^answers: this agent asks no questions$/) if $what < 0.4;
    return not_metadata() if $what < 0.55;

    my ($name, $json) = not_allowed();

    my ($first) = $json =~ /^"([^".]*)/;
    my @others = grep { $_->[0] !~ /^\Q$first\E(?:\.|$)/
        && $name !~ /^\Q$_->[0]\E/ } allowed();
    my @members = map { qq("$_->[0]":$_->[1]) } @others;

    splice @members, rand @members + 1, 0, $json;

    return (qr/^parameters: "\Q$name\E(?:[".])/,
        '"parameters":{' . join(',', @members) . '}');
}

sub do_forbidden {
    my ($self, $rest) = @_;

    my ($n, $seed) = split ' ', $rest;

    srand $seed;
    Test::More::note("seed $seed");

    my $chatter = ThreadWS::Chatter->new($self->{loop}, thread => 't1',
        port => $ENV{TEST_NGINX_SERVER_PORT});
    my @wrong;

    for my $k (1 .. $n) {
        my ($says, $members, $all) = refused();

        $members = qq("content":"forbidden",$members) if !$all;

        $self->until(sub { $chatter->{ready} }, 'the handshake');

        my $run = $chatter->{runs}{"f$k"} = { id => "f$k", text => '' };
        push @{ $chatter->{order} }, "f$k";
        $chatter->{open}++;

        my $peer = $chatter->{peer};
        $peer->send($peer->encode(1, qq({"type":"message","requestId":"f$k",)
            . qq("threadId":"t1",$members})));
        $self->until(sub { $run->{end} || $chatter->{closed} }, "error $k");

        die "the connection ended: " . substr($members, 0, 500) . "\n"
            if $chatter->{closed};

        my $error = $run->{end};

        push @wrong, "$k: " . $JSON->encode($error) . ' of '
            . substr $members, 0, 200
            if ($error->{code} // '') ne 'INVALID_MESSAGE'
            || $error->{retryable} || $error->{message} !~ $says;

        last if @wrong > 5;
    }

    push @wrong, @{ $chatter->{faults} };
    $chatter->drop;

    my $asked = @{ $self->{agents}{main}{requests} };
    push @wrong, "$asked requests reached the agent" if $asked;

    $self->expect(!@wrong, join "\n", @wrong);
}

1;
