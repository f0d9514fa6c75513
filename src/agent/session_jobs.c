#include "agent/session_jobs.h"

#include "base/error.h"

#include <string.h>

#define ALGORITHM "ed25519"

/* What a person sees in a list of the keyring. Owned by the caller. */
static char *label_of(const SrSession *session)
{
    return g_strdup_printf("TinyCloud session for %s", session->origin);
}

/* Remove the oldest sessions of the owner that are too many now that @session is there, which stays
 * whatever the clock said when the others were made. */
static gboolean remove_surplus(SrStore *store, const SrSession *session, GError **error)
{
    g_autofree char *prefix = sr_session_id_prefix(session->caller, session->origin);
    g_autoptr(GPtrArray) entries = sr_store_list_entries(store, SR_RECORD_SESSION, prefix, error);
    guint left = entries ? entries->len : 0;

    for (guint i = 0; left > SR_SESSIONS_MAX; i++) {
        const SrRecord *entry = entries->pdata[i];

        if (strcmp(entry->id, session->id) == 0)
            continue;
        if (!sr_store_remove(store, SR_RECORD_SESSION, entry->id, error))
            return FALSE;
        left--;
    }
    return entries != NULL;
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
    /* In this order: a kill in between loses none of those that somebody was told of. */
    return sr_store_put(store, record, error) && remove_surplus(store, session, error) ? store
                                                                                       : NULL;
}

gpointer sr_session_get_job(SrStore *store, gpointer data, GError **error)
{
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_SESSION, data, error);

    return record ? sr_session_read(record->id, record->secret, error) : NULL;
}

/* Whether there is a record with that id, damaged or not. */
static gboolean has_record(SrStore *store, const char *id, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_SESSION, id, &problem);

    if (record || g_error_matches(problem, SR_ERROR, SR_ERROR_CORRUPT))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

gpointer sr_session_remove_job(SrStore *store, gpointer data, GError **error)
{
    return has_record(store, data, error) && sr_store_remove(store, SR_RECORD_SESSION, data, error)
               ? store
               : NULL;
}

/* --- listing -------------------------------------------------------------------------------- */

SrSessionQuery *sr_session_query_new(const char *prefix, const char *id, gint64 now)
{
    SrSessionQuery *query = g_new0(SrSessionQuery, 1);

    query->prefix = g_strdup(prefix);
    query->id = g_strdup(id);
    query->now = now;
    return query;
}

void sr_session_query_free(gpointer data)
{
    SrSessionQuery *query = data;

    g_free(query->prefix);
    g_free(query->id);
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

/* The one with @id, if it is there. */
static gboolean visit_one(SrStore *store, const char *id, Listing *listing, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_SESSION, id, &problem);

    if (record)
        return visit(record, NULL, listing, error);
    if (g_error_matches(problem, SR_ERROR, SR_ERROR_KEY_NOT_FOUND))
        return TRUE;
    if (g_error_matches(problem, SR_ERROR, SR_ERROR_CORRUPT)) {
        record = sr_record_new(SR_RECORD_SESSION, id, NULL, NULL, NULL);
        return visit(record, problem, listing, error);
    }
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

gpointer sr_session_list_job(SrStore *store, gpointer data, GError **error)
{
    const SrSessionQuery *query = data;
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(listed_free);
    Listing listing = {list, query->now};

    if (query->id ? visit_one(store, query->id, &listing, error)
                  : sr_store_visit(store, SR_RECORD_SESSION, query->prefix, visit, &listing, error))
        return g_steal_pointer(&list);
    return NULL;
}
