#include "agent/sign_batch.h"

#include "crypto/secp256k1.h"

#include <pthread.h>

#define PATIENCE 1000 /* microseconds; a signature takes a tenth of that */
#define PAUSE_MAX (1024u * SR_SIGN_BATCH_MAX)

typedef struct {
    SrRequest *request;
    const guint8 *digest;
    SrSignBatchDone done;
    guint8 signature[SR_SECP256K1_SIGNATURE_SIZE];
    GError *error;
    gboolean made; /* under the lock */
} Job;

struct SrSignBatch {
    gboolean one_cpu; /* where a second thread would gain nothing */
    GThread *thread;  /* NULL until there is work for it */
    Job jobs[SR_SIGN_BATCH_MAX];
    guint answered; /* main loop only, as all of a job that is not being signed */
    guint pause;    /* how many to sign at once after having waited too long */
    guint paused;   /* how many are left of them */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t added;
    pthread_cond_t made;
    guint size;
    guint begun;
    gboolean ending;
};

SrSignBatch *sr_sign_batch_new(void)
{
    SrSignBatch *batch = g_new0(SrSignBatch, 1);

    batch->one_cpu = g_get_num_processors() == 1;
    pthread_mutex_init(&batch->lock, NULL);
    pthread_cond_init(&batch->added, NULL);
    pthread_cond_init(&batch->made, NULL);
    return batch;
}

void sr_sign_batch_free(SrSignBatch *batch)
{
    if (!batch)
        return;
    pthread_mutex_lock(&batch->lock);
    batch->ending = TRUE;
    pthread_cond_signal(&batch->added);
    pthread_mutex_unlock(&batch->lock);
    if (batch->thread)
        g_thread_join(batch->thread);
    pthread_cond_destroy(&batch->made);
    pthread_cond_destroy(&batch->added);
    pthread_mutex_destroy(&batch->lock);
    g_free(batch);
}

static void make(Job *job)
{
    const SrRequest *request = job->request;

    sr_secp256k1_sign(sr_key_private(request->private_key), request->key->public_key, job->digest,
                      job->signature, &job->error);
}

/* Make the next signature that nobody has begun. The lock is held, and released meanwhile. */
static void make_next(SrSignBatch *batch)
{
    Job *job = &batch->jobs[batch->begun++];

    pthread_mutex_unlock(&batch->lock);
    make(job);
    pthread_mutex_lock(&batch->lock);
    job->made = TRUE;
    pthread_cond_signal(&batch->made);
}

static gpointer thread_main(gpointer data)
{
    SrSignBatch *batch = data;

    pthread_mutex_lock(&batch->lock);
    while (!batch->ending) {
        if (batch->begun < batch->size)
            make_next(batch);
        else
            pthread_cond_wait(&batch->added, &batch->lock);
    }
    pthread_mutex_unlock(&batch->lock);
    return NULL;
}

static void answer(Job *job)
{
    if (job->error)
        job->done(job->request, NULL, g_steal_pointer(&job->error));
    else
        job->done(job->request, job->signature, NULL);
}

void sr_sign_batch_add(SrSignBatch *batch, SrRequest *request, const guint8 digest[32],
                       gboolean more, SrSignBatchDone done)
{
    Job job = {.request = request, .digest = digest, .done = done};

    /* One alone is not worth waking a thread. */
    if (batch->size == 0 && (!more || batch->one_cpu || batch->paused > 0)) {
        batch->paused -= batch->paused > 0;
        make(&job);
        answer(&job);
        return;
    }
    if (batch->size == SR_SIGN_BATCH_MAX)
        sr_sign_batch_finish(batch);
    if (!batch->thread)
        batch->thread = g_thread_try_new("sign", thread_main, batch, NULL);
    pthread_mutex_lock(&batch->lock);
    batch->jobs[batch->size++] = job;
    pthread_cond_signal(&batch->added);
    pthread_mutex_unlock(&batch->lock);
}

guint sr_sign_batch_size(const SrSignBatch *batch)
{
    return batch->size - batch->answered;
}

/*
 * Wait for the other thread. On a busy machine it may have lost its CPU in the middle: then it is
 * left alone for a while, longer each time, until it is in time again.
 */
static void wait_for_thread(SrSignBatch *batch)
{
    const gint64 start = g_get_monotonic_time();

    pthread_cond_wait(&batch->made, &batch->lock);
    if (g_get_monotonic_time() - start <= PATIENCE)
        return;
    batch->pause = MIN(2 * batch->pause + SR_SIGN_BATCH_MAX, PAUSE_MAX);
    batch->paused = batch->pause;
}

/* Whether the first that is not answered is made; if not, make another one, or wait. */
static gboolean wait_for_next(SrSignBatch *batch)
{
    if (batch->jobs[batch->answered].made)
        return TRUE;
    if (batch->begun < batch->size)
        make_next(batch);
    else
        wait_for_thread(batch);
    return FALSE;
}

void sr_sign_batch_finish(SrSignBatch *batch)
{
    pthread_mutex_lock(&batch->lock);
    while (batch->answered < batch->size) {
        if (!wait_for_next(batch))
            continue;
        pthread_mutex_unlock(&batch->lock);
        answer(&batch->jobs[batch->answered++]);
        pthread_mutex_lock(&batch->lock);
    }
    if (batch->size > 0 && batch->paused == 0)
        batch->pause = 0;
    batch->size = 0;
    batch->begun = 0;
    batch->answered = 0;
    pthread_mutex_unlock(&batch->lock);
}
