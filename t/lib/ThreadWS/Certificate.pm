package ThreadWS::Certificate;

# cert.pem and key.pem in a directory: for localhost, and for other names if such
# are given ("IP:127.0.0.1"), signed by nobody else.

use strict;
use warnings;

use ThreadWS::Command;

sub make {
    my ($dir, @names) = @_;

    my @others = @names ? ('-addext', 'subjectAltName='
        . join ',', 'DNS:localhost', @names) : ();

    my $said = ThreadWS::Command::said({ both => 1 }, 'openssl', 'req',
        '-x509', '-newkey', 'ec', '-pkeyopt',
        'ec_paramgen_curve:prime256v1', '-nodes', '-days', 2, '-batch',
        '-subj', '/CN=localhost', @others,
        '-out', "$dir/cert.pem", '-keyout', "$dir/key.pem");

    die "no certificate: $said\n" if $?;
}

1;
