# The house's own rules, as far as a program can see them.

use strict;
use warnings;

use Test::More;

# A room, and those whose headers it may include: what lies below it, each of
# which stands before it here.  So there is no circle.

my @arrows = (
    base    => [],
    ws      => [qw(base)],
    json    => [qw(base ws)],
    dialect => [qw(base json ws)],
    wire    => [qw(base json ws)],
    zone    => [qw(base)],
    pg      => [qw(base)],
    observe => [qw(base ws json dialect wire zone)],
    agent   => [qw(base)],
    store   => [qw(base json observe pg zone)],
    run     => [qw(base ws json dialect wire zone observe agent store)],
    thread  => [qw(base ws json wire zone observe store run)],
    conn    => [qw(base ws json wire observe thread run)],
    twin    => [qw(base ws wire observe thread conn)],
    conf    => [qw(base ws json dialect wire zone observe agent store run
                   thread conn twin)],
    pages   => [qw(base ws json dialect wire zone observe store thread conn
                   conf)],
);

my %below = @arrows;
my @rooms = grep { !ref } @arrows;

# pure: no input, output, clock or log

my @pure_rooms = qw(ws json dialect wire);
my @pure = (glob("src/{@{[join ',', @pure_rooms]}}/*.[ch]"),
    glob('src/base/ngx_thread_ws_{bytes,string,uuid}.[ch]'),
    glob('src/run/ngx_thread_ws_journal*.[ch]'));

my $foreign = join '|', qw(
    ngx_cycle ngx_current_msec ngx_connection_t ngx_event_t
), '(?:' . join('|', qw(
    ngx_log_\w+ ngx_time ngx_timeofday ngx_cached_\w+ ngx_http_\w+
    printf fprintf fopen open read write recv send socket connect
    time gettimeofday clock_gettime getenv
)) . ')\s*\(';

# longer than the rule: these lists only shrink

my $file_lines = 600;
my %long_files = (
    'src/dialect/ngx_thread_ws_reply_error.c' => 664,
    'src/dialect/ngx_thread_ws_sse.c' => 639,
);

my $function_lines = 60;
my %long_functions = (
    ngx_thread_ws_agent_connection => 75,
    ngx_thread_ws_compact_list => 81,
    ngx_thread_ws_demo_writer => 61,
    ngx_thread_ws_frame_parse => 62,
    ngx_thread_ws_history_handler => 77,
    ngx_thread_ws_inflate_run => 74,
    ngx_thread_ws_json_escaped => 68,
    ngx_thread_ws_origin_server_name => 62,
    ngx_thread_ws_settings_deflate => 74,
    ngx_thread_ws_upgrade => 100,
    ngx_thread_ws_upgrade_reply => 76,
);

my @sources = glob('*.c src/*.h src/*/*.[ch]');

ok(@pure > 0 && @sources > @pure, 'sources are there');

for my $i (0 .. $#rooms) {
    my %before = map { $_ => 1 } @rooms[0 .. $i];
    is(join(' ', grep { !$before{$_} } @{ $below{$rooms[$i]} }), '',
        "what $rooms[$i] may include stands before it");
}

is(join(' ', sort map { m{src/(\w+)/} } glob 'src/*/'),
    join(' ', sort @rooms), 'every room is known');

is(join(' ', grep { m{/} } includes('src/ngx_thread_ws.h')), '',
    'src/ngx_thread_ws.h includes no room');
cmp_ok(scalar(lines('src/ngx_thread_ws.h')), '<=', 150,
    'src/ngx_thread_ws.h is short');

# what a room defines

my (%defined, %declared);

for my $file (grep { m{src/\w+/} } @sources) {
    my ($room) = $file =~ m{src/(\w+)/};
    my $code = code($file);

    if ($file =~ /\.c$/) {
        $defined{$1} = $room while $code =~ /^(ngx_thread_ws_\w+)\([^;{]*\)\s*\{/mg;

    } else {
        push @{ $declared{$file} }, $1
            while $code =~ /^(?!typedef|static)\w[\w \*]*?
                            \b(ngx_thread_ws_\w+)\([^;{]*\);/mgx;
    }
}

for my $file (sort keys %declared) {
    my ($room) = $file =~ m{src/(\w+)/};

    is(join(' ', grep { ($defined{$_} // $room) ne $room }
            @{ $declared{$file} }), '',
        "$file declares what its own room does");
}

for my $file (grep { m{src/\w+/} } @sources) {
    my ($room) = $file =~ m{src/(\w+)/};
    my %may = map { $_ => 1 } $room, @{ $below{$room} };

    my @own = map { /^"(.*)"$/ ? $1 : () } includes($file);

    is(join(' ', grep { m{^(\w+)/} && !$may{$1} } @own), '',
        "$file includes nothing from above");
    is(join(' ', grep { $_ ne 'ngx_thread_ws.h' && !m{^\w+/ngx_thread_ws_} }
            @own), '',
        "$file names the room of what it includes");
    is(join(' ', grep { m{_private\.h$} && !m{^$room/} } @own), '',
        "$file looks into no other room");
}

for my $file (@pure) {
    my %there = map { s{^src/}{}r => 1 } @pure;

    is(join(' ', grep {
            !/^<ngx_(config|core|sha1)\.h>$/ && !/^<(jansson|zlib)\.h>$/
                && !(/^"(.*)"$/ && $there{$1})
        } includes($file)), '', "$file includes only what is pure");

    my %called;
    my $code = code($file);
    $called{$1}++ while $code =~ /(?<![\w.>])($foreign)/g;

    is(join(' ', sort keys %called), '', "$file touches nothing outside");
}

my %seen;

for my $file (@sources) {
    my @lines = lines($file);

    cmp_ok(scalar @lines, '<=', $long_files{$file} // $file_lines,
        "$file is no longer than it may be");
    is(long(@lines), '', "$file fits into 80 columns");
    is(numbered(qr{(^|\s)//}, @lines), '', "$file has no // comment");
    is(numbered(qr{\b(TODO|FIXME|XXX)\b|^#if 0}, @lines), '',
        "$file has nothing left to do");
    is(numbered(qr{\t|\s$}, @lines), '', "$file has no tabs, no trailing space");
    like(join("\n", @lines), qr{\A\n/\*\n \* \S}, "$file opens with what it is");

    my %functions = functions(@lines);

    is(join(' ', map { "$_ ($functions{$_})" } grep {
            $functions{$_} > ($long_functions{$_} // $function_lines)
        } sort keys %functions), '',
        "$file has no function longer than it may be");

    $seen{$_} = $functions{$_} for keys %functions;
}

for my $name (sort keys %long_functions) {
    cmp_ok($seen{$name} // 0, '>', $function_lines,
        "$name is still longer than the rule");
}

for my $file (sort keys %long_files) {
    cmp_ok(-e $file ? scalar(lines($file)) : 0, '>', $file_lines,
        "$file is still longer than the rule");
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

    return map { /^\s*#\s*include\s+(\S+)/ ? $1 : () } lines($file);
}


# without comments and strings

sub code {
    my ($file) = @_;

    my $text = join "\n", lines($file);

    $text =~ s{ /\* .*? \*/ | "(?: [^"\\] | \\. )*" | '(?: [^'\\] | \\. )*' }
              { }gsx;

    return $text;
}


# a function's lines are those from its name to its closing brace

sub functions {
    my (%functions, $name, $began);
    my $n = 0;

    for (@_) {
        $n++;

        if (/^(\w+)\(/) {
            ($name, $began) = ($1, $n);

        } elsif (/^\}/ && defined $name) {
            $functions{$name} = $n - $began + 1;
            undef $name;

        } elsif (/^\S/ && !/^[{#]/) {
            undef $name unless /^\w+\(/;
        }
    }

    return %functions;
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
