# The tests' own rules: what a transcript may say is in t/README.md, what is
# waited for has a deadline, no figure of time is asserted, lines can be read.

use strict;
use warnings;
use utf8;

use lib 't/lib';

use File::Find ();
use Test::More;
use ThreadWS::Dialogue;

binmode $_, ':utf8' for map { Test::More->builder->$_ }
    qw(output failure_output);

my @tests = glob('t/*.t');
my @modules;

File::Find::find({ no_chdir => 1, wanted => sub {
    push @modules, $_ if /\.pm$/ } }, 't/lib', 't/langgraph');

steps();
openings();
patterns();

for my $file (@tests) {
    is(numbered(qr/^.{101}/, $file), '', "$file has no line beyond 100 columns");
}

# t/model.t goes on for a time that is asked for

for my $file (grep { $_ ne 't/model.t' } @tests) {
    is(numbered(qr/\bTime::HiRes\b|\btimes?\b\s*(?:\(\)|[-;<>])/, $file), '',
        "$file looks at no clock");
}

for my $file (@tests, grep { !m{/Command\.pm$} } @modules) {
    is(numbered(qr/^[^#]*(?:\bsystem\b[ (]['"\$@]|\bqx\b|=\s*`|'-\||'\|-|\bIPC::)/,
        $file), '', "$file has a deadline for what it starts");
}

done_testing();

# A pattern that is not found is false in a list of arguments, too.

sub patterns {
    for my $same (\&ThreadWS::Dialogue::same,
        sub { ThreadWS::Dialogue::match(@_[1, 2]) })
    {
        is_deeply([map { $_ ? 1 : 0 } $same->(undef, 'answer', '/^wer/'), 'x'],
            [0, 1], 'a pattern that is not found');
        is_deeply([map { $_ ? 1 : 0 } $same->(undef, 'answer', '/wer$/'), 'x'],
            [1, 1], 'a pattern that is found');
    }
}

# Each step is a method whose name says whose it is.

sub steps {
    my %kinds = (do => '', agent => '@', reply => '@', send => '>',
        socket => '>', http => '<', frame => '<', told => '<');

    my %code = map { $_ => 1 } 'repeat', 'end', '> {…}', '< {…}', '<* …',
        map { "< $_" } qw(token final error cancelled pong);

    for my $file (@modules) {
        my @subs = text($file) =~ /^sub (?:\w+::)*([a-z]+_\w+)/mg;

        for my $sub (@subs) {
            my ($kind, $word) = split /_/, $sub, 2;
            next if !defined $kinds{$kind} || $word =~ /_/;
            $code{ join ' ', grep { length } $kinds{$kind}, $word } = 1;
        }
    }

    # of help to the others
    delete @code{'> json', '< of'};

    my %docs = map { $_ => 1 } 'repeat', 'end';

    my $tables = join '', text('t/README.md')
        =~ /^\| line \| does \|\n((?:\|.*\n)+)/mg;

    for my $row ($tables =~ /^\| (`.*?`) \| /mg) {
        $docs{$_} = 1 for grep { defined }
            map { /^((?:[<>@]\*? )?\S+)/ ? $1 : undef } $row =~ /`(.*?)`/g;
    }

    is(join(', ', grep { !$docs{$_} } sort keys %code), '',
        'every step is in t/README.md');
    is(join(', ', grep { !$code{$_} } sort keys %docs), '',
        'and no other is');
}

sub openings {
    my %opening = (
        t => qr{^(?:#!.*\n\n)?# \w},
        pm => qr{^package [\w:]+;\n\n# \S},
        c => qr{^\n?/\*\n \* \w},
        h => qr{^\n?/\*\n \* \w},
        mjs => qr{^// \w},
        Makefile => qr{^# \w},
    );

    my @files;
    File::Find::find({ no_chdir => 1, wanted => sub {
        push @files, $_ if -f && !m{/servroot} } }, 't');

    my @without = grep {
        my ($end) = m{([^./]+)$};
        $opening{$end} && text($_) !~ $opening{$end};
    } @files;

    push @without, grep { text($_) !~ /^(?:#!.*\n#\n)?# \w/ } glob('tools/*');

    is(join(' ', @without), '', 'every file opens with what it is');
}

sub text {
    my ($file) = @_;
    open my $in, '<:utf8', $file or die "$file: $!\n";
    local $/;
    return scalar(<$in>) // '';
}

sub numbered {
    my ($pattern, $file) = @_;

    my $n = 0;
    return join ' ', map { $n++; /$pattern/ ? $n : () } split /\n/, text($file);
}
