
/*
 * The threads of this worker: found by store, owner and id while somebody
 * follows them, or a run of theirs is under way.
 */


#include "thread/ngx_thread_ws_thread_private.h"
#include "base/ngx_thread_ws_string.h"


static ngx_thread_ws_thread_t *ngx_thread_ws_thread_get(
    ngx_thread_ws_store_t *store, ngx_str_t *owner, ngx_str_t *id);
static ngx_thread_ws_thread_t *ngx_thread_ws_thread_create(
    ngx_thread_ws_store_t *store, ngx_str_t *owner, ngx_str_t *id);
static uint32_t ngx_thread_ws_thread_hash(ngx_str_t *owner, ngx_str_t *id);
static ngx_int_t ngx_thread_ws_thread_compare(ngx_thread_ws_thread_t *thread,
    ngx_thread_ws_store_t *store, ngx_str_t *owner, ngx_str_t *id);
static void ngx_thread_ws_thread_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);


/* those that can be found */

static ngx_rbtree_t       ngx_thread_ws_threads;
static ngx_rbtree_node_t  ngx_thread_ws_threads_sentinel;


ngx_int_t
ngx_thread_ws_thread_join(ngx_thread_ws_follower_t *follower,
    ngx_thread_ws_loc_conf_t *conf, ngx_str_t *owner, ngx_str_t *id)
{
    ngx_thread_ws_thread_t  *thread;

    if (ngx_thread_ws_threads.root == NULL) {
        ngx_rbtree_init(&ngx_thread_ws_threads,
                        &ngx_thread_ws_threads_sentinel,
                        ngx_thread_ws_thread_insert);
    }

    thread = NULL;

    /* the history of a connection is that connection's alone */

    if (conf->store->shared || !conf->store->keeps) {
        thread = ngx_thread_ws_thread_get(conf->store, owner, id);
    }

    if (thread == NULL) {
        thread = ngx_thread_ws_thread_create(conf->store, owner, id);
        if (thread == NULL) {
            return NGX_ERROR;
        }
    }

    if (conf->resume) {

        if (ngx_thread_ws_resume_join(thread) != NGX_OK) {
            ngx_thread_ws_thread_release(thread);
            return NGX_ERROR;
        }

        follower->lane = &thread->resume->lane;
    }

    ngx_thread_ws_context_widen(&thread->context, &conf->context);

    follower->thread = thread;
    follower->conf = conf;

    ngx_queue_insert_tail(&thread->followers, &follower->queue);

    return NGX_OK;
}


void
ngx_thread_ws_thread_leave(ngx_thread_ws_follower_t *follower)
{
    ngx_thread_ws_thread_t  *thread;

    thread = follower->thread;

    if (thread == NULL) {
        return;
    }

    ngx_thread_ws_thread_disconnect(follower, 0, NULL);
    ngx_thread_ws_follower_deafen(follower);
    ngx_thread_ws_idle_free(follower);

    ngx_queue_remove(&follower->queue);
    follower->thread = NULL;
    follower->lane = &follower->own;

    ngx_thread_ws_thread_release(thread);
}


void
ngx_thread_ws_thread_delete(ngx_thread_ws_store_t *store, ngx_str_t *owner,
    ngx_str_t *id, ngx_uint_t running)
{
    ngx_thread_ws_thread_t  *thread;

    ngx_thread_ws_resume_deleted(store, owner, id, running);

    if (ngx_thread_ws_threads.root == NULL) {
        return;
    }

    thread = ngx_thread_ws_thread_get(store, owner, id);

    if (thread == NULL) {
        return;
    }

    if (running && thread->nruns == 0) {

        /* others may have one: that is looked after here as there */

        ngx_thread_ws_resume_stir(thread);
        return;
    }

    ngx_thread_ws_thread_end(thread);
}


void
ngx_thread_ws_thread_erase(ngx_thread_ws_store_t *store, ngx_str_t *owner)
{
    ngx_rbtree_node_t       *node, *next;
    ngx_thread_ws_thread_t  *thread;

    if (store->shared) {
        ngx_thread_ws_resume_erased(store, owner);
    }

    if (ngx_thread_ws_threads.root == NULL
        || ngx_thread_ws_threads.root == ngx_thread_ws_threads.sentinel)
    {
        return;
    }

    for (node = ngx_rbtree_min(ngx_thread_ws_threads.root,
                               ngx_thread_ws_threads.sentinel);
         node;
         node = next)
    {
        next = ngx_rbtree_next(&ngx_thread_ws_threads, node);
        thread = ngx_rbtree_data(node, ngx_thread_ws_thread_t, node);

        if (thread->store == store
            && ngx_thread_ws_string_equal(&thread->owner, owner))
        {
            ngx_thread_ws_thread_end(thread);
        }
    }
}


void
ngx_thread_ws_thread_end(ngx_thread_ws_thread_t *thread)
{
    ngx_queue_t               *q, *next;
    ngx_thread_ws_verdict_t    verdict;
    ngx_thread_ws_follower_t  *follower;

    ngx_memzero(&verdict, sizeof(ngx_thread_ws_verdict_t));
    verdict.code = NGX_THREAD_WS_THREAD_DELETED;

    /* whoever comes now follows a new one */

    ngx_thread_ws_thread_unlist(thread);

    thread->nruns++;

    ngx_thread_ws_elsewhere_end(thread);

    if (thread->store->shared && thread->resume) {
        ngx_thread_ws_lane_end(&thread->resume->lane, NGX_THREAD_WS_FAILED,
                               &verdict, 0);
    }

    for (q = ngx_queue_head(&thread->followers);
         q != ngx_queue_sentinel(&thread->followers);
         q = next)
    {
        next = ngx_queue_next(q);
        follower = ngx_queue_data(q, ngx_thread_ws_follower_t, queue);

        if (!thread->store->shared
            && follower->conf->dialect->threads == NULL)
        {
            continue;
        }

        ngx_thread_ws_lane_end(follower->lane, NGX_THREAD_WS_FAILED, &verdict,
                               0);
        follower->handlers->deleted(follower->data);
    }

    thread->nruns--;
    ngx_thread_ws_thread_release(thread);
}


static ngx_thread_ws_thread_t *
ngx_thread_ws_thread_get(ngx_thread_ws_store_t *store, ngx_str_t *owner,
    ngx_str_t *id)
{
    uint32_t                 hash;
    ngx_int_t                rc;
    ngx_rbtree_node_t       *node, *sentinel;
    ngx_thread_ws_thread_t  *thread;

    hash = ngx_thread_ws_thread_hash(owner, id);

    node = ngx_thread_ws_threads.root;
    sentinel = ngx_thread_ws_threads.sentinel;

    while (node != sentinel) {

        if (hash != node->key) {
            node = (hash < node->key) ? node->left : node->right;
            continue;
        }

        thread = ngx_rbtree_data(node, ngx_thread_ws_thread_t, node);

        rc = ngx_thread_ws_thread_compare(thread, store, owner, id);

        if (rc == 0) {
            return thread;
        }

        node = (rc < 0) ? node->left : node->right;
    }

    return NULL;
}


static ngx_thread_ws_thread_t *
ngx_thread_ws_thread_create(ngx_thread_ws_store_t *store, ngx_str_t *owner,
    ngx_str_t *id)
{
    u_char                  *p;
    ngx_thread_ws_thread_t  *thread;

    thread = ngx_alloc(sizeof(ngx_thread_ws_thread_t) + owner->len + id->len,
                       ngx_cycle->log);
    if (thread == NULL) {
        return NULL;
    }

    ngx_memzero(thread, sizeof(ngx_thread_ws_thread_t));

    thread->store = store;

    p = (u_char *) (thread + 1);
    p = ngx_thread_ws_string_copy(&thread->owner, p, owner);
    (void) ngx_thread_ws_string_copy(&thread->id, p, id);

    ngx_queue_init(&thread->followers);
    ngx_thread_ws_context_init(&thread->context);

    if (store->shared || !store->keeps) {
        thread->node.key = ngx_thread_ws_thread_hash(owner, id);
        thread->listed = 1;

        ngx_rbtree_insert(&ngx_thread_ws_threads, &thread->node);
    }

    return thread;
}


/* who chooses ids that meet here finds a tree, not a list */

static uint32_t
ngx_thread_ws_thread_hash(ngx_str_t *owner, ngx_str_t *id)
{
    return ngx_murmur_hash2(owner->data, owner->len)
           ^ ngx_murmur_hash2(id->data, id->len);
}


static ngx_int_t
ngx_thread_ws_thread_compare(ngx_thread_ws_thread_t *thread,
    ngx_thread_ws_store_t *store, ngx_str_t *owner, ngx_str_t *id)
{
    ngx_int_t  rc;

    if (store != thread->store) {
        return ((uintptr_t) store < (uintptr_t) thread->store) ? -1 : 1;
    }

    rc = ngx_memn2cmp(id->data, thread->id.data, id->len, thread->id.len);

    return rc ? rc : ngx_memn2cmp(owner->data, thread->owner.data, owner->len,
                                  thread->owner.len);
}


static void
ngx_thread_ws_thread_insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_node_t       **p;
    ngx_thread_ws_thread_t   *thread, *other;

    thread = ngx_rbtree_data(node, ngx_thread_ws_thread_t, node);

    for ( ;; ) {

        if (node->key != temp->key) {
            p = (node->key < temp->key) ? &temp->left : &temp->right;

        } else {
            other = ngx_rbtree_data(temp, ngx_thread_ws_thread_t, node);

            p = (ngx_thread_ws_thread_compare(other, thread->store,
                                              &thread->owner, &thread->id)
                 < 0)
                ? &temp->left : &temp->right;
        }

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}


void
ngx_thread_ws_thread_unlist(ngx_thread_ws_thread_t *thread)
{
    if (thread->listed) {
        thread->listed = 0;
        ngx_rbtree_delete(&ngx_thread_ws_threads, &thread->node);
    }
}


void
ngx_thread_ws_thread_release(ngx_thread_ws_thread_t *thread)
{
    if (thread->nruns || !ngx_queue_empty(&thread->followers)) {
        return;
    }

    ngx_thread_ws_thread_unlist(thread);
    ngx_thread_ws_resume_leave(thread);
    ngx_thread_ws_watch_free(thread);
    ngx_thread_ws_context_free(&thread->context);

    ngx_free(thread);
}
