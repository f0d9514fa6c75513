#include "agent/session_jobs.h"

#include "base/error.h"

#include <string.h>

#define ALGORITHM "ed25519"

/* What a person sees in a list of the keyring. Owned by the caller. */
static char *label_of(const SrSession *session)
{
    return g_strdup_printf("TinyCloud session for %s", session->origin);
}

/* Remove the oldest sessions of the new one's owner until there is room for it. */
static gboolean make_room(SrStore *store, const SrSession *session, GError **error)
{
    g_autofree char *prefix = sr_session_id_prefix(session->caller, session->origin);
    g_autoptr(GPtrArray) entries = sr_store_list_entries(store, SR_RECORD_SESSION, prefix, error);

    if (!entries)
        return FALSE;
    for (guint i = 0; i + SR_SESSIONS_MAX <= entries->len; i++) {
        const SrRecord *entry = entries->pdata[i];

        if (strcmp(entry->id, session->id) != 0 &&
            !sr_store_remove(store, SR_RECORD_SESSION, entry->id, error))
            return FALSE;
    }
    return TRUE;
}

gpointer sr_session_put_job(SrStore *store, gpointer data, GError **error)
{
    const SrSession *session = data;
    SrSecret *line = sr_session_write(session, error);
    g_autofree char *label = label_of(session);
    g_autoptr(SrRecord) record = NULL;

    if (!line)
        return NULL;
    record = sr_record_new(SR_RECORD_SESSION, session->id, ALGORITHM, label, line);
    return make_room(store, session, error) && sr_store_put(store, record, error) ? store : NULL;
}

gpointer sr_session_get_job(SrStore *store, gpointer data, GError **error)
{
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_SESSION, data, error);

    return record ? sr_session_read(record->id, record->secret, error) : NULL;
}

gpointer sr_session_remove_job(SrStore *store, gpointer data, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_SESSION, data, &problem);

    if (record || g_error_matches(problem, SR_ERROR, SR_ERROR_CORRUPT))
        return sr_store_remove(store, SR_RECORD_SESSION, data, error) ? store : NULL;
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

/* --- listing -------------------------------------------------------------------------------- */

SrSessionQuery *sr_session_query_new(const char *prefix, gint64 now)
{
    SrSessionQuery *query = g_new0(SrSessionQuery, 1);

    query->prefix = g_strdup(prefix);
    query->now = now;
    return query;
}

void sr_session_query_free(gpointer data)
{
    SrSessionQuery *query = data;

    g_free(query->prefix);
    g_free(query);
}

static void listed_free(gpointer data)
{
    SrListedSession *listed = data;

    sr_session_free(listed->session);
    g_free(listed->id);
    g_free(listed);
}

typedef struct {
    GPtrArray *list;
    gint64 now;
} Listing;

/* What cannot be read is named; that there is no memory is an error of the whole. */
static gboolean visit(const SrRecord *record, const GError *damage, gpointer data, GError **error)
{
    const Listing *listing = data;
    g_autoptr(GError) problem = NULL;
    SrSession *session = damage ? NULL : sr_session_read(record->id, record->secret, &problem);
    SrListedSession *listed;

    if (problem && !g_error_matches(problem, SR_ERROR, SR_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
    }
    listed = g_new0(SrListedSession, 1);
    listed->id = g_strdup(record->id);
    listed->session = session;
    listed->verdict = SR_SESSION_BROKEN;
    listed->problem = "its record is damaged";
    if (session) {
        listed->verdict = sr_session_check(session, listing->now, NULL, &listed->problem);
        g_clear_pointer(&session->private_key, sr_secret_free);
    }
    g_ptr_array_add(listing->list, listed);
    return TRUE;
}

gpointer sr_session_list_job(SrStore *store, gpointer data, GError **error)
{
    const SrSessionQuery *query = data;
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(listed_free);
    Listing listing = {list, query->now};

    if (!sr_store_visit(store, SR_RECORD_SESSION, query->prefix, visit, &listing, error))
        return NULL;
    return g_steal_pointer(&list);
}
