# Whatever lies below t/ is of use: `make test` runs each test, and each other
# file is there for one of them.

use strict;
use warnings;

use File::Find ();
use Test::More;

# what an outer make was told is not for these
delete @ENV{qw(MAKEFLAGS MFLAGS MAKEOVERRIDES TESTS SANITIZE)};

my $Makefile = text('Makefile');
my %Recipe = $Makefile =~ /^([\w-]+):.*\n((?:\t.*\n)+)/mg;
my @Stages = $Recipe{test} =~ /test-[\w-]+/g;
my $All = join "\n", map { all($_) } @Stages;

my @files;
File::Find::find({ no_chdir => 1, wanted => sub {
    push @files, $_ if -f && !m{/servroot} } }, 't');

my %Text = map { $_ => text($_) } grep { !m{^t/fuzz/corpus/} } @files,
    glob('tools/* bench/*');

ok(@Stages > 3, 'the stages of make test');
is(join(' ', grep { !reached($_) } sort @files), '',
    'make test reaches every file below t/');

# chance finds the others late, on whatever machine

my ($types) = text('src/wire/ngx_thread_ws_command.c')
    =~ /_command_types\[\] = \{(.*?)\n\};/s;
my @commands = $types =~ /\{ "(\w+)"/g;

ok(@commands > 3, 'the types of commands');
is(join(' ', grep { !-f "t/fuzz/corpus/command/$_" } @commands), '',
    'each type of command is among the seeds');

done_testing();

# all that a stage makes, as make would, without making it

sub all {
    my ($stage) = @_;

    my $recipe = $Recipe{$stage} // '';

    # a stage by another's name, of the same Makefile
    return join "\n", map { all($_) } $recipe =~ /\(MAKE\) ([a-z]\S*)/g
        if $recipe =~ /\(MAKE\) [a-z]/;

    # without what make itself would put in
    (my $plain = $recipe) =~ s/\w*=?\$\((?:[^()]|\([^()]*\))*\)//g;

    return join "\n", $recipe, map {
        my ($dir, @words) = split ' ';
        my @targets = grep { /^[\w-]+$/ } @words;
        scalar `make -C $dir -n -B @targets 2>&1`;
    } $plain =~ /-C (t\/.*)/g;
}

sub reached {
    my ($file) = @_;

    my ($name) = $file =~ m{([^/]+)$};
    (my $base = $name) =~ s/\.[a-z]+$//;

    # prove looks into t/ alone
    return $Makefile =~ /^TESTS\s*=\s*t$/m && $All =~ /\$\(TESTS\)/
        if $file =~ m{^t/[^/]+\.t$};

    # of the folders with programs: what their own Makefiles say
    return $All =~ /(?<![\w.])\Q$name\E\b/
        if $file =~ m{^(.*)/[^/]+\.(?:c|t)$} && -f "$1/Makefile";
    return $All =~ /-C t\/$1\b/ if $file =~ m{^t/(\w+)/Makefile$};
    return $All =~ /\bfuzz_$1\b/ if $file =~ m{^t/fuzz/corpus/(\w+)/};

    # streams and what is wanted of them, which one program looks for
    return $All =~ /\bgolden\b/ if $file =~ m{^t/golden/\w+/[\w-]+\.(?:stream|expected)$};

    # to read
    return 1 if $file eq 't/README.md';

    # all else is asked for by name
    return grep { $_ ne $file && $Text{$_} =~ /(?<![\w.-])\Q$base\E\b/ }
        keys %Text;
}

sub text {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    local $/;
    return scalar(<$in>) // '';
}
