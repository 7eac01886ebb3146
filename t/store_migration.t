# conf/schema.sql over version 1's, with runs in it and two gateways of that
# version that read and write all the while.  SCHEMA_RUNS=N for so many runs; make
# test-schema has a million, and says how long it took.

use strict;
use warnings;

use File::Temp ();
use POSIX ();
use Test::More;

use ThreadWS::Command;
use ThreadWS::Postgres;

my $cluster = $ThreadWS::Postgres::Cluster;
my $psql = "$cluster->{bin}/psql";
my $runs = $ENV{SCHEMA_RUNS} || 5000;

# of each thread
my $length = 20;

sub admin { join "\n", $cluster->psql(@_, dbname => 'old') }

sub keeper {
    my ($file) = @_;
    return $cluster->run($psql, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d',
        $cluster->conninfo(user => 'keeper', host => $cluster->{dir},
            dbname => 'old'), '-f', $cluster->readable($file));
}

$cluster->psql('CREATE DATABASE old OWNER keeper', dbname => 'postgres');
ok(keeper('t/samples/schema-1.sql'), "version 1's schema");
admin('GRANT USAGE ON SCHEMA thread_ws TO gateway',
    'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA thread_ws TO gateway');

my $threads = $runs / $length;

admin('INSERT INTO thread_ws.threads (owner, id, last_seq) '
    . "SELECT 'u' || n % 1000, 't' || n, $length "
    . "FROM generate_series(1, $threads) n",
    'INSERT INTO thread_ws.runs (thread, seq, request_id, content, answer, '
    . 'model, finish_reason, latency_ms) '
    . "SELECT t.thread, s, 'r' || s, 'question ' || s, repeat('answer ', 30), "
    . "'m', 'stop', 1 FROM thread_ws.threads t, generate_series(1, $length) s",
    'ANALYZE');
is(admin('SELECT count(*) FROM thread_ws.runs'), $runs, "$runs runs");

# a gateway that says when each of its statements is through, of which none waits
# for longer than any gateway would

my $dir = File::Temp->newdir;

sub gateway {
    my ($name, $statement) = @_;

    my $out = "$dir/$name";

    open my $in, '>', "$out.sql" or die "$out.sql: $!\n";
    print $in "SET statement_timeout = '10s';\n", ("SELECT extract(epoch FROM "
        . "clock_timestamp()), ($statement), pg_sleep(0.005);\n") x 100_000;
    close $in;

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        open STDIN, '<', "$out.sql";
        open STDOUT, '>', $out;
        open STDERR, '>&', \*STDOUT;
        exec($psql, '-X', '-q', '-A', '-t', '-d',
            $cluster->conninfo(dbname => 'old')) or POSIX::_exit(1);
    }

    return { name => $name, pid => $pid, out => $out };
}

sub moments {
    my ($gateway) = @_;

    open my $in, '<', $gateway->{out} or return;
    return map { /^(\d+\.\d+)\|/ ? $1 : () } <$in>;
}

sub said {
    my ($gateway) = @_;

    open my $in, '<', $gateway->{out} or return '';
    return join '', grep { /ERROR|FATAL/ } <$in>;
}

# waits for one that was through after that moment

sub after {
    my ($gateway, $moment) = @_;

    open my $in, '<', $gateway->{out} or return 0;
    return eval {
        ThreadWS::Command::wrote($gateway->{pid}, $in,
            qr/^(\d+\.\d+)\|(?(?{ $1 > $moment })|(*FAIL))/m);
        1;
    };
}

sub moment { admin('SELECT extract(epoch FROM clock_timestamp())') }

my $some = "(1 + random() * ($threads - 1))::int";

my @gateways = (
    gateway('reader', 'SELECT count(l) FROM (SELECT ' . $some . ' AS n OFFSET 0) '
        . "x, thread_ws.load('u' || n % 1000, 't' || n, '', 0, 10, 0) l"),
    gateway('writer', "SELECT status FROM thread_ws.append('load', 't' || $some, "
        . "1, gen_random_uuid()::text, 'q', 'a', 'm', 'stop', NULL, NULL, 1)"),
);

ok(after($_, 0), "the $_->{name} is at work") for @gateways;

my $begun = moment();
ok(keeper('conf/schema.sql'), 'this one over it')
    or diag($cluster->{said});
my $over = moment();

for my $gateway (@gateways) {
    ok(after($gateway, $over), "the $gateway->{name} goes on");
    like(said($gateway), qr/\A(?:.*does not match expected record type\n)?\z/,
        '... and no more failed than what was under way just then');
}

kill 'TERM', $_->{pid} for @gateways;
waitpid $_->{pid}, 0 for @gateways;

for my $gateway (@gateways) {
    my @moments = moments($gateway);
    my ($longest) = sort { $b <=> $a }
        map { $moments[$_] - $moments[$_ - 1] } 1 .. $#moments;
    my $during = grep { $_ > $begun && $_ < $over } @moments;

    diag(sprintf '%s: %d statements while it was made, longest wait %.3f s',
        $gateway->{name}, $during, $longest) if $ENV{SCHEMA_RUNS};
}

diag(sprintf '%d runs, schema 1 to 2 in %.2f s', $runs, $over - $begun)
    if $ENV{SCHEMA_RUNS};

my $written = admin("SELECT count(*) FROM thread_ws.runs JOIN thread_ws.threads "
    . "USING (thread) WHERE owner = 'load'");

cmp_ok($written, '>', 0, 'what the writer stored is there');
is(admin('SELECT count(*) FROM thread_ws.runs'), $runs + $written,
    'and all that there was');
is(admin('SELECT thread_ws.installed()'), 2, 'the version');
is(admin("SELECT count(*) FROM thread_ws.load('u1', 't1', 0, '', 0, 100, 0, '') "
    . 'WHERE seq IS NOT NULL'), $length, 'a thread, as a new gateway reads it');

done_testing();
