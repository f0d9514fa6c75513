#include "store/store_thread.h"

#include "base/error.h"
#include "support/stores.h"

#include <string.h>

#define LONG_MS 60000u /* a deadline that nothing here reaches */

/* The thread's own test needs a store that hangs on demand: a vault will do, the jobs hang. */
typedef struct {
    char *folder;
    SrStoreThread *thread;
    GMainLoop *loop;
    guint expected;     /* answers until the loop ends */
    GString *log;       /* one word an answer */
    guint words_before; /* so many words later the job that is held goes on; 0: with release */
    gint released;      /* atomic: a job that is held goes on */
    gint begun;         /* atomic: jobs that began */
    gint ran;           /* atomic: jobs that ended */
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = NULL;

    (void)data;
    fixture->folder = make_folder();
    path = g_build_filename(fixture->folder, "vault.db", NULL);
    fixture->thread = sr_store_thread_new(sr_vault_new(path, CHEAP));
    fixture->loop = g_main_loop_new(NULL, FALSE);
    fixture->log = g_string_new(NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    sr_store_thread_free(fixture->thread);
    /* What is still on its way must not call back. */
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    g_main_loop_unref(fixture->loop);
    g_string_free(fixture->log, TRUE);
    remove_folder(fixture->folder);
    g_free(fixture->folder);
}

static void release(Fixture *fixture)
{
    g_atomic_int_set(&fixture->released, TRUE);
}

static void note(Fixture *fixture, const char *word)
{
    g_string_append_printf(fixture->log, "%s ", word);
    if (fixture->words_before > 0 && --fixture->words_before == 0)
        release(fixture);
}

static void on_done(gpointer result, const GError *error, gpointer user_data)
{
    Fixture *fixture = user_data;
    g_autofree char *text = result;

    g_assert_true((result != NULL) != (error != NULL));
    note(fixture, error ? sr_error_reason(error) : text);
    if (--fixture->expected == 0)
        g_main_loop_quit(fixture->loop);
}

/* How long a job takes. */
typedef enum {
    AT_ONCE,
    A_MOMENT, /* half a second */
    HELD,     /* until it is released: no machine is so slow that this is too short */
} Length;

typedef struct {
    Fixture *fixture;
    const char *word; /* NULL: fail */
    Length length;
} Work;

static gpointer work(SrStore *store, gpointer data, GError **error)
{
    const Work *todo = data;

    g_assert_cmpstr(sr_store_name(store), ==, "vault");
    g_atomic_int_inc(&todo->fixture->begun);
    while (todo->length == HELD && !g_atomic_int_get(&todo->fixture->released))
        g_usleep(1000);
    if (todo->length == A_MOMENT)
        g_usleep(500 * 1000);
    g_atomic_int_inc(&todo->fixture->ran);
    if (todo->word)
        return g_strdup(todo->word);
    sr_error_set(error, SR_ERROR_KEY_NOT_FOUND, "nothing");
    return NULL;
}

static void free_late(gpointer result)
{
    g_free(result);
}

static void submit(Fixture *fixture, const char *word, Length length, guint deadline_ms)
{
    Work *todo = g_new(Work, 1);

    *todo = (Work){fixture, word, length};
    fixture->expected++;
    sr_store_thread_run(fixture->thread, work, todo, g_free, free_late, deadline_ms, on_done,
                        fixture);
}

static void test_order(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "one", HELD, LONG_MS);
    submit(fixture, NULL, AT_ONCE, LONG_MS);
    submit(fixture, "three", AT_ONCE, 0);
    g_assert_cmpstr(fixture->log->str, ==, "");
    release(fixture);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "one KEY_NOT_FOUND three ");
    g_assert_cmpstr(sr_store_thread_store_name(fixture->thread), ==, "vault");
}

static void test_deadline(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "late", HELD, 50);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "STORE_UNAVAILABLE ");
    release(fixture);
    submit(fixture, "next", AT_ONCE, LONG_MS);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "STORE_UNAVAILABLE next ");
}

static void test_queue_behind_a_hang(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->words_before = 1;
    submit(fixture, "hung", HELD, LONG_MS);
    submit(fixture, "never-run", AT_ONCE, 50);
    submit(fixture, "patient", AT_ONCE, 0);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "STORE_UNAVAILABLE hung patient ");
    g_assert_cmpint(g_atomic_int_get(&fixture->ran), ==, 2);
}

static void on_late(gpointer user_data)
{
    Fixture *fixture = user_data;

    note(fixture, "late");
}

static void submit_to_end(Fixture *fixture, const char *word, Length length, guint deadline_ms)
{
    Work *todo = g_new(Work, 1);

    *todo = (Work){fixture, word, length};
    fixture->expected++;
    sr_store_thread_run_to_end(fixture->thread, work, todo, g_free, deadline_ms, on_late, on_done,
                               fixture);
}

static void test_to_the_end(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit_to_end(fixture, "in-time", AT_ONCE, LONG_MS);
    g_main_loop_run(fixture->loop);
    fixture->words_before = 2;
    submit_to_end(fixture, "done", HELD, 100);
    submit_to_end(fixture, "never-run", AT_ONCE, 100);
    submit_to_end(fixture, NULL, AT_ONCE, 0);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==,
                    "in-time late late done STORE_UNAVAILABLE KEY_NOT_FOUND ");
    g_assert_cmpint(g_atomic_int_get(&fixture->ran), ==, 3);
}

static void wait_until_begun(Fixture *fixture)
{
    while (g_atomic_int_get(&fixture->begun) == 0)
        g_usleep(1000);
}

static void test_free_drops_what_waits(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "running", A_MOMENT, LONG_MS);
    submit(fixture, "waiting", AT_ONCE, LONG_MS);
    wait_until_begun(fixture);
    sr_store_thread_free(g_steal_pointer(&fixture->thread));
    g_assert_cmpint(g_atomic_int_get(&fixture->ran), ==, 1);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    g_assert_cmpstr(fixture->log->str, ==, "");
}

static void test_free_does_not_wait_for_ever(Fixture *fixture, gconstpointer data)
{
    const gint64 start = g_get_monotonic_time();

    (void)data;
    submit(fixture, "hung", HELD, 0);
    wait_until_begun(fixture);
    sr_store_thread_free(g_steal_pointer(&fixture->thread));
    g_assert_cmpint(g_atomic_int_get(&fixture->ran), ==, 0);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 4 * SR_STORE_DEADLINE_MS * 1000);
    /* The thread that was left behind uses the fixture until its job ends. */
    release(fixture);
    while (g_atomic_int_get(&fixture->ran) == 0)
        g_usleep(10 * 1000);
    g_usleep(200 * 1000);
}

static gpointer unlock_and_put(SrStore *store, gpointer data, GError **error)
{
    g_autoptr(SrSecret) passphrase = secret_from_text(PASSPHRASE);
    g_autoptr(SrRecord) record = record_from_text(SR_RECORD_KEY, "k", NULL, "l", "value");

    (void)data;
    g_assert_nonnull(g_main_context_get_thread_default());
    if (!sr_store_unlock(store, passphrase, error) || !sr_store_put(store, record, error))
        return NULL;
    return g_strdup("stored");
}

static void test_own_context(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GMainContext) context = g_main_context_new();

    (void)data;
    g_main_context_push_thread_default(context);
    fixture->expected = 2; /* never reaches 0, which would end a loop that does not run */
    sr_store_thread_run(fixture->thread, unlock_and_put, NULL, NULL, free_late, 0, on_done,
                        fixture);
    while (fixture->expected == 2)
        g_main_context_iteration(context, TRUE);
    g_main_context_pop_thread_default(context);
    g_assert_cmpstr(fixture->log->str, ==, "stored ");
}

static void test_many(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (guint i = 0; i < 2000; i++)
        submit(fixture, "x", AT_ONCE, i % 2 ? LONG_MS : 0);
    g_main_loop_run(fixture->loop);
    g_assert_cmpuint(fixture->log->len, ==, 4000);
}

/* --- jobs that are done together ------------------------------------------------------------ */

/* One call for all of @datas. It fails for "bad" and for "locked". */
static gboolean batch(SrStore *store, GPtrArray *datas, GError **error)
{
    g_assert_cmpstr(sr_store_name(store), ==, "vault");
    for (guint i = 0; i < datas->len; i++) {
        const Work *todo = datas->pdata[i];

        if (i == 0)
            g_atomic_int_inc(&todo->fixture->ran);
        if (g_str_equal(todo->word, "bad"))
            sr_error_set(error, SR_ERROR_INVALID_PARAMS, "it is too long");
        else if (g_str_equal(todo->word, "locked"))
            sr_error_set(error, SR_ERROR_STORE_LOCKED, "the store is locked");
        else
            continue;
        return FALSE;
    }
    return TRUE;
}

static void on_batch_done(gpointer result, const GError *error, gpointer user_data)
{
    Fixture *fixture = user_data;

    g_assert_true((result != NULL) != (error != NULL));
    note(fixture, error ? sr_error_reason(error) : "ok");
    if (--fixture->expected == 0)
        g_main_loop_quit(fixture->loop);
}

static void submit_batched(Fixture *fixture, const char *word, guint deadline_ms)
{
    Work *todo = g_new(Work, 1);

    *todo = (Work){fixture, word, AT_ONCE};
    fixture->expected++;
    sr_store_thread_run_batched(fixture->thread, batch, todo, g_free, deadline_ms, on_late,
                                on_batch_done, fixture);
}

static void test_batch(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "first", HELD, LONG_MS);
    for (guint i = 0; i < SR_STORE_BATCH_MAX + 1; i++)
        submit_batched(fixture, "x", LONG_MS);
    release(fixture);
    g_main_loop_run(fixture->loop);
    g_assert_cmpint(g_atomic_int_get(&fixture->ran), ==, 3); /* the first, a full batch, the rest */
    g_assert_true(g_str_has_prefix(fixture->log->str, "first ok ok "));
    g_assert_cmpuint(fixture->log->len, ==, strlen("first ") + 3 * (SR_STORE_BATCH_MAX + 1));
}

static void test_batch_with_a_bad_one(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "first", HELD, LONG_MS);
    submit_batched(fixture, "x", LONG_MS);
    submit_batched(fixture, "bad", LONG_MS);
    submit_batched(fixture, "x", LONG_MS);
    release(fixture);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "first ok INVALID_PARAMS ok ");
}

/* A store that does not answer is not asked once more for each of them. */
static void test_batch_of_a_store_that_fails(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "first", HELD, LONG_MS);
    submit_batched(fixture, "x", LONG_MS);
    submit_batched(fixture, "locked", LONG_MS);
    submit_batched(fixture, "x", LONG_MS);
    release(fixture);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "first STORE_LOCKED STORE_LOCKED STORE_LOCKED ");
    g_assert_cmpint(g_atomic_int_get(&fixture->ran), ==, 2);
}

static void test_batch_too_late(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->words_before = 1;
    submit(fixture, "hung", HELD, LONG_MS);
    submit_batched(fixture, "x", 50);
    submit_batched(fixture, "x", LONG_MS);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "late hung STORE_UNAVAILABLE ok ");
}

/* Under a leak checker this also shows that they are freed. */
static void test_free_drops_what_waits_for_a_batch(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "running", A_MOMENT, LONG_MS);
    submit_batched(fixture, "x", LONG_MS);
    submit_batched(fixture, "x", LONG_MS);
    wait_until_begun(fixture);
    sr_store_thread_free(g_steal_pointer(&fixture->thread));
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    g_assert_cmpint(g_atomic_int_get(&fixture->ran), ==, 1);
    g_assert_cmpstr(fixture->log->str, ==, "");
}

#define ADD(name, function)                                                                        \
    g_test_add("/store-thread/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("answers-come-in-order-and-never-at-once", test_order);
    ADD("a-late-job-is-answered-at-its-deadline", test_deadline);
    ADD("jobs-behind-a-hang-have-deadlines-of-their-own", test_queue_behind_a_hang);
    ADD("a-job-that-changes-something-is-answered-at-its-end", test_to_the_end);
    ADD("free-waits-for-the-job-it-is-in-and-drops-the-rest", test_free_drops_what_waits);
    ADD("free-leaves-a-hung-job-behind", test_free_does_not_wait_for_ever);
    ADD("answers-go-to-the-caller's-own-context", test_own_context);
    ADD("two-thousand-jobs", test_many);
    ADD("what-waits-together-is-done-together", test_batch);
    ADD("one-bad-job-fails-alone", test_batch_with_a_bad_one);
    ADD("a-store-that-fails-is-asked-once", test_batch_of_a_store_that_fails);
    ADD("a-late-job-is-left-out-of-the-batch", test_batch_too_late);
    ADD("free-drops-what-waits-for-a-batch", test_free_drops_what_waits_for_a_batch);
    return g_test_run();
}
