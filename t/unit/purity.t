#!/usr/bin/env perl

# The pure rooms stay pure: they include nothing but nginx's types, jansson, zlib
# and each other's headers, and call for no input, output or clock.

use strict;
use warnings;

use File::Basename;
use Test::More;

my $src = $ENV{SRC} // dirname(__FILE__) . '/../../src';

my %allowed = map { $_ => 1 } qw(
    ngx_config.h ngx_core.h ngx_sha1.h jansson.h zlib.h
);

my $words = join '|', qw(
    ngx_cycle ngx_log_\w+ ngx_time ngx_timeofday ngx_cached_\w+
    ngx_current_msec ngx_connection_t ngx_event_t ngx_http_\w+
    printf fprintf fopen open read write recv send socket connect
    time gettimeofday clock_gettime getenv
);

my @files = (glob("$src/{ws,json,dialect,wire}/*.[ch]"),
    glob("$src/base/ngx_thread_ws_{bytes,string,uuid}.[ch]"));
my %own = map { s{^\Q$src\E/}{}r => 1 } @files;

ok(@files > 0, 'there are files');

for my $file (@files) {
    my $name = basename($file);
    my $text = slurp($file);
    my @wrong;

    while ($text =~ /^[ \t]*#[ \t]*include[ \t]*(\S+)/mg) {
        my $header = $1 =~ s/^[<"]|[>"]$//gr;
        push @wrong, $header unless $allowed{$header} || $own{$header};
    }

    is("@wrong", '', "$name includes only what it may");

    my $code = strip($text);
    my %called;

    $called{$1}++ while $code =~ /(?<![\w.>])($words)\s*\(/g;
    $called{$1}++ while $code =~ /\b(ngx_cycle|ngx_current_msec)\b/g;
    $called{$1}++ while $code =~ /\b(ngx_connection_t|ngx_event_t)\b/g;

    is(join(' ', sort keys %called), '', "$name touches nothing outside");
}

done_testing();


sub slurp {
    my ($file) = @_;

    open my $fh, '<', $file or die "$file: $!";
    local $/;

    return scalar <$fh>;
}


# without comments and strings

sub strip {
    my ($text) = @_;

    $text =~ s{ /\* .*? \*/ | "(?: [^"\\] | \\. )*" | '(?: [^'\\] | \\. )*' }
              { }gsx;

    return $text;
}
