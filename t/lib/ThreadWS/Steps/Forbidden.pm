package ThreadWS::Steps::Forbidden;

# "forbidden N SEED": so many messages, each with something beside its text that
# is not allowed, malformed or far too large, by chance, among what is allowed.
# Each is refused by the name of what is wrong with it, and asks no agent.

use strict;
use warnings;

use JSON::PP ();
use Test::More ();

use ThreadWS::Chatter;
use ThreadWS::Dialogue;

push @ThreadWS::Dialogue::ISA, __PACKAGE__;

my $JSON = JSON::PP->new->utf8->canonical->allow_nonref;

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

# a message that is refused: what the error says of it, and its members

sub refused {
    return not_metadata() if rand() < 0.25;

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
        my ($says, $members) = refused();

        $self->until(sub { $chatter->{ready} }, 'the handshake');

        my $run = $chatter->{runs}{"f$k"} = { id => "f$k", text => '' };
        push @{ $chatter->{order} }, "f$k";
        $chatter->{open}++;

        my $peer = $chatter->{peer};
        $peer->send($peer->encode(1, qq({"type":"message","requestId":"f$k",)
            . qq("threadId":"t1","content":"forbidden",$members})));
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
