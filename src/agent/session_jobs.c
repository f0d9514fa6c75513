#include "agent/session_jobs.h"

#include "base/error.h"

#include <string.h>

#define ALGORITHM "ed25519"

/* What a person sees in a list of the keyring. Owned by the caller. */
static char *label_of(const SrSession *session)
{
    return g_strdup_printf("TinyCloud session for %s", session->origin);
}

/* Remove the oldest sessions of the owner of @session until there are no more than the limit. */
static gboolean make_room(SrStore *store, const SrSession *session, GError **error)
{
    g_autofree char *prefix = sr_session_id_prefix(session->caller, session->origin);
    g_autoptr(GPtrArray) entries = sr_store_list_entries(store, SR_RECORD_SESSION, prefix, error);

    g_autoptr(GPtrArray) ids = g_ptr_array_new();

    for (guint i = 0; entries && i + SR_SESSIONS_MAX < entries->len; i++)
        g_ptr_array_add(ids, ((const SrRecord *)entries->pdata[i])->id);
    return entries && (ids->len == 0 || sr_store_remove_all(store, SR_RECORD_SESSION, ids, error));
}

static SrRecord *record_of(const SrSession *session, GError **error)
{
    SrSecret *line = sr_session_write(session, error);
    g_autofree char *label = label_of(session);

    return line ? sr_record_new(SR_RECORD_SESSION, session->id, ALGORITHM, label, line) : NULL;
}

static void free_record(gpointer record)
{
    sr_record_free(record);
}

/* Whether an owner's sessions were counted for one before @index already. */
static gboolean is_counted(const GPtrArray *sessions, guint index)
{
    const SrSession *session = sessions->pdata[index];

    for (guint i = 0; i < index; i++) {
        const SrSession *other = sessions->pdata[i];

        if (strcmp(other->caller, session->caller) == 0 &&
            strcmp(other->origin, session->origin) == 0)
            return TRUE;
    }
    return FALSE;
}

gboolean sr_session_put_batch(SrStore *store, const GPtrArray *sessions, GError **error)
{
    g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(free_record);

    for (guint i = 0; i < sessions->len; i++) {
        SrRecord *record = record_of(sessions->pdata[i], error);

        if (!record)
            return FALSE;
        g_ptr_array_add(records, record);
    }
    if (!sr_store_put_all(store, records, error))
        return FALSE;
    for (guint i = 0; i < sessions->len; i++)
        if (!is_counted(sessions, i) && !make_room(store, sessions->pdata[i], error))
            return FALSE;
    return TRUE;
}

gpointer sr_session_get_job(SrStore *store, gpointer data, GError **error)
{
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_SESSION, data, error);

    return record ? sr_session_read(record->id, record->secret, error) : NULL;
}

gpointer sr_session_remove_job(SrStore *store, gpointer data, GError **error)
{
    return sr_store_remove(store, SR_RECORD_SESSION, data, error) ? store : NULL;
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
