/*
 * What may lie between a socket and the load generator's input: TLS, whose
 * handshake is waited for, and permessage-deflate's messages.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "load.h"


int  load_is_tls;
int  load_is_deflated;


/* nobody's certificate is looked at */

int
load_secure_open(load_conn_t *c)
{
    SSL  *ssl;
    int   flags, ok;

    static SSL_CTX  *ctx;

    if (!load_is_tls) {
        return 1;
    }

    if (ctx == NULL) {
        ctx = SSL_CTX_new(TLS_client_method());
        if (ctx == NULL) {
            bench_die("load: TLS");
        }
    }

    flags = fcntl(c->fd, F_GETFL);
    fcntl(c->fd, F_SETFL, flags & ~O_NONBLOCK);

    ssl = SSL_new(ctx);
    SSL_set_fd(ssl, c->fd);
    ok = (SSL_connect(ssl) == 1);

    fcntl(c->fd, F_SETFL, flags);
    c->tls = ssl;

    return ok;
}


ssize_t
load_secure_send(load_conn_t *c, const char *p, size_t len)
{
    return c->tls ? SSL_write(c->tls, p, (int) len)
                  : send(c->fd, p, len, MSG_NOSIGNAL);
}


/* all records that are there */

ssize_t
load_secure_recv(load_conn_t *c, char *p, size_t len)
{
    int     n;
    size_t  got;

    if (c->tls == NULL) {
        return recv(c->fd, p, len, 0);
    }

    n = 0;

    for (got = 0; got < len; got += (size_t) n) {
        n = SSL_read(c->tls, p + got, (int) (len - got));

        if (n <= 0) {
            break;
        }
    }

    if (got == 0 && SSL_get_error(c->tls, n) == SSL_ERROR_WANT_READ) {
        errno = EAGAIN;
        return -1;
    }

    return (ssize_t) got;
}


void
load_secure_close(load_conn_t *c)
{
    if (c->tls) {
        SSL_free(c->tls);
        c->tls = NULL;
    }

    if (c->inflate) {
        inflateEnd(c->inflate);
        free(c->inflate);
        c->inflate = NULL;
    }

    close(c->fd);
}


/* a compressed message, on the context of those before it */

void
load_secure_inflate(load_conn_t *c, const char *p, size_t len)
{
    z_stream  *z;

    static char  in[LOAD_BUFFER + 4], out[LOAD_BUFFER];

    z = c->inflate;

    if (z == NULL) {
        z = calloc(1, sizeof(z_stream));
        if (z == NULL || inflateInit2(z, -15) != Z_OK) {
            bench_die("load: inflate");
        }

        c->inflate = z;
    }

    memcpy(in, p, len);
    memcpy(in + len, "\0\0\xff\xff", 4);

    z->next_in = (Bytef *) in;
    z->avail_in = (uInt) len + 4;
    z->next_out = (Bytef *) out;
    z->avail_out = LOAD_BUFFER;

    if (inflate(z, Z_SYNC_FLUSH) != Z_OK || z->avail_in) {
        load_drop(c);
        return;
    }

    load_form_event(c, out, LOAD_BUFFER - z->avail_out);
}
