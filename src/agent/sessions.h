/*
 * The TinyCloud sessions whose keys are in memory: those that were used of late. They stay as long
 * as unlocked keys do after their last use, and go at once when the agent is locked. Used from the
 * main loop only.
 */
#pragma once

#include "crypto/signer.h"
#include "tinycloud/delegation.h"
#include "tinycloud/session.h"

#define SR_OPEN_SESSIONS_MAX 64u

typedef struct {
    SrSession *session;       /* without its private key and the long texts */
    SrDelegation *delegation; /* what it may do; NULL: nothing yet */
    SrSigner *signer;
    gboolean no_subdelegation;
    gint64 used; /* monotonic, microseconds */
} SrOpenSession;

typedef struct SrSessions SrSessions;

/* @cache_seconds: how long one stays after its last use; 0: until the main loop runs. */
SrSessions *sr_sessions_new(guint cache_seconds);
void sr_sessions_free(SrSessions *sessions);

/* The one with @id, NULL when it is not in memory; its time starts again. Borrowed until the main
 * loop runs. */
SrOpenSession *sr_sessions_get(SrSessions *sessions, const char *id);

/*
 * Keep @session and @delegation (NULL for one that is only a key), which have been checked; both
 * are taken. The one that was not used for the longest time goes when there are too many. Borrowed
 * as above. NULL with SR_ERROR_CORRUPT, _LIMIT_EXCEEDED.
 */
SrOpenSession *sr_sessions_keep(SrSessions *sessions, SrSession *session, SrDelegation *delegation,
                                GError **error);

/* Forget one (fine if it is not there), those of @caller at @origin, or all: what is still in the
 * store is read again when it is used. */
void sr_sessions_remove(SrSessions *sessions, const char *id);
void sr_sessions_remove_owned(SrSessions *sessions, const char *caller, const char *origin);
void sr_sessions_clear(SrSessions *sessions);
