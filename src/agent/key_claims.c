#include "agent/key_claims.h"

typedef struct {
    gpointer owner;
    SrKeyTurn turn;
    gboolean has_it; /* else it waits */
} Claim;

struct SrKeyClaims {
    GHashTable *names; /* name → owner */
    GHashTable *keys; /* id → GQueue of Claim, never empty; the head has the key or is about to */
    guint wake_source;
};

static void queue_free(gpointer queue)
{
    g_queue_free_full(queue, g_free);
}

SrKeyClaims *sr_key_claims_new(void)
{
    SrKeyClaims *claims = g_new0(SrKeyClaims, 1);

    claims->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    claims->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, queue_free);
    return claims;
}

void sr_key_claims_free(SrKeyClaims *claims)
{
    if (!claims)
        return;
    g_clear_handle_id(&claims->wake_source, g_source_remove);
    g_hash_table_unref(claims->names);
    g_hash_table_unref(claims->keys);
    g_free(claims);
}

gboolean sr_key_claims_take_name(SrKeyClaims *claims, const char *name, gconstpointer owner)
{
    gconstpointer holder = g_hash_table_lookup(claims->names, name);

    if (!holder)
        g_hash_table_insert(claims->names, g_strdup(name), (gpointer)(guintptr)owner);
    return !holder || holder == owner;
}

gboolean sr_key_claims_take_key(SrKeyClaims *claims, const char *id, gpointer owner, SrKeyTurn turn)
{
    GQueue *queue = g_hash_table_lookup(claims->keys, id);
    Claim *claim = g_new0(Claim, 1);

    claim->owner = owner;
    claim->turn = turn;
    claim->has_it = queue == NULL;
    if (!queue) {
        queue = g_queue_new();
        g_hash_table_insert(claims->keys, g_strdup(id), queue);
    }
    g_queue_push_tail(queue, claim);
    return claim->has_it;
}

/* A claim whose turn has come and that does not know yet. */
static Claim *next_turn(SrKeyClaims *claims)
{
    GHashTableIter iterator;
    gpointer queue;

    g_hash_table_iter_init(&iterator, claims->keys);
    while (g_hash_table_iter_next(&iterator, NULL, &queue)) {
        Claim *head = g_queue_peek_head(queue);

        if (!head->has_it)
            return head;
    }
    return NULL;
}

static gboolean on_wake(gpointer data)
{
    SrKeyClaims *claims = data;
    Claim *claim;

    claims->wake_source = 0;
    while ((claim = next_turn(claims)) != NULL) {
        claim->has_it = TRUE;
        claim->turn(claim->owner);
    }
    return G_SOURCE_REMOVE;
}

static gboolean is_owned_by(gpointer name, gpointer holder, gpointer owner)
{
    (void)name;
    return holder == owner;
}

/* Take the claims of @owner out of @queue. */
static void leave(GQueue *queue, gconstpointer owner)
{
    for (GList *link = queue->head, *next; link; link = next) {
        next = link->next;
        if (((const Claim *)link->data)->owner != owner)
            continue;
        g_free(link->data);
        g_queue_delete_link(queue, link);
    }
}

void sr_key_claims_release(SrKeyClaims *claims, gconstpointer owner)
{
    GHashTableIter iterator;
    gpointer queue;

    g_hash_table_foreach_remove(claims->names, is_owned_by, (gpointer)(guintptr)owner);
    g_hash_table_iter_init(&iterator, claims->keys);
    while (g_hash_table_iter_next(&iterator, NULL, &queue)) {
        leave(queue, owner);
        if (g_queue_is_empty(queue))
            g_hash_table_iter_remove(&iterator);
    }
    /* Later: whoever releases is in the middle of something. */
    if (!claims->wake_source && next_turn(claims))
        claims->wake_source = g_idle_add_full(G_PRIORITY_DEFAULT, on_wake, claims, NULL);
}
