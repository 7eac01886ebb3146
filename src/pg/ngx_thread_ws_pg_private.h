
/*
 * The inside of a pool, for the files of this room: the pool stands above its
 * connections, which tell it what happens by a table of callbacks; both stand
 * above queries.
 */


#ifndef _NGX_THREAD_WS_PG_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_PG_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "pg/ngx_thread_ws_pg.h"


/* queries on one connection at a time */

#define NGX_THREAD_WS_PG_DEPTH     16

/* between attempts to connect, ms */

#define NGX_THREAD_WS_PG_MIN_WAIT  100
#define NGX_THREAD_WS_PG_MAX_WAIT  1000

/* a connection beyond the first that has nothing to do goes after so long */

#define NGX_THREAD_WS_PG_IDLE      60000


typedef enum {
    NGX_THREAD_WS_PG_CLOSED = 0,
    NGX_THREAD_WS_PG_CONNECTING,
    NGX_THREAD_WS_PG_READY
} ngx_thread_ws_pg_state_e;


struct ngx_thread_ws_pg_conn_s {
    ngx_thread_ws_pg_t       *pg;
    PGconn                   *pgconn;
    ngx_connection_t         *connection;   /* libpq's socket; NULL: none */
    ngx_uint_t                state;        /* ngx_thread_ws_pg_state_e */

    ngx_queue_t               sent;         /* queries, in their order */
    ngx_uint_t                nsent;

    ngx_event_t               timer;        /* connecting, silence, rest */
    ngx_event_t               again;        /* a second look, see there */

    unsigned                  broken:1;     /* to be closed */
    unsigned                  fresh:1;      /* has answered nothing yet */
    unsigned                  extended:1;   /* may take longer to connect */
};


/* hosts as libpq takes them: lists of one length, from another host on */

typedef struct {
    char                     *host;
    char                     *hostaddr;
    char                     *port;
} ngx_thread_ws_pg_hosts_t;


/*
 * What a connection tells its pool: it is ready, or has got through what it
 * had; it broke, or could not be made; a query's answer is whole and committed,
 * or has failed; its connection broke before that.  All but lost may call
 * queries' handlers.
 */

typedef struct {
    void                    (*ready)(ngx_thread_ws_pg_t *pg);
    void                    (*lost)(ngx_thread_ws_pg_t *pg);
    void                    (*done)(ngx_thread_ws_pg_query_t *query);
    void                    (*unsent)(ngx_thread_ws_pg_query_t *query);
} ngx_thread_ws_pg_handlers_t;


struct ngx_thread_ws_pg_s {
    ngx_thread_ws_pg_handlers_t  *handlers;

    ngx_str_t                 name;         /* for logs: no secret */
    ngx_uint_t                nconns;
    ngx_msec_t                timeout;
    ngx_msec_t                connect_timeout;
    unsigned                  connect_limit:1;  /* as the user said */

    const char              **keywords;     /* of libpq, NULL at the end; the */
    const char              **values;       /* first three are the hosts' */
    ngx_array_t               hosts;        /* of ngx_thread_ws_pg_hosts_t */

    /* in a worker */

    ngx_log_t                *log;
    ngx_thread_ws_pg_conn_t  *conns;
    ngx_queue_t               waiting;      /* queries */
    ngx_event_t               retry;
    ngx_event_t               send;
    ngx_msec_t                wait;         /* until the next attempt, ms */
    ngx_uint_t                host;         /* in hosts, to begin with */
    time_t                    logged;       /* of a failure; 0: none */
};


/* at configuration: what is known of the settings so far */

#define NGX_THREAD_WS_PG_HOSTS  3            /* host, hostaddr, port */

typedef struct {
    ngx_conf_t               *cf;
    ngx_thread_ws_pg_t       *pg;
    ngx_uint_t                n;            /* of keywords and values */
    char                     *host;
    char                     *hostaddr;
    char                     *port;
    char                     *dbname;
} ngx_thread_ws_pg_list_t;


/* the name of the directive being read, for messages */

#define ngx_thread_ws_pg_directive(cf)  ((ngx_str_t *) (cf)->args->elts)

char *ngx_thread_ws_pg_copy(ngx_conf_t *cf, const char *s, size_t len);
ngx_int_t ngx_thread_ws_pg_hosts(ngx_thread_ws_pg_list_t *list);
ngx_int_t ngx_thread_ws_pg_conninfo(ngx_conf_t *cf, ngx_thread_ws_pg_t *pg,
    ngx_str_t *conninfo);

/*
 * Queries: unlink takes one out of its queue, if it is in one; free does so,
 * too.
 */

void ngx_thread_ws_pg_query_unlink(ngx_thread_ws_pg_query_t *query);
void ngx_thread_ws_pg_query_free(ngx_thread_ws_pg_query_t *query);

/* connections, for the pool; neither calls handlers */

void ngx_thread_ws_pg_conn_open(ngx_thread_ws_pg_conn_t *pc);
void ngx_thread_ws_pg_conn_send(ngx_thread_ws_pg_conn_t *pc,
    ngx_thread_ws_pg_query_t *query);
void ngx_thread_ws_pg_conn_close(ngx_thread_ws_pg_conn_t *pc);

/*
 * Between a connection's files.  read and lost may call handlers, lost closes
 * the connection; break has it closed soon.  line makes one line of libpq's
 * several, of size bytes at most, in buf.
 */

void ngx_thread_ws_pg_conn_read(ngx_thread_ws_pg_conn_t *pc);
void ngx_thread_ws_pg_conn_flush(ngx_thread_ws_pg_conn_t *pc);
void ngx_thread_ws_pg_conn_watch(ngx_thread_ws_pg_conn_t *pc);
void ngx_thread_ws_pg_conn_break(ngx_thread_ws_pg_conn_t *pc);
void ngx_thread_ws_pg_conn_lost(ngx_thread_ws_pg_conn_t *pc, const char *why);
void ngx_thread_ws_pg_conn_line(ngx_str_t *line, u_char *buf, size_t size,
    const char *text);


#endif /* _NGX_THREAD_WS_PG_PRIVATE_H_INCLUDED_ */
