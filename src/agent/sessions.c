#include "agent/sessions.h"

#include "tinycloud/portable.h"

struct SrSessions {
    guint cache_seconds;
    GHashTable *open; /* id → SrOpenSession */
    guint sweep_source;
};

static void open_free(gpointer data)
{
    SrOpenSession *open = data;

    sr_session_free(open->session);
    sr_delegation_free(open->delegation);
    sr_signer_free(open->signer);
    g_free(open);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrOpenSession, open_free)

SrSessions *sr_sessions_new(guint cache_seconds)
{
    SrSessions *sessions = g_new0(SrSessions, 1);

    sessions->cache_seconds = cache_seconds;
    sessions->open = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, open_free);
    return sessions;
}

void sr_sessions_free(SrSessions *sessions)
{
    if (!sessions)
        return;
    g_clear_handle_id(&sessions->sweep_source, g_source_remove);
    g_hash_table_unref(sessions->open);
    g_free(sessions);
}

/* --- time ----------------------------------------------------------------------------------- */

static gboolean is_idle(gpointer id, gpointer data, gpointer before)
{
    (void)id;
    return ((const SrOpenSession *)data)->used <= *(const gint64 *)before;
}

static void schedule_sweep(SrSessions *sessions);

static gboolean on_sweep(gpointer data)
{
    SrSessions *sessions = data;
    gint64 before = g_get_monotonic_time() - (gint64)sessions->cache_seconds * G_USEC_PER_SEC;

    sessions->sweep_source = 0;
    g_hash_table_foreach_remove(sessions->open, is_idle, &before);
    if (g_hash_table_size(sessions->open) > 0)
        schedule_sweep(sessions);
    return G_SOURCE_REMOVE;
}

static void schedule_sweep(SrSessions *sessions)
{
    if (!sessions->sweep_source)
        sessions->sweep_source =
            sessions->cache_seconds
                ? g_timeout_add_seconds(sessions->cache_seconds, on_sweep, sessions)
                : g_idle_add(on_sweep, sessions);
}

/* --- keeping -------------------------------------------------------------------------------- */

SrOpenSession *sr_sessions_get(SrSessions *sessions, const char *id)
{
    SrOpenSession *open = g_hash_table_lookup(sessions->open, id);

    if (open)
        open->used = g_get_monotonic_time();
    return open;
}

static void remove_oldest(SrSessions *sessions)
{
    const char *oldest = NULL;
    gint64 used = G_MAXINT64;
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, sessions->open);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const SrOpenSession *open = value;

        if (open->used < used) {
            used = open->used;
            oldest = open->session->id;
        }
    }
    g_hash_table_remove(sessions->open, oldest);
}

/* What is only shown, and the key, which the signer has now, need not stay. */
static void make_light(SrOpenSession *open)
{
    g_clear_pointer(&open->session->private_key, sr_secret_free);
    g_clear_pointer(&open->session->siwe, g_free);
    g_clear_pointer(&open->session->signature, g_free);
    g_clear_pointer(&open->session->header, g_free);
    g_clear_pointer(&open->session->portable, sr_json_free);
    if (open->delegation) {
        g_clear_pointer(&open->delegation->message, g_free);
        g_clear_pointer(&open->delegation->signature, g_free);
    }
}

SrOpenSession *sr_sessions_keep(SrSessions *sessions, SrSession *session, SrDelegation *delegation,
                                GError **error)
{
    g_autoptr(SrOpenSession) open = g_new0(SrOpenSession, 1);
    g_autoptr(SrKey) key = sr_session_key(session, error);

    open->session = session;
    open->delegation = delegation;
    open->signer = key ? sr_signer_new(key, error) : NULL;
    if (!open->signer)
        return NULL;
    if (delegation)
        open->no_subdelegation = delegation->is_terminal ||
                                 (session->portable && sr_portable_is_last(session->portable));
    make_light(open);
    if (g_hash_table_size(sessions->open) >= SR_OPEN_SESSIONS_MAX)
        remove_oldest(sessions);
    open->used = g_get_monotonic_time();
    g_hash_table_replace(sessions->open, session->id, open);
    schedule_sweep(sessions);
    return g_steal_pointer(&open);
}

void sr_sessions_remove(SrSessions *sessions, const char *id)
{
    g_hash_table_remove(sessions->open, id);
}

static gboolean has_prefix(gpointer id, gpointer open, gpointer prefix)
{
    (void)open;
    return g_str_has_prefix(id, prefix);
}

void sr_sessions_remove_owned(SrSessions *sessions, const char *caller, const char *origin)
{
    g_autofree char *prefix = sr_session_id_prefix(caller, origin);

    g_hash_table_foreach_remove(sessions->open, has_prefix, prefix);
}

void sr_sessions_clear(SrSessions *sessions)
{
    g_hash_table_remove_all(sessions->open);
}
