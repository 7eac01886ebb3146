package ThreadWS::Cases;

# Responses of agents and what is to come of them, as conversations: of files
# NAME.http with NAME.want beside them, or of files *.cases, each of which has
# many that are written shortly.  t/README.md tells their forms.

use strict;
use warnings;

use Cpanel::JSON::XS ();

my $JSON = Cpanel::JSON::XS->new->canonical->allow_nonref;

my @dialects = qw(openai anthropic langgraph);
my %prefix = (an => 'anthropic', lg => 'langgraph');

# a location for each dialect, with an agent that need not be waited for

sub config {
    my %more = (langgraph => 'thread_ws_store off;');

    return join '', (map {
        my $more = $more{$_} // '';
        <<"CONFIG"
    location = /$_ {
        thread_ws_pass /agent;
        thread_ws_dialect $_;
        $more
    }
CONFIG
    } @dialects), <<'CONFIG';
    location = /agent {
        internal;
        proxy_pass http://127.0.0.1:$TEST_NGINX_AGENT_PORT;
        proxy_http_version 1.1;
        proxy_buffer_size 16k;
        proxy_busy_buffers_size 16k;
        proxy_read_timeout 10s;
    }
CONFIG
}

# [name, conversation] of each block

sub blocks {
    my ($dir) = @_;

    my @blocks = map { [name($_), short($_)] } sort glob "$dir/*.cases";
    my @files = sort glob "$dir/*.http";

    while (my @some = splice @files, 0, 20) {
        push @blocks, [name($some[0]) . ' and others',
            join '', map { whole($_) } @some];
    }

    die "$dir has no cases\n" if !@blocks;
    return @blocks;
}

sub name { my ($file) = @_; return $file =~ s{.*/|\.\w+$}{}gr }

sub slurp {
    my ($file) = @_;
    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/;
    return scalar <$in>;
}

# NAME.http and NAME.want, without which it has to end, and it is shown how

sub whole {
    my ($file) = @_;

    my $name = name($file);
    my $want = $file =~ s/\.http$/.want/r;
    my @lines = -e $want ? split /\n/, slurp($want) : ();

    my %case = (name => $name, bytes => slurp($file),
        dialect => $prefix{ $name =~ s/-.*//r } // 'openai');

    push @{ $case{want} }, @lines;
    return conversation(\%case);
}

# A file of short ones.  Its name is the dialect, or it has a line "dialect: x".

sub short {
    my ($file) = @_;
    return join '', map { conversation($_) } of_file($file);
}

sub of_file {
    my ($file) = @_;

    return of_text((grep({ name($file) =~ /^$_/ } @dialects), 'openai')[0],
        slurp($file));
}

# each as a hash: name, dialect, bytes, want

sub of_text {
    my ($dialect, $text) = @_;

    my @cases;

    for my $line (split /\n/, $text) {
        next if $line =~ /^#/ || $line =~ /^\s*$/;

        if ($line =~ /^=== (.*)/) {
            push @cases, { name => $1, dialect => $dialect, body => '',
                status => '200 OK', type => 'text/event-stream' };

        } elsif ($line =~ /^(status|type|dialect): ?(.*)/) {
            $cases[-1]{$1} = unescape($2);

        } elsif ($line =~ /^header: (.*)/) {
            push @{ $cases[-1]{headers} }, $1;

        } elsif ($line =~ /^\| ?(.*)/) {
            $cases[-1]{body} .= unescape($1) . "\n";

        } elsif ($line =~ /^\\ ?(.*)/) {
            $cases[-1]{body} .= unescape($1);

        } elsif ($line =~ /^([-+.]) ?(.*)/) {
            $cases[-1]{body} .= event($cases[-1]{dialect}, $1, $2);

        } else {
            push @{ $cases[-1]{want} }, $line;
        }
    }

    for my $case (@cases) {
        $case->{bytes} = join "\r\n", "HTTP/1.1 $case->{status}",
            (length $case->{type} ? "Content-Type: $case->{type}" : ()),
            @{ $case->{headers} // [] }, 'Connection: close', '',
            $case->{body};
    }

    return @cases;
}

sub unescape { $_[0] =~ s/<([0-9a-f]{2})>/chr hex $1/ger }

# "+ TEXT", ". REASON" and "-", the end mark, as an event of the dialect

sub event {
    my ($dialect, $what, $text) = @_;

    $text = $JSON->decode($text) if $text =~ /^"/;

    if ($dialect eq 'openai') {
        return "data: [DONE]\n\n" if $what eq '-';
        return 'data: ' . $JSON->encode({ choices => [{ index => 0,
            delta => $what eq '+' ? { content => $text } : {},
            finish_reason => $what eq '+' ? undef : $text }] }) . "\n\n";
    }

    if ($dialect eq 'anthropic') {
        my $event = $what eq '-' ? { type => 'message_stop' }
            : $what eq '.' ? { type => 'message_delta',
                delta => { stop_reason => $text } }
            : { type => 'content_block_delta', index => 0,
                delta => { type => 'text_delta', text => $text } };
        return "event: $event->{type}\ndata: " . $JSON->encode($event)
            . "\n\n";
    }

    return "event: end\ndata: null\n\n" if $what eq '-';
    return "event: messages\ndata: " . $JSON->encode([
        { type => 'AIMessageChunk', id => 'm1',
            content => $what eq '+' ? $text : '',
            response_metadata => $what eq '+' ? {}
                : { finish_reason => $text } },
        { langgraph_checkpoint_ns => 'n:1', langgraph_step => 1 }]) . "\n\n";
}

# The steps: the agent sends the bytes and closes, or what "send:" says.

sub conversation {
    my ($case) = @_;

    my @want = @{ $case->{want} // [] };
    my ($send) = map { /^send: (.*)/ ? $1 : () } @want;
    my ($dialect) = map { /^dialect: (.*)/ ? $1 : () } @want;

    @want = grep { !/^(?:send|dialect): / } @want;
    unshift @want, 'shown r1' if !@want || $want[0] !~ /^(?:final|error)\b/;
    $want[0] =~ s/^(final|error)\b/* $1 r1/;

    my $id = $case->{name} =~ s/[^\w.~-]+/-/gr;
    $dialect //= $case->{dialect};

    # one that pauses does so until it is asked no more
    my $times = $dialect eq 'anthropic'
        && $case->{bytes} =~ /"stop_reason": *"pause_turn"/ ? 6 : 1;

    return join '', map { "$_\n" } "apart $case->{name}",
        "connect /$dialect?threadId=$id", '> message r1 Hello',
        ('@ request', '@ raw ' . unpack('H*', $case->{bytes}),
            sending($send // 'close')) x $times,
        "<$want[0]" =~ s/^<(?!\*)/< /r, @want[1 .. $#want], '< quiet',
        'drop', '@ close', 'end';
}

sub sending {
    my ($how) = @_;

    return () if $how eq 'hold';
    return '@ close' if $how eq 'close';
    return '@ reset' if $how eq 'reset' || $how eq 'rst';
    die "send: $how?\n";
}

1;
