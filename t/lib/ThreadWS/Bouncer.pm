package ThreadWS::Bouncer;

# PgBouncer before a test's cluster, in its directory: two connections to the
# server, each a client's for one transaction.  first is what it says to the
# server first of all.

use strict;
use warnings;

use ThreadWS::Proc qw(slurp);

sub new {
    my ($class, $cluster, $first) = @_;

    my $dir = $cluster->{dir};
    my $name = $first ? 'reader' : 'bouncer';
    my $query = $first ? "connect_query='$first'" : '';
    my $port = ThreadWS::Postgres::free_port();

    my ($program) = grep { -x } qw(/usr/sbin/pgbouncer /usr/bin/pgbouncer);
    die "no PgBouncer is installed\n" if !$program;

    $cluster->spit("$dir/users", qq("gateway" "$ThreadWS::Postgres::Password"\n));
    $cluster->spit("$dir/$name.ini", <<"INI");
[databases]
chat = host=$dir port=$cluster->{port} dbname=chat $query

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $dir/users
pool_mode = transaction
default_pool_size = 2
logfile = $dir/$name.log
pidfile = $dir/$name.pid
INI

    $cluster->must($program, '-q', '-d', "$dir/$name.ini");

    return bless { file => "$dir/$name.pid", port => $port, pid => $$ }, $class;
}

sub DESTROY {
    my ($self) = @_;

    return if $self->{pid} != $$;

    my ($pid) = slurp($self->{file}) =~ /(\d+)/;
    kill 'KILL', $pid if $pid;
}

1;
