package ThreadWS::Otlp;

# Reads an OTLP/HTTP JSON request as strictly as its encoding is specified:
# ids in lower-case hex, 64-bit integers as strings, enumerations as numbers,
# names in lowerCamelCase, nothing that is not known.  Dies with what is wrong.

use strict;
use warnings;

use B ();
use Cpanel::JSON::XS ();
use Time::HiRes qw(time);

my $JSON = Cpanel::JSON::XS->new->utf8;

# [name, check] of all that an object may hold; a name in capitals is optional

sub object {
    my ($what, $value, %fields) = @_;

    die "$what is no object\n" if ref $value ne 'HASH';

    for my $name (keys %$value) {
        my $check = $fields{$name} || $fields{"?$name"}
            or die "$what has a member $name\n";
        $check->("$what.$name", $value->{$name});
    }

    for my $name (grep { !/^\?/ } keys %fields) {
        die "$what has no $name\n" if !exists $value->{$name};
    }
}

sub list {
    my ($check) = @_;

    return sub {
        my ($what, $value) = @_;
        die "$what is no array\n" if ref $value ne 'ARRAY';
        $check->("$what\[$_]", $value->[$_]) for 0 .. $#$value;
    };
}

sub is_string {
    my ($value) = @_;
    return defined $value && !ref $value
        && B::svref_2object(\$value)->FLAGS & B::SVp_POK;
}

sub string {
    my ($what, $value) = @_;
    die "$what is no string\n" if !is_string($value);
}

sub number {
    my ($what, $value) = @_;
    die "$what is no number\n"
        if !defined $value || ref $value || is_string($value)
            || $value !~ /^\d+$/;
}

sub hex_id {
    my ($length) = @_;

    return sub {
        my ($what, $value) = @_;
        string($what, $value);
        die "$what is no id: $value\n"
            if $value !~ /^[0-9a-f]{$length}$/ || $value !~ /[^0]/;
    };
}

sub int64 {
    my ($what, $value) = @_;
    string($what, $value);
    die "$what is no integer: $value\n" if $value !~ /^(?:0|-?[1-9]\d*)$/;
}

sub nanoseconds {
    my ($what, $value) = @_;
    int64($what, $value);
    die "$what is not of today: $value\n" if abs($value / 1e9 - time) > 3600;
}

sub attribute_value {
    my ($what, $value) = @_;

    object($what, $value, '?stringValue' => \&string, '?intValue' => \&int64,
        '?arrayValue' => sub {
            object(@_, values => list(\&attribute_value));
        });
    die "$what has no single value\n" if keys %$value != 1;
}

sub attributes {
    my ($what, $value) = @_;

    list(sub { object(@_, key => \&string, value => \&attribute_value) })
        ->($what, $value);

    my %seen;
    for (@$value) { die "$what: twice $_->{key}\n" if $seen{$_->{key}}++ }
}

sub span {
    my ($what, $span) = @_;

    object($what, $span, traceId => hex_id(32), spanId => hex_id(16),
        '?parentSpanId' => hex_id(16), '?flags' => \&number,
        name => \&string, kind => \&number,
        startTimeUnixNano => \&nanoseconds, endTimeUnixNano => \&nanoseconds,
        '?attributes' => \&attributes,
        '?events' => list(sub {
            object(@_, timeUnixNano => \&nanoseconds, name => \&string,
                '?attributes' => \&attributes);
        }),
        '?status' => sub {
            object(@_, '?code' => \&number, '?message' => \&string);
        });

    die "$what: no name\n" if $span->{name} eq '';
    die "$what: kind $span->{kind}\n" if $span->{kind} !~ /^[1-5]$/;

    my ($start, $end) = @$span{qw(startTimeUnixNano endTimeUnixNano)};
    die "$what ends before it begins\n" if $end < $start;

    for my $event (@{ $span->{events} }) {
        my $time = $event->{timeUnixNano};
        die "$what: $event->{name} is not within it\n"
            if $time < $start || $time > $end;
    }
}

# all spans of a request

sub spans {
    my ($request) = @_;

    my %headers = %{ $request->{headers} };

    die "line: $request->{line}\n"
        if $request->{line} ne 'POST /v1/traces HTTP/1.1';
    die "type: $headers{'content-type'}[0]\n"
        if ($headers{'content-type'} || [''])->[0] ne 'application/json';
    die "it expects: $headers{expect}[0]\n" if $headers{expect};

    my $json = $JSON->decode($request->{body});
    my @spans;

    object('request', $json, resourceSpans => list(sub {
        object(@_, resource => sub { object(@_, attributes => \&attributes) },
            scopeSpans => list(sub {
                object(@_, scope => sub {
                    object(@_, name => \&string, version => \&string);
                }, spans => list(sub { span(@_); push @spans, $_[1] }));
            }));
    }));

    my %resource = plain($json->{resourceSpans}[0]{resource}{attributes});
    die "no service.name\n" if !$resource{'service.name'};
    die "no spans\n" if !@spans;

    return @spans;
}

# attributes as a plain hash

sub plain {
    my ($attributes) = @_;

    return map {
        my $value = $_->{value};
        $_->{key} => $value->{stringValue} // $value->{intValue}
            // [map { $_->{stringValue} } @{ $value->{arrayValue}{values} }];
    } @{ $attributes || [] };
}

1;
