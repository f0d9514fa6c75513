#include "store/store_thread.h"

#include "base/error.h"

/* Shared by the owner, the thread and the jobs; the last one frees it. */
typedef struct {
    gatomicrefcount references;
    SrStore *store; /* used by the thread only */
    GMainContext *context;
    GMainLoop *loop;
    gint closed; /* atomic; set by the owner */
    GMutex mutex;
    GCond ended_changed;
    gboolean ended; /* under mutex */
    GQueue batched; /* of Job, a reference each; under mutex */
} Worker;

struct SrStoreThread {
    Worker *worker;
    GThread *thread;
    const char *store_name;
    guint jobs; /* so far */
};

typedef struct {
    gatomicrefcount references;
    Worker *worker;
    SrStoreJob run;
    SrStoreBatch batch; /* instead of run */
    gpointer data;
    GDestroyNotify free_data;
    GDestroyNotify free_result;
    SrStoreLate late; /* NULL: the deadline is the answer */
    SrStoreDone done;
    gpointer user_data;
    GMainContext *caller;
    GSource *timer; /* caller's side only */
    gint answered;  /* atomic; set on the caller's side */
    gint expired;   /* atomic; the same: its deadline has passed */
    gpointer result;
    GError *error;
} Job;

static void worker_unref(Worker *worker)
{
    if (!g_atomic_ref_count_dec(&worker->references))
        return;
    g_main_loop_unref(worker->loop);
    g_main_context_unref(worker->context);
    g_mutex_clear(&worker->mutex);
    g_cond_clear(&worker->ended_changed);
    g_free(worker);
}

static Worker *worker_ref(Worker *worker)
{
    g_atomic_ref_count_inc(&worker->references);
    return worker;
}

static Job *job_ref(Job *job)
{
    g_atomic_ref_count_inc(&job->references);
    return job;
}

static void job_release_data(Job *job)
{
    if (job->free_data && job->data)
        job->free_data(job->data);
    job->data = NULL;
}

static void job_unref(gpointer data)
{
    Job *job = data;

    if (!g_atomic_ref_count_dec(&job->references))
        return;
    job_release_data(job);
    if (job->result && job->free_result)
        job->free_result(job->result);
    g_clear_error(&job->error);
    g_main_context_unref(job->caller);
    worker_unref(job->worker);
    g_free(job);
}

/* Attach @function to @context, holding a reference to @job. */
static GSource *attach(GMainContext *context, GSource *source, GSourceFunc function, Job *job)
{
    g_source_set_callback(source, function, job_ref(job), job_unref);
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_attach(source, context);
    return source;
}

static void stop_timer(Job *job)
{
    if (!job->timer)
        return;
    g_source_destroy(job->timer);
    g_clear_pointer(&job->timer, g_source_unref);
}

/* Whether it is now, and only now, time to call back. */
static gboolean claim_answer(Job *job)
{
    stop_timer(job);
    return !g_atomic_int_get(&job->worker->closed) &&
           g_atomic_int_compare_and_exchange(&job->answered, FALSE, TRUE);
}

static gboolean on_finished(gpointer data)
{
    Job *job = data;

    if (claim_answer(job))
        job->done(g_steal_pointer(&job->result), job->error, job->user_data);
    return G_SOURCE_REMOVE;
}

static void set_expired(GError **error)
{
    sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "the store does not answer in time");
}

static gboolean on_deadline(gpointer data)
{
    Job *job = data;
    g_autoptr(GError) error = NULL;

    g_atomic_int_set(&job->expired, TRUE);
    if (job->late) {
        stop_timer(job);
        if (!g_atomic_int_get(&job->worker->closed))
            job->late(job->user_data);
    } else if (claim_answer(job)) {
        set_expired(&error);
        job->done(NULL, error, job->user_data);
    }
    return G_SOURCE_REMOVE;
}

/* --- on the store thread ------------------------------------------------------------------- */

/* Whether nobody waits for the job any more. */
static gboolean is_over(Job *job)
{
    return g_atomic_int_get(&job->worker->closed) || g_atomic_int_get(&job->answered);
}

static void finish(Job *job)
{
    GSource *finished;

    job_release_data(job);
    finished = attach(job->caller, g_idle_source_new(), on_finished, job);
    g_source_unref(finished);
}

static gboolean on_turn(gpointer data)
{
    Job *job = data;

    if (is_over(job))
        return G_SOURCE_REMOVE;
    if (g_atomic_int_get(&job->expired))
        set_expired(&job->error);
    else
        job->result = job->run(job->worker->store, job->data, &job->error);
    finish(job);
    return G_SOURCE_REMOVE;
}

/* The jobs that wait to be done together, at most SR_STORE_BATCH_MAX. Those that are too late are
 * ended here. */
static GPtrArray *take_batch(Worker *worker)
{
    GPtrArray *jobs = g_ptr_array_new_with_free_func(job_unref);
    Job *job;

    g_mutex_lock(&worker->mutex);
    while (jobs->len < SR_STORE_BATCH_MAX && (job = g_queue_pop_head(&worker->batched))) {
        if (is_over(job)) {
            job_unref(job);
        } else if (g_atomic_int_get(&job->expired)) {
            set_expired(&job->error);
            finish(job);
            job_unref(job);
        } else {
            g_ptr_array_add(jobs, job);
        }
    }
    g_mutex_unlock(&worker->mutex);
    return jobs;
}

/* Whether the store itself is why: asking it once more for each job would take as long again. */
static gboolean is_of_store(const GError *error)
{
    return g_error_matches(error, SR_ERROR, SR_ERROR_STORE_UNAVAILABLE) ||
           g_error_matches(error, SR_ERROR, SR_ERROR_STORE_LOCKED);
}

/* Do @jobs, at least one, in one call; when one of them is why that fails, each by itself. */
static void run_batch(Worker *worker, SrStoreBatch batch, const GPtrArray *jobs)
{
    g_autoptr(GPtrArray) datas = g_ptr_array_sized_new(jobs->len);
    g_autoptr(GError) error = NULL;
    gboolean done;

    for (guint i = 0; i < jobs->len; i++)
        g_ptr_array_add(datas, ((const Job *)jobs->pdata[i])->data);
    done = batch(worker->store, datas, &error);
    for (guint i = 0; i < jobs->len; i++) {
        Job *job = jobs->pdata[i];

        if (!done && jobs->len > 1 && !is_of_store(error)) {
            const GPtrArray only = {&jobs->pdata[i], 1};

            run_batch(worker, batch, &only);
            continue;
        }
        if (done)
            job->result = worker->store;
        else
            job->error = g_error_copy(error);
        finish(job);
    }
}

static gboolean on_batch_turn(gpointer data)
{
    const Job *first = data;
    g_autoptr(GPtrArray) jobs = take_batch(first->worker);

    if (jobs->len > 0) /* else they went with those before them */
        run_batch(first->worker, first->batch, jobs);
    return G_SOURCE_REMOVE;
}

/* Jobs that wait hold their worker: without this neither would be freed. */
static void drop_batched(Worker *worker)
{
    Job *job;

    g_mutex_lock(&worker->mutex);
    while ((job = g_queue_pop_head(&worker->batched)))
        job_unref(job);
    g_mutex_unlock(&worker->mutex);
}

static gpointer thread_main(gpointer data)
{
    Worker *worker = data;

    g_main_context_push_thread_default(worker->context);
    g_main_loop_run(worker->loop);
    drop_batched(worker);
    sr_store_free(worker->store);
    worker->store = NULL;
    g_main_context_pop_thread_default(worker->context);
    g_mutex_lock(&worker->mutex);
    worker->ended = TRUE;
    g_cond_signal(&worker->ended_changed);
    g_mutex_unlock(&worker->mutex);
    worker_unref(worker);
    return NULL;
}

SrStoreThread *sr_store_thread_new(SrStore *store)
{
    SrStoreThread *thread = g_new0(SrStoreThread, 1);
    Worker *worker = g_new0(Worker, 1);

    g_atomic_ref_count_init(&worker->references);
    worker->store = store;
    worker->context = g_main_context_new();
    worker->loop = g_main_loop_new(worker->context, FALSE);
    g_mutex_init(&worker->mutex);
    g_cond_init(&worker->ended_changed);
    thread->worker = worker;
    thread->store_name = sr_store_name(store);
    thread->thread = g_thread_new("store", thread_main, worker_ref(worker));
    return thread;
}

/* A job that has yet to be given its callbacks and its turn. */
static Job *job_new(SrStoreThread *thread, SrStoreJob run, gpointer data, GDestroyNotify free_data)
{
    Job *job = g_new0(Job, 1);

    g_atomic_ref_count_init(&job->references);
    job->worker = worker_ref(thread->worker);
    job->run = run;
    job->data = data;
    job->free_data = free_data;
    job->caller = g_main_context_ref_thread_default();
    thread->jobs++;
    return job;
}

/* Takes @job. */
static void enqueue(Job *job, guint deadline_ms)
{
    GSource *turn;

    if (deadline_ms > 0)
        job->timer = attach(job->caller, g_timeout_source_new(deadline_ms), on_deadline, job);
    if (job->batch) {
        g_mutex_lock(&job->worker->mutex);
        g_queue_push_tail(&job->worker->batched, job_ref(job));
        g_mutex_unlock(&job->worker->mutex);
    }
    turn = attach(job->worker->context, g_idle_source_new(), job->batch ? on_batch_turn : on_turn,
                  job);
    g_source_unref(turn);
    job_unref(job);
}

void sr_store_thread_run(SrStoreThread *thread, SrStoreJob job, gpointer data,
                         GDestroyNotify free_data, GDestroyNotify free_result, guint deadline_ms,
                         SrStoreDone done, gpointer user_data)
{
    Job *item = job_new(thread, job, data, free_data);

    item->free_result = free_result;
    item->done = done;
    item->user_data = user_data;
    enqueue(item, deadline_ms);
}

void sr_store_thread_run_to_end(SrStoreThread *thread, SrStoreJob job, gpointer data,
                                GDestroyNotify free_data, guint deadline_ms, SrStoreLate late,
                                SrStoreDone done, gpointer user_data)
{
    Job *item = job_new(thread, job, data, free_data);

    item->late = late;
    item->done = done;
    item->user_data = user_data;
    enqueue(item, deadline_ms);
}

void sr_store_thread_run_batched(SrStoreThread *thread, SrStoreBatch batch, gpointer data,
                                 GDestroyNotify free_data, guint deadline_ms, SrStoreLate late,
                                 SrStoreDone done, gpointer user_data)
{
    Job *item = job_new(thread, NULL, data, free_data);

    item->batch = batch;
    item->late = late;
    item->done = done;
    item->user_data = user_data;
    enqueue(item, deadline_ms);
}

guint sr_store_thread_jobs(const SrStoreThread *thread)
{
    return thread->jobs;
}

const char *sr_store_thread_store_name(const SrStoreThread *thread)
{
    return thread->store_name;
}

static gboolean on_quit(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static gboolean wait_for_end(Worker *worker)
{
    const gint64 end = g_get_monotonic_time() + SR_STORE_DEADLINE_MS * (gint64)1000;
    gboolean ended;

    g_mutex_lock(&worker->mutex);
    while (!worker->ended && g_cond_wait_until(&worker->ended_changed, &worker->mutex, end))
        continue;
    ended = worker->ended;
    g_mutex_unlock(&worker->mutex);
    return ended;
}

void sr_store_thread_free(SrStoreThread *thread)
{
    g_autoptr(GSource) quit = g_idle_source_new();

    if (!thread)
        return;
    g_atomic_int_set(&thread->worker->closed, TRUE);
    g_source_set_callback(quit, on_quit, thread->worker->loop, NULL);
    g_source_attach(quit, thread->worker->context);
    if (wait_for_end(thread->worker))
        g_thread_join(thread->thread);
    else
        g_thread_unref(thread->thread);
    worker_unref(thread->worker);
    g_free(thread);
}
