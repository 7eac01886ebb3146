# docker/: the Kubernetes manifests and the compose files can be read, and say what
# they are meant to: nobody is more than they need be, names lead somewhere, what
# runs runs once.

use strict;
use warnings;

use File::Basename qw(basename);
use Test::More;
use YAML::XS ();

$YAML::XS::Boolean = 'JSON::PP';

my $K = 'docker/kubernetes';
my %Of = map { basename($_) => [YAML::XS::LoadFile($_)] } glob "$K/*.yaml";
my %Kind;

my $kustomization = $Of{'kustomization.yaml'}[0];

is(join(' ', sort @{ $kustomization->{resources} }, 'kustomization.yaml',
        'prometheus-adapter.yaml'),
    join(' ', sort keys %Of), 'every file is used');

for my $file (@{ $kustomization->{resources} }) {
    for my $object (@{ $Of{$file} }) {
        push @{ $Kind{ $object->{kind} } }, $object;
        ok($object->{apiVersion} && $object->{metadata}{name},
            "$file: $object->{kind} has a version and a name");
    }
}

my ($deployment) = @{ $Kind{Deployment} };
my ($service) = @{ $Kind{Service} };
my ($cron) = @{ $Kind{CronJob} };
my $pod = $deployment->{spec}{template};
my $container = $pod->{spec}{containers}[0];
my $labels = $pod->{metadata}{labels};
my %port = map { $_->{name} => $_->{containerPort} } @{ $container->{ports} };

is_deeply($_->[1], $labels, "$_->[0] means these pods") for
    ['the deployment' => $deployment->{spec}{selector}{matchLabels}],
    ['the service' => $service->{spec}{selector}],
    ['the budget' =>
        $Kind{PodDisruptionBudget}[0]{spec}{selector}{matchLabels}],
    ['the policy' => $Kind{NetworkPolicy}[0]{spec}{podSelector}{matchLabels}],
    map { ["the spread over $_->{topologyKey}" =>
        $_->{labelSelector}{matchLabels}] }
        @{ $pod->{spec}{topologySpreadConstraints} };

is(scalar @{ $pod->{spec}{topologySpreadConstraints} }, 2,
    'they spread over nodes and zones');
ok(!exists $deployment->{spec}{replicas}, 'how many is said once');
is($Kind{HorizontalPodAutoscaler}[0]{spec}{scaleTargetRef}{name},
    $deployment->{metadata}{name}, 'it scales them');

# probes: what keeps clients away does not restart it

my %path = map { $_ => $container->{"${_}Probe"}{httpGet}{path} }
    qw(startup readiness liveness);
is_deeply(\%path, { startup => '/health', readiness => '/ready',
    liveness => '/health' }, 'probes');

my $template = slurp('docker/templates/default.conf.template');
like($template, qr/location = \Q$_\E \{/, "the image has $_")
    for '/health', '/ready';

my ($drain) = "@{ $container->{lifecycle}{preStop}{exec}{command} }"
    =~ /touch (\S+) && sleep (\d+)/;
like($template, qr/if \(-f \Q$drain\E\)/, 'a drained one is not ready');

my ($sleep) = "@{ $container->{lifecycle}{preStop}{exec}{command} }"
    =~ /sleep (\d+)/;
my ($leave) = slurp('docker/nginx.conf') =~ /worker_shutdown_timeout (\d+)s;/;
cmp_ok($pod->{spec}{terminationGracePeriodSeconds}, '>=', $sleep + $leave,
    'the grace is as long as it takes');

# nobody may more than they need

for my $spec ($pod->{spec}, $cron->{spec}{jobTemplate}{spec}{template}{spec}) {
    my $of = $spec->{containers}[0];
    my $security = $of->{securityContext};

    ok($spec->{securityContext}{runAsNonRoot}, "$of->{name} is not root");
    ok($security->{readOnlyRootFilesystem}, 'it writes nothing of its own');
    ok(!$security->{allowPrivilegeEscalation}, 'it gets no rights');
    is_deeply($security->{capabilities}, { drop => ['ALL'] }, 'it has none');
    ok(!$spec->{automountServiceAccountToken}, 'nor a token');
    is(join(' ', grep { $_->{valueFrom}{secretKeyRef} } @{ $of->{env} }), '',
        'no secret in its environment');

    my %volume = map { $_->{name} => 1 } @{ $spec->{volumes} };
    is(join(' ', grep { !$volume{$_} } map { $_->{name} }
        @{ $of->{volumeMounts} }), '', 'its volumes are there');
}

ok($container->{resources}{limits}{cpu}, 'as many workers as processors');

# what it is told is what the image knows

my $scripts = join '', map { slurp($_) } glob 'docker/entrypoint.d/*.sh';

like($scripts, qr/\b\Q$_\E\b/, "the image knows $_")
    for map { $_->{name} =~ s/_FILE$//r } @{ $container->{env} };

# the metrics that it scales by are the status page's, and the adapter's

my $page = slurp('src/pages/ngx_thread_ws_status.c');
my ($rule) = @{ $Of{'prometheus-adapter.yaml'}[0]{rules}{custom} };
my ($series) = $rule->{seriesQuery} =~ /__name__=~"(.*?)"/;

for my $name (map { $_->{pods}{metric}{name} }
    @{ $Kind{HorizontalPodAutoscaler}[0]{spec}{metrics} })
{
    like($page, qr/"\Q$name\E", "gauge"/, "$name is told");
    like($name, qr/$series/, 'and found by the adapter');
}

# policies: what listens can be reached, by port

my ($policy) = @{ $Kind{NetworkPolicy} };
is(join(' ', sort map { $_->{port} } map { @{ $_->{ports} } }
    @{ $policy->{spec}{ingress} }), join(' ', sort keys %port),
    'each port has its neighbours');
is(join(' ', sort @{ $_->{spec}{policyTypes} }), 'Egress Ingress',
    "$_->{metadata}{name}: both ways") for @{ $Kind{NetworkPolicy} };
is_deeply($Kind{NetworkPolicy}[1]{spec}{podSelector}{matchLabels},
    $cron->{spec}{jobTemplate}{spec}{template}{metadata}{labels},
    'the job has one, too');

# a thread's connections go to one gateway

my ($connections) = grep {
    $_->{spec}{rules}[0]{http}{paths}[0]{path} eq '/api/chat/ws'
} @{ $Kind{Ingress} };
my $annotations = $connections->{metadata}{annotations};

is($annotations->{'nginx.ingress.kubernetes.io/upstream-hash-by'},
    '$arg_threadId', 'ingress-nginx');
is($annotations->{'nginx.org/lb-method'}, 'hash $arg_threadId consistent',
    'the other one');

for my $path (map { @{ $_->{spec}{rules}[0]{http}{paths} } } @{ $Kind{Ingress} })
{
    is($path->{backend}{service}{name}, $service->{metadata}{name},
        "$path->{path} leads to them");
    is($path->{backend}{service}{port}{name}, $service->{spec}{ports}[0]{name},
        'by its port');
}

# compose

my %compose = map { $_ => YAML::XS::LoadFile("docker/$_") }
    qw(compose.yml compose.scale.yml);

for my $file (sort keys %compose) {
    my ($compose, $text) = ($compose{$file}, slurp("docker/$file"));

    unlike($text, qr/PASSWORD:[^\n]*:-|:password@|PASSWORD: *\w/i,
        "$file: no default password");

    for my $name (sort keys %{ $compose->{services} }) {
        my $service = merged($compose->{services}{$name});

        next if $service->{extends};

        ok($service->{read_only}, "$file: $name writes nothing of its own");
        is_deeply($service->{cap_drop}, ['ALL'], "$name has no rights");
        is_deeply($service->{security_opt}, ['no-new-privileges:true'],
            "$name gets none");
        is(join(' ', grep { !$compose->{secrets}{$_} }
            @{ $service->{secrets} // [] }), '', "$name: its secrets are there");
        is(join(' ', grep { !/^(?:127\.0\.0\.1:)/ }
            @{ $service->{ports} // [] }), '', "$name: on this machine only");

        my %env = %{ $service->{environment} // {} };
        is(join(' ', grep { $env{$_} =~ m{^/run/secrets/(.*)}
            && !grep { $1 eq $_ } @{ $service->{secrets} } } sort keys %env),
            '', "$name: the files that it reads are there");
    }

    is(join(' ', sort map { basename($_->{file}) }
            values %{ $compose->{secrets} }),
        'gateway_password openai_api_key postgres_password',
        "$file: secrets.sh makes these");
}

my $balancer = slurp('docker/balancer.conf');
like($balancer, qr/hash \$arg_threadId consistent;/, 'the balancer hashes');
is_deeply([sort { $a cmp $b } $balancer =~ /\b(gateway-\d);/g],
    [sort grep { /^gateway/ } keys %{ $compose{'compose.scale.yml'}{services} }],
    'it knows every gateway');

done_testing();


sub merged {
    my ($service) = @_;
    return { %{ $service->{'<<'} ? merged($service->{'<<'}) : {} }, %$service };
}

sub slurp {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}
