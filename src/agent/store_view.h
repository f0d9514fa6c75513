/* A look at the store, as requests that report its state take it. */
#pragma once

#include "agent/request.h"

/* How long a look may serve others that only tell of it, in milliseconds. */
#define SR_STORE_VIEW_RECENT_MS 50

struct SrStoreView {
    SrStoreState state;
    char *detail;               /* a line for people */
    gint64 taken;               /* g_get_monotonic_time() */
    const SrStoreThread *store; /* where; only to be compared */
    guint jobs;                 /* that it had been given then, this look among them */
};

/*
 * Look at the store, then go on with a SrStoreView as request->result. A store that does not answer
 * gives SR_STORE_UNAVAILABLE, not an error.
 */
void sr_store_view_take(SrRequest *request, SrRequestStep next);

/*
 * The same with the look that agent->store_view keeps, if it is at most SR_STORE_VIEW_RECENT_MS old
 * and this agent has not used the store since: what another program does to the store is seen that
 * much later. For answers that change nothing and decide nothing.
 */
void sr_store_view_take_recent(SrRequest *request, SrRequestStep next);

/* Keep @view (taken) for who comes next. */
void sr_store_view_keep(SrAgent *agent, SrStoreView *view);

/* Free; NULL is fine. */
void sr_store_view_free(SrStoreView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrStoreView, sr_store_view_free)
