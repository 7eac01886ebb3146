
/*
 * The configuration, and the names of the types that rooms share without
 * looking into them.
 */


#ifndef _NGX_THREAD_WS_H_INCLUDED_
#define _NGX_THREAD_WS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <jansson.h>


typedef struct ngx_thread_ws_dialect_s     ngx_thread_ws_dialect_t;
typedef struct ngx_thread_ws_store_s       ngx_thread_ws_store_t;
typedef struct ngx_thread_ws_lines_s       ngx_thread_ws_lines_t;
typedef struct ngx_thread_ws_trace_conf_s  ngx_thread_ws_trace_conf_t;
typedef struct ngx_thread_ws_prompt_form_s ngx_thread_ws_prompt_form_t;
typedef struct ngx_thread_ws_run_s         ngx_thread_ws_run_t;
typedef struct ngx_thread_ws_thread_s      ngx_thread_ws_thread_t;
typedef struct ngx_thread_ws_lane_s        ngx_thread_ws_lane_t;
typedef struct ngx_thread_ws_conn_s        ngx_thread_ws_conn_t;


extern ngx_module_t  ngx_thread_ws_module;


/* configuration */


typedef enum {
    NGX_THREAD_WS_BUSY_INTERRUPT = 0,
    NGX_THREAD_WS_BUSY_QUEUE,
    NGX_THREAD_WS_BUSY_REJECT
} ngx_thread_ws_busy_e;


/* where a directive stands, for what is found out after it was read */

typedef struct {
    ngx_str_t                  file;
    ngx_uint_t                 line;
} ngx_thread_ws_place_t;


typedef struct {
    ngx_str_t                  pattern;
#if (NGX_PCRE)
    ngx_regex_t               *regex;        /* NULL: an origin */
#endif
} ngx_thread_ws_origin_t;


typedef struct {
    ngx_flag_t                 enable;
    ngx_int_t                  level;
    ngx_uint_t                 window;       /* bits */
    ngx_uint_t                 context;      /* kept between messages */
    size_t                     min_length;   /* shorter ones go as they are */
} ngx_thread_ws_deflate_conf_t;


typedef struct {
    ngx_uint_t                 runs;
    size_t                     bytes;
} ngx_thread_ws_context_conf_t;


typedef struct {
    ngx_array_t                stores;       /* of PostgreSQL's settings */
    ngx_array_t               *event_logs;   /* of ngx_thread_ws_lines_t * */
    ngx_array_t               *exporters;    /* of ngx_thread_ws_exporter_t * */
    ngx_uint_t                 compact_told; /* 1: that it is off, and why */
    ngx_array_t               *secured;      /* variables that look at TLS */
    ngx_uint_t                 resume;       /* unsigned  resume:1; somewhere */
    char                      *zone_for;     /* what needs the zone first */
    ngx_str_t                  zone_file;    /* ... and where that stands */
    ngx_uint_t                 zone_line;
    ngx_array_t               *later;        /* of ngx_thread_ws_later_t */
} ngx_thread_ws_main_conf_t;


typedef struct {
    ngx_array_t               *names;        /* of ngx_http_server_name_t, which
                                                core forgets at its start */
} ngx_thread_ws_srv_conf_t;


typedef struct {
    ngx_http_handler_pt        handler;      /* the location's, if ours */
    ngx_thread_ws_place_t      place;        /* of the directive for it */
    ngx_http_complex_value_t  *pass;
    ngx_thread_ws_dialect_t   *dialect;
    ngx_http_complex_value_t  *thread_id;    /* NULL: $arg_threadId */
    ngx_http_complex_value_t  *user;         /* NULL: nobody owns threads */
    ngx_http_complex_value_t  *model;
    ngx_http_complex_value_t  *system_prompt;
    json_t                    *parameters;
    ngx_array_t               *client_parameters;  /* NULL: none */
    ngx_thread_ws_prompt_form_t  *forms;     /* of request bodies */

    ngx_uint_t                 busy;         /* ngx_thread_ws_busy_e */
    ngx_uint_t                 queue;        /* messages that may wait */
    ngx_uint_t                 events;       /* beside text: a reply's wants */
    ngx_array_t               *reasoning_tags;   /* of ngx_str_t; NULL: none */
    ngx_flag_t                 reasoning_history;   /* prompts have it, too */

    size_t                     max_message_size;
    size_t                     max_response_size;
    size_t                     output_buffer;
    ngx_msec_t                 send_timeout;
    ngx_msec_t                 run_timeout;
    ngx_msec_t                 resume;       /* ms without followers; 0: off */
    ngx_msec_t                 keep;         /* ... it is heard after its end */
    ngx_uint_t                 http_abort;   /* 1: who asked by HTTP cancels */
    ngx_flag_t                 keep_partial; /* cancelled answers are stored */
    ngx_msec_t                 gather;       /* as the agent's call has it */
    ngx_msec_t                 ping_interval;    /* 0: no pings */
    ngx_msec_t                 pong_timeout;     /* 0: pongs are not missed */

    ngx_uint_t                 origins_mode;
    ngx_array_t               *origins;      /* of ngx_thread_ws_origin_t */
    ngx_array_t               *protocols;    /* NULL: thread-ws */
    ngx_array_t               *subprotocols; /* of ngx_str_t */
    ngx_thread_ws_deflate_conf_t  deflate;

    ngx_flag_t                 http;         /* also without a WebSocket */
    ngx_flag_t                 compact;      /* requests are moved */
    ngx_int_t                  connections_warn;
    ngx_msec_t                 shutdown_spread;

    ngx_thread_ws_store_t     *store;
    ngx_thread_ws_context_conf_t  context;
    ngx_str_t                  history;      /* the server's; empty: none */
    ngx_str_t                  replay;       /* a location that lets stored
                                                answers through; empty: none */
    ngx_str_t                  threads;      /* ... the agent's; empty: none */

    ngx_msec_t                 demo_delay;   /* between two deltas */

    ngx_thread_ws_lines_t     *event_log;    /* NULL: off */
    ngx_thread_ws_trace_conf_t  *trace;      /* NULL: off */
} ngx_thread_ws_loc_conf_t;


#endif /* _NGX_THREAD_WS_H_INCLUDED_ */
