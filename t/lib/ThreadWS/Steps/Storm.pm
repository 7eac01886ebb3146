package ThreadWS::Steps::Storm;

# Many runs at once, and what is stored of them:
#
#   storm N NAME ... [same]   on each of the connections, all at once
#   ordered QUERY       its ids are each connection's in order
#   whole N             runs are in the history that was got

use strict;
use warnings;

use ThreadWS::Dialogue;

push @ThreadWS::Dialogue::ISA, __PACKAGE__;

# So many messages on each of the connections, all at once; with "same", they
# are of the same ids, and a run may be taken over or lost to the other.

sub do_storm {
    my ($self, $rest) = @_;

    my ($number, @names) = split ' ', $rest;
    my $same = $names[-1] eq 'same' ? pop @names : '';

    my %left = map { $_ => $number } @names;
    my %client = map { $_ => $self->opened($_) } @names;

    my $send = sub {
        my ($name) = @_;
        my $client = $client{$name};
        my $id = ($same || $name) . '-' . $left{$name};

        $client->{awaited} = $id;
        $client->frame('text', qq({"type":"message","requestId":"$id",)
            . qq("threadId":"$client->{thread}","content":"Hello"}));
    };

    $send->($_) for @names;

    while (grep { $left{$_} } @names) {
        $self->until(sub { grep { @{ $client{$_}{frames} } } @names },
            'the next frame');

        for my $name (@names) {
            my $client = $client{$name};

            while (my $frame = shift @{ $client->{frames} }) {
                my $text = $frame->{payload};

                next if $text =~ /^\{"type":"token"/;

                my $end = $same ? qr/final|cancelled|error/ : qr/final/;
                die "got: $text\n"
                    if $text !~ /^\{"type":"$end","requestId":"\Q$client->{awaited}"/
                    || ($text =~ /"error"/ && $text !~ /"SUPERSEDED"/);

                $send->($name) if --$left{$name} > 0;
            }
        }
    }

    $self->expect(1);
}

# Of a storm's runs each connection's are in the order in which they ended.

sub do_ordered {
    my ($self, $query) = @_;

    my (%last, @wrong);

    for my $id ($self->query($query)) {
        my ($name, $number) = $id =~ /(.*)-(\d+)$/;
        push @wrong, $id if $number >= ($last{$name} // 1e9);
        $last{$name} = $number;
    }

    $self->expect(!@wrong && %last, "@wrong");
}

# The history that was got has so many runs, in order and without a gap.

sub do_whole {
    my ($self, $number) = @_;

    my $client = $self->client('');
    $self->until(sub { $client->complete || $client->{stream}{eof} },
        'the whole body');

    my $n = 0;
    my @wrong = grep { $_->{seq} != 1 + int $n++ / 2 }
        @{ Cpanel::JSON::XS::decode_json($client->content)->{messages} };

    $self->expect(!@wrong && $n == 2 * $number, "$n messages");
}

1;
