#include "store/store_thread.h"

#include "base/error.h"
#include "support/stores.h"

#include <string.h>

/* The thread's own test needs a store that hangs on demand: a vault will do, the jobs hang. */
typedef struct {
    char *folder;
    SrStoreThread *thread;
    GMainLoop *loop;
    guint expected; /* answers until the loop ends */
    GString *log;   /* one word an answer */
    gint begun;     /* atomic: jobs that began */
    gint ran;       /* atomic: jobs that ended */
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

static void on_done(gpointer result, const GError *error, gpointer user_data)
{
    Fixture *fixture = user_data;
    g_autofree char *text = result;

    g_assert_true((result != NULL) != (error != NULL));
    g_string_append_printf(fixture->log, "%s ", error ? sr_error_reason(error) : text);
    if (--fixture->expected == 0)
        g_main_loop_quit(fixture->loop);
}

typedef struct {
    Fixture *fixture;
    const char *word; /* NULL: fail */
    guint sleep_ms;
} Work;

static gpointer work(SrStore *store, gpointer data, GError **error)
{
    const Work *todo = data;

    g_assert_cmpstr(sr_store_name(store), ==, "vault");
    g_atomic_int_inc(&todo->fixture->begun);
    g_usleep(todo->sleep_ms * 1000ul);
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

static void submit(Fixture *fixture, const char *word, guint sleep_ms, guint deadline_ms)
{
    Work *todo = g_new(Work, 1);

    *todo = (Work){fixture, word, sleep_ms};
    fixture->expected++;
    sr_store_thread_run(fixture->thread, work, todo, g_free, free_late, deadline_ms, on_done,
                        fixture);
}

static void test_order(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "one", 20, 1000);
    submit(fixture, NULL, 0, 1000);
    submit(fixture, "three", 0, 0);
    g_assert_cmpstr(fixture->log->str, ==, "");
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "one KEY_NOT_FOUND three ");
    g_assert_cmpstr(sr_store_thread_store_name(fixture->thread), ==, "vault");
}

static void test_deadline(Fixture *fixture, gconstpointer data)
{
    const gint64 start = g_get_monotonic_time();

    (void)data;
    submit(fixture, "late", 1500, 50);
    g_main_loop_run(fixture->loop);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 1000 * 1000);
    g_assert_cmpstr(fixture->log->str, ==, "STORE_UNAVAILABLE ");
    submit(fixture, "next", 0, 10000);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "STORE_UNAVAILABLE next ");
}

static void test_queue_behind_a_hang(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "hung", 500, 2000);
    submit(fixture, "never-run", 0, 50);
    submit(fixture, "patient", 0, 0);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "STORE_UNAVAILABLE hung patient ");
    g_assert_cmpint(g_atomic_int_get(&fixture->ran), ==, 2);
}

static void on_late(gpointer user_data)
{
    Fixture *fixture = user_data;

    g_string_append(fixture->log, "late ");
}

static void submit_to_end(Fixture *fixture, const char *word, guint sleep_ms, guint deadline_ms)
{
    Work *todo = g_new(Work, 1);

    *todo = (Work){fixture, word, sleep_ms};
    fixture->expected++;
    sr_store_thread_run_to_end(fixture->thread, work, todo, g_free, deadline_ms, on_late, on_done,
                               fixture);
}

static void test_to_the_end(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit_to_end(fixture, "in-time", 0, 5000);
    submit_to_end(fixture, "done", 300, 100);
    submit_to_end(fixture, "never-run", 0, 100);
    submit_to_end(fixture, NULL, 0, 0);
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
    const gint64 start = g_get_monotonic_time();

    (void)data;
    submit(fixture, "running", 200, 1000);
    submit(fixture, "waiting", 0, 1000);
    wait_until_begun(fixture);
    sr_store_thread_free(g_steal_pointer(&fixture->thread));
    g_assert_cmpint(g_get_monotonic_time() - start, <, 1000 * 1000);
    g_assert_cmpint(g_atomic_int_get(&fixture->ran), ==, 1);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    g_assert_cmpstr(fixture->log->str, ==, "");
}

static void test_free_does_not_wait_for_ever(Fixture *fixture, gconstpointer data)
{
    const gint64 start = g_get_monotonic_time();

    (void)data;
    submit(fixture, "hung", SR_STORE_DEADLINE_MS + 500, 0);
    wait_until_begun(fixture);
    sr_store_thread_free(g_steal_pointer(&fixture->thread));
    g_assert_cmpint(g_get_monotonic_time() - start, <, (SR_STORE_DEADLINE_MS + 400) * 1000);
    /* The thread that was left behind uses the fixture until its job ends. */
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
        submit(fixture, "x", 0, i % 2 ? 5000 : 0);
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

        g_usleep(todo->sleep_ms * 1000ul);
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
    g_string_append_printf(fixture->log, "%s ", error ? sr_error_reason(error) : "ok");
    if (--fixture->expected == 0)
        g_main_loop_quit(fixture->loop);
}

static void submit_batched(Fixture *fixture, const char *word, guint deadline_ms)
{
    Work *todo = g_new(Work, 1);

    *todo = (Work){fixture, word, 0};
    fixture->expected++;
    sr_store_thread_run_batched(fixture->thread, batch, todo, g_free, deadline_ms, on_late,
                                on_batch_done, fixture);
}

static void test_batch(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "first", 200, 5000);
    for (guint i = 0; i < SR_STORE_BATCH_MAX + 1; i++)
        submit_batched(fixture, "x", 5000);
    g_main_loop_run(fixture->loop);
    g_assert_cmpint(g_atomic_int_get(&fixture->ran), ==, 3); /* the first, a full batch, the rest */
    g_assert_true(g_str_has_prefix(fixture->log->str, "first ok ok "));
    g_assert_cmpuint(fixture->log->len, ==, strlen("first ") + 3 * (SR_STORE_BATCH_MAX + 1));
}

static void test_batch_with_a_bad_one(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "first", 200, 5000);
    submit_batched(fixture, "x", 5000);
    submit_batched(fixture, "bad", 5000);
    submit_batched(fixture, "x", 5000);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "first ok INVALID_PARAMS ok ");
}

/* A store that does not answer is not asked once more for each of them. */
static void test_batch_of_a_store_that_fails(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "first", 200, 5000);
    submit_batched(fixture, "x", 5000);
    submit_batched(fixture, "locked", 5000);
    submit_batched(fixture, "x", 5000);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "first STORE_LOCKED STORE_LOCKED STORE_LOCKED ");
    g_assert_cmpint(g_atomic_int_get(&fixture->ran), ==, 2);
}

static void test_batch_too_late(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "hung", 400, 5000);
    submit_batched(fixture, "x", 50);
    submit_batched(fixture, "x", 5000);
    g_main_loop_run(fixture->loop);
    g_assert_cmpstr(fixture->log->str, ==, "late hung STORE_UNAVAILABLE ok ");
}

/* Under a leak checker this also shows that they are freed. */
static void test_free_drops_what_waits_for_a_batch(Fixture *fixture, gconstpointer data)
{
    (void)data;
    submit(fixture, "running", 200, 1000);
    submit_batched(fixture, "x", 1000);
    submit_batched(fixture, "x", 1000);
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
