#include "agent/store_view.h"

/* A look gives up by itself within the store's deadline; it may have to wait for its turn. */
#define LOOK_DEADLINE_MS (SR_STORE_DEADLINE_MS + 1000)

void sr_store_view_free(SrStoreView *view)
{
    if (!view)
        return;
    g_free(view->detail);
    g_free(view);
}

static gpointer look_job(SrStore *store, gpointer data, GError **error)
{
    SrStoreView *view = g_memdup2(data, sizeof *view);

    (void)error;
    view->taken = g_get_monotonic_time(); /* before the look, which may take its time */
    view->state = sr_store_state(store, &view->detail);
    return view;
}

void sr_store_view_take(SrRequest *request, SrRequestStep next)
{
    SrStoreView *blank = g_new0(SrStoreView, 1);

    blank->store = request->agent->store;
    blank->jobs = sr_store_thread_jobs(blank->store) + 1;
    sr_request_on_store(request, look_job, blank, g_free, (GDestroyNotify)sr_store_view_free,
                        LOOK_DEADLINE_MS, next);
}

static gboolean is_recent(const SrAgent *agent)
{
    const SrStoreView *view = agent->store_view;

    return view && view->store == agent->store &&
           view->jobs == sr_store_thread_jobs(agent->store) &&
           g_get_monotonic_time() - view->taken <= SR_STORE_VIEW_RECENT_MS * 1000;
}

void sr_store_view_take_recent(SrRequest *request, SrRequestStep next)
{
    if (!is_recent(request->agent)) {
        sr_store_view_take(request, next);
        return;
    }
    request->result = g_steal_pointer(&request->agent->store_view);
    next(request);
}

void sr_store_view_keep(SrAgent *agent, SrStoreView *view)
{
    sr_store_view_free(agent->store_view);
    agent->store_view = view;
}
