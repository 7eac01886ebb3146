
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
    ngx_uint_t                host;         /* that it began with */

    ngx_queue_t               sent;         /* queries, in their order */
    ngx_uint_t                nsent;

    ngx_event_t               timer;        /* connecting, silence, rest */
    ngx_event_t               again;        /* a second look, see there */

    unsigned                  broken:1;     /* to be closed */
    unsigned                  fresh:1;      /* has answered nothing yet */
    unsigned                  greeting:1;   /* is being asked who it is */
    unsigned                  leaving:1;    /* its name has other addresses */
    unsigned                  extended:1;   /* may take longer to connect */
};


/* hosts as libpq takes them: lists of one length, from another host on */

typedef struct {
    char                     *host;
    char                     *hostaddr;
    char                     *port;
} ngx_thread_ws_pg_hosts_t;


/* a host of the settings; its name may have other addresses later on */

typedef struct {
    ngx_thread_ws_pg_t       *pg;
    char                     *host;
    char                     *port;
    char                     *addr;         /* as the user said; empty: a socket
                                               in a directory; NULL: a name */
    char                    **addrs;        /* of a name */
    ngx_uint_t                naddrs;

    ngx_str_t                 file;         /* where it stands */
    ngx_uint_t                line;
    ngx_str_t                 directive;

    /* in a worker */

    ngx_pool_t               *pool;         /* addrs are in; NULL: as at the
                                               configuration */
    ngx_resolver_ctx_t       *ctx;          /* NULL: nobody is asked */
    ngx_event_t               timer;        /* until it is asked for again */
} ngx_thread_ws_pg_name_t;


/* of a location: it is complete once all is merged */

typedef struct {
    ngx_resolver_t          **resolver;
    ngx_msec_t               *timeout;
} ngx_thread_ws_pg_resolver_t;


/*
 * What a connection tells its pool: it is ready, or has got through what it
 * had; it broke, or could not be made; a query's answer is whole and committed,
 * or has failed; its connection broke before that, or another server is to be
 * asked; the greeting was answered wrongly; hosts have changed;
 * the server only reads.  All but lost may call queries'
 * handlers.
 */

typedef struct {
    void                    (*ready)(ngx_thread_ws_pg_t *pg);
    void                    (*lost)(ngx_thread_ws_pg_t *pg);
    void                    (*done)(ngx_thread_ws_pg_query_t *query);
    void                    (*unsent)(ngx_thread_ws_pg_query_t *query);
    void                    (*refused)(ngx_thread_ws_pg_t *pg);
    void                    (*moved)(ngx_thread_ws_pg_t *pg);
    void                    (*readonly)(ngx_thread_ws_pg_t *pg,
                                        ngx_thread_ws_pg_conn_t *pc);
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
    ngx_thread_ws_pg_name_t  *names;
    ngx_uint_t                nnames;
    ngx_array_t               resolvers;    /* of ngx_thread_ws_pg_resolver_t */
    ngx_array_t               hosts;        /* of ngx_thread_ws_pg_hosts_t */
    ngx_thread_ws_pg_greeting_t  *greeting;

    /* in a worker */

    ngx_log_t                *log;
    ngx_thread_ws_pg_conn_t  *conns;
    ngx_queue_t               waiting;      /* queries */
    ngx_event_t               retry;
    ngx_event_t               send;
    ngx_msec_t                wait;         /* until the next attempt, ms */
    ngx_uint_t                host;         /* in hosts, to begin with */
    ngx_pool_t               *pool;         /* hosts are in; NULL: as at the
                                               configuration */
    time_t                    logged;       /* of a failure; 0: none */
    unsigned                  greeted:1;    /* and is what it should be */
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

/* makes pg->hosts of the names' addresses, in pool: NGX_OK or NGX_ERROR */

ngx_int_t ngx_thread_ws_pg_lists(ngx_thread_ws_pg_t *pg, ngx_pool_t *pool);

/* In a worker: names are followed by a resolver, if there is one. */

void ngx_thread_ws_pg_names_start(ngx_thread_ws_pg_t *pg);
void ngx_thread_ws_pg_names_stop(ngx_thread_ws_pg_t *pg);

/* an address as text, in pool, NULL without memory */

char *ngx_thread_ws_pg_address(ngx_pool_t *pool, struct sockaddr *sockaddr);

/* whether the connection's address is none of any host's any more */

ngx_uint_t ngx_thread_ws_pg_names_left(ngx_thread_ws_pg_conn_t *pc);

/* NGX_ERROR with an emerg line that quotes nothing */

ngx_int_t ngx_thread_ws_pg_check_uri(ngx_conf_t *cf, ngx_str_t *conninfo);
ngx_int_t ngx_thread_ws_pg_check_ports(ngx_conf_t *cf, char *ports);
ngx_int_t ngx_thread_ws_pg_check_settings(ngx_thread_ws_pg_list_t *list);

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
void ngx_thread_ws_pg_conn_leave(ngx_thread_ws_pg_conn_t *pc);

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

/* the same of an error that the server told, with its number */

void ngx_thread_ws_pg_conn_text(ngx_str_t *line, u_char *buf, size_t size,
    PGresult *res);

/*
 * Greets, if that is to be done: NGX_OK when it is not, NGX_AGAIN, NGX_ERROR.
 * When it is done, the connection serves.  log tells why it does not (NULL:
 * what libpq says), at the level that is due.
 */

ngx_int_t ngx_thread_ws_pg_conn_greet(ngx_thread_ws_pg_conn_t *pc);
void ngx_thread_ws_pg_conn_serve(ngx_thread_ws_pg_conn_t *pc);
void ngx_thread_ws_pg_conn_log(ngx_thread_ws_pg_conn_t *pc, const char *why,
    ngx_str_t *reason);


#endif /* _NGX_THREAD_WS_PG_PRIVATE_H_INCLUDED_ */
