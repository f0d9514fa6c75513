#include "agent/session_jobs.h"

#include "base/error.h"

#include <string.h>

#define ALGORITHM "ed25519"

/* What a person sees in a list of the keyring. Owned by the caller. */
static char *label_of(const SrSession *session)
{
    return g_strdup_printf("TinyCloud session for %s", session->origin);
}

static SrRecord *record_of(const SrSession *session, GError **error)
{
    SrSecret *line = sr_session_write(session, error);
    g_autofree char *label = label_of(session);

    return line ? sr_record_new(SR_RECORD_SESSION, session->id, ALGORITHM, label, line) : NULL;
}

static gboolean has_owner(gconstpointer session, gconstpointer other)
{
    const SrSession *a = session;
    const SrSession *b = other;

    return strcmp(a->caller, b->caller) == 0 && strcmp(a->origin, b->origin) == 0;
}

static gboolean has_id(gconstpointer session, gconstpointer id)
{
    return strcmp(((const SrSession *)session)->id, id) == 0;
}

/* How many of @sessions belong to the owner of @session. */
static guint count_owned(const GPtrArray *sessions, const SrSession *session)
{
    guint count = 0;

    for (guint i = 0; i < sessions->len; i++)
        count += has_owner(sessions->pdata[i], session) ? 1 : 0;
    return count;
}

/* Whoever put an id there that we never write may take it away again. */
static gboolean is_text(const char *id)
{
    return g_utf8_validate(id, -1, NULL);
}

/* Into @surplus (of char *) the oldest of the owner of @session that are too many once @sessions
 * are there. These stay whatever the clock said when the others were made. */
static gboolean find_surplus(SrStore *store, const SrSession *session, GPtrArray *sessions,
                             GPtrArray *surplus, GError **error)
{
    g_autofree char *prefix = sr_session_id_prefix(session->caller, session->origin);
    g_autoptr(GPtrArray) entries = sr_store_list_entries(store, SR_RECORD_SESSION, prefix, error);
    guint count = count_owned(sessions, session);

    if (!entries)
        return FALSE;
    for (guint i = entries->len; i > 0; i--) {
        const SrRecord *entry = entries->pdata[i - 1];

        if (g_ptr_array_find_with_equal_func(sessions, entry->id, has_id, NULL))
            continue;
        if (++count > SR_SESSIONS_MAX && is_text(entry->id))
            g_ptr_array_add(surplus, g_strdup(entry->id));
    }
    return TRUE;
}

static SrRecord *make_record(guint index, gpointer sessions, GError **error)
{
    return record_of(((const GPtrArray *)sessions)->pdata[index], error);
}

gboolean sr_session_put_batch(SrStore *store, GPtrArray *sessions, GError **error)
{
    const SrRecordSource source = {SR_RECORD_SESSION, sessions->len, make_record, sessions};
    g_autoptr(GPtrArray) surplus = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) owners = g_ptr_array_new(); /* one session of each */

    for (guint i = 0; i < sessions->len; i++) {
        SrSession *session = sessions->pdata[i];

        if (g_ptr_array_find_with_equal_func(owners, session, has_owner, NULL))
            continue;
        g_ptr_array_add(owners, session);
        if (!find_surplus(store, session, sessions, surplus, error))
            return FALSE;
    }
    return sr_store_put_all(store, &source, surplus, error);
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

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrListedSession, listed_free)

typedef struct {
    GPtrArray *list;
    gint64 now;
} Listing;

/* A session as its record has it, or what is wrong with that. NULL without memory to look at it. */
static SrListedSession *listed_new(const SrRecord *record, const GError *damage, gint64 now,
                                   GError **error)
{
    g_autoptr(SrListedSession) listed = g_new0(SrListedSession, 1);
    g_autoptr(GError) problem = NULL;

    listed->id = g_strdup(record->id);
    listed->session = damage ? NULL : sr_session_read(record->id, record->secret, &problem);
    listed->verdict = SR_SESSION_BROKEN;
    listed->problem = "its record is damaged";
    if (problem && !g_error_matches(problem, SR_ERROR, SR_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    if (!listed->session)
        return g_steal_pointer(&listed);
    listed->verdict = sr_session_check(listed->session, now, NULL, &listed->problem);
    g_clear_pointer(&listed->session->private_key, sr_secret_free);
    if (listed->verdict != SR_SESSION_UNCHECKED)
        return g_steal_pointer(&listed);
    sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "%s", listed->problem);
    return NULL;
}

/* What cannot be read is named; that there is no memory is an error of the whole. */
static gboolean visit(const SrRecord *record, const GError *damage, gpointer data, GError **error)
{
    const Listing *listing = data;
    SrListedSession *listed = listed_new(record, damage, listing->now, error);

    if (listed)
        g_ptr_array_add(listing->list, listed);
    return listed != NULL;
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
