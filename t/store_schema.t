# conf/schema.sql: run again and by several at once, over version 1's, and with
# no more rights than its comment gives; and what its functions do for operators.

use strict;
use warnings;

use Test::More;

use ThreadWS::Postgres;

my $cluster = $ThreadWS::Postgres::Cluster;

my $database = 'chat';

sub gateway {
    my (@statements) = @_;
    return $cluster->run("$cluster->{bin}/psql", '-X', '-q', '-A', '-t', '-v',
        'ON_ERROR_STOP=1', '-d', $cluster->conninfo(dbname => $database),
        map { ('-c', $_) } @statements);
}

sub keeper {
    my ($file) = @_;
    return $cluster->run("$cluster->{bin}/psql", '-X', '-q', '-v',
        'ON_ERROR_STOP=1', '-d', $cluster->conninfo(user => 'keeper',
        host => $cluster->{dir}, dbname => $database),
        '-f', $cluster->readable($file));
}

# the gateway's rows of one statement

sub told {
    my ($statement) = @_;
    gateway($statement) or return "failed: $cluster->{said}";
    return $cluster->{said} =~ s/\n\z//r;
}

sub admin { join "\n", $cluster->psql(@_, dbname => $database) }

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
is(told('SELECT thread_ws.installed()'), 2, 'its version is told');
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

# over version 1's, with a gateway of that version at work

$cluster->psql('CREATE DATABASE old OWNER keeper', dbname => 'postgres');
$database = 'old';

ok(keeper('t/samples/schema-1.sql'), "version 1's schema");
admin('GRANT USAGE ON SCHEMA thread_ws TO gateway',
    'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA thread_ws TO gateway', 'SELECT 1');

sub append {
    my ($id, $generation, $request) = @_;
    return told("SELECT status FROM thread_ws.append('ann', '$id', $generation, "
        . "'$request', 'question of $id', 'a', '', '', NULL, NULL, 1)");
}

is(append('t', 1, 'r1'), 'stored', 'a run of that time');
is(append('gone', 1, 'r1'), 'stored', 'another');
is(told("SELECT thread_ws.remove('ann', 'gone')"), 1, 'which is removed');

ok(keeper('conf/schema.sql'), 'this one over it');
ok(keeper('conf/schema.sql'), 'and again');

is(told('SELECT thread_ws.installed()'), 2,
    'the gateway may call what is new');
is(told("SELECT generation, seq, request_id FROM thread_ws.load('ann', 't', "
    . "'', 0, 10, 0)"), "1||\n1|1|r1", 'what there was is read as before');
is(append('t', 1, 'r2'), 'stored', 'a run of a gateway that goes on');
is(append('t', 1, 'r2'), 'duplicate', 'and the same once more');
is(append('gone', 1, 'r2'), 'removed', 'a removed thread is not revived');
is(append('gone', 2, 'r3'), 'stored', 'but begun anew');
is(told("SELECT thread_ws.remove('ann', 'gone')"), 1, 'and removed');
is(told("SELECT generation FROM thread_ws.load('ann', 'gone', '', 0, 1, 0)"), 3,
    'of which it is told');
is(append('gone', 3, 'r4'), 'stored', 'and goes on');
is(append('new', 1, 'r1'), 'stored', 'a new one');
is(append('new', 2, 'r2'), 'removed', 'one that it knows was removed');

# a gateway of this version: what it is told is to be asked with

sub known {
    my ($id, $known) = @_;
    return split /\|/, told('SELECT generation, found FROM thread_ws.load('
        . "'bob', '$id', $known, '', 0, 1, 0, '') WHERE seq IS NULL");
}

sub store {
    my ($id, $known, $request) = @_;
    return told("SELECT status FROM thread_ws.store('bob', '$id', $known, "
        . "'$request', 'q', 'a', '', '', NULL, NULL, 1, '', '', '')");
}

my ($nothing, $removed) = known('t', 0);

cmp_ok($nothing, '<', 0, 'no thread');
is($removed, 'f', 'is no removed one');
is(store('t', $nothing, 'r1'), 'stored', 'which is begun');
(my $first, $removed) = known('t', $nothing);
is($removed, 'f', 'who knew none is told of one');
is(told("SELECT thread_ws.remove('bob', 't')"), 1, 'it is removed');
is((known('t', $first))[1], 't', 'who knew it is told');
is((known('t', $nothing))[1], 't', 'who knew none, too');
is(store('t', $_, 'r2'), 'removed', 'nor revives it') for $first, $nothing;

my ($since) = known('t', 0);

is(store('t', $since, 'r2'), 'stored', 'who came later begins it anew');
is((known('t', $_))[1], 't', 'and those before are still told')
    for $first, $nothing;
is((known('t', $since))[1], 'f', 'who came later is not');
admin("DELETE FROM thread_ws.threads WHERE owner = 'bob'", 'SELECT 1');
is((known('t', $since))[1], 'f', 'who has seen none misses none');
is(store('t', $first, 'r1'), 'removed', 'who has, does');

# what a message and an answer have beside their texts

my ($asked, $parts) = ('{"metadata":{"a":"\\u0000"}}', '{"parts": [1e2,"x"]}');

is(told("SELECT status FROM thread_ws.store('eve', 't', 0, 'r1', 'q', 'a', '', "
    . "'', NULL, NULL, 1, '$asked', '$parts', '')"), 'stored', 'more than texts');
is(told("SELECT asked, told FROM thread_ws.page('eve', 't', 0, 10, 0) "
    . 'WHERE seq = 1'), "$asked|$parts", 'is read as it was given');
is(told("SELECT status FROM thread_ws.store('eve', 't', 0, 'r2', 'q', 'a', '', "
    . "'', NULL, NULL, 1, '', '', '')"), 'stored', 'a run of texts');
is(told("SELECT asked, told FROM thread_ws.page('eve', 't', 0, 10, 0) "
    . 'WHERE seq = 2'), '|', 'has nothing more');
is(told("SELECT count(*) FROM thread_ws.load('eve', 't', 0, '', 0, 10, 20, '')"), 2,
    'what there is counts');
is(told("SELECT count(*) FROM thread_ws.load('eve', 't', 0, '', 0, 10, 100, '')"),
    3, 'and fits');
is(told("SELECT status FROM thread_ws.store('eve', 't', 0, 'r3', 'q', 'a', '', "
    . "'', NULL, NULL, 1, '', '$parts', '')"), 'stored', 'more than text');
is(told("SELECT seq FROM thread_ws.load('eve', 't', 0, '', 0, 10, 1, '') "
    . 'WHERE seq IS NOT NULL'), 3, 'of the newest run is always told');
is(told("SELECT thread_ws.erase('eve')"), 1, 'and is erased');

# runs that give way to another one

sub put {
    my ($id, $replaces) = @_;
    return told("SELECT status, seq FROM thread_ws.store('guy', 't', 0, '$id', "
        . "'q', 'a', '', '', NULL, NULL, 1, '', '', '$replaces')");
}

sub loaded {
    my ($after, $replaces) = @_;
    return told('SELECT seq, request_id, replaced FROM thread_ws.load('
        . "'guy', 't', 0, 'r', $after, 10, 0, '$replaces')") =~ s/\n/ /gr;
}

is(join(' ', map { put("r$_", '') } 1 .. 4),
    'stored|1 stored|2 stored|3 stored|4', 'four runs');
is(loaded(0, 'r3'), '3|| 1|r1| 2|r2|', 'what is before the third');
is(put('r5', 'r3'), 'stored|5', 'one takes its place');
is(put('r6', 'r3'), 'duplicate|', 'not so another one');
like(put('r5', 'r2'), qr/^duplicate/, 'nor the same once more');
is(loaded(0, 'r4'), '||', 'before what gave way there is nothing');
is(loaded(4, ''), '||1 1|r1| 2|r2| 5|r5|', 'who knew them is told all');
is(loaded(5, ''), '||', 'who knew it, nothing');
is(told("SELECT request_id FROM thread_ws.load('guy', 't', '', 4, 10, 0) "
    . 'WHERE seq IS NOT NULL'), 'r5', 'a gateway of version 1 goes on');
is(told("SELECT seq, replaced FROM thread_ws.page('guy', 't', 0, 10, 0, 1) "
    . 'WHERE seq IS NOT NULL') =~ s/\n/ /gr, '1| 2| 3|5 4|5 5|',
    'what gave way is kept');
is(told("SELECT seq FROM thread_ws.page('guy', 't', 0, 10, 0) "
    . 'WHERE seq IS NOT NULL') =~ s/\n/ /gr, '1 2 5', 'and not shown');
is(told("SELECT runs FROM thread_ws.list('guy', '', 10)"), 3, 'nor counted');
is(told("SELECT thread_ws.erase('guy')"), 1, 'and is erased');

# what operators call

is(told("SELECT id, title, runs FROM thread_ws.list('ann', '', 10)"),
    "new|question of new|1\ngone|question of gone|1\nt|question of t|2",
    'threads, the newest first');
is(told("SELECT thread_ws.entitle('ann', 't', 'A title')"), 't', 'a title');
is(told("SELECT thread_ws.entitle('ann', 'none', 'A title')"), 'f', 'of none');

my $cursor = told("SELECT cursor FROM thread_ws.list('ann', '', 2) OFFSET 1");

is(told("SELECT id, title FROM thread_ws.list('ann', '$cursor', 10)"),
    't|A title', 'the next page');

admin("UPDATE thread_ws.threads SET updated = '2020-02-02' WHERE owner = 'ann'",
    'SELECT 1');

my ($page, @pages) = ('');

while (my $row = told("SELECT id, cursor FROM thread_ws.list('ann', '$page', 1)")) {
    (my $id, $page) = split /\|/, $row;
    push @pages, $id;
    last if @pages > 5;
}

is(join(' ', sort @pages), 'gone new t', 'pages of one moment miss none');

my @lines = split /\n/, told("SELECT thread_ws.export('ann')");

is(scalar @lines, 4, 'a line for each run');
like($lines[0], qr/^\{"threadId" : "t", "title" : "A title", "seq" : 1, .*\}$/,
    'of JSON');

is(told("SELECT thread_ws.expire('1 year', 1)"), 1, 'no more than said');

my $said = ThreadWS::Command::said({ both => 1, child => sub {
    @ENV{qw(PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD)} = ('127.0.0.1',
        $cluster->{port}, $database, 'gateway', $ThreadWS::Postgres::Password);
    @ENV{qw(THREAD_WS_KEEP THREAD_WS_BATCH)} = ('1 year', 1);
} }, 'sh', 'conf/expire.sh');

is($said, "2 threads expired\n", 'conf/expire.sh finds the rest');
is(told("SELECT thread_ws.expire('1 year', 2)"), 0, 'and no more');
like(told("SELECT thread_ws.expire('-1 day', 1)"), qr/interval of the past/,
    'nothing of the future');
is(admin('SELECT count(*) FROM thread_ws.runs'), 0, 'their runs are gone');
like(admin("SET enable_seqscan = off", "EXPLAIN SELECT FROM thread_ws.threads "
    . "WHERE updated < now() - interval '1 day' ORDER BY updated LIMIT 9"),
    qr/Index.* Scan using threads_updated/, 'by an index');

done_testing();
