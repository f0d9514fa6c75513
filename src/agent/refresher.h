/*
 * Refreshes (refresh.h), once for everybody who waits: one at a time for each account, and after a
 * failure none for a while.
 */
#pragma once

#include "agent/agent.h"

typedef struct SrRefresher SrRefresher;
typedef struct SrRefreshWait SrRefreshWait;

/* @agent is borrowed, must live longer. Owned by the caller. */
SrRefresher *sr_refresher_new(SrAgent *agent);
void sr_refresher_free(SrRefresher *refresher);

/*
 * The refresh has ended; @error (borrowed) is NULL when the account in agent->accounts is as the
 * provider has it now. Else one of SrRefreshEnded.
 */
typedef void (*SrRefreshDone)(const GError *error, gpointer user_data);

/*
 * Wait for a refresh of the account @id, starting one when there is none: its access token should
 * be good for @wanted seconds. @done is called once, never from within this call. After a failure
 * the same error comes back at once for some seconds.
 */
SrRefreshWait *sr_refresher_wait(SrRefresher *refresher, const char *id, gint64 wanted,
                                 SrRefreshDone done, gpointer user_data);

/* Forget the callback; the refresh goes on. */
void sr_refresher_forget(SrRefreshWait *wait);

/* Refresh @id early, for nobody in particular. */
void sr_refresher_start(SrRefresher *refresher, const char *id, gint64 wanted);

/*
 * Call @done (with no error) when no refresh of @id is under way, perhaps not before this returns
 * but never from within it. For what must not cross one: a new sign-in, a sign-out.
 */
SrRefreshWait *sr_refresher_wait_idle(SrRefresher *refresher, const char *id, SrRefreshDone done,
                                      gpointer user_data);

/* Whether any refresh is under way; the agent ends only then. */
gboolean sr_refresher_is_busy(const SrRefresher *refresher);
