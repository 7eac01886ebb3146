# What the image makes of its environment at the start, without an image: the
# scripts of its entry point, its configuration and its template, as they are but
# for the paths.

use strict;
use warnings;

use File::Temp ();
use Cwd ();
use IO::Socket::IP ();
use POSIX ();
use Test::More;
use YAML::XS ();

use ThreadWS::Command;
use ThreadWS::Loop;
use ThreadWS::Postgres;
use ThreadWS::Proc qw(slurp);
use ThreadWS::Server;

my $module = (split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '')[0];
plan skip_all => 'the module is built in: nothing to load' if !$module;

my $Loop = ThreadWS::Loop->new;
my $Pg = $ThreadWS::Postgres::Cluster;
my ($Dir, $Pid);

END {
    local $?;
    stop() if $Pid;
}

# by itself

my $port = free_port();
my $metrics = free_port();

serves('one port', { PORT => $port, METRICS_LISTEN => $metrics });

for my $host ('127.0.0.1', -e '/proc/net/if_inet6' ? '::1' : ()) {
    is(get($host, $port, '/health'), 200, "$host: health");
    like((get($host, $metrics, '/metrics'))[1], qr/^thread_ws_connections 0$/m,
        "$host: metrics");
}

is(get('127.0.0.1', $port, '/'), 200, 'the page');
is(get('127.0.0.1', $port, '/ready'), 200, 'ready');
is(get('127.0.0.1', $port, '/ready', 'DELETE'), 403, 'nobody removes that');

spit("$Dir/tmp/drain", '');
is(get('127.0.0.1', $port, '/ready'), 503, 'not while it is drained');
is(get('127.0.0.1', $port, '/health'), 200, 'it lives');

for my $file (glob "$Dir/conf.d/*") {
    is((stat $file)[2] & 0077, 0, "$file is its owner's alone");
}

stop();

# the database: whatever is in the password

for my $case (['postgresql://gateway@127.0.0.1:' . "$Pg->{port}/chat", '"%a'],
    ["postgresql://127.0.0.1:$Pg->{port}/chat?user=gateway", q(&\\' $x{}#/@:)],
    ["host=127.0.0.1 port=$Pg->{port} user=gateway dbname=chat",
        q(a\\b'c" =;$d)])
{
    my ($url, $password) = @$case;

    role($password);
    serves($url, { PORT => $port, DATABASE_URL => $url, DATABASE_POOL => 2,
        DATABASE_PASSWORD_FILE => file($password), METRICS_LISTEN => '' });
    is(get('127.0.0.1', $port, '/ready'), 200, 'its store answers');
    like(rendered('store'), qr/ pool=2;$/m, 'the pool');
    is(-e "$Dir/conf.d/metrics.conf", undef, 'no metrics');
    unlike(slurp("$Dir/log"), qr/\Q$password\E/, 'no password in the log');
    stop() if $url !~ /^host/;
}

$Pg->stop;
is(get('127.0.0.1', $port, '/ready'), 503, 'not ready without its store');
is(get('127.0.0.1', $port, '/health'), 200, 'and alive');
stop();
$Pg->start;

expires();

# processors and descriptors

my $all = processors();

for my $case (
    ['nothing said', {}, {}, $all],
    ['a word', { WORKERS => 3 }, {}, 3],
    ['half a processor', {}, { 'cpu.max' => '50000 100000' }, 1],
    ['no quota', {}, { 'cpu.max' => 'max 100000' }, $all],
    ['many processors', {}, { 'cpu.max' => '9900000 100000' }, $all],
    ['the one above', {}, { 'a/b/cpu.max' => 'max 100000',
        'a/cpu.max' => '100000 100000', cgroup => "0::/a/b\n" }, 1],
    ['the first kind', {}, { 'cpu/a/cpu.cfs_quota_us' => 50000,
        'cpu/a/cpu.cfs_period_us' => 100000,
        cgroup => "5:cpuset:/x\n4:cpu,cpuacct:/a\n" }, 1],
    ['the first kind without one', {}, { 'cpu/cpu.cfs_quota_us' => -1,
        'cpu/cpu.cfs_period_us' => 100000, cgroup => "4:cpu:/\n" }, $all])
{
    my ($what, $env, $files, $wanted) = @$case;

    render({ %$env, %{ cgroup($files) } });
    like(rendered('workers'), qr/^worker_processes $wanted;$/m,
        "$what: $wanted workers");
}

render({ CONNECTIONS => 300 });
like(rendered('events'), qr/^worker_connections 300;$/m, 'connections');
like(rendered('workers'), qr/^worker_rlimit_nofile 600;$/m, 'descriptors');

my $said = render({ CONNECTIONS => 300, before => 'ulimit -n 400' });
like(rendered('workers'), qr/^worker_rlimit_nofile 400;$/m,
    'no more than are allowed');

$said = render({ CONNECTIONS => 300, before => 'ulimit -n 200' });
like($said, qr/^only 200 descriptors are allowed: CONNECTIONS is 200, not 300$/m,
    'which is said');
like(rendered('events'), qr/^worker_connections 200;$/m, 'fewer connections');

# the agent

render({ OPENAI_BASE_URL => 'http://127.0.0.1/v1',
    OPENAI_API_KEY_FILE => file('sk-$1"'), MODEL => 'a$b' });
like(rendered('agent'), qr/"Bearer sk-\$\{dollar\}1\\""/, 'a key of a file');
like(rendered('model'), qr/"a\$\{dollar\}b"/, 'a model');

render({ OPENAI_BASE_URL => 'http://127.0.0.1/v1',
    OPENAI_API_KEY_FILE => file('') });
unlike(rendered('agent'), qr/Authorization/, 'an empty file is no key');

render({ RESOLVER_VALID => '5s' });
like(rendered('resolver.conf'), qr/^resolver .* valid=5s;$|^$/, 'the resolver');

# what is wrong is named

for my $case (
    [PORT => { PORT => 'x' }], [PORT => { PORT => '80; evil' }],
    [WORKERS => { WORKERS => 'x' }], [CONNECTIONS => { CONNECTIONS => '-1' }],
    [METRICS_LISTEN => { METRICS_LISTEN => 'a b;' }],
    [METRICS_LISTEN => { METRICS_LISTEN => '1.2.3.4' }],
    [METRICS_LISTEN => { METRICS_LISTEN => '127.0.0.1:70000' }],
    [PORT => { PORT => 65536 }],
    [OPENAI_BASE_URL => { OPENAI_BASE_URL => 'ftp://x' }],
    [OPENAI_API_KEY => { OPENAI_BASE_URL => 'http://127.0.0.1',
        OPENAI_API_KEY => "a\nb" }],
    ['OPENAI_API_KEY and OPENAI_API_KEY_FILE' => { OPENAI_API_KEY => 'a',
        OPENAI_API_KEY_FILE => file('b') }],
    [DATABASE_URL_FILE => { DATABASE_URL_FILE => '/nowhere' }],
    [DATABASE_PASSWORD => { DATABASE_PASSWORD => 'x' }],
    [DATABASE_POOL => { DATABASE_URL => 'dbname=x', DATABASE_POOL => 0 }])
{
    my ($name, $env) = @$case;
    my $said = render($env);

    isnt($?, 0, join(' ', map { "$_=$env->{$_}" =~ s/\s/ /r } sort keys %$env)
        . ' is refused');
    like($said, qr/^\Q$name\E /m, 'by name');
}

done_testing();


# the scripts, in their order; what they say, and their status

sub render {
    my ($env) = @_;

    my %env = %$env;
    my $before = delete $env{before} // ':';

    $Dir = File::Temp->newdir;
    mkdir "$Dir/$_" for qw(conf.d tmp);
    chmod 0755, $Dir;

    return ThreadWS::Command::said({ both => 1, child => sub {
        %ENV = (PATH => $ENV{PATH}, PORT => 8080,
            THREAD_WS_SHARE => 'tools', NGINX_ENVSUBST_OUTPUT_DIR => "$Dir/conf.d",
            NGINX_ENVSUBST_TEMPLATE_DIR => 'docker/templates',
            CGROUP => '/nowhere', CGROUPS => '/dev/null', %env);
    } }, 'sh', '-euc', "$before; "
        . 'for script in docker/entrypoint.d/*.sh; do "$script"; done');
}

sub rendered {
    my ($name) = @_;
    return slurp("$Dir/conf.d/$name");
}

# nginx on it, with the paths of a machine that is no image

sub serves {
    my ($what, $env) = @_;

    my $said = render($env);
    is($?, 0, "$what: the scripts") or diag($said);

    my $user = $> == 0 ? "user root;\n" : '';

    spit("$Dir/nginx.conf", $user . slurp('docker/nginx.conf')
        =~ s{/tmp/}{$Dir/tmp/}gr =~ s{/dev/stdout}{$Dir/access}gr
        =~ s{modules/ngx_thread_ws_module\.so}{$module}r);
    spit("$Dir/demo.conf", slurp('client/demo/nginx.conf')
        =~ s{\@CLIENT\@}{Cwd::getcwd() . '/client'}ger);
    spit("$Dir/conf.d/default.conf", rendered('default.conf')
        =~ s{/tmp/}{$Dir/tmp/}gr =~ s{/dev/stdout}{$Dir/access}gr
        =~ s{/usr/share/thread-ws/demo/nginx\.conf}{$Dir/demo.conf}r);
    spit("$Dir/mime.types", slurp('/etc/nginx/mime.types'));

    open my $log, '>>', "$Dir/log" or die "no log: $!\n";

    $Pid = ThreadWS::Command::started(
        sub { open STDOUT, '>&', $log; open STDERR, '>&', $log },
        $ENV{TEST_NGINX_BINARY} || 'nginx', '-p', "$Dir/", '-e', 'stderr',
        '-c', "$Dir/nginx.conf", '-g', 'daemon off;');

    my $up = eval {
        $Loop->until(sub {
            die "nginx is over\n" if waitpid($Pid, POSIX::WNOHANG()) == $Pid;
            -s "$Dir/tmp/nginx.pid";
        }, 'nginx');
        get('127.0.0.1', $env->{PORT}, '/health');
    };
    is($up, 200, "$what: it serves") or diag($@, slurp("$Dir/log"));
}

sub stop {
    kill 'QUIT', $Pid;
    is(ThreadWS::Command::ended($Pid, $ThreadWS::Command::Deadline), 0,
        'it leaves');
    undef $Pid;
    unlike(slurp("$Dir/log"), qr/\[(?:alert|crit|emerg)\]/, 'without alarm');
}

sub get {
    my ($host, $port, $path, $method) = @_;

    my $socket = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port)
        or return 0;

    print $socket +($method // 'GET') . " $path HTTP/1.0\r\n"
        . "Host: localhost\r\n\r\n";
    my $answer = join '', <$socket>;
    my ($status) = $answer =~ m{^HTTP/1\.1 (\d+) };

    return wantarray ? ($status, $answer =~ s/.*?\r\n\r\n//sr) : $status;
}

# the role, as the PostgreSQL image's script makes it

sub role {
    my ($password) = @_;

    $Pg->psql('DROP OWNED BY gateway', 'DROP ROLE gateway', dbname => 'chat');

    local @ENV{qw(PGHOST PGPORT)} = ($Pg->{dir}, $Pg->{port});
    local @ENV{qw(POSTGRES_USER POSTGRES_DB)} = qw(postgres chat);
    local $ENV{GATEWAY_PASSWORD_FILE} = file($password);

    my $said = ThreadWS::Command::said({ both => 1 }, 'sh',
        'docker/postgres/20-gateway.sh');
    is($?, 0, 'the gateway\'s role') or diag($said);
}

# the nightly job, as it stands, on threads of which some are old

sub expires {
    $Pg->psql("INSERT INTO thread_ws.threads (owner, id, updated) "
        . "SELECT '', 't' || n, now() - n * interval '40 days' "
        . 'FROM generate_series(1, 5) n', 'SELECT 1', dbname => 'chat');

    my $job = YAML::XS::LoadFile('docker/kubernetes/expire.yaml');
    my $container = $job->{spec}{jobTemplate}{spec}{template}{spec}
        {containers}[0];
    my %env = map { $_->{name} => $_->{value} } @{ $container->{env} };

    $env{PGSERVICEFILE} = file("[$env{PGSERVICE}]\nhost=$Pg->{dir}\n"
        . "port=$Pg->{port}\ndbname=chat\nuser=keeper");
    $env{AT_MOST} = 2;
    local @ENV{keys %env} = values %env;

    my $said = ThreadWS::Command::said({ both => 1 },
        @{ $container->{command} });
    is($said, "2 threads went\n1 threads went\n", 'old threads go');
    is(join(' ', $Pg->psql('SELECT id FROM thread_ws.threads ORDER BY id',
        dbname => 'chat')), 't1 t2', 'no others');
}

my @Files;

sub file {
    my ($text) = @_;

    my $file = File::Temp->new;
    push @Files, $file;
    print $file "$text\n";
    close $file;

    return "$file";
}

sub cgroup {
    my ($files) = @_;

    my $dir = File::Temp->newdir;
    push @Files, $dir;

    for my $name (keys %$files) {
        my $path = $dir;

        for my $part (split m{/}, $name =~ s{/?[^/]*$}{}r) {
            mkdir($path = "$path/$part");
        }

        spit("$dir/$name", "$files->{$name}\n");
    }

    spit("$dir/cgroup", "0::/\n") if !$files->{cgroup};
    return { CGROUP => "$dir", CGROUPS => "$dir/cgroup" };
}

sub processors {
    chomp(my $n = ThreadWS::Command::said('nproc'));
    return $n;
}

sub free_port { ThreadWS::Server::free_port() }

sub spit {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out;
}
