package ThreadWS::Postgres;

# A PostgreSQL cluster of the test's own, in a temporary directory, with the
# schema of conf/schema.sql and two roles: its owner, and the gateway, which has
# no more rights than the schema's comment gives it.  All of it goes at the end.
#
#   use ThreadWS::Postgres;                 one cluster
#   use ThreadWS::Postgres qw(bouncer);     with PgBouncer before it
#   use ThreadWS::Postgres qw(tls);         which speaks TLS
#
# sets TEST_NGINX_PG (a connection string over TCP), TEST_NGINX_PG_LOCAL (over
# the socket), TEST_NGINX_PG_PORT, TEST_NGINX_PG_TIMEOUT, TEST_NGINX_BOUNCER, and
# adds steps:
#
#   postgres start | stop | kill | pause | resume
#   sql QUERY           the indented lines are its rows
#   soon QUERY          they are, after a while
#   hold QUERY          in a transaction that goes on until "release"
#
# and some that have to do with processes:
#
#   kill workers        each is replaced by another
#   kill worker N       the Nth
#   kill server         the master, too; and nginx is started again
#   quit server         it leaves, and is started again
#   only worker N       takes connections, until "all workers" do
#
# and with many runs:
#
#   storm N NAME ... [same]   on each of the connections, all at once
#   ordered QUERY       its ids are each connection's in order
#   whole N             runs are in the history that was got
#
# and with time:
#
#   latency N           of so many messages
#   latency N again     is much the same
#   timer               begins
#   timer under N       no more seconds are gone

use strict;
use warnings;

use File::Path ();
use File::Temp ();
use IO::Handle;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(time sleep);

use ThreadWS::Dialogue;
use ThreadWS::Loop;

push @ThreadWS::Dialogue::ISA, 'ThreadWS::Steps::Postgres';

our $Cluster;

# one that needs its quotes, and must be in no log
our $Password = 'a secret = word';

sub import {
    my ($class, @what) = @_;
    my %what = map { $_ => 1 } @what;

    # a test that is ended from outside removes it, too
    $SIG{$_} ||= sub { exit 1 } for qw(INT TERM HUP);

    $Cluster = $class->new(%what);

    $ENV{TEST_NGINX_PG_PORT} = $Cluster->{port};
    $ENV{TEST_NGINX_PG} = $Cluster->conninfo;
    $ENV{TEST_NGINX_PG_TIMEOUT} = $ENV{TEST_NGINX_USE_VALGRIND} ? '60s' : '3s';
    $ENV{TEST_NGINX_PG_LOCAL} = $Cluster->conninfo(host => $Cluster->{dir});
    $ENV{TEST_NGINX_BOUNCER} = $Cluster->conninfo(
        port => $Cluster->{bouncer_port}) if $what{bouncer};
}

sub new {
    my ($class, %self) = @_;

    my $self = bless {
        %self,
        bin => bindir(),
        # a socket's path has no more than some hundred characters
        dir => File::Temp::tempdir('thread_ws_pg_XXXXXX', DIR => '/tmp'),
        port => free_port(),
        pid => $$,
    }, $class;

    chmod 0755, $self->{dir};
    $self->init;
    $self->start;
    $self->schema;
    $self->bouncer if $self{bouncer};

    return $self;
}

sub bindir {
    my ($newest) = sort { ($b =~ /(\d+)/)[0] <=> ($a =~ /(\d+)/)[0] }
        glob '/usr/lib/postgresql/*/bin';
    return $newest // die "no PostgreSQL is installed\n";
}

sub free_port {
    my $socket = IO::Socket::INET->new(Proto => 'tcp', Listen => 1,
        LocalAddr => '127.0.0.1') or die "no socket: $!\n";
    return $socket->sockport;
}

sub conninfo {
    my ($self, %other) = @_;

    my %info = (host => '127.0.0.1', port => $self->{port},
        user => 'gateway', password => $Password, dbname => 'chat',
        %other);
    return join ' ', map { "$_='$info{$_}'" } sort keys %info;
}

# PostgreSQL does not run as root

sub run {
    my ($self, @command) = @_;

    my @as = $> == 0 ? qw(runuser -u postgres --) : ();
    my $log = "$self->{dir}/commands";

    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        chdir '/';
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $log;
        open STDERR, '>&', \*STDOUT;
        delete @ENV{grep { /^PG/ } keys %ENV};
        { exec @as, @command }
        POSIX::_exit(127);
    }

    waitpid $pid, 0;
    return $? == 0;
}

sub must {
    my ($self, @command) = @_;

    $self->run(@command)
        or die "@command failed:\n", slurp("$self->{dir}/commands");
}

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or return '';
    local $/;
    return <$in>;
}

sub spit {
    my ($self, $file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out;

    $self->own($file);
}

sub own {
    my ($self, $file) = @_;

    return if $> != 0;
    my (undef, undef, $uid, $gid) = getpwnam 'postgres';
    chown $uid, $gid, $file;
}

sub init {
    my ($self) = @_;

    my $dir = $self->{dir};
    $self->own($dir);
    $self->spit("$dir/password", "postgres\n");
    $self->spit("$dir/commands", '');

    $self->must("$self->{bin}/initdb", '-D', "$dir/data", '-U', 'postgres',
        '-E', 'UTF8', '--locale=C', '--no-sync', '--auth-local=trust',
        '--auth-host=scram-sha-256', "--pwfile=$dir/password");

    my $tls = $self->{tls} ? $self->certificate : 'ssl = off';

    # what is killed here is processes, not the kernel: no need for fsync

    $self->spit("$dir/data/postgresql.auto.conf", <<"CONF");
listen_addresses = '127.0.0.1'
port = $self->{port}
unix_socket_directories = '$dir'
fsync = off
shared_buffers = 32MB
max_connections = 50
autovacuum = off
log_min_messages = info
$tls
CONF
}

sub certificate {
    my ($self) = @_;

    my $dir = $self->{dir};

    my $log = `openssl req -x509 -newkey ec -nodes -days 2 -batch \\
        -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=localhost \\
        -out $dir/cert.pem -keyout $dir/key.pem 2>&1`;
    die "no certificate: $log\n" if $?;

    $self->own("$dir/$_") for qw(cert.pem key.pem);
    chmod 0600, "$dir/key.pem";

    return "ssl = on\nssl_cert_file = '$dir/cert.pem'\n"
        . "ssl_key_file = '$dir/key.pem'";
}

sub schema {
    my ($self) = @_;

    $self->psql("CREATE ROLE keeper LOGIN PASSWORD 'keeper'",
        "CREATE ROLE gateway LOGIN PASSWORD '$Password'",
        dbname => 'postgres');
    $self->psql('CREATE DATABASE chat OWNER keeper', dbname => 'postgres');
    $self->load_schema;
    $self->psql('GRANT USAGE ON SCHEMA thread_ws TO gateway',
        'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA thread_ws TO gateway');
}

sub load_schema {
    my ($self) = @_;

    $self->must("$self->{bin}/psql", '-X', '-q', '-v', 'ON_ERROR_STOP=1',
        '-d', $self->conninfo(user => 'keeper', host => $self->{dir}),
        '-f', $self->readable('conf/schema.sql'));
}

# the source may lie where postgres cannot look

sub readable {
    my ($self, $file) = @_;

    my $copy = "$self->{dir}/" . ($file =~ s{.*/}{}r);

    # another process may be reading the former one
    $self->spit("$copy.$$", slurp($file));
    rename "$copy.$$", $copy;

    return $copy;
}

# The rows of the last statement, columns between bars.

sub psql {
    my ($self, @statements) = @_;

    my %other;

    if (@statements > 2 && $statements[-2] eq 'dbname') {
        %other = splice @statements, -2;
    }

    open my $out, '-|', $self->psql_command(%other),
        map { ('-c', $_) } @statements or die "psql: $!\n";
    my @rows = <$out>;
    close $out or die "psql failed: @statements\n";

    chomp @rows;
    return wantarray ? @rows : $rows[0];
}

sub psql_command {
    my ($self, %other) = @_;

    my $admin = $self->conninfo(user => 'postgres', password => 'postgres',
        host => $self->{dir}, %other);

    return ("$self->{bin}/psql", '-X', '-A', '-t', '-q', '-v',
        'ON_ERROR_STOP=1', '-d', $admin);
}

sub start {
    my ($self) = @_;

    # a cluster whose master was killed starts once its last process is gone

    my $end = time + 30;

    until ($self->run("$self->{bin}/pg_ctl", '-D', "$self->{dir}/data", '-s',
        '-w', '-t', 20, '-l', "$self->{dir}/log", 'start'))
    {
        die "PostgreSQL does not start:\n", slurp("$self->{dir}/log")
            if time > $end;
        sleep 0.05;
    }
}

sub stop {
    my ($self, $mode) = @_;

    $self->must("$self->{bin}/pg_ctl", '-D', "$self->{dir}/data", '-s', '-w',
        '-m', $mode // 'fast', 'stop');
}

sub master {
    my ($self) = @_;
    return (split /\n/, slurp("$self->{dir}/data/postmaster.pid"))[0];
}

sub processes {
    my ($self) = @_;

    my $master = $self->master or return;
    return ($master, split ' ', slurp("/proc/$master/task/$master/children"));
}

# at once, and nothing is left of it

sub kill9 {
    my ($self) = @_;

    my @pids = $self->processes;

    kill 'KILL', @pids;
    my $end = time + 20;

    while (grep { alive($_) } @pids) {
        die "PostgreSQL does not die\n" if time > $end;
        sleep 0.005;
    }
}

sub alive {
    my ($pid) = @_;
    my $stat = slurp("/proc/$pid/stat");
    return $stat =~ /\) ([A-Z])/ && $1 ne 'Z';
}

sub pause { kill 'STOP', $_[0]->processes }

# children that it cannot have since: none are made while it stands

sub resume { kill 'CONT', $_[0]->processes }

sub bouncer {
    my ($self) = @_;

    my $dir = $self->{dir};
    $self->{bouncer_port} = free_port();

    $self->spit("$dir/users", qq("gateway" "$Password"\n));
    $self->spit("$dir/bouncer.ini", <<"INI");
[databases]
chat = host=$dir port=$self->{port} dbname=chat

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $self->{bouncer_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $dir/users
pool_mode = transaction
default_pool_size = 2
logfile = $dir/bouncer.log
pidfile = $dir/bouncer.pid
INI

    my ($program) = grep { -x } qw(/usr/sbin/pgbouncer /usr/bin/pgbouncer);
    $self->must($program // die("no PgBouncer is installed\n"), '-q', '-d',
        "$dir/bouncer.ini");
}

sub DESTROY {
    my ($self) = @_;

    return if !$self->{dir} || $self->{pid} != $$;
    local ($?, $@, $!);

    my ($bouncer) = slurp("$self->{dir}/bouncer.pid") =~ /(\d+)/;
    kill 'KILL', $bouncer if $bouncer;

    if (my @pids = $self->processes) {
        kill 'CONT', @pids;
        $self->run("$self->{bin}/pg_ctl", '-D', "$self->{dir}/data", '-s',
            '-w', '-m', 'immediate', 'stop');
    }

    File::Path::remove_tree($self->{dir});
    delete $self->{dir};
}

END { undef $Cluster }


package ThreadWS::Steps::Postgres;

use Time::HiRes qw(time);

# For what no socket tells of: looks often, while sockets are served.

sub soon {
    my ($self, $condition, $what) = @_;

    my $end = time + $ThreadWS::Loop::Deadline;

    until ($condition->()) {
        die "waited in vain for $what\n" if time > $end;
        $self->{loop}->once(0.01);
    }
}

sub do_postgres {
    my ($self, $what) = @_;

    my %method = (start => 'start', stop => 'stop', kill => 'kill9',
        pause => 'pause', resume => 'resume');
    my $method = $method{$what} or die "unknown: postgres $what\n";

    $ThreadWS::Postgres::Cluster->$method;
}

sub do_sql {
    my ($self, $query, @rows) = @_;

    my @got = $ThreadWS::Postgres::Cluster->psql($query);
    $self->expect("@got" eq "@rows", join "\n", @got);
}

# what is true soon: a run is in the database before its final, other things
# may come after

sub do_soon {
    my ($self, $query, @rows) = @_;

    my @got;
    $self->soon(sub {
        @got = $ThreadWS::Postgres::Cluster->psql($query);
        return "@got" eq "@rows";
    }, "@rows");
    $self->expect(1);
}

# A transaction of somebody else's, until "release".

sub do_hold {
    my ($self, $query) = @_;

    open $self->{holder}, '|-', $ThreadWS::Postgres::Cluster->psql_command
        or die "psql: $!\n";
    $self->{holder}->autoflush(1);
    print { $self->{holder} } "SET application_name = 'holder'; BEGIN;\n",
        "$query;\n";

    $self->do_soon("SELECT count(*) FROM pg_stat_activity WHERE "
        . "application_name = 'holder' AND state = 'idle in transaction'",
        1);
}

sub do_release { close delete $_[0]{holder} }

# Messages one after another on the nameless connection: what they take at the
# 99th percentile, and whether that is still so.

sub do_latency {
    my ($self, $rest) = @_;

    my ($number, $again) = $rest =~ /^(\d+)( again)?$/
        or die "unknown: latency $rest\n";
    my @times;

    for (1 .. $number) {
        my $begin = time;
        $self->do_messages(1);
        push @times, time - $begin;
    }

    my $p99 = (sort { $a <=> $b } @times)[int(0.99 * $number)];
    Test::More::note(sprintf 'p99 %.1f ms', 1000 * $p99);

    $self->{p99} = $p99 if !$again;
    $self->expect($p99 < 3 * $self->{p99} + 0.02, $p99);
}

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

    for my $id ($ThreadWS::Postgres::Cluster->psql($query)) {
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
        @{ JSON::PP::decode_json($client->content)->{messages} };

    $self->expect(!@wrong && $n == 2 * $number, "$n messages");
}

# "timer" begins, "timer under SECONDS" looks

sub do_timer {
    my ($self, $rest) = @_;

    if (!defined $rest || $rest eq '') {
        $self->{timer} = time;
        return;
    }

    my ($limit) = $rest =~ /^under ([\d.]+)$/ or die "unknown: $rest\n";
    my $took = time - $self->{timer};

    # valgrind's tests have more time, and so have their stores
    $limit *= 10 if $ENV{TEST_NGINX_USE_VALGRIND};

    $self->expect($took < $limit, $took);
}

sub do_kill {
    my ($self, $what) = @_;

    my $master = $self->master;
    my @workers = $self->workers($master);

    if ($what eq 'workers') {
        kill 'KILL', @workers;
        my %old = map { $_ => 1 } @workers;

        $self->soon(sub {
            my @now = $self->workers($master);
            return @now && !grep { $old{$_} } @now;
        }, 'other workers');
        return;
    }

    if ($what =~ /^worker (\d)$/) {
        my $pid = $workers[$1 - 1];
        kill 'KILL', $pid;
        return $self->soon(sub { !ThreadWS::Postgres::alive($pid) },
            'the worker to die');
    }

    die "unknown: kill $what\n" if $what ne 'server';

    kill 'KILL', $master, @workers;
    $self->soon(sub {
        !grep { ThreadWS::Postgres::alive($_) } $master, @workers
    }, 'the server to die');
    $self->start_server;
}

# All others stand still, so that this one takes what connects; but not before
# they have nothing to do: one may hold a lock.

sub do_only {
    my ($self, $what) = @_;

    my ($number) = $what =~ /^worker (\d)$/ or die "unknown: only $what\n";
    my @workers = $self->workers($self->master);

    kill 'CONT', @workers;
    $self->soon(sub { !grep { !idle($_) } @workers }, 'idle workers');

    my @others = map { $workers[$_ - 1] } grep { $_ != $number } 1 .. @workers;
    kill 'STOP', @others;
    $self->soon(sub { !grep {
        ThreadWS::Postgres::slurp("/proc/$_/stat") !~ /\) T/
    } @others }, 'the other workers to stand still');
}

sub idle {
    my ($pid) = @_;

    my $where = ThreadWS::Postgres::slurp("/proc/$pid/wchan");
    return $where =~ /ep_poll|epoll/ if $where =~ /[a-z]/;
    return ThreadWS::Postgres::slurp("/proc/$pid/stat") =~ /\) S/;
}

sub do_all {
    my ($self, $what) = @_;

    die "unknown: all $what\n" if $what ne 'workers';
    kill 'CONT', $self->workers($self->master);
}

sub do_quit {
    my ($self, $what) = @_;

    die "unknown: quit $what\n" if $what ne 'server';

    my $master = $self->master;
    kill 'QUIT', $master;
    $self->soon(sub { !ThreadWS::Postgres::alive($master) },
        'the server to leave');
    $self->start_server;
}

sub start_server {
    my ($self) = @_;

    my $root = $self->{root};
    my $nginx = $Test::Nginx::Util::NginxBinary;

    # its pid file is the former one's until it writes its own
    unlink "$root/logs/nginx.pid";

    my $command = "$nginx -p $root/ -c $root/conf/nginx.conf >/dev/null 2>&1";

    # Test::Nginx makes it no daemon there
    $command = "valgrind -q $ENV{TEST_NGINX_USE_VALGRIND} $command &"
        if $ENV{TEST_NGINX_USE_VALGRIND};

    system($command) == 0 or die "nginx does not start\n";
    $self->started;
}

1;
