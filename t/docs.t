# Every directive, variable, metric, label of an outcome, error code and close
# code in the docs exists in the code, and the other way round; links lead
# somewhere.

use strict;
use warnings;

use Cwd qw(realpath);
use File::Basename qw(dirname);
use Test::More;

my $root = realpath(dirname(__FILE__) . '/..');

sub slurp {
    my ($path) = @_;

    open my $file, '<', "$root/$path" or die "$path: $!\n";
    local $/;
    return scalar <$file>;
}

sub all {
    my ($text, $pattern) = @_;
    my %found = map { $_ => 1 } $text =~ /$pattern/g;
    return sort keys %found;
}

# both lists, and what either lacks, by name

sub same {
    my ($what, $code, $docs) = @_;
    my %code = map { $_ => 1 } @$code;
    my %docs = map { $_ => 1 } @$docs;

    cmp_ok(scalar @$code, '>', 0, "$what: some are in the code");
    is(join(' ', grep { !$docs{$_} } @$code), '', "$what: all are documented");
    is(join(' ', grep { !$code{$_} } @$docs), '', "$what: no others are");
}

my %c = map { (split m{/})[-1] => slurp($_) }
    map { substr $_, 1 + length $root }
    glob("$root/*.c $root/src/*.h $root/src/*/*.[ch]");

my $directives = slurp('docs/directives.md');
my $protocol = slurp('docs/protocol.md');

my @docs = map { substr $_, 1 + length $root }
    glob("$root/README.md $root/SECURITY.md $root/CONTRIBUTING.md "
    . "$root/docs/*.md $root/docs/*/*.md");

my $docs = join "\n", map { slurp($_) } @docs;

# directives: a section each, and its context is the table's

my ($table) = $c{'ngx_thread_ws_module.c'}
    =~ /ngx_thread_ws_commands\[\] = \{(.*?)\n\};/s;

my %context = $table =~ /ngx_string\("(\w+)"\),\s*(\w+)\|/g;
my @directives = sort keys %context;

same('directives', \@directives, [all($directives, qr/^## (thread_ws_\w+)$/m)]);

for my $name (@directives) {
    my ($section) = $directives =~ /^## \Q$name\E\n(.*?)(?=^## |\z)/ms;

    next unless defined $section;

    my ($context) = $section =~ /^- Context: (.+)$/m;
    my $expected = {
        NGX_HTTP_LOC_CONF => 'location',
        NGX_HTTP_MAIN_CONF => 'http',
        NGX_THREAD_WS_CONTEXT => 'http, server, location',
    }->{$context{$name}};

    is($context, $expected, "$name: context");
    like($section, qr/^- Syntax: `\Q$name\E\b[^`]*;`$/ms, "$name: syntax");
    like($section, qr/^- Default: \S/m, "$name: default");
    like($section, qr/^```nginx\n[^`]*\b\Q$name\E\b[^`]*^```$/ms,
        "$name: example");
    like($directives, qr/\[\Q$name\E\]\(#\Q$name\E\)/, "$name: in the list");
}

# defaults, as far as they are numbers in the code that merges them

my %unit = ('' => 1, k => 1024, m => 1024 ** 2, s => 1000, min => 60000);

for my $line ($c{'ngx_thread_ws_module.c'}
    =~ /ngx_conf_merge_(?:msec|size)?_?value\((conf->\w+,\s*prev->\w+,\s*[\d *]+)\)/g)
{
    my ($name, $expression) = $line =~ /conf->(\w+),.*?,\s*([\d *]+)\z/s;
    my ($default) = $directives
        =~ /^- Default: `thread_ws_\Q$name\E (\d+\w?);`/m;

    next unless grep { $_ eq "thread_ws_$name" } @directives;

    my $value = 1;
    $value *= $_ for $expression =~ /\d+/g;

    my ($number, $unit) = ($default // '') =~ /\A(\d+)(\w?)\z/;
    $unit = 'min' if ($unit // '') eq 'm'
        && $line !~ /size|buffer/;

    is(defined $number ? $number * $unit{$unit} : undef, $value,
        "thread_ws_$name: default");
}

# no directive is mentioned anywhere that is none

my %known = map { $_ => 1 } @directives;
my @metrics = all(join('', @c{qw(ngx_thread_ws_status.c)}),
    qr/"((?:thread_ws|gen_ai)_(?:\w+_)?(?:total|seconds|usage|connections?|runs|bytes))"/);
my %metric = map { $_ => 1 } @metrics;

# variables

my @variables = all(join('', @c{qw(ngx_thread_ws_variables.c
    ngx_thread_ws_variables_upgrade.c)}),
    qr/\{ ngx_string\("(thread_ws_\w+)"\), NULL/);

my ($section) = $directives =~ /^## Variables\n(.*)\z/ms;
my ($rows) = $section =~ /(^\|.*?)\n\n/ms;

same('variables', [map { s/_\z/_NAME/r } @variables],
    [all($rows, qr/`\$(thread_ws_\w+)`/)]);

my %variable = map { $_ => 1 } @variables;

for my $name (all($docs, qr/\$\{?(thread_ws_\w+)/)) {
    ok($variable{$name} || (grep { /_\z/ && index($name, $_) == 0 } @variables),
        "variable \$$name exists");
}

for my $name (grep { $_ ne 'thread_ws_module' } all($docs,
    qr/(?<![\w\$.\/])(thread_ws_[a-z_]+[a-z])(?![\w*.{])/))
{
    (my $plain = $name) =~ s/_(?:bucket|sum|count)\z//;

    ok($known{$name} || $metric{$plain}, "$name exists")
        unless $name =~ /\Athread_ws_(?:http|cookie|arg)/;
}

# metrics

same('metrics', \@metrics, [map { s/_(?:bucket|sum|count)\z//r }
    all(slurp('docs/observability.md'),
        qr/^\| `((?:thread_ws|gen_ai)_\w+)/m)]);

# ... that the dashboard and the alerts look at

for my $file (qw(conf/grafana-dashboard.json conf/alerts.yml)) {
    my %none = map { $_ => 1 } grep { !$metric{s/_(?:bucket|sum|count)\z//r} }
        all(slurp($file),
            qr/((?:thread_ws|gen_ai)_\w+)(?=\{|\[)/);

    is(join(' ', sort keys %none), '', "$file: there are such metrics");
}

# error codes, and whether they are retryable

my ($enum) = $c{'ngx_thread_ws_code.c'}
    =~ /ngx_thread_ws_codes\[\] = \{(.*?)\n\};/s;

my %retryable = $enum
    =~ /\{\s*ngx_string\("([A-Z_]+)"\),[^{}]*,\s*([01])\s*\}/g;

$_ = $_ ? 'yes' : 'no' for values %retryable;

my ($codes) = $protocol =~ /^## Error codes\n(.*?)(?=^## )/ms;
my %documented = $codes =~ /^\| `([A-Z_]+)` \| (yes|no) \|/gm;

same('error codes', [sort keys %retryable], [sort keys %documented]);
is_deeply(\%documented, \%retryable, 'error codes: retryable');

# and what the image's entry point reads of its environment

my $environment = join '', map { slurp($_) }
    map { substr $_, 1 + length $root } glob("$root/docker/entrypoint.d/*.sh");

for my $code (all($docs, qr/`((?!NGX_)[A-Z]{3,}_[A-Z_]+)`/)) {
    ok(exists $retryable{$code} || $docs =~ /\b\Q$code\E=/
        || $environment =~ /\b\Q@{[ $code =~ s{_FILE$}{}r ]}\E\b/
        || grep({ $code eq $_ } qw(CONNECTION_LOST CONNECTION_ENDED))
        || $c{'ngx_thread_ws_wire_ag_ui_end.c'} =~ /"\Q$code\E"/,
        "error code $code exists");
}

# close codes: those that the module sends, by the names of their macros

my %close = $c{'ngx_thread_ws_frame.h'}
    =~ /#define NGX_THREAD_WS_CLOSE_(\w+)\s+(1\d{3})\b/g;

my $sending = join '', @c{grep { !/frame\.h\z/ } sort keys %c};

my @sent = sort grep { !/\A100[056]\z/ }
    map { $close{$_} } grep { $sending =~ /NGX_THREAD_WS_CLOSE_$_\b/ }
    keys %close;

my ($rest) = $protocol =~ /^## Close codes\n(.*?)(?=^## )/ms;

# 1000 is the client's, echoed

same('close codes', \@sent,
    [grep { $_ ne '1000' } all($rest, qr/^\| (1\d{3}) \|/m)]);

# commands and events

same('commands', [all($c{'ngx_thread_ws_command.c'}, qr/^    \{ "(\w+)",$/m)],
    [all($protocol =~ /^## Commands.*?\n(.*?)(?=^## )/ms ? $1 : '',
        qr/^\| `(\w+)` \|/m)]);

same('events', [all(join('', @c{qw(ngx_thread_ws_event.c
    ngx_thread_ws_event.h ngx_thread_ws_event_part.c)}),
        qr/(?:\{\\"type\\":\\"|^    \{ ngx_string\(")([\w-]+)/m)],
    [all($protocol =~ /^## Events.*?\n(.*?)(?=^## )/ms ? $1 : '',
        qr/^\| `([\w-]+)` \|/m)]);

# links to files that are there

for my $doc (@docs) {
    my $text = slurp($doc);
    my $dir = dirname("$root/$doc");

    for my $link (all($text, qr/\]\(([^)\s]+)\)/)) {
        next if $link =~ /\A(?:https?:|mailto:)/;

        my ($file, $anchor) = $link =~ /\A([^#]*)(?:#(.*))?\z/;
        my $path = $file eq '' ? "$root/$doc" : "$dir/$file";

        ok(-e $path, "$doc: $link is there") or next;

        next unless defined $anchor;

        open my $in, '<', $path or die "$path: $!\n";
        my %anchors = map { lc($_) =~ s/[^\w -]//gr =~ s/ /-/gr => 1 }
            map { /^#+ (.*)$/ ? $1 : () } <$in>;

        ok($anchors{$anchor}, "$doc: $link has that section");
    }
}

done_testing();
