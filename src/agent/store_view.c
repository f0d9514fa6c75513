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
    SrStoreView *view = g_new0(SrStoreView, 1);

    (void)data;
    (void)error;
    view->state = sr_store_state(store, &view->detail);
    return view;
}

void sr_store_view_take(SrRequest *request, SrRequestStep next)
{
    sr_request_on_store(request, look_job, NULL, NULL, (GDestroyNotify)sr_store_view_free,
                        LOOK_DEADLINE_MS, next);
}
