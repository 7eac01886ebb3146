# Two gateways on one PostgreSQL, behind the balancer of docker/compose.scale.yml,
# which knows a third that has no address yet.  Each thread has one gateway.  One
# is killed in mid-conversation: no run that was acknowledged is lost, the clients
# come back through the other, and every message is answered once, in order.  Then
# the third one comes, and is found.

use strict;
use warnings;

use Encode ();
use File::Temp ();
use Cpanel::JSON::XS ();
use MIME::Base64 ();
use POSIX ();
use Test::More;

use ThreadWS::Client;
use ThreadWS::Loop;
use ThreadWS::Names;
use ThreadWS::Postgres;

my $threads = 24;
my $messages = 6;
my $json = Cpanel::JSON::XS->new->canonical->utf8;
my $loop = ThreadWS::Loop->new;

my @nginx = ($ENV{TEST_NGINX_BINARY} || 'nginx');
unshift @nginx, qw(valgrind -q), split ' ', $ENV{TEST_NGINX_USE_VALGRIND}
    if $ENV{TEST_NGINX_USE_VALGRIND};
my $load = join '', map { "load_module $_;\n" }
    split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
my $user = $> == 0 ? "user root;\n" : '';

my $dir = File::Temp->newdir;

# the gateways have an address each, and the same port

my %address = (a => '127.0.0.2', b => '127.0.0.3', c => '127.0.0.4',
    balancer => '127.0.0.1');
my $port = ThreadWS::Postgres::free_port();
my %port = (balancer => ThreadWS::Postgres::free_port(),
    map { $_ => $port } qw(a b c));
my $names = ThreadWS::Names->new($loop, ttl => 1, names => {
    'gateway-1' => $address{a}, 'gateway-2' => $address{b} });

my %pid;
my $test = $$;

END {
    if ($$ == $test) {
        my $status = $?;
        finish($_) for keys %pid;
        $? = $status;
    }
}

sub gateway {
    my ($name, $http) = @_;

    return <<"CONF";
$load$user
daemon off;
worker_processes 2;
pid $dir/$name/nginx.pid;
error_log $dir/$name/error.log info;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path $dir/$name/body;
    proxy_temp_path $dir/$name/proxy;
    fastcgi_temp_path $dir/$name/fastcgi;
    uwsgi_temp_path $dir/$name/uwsgi;
    scgi_temp_path $dir/$name/scgi;
$http
}
CONF
}

sub spit {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out;
}

# nginx by name, in a process group of its own

sub start {
    my ($name, %files) = @_;

    mkdir "$dir/$name" or die "mkdir: $!\n";
    mkdir "$dir/$name/conf.d";
    spit("$dir/$name/$_", $files{$_}) for keys %files;

    $pid{$name} = fork // die "fork: $!\n";

    if ($pid{$name} == 0) {
        POSIX::setpgid(0, 0);
        open STDOUT, '>>', "$dir/$name/error.log";
        open STDERR, '>&', \*STDOUT;
        { exec @nginx, '-p', "$dir/$name/", '-c', "$dir/$name/nginx.conf" }
        POSIX::_exit(127);
    }

    POSIX::setpgid($pid{$name}, $pid{$name});

    # there is no other sign of its readiness than that it listens

    $loop->until(sub {
        die "$name does not start:\n", slurp("$dir/$name/error.log")
            if waitpid($pid{$name}, POSIX::WNOHANG()) > 0;
        IO::Socket::INET->new("$address{$name}:$port{$name}");
    }, "$name to listen");
}

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    return scalar <$file>;
}

# master and workers, at once

sub finish {
    my ($name) = @_;
    my $pid = delete $pid{$name} or return;

    kill 'KILL', -$pid;
    waitpid $pid, 0;
}

my $conninfo = $ThreadWS::Postgres::Cluster->conninfo;

sub start_gateway {
    my ($name) = @_;

    start($name, 'nginx.conf' => gateway($name, <<"CONF"));
    thread_ws_zone threads:1m;
    thread_ws_store "$conninfo" pool=4;

    server {
        listen $address{$name}:$port;

        location = /api/chat/ws {
            thread_ws_pass /agent;
            add_header X-Gateway $name always;
        }

        location = /agent {
            internal;
            thread_ws_demo_agent delay=2ms;
        }
    }
CONF
}

# its own configuration, but for paths and ports; what the entry point writes

sub start_balancer {
    my $conf = slurp('docker/balancer.conf');
    my %own = map { $_ => ThreadWS::Postgres::free_port() } 8081 .. 8083;

    start('balancer',
        'nginx.conf' => $conf =~ s{/tmp/}{$dir/balancer/}gr
            =~ s{\b(808[123])\b}{$own{$1}}gr =~ s{(?<=\$gateway:)8080}{$port}r,
        'conf.d/workers' => "${user}daemon off;\nworker_processes 2;\n",
        'conf.d/events' => "worker_connections 512;\n",
        'conf.d/listen' => "listen 127.0.0.1:$port{balancer};\n",
        'conf.d/resolver.conf' => "resolver 127.0.0.1:@{[ $names->port ]} "
            . "valid=1s;\n");
}

start_balancer();
start_gateway($_) for qw(a b);

# each thread: a client that sends one message after another, and comes back
# under the same names when it is lost

my @chats = map { { id => "t$_", next => 1, text => '', came => 0,
    gateways => {}, finals => [], lost => 0 } } 1 .. $threads;

sub come {
    my ($chat) = @_;

    $chat->{client} = ThreadWS::Client->new($loop, port => $port{balancer});
    $chat->{client}->request(
        "GET /api/chat/ws?threadId=$chat->{id} HTTP/1.1", []);
    $chat->{text} = '';
    $chat->{streams} = 0;
    $chat->{asked} = 0;
    $chat->{came}++;
}

sub look {
    my ($chat) = @_;

    my $client = $chat->{client} or return;

    if ($client->{status} && $client->{status} == 101 && !$chat->{asked}) {
        $chat->{gateway} = $client->{headers}{'x-gateway'}[0];
        $chat->{gateways}{$chat->{gateway}}++;
        ask($chat);
    }

    while (my $frame = shift @{ $client->{frames} }) {
        next if $frame->{opcode} != 1;
        hear($chat, $json->decode($frame->{payload}));
    }

    # a balancer that found no gateway says so; nothing of it is kept either

    if ($client->{stream}{eof} && $chat->{next} <= $messages) {
        $chat->{lost}++;
        come($chat);
    }
}

sub ask {
    my ($chat) = @_;

    $chat->{asked} = 1;
    $chat->{text} = '';
    $chat->{client}->frame('text', $json->encode({
        type => 'message', requestId => "$chat->{id}-$chat->{next}",
        threadId => $chat->{id}, content => "message $chat->{next}" }));
}

sub hear {
    my ($chat, $event) = @_;

    my $n = $chat->{next};

    # A stored it, and died before it could say so: ask again, to be told

    if ($event->{type} eq 'error' && $event->{code} eq 'SUPERSEDED'
        && $event->{requestId} eq "$chat->{id}-$n" && $chat->{lost})
    {
        ask($chat);
        return;
    }

    die "$chat->{id}: unexpected ", $json->encode($event), "\n"
        unless $event->{type} =~ /\A(?:token|final)\z/
        && $event->{requestId} eq "$chat->{id}-$n";

    if ($event->{type} eq 'token') {
        $chat->{text} .= $event->{value};
        $chat->{streams} = 1;
        return;
    }

    die "$chat->{id}: final differs from its tokens\n"
        if $event->{message} ne $chat->{text};

    push @{ $chat->{finals} }, $event->{message};
    $chat->{streams} = 0;
    $chat->{next}++;

    if ($chat->{next} <= $messages) {
        ask($chat);

    } else {
        $chat->{client}{stream}->close;
    }
}

sub turn { look($_) for @chats }

come($_) for @chats;

# in mid-conversation: everybody has an answer, and some of A's stream

my $condemned = sub {
    turn();
    return !(grep { @{ $_->{finals} } < 1 } @chats)
        && grep { $_->{gateway} eq 'a' && $_->{streams} } @chats;
};

$loop->until($condemned, 'a conversation with A under way', 60);

is(scalar(grep { keys %{ $_->{gateways} } != 1 } @chats), 0,
    'each thread has one gateway');

my $acknowledged = 0;
$acknowledged += @{ $_->{finals} } for @chats;
my $streaming = grep { $_->{gateway} eq 'a' && $_->{streams} } @chats;
my @of_a = grep { $_->{gateway} eq 'a' && $_->{next} <= $messages } @chats;

finish('a');

$loop->until(sub {
    turn();
    return !grep { !$_->{lost} || $_->{gateway} ne 'b' || !$_->{asked} } @of_a;
}, 'the clients of A to come back', 60);

$loop->until(sub { turn(); return !grep { $_->{next} <= $messages } @chats },
    'the last answer', 60);

cmp_ok($acknowledged, '>=', $threads, 'runs were acknowledged before');
cmp_ok($acknowledged, '<', $threads * $messages, 'and more were to come');
cmp_ok($streaming, '>', 0, 'answers of A were under way');
cmp_ok(scalar(@of_a), '>', 1, 'A had several clients');

is(scalar(grep { $_->{lost} && !$_->{gateways}{a} } @chats), 0,
    'nobody else was lost');
is(scalar(grep { @{ $_->{finals} } != $messages } @chats), 0,
    'every message was answered once');

# the demo agent says how many messages it was shown: all before this one

is(scalar(grep {
    my $n = 0;
    grep { my $shown = 2 * $n++ + 1; !/\bshown $shown messages? of/ }
        @{ $_->{finals} };
} @chats), 0, 'every answer knew the whole thread');

my $pg = $ThreadWS::Postgres::Cluster;

is($pg->psql('SELECT count(*), count(DISTINCT request_id) '
    . 'FROM thread_ws.runs', dbname => 'chat'),
    join('|', ($threads * $messages) x 2), 'each run is stored once');

my %stored;

for ($pg->psql('SELECT t.id, r.request_id, '
    . "translate(encode(convert_to(r.answer, 'UTF8'), 'base64'), chr(10), '') "
    . 'FROM thread_ws.runs r JOIN thread_ws.threads t USING (thread) '
    . 'ORDER BY r.thread, r.seq', dbname => 'chat'))
{
    my ($id, $request, $answer) = split /\|/;
    push @{ $stored{$id} }, "$request "
        . Encode::decode('UTF-8', MIME::Base64::decode_base64($answer));
}

for my $chat (@chats) {
    my $n = 0;
    is_deeply($stored{$chat->{id}},
        [map { "$chat->{id}-" . ++$n . " $_" } @{ $chat->{finals} }],
        "$chat->{id}: what was acknowledged is stored, in order");
}

# the third one

$names->{names}{'gateway-3'} = $address{c};
start_gateway('c');

my ($n, $came) = (0);

$loop->until(sub {
    if (!$came || $came->{stream}{eof}) {
        $came = ThreadWS::Client->new($loop, port => $port{balancer});
        $came->request('GET /api/chat/ws?threadId=new' . $n++ . ' HTTP/1.1', []);
    }

    my $gateway = $came->{headers}{'x-gateway'} or return 0;
    return 1 if $gateway->[0] eq 'c';

    $came->{stream}->close;
    undef $came;
    return 0;
}, 'a thread of the third gateway', 60);

is($came->{status}, 101, 'a gateway that comes later is found');

for my $name (qw(b c balancer)) {
    unlike(slurp("$dir/$name/error.log"), qr/\[(?:alert|crit|emerg)\]/,
        "$name has no alert");
}

done_testing();
