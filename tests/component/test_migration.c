/* Moving between stores, both ways, with real ones, and killed at any point. */
#include "store/migration.h"

#include "base/error.h"
#include "store/secret_service.h"
#include "support/damage.h"
#include "support/keyring_process.h"
#include "support/stores.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORDS 16
#define KILLS 10
#define KILLS_SOAK 200
#define CHILD "--move"

typedef struct {
    KeyringProcess *keyring;
    char *reason;
} World;

typedef struct {
    char *folder;
    char *vault_path;
    SrStore *vault;
    SrStore *other; /* the keyring, or a second vault */
    SrStore *from;
    SrStore *to;
} Pair;

static Pair *pair_new(const World *world, gboolean out_of_vault)
{
    Pair *pair = g_new0(Pair, 1);

    pair->folder = make_folder();
    pair->vault_path = g_build_filename(pair->folder, "vault.db", NULL);
    pair->vault = open_vault(pair->vault_path);
    pair->other = sr_secret_service_new(keyring_process_address(world->keyring));
    pair->from = out_of_vault ? pair->vault : pair->other;
    pair->to = out_of_vault ? pair->other : pair->vault;
    return pair;
}

static void empty(SrStore *store)
{
    for (guint kind = 0; kind < SR_RECORD_KINDS; kind++) {
        g_autoptr(GPtrArray) entries = sr_store_list_entries(store, (SrRecordKind)kind, NULL, NULL);

        for (guint i = 0; i < entries->len; i++)
            sr_store_remove(store, (SrRecordKind)kind, ((SrRecord *)entries->pdata[i])->id, NULL);
    }
}

static void pair_free(Pair *pair)
{
    empty(pair->other);
    sr_store_free(pair->vault);
    sr_store_free(pair->other);
    remove_folder(pair->folder);
    g_free(pair->folder);
    g_free(pair->vault_path);
    g_free(pair);
}

static SrRecord *make_record(guint i, const char *suffix)
{
    g_autofree char *id = g_strdup_printf("r%u", i);
    g_autofree char *text = g_strdup_printf("{\"n\":\"%u\\n\"}%s", i, suffix);
    g_autofree char *label = g_strdup_printf("Record №%u", i);

    return record_from_text((SrRecordKind)(i % SR_RECORD_KINDS), id, i % 3 ? "p256" : NULL, label,
                            text);
}

static void put(SrStore *store, guint i, const char *suffix)
{
    g_autoptr(SrRecord) record = make_record(i, suffix);
    g_autoptr(GError) error = NULL;

    sr_store_put(store, record, &error);
    g_assert_no_error(error);
}

static void fill(SrStore *store, guint count)
{
    for (guint i = 0; i < count; i++)
        put(store, i, "");
}

static guint count_all(SrStore *store)
{
    guint count = 0;

    for (guint kind = 0; kind < SR_RECORD_KINDS; kind++)
        count += assert_count(store, (SrRecordKind)kind, NULL);
    return count;
}

static void assert_record(SrStore *store, guint i, const char *suffix)
{
    g_autoptr(SrRecord) expected = make_record(i, suffix);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecord) found = sr_store_get(store, expected->kind, expected->id, &error);

    g_assert_no_error(error);
    g_assert_true(sr_record_equal(expected, found));
}

/* All @count records are in @store, intact and once, and nothing else. */
static void assert_all(SrStore *store, guint count)
{
    for (guint i = 0; i < count; i++)
        assert_record(store, i, "");
    g_assert_cmpuint(count_all(store), ==, count);
}

static gboolean commit(gpointer data, GError **error)
{
    (void)error;
    (*(guint *)data)++;
    return TRUE;
}

static gboolean refuse(gpointer data, GError **error)
{
    (void)data;
    sr_error_set(error, SR_ERROR_INTERNAL, "the configuration cannot be written");
    return FALSE;
}

static void test_move(Pair *pair)
{
    g_autoptr(GError) error = NULL;
    guint commits = 0;
    guint moved = 0;

    fill(pair->from, RECORDS);
    g_assert_true(sr_migration_run(pair->from, pair->to, commit, &commits, &moved, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(moved, ==, RECORDS);
    g_assert_cmpuint(commits, ==, 1);
    assert_all(pair->to, RECORDS);
    g_assert_cmpuint(count_all(pair->from), ==, 0);
}

static void test_nothing_to_move(Pair *pair)
{
    guint moved = 1;

    g_assert_true(sr_migration_run(pair->from, pair->to, NULL, NULL, &moved, NULL, NULL));
    g_assert_cmpuint(moved, ==, 0);
    g_assert_cmpuint(count_all(pair->to), ==, 0);
}

static void test_others_stay(Pair *pair)
{
    fill(pair->from, 3);
    put(pair->to, 1, "");
    put(pair->to, 7, "");
    g_assert_true(sr_migration_run(pair->from, pair->to, NULL, NULL, NULL, NULL, NULL));
    for (guint i = 0; i < 3; i++)
        assert_record(pair->to, i, "");
    assert_record(pair->to, 7, "");
    g_assert_cmpuint(count_all(pair->to), ==, 4);
}

static void test_conflict(Pair *pair)
{
    g_autoptr(GError) error = NULL;

    fill(pair->from, 3);
    put(pair->to, 2, " other");
    g_assert_false(sr_migration_run(pair->from, pair->to, NULL, NULL, NULL, NULL, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_KEY_EXISTS);
    g_assert_nonnull(strstr(error->message, "\"r2\""));
    assert_all(pair->from, 3);
    assert_record(pair->to, 2, " other");
    g_assert_cmpuint(count_all(pair->to), ==, 1);
}

/* The old store stays in use after a move that could not be committed; its later copy wins. */
static void test_refused_commit(Pair *pair)
{
    g_autoptr(GError) error = NULL;

    fill(pair->from, 3);
    g_assert_false(sr_migration_run(pair->from, pair->to, refuse, NULL, NULL, NULL, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INTERNAL);
    assert_all(pair->from, 3);
    put(pair->from, 1, " newer");
    g_assert_true(sr_migration_run(pair->from, pair->to, NULL, NULL, NULL, NULL, NULL));
    assert_record(pair->to, 1, " newer");
    g_assert_cmpuint(count_all(pair->to), ==, 3);
    g_assert_cmpuint(count_all(pair->from), ==, 0);
}

/* As a process killed while removing leaves it: the new store is in use, its copy wins. */
static void test_killed_after_commit(Pair *pair)
{
    g_autofree char *text = g_strdup_printf("removing from %s", sr_store_name(pair->from));

    fill(pair->from, 3);
    put(pair->to, 1, " newer");
    put(pair->to, 2, "");
    assert_put(pair->to, SR_RECORD_RECORD, SR_MIGRATION_MARKER_ID, text);
    g_assert_true(sr_migration_run(pair->from, pair->to, NULL, NULL, NULL, NULL, NULL));
    assert_record(pair->to, 0, "");
    assert_record(pair->to, 1, " newer");
    g_assert_cmpuint(count_all(pair->to), ==, 3);
    g_assert_cmpuint(count_all(pair->from), ==, 0);
}

/* The same, but the user goes back: what the first move left behind is stale. */
static void test_back_after_a_kill(Pair *pair)
{
    g_autofree char *text = g_strdup_printf("removing from %s", sr_store_name(pair->to));

    put(pair->to, 1, " stale");
    put(pair->from, 1, "");
    assert_put(pair->from, SR_RECORD_RECORD, SR_MIGRATION_MARKER_ID, text);
    g_assert_true(sr_migration_run(pair->from, pair->to, NULL, NULL, NULL, NULL, NULL));
    assert_record(pair->to, 1, "");
    g_assert_cmpuint(count_all(pair->to), ==, 1);
    g_assert_cmpuint(count_all(pair->from), ==, 0);
}

static void test_locked_target(Pair *pair)
{
    g_autoptr(GError) error = NULL;
    SrStore *locked = sr_vault_new(pair->vault_path, CHEAP);

    fill(pair->other, 3);
    g_assert_false(sr_migration_run(pair->other, locked, NULL, NULL, NULL, NULL, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_STORE_LOCKED);
    assert_all(pair->other, 3);
    sr_store_free(locked);
}

/* Make record @i of the pair's old store unreadable. */
static void damage_old(const World *world, const Pair *pair, guint i)
{
    static const char malformed[] = "base64url:!";
    g_autoptr(SrRecord) record = make_record(i, "");
    g_autofree char *sql =
        g_strdup_printf("UPDATE record SET sealed = zeroblob(40) WHERE id = '%s'", record->id);
    const PlantedItem item = {sr_record_kind_name(record->kind), record->id, malformed,
                              strlen(malformed)};

    if (pair->from == pair->vault) {
        damage_vault(pair->vault_path, sql);
        return;
    }
    sr_store_remove(pair->from, record->kind, record->id, NULL);
    plant_item(keyring_process_address(world->keyring), &item);
}

static void assert_damaged(SrStore *store, guint i)
{
    g_autoptr(SrRecord) record = make_record(i, "");
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_store_get(store, record->kind, record->id, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
}

static void test_damaged_stays(const World *world, Pair *pair)
{
    g_autoptr(GPtrArray) damaged = NULL;
    g_autoptr(GError) error = NULL;
    guint moved = 0;

    fill(pair->from, 6);
    damage_old(world, pair, 2);
    sr_migration_run(pair->from, pair->to, NULL, NULL, &moved, &damaged, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(moved, ==, 5);
    g_assert_cmpuint(damaged->len, ==, 1);
    g_assert_cmpstr(((const SrRecord *)damaged->pdata[0])->id, ==, "r2");
    g_assert_cmpuint(count_all(pair->to), ==, 5);
    g_assert_cmpuint(count_all(pair->from), ==, 1);
    assert_damaged(pair->from, 2);
    /* And back: it is where it was, and in nobody's way. */
    g_assert_true(sr_migration_run(pair->to, pair->from, NULL, NULL, &moved, NULL, NULL));
    g_assert_cmpuint(moved, ==, 5);
    g_assert_cmpuint(count_all(pair->from), ==, 6);
    assert_damaged(pair->from, 2);
}

/* A whole record does not take the place of a damaged one that waits for its repair. */
static void test_damaged_target(const World *world, Pair *pair)
{
    g_autoptr(GError) error = NULL;
    SrStore *from = pair->from;

    fill(pair->from, 3);
    damage_old(world, pair, 2);
    put(pair->to, 1, "");
    put(pair->to, 2, "");
    g_assert_false(sr_migration_run(pair->to, from, NULL, NULL, NULL, NULL, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
    g_assert_nonnull(strstr(error->message, "\"r2\""));
    assert_damaged(from, 2);
    assert_record(pair->to, 1, "");
    assert_record(pair->to, 2, "");
    g_assert_cmpuint(count_all(pair->from), ==, 3);
    g_assert_cmpuint(count_all(pair->to), ==, 2);
}

static GPid start_move(const World *world, const Pair *pair)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) argv = g_new0(char *, 6);
    GPid pid;

    argv[0] = g_file_read_link("/proc/self/exe", NULL);
    argv[1] = g_strdup(CHILD);
    argv[2] = g_strdup(pair->from == pair->vault ? "out" : "in");
    argv[3] = g_strdup(pair->vault_path);
    argv[4] = g_strdup(keyring_process_address(world->keyring));
    g_spawn_async(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, &error);
    g_assert_no_error(error);
    return pid;
}

/* Every record is in one of the two at any time. */
static void assert_none_lost(const Pair *pair, guint count)
{
    for (guint i = 0; i < count; i++) {
        g_autoptr(SrRecord) expected = make_record(i, "");
        g_autoptr(SrRecord) old = sr_store_get(pair->from, expected->kind, expected->id, NULL);
        g_autoptr(SrRecord) new = sr_store_get(pair->to, expected->kind, expected->id, NULL);

        g_assert_true((old && sr_record_equal(old, expected)) ||
                      (new &&sr_record_equal(new, expected)));
    }
}

/* Microseconds that a whole move takes here and now, in a process of its own. */
static gint64 time_move(const World *world, Pair *pair)
{
    const gint64 start = g_get_monotonic_time();
    const GPid pid = start_move(world, pair);
    int status;

    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
    return g_get_monotonic_time() - start;
}

static void turn_round(Pair *pair)
{
    SrStore *from = pair->from;

    pair->from = pair->to;
    pair->to = from;
}

static void test_killed(const World *world, Pair *pair)
{
    const guint kills = g_getenv("SOAK") ? KILLS_SOAK : KILLS;
    guint interrupted = 0;
    gint64 whole;

    fill(pair->from, RECORDS);
    whole = time_move(world, pair);
    assert_all(pair->to, RECORDS);
    turn_round(pair);
    for (guint i = 0; i < kills; i++) {
        const GPid pid = start_move(world, pair);
        int status;

        const gdouble after = g_random_double_range(0.05 * (double)whole, 1.1 * (double)whole);

        g_usleep((gulong)after);
        kill(pid, SIGKILL);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        interrupted += WIFSIGNALED(status);
        if (!WIFSIGNALED(status)) /* it is faster now than when it was timed */
            whole = MIN(whole, (gint64)after);
        assert_none_lost(pair, RECORDS);
        g_assert_true(sr_migration_run(pair->from, pair->to, NULL, NULL, NULL, NULL, NULL));
        assert_all(pair->to, RECORDS);
        g_assert_cmpuint(count_all(pair->from), ==, 0);
        turn_round(pair);
    }
    g_test_message("%u of %u moves were interrupted", interrupted, kills);
    g_assert_cmpuint(interrupted, >, kills / 3);
}

typedef struct {
    const World *world;
    void (*run)(Pair *pair);
    void (*run_in)(const World *world, Pair *pair); /* or this */
    gboolean out_of_vault;
} Case;

static void run_case(gconstpointer data)
{
    const Case *run = data;
    Pair *pair;

    if (!run->world->keyring) {
        g_test_skip(run->world->reason);
        return;
    }
    pair = pair_new(run->world, run->out_of_vault);
    if (run->run)
        run->run(pair);
    else
        run->run_in(run->world, pair);
    pair_free(pair);
}

static const struct {
    const char *name;
    void (*run)(Pair *pair);
    void (*run_in)(const World *world, Pair *pair);
} cases[] = {
    {"moves-everything-once", test_move, NULL},
    {"moves-nothing-when-there-is-nothing", test_nothing_to_move, NULL},
    {"leaves-what-the-target-has-already", test_others_stay, NULL},
    {"stops-at-a-conflict-before-changing-anything", test_conflict, NULL},
    {"a-commit-that-fails-leaves-the-old-store-in-use", test_refused_commit, NULL},
    {"completes-a-move-killed-after-its-commit", test_killed_after_commit, NULL},
    {"a-way-back-ignores-stale-copies", test_back_after_a_kill, NULL},
    {"a-locked-target-changes-nothing", test_locked_target, NULL},
    {"a-damaged-record-stays-where-it-is-and-is-named", NULL, test_damaged_stays},
    {"a-damaged-record-of-the-target-is-not-written-over", NULL, test_damaged_target},
    {"killed-at-any-point-loses-nothing", NULL, test_killed},
};

static void add_cases(const World *world, gboolean out_of_vault)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/migration/%s/%s",
                            out_of_vault ? "vault-to-keyring" : "keyring-to-vault", cases[i].name);
        Case *run = g_new(Case, 1);

        *run = (Case){world, cases[i].run, cases[i].run_in, out_of_vault};
        g_test_add_data_func_full(path, run, run_case, g_free);
    }
}

static int move_in_child(const char *direction, const char *path, const char *address)
{
    g_autoptr(SrStore) vault = open_vault(path);
    g_autoptr(SrStore) service = sr_secret_service_new(address);
    const gboolean out = g_str_equal(direction, "out");

    return sr_migration_run(out ? vault : service, out ? service : vault, NULL, NULL, NULL, NULL,
                            NULL)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    World world = {0};
    int status;

    if (argc == 5 && g_str_equal(argv[1], CHILD))
        return move_in_child(argv[2], argv[3], argv[4]);
    g_test_init(&argc, &argv, NULL);
    world.keyring = keyring_process_new(&world.reason);
    add_cases(&world, TRUE);
    add_cases(&world, FALSE);
    status = g_test_run();
    keyring_process_free(world.keyring);
    g_free(world.reason);
    return status;
}
