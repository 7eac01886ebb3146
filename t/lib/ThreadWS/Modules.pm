package ThreadWS::Modules;

# Modules of Debian's packages, loaded beside ours: "use ThreadWS::Modules last =>
# 'lua'" has ours loaded after them, as Debian does it, and "first" before them.
# Where ours is built in, no other can be loaded, and the file has nothing to
# test.

use strict;
use warnings;

use Test::More ();

our $Dir = '/usr/lib/nginx/modules';

my %of = (
    lua => [qw(ndk_http_module ngx_http_lua_module)],
    js => ['ngx_http_js_module'],
    subs_filter => ['ngx_http_subs_filter_module'],
);

sub import {
    my ($class, $order, @names) = @_;

    load($order, @names) if @names;
}

# whether others can be loaded: ours is no part of nginx itself

sub possible { ($ENV{TEST_NGINX_LOAD_MODULES} // '') =~ /thread_ws/ }

# what load_module takes, in that order

sub load {
    my ($order, @names) = @_;

    my @loaded = split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
    my ($ours) = grep { /thread_ws/ } @loaded;

    if (!possible()) {
        Test::More::plan(skip_all =>
            'the module is built in: no other can be loaded beside it');
        exit 0;
    }

    my %named = map { $_ => 1 } my @others = map { @{ $of{$_} } } @names;

    # "make test-modules" has them all

    my @rest = grep { $_ ne $ours && !$named{ s{.*/|\.so$}{}gr } } @loaded;

    for my $name (@others) {
        -e "$Dir/$name.so" or die "$Dir/$name.so is not there: "
            . "\"make test-packages\" installs it\n";
    }

    my @both = map { "$Dir/$_.so" } @others;

    $ENV{TEST_NGINX_LOAD_MODULES} = join ' ',
        $order eq 'first' ? ($ours, @both, @rest) : (@both, @rest, $ours);
}

1;
