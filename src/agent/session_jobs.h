/* What is done with TinyCloud sessions on the store's thread (SrStoreJob). */
#pragma once

#include "store/store.h"
#include "tinycloud/session_check.h"

/* Sessions of one owner; a further one takes the place of the oldest. */
#define SR_SESSIONS_MAX 32u

/* Write @sessions (of SrSession), and remove what their owners have too many (SrStoreBatch). */
gboolean sr_session_put_batch(SrStore *store, GPtrArray *sessions, GError **error);

/* Read the session @data (its id). SR_ERROR_KEY_NOT_FOUND. → SrSession */
gpointer sr_session_get_job(SrStore *store, gpointer data, GError **error);

/* Remove the session @data (its id), damaged or not. SR_ERROR_KEY_NOT_FOUND. → @store */
gpointer sr_session_remove_job(SrStore *store, gpointer data, GError **error);

/* A session as the store has it. Its private key is dropped when it has been checked. */
typedef struct {
    SrSession *session; /* NULL when its record is damaged */
    char *id;
    SrSessionVerdict verdict;
    const char *problem; /* static text, NULL for a good one */
} SrListedSession;

typedef struct {
    char *prefix; /* of the ids wanted; "": all */
    char *id;     /* only this one, whatever the prefix; or NULL */
    gint64 now;   /* microseconds since 1970 */
} SrSessionQuery;

/* A query for the ids that start with @prefix. Owned by the caller. */
SrSessionQuery *sr_session_query_new(const char *prefix, const char *id, gint64 now);
void sr_session_query_free(gpointer query);

/* Read and check what @data (SrSessionQuery) wants. → GPtrArray of SrListedSession, oldest first */
gpointer sr_session_list_job(SrStore *store, gpointer data, GError **error);
