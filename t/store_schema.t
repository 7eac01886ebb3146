# conf/schema.sql: run again and by several at once, and with no more rights
# than its comment gives.

use strict;
use warnings;

use Test::More;

use ThreadWS::Postgres;

my $cluster = $ThreadWS::Postgres::Cluster;

sub gateway {
    my (@statements) = @_;
    return $cluster->run("$cluster->{bin}/psql", '-X', '-q', '-v',
        'ON_ERROR_STOP=1', '-d', $cluster->conninfo,
        map { ('-c', $_) } @statements);
}

my $append = "SELECT status FROM thread_ws.append('ann', 't', 1, 'r1', 'q', "
    . "'a', '', '', NULL, NULL, 1)";

ok(gateway($append), 'the gateway appends');
ok(gateway("SELECT * FROM thread_ws.load('ann', 't', '', 0, 10, 0)",
    "SELECT * FROM thread_ws.page('ann', 't', 0, 10, 0)"), 'and reads');

ok(!gateway("SELECT $_ FROM thread_ws.runs"), "it has no right to $_")
    for qw(content answer count(*));
ok(!gateway("SELECT * FROM thread_ws.threads"), 'nor to see who there is');
ok(!gateway("DELETE FROM thread_ws.threads"), 'nor to delete');

# again, by eight at once, with a gateway at work

my @pids;

for (1 .. 8) {
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        my $ok = eval { $cluster->load_schema; 1 };
        POSIX::_exit(!$ok);
    }

    push @pids, $pid;
}

my $worked = grep { gateway("SELECT * FROM thread_ws.load('ann', 't', '', 0, "
    . "10, 0)") } 1 .. 10;
my $good = grep { waitpid($_, 0) == $_ && $? == 0 } @pids;

is($good, 8, 'eight run the schema at once');
is($worked, 10, 'while the gateway works');
is(scalar $cluster->psql('SELECT count(*) FROM thread_ws.runs'), 1,
    'nothing is lost');
is(scalar $cluster->psql('SELECT max(version) FROM thread_ws.version'), 1,
    'its version is told');
ok(gateway("SELECT thread_ws.remove('ann', 't')"), 'grants stay');

# into an empty database, by eight at once

$cluster->psql('CREATE DATABASE other OWNER keeper', dbname => 'postgres');

my @others = map {
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        POSIX::_exit(!$cluster->run("$cluster->{bin}/psql", '-X', '-q', '-v',
            'ON_ERROR_STOP=1', '-d', $cluster->conninfo(user => 'keeper',
            host => $cluster->{dir}, dbname => 'other'),
            '-f', "$cluster->{dir}/schema.sql"));
    }

    $pid;
} 1 .. 8;

is(scalar(grep { waitpid($_, 0) == $_ && $? == 0 } @others), 8,
    'eight make it at once');

# a database of another encoding

$cluster->psql("CREATE DATABASE latin OWNER keeper ENCODING 'LATIN1' "
    . 'TEMPLATE template0', dbname => 'postgres');

ok(!$cluster->run("$cluster->{bin}/psql", '-X', '-q', '-v', 'ON_ERROR_STOP=1',
    '-d', $cluster->conninfo(user => 'keeper', host => $cluster->{dir},
    dbname => 'latin'), '-f', "$cluster->{dir}/schema.sql"),
    'none in a database that cannot hold every character');

done_testing();
