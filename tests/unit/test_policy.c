/* state.db: grants, nonces, the audit log, settings, the journal of rotations; and what survives a
 * reopened file. */
#include "base/error.h"
#include "policy/audit.h"
#include "policy/database.h"
#include "policy/grants.h"
#include "policy/journal.h"
#include "policy/nonces.h"

#include <glib/gstdio.h>
#include <string.h>

#define EXTENSION "chrome-extension://abcdefghijklmnopabcdefghijklmnop"
#define ORIGIN "https://app.example.com"
#define MESSAGE(statement, uri, nonce, issued, tail)                                               \
    "app.example.com wants you to sign in with your Ethereum account:\n"                           \
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\n\n" statement "\n\nURI: " uri                     \
    "\nVersion: 1\nChain ID: 1\nNonce: " nonce "\nIssued At: " issued tail

/* 2026-11-24T10:00:00Z */
#define NOW G_GINT64_CONSTANT(1795514400)
#define ISSUED "2026-11-24T10:00:00Z"
#define HOUR "\nExpiration Time: 2026-11-24T11:00:00Z"

typedef struct {
    char *folder;
    char *path;
    SrDatabase *database;
} World;

static void open_database(World *world)
{
    g_autoptr(GError) error = NULL;

    world->database = sr_database_open(world->path, &error);
    g_assert_no_error(error);
}

static void set_up(World *world, gconstpointer data)
{
    (void)data;
    world->folder = g_dir_make_tmp("sealring-policy-XXXXXX", NULL);
    world->path = g_build_filename(world->folder, "state.db", NULL);
    open_database(world);
}

static void tear_down(World *world, gconstpointer data)
{
    static const char *const names[] = {"state.db", "state.db-wal", "state.db-shm"};

    (void)data;
    sr_database_free(world->database);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(world->folder, names[i], NULL);

        g_unlink(path);
    }
    g_rmdir(world->folder);
    g_free(world->path);
    g_free(world->folder);
}

static SrSiwe parsed(const char *message)
{
    SrSiweProblem problem;
    SrSiwe siwe;

    if (!sr_siwe_parse(message, strlen(message), &siwe, &problem))
        g_error("%s: %s", problem.field, problem.rule);
    return siwe;
}

/* --- grants
 * ---------------------------------------------------------------------------------------------- */

static void test_a_grant_covers_exactly_its_like(World *world, gconstpointer data)
{
    static const struct {
        const char *what;
        const char *message;
        gboolean covered;
    } rows[] = {
        {"the same", MESSAGE("Hi.", "did:key:z1", "aaaaaaaa", ISSUED, HOUR), TRUE},
        {"another nonce", MESSAGE("Hi.", "did:key:z1", "bbbbbbbb", ISSUED, HOUR), TRUE},
        {"shorter",
         MESSAGE("Hi.", "did:key:z1", "aaaaaaaa", ISSUED,
                 "\nExpiration Time: 2026-11-24T10:30:00Z"),
         TRUE},
        {"a request id", MESSAGE("Hi.", "did:key:z1", "aaaaaaaa", ISSUED, HOUR "\nRequest ID: 1"),
         FALSE},
        {"longer",
         MESSAGE("Hi.", "did:key:z1", "aaaaaaaa", ISSUED,
                 "\nExpiration Time: 2026-11-24T11:00:01Z"),
         FALSE},
        {"without end", MESSAGE("Hi.", "did:key:z1", "aaaaaaaa", ISSUED, ""), FALSE},
        {"another statement", MESSAGE("Ho.", "did:key:z1", "aaaaaaaa", ISSUED, HOUR), FALSE},
        {"another delegate", MESSAGE("Hi.", "did:key:z2", "aaaaaaaa", ISSUED, HOUR), FALSE},
        {"a resource more",
         MESSAGE("Hi.", "did:key:z1", "aaaaaaaa", ISSUED, HOUR "\nResources:\n- urn:x"), FALSE},
        {"issued long ago",
         MESSAGE("Hi.", "did:key:z1", "aaaaaaaa", "2026-11-24T09:49:59Z",
                 "\nExpiration Time: 2026-11-24T10:30:00Z"),
         FALSE},
        {"issued in the future",
         MESSAGE("Hi.", "did:key:z1", "aaaaaaaa", "2026-11-24T10:10:01Z",
                 "\nExpiration Time: 2026-11-24T10:30:00Z"),
         FALSE},
    };
    g_autoptr(GError) error = NULL;
    g_autoptr(SrGrants) grants = sr_grants_new(world->database, &error);
    const SrSiwe first = parsed(rows[0].message);

    (void)data;
    g_assert_nonnull(
        sr_grants_remember(grants, EXTENSION, ORIGIN, "key1", &first, "x", NOW, 3600, &error));
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const SrSiwe siwe = parsed(rows[i].message);
        const gboolean found =
            sr_grants_find(grants, EXTENSION, ORIGIN, "key1", &siwe, NOW) != NULL;

        if (found != rows[i].covered)
            g_error("%s: covered is %d", rows[i].what, found);
    }
    g_assert_null(sr_grants_find(grants, EXTENSION, ORIGIN, "key2", &first, NOW));
    g_assert_null(sr_grants_find(grants, "other", ORIGIN, "key1", &first, NOW));
    g_assert_null(sr_grants_find(grants, EXTENSION, "https://b.example", "key1", &first, NOW));
}

static void test_an_old_message_cannot_be_remembered(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrGrants) grants = sr_grants_new(world->database, NULL);
    const SrSiwe old =
        parsed(MESSAGE("Hi.", "did:key:z1", "aaaaaaaa", "2001-01-01T00:00:00Z", HOUR));

    (void)data;
    g_assert_null(
        sr_grants_remember(grants, EXTENSION, ORIGIN, "key1", &old, "x", NOW, 60, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
}

static void test_what_has_ended_is_forgotten(World *world, gconstpointer data)
{
    g_autoptr(SrGrants) grants = sr_grants_new(world->database, NULL);
    const SrSiwe siwe = parsed(MESSAGE("Hi.", "did:key:z1", "aaaaaaaa", ISSUED, HOUR));

    (void)data;
    g_assert_true(sr_grants_connect(grants, EXTENSION, ORIGIN, "key1", NULL));
    g_assert_nonnull(
        sr_grants_remember(grants, EXTENSION, ORIGIN, "key1", &siwe, "x", NOW, 60, NULL));
    for (int round = 0; round < 2; round++) {
        g_assert_true(sr_grants_prune(grants, NOW + 59, NULL));
        g_assert_nonnull(sr_grants_find(grants, EXTENSION, ORIGIN, "key1", &siwe, NOW));
        g_assert_true(sr_grants_reload(grants, NULL));
    }
    for (int round = 0; round < 2; round++) {
        g_assert_true(sr_grants_prune(grants, NOW + 60, NULL));
        g_assert_null(sr_grants_find(grants, EXTENSION, ORIGIN, "key1", &siwe, NOW));
        g_assert_true(sr_grants_is_connected(grants, EXTENSION, ORIGIN, "key1"));
        g_assert_true(sr_grants_reload(grants, NULL));
    }
}

static void test_a_grant_ends(World *world, gconstpointer data)
{
    g_autoptr(SrGrants) grants = sr_grants_new(world->database, NULL);
    const SrSiwe siwe = parsed(MESSAGE("Hi.", "did:key:z1", "aaaaaaaa", ISSUED, HOUR));
    const SrGrant *grant =
        sr_grants_remember(grants, EXTENSION, ORIGIN, "key1", &siwe, "x", NOW, 60, NULL);

    (void)data;
    g_assert_null(sr_grants_find(grants, EXTENSION, ORIGIN, "key1", &siwe, grant->expires));
}

static void test_grants_survive_and_can_be_revoked(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    SrGrants *grants = sr_grants_new(world->database, &error);

    (void)data;
    g_assert_true(sr_grants_connect(grants, EXTENSION, ORIGIN, "key1", &error));
    g_assert_true(sr_grants_connect(grants, EXTENSION, ORIGIN, "key2", &error));
    g_assert_true(sr_grants_connect(grants, EXTENSION, "https://b.example", "key1", &error));
    sr_grants_free(grants);
    sr_database_free(world->database);
    open_database(world);
    grants = sr_grants_new(world->database, &error);
    g_assert_true(sr_grants_is_connected(grants, EXTENSION, ORIGIN, "key1"));
    g_assert_true(sr_grants_revoke_caller(grants, EXTENSION, ORIGIN, &error));
    g_assert_false(sr_grants_is_connected(grants, EXTENSION, ORIGIN, "key1"));
    g_assert_false(sr_grants_is_connected(grants, EXTENSION, ORIGIN, "key2"));
    g_assert_true(sr_grants_is_connected(grants, EXTENSION, "https://b.example", "key1"));
    g_assert_true(sr_grants_revoke_key(grants, "key1", &error));
    g_assert_false(sr_grants_is_connected(grants, EXTENSION, "https://b.example", "key1"));
    g_assert_false(sr_grants_revoke(grants, "none", &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_KEY_NOT_FOUND);
    sr_grants_free(grants);
}

/* --- nonces
 * ------------------------------------------------------------------------------------------------
 */

static void test_a_nonce_belongs_to_one_message_of_a_domain(World *world, gconstpointer data)
{
    static const guint8 one[32] = {1};
    static const guint8 two[32] = {2};
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_true(sr_nonces_use(world->database, "a.example", 9, "nonce123", 8, one, &error));
    g_assert_true(sr_nonces_use(world->database, "a.example", 9, "nonce123", 8, one, &error));
    g_assert_true(sr_nonces_use(world->database, "b.example", 9, "nonce123", 8, two, &error));
    g_assert_true(sr_nonces_use(world->database, "a.example", 9, "nonce124", 8, two, &error));
    g_assert_false(sr_nonces_use(world->database, "a.example", 9, "nonce123", 8, two, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_NONCE_REUSED);
}

/* --- the audit log
 * -------------------------------------------------------------------------------------------- */

static void append(SrAudit *audit, const char *event)
{
    g_autoptr(SrJson) entry = json_object_new_object();
    g_autoptr(GError) error = NULL;

    sr_json_add_string(entry, "event", event);
    g_assert_true(sr_audit_append(audit, entry, &error));
    g_assert_no_error(error);
}

static gint64 broken_at(World *world, SrAudit *audit)
{
    gint64 entries;
    gint64 broken;

    g_assert_true(sr_database_commit(world->database, NULL));
    g_assert_true(sr_audit_verify(audit, &entries, &broken, NULL));
    return broken;
}

static void change(World *world, const char *sql)
{
    sqlite3_stmt *statement = sr_database_statement(world->database, sql, NULL);

    g_assert_true(sr_database_begin(world->database, NULL));
    g_assert_true(sr_database_run(world->database, statement, NULL));
}

static void test_every_kind_of_tampering_breaks_the_chain(World *world, gconstpointer data)
{
    g_autoptr(SrAudit) audit = sr_audit_new(world->database, NULL);

    (void)data;
    for (int i = 0; i < 6; i++)
        append(audit, i % 2 ? "odd" : "even");
    g_assert_cmpint(broken_at(world, audit), ==, 0);
    change(world, "DELETE FROM audit WHERE seq = 6");
    g_assert_cmpint(broken_at(world, audit), ==, 6);
    change(world, "UPDATE audit SET hash = zeroblob(32) WHERE seq = 5");
    g_assert_cmpint(broken_at(world, audit), ==, 5);
    change(world, "UPDATE audit SET entry = replace(entry, 'odd', 'even') WHERE seq = 4");
    g_assert_cmpint(broken_at(world, audit), ==, 4);
    change(world, "UPDATE audit SET seq = 30 WHERE seq = 3");
    g_assert_cmpint(broken_at(world, audit), ==, 3);
    change(world, "DELETE FROM audit WHERE seq = 1");
    g_assert_cmpint(broken_at(world, audit), ==, 1);
}

static void test_the_chain_goes_on_after_a_restart(World *world, gconstpointer data)
{
    SrAudit *audit = sr_audit_new(world->database, NULL);
    g_autoptr(SrJson) entries = NULL;

    (void)data;
    append(audit, "before");
    sr_audit_free(audit);
    sr_database_free(world->database);
    open_database(world);
    audit = sr_audit_new(world->database, NULL);
    append(audit, "after");
    g_assert_cmpint(broken_at(world, audit), ==, 0);
    entries = sr_audit_list(audit, 1, 10, NULL);
    g_assert_cmpuint(json_object_array_length(entries), ==, 1);
    sr_audit_free(audit);
}

/* --- the file
 * ---------------------------------------------------------------------------------------------------
 */

static void test_a_removed_setting_is_gone(World *world, gconstpointer data)
{
    g_autofree char *value = NULL;

    (void)data;
    g_assert_true(sr_database_set_setting(world->database, "a", "1", NULL));
    g_assert_true(sr_database_commit(world->database, NULL));
    g_assert_true(sr_database_set_setting(world->database, "a", NULL, NULL));
    g_assert_true(sr_database_commit(world->database, NULL));
    value = sr_database_setting(world->database, "a");
    g_assert_null(value);
}

static void test_a_file_that_is_none_of_ours_is_left_alone(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *content = NULL;

    (void)data;
    g_clear_pointer(&world->database, sr_database_free);
    g_assert_true(g_file_set_contents(world->path, "This is a letter, not a database.", -1, NULL));
    g_assert_null(sr_database_open(world->path, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
    g_assert_true(g_file_get_contents(world->path, &content, NULL, NULL));
    g_assert_cmpstr(content, ==, "This is a letter, not a database.");
}

static void test_a_newer_schema_is_refused(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    change(world, "PRAGMA user_version = 99");
    sr_database_free(world->database);
    world->database = sr_database_open(world->path, &error);
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
}

/* Something to find again. */
static gboolean set(World *world, const char *name)
{
    return sr_database_set_setting(world->database, name, "1", NULL);
}

static gboolean is_set(World *world, const char *name)
{
    g_autofree char *value = sr_database_setting(world->database, name);

    return value != NULL;
}

static void test_a_step_is_undone_alone(World *world, gconstpointer data)
{
    (void)data;
    g_assert_false(sr_database_undo(world->database));
    g_assert_true(set(world, "settled"));
    sr_database_settle(world->database);
    g_assert_false(sr_database_undo(world->database));
    g_assert_true(set(world, "undone"));
    g_assert_true(sr_database_undo(world->database));
    g_assert_true(set(world, "later"));
    g_assert_true(sr_database_commit(world->database, NULL));
    g_assert_true(is_set(world, "settled"));
    g_assert_false(is_set(world, "undone"));
    g_assert_true(is_set(world, "later"));
}

/* As SQLite does when the disk is full. */
static void test_nothing_is_written_after_a_transaction_was_lost(World *world, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    sqlite3_stmt *rollback;

    (void)data;
    g_assert_true(set(world, "before"));
    rollback = sr_database_statement(world->database, "ROLLBACK", NULL);
    g_assert_true(sr_database_run(world->database, rollback, NULL));
    g_assert_false(set(world, "after"));
    g_assert_false(sr_database_commit(world->database, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_STORE_UNAVAILABLE);
    g_assert_false(is_set(world, "before"));
    g_assert_false(is_set(world, "after"));
    g_assert_true(set(world, "again"));
    g_assert_true(sr_database_commit(world->database, NULL));
    g_assert_true(is_set(world, "again"));
}

static void note(World *world, const char *account, gint64 generation, const char *text)
{
    g_autoptr(GByteArray) sealed = g_byte_array_new();

    g_byte_array_append(sealed, (const guint8 *)text, (guint)strlen(text));
    g_assert_true(sr_journal_write(world->database, account, generation, sealed, NULL));
}

static void assert_line(const SrJournalLine *line, gint64 generation, const char *text)
{
    g_autoptr(GBytes) expected = g_bytes_new(text, strlen(text));

    g_assert_nonnull(line);
    g_assert_cmpint(line->generation, ==, generation);
    g_assert_true(g_bytes_equal(line->sealed, expected));
}

static void test_the_journal_has_the_last_line_of_each_account(World *world, gconstpointer data)
{
    g_autoptr(SrJournalLine) line = NULL;
    g_autoptr(GHashTable) all = NULL;

    (void)data;
    note(world, "a", 1, "first");
    note(world, "b", 5, "other");
    note(world, "a", 2, "second");
    g_assert_true(sr_database_commit(world->database, NULL));
    sr_database_free(world->database);
    open_database(world);
    line = sr_journal_read(world->database, "a");
    assert_line(line, 2, "second");
    all = sr_journal_read_all(world->database);
    g_assert_cmpuint(g_hash_table_size(all), ==, 2);
    assert_line(g_hash_table_lookup(all, "b"), 5, "other");
    g_assert_true(sr_journal_remove(world->database, "a", NULL));
    g_assert_null(sr_journal_read(world->database, "a"));
    g_assert_null(sr_journal_read(world->database, "c"));
}

/* As an error of the disk at one write does. */
static void test_a_line_that_cannot_be_written_undoes_nothing_else(World *world, gconstpointer data)
{
    g_autoptr(GByteArray) sealed = g_byte_array_new();
    sqlite3_stmt *trigger;

    (void)data;
    trigger = sr_database_statement(world->database,
                                    "CREATE TRIGGER no BEFORE INSERT ON rotation"
                                    " BEGIN SELECT RAISE(ABORT, 'no'); END",
                                    NULL);
    g_assert_true(sr_database_run(world->database, trigger, NULL));
    g_byte_array_append(sealed, (const guint8 *)"x", 1);
    g_assert_true(set(world, "before"));
    sr_database_settle(world->database);
    g_assert_false(sr_journal_write(world->database, "a", 1, sealed, NULL));
    sr_database_undo(world->database);
    g_assert_true(sr_database_commit(world->database, NULL));
    g_assert_true(is_set(world, "before"));
}

#define ADD(path, function) g_test_add(path, World, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("/grants/one-covers-exactly-its-like", test_a_grant_covers_exactly_its_like);
    ADD("/grants/an-old-message-cannot-be-remembered", test_an_old_message_cannot_be_remembered);
    ADD("/grants/one-ends", test_a_grant_ends);
    ADD("/grants/what-has-ended-is-forgotten", test_what_has_ended_is_forgotten);
    ADD("/grants/survive-and-can-be-revoked", test_grants_survive_and_can_be_revoked);
    ADD("/nonces/one-belongs-to-one-message-of-a-domain",
        test_a_nonce_belongs_to_one_message_of_a_domain);
    ADD("/audit/every-kind-of-tampering-breaks-the-chain",
        test_every_kind_of_tampering_breaks_the_chain);
    ADD("/audit/the-chain-goes-on-after-a-restart", test_the_chain_goes_on_after_a_restart);
    ADD("/journal/it-has-the-last-line-of-each-account",
        test_the_journal_has_the_last_line_of_each_account);
    ADD("/journal/a-line-that-cannot-be-written-undoes-nothing-else",
        test_a_line_that_cannot_be_written_undoes_nothing_else);
    ADD("/database/a-step-is-undone-alone", test_a_step_is_undone_alone);
    ADD("/database/nothing-is-written-after-a-transaction-was-lost",
        test_nothing_is_written_after_a_transaction_was_lost);
    ADD("/database/a-removed-setting-is-gone", test_a_removed_setting_is_gone);
    ADD("/database/a-file-that-is-none-of-ours-is-left-alone",
        test_a_file_that_is_none_of_ours_is_left_alone);
    ADD("/database/a-newer-schema-is-refused", test_a_newer_schema_is_refused);
    return g_test_run();
}
