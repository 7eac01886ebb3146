
/*
 * A module that no other has heard of, and that does nothing.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


static ngx_http_module_t  ngx_http_unknown_module_ctx = {
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
};


ngx_module_t  ngx_http_unknown_module = {
    NGX_MODULE_V1,
    &ngx_http_unknown_module_ctx,
    NULL,
    NGX_HTTP_MODULE,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NGX_MODULE_V1_PADDING
};


/* what nginx's build writes for a module that is loaded */

ngx_module_t  *ngx_modules[] = { &ngx_http_unknown_module, NULL };
char  *ngx_module_names[] = { "ngx_http_unknown_module", NULL };
char  *ngx_module_order[] = { NULL };
