package ThreadWS::Steps::Postgres;

# The test's cluster, and what is in it:
#
#   postgres start | stop | kill | pause | resume
#   sql QUERY           the indented lines are its rows
#   soon QUERY          they are, after a while
#   hold QUERY          in a transaction that goes on until "release"
#
# RUNS in a query are the runs, each joined with its thread.
#
# A block leaves it running, and no transaction open, however it ends.

use strict;
use warnings;

use IO::Handle;

use ThreadWS::Command;
use ThreadWS::Dialogue;

push @ThreadWS::Dialogue::ISA, __PACKAGE__;

my %Method = (start => 'start', stop => 'stop', kill => 'kill9',
    pause => 'pause', resume => 'resume');

sub cluster { $ThreadWS::Postgres::Cluster }

sub query {
    my ($self, $text) = @_;

    $text =~ s/\bRUNS\b/thread_ws.runs JOIN thread_ws.threads USING (thread)/g;

    return $self->cluster->psql($text);
}

sub do_postgres {
    my ($self, $what) = @_;

    my $method = $Method{$what} or die "unknown: postgres $what\n";

    $self->at_end('postgres as it was', sub { $self->cluster->restore });
    $self->cluster->$method;
}

sub do_sql {
    my ($self, $query, @rows) = @_;

    my @got = $self->query($query);
    $self->expect("@got" eq "@rows", join "\n", @got);
}

# what is true soon: a run is in the database before its final, other things
# may come after

sub do_soon {
    my ($self, $query, @rows) = @_;

    my @got;
    $self->soon(sub {
        @got = $self->query($query);
        return "@got" eq "@rows";
    }, "@rows");
    $self->expect(1);
}

# A transaction of somebody else's, until "release".

sub do_hold {
    my ($self, $query) = @_;

    pipe my $in, my $out or die "no pipe: $!\n";

    $self->{holder} = { out => $out, pid => ThreadWS::Command::started(sub {
        close $out;
        open STDIN, '<&', $in;
    }, $self->cluster->psql_command) };

    close $in;
    $self->at_end('no transaction open', sub { $self->do_release });

    $out->autoflush(1);
    print $out "SET application_name = 'holder'; BEGIN;\n$query;\n";

    $self->do_soon("SELECT count(*) FROM pg_stat_activity WHERE "
        . "application_name = 'holder' AND state = 'idle in transaction'",
        1);
}

sub do_release {
    my ($self) = @_;

    my $holder = delete $self->{holder} or return;

    close $holder->{out};
    die "the transaction's client does not leave\n" if !defined
        ThreadWS::Command::ended($holder->{pid}, $ThreadWS::Command::Deadline);
}

1;
