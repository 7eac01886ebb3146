package ThreadWS::Prometheus;

# A Prometheus of a test's own, which scrapes the servers of that test and holds
# what it reads against conf/alerts.yml, in a time that passes faster: each
# duration there is divided by the same number.

use strict;
use warnings;

use File::Temp ();
use Cpanel::JSON::XS ();

use ThreadWS::Client;
use ThreadWS::Command;
use ThreadWS::Server;

# faster: how many times; targets: ports on the loopback.

sub new {
    my ($class, $loop, %options) = @_;

    my $self = bless { loop => $loop, faster => 120, alerts => {}, %options,
        dir => File::Temp->newdir, port => ThreadWS::Server::free_port() },
        $class;

    $self->write('rules.yml', $self->rules('conf/alerts.yml'));
    $self->write('prometheus.yml', $self->configuration);

    open $self->{out}, '>>', "$self->{dir}/log" or die "no log: $!\n";

    $self->{pid} = ThreadWS::Command::started(
        sub {
            open STDOUT, '>&', $self->{out};
            open STDERR, '>&', $self->{out};
        },
        'prometheus', "--config.file=$self->{dir}/prometheus.yml",
        "--storage.tsdb.path=$self->{dir}/data", '--log.level=warn',
        "--web.listen-address=127.0.0.1:$self->{port}");

    return $self;
}

sub write {
    my ($self, $name, $text) = @_;

    open my $out, '>', "$self->{dir}/$name" or die "$name: $!\n";
    print $out $text;
    close $out;
}

sub rules {
    my ($self, $file) = @_;

    open my $in, '<', $file or die "$file: $!\n";
    my $text = join '', <$in>;

    $text =~ s{(?<=\[|:\ )(\d+)m(?=\]|\n)}
              { $1 * 60_000 / $self->{faster} . 'ms' }gex;

    return $text;
}

sub configuration {
    my ($self) = @_;

    my $targets = join ', ', map { qq("127.0.0.1:$_") } @{ $self->{targets} };

    return <<"YAML";
global:
  scrape_interval: 250ms
  scrape_timeout: 250ms
  evaluation_interval: 250ms
rule_files: [rules.yml]
scrape_configs:
  - job_name: thread-ws
    static_configs:
      - targets: [$targets]
YAML
}

# Asks which alerts fire, without waiting; the answer is there at a later call.
# Those that do are by name, each with the ports whose they are.

sub firing {
    my ($self) = @_;

    my $client = $self->{client};

    if ($client && ($client->complete || $client->{stream}{eof})) {
        $self->hear($client) if ($client->{status} // 0) == 200;
        $client->{stream}->close;
        undef $client;
    }

    $self->{client} = $client // eval { $self->ask };

    return $self->{alerts};
}

sub ask {
    my ($self) = @_;

    my $client = ThreadWS::Client->new($self->{loop}, plain => 1,
        port => $self->{port});
    $client->request('GET /api/v1/alerts HTTP/1.1',
        [['', 'Connection', 'close']]);

    return $client;
}

sub hear {
    my ($self, $client) = @_;

    my $said = Cpanel::JSON::XS->new->utf8->decode($client->content);
    my %alerts;

    for my $alert (grep { $_->{state} eq 'firing' } @{ $said->{data}{alerts} }) {
        my ($port) = $alert->{labels}{instance} =~ /:(\d+)$/;
        $alerts{ $alert->{labels}{alertname} }{$port} = $alert;
    }

    $self->{alerts} = \%alerts;
}

sub said {
    my ($self) = @_;

    open my $in, '<', "$self->{dir}/log" or return '';
    return join '', <$in>;
}

sub DESTROY {
    my ($self) = @_;

    local ($?, $!);
    my $pid = delete $self->{pid} or return;
    kill 'TERM', $pid;
    ThreadWS::Command::ended($pid, 30);
}

1;
