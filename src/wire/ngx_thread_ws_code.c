
/*
 * The table of errors.
 */


#include "wire/ngx_thread_ws_code.h"


/* in the order of ngx_thread_ws_code_e; the texts are for people */

ngx_thread_ws_code_t  ngx_thread_ws_codes[] = {

    { ngx_null_string, ngx_null_string, 0 },

    { ngx_string("INVALID_JSON"),
      ngx_string("the message is not valid JSON"), 0 },

    { ngx_string("INVALID_MESSAGE"),
      ngx_string("the message is not one of this protocol's"), 0 },

    { ngx_string("DUPLICATE_REQUEST"),
      ngx_string("this requestId was used for another message: "
                 "choose a new one"), 0 },

    { ngx_string("SUPERSEDED"),
      ngx_string("the same message was answered on another connection: "
                 "send it again to get that answer"), 1 },

    { ngx_string("FORBIDDEN"),
      ngx_string("you may not use this agent: your session may have expired"),
      0 },

    { ngx_string("RATE_LIMITED"),
      ngx_string("too many messages: try again in a moment"), 1 },

    { ngx_string("BUSY"),
      ngx_string("an answer is still under way: try again when it has ended"),
      1 },

    { ngx_string("UPSTREAM_UNAVAILABLE"),
      ngx_string("the agent cannot be reached: try again"), 1 },

    { ngx_string("UPSTREAM_RATE_LIMITED"),
      ngx_string("the agent has too many requests: try again later"), 1 },

    { ngx_string("UPSTREAM_REJECTED"),
      ngx_string("the agent refused the request"), 0 },

    { ngx_string("UPSTREAM_REFUSED"),
      ngx_string("the agent does not want to answer this"), 0 },

    { ngx_string("UPSTREAM_FAILED"),
      ngx_string("the agent failed: try again"), 1 },

    { ngx_string("UPSTREAM_TIMEOUT"),
      ngx_string("the agent took too long: try again"), 1 },

    { ngx_string("RESPONSE_TOO_LARGE"),
      ngx_string("the answer is too large"), 0 },

    { ngx_string("STORE_UNAVAILABLE"),
      ngx_string("the history cannot be reached: try again"), 1 },

    { ngx_string("THREAD_DELETED"),
      ngx_string("the thread was deleted"), 0 },

    { ngx_string("RUN_LOST"),
      ngx_string("the answer was lost: try again"), 1 },

    { ngx_string("SHUTTING_DOWN"),
      ngx_string("the server is restarting: connect again and retry"), 1 }
};
