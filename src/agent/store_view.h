/* A look at the store, as requests that report its state take it. */
#pragma once

#include "agent/request.h"

typedef struct {
    SrStoreState state;
    char *detail; /* a line for people */
} SrStoreView;

/*
 * Look at the store, then go on with a SrStoreView as request->result. A store that does not answer
 * gives SR_STORE_UNAVAILABLE, not an error.
 */
void sr_store_view_take(SrRequest *request, SrRequestStep next);

/* Free; NULL is fine. */
void sr_store_view_free(SrStoreView *view);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrStoreView, sr_store_view_free)
