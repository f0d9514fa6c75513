/*
 * The one thread on which a store is used. Jobs run in order; results come back on the thread-
 * default main context of the caller. A job that outlives its deadline (a hung D-Bus peer) is
 * answered with SR_ERROR_STORE_UNAVAILABLE while it is left to end by itself.
 */
#pragma once

#include "store/store.h"

typedef struct SrStoreThread SrStoreThread;

/* Runs on the store thread. Return a result for the callback, or NULL with @error. */
typedef gpointer (*SrStoreJob)(SrStore *store, gpointer data, GError **error);

/* Runs in the caller's context. Exactly one of @result (owned by the callback) and @error
 * (borrowed) is set. */
typedef void (*SrStoreDone)(gpointer result, const GError *error, gpointer user_data);

/* Takes @store. */
SrStoreThread *sr_store_thread_new(SrStore *store);

/*
 * Run @job with @data, then @done with @user_data. @deadline_ms 0 means no deadline (key
 * derivation). @free_data releases @data after the job, @free_result a result that came too late.
 */
void sr_store_thread_run(SrStoreThread *thread, SrStoreJob job, gpointer data,
                         GDestroyNotify free_data, GDestroyNotify free_result, guint deadline_ms,
                         SrStoreDone done, gpointer user_data);

const char *sr_store_thread_store_name(const SrStoreThread *thread);

/* Ends the thread after the job it is in, at most SR_STORE_DEADLINE_MS later. */
void sr_store_thread_free(SrStoreThread *thread);
