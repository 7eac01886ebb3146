# What a machine rarely does: a realloc() without memory, a device whose write()
# takes nothing.  A library before libc makes it so.

use strict;
use warnings;

use lib 't/lib';
use File::Temp ();
use IO::Socket::INET;
use Test::More;

use ThreadWS::Chatter;
use ThreadWS::Command;
use ThreadWS::Loop;
use ThreadWS::Server;

plan(skip_all => 'a sanitizer has these functions itself')
    if $ENV{THREAD_WS_SANITIZER} || $ENV{TEST_NGINX_USE_VALGRIND};

my $Loop = ThreadWS::Loop->new;
my $Dir = File::Temp->newdir;
chmod 0755, "$Dir";

library();
no_memory_at_the_opening();
device_that_takes_nothing();
done_testing();

# while there is a file "want" no new piece of 1024 bytes is to be had; what is
# written to /dev/zero is never taken

sub library {
    open my $out, '>', "$Dir/want.c" or die "want.c: $!\n";
    print $out <<'C';
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void *
realloc(void *p, size_t size)
{
    static void *(*next)(void *, size_t);

    if (p == NULL && size == 1024 && access(WANT, F_OK) == 0) {
        errno = ENOMEM;
        return NULL;
    }

    if (next == NULL) {
        next = (void *(*)(void *, size_t)) dlsym(RTLD_NEXT, "realloc");
    }

    return next(p, size);
}

ssize_t
write(int fd, const void *data, size_t size)
{
    char     path[64], name[64];
    ssize_t  n;

    static ssize_t (*next)(int, const void *, size_t);

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    n = readlink(path, name, sizeof(name));

    if (n == 9 && memcmp(name, "/dev/zero", 9) == 0) {
        return 0;
    }

    if (next == NULL) {
        next = (ssize_t (*)(int, const void *, size_t))
                                                     dlsym(RTLD_NEXT, "write");
    }

    return next(fd, data, size);
}
C
    close $out or die "want.c: $!\n";

    ThreadWS::Command::said('gcc', '-shared', '-fPIC', '-O1',
        qq(-DWANT="$Dir/want"), '-o', "$Dir/want.so", "$Dir/want.c", '-ldl');
    die "gcc\n" if $?;
}

sub gateway {
    my (%options) = @_;

    my $chat = delete $options{chat} // '';

    return ThreadWS::Server->new($Loop, %options,
        limits => "export LD_PRELOAD=$Dir/want.so",
        server => "
        location = /chat { thread_ws_pass /agent; $chat }
        location = /agent { internal; thread_ws_demo_agent delay=0; }");
}

# what comes together with the request for the upgrade is lost: so is the
# connection, instead of a message that is never answered

sub no_memory_at_the_opening {
    my $server = gateway(expected => qr/realloc\(1024\)|no memory for/);

    my $message = qq({"type":"message","requestId":"r1","threadId":"t1",)
        . '"content":"' . 'x' x 500 . '"}';
    my $request = join("\r\n", 'GET /chat?threadId=t1 HTTP/1.1', 'Host: a',
        'Upgrade: websocket', 'Connection: Upgrade',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', '', '')
        . pack('CCnN', 0x81, 0x80 | 126, length $message, 0) . $message;

    for my $want (1, 0) {
        open my $out, '>', "$Dir/want" if $want;
        unlink "$Dir/want" if !$want;

        my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $server->port) or die "cannot connect: $!\n";
        my $stream = ThreadWS::Stream->new($Loop, $socket);
        $stream->write($request);

        $Loop->until(sub { $stream->{eof} || $stream->{in} =~ /"final"/ },
            'an end');
        is($stream->{in} =~ /"final"/ ? 'answered' : 'closed',
            $want ? 'closed' : 'answered',
            $want ? 'no memory: the connection is closed'
                : 'with memory: it is answered');
        $stream->close;
    }

    ok($server->log_has(qr/no memory for what the client sends/),
        'and the log says why');
    is(join("\n", $server->stop), '', 'the log is clean');
}

# lines wait, as for a pipe that is full, and then are dropped and counted

sub device_that_takes_nothing {
    my $server = gateway(chat => 'thread_ws_event_log /dev/zero;');
    my $n = 0;

    my $chatter = ThreadWS::Chatter->new($Loop, port => $server->port,
        thread => 't1', more => sub {
            my ($self) = @_;
            $self->message('r' . ++$n, 'Hello') if $n < 500;
        });

    $chatter->message('r0', 'Hello');
    $Loop->until(sub { $chatter->{finals} == 501 }, 'all answers', 60);
    is(join("\n", @{ $chatter->{faults} }), '',
        'a device that takes nothing: every message is answered');

    $chatter->drop;
    $Loop->until(sub { $server->log_has(qr/lines were dropped/) },
        'a word of it');
    is(join("\n", $server->stop), '', 'the worker leaves');
}
