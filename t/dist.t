# What a release is made of, and what puts it onto a machine: the list in SPDX's
# format, a Debian repository, make install and uninstall.

use strict;
use warnings;

use Digest::SHA ();
use File::Find ();
use File::Temp ();
use Cpanel::JSON::XS ();
use Test::More;
use YAML::XS ();

use ThreadWS::Command;

my $dir = File::Temp->newdir;
my $name = 'libnginx-mod-http-thread-ws';

mkdir "$dir/dist";
spit("$dir/dist/thread-ws-9.tar.gz", 'source');
spit("$dir/dist/thread-ws-9.tgz", 'client');
package_for($_) for qw(deb12 deb13);

contents();
repository();
installed();
workflows();

done_testing();


sub package_for {
    my ($suite) = @_;

    mkdir "$dir/$_" for $suite, "$suite/DEBIAN";
    spit("$dir/$suite/DEBIAN/control", <<"CONTROL");
Package: $name
Version: 9+$suite
Architecture: amd64
Maintainer: The thread-ws authors <thread-ws\@localhost>
Depends: nginx-abi-1.22.1-7, libjansson4 (>= 2.14), libc6 (>= 2.34)
Description: a test
CONTROL

    must('dpkg-deb', '--root-owner-group', '-Znone', '-b', "$dir/$suite",
        "$dir/dist");
}

sub contents {
    local $ENV{SOURCE_DATE_EPOCH} = 1700000000;

    my $text = must('tools/sbom', "$dir/dist", 9);
    is(must('tools/sbom', "$dir/dist", 9), $text, 'the same files, the same list');

    my $list = Cpanel::JSON::XS->new->utf8->decode($text);
    my %package = map { $_->{SPDXID} => $_ } @{ $list->{packages} };

    is($list->{spdxVersion}, 'SPDX-2.3', 'its version');
    is($list->{dataLicense}, 'CC0-1.0', 'its license');
    is($list->{creationInfo}{created}, '2023-11-14T22:13:20Z', 'its time');
    is(scalar keys %package, scalar @{ $list->{packages} }, 'each has its name');
    is(join(' ', grep { !/^SPDXRef-[A-Za-z0-9.-]+$/ } keys %package), '',
        'which SPDX allows');

    for my $id (sort keys %package) {
        is(join(' ', grep { !defined $package{$id}{$_} } qw(name downloadLocation
            licenseConcluded licenseDeclared copyrightText filesAnalyzed)), '',
            "$id is whole");
    }

    is(join(' ', grep { $_ ne 'SPDXRef-DOCUMENT' && !$package{$_} }
        map { @$_{qw(spdxElementId relatedSpdxElement)} }
        @{ $list->{relationships} }), '', 'relations lead somewhere');

    my %file = map { $_->{packageFileName} => $_->{checksums}[0]{checksumValue} }
        grep { $_->{packageFileName} } values %package;
    is_deeply(\%file, { map { s{.*/}{}r => sum($_) } glob "$dir/dist/*" },
        'every file is in it, by its checksum');

    is(join(' ', sort map { $_->{name} } grep { $_->{SPDXID} =~ /needs/ }
            values %package), 'libc6 libjansson4 nginx-abi-1.22.1-7',
        'what they need, once');
}

# apt takes each suite's own

sub repository {
    must('tools/repository', "$dir/dist", "$dir/repository");

    mkdir "$dir/apt";
    mkdir "$dir/apt/$_" for qw(lists lists/partial cache parts);

    my @options = map { ('-o', $_) } "Dir::Etc::sourcelist=$dir/apt/list",
        "Dir::Etc::sourceparts=$dir/apt/parts",
        "Dir::State::Lists=$dir/apt/lists", "Dir::Cache=$dir/apt/cache",
        'APT::Architecture=amd64', 'APT::Architectures=amd64',
        'APT::Sandbox::User=root', 'Acquire::Languages=none';

    for my $suite (['bookworm', 'deb12'], ['trixie', 'deb13']) {
        spit("$dir/apt/list",
            "deb [trusted=yes] file:$dir/repository $suite->[0] main\n");

        must('apt-get', '-qq', @options, 'update');
        like(must('apt-cache', @options, 'policy', $name),
            qr/^  Candidate: 9\+$suite->[1]$/m, "$suite->[0]: its own package");
    }

    my $said = ThreadWS::Command::said({ both => 1 }, 'tools/repository',
        "$dir/repository", "$dir/other");
    isnt($?, 0, 'nothing is no repository');
    like($said, qr/^there are no packages in /, 'which is said');
}

sub installed {
    my $available = 'usr/share/nginx/modules-available';
    my $enabled = 'etc/nginx/modules-enabled';
    my $root = "$dir/root";
    local $ENV{DESTDIR} = $root;

    spit("$dir/ngx_thread_ws_module.so", 'module');
    my @module = ('tools/module-install', "$dir/ngx_thread_ws_module.so");

    like(must(@module), qr{to load it: ln -s /$available/mod-http-thread-ws\.conf },
        'how to load it');

    my ($so) = grep { /\.so$/ } files($root);
    like($so // '', qr{/ngx_thread_ws_module\.so$}, 'the module');
    is(slurp("$root/$available/mod-http-thread-ws.conf"),
        "load_module modules/ngx_thread_ws_module.so;\n",
        'what loads it, by the package\'s name');
    is(slurp('debian/mod-http-thread-ws.conf'),
        slurp("$root/$available/mod-http-thread-ws.conf"), 'as the package\'s');

    # as the first version left it

    rename "$root/$available/mod-http-thread-ws.conf",
        "$root/$available/mod-thread-ws.conf";
    symlink "/$available/mod-thread-ws.conf",
        "$root/$enabled/50-mod-thread-ws.conf";

    must(@module);
    is_deeply([grep { !/\.so$/ } files($root)], [
        "$enabled/50-mod-http-thread-ws.conf",
        "$available/mod-http-thread-ws.conf"], 'it is loaded once');

    must('tools/module-install', 'remove', "$dir/ngx_thread_ws_module.so");
    is_deeply([files($root)], [], 'nothing is left');
}

# not run here; but they can be read, and what they call is there

sub workflows {
    my $makefile = slurp('Makefile');

    for my $file (glob '.github/workflows/*.yml') {
        my $text = slurp($file);
        my $jobs = YAML::XS::LoadFile($file)->{jobs};
        my @run = map { $_->{run} // () } map { @{ $_->{steps} } } values %$jobs;

        like($text, qr/\A# Not run where this is developed/, "$file says so");

        for my $target (map { split ' ', /^make ([a-z -]+)/ ? $1 : '' } @run) {
            like($makefile, qr/^\Q$target\E:/m, "$file: make $target");
        }

        for my $tool (map { m{^ *((?:tools|docker)/[\w.-]+)}mg } @run) {
            ok(-x $tool, "$file: $tool");
        }
    }
}

sub files {
    my ($root) = @_;

    my @files;
    File::Find::find({ no_chdir => 1, wanted => sub {
        push @files, s{^\Q$root\E/}{}r if -l || -f _;
    } }, $root);

    return sort @files;
}

sub must {
    my (@command) = @_;

    my $said = ThreadWS::Command::said({ both => 1 }, @command);
    $? == 0 or die "@command:\n$said";

    return $said;
}

sub sum {
    my ($file) = @_;
    return Digest::SHA->new(256)->addfile($file, 'b')->hexdigest;
}

sub spit {
    my ($file, $text) = @_;

    open my $out, '>', $file or die "$file: $!\n";
    print $out $text;
    close $out;
}

sub slurp {
    my ($file) = @_;

    open my $in, '<', $file or return '';
    local $/;
    return scalar <$in>;
}
