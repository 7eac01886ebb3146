# Threads expire beside a chatting load, and a user is erased: nothing is left of
# either, and whoever has one of them open is told.  RUNS=1000000 begins with so
# many in PostgreSQL; how long it took is printed.

use strict;
use warnings;

use Test::More;

use ThreadWS::Chatter;
use ThreadWS::Command;
use ThreadWS::Loop;
use ThreadWS::Postgres;
use ThreadWS::Server;

plan skip_all => 'what is tested is in the database'
    if $ENV{THREAD_WS_SANITIZER} || $ENV{TEST_NGINX_USE_VALGRIND};

my $Runs = $ENV{RUNS} || 3000;
my $Each = 10;
my $Owners = 49;

my $Loop = ThreadWS::Loop->new;
my $Pg = $ThreadWS::Postgres::Cluster;

filled();

my $Server = ThreadWS::Server->new($Loop, connections => 4096, http => "
    thread_ws_store \"$ENV{TEST_NGINX_PG}\" timeout=60s;
    thread_ws_user \$http_x_user;
    thread_ws_ping_interval 200ms;
    thread_ws_pong_timeout off;", server => '
    location = /chat { thread_ws_pass /agent; }
    location = /agent { internal; thread_ws_demo_agent delay=0; }');

# those who have old threads and new ones open, of a user who goes on

my %Old = map { $_ => chatter("old$_", 'u1') } 1 .. 3;
my $Young = chatter('young', 'u1');
$_->message('r', 'hello') for values %Old, $Young;
$Loop->until(sub { !grep { $_->open_runs } values %Old, $Young }, 'answers');
$Pg->psql("UPDATE thread_ws.threads SET updated = now() - interval '90.5 days'
    WHERE id LIKE 'old_'");

my @Load = map { chatter("load$_", "load$_", more => \&more) } 1 .. 20;
my (@Took, $Over);

$_->message('r0', 'hello') for @Load;

my $Before = loaded(sub { @Took >= ($Runs > 100_000 ? 5000 : 200) });
my $Began = now();
my $Expiry = expiry();
my $During = loaded(sub { $Expiry->{ended} });

is($Expiry->{status}, 0, 'expire.sh ends well');
is($Expiry->{said}, $Runs / $Each / 10 + 3 . " threads expired\n", 'a tenth');
is($Pg->psql("SELECT count(*) FROM thread_ws.threads
    WHERE updated < now() - interval '90 days'"), 0, 'nothing old is left');
is($Pg->psql('SELECT count(*) FROM thread_ws.runs r WHERE NOT EXISTS
    (SELECT FROM thread_ws.threads t WHERE t.thread = r.thread)'), 0,
    'nor runs of it');
told("$_->{thread}, which is old", $_) for values %Old;
ok(!$Young->{closed}, 'a young one stays');

# a user with all that he has, and threads of his that are open

my $Erased = $Pg->psql("SELECT count(*) FROM thread_ws.threads WHERE owner = 'u1'");
my $From = now();

is($Pg->psql("SELECT thread_ws.erase('u1')"), $Erased, 'all threads of a user');

my $Took = now() - $From;

told('an open one of a user who is erased', $Young);
is($Pg->psql("SELECT (SELECT count(*) FROM thread_ws.threads WHERE owner = 'u1')
    + (SELECT count(*) FROM thread_ws.export('u1'))"), 0, 'nothing is left of him');
is($Pg->psql("SELECT count(*) FROM pg_catalog.pg_tables t
    WHERE schemaname = 'thread_ws' AND query_to_xml('SELECT 1 FROM thread_ws.'
    || tablename || ' x WHERE x::text LIKE ''%u1,%''', false, true, '')::text
    LIKE '%row%'"), 0, 'in no table');
is($Pg->psql("SELECT count(DISTINCT owner) FROM thread_ws.threads
    WHERE owner LIKE 'u%'"), $Owners - 1, 'and all of others');

$Over = 1;
$Loop->until(sub { !grep { $_->open_runs } @Load }, 'the last answers');
is(join("\n", map { @{ $_->{faults} } } @Load), '', 'the load noticed nothing');
is(join("\n", $Server->stop), '', 'the log is clean');

diag(sprintf "%d runs: %d threads expired in %.1f s, p99 of a run %.0f ms before "
    . "and %.0f ms beside it, p50 %.0f and %.0f; a user erased in %.0f ms", $Runs,
    $Runs / $Each / 10, $Expiry->{ended} - $Began, (map { $_ * 1000 }
    $Before->[1], $During->[1], $Before->[0], $During->[0]), $Took * 1000)
    if $ENV{RUNS};

done_testing();


# threads of ten runs, one in ten of them old

sub filled {
    my $threads = $Runs / $Each;

    $Pg->psql("INSERT INTO thread_ws.threads (owner, id, last_seq, created, updated)
        SELECT 'u' || n % $Owners + 1, 't' || n, $Each, at, at
        FROM generate_series(1, $threads) n,
            LATERAL (SELECT now() - CASE WHEN n % 10 = 0 THEN interval '100 days'
                ELSE interval '1 day' END AS at) a",
        "INSERT INTO thread_ws.runs (thread, seq, request_id, content, answer,
            model, finish_reason, latency_ms)
        SELECT t.thread, s, 'r' || s, repeat('q', 100), repeat('a', 500), '',
            'stop', 1
        FROM thread_ws.threads t, generate_series(1, $Each) s",
        'ANALYZE');
}

sub chatter {
    my ($thread, $user, %more) = @_;

    return ThreadWS::Chatter->new($Loop, port => $Server->port,
        thread => $thread, headers => ["X-User: $user"], %more);
}

sub more {
    my ($chatter, $run) = @_;

    push @Took, $chatter->{last} - $run->{began};
    $chatter->message('r' . ++$chatter->{n}, 'hello') if !$Over;
}

# the median and p99 of what ends meanwhile

sub loaded {
    my ($enough) = @_;

    @Took = ();
    $Loop->until($enough, 'a part of the load', 600);

    my @took = sort { $a <=> $b } @Took;
    return [map { $took[$_ * @took] // 0 } 0.5, 0.99];
}

sub expiry {
    my %expiry;
    my %env = (PGHOST => $Pg->{dir}, PGPORT => $Pg->{port}, PGUSER => 'keeper',
        PGPASSWORD => 'keeper', PGDATABASE => 'chat',
        THREAD_WS_KEEP => '90 days');

    pipe my $out, my $in or die "no pipe: $!\n";

    my $pid = ThreadWS::Command::started(sub {
        open STDOUT, '>&', $in;
        @ENV{keys %env} = values %env;
    }, 'sh', 'conf/expire.sh');

    close $in;
    my $stream = ThreadWS::Stream->new($Loop, $out);
    $stream->{read} = sub {
        return if !$stream->{eof};
        waitpid $pid, 0;
        @expiry{qw(status said ended)} = ($?, $stream->{in}, now());
    };

    return \%expiry;
}

sub told {
    my ($what, $chatter) = @_;

    $Loop->until(sub { $chatter->{closed} }, "a close of $what");
    is($chatter->{code}, 1008, "$what: its connection is told");
}

sub now { scalar $Pg->psql('SELECT extract(epoch FROM clock_timestamp())') }
