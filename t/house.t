# The house's own rules, as far as a program can see them.

use strict;
use warnings;

use Test::More;

my @pure = (glob('src/{ws,json,dialect,wire}/*.[ch]'),
    glob('src/base/ngx_thread_ws_{bytes,string,uuid}.[ch]'));
my @sources = glob('*.c src/*.h src/*/*.[ch]');

ok(@pure > 0 && @sources > @pure, 'sources are there');

for my $file (@pure) {
    my @foreign = grep {
        !/^<ngx_(config|core|sha1)\.h>$/ && !/^<(jansson|zlib)\.h>$/
            && !m{^"(base|ws|json|dialect|wire)/ngx_thread_ws_\w+\.h"$}
    } includes($file);

    is("@foreign", '', "$file includes nothing but its own");

    my @own = grep { s/^"(.*)"$/$1/ } includes($file);
    my %there = map { s{^src/}{}r => 1 } @pure;
    is("@{[grep { !$there{$_} } @own]}", '',
        "$file includes no header from above");
}

for my $file (@sources) {
    my @lines = lines($file);

    cmp_ok(scalar @lines, '<=', 800, "$file is no longer than 800 lines");
    like("@lines[0 .. 1]", qr{^ /\*$}, "$file opens with what it is");
    is(long(@lines), '', "$file fits into 80 columns");
    is(numbered(qr{(^|\s)//}, @lines), '', "$file has no // comment");
    is(numbered(qr{\b(TODO|FIXME|XXX)\b|^#if 0}, @lines), '',
        "$file has nothing left to do");
    is(numbered(qr{\t|\s$}, @lines), '', "$file has no tabs, no trailing space");
}

done_testing();

sub lines {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!";
    chomp(my @lines = <$in>);
    return @lines;
}

sub includes {
    my ($file) = @_;
    return map { /^#include\s+(\S+)/ ? $1 : () } lines($file);
}

sub long {
    my $n = 0;
    return join ' ', map { $n++; length > 80 ? $n : () } @_;
}

sub numbered {
    my ($pattern, @lines) = @_;
    my $n = 0;
    return join ' ', map { $n++; /$pattern/ ? $n : () } @lines;
}
