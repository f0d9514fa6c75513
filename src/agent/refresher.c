#include "agent/refresher.h"

#include "agent/refresh.h"
#include "base/error.h"

#define PAUSE_FIRST 2       /* seconds between failed refreshes, doubled each time … */
#define PAUSE_MAX 60        /* … up to here */
#define PATIENCE 150        /* seconds, longer than a turn and three exchanges that hang */
#define PAUSE_FORGET 600    /* seconds after which a failure says nothing about the next one */
#define RETRY_AFTER_MAX 300 /* seconds that a provider may make us wait */

struct SrRefresher {
    SrAgent *agent;
    GHashTable *running; /* account id → Running, owned */
    GHashTable *pauses;  /* account id → Pause, owned */
    GPtrArray *idle;     /* of SrRefreshWait that only wait for a turn of the main loop, owned */
};

/* After a failure: nothing is sent until then. */
typedef struct {
    gint64 until; /* monotonic */
    gint64 seconds;
    GError *error;
} Pause;

typedef struct {
    SrRefresher *refresher;
    char *id;
    SrRefresh *refresh;
    GPtrArray *waits; /* of SrRefreshWait, owned */
} Running;

struct SrRefreshWait {
    SrRefresher *refresher;
    Running *running; /* NULL: it waits for a turn of the main loop */
    SrRefreshDone done;
    gpointer user_data;
    GError *error;
    guint source; /* the turn of the main loop, or the end of patience */
};

/* --- waiting
 * ---- */

static void wait_free(gpointer data)
{
    SrRefreshWait *wait = data;

    g_clear_handle_id(&wait->source, g_source_remove);
    g_clear_error(&wait->error);
    g_free(wait);
}

static void pause_free(gpointer data)
{
    Pause *pause = data;

    g_clear_error(&pause->error);
    g_free(pause);
}

static void running_free(gpointer data)
{
    Running *running = data;

    sr_refresh_free(running->refresh);
    g_ptr_array_unref(running->waits);
    g_free(running->id);
    g_free(running);
}

SrRefresher *sr_refresher_new(SrAgent *agent)
{
    SrRefresher *refresher = g_new0(SrRefresher, 1);

    refresher->agent = agent;
    refresher->running = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, running_free);
    refresher->pauses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, pause_free);
    refresher->idle = g_ptr_array_new_with_free_func(wait_free);
    return refresher;
}

void sr_refresher_free(SrRefresher *refresher)
{
    if (!refresher)
        return;
    g_hash_table_unref(refresher->running);
    g_hash_table_unref(refresher->pauses);
    g_ptr_array_unref(refresher->idle);
    g_free(refresher);
}

gboolean sr_refresher_is_busy(const SrRefresher *refresher)
{
    return g_hash_table_size(refresher->running) > 0;
}

static gboolean on_idle(gpointer data)
{
    SrRefreshWait *wait = data;
    g_autoptr(GError) error = g_steal_pointer(&wait->error);
    const SrRefreshDone done = wait->done;
    const gpointer user_data = wait->user_data;

    wait->source = 0;
    g_ptr_array_remove_fast(wait->refresher->idle, wait);
    done(error, user_data);
    return G_SOURCE_REMOVE;
}

/* Let @wait go in the next turn of the main loop, with @error (copied, may be NULL). */
static void let_go(SrRefreshWait *wait, const GError *error)
{
    GPtrArray *waits = wait->running->waits;
    guint index = 0;

    g_clear_handle_id(&wait->source, g_source_remove);
    g_ptr_array_find(waits, wait, &index);
    g_ptr_array_steal_index(waits, index);
    wait->running = NULL;
    wait->error = error ? g_error_copy(error) : NULL;
    wait->source = g_idle_add(on_idle, wait);
    g_ptr_array_add(wait->refresher->idle, wait);
}

/* Tell everybody, each in a turn of the main loop of its own: they may do anything. */
static void let_all_go(const Running *running, const GError *error)
{
    while (running->waits->len > 0)
        let_go(running->waits->pdata[0], error);
}

/* Many are refreshed at once, at a provider that hangs. The refresh goes on. */
static gboolean on_patience_over(gpointer data)
{
    SrRefreshWait *wait = data;
    g_autoptr(GError) error = NULL;

    wait->source = 0;
    sr_error_set(&error, SR_ERROR_BUSY, "the refresh takes too long; try again later");
    let_go(wait, error);
    return G_SOURCE_REMOVE;
}

static void on_store_late(gpointer data)
{
    g_autoptr(GError) error = NULL;

    sr_error_set(&error, SR_ERROR_STORE_UNAVAILABLE,
                 "the account cannot be read or saved just now; see sealring doctor");
    let_all_go(data, error);
}

/* @running NULL: called in the next turn of the main loop, with @error (copied, may be NULL). */
static SrRefreshWait *add_wait(SrRefresher *refresher, Running *running, const GError *error,
                               SrRefreshDone done, gpointer user_data)
{
    SrRefreshWait *wait = g_new0(SrRefreshWait, 1);

    wait->refresher = refresher;
    wait->running = running;
    wait->done = done;
    wait->user_data = user_data;
    wait->error = error ? g_error_copy(error) : NULL;
    wait->source = running ? g_timeout_add_seconds(PATIENCE, on_patience_over, wait)
                           : g_idle_add(on_idle, wait);
    g_ptr_array_add(running ? running->waits : refresher->idle, wait);
    return wait;
}

void sr_refresher_forget(SrRefreshWait *wait)
{
    g_ptr_array_remove_fast(wait->running ? wait->running->waits : wait->refresher->idle, wait);
}

static void on_ended(const GError *error, gint64 retry_after, gpointer data);

/* The running refresh of @id, or a new one. */
static Running *get_running(SrRefresher *refresher, const char *id, gint64 wanted)
{
    Running *running = g_hash_table_lookup(refresher->running, id);

    if (running)
        return running;
    running = g_new0(Running, 1);
    running->refresher = refresher;
    running->id = g_strdup(id);
    running->waits = g_ptr_array_new_with_free_func(wait_free);
    running->refresh =
        sr_refresh_new(refresher->agent, id, wanted, on_store_late, on_ended, running);
    g_hash_table_insert(refresher->running, running->id, running);
    return running;
}

static const Pause *pause_of(const SrRefresher *refresher, const char *id)
{
    const Pause *pause = g_hash_table_lookup(refresher->pauses, id);

    return pause && g_get_monotonic_time() < pause->until ? pause : NULL;
}

SrRefreshWait *sr_refresher_wait(SrRefresher *refresher, const char *id, gint64 wanted,
                                 SrRefreshDone done, gpointer user_data)
{
    const Pause *pause = pause_of(refresher, id);

    if (pause)
        return add_wait(refresher, NULL, pause->error, done, user_data);
    return add_wait(refresher, get_running(refresher, id, wanted), NULL, done, user_data);
}

void sr_refresher_start(SrRefresher *refresher, const char *id, gint64 wanted)
{
    if (!pause_of(refresher, id))
        get_running(refresher, id, wanted);
}

/* --- the end
 * ---------------------------------------------------------------------------------------- */

/* Errors that another try soon would only meet again. */
static gboolean is_passing(const GError *error)
{
    return g_error_matches(error, SR_ERROR, SR_ERROR_NETWORK_ERROR) ||
           g_error_matches(error, SR_ERROR, SR_ERROR_PROVIDER_ERROR) ||
           g_error_matches(error, SR_ERROR, SR_ERROR_USER_REJECTED) ||
           g_error_matches(error, SR_ERROR, SR_ERROR_ID_TOKEN_INVALID);
}

/* Longer with every failure that follows another. */
static gint64 next_pause(const Pause *before, gint64 now)
{
    if (!before || now > before->until + PAUSE_FORGET * G_USEC_PER_SEC)
        return PAUSE_FIRST;
    return MIN(before->seconds * 2, PAUSE_MAX);
}

static void note_pause(const Running *running, const GError *error, gint64 retry_after)
{
    GHashTable *pauses = running->refresher->pauses;
    const gint64 now = g_get_monotonic_time();
    Pause *pause;

    if (!error || !is_passing(error)) {
        g_hash_table_remove(pauses, running->id);
        return;
    }
    pause = g_new0(Pause, 1);
    pause->seconds = next_pause(g_hash_table_lookup(pauses, running->id), now);
    pause->until = now + MAX(pause->seconds, MIN(retry_after, RETRY_AFTER_MAX)) * G_USEC_PER_SEC;
    pause->error = g_error_copy(error);
    g_hash_table_replace(pauses, g_strdup(running->id), pause);
}

static void on_ended(const GError *error, gint64 retry_after, gpointer data)
{
    Running *running = data;

    note_pause(running, error, retry_after);
    let_all_go(running, error);
    g_hash_table_remove(running->refresher->running, running->id);
}
