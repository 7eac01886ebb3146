# What nginx refuses of thread_ws_store, and says of it: never a part of a
# password, whatever is wrong.

use strict;
use warnings;

use File::Temp ();
use Test::More;

use ThreadWS::Command;

my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
my $modules = join '', map { "load_module $_;\n" }
    split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';

my $dir = File::Temp::tempdir(CLEANUP => 1);

# 1 if it is taken; and what was said

sub tried {
    my ($arguments, $before) = @_;

    open my $out, '>', "$dir/nginx.conf" or die "$dir/nginx.conf: $!\n";
    print $out <<"CONF";
${modules}pid $dir/nginx.pid;
error_log $dir/error.log;
events {
}
http {
    access_log off;
    @{[$before // '']}
    thread_ws_store $arguments;
}
CONF
    close $out;

    my $said = ThreadWS::Command::said({ both => 1 }, $nginx, '-t', '-q',
        '-e', "$dir/error.log", '-p', $dir, '-c', "$dir/nginx.conf");

    return ($? == 0, $said);
}

sub refused {
    my ($arguments, $words, $what) = @_;

    my ($taken, $said) = tried($arguments);

    ok(!$taken, "$what: refused");
    like($said, qr/\[emerg\](?=.*"thread_ws_store").*(?:$words)/, "$what: and why");
    like($said, qr/nginx\.conf:\d+/, "$what: and where");
    unlike($said, qr/se-?cr|ret-?99|7131/, "$what: no part of the password");
}

# the password is secr?ret99, with something in its middle

for my $scheme (qw(postgres postgresql)) {
    for my $case (
        ['secr/ret99', '"@" in its URI'],
        ['secr@ret99', '"@" in its URI'],
        ['secr@x/ret99', '"@" in its URI'],
        ['secr/x@ret99', '"@" in its URI'],
        ['secr/x:ret99', '"@" in its URI'],
        ['secr/ret99?a', '"@" in its URI|invalid connection string'],
        ['7131/ret99', '"@" in its URI'],
        ['secr%ret99', 'invalid connection string'],
        ['secr%zzret99', 'invalid connection string'],
    ) {
        my ($password, $words) = @$case;

        refused(qq{"$scheme://gateway:$password\@127.0.0.1:5432/chat"}, $words,
            "$scheme, $password");
    }
}

refused('"postgresql://gateway:secr/ret99"', 'invalid port',
    'nothing but a password');
refused('"host=127.0.0.1 password=secr ret99 dbname=chat"',
    'invalid connection string', 'a string, a space');
refused('host=127.0.0.1 password=secr ret99', 'needs quotes',
    'a string without quotes');
refused('host=127.0.0.1 secr=ret99 pool=4', 'needs quotes',
    'another string without quotes');
refused('"postgressql:secr@ret99"', 'takes "off"', 'another scheme');
refused('secr@ret99', 'takes "off"', 'no string at all');
refused('"host=127.0.0.1 port=secr"', 'invalid port', 'no port');
refused('"host=127.0.0.1 port=71310"', 'invalid port', 'too large a port');

# what libpq would refuse when it connects

for my $case (
    ['sslmode=verify_full', 'sslmode'],
    ['sslmode=on', 'sslmode'],
    ['target_session_attrs=primry', 'target_session_attrs'],
    ['channel_binding=required', 'channel_binding'],
    ['ssl_min_protocol_version=1.2', 'ssl_min_protocol_version'],
    ['ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2',
        'do not go together'],
) {
    my ($setting, $words) = @$case;

    refused(qq{"host=127.0.0.1 password=secret99 $setting"}, $words, $setting);
}

refused('"postgresql://gateway:secret99@127.0.0.1/chat?sslmode=verify_full"',
    'invalid value of "sslmode"', 'a typo in a URI');

# what is taken

for my $taken (
    '"postgresql://gateway:a:secret@127.0.0.1/chat"',
    '"postgresql://gateway:a%2Fb%40c%3Ad@127.0.0.1/chat?sslmode=verify-full"',
    '"postgresql://gateway@127.0.0.1/chat?password=p@ss"',
    '"postgresql://gateway:a?b#c@127.0.0.1/chat"',
    '"postgresql://127.0.0.1/chat?user=gateway@server"',
    '"postgresql://%2Frun%2Fpostgresql/chat"',
    q{"host=127.0.0.1 password='sec/re@t:' target_session_attrs=read-write"},
    '"host=127.0.0.1 sslmode=verify-full channel_binding=prefer" pool=1',
) {
    my ($ok, $said) = tried($taken);
    ok($ok, $taken) or diag($said);
}

# a name that only a resolver can know

my ($ok, $said) = tried('"host=db.invalid"', 'resolver 127.0.0.1;');
ok($ok, 'a name for the resolver') or diag($said);

refused('"host=db.invalid password=secret99"',
    'host "db.invalid", and there is no "resolver"', 'a name for nobody');

done_testing();
