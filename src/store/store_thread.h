/*
 * The one thread on which a store is used. Jobs run in order; results come back on the thread-
 * default main context of the caller. A job that outlives its deadline (a hung D-Bus peer) is
 * answered with SR_ERROR_STORE_UNAVAILABLE while it is left to end by itself.
 *
 * All functions here are for one thread, the one whose main context the answers go to.
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
 * Run @job with @data, then @done with @user_data, always later, never from within this call.
 * @deadline_ms counts from now, waiting for earlier jobs included; 0 means none (key derivation). A
 * job whose deadline passed before its turn is not run. @free_data (may be NULL) releases @data
 * after the job, on either thread; @free_result (may be NULL) releases a result that came too
 * late.
 */
void sr_store_thread_run(SrStoreThread *thread, SrStoreJob job, gpointer data,
                         GDestroyNotify free_data, GDestroyNotify free_result, guint deadline_ms,
                         SrStoreDone done, gpointer user_data);

/* Runs in the caller's context when a job has not ended by its deadline. */
typedef void (*SrStoreLate)(gpointer user_data);

/*
 * The same for a job that changes the store, whose outcome must be known however late it comes:
 * @done is called when the job has ended, or when its deadline passed before its turn (it is not
 * run then, SR_ERROR_STORE_UNAVAILABLE). @late is called before that, once, at the deadline.
 */
void sr_store_thread_run_to_end(SrStoreThread *thread, SrStoreJob job, gpointer data,
                                GDestroyNotify free_data, guint deadline_ms, SrStoreLate late,
                                SrStoreDone done, gpointer user_data);

/*
 * Runs on the store thread for several jobs that came one after the other: @datas are theirs. All
 * of them succeed, or all fail with @error; then it is called again for each one alone, unless the
 * store is why. Doing one twice must be the same as doing it once.
 */
typedef gboolean (*SrStoreBatch)(SrStore *store, GPtrArray *datas, GError **error);

#define SR_STORE_BATCH_MAX 64u

/*
 * sr_store_thread_run_to_end for jobs that cost little more together than one alone: those that
 * wait are done in one call of @batch, which is the same one for all jobs of this kind. Their
 * result is the store. Other jobs do not wait for them, nor they for others that came later.
 */
void sr_store_thread_run_batched(SrStoreThread *thread, SrStoreBatch batch, gpointer data,
                                 GDestroyNotify free_data, guint deadline_ms, SrStoreLate late,
                                 SrStoreDone done, gpointer user_data);

/* How many jobs it was given so far: as long as that stays the same, nothing is done with the store
 * through it. */
guint sr_store_thread_jobs(const SrStoreThread *thread);

/* The name of the store it uses: "secret-service" or "vault". Static text. */
const char *sr_store_thread_store_name(const SrStoreThread *thread);

/*
 * Ends the thread after the job it is in, at most SR_STORE_DEADLINE_MS later; a job that hangs even
 * longer is left behind and frees the store when it ends. Jobs that wait are not run, and no @done
 * is called any more.
 */
void sr_store_thread_free(SrStoreThread *thread);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrStoreThread, sr_store_thread_free)
