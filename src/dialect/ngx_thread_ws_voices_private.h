
/*
 * What the files of voices share.
 */


#ifndef _NGX_THREAD_WS_VOICES_PRIVATE_H_INCLUDED_
#define _NGX_THREAD_WS_VOICES_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "dialect/ngx_thread_ws_voices.h"


typedef enum {
    NGX_THREAD_WS_VOICE_NEW = 0,
    NGX_THREAD_WS_VOICE_HELD,
    NGX_THREAD_WS_VOICE_HEARD,
    NGX_THREAD_WS_VOICE_ENDED
} ngx_thread_ws_voice_e;


typedef struct {
    ngx_thread_ws_source_t   source;
    uint64_t                 text;       /* a hash of all of it */
    u_char                  *held;       /* escaped, malloc'ed */
    size_t                   len;
    size_t                   size;
    size_t                   plain;      /* its bytes once unescaped */
    uint32_t                 half;       /* of a surrogate pair at its end */
    ngx_uint_t               state;
    ngx_uint_t               number;     /* among those that were heard */
    ngx_uint_t               broken;     /* 1 and more: of that voice it may be
                                            the repetition */
} ngx_thread_ws_voice_t;


typedef struct {
    uint64_t                 task;
    ngx_int_t                step;
} ngx_thread_ws_voices_step_t;


struct ngx_thread_ws_voices_s {
    ngx_thread_ws_voice_t        *voice;   /* in the order of their begin */
    ngx_uint_t                    n;
    ngx_uint_t                    size;
    ngx_uint_t                    heard;   /* the index of who is */
    size_t                        held;    /* bytes, of all */
    ngx_thread_ws_voices_step_t  *steps;
    ngx_uint_t                    nsteps;
    ngx_uint_t                    steps_size;
    ngx_uint_t                    nheard;
    unsigned                      begun:1;  /* somebody was heard */
    unsigned                      reason:1; /* models say how they end */
};


/* whether what a says can only come when b has said all */

ngx_uint_t ngx_thread_ws_voices_after(ngx_thread_ws_voices_t *voices,
    ngx_thread_ws_source_t *a, ngx_thread_ws_source_t *b);

/*
 * The voice of a source, NULL if it is not known.  A chunk without an id goes
 * on with its speaker's last message.
 */

ngx_thread_ws_voice_t *ngx_thread_ws_voices_find(
    ngx_thread_ws_voices_t *voices, ngx_thread_ws_source_t *source);

/* whether a whole message only puts together anew what its node streamed */

ngx_uint_t ngx_thread_ws_voices_repeats(ngx_thread_ws_voices_t *voices,
    ngx_thread_ws_source_t *source, ngx_str_t *text);

/* a new voice, with keep set with its names; NULL without memory */

ngx_thread_ws_voice_t *ngx_thread_ws_voices_add(
    ngx_thread_ws_voices_t *voices, ngx_thread_ws_source_t *source,
    ngx_uint_t keep);


#endif /* _NGX_THREAD_WS_VOICES_PRIVATE_H_INCLUDED_ */
