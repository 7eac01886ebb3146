package ThreadWS::Postgres;

# A PostgreSQL cluster of the test's own, in a temporary directory, with the
# schema of conf/schema.sql and two roles: its owner, and the gateway, which has
# no more rights than the schema's comment gives it.  All of it goes at the end.
#
#   use ThreadWS::Postgres;                 one cluster
#   use ThreadWS::Postgres qw(bouncer);     with PgBouncer before it
#   use ThreadWS::Postgres qw(tls);         which speaks TLS
#   use ThreadWS::Postgres qw(reader);      also by a way that only reads
#   use ThreadWS::Postgres qw(elsewhere);   also on 127.0.0.2
#
# sets TEST_NGINX_PG (a connection string over TCP), TEST_NGINX_PG_LOCAL (over
# the socket), TEST_NGINX_PG_PORT, TEST_NGINX_PG_TIMEOUT, TEST_NGINX_BOUNCER,
# TEST_NGINX_READER_PORT, and adds the steps of ThreadWS::Steps::Postgres,
# Processes and Storm.

use strict;
use warnings;

use File::Path ();
use File::Temp ();
use Time::HiRes qw(time sleep);

use ThreadWS::Bouncer;
use ThreadWS::Certificate;
use ThreadWS::Command;
use ThreadWS::Ports;
use ThreadWS::Proc qw(slurp alive children);
use ThreadWS::Steps::Postgres;
use ThreadWS::Steps::Processes;
use ThreadWS::Steps::Storm;

our $Cluster;

# one that needs its quotes, and must be in no log
our $Password = 'a secret = word';

sub import {
    my ($class, @what) = @_;
    my %what = map { $_ => 1 } @what;

    $Cluster = $class->new(%what);

    $ENV{TEST_NGINX_PG_PORT} = $Cluster->{port};
    $ENV{TEST_NGINX_PG} = $Cluster->conninfo;
    $ENV{TEST_NGINX_PG_TIMEOUT} = '60s';
    $ENV{TEST_NGINX_PG_LOCAL} = $Cluster->conninfo(host => $Cluster->{dir});
    $ENV{TEST_NGINX_BOUNCER} = $Cluster->conninfo(
        port => $Cluster->{bouncer}{port}) if $what{bouncer};
    $ENV{TEST_NGINX_READER_PORT} = $Cluster->{reader}{port}
        if $what{reader};
}

sub new {
    my ($class, %self) = @_;

    my $self = bless {
        %self,
        bin => bindir(),
        # a socket's path has no more than some hundred characters
        dir => File::Temp::tempdir('pg_XXXXXX', TMPDIR => 1),
        port => free_port(),
        pid => $$,
    }, $class;

    chmod 0755, $self->{dir};
    $self->init;
    $self->start;
    $self->schema;
    $self->{bouncer} = ThreadWS::Bouncer->new($self) if $self{bouncer};
    $self->{reader} = ThreadWS::Bouncer->new($self,
        'SET default_transaction_read_only = on') if $self{reader};

    return $self;
}

sub bindir {
    my ($newest) = sort { ($b =~ /(\d+)/)[0] <=> ($a =~ /(\d+)/)[0] }
        glob '/usr/lib/postgresql/*/bin';
    return $newest // die "no PostgreSQL is installed\n";
}

sub free_port { ThreadWS::Ports::take() }

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

    unshift @command, qw(runuser -u postgres --) if $> == 0;

    $self->{said} = ThreadWS::Command::said({ both => 1, child => sub {
        chdir '/';
        delete @ENV{grep { /^PG/ } keys %ENV};
    } }, @command);

    return $? == 0;
}

sub must {
    my ($self, @command) = @_;

    $self->run(@command)
        or die "@command failed:\n$self->{said}";
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

    $self->must("$self->{bin}/initdb", '-D', "$dir/data", '-U', 'postgres',
        '-E', 'UTF8', '--locale=C', '--no-sync', '--auth-local=trust',
        '--auth-host=scram-sha-256', "--pwfile=$dir/password");

    my $addresses = $self->{elsewhere} ? '127.0.0.1,127.0.0.2' : '127.0.0.1';
    my $tls = $self->{tls} ? $self->certificate : 'ssl = off';

    # what is killed here is processes, not the kernel: no need for fsync; and
    # what is killed frees no memory that is shared by name

    $self->spit("$dir/data/postgresql.auto.conf", <<"CONF");
listen_addresses = '$addresses'
port = $self->{port}
unix_socket_directories = '$dir'
fsync = off
shared_buffers = 32MB
dynamic_shared_memory_type = mmap
max_connections = 50
autovacuum = off
log_min_messages = info
$tls
CONF
}

sub certificate {
    my ($self) = @_;

    my $dir = $self->{dir};

    ThreadWS::Certificate::make($dir);
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

    my @rows = ThreadWS::Command::said($self->psql_command(%other),
        map { ('-c', $_) } @statements);
    die "psql failed: @statements\n" if $?;

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

    my $end = time + 120;

    until ($self->run("$self->{bin}/pg_ctl", '-D', "$self->{dir}/data", '-s',
        '-w', '-t', 90, '-l', "$self->{dir}/log", 'start'))
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

sub log { slurp("$_[0]{dir}/log") }

sub master {
    my ($self) = @_;
    return (split /\n/, slurp("$self->{dir}/data/postmaster.pid"))[0];
}

sub processes {
    my ($self) = @_;

    my $master = $self->master or return;
    return ($master, children($master));
}

# at once, and nothing is left of it

sub kill9 {
    my ($self) = @_;

    my @pids = $self->processes;

    kill 'KILL', @pids;
    my $end = time + 60;

    while (grep { alive($_) } @pids) {
        die "PostgreSQL does not die\n" if time > $end;
        sleep 0.005;
    }
}

# The master first: once it stands, it makes no others.

sub pause {
    my ($self) = @_;

    kill 'STOP', $self->master;
    kill 'STOP', $self->processes;
}

sub resume { kill 'CONT', $_[0]->processes }

# However a test has left it, the next one finds it as it was.

sub restore {
    my ($self) = @_;

    my $master = $self->master;

    if ($master && alive($master)) {
        $self->resume;

    } else {
        $self->start;
    }
}

sub DESTROY {
    my ($self) = @_;

    return if !$self->{dir} || $self->{pid} != $$;
    local ($?, $@, $!);

    delete @$self{qw(bouncer reader)};

    if (my @pids = $self->processes) {
        kill 'CONT', @pids;
        eval {
            $self->run("$self->{bin}/pg_ctl", '-D', "$self->{dir}/data", '-s',
                '-w', '-m', 'immediate', 'stop');
        };
    }

    File::Path::remove_tree($self->{dir});
    delete $self->{dir};
}

END { undef $Cluster }

1;
