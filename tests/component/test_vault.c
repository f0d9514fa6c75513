/* What is particular to the vault: its file, its slots, its seals, and several users at once. */
#include "store/vault.h"

#include "base/error.h"
#include "support/damage.h"
#include "support/stores.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS 30
#define KILLS_SOAK 500

typedef struct {
    char *folder;
    char *path;
    SrStore *store; /* open */
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    fixture->folder = make_folder();
    fixture->path = g_build_filename(fixture->folder, "inner", "vault.db", NULL);
    fixture->store = open_vault(fixture->path);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    (void)data;
    sr_store_free(fixture->store);
    remove_folder(fixture->folder);
    g_free(fixture->folder);
    g_free(fixture->path);
}

static void doctor(Fixture *fixture, const char *sql)
{
    damage_vault(fixture->path, sql);
}

static void assert_unlock_fails(SrStore *store, const char *text, SrErrorCode code)
{
    g_autoptr(SrSecret) passphrase = secret_from_text(text);
    g_autoptr(GError) error = NULL;

    g_assert_false(sr_store_unlock(store, passphrase, &error));
    g_assert_error(error, SR_ERROR, (gint)code);
}

static void assert_unusable(Fixture *fixture, SrErrorCode code, const char *word)
{
    g_autoptr(SrStore) other = sr_vault_new(fixture->path, CHEAP);
    g_autoptr(GError) error = NULL;
    g_autofree char *detail = NULL;

    g_assert_cmpint(sr_store_state(other, &detail), ==, SR_STORE_UNAVAILABLE);
    g_assert_nonnull(strstr(detail, word));
    assert_unlock_fails(other, PASSPHRASE, code);
    g_assert_null(sr_store_get(fixture->store, SR_RECORD_KEY, "k", &error));
    g_assert_error(error, SR_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, word));
}

static void test_states(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->folder, "none", "v.db", NULL);
    g_autoptr(SrStore) store = sr_vault_new(path, CHEAP);
    g_autoptr(SrSecret) passphrase = secret_from_text(PASSPHRASE);
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_cmpint(sr_store_state(store, NULL), ==, SR_STORE_EMPTY);
    g_assert_null(sr_store_get(store, SR_RECORD_KEY, "k", &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_STORE_LOCKED);
    g_clear_error(&error);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_true(sr_store_unlock(store, passphrase, &error));
    g_assert_cmpint(sr_store_state(store, NULL), ==, SR_STORE_OPEN);
    sr_store_lock(store);
    g_assert_cmpint(sr_store_state(store, NULL), ==, SR_STORE_LOCKED);
}

static void assert_state(Fixture *fixture, SrStoreState state)
{
    /* Twice: an answer that is remembered is the same. */
    g_assert_cmpint(sr_store_state(fixture->store, NULL), ==, state);
    g_assert_cmpint(sr_store_state(fixture->store, NULL), ==, state);
}

static void test_state_follows_the_file(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->folder, "other.db", NULL);

    (void)data;
    assert_state(fixture, SR_STORE_OPEN);
    assert_put(fixture->store, SR_RECORD_KEY, "k", "value");
    assert_state(fixture, SR_STORE_OPEN);
    g_assert_cmpint(g_chmod(fixture->path, 0644), ==, 0);
    assert_state(fixture, SR_STORE_UNAVAILABLE);
    g_assert_cmpint(g_chmod(fixture->path, 0600), ==, 0);
    assert_state(fixture, SR_STORE_OPEN);
    doctor(fixture, "PRAGMA user_version = 2");
    assert_state(fixture, SR_STORE_UNAVAILABLE);
    sr_store_free(open_vault(path));
    g_assert_cmpint(g_rename(path, fixture->path), ==, 0);
    assert_state(fixture, SR_STORE_LOCKED);
    g_assert_cmpint(g_unlink(fixture->path), ==, 0);
    assert_state(fixture, SR_STORE_EMPTY);
}

static void test_passphrases(Fixture *fixture, gconstpointer data)
{
    (void)data;
    assert_put(fixture->store, SR_RECORD_KEY, "k", "value");
    assert_unlock_fails(fixture->store, "wrong", SR_ERROR_WRONG_PASSPHRASE);
    assert_unlock_fails(fixture->store, "", SR_ERROR_INVALID_PARAMS);
    assert_unlock_fails(fixture->store, PASSPHRASE " ", SR_ERROR_WRONG_PASSPHRASE);
    assert_holds(fixture->store, SR_RECORD_KEY, "k", "value");
    sr_store_lock(fixture->store);
    assert_unlock_fails(fixture->store, "wrong", SR_ERROR_WRONG_PASSPHRASE);
    g_assert_cmpint(sr_store_state(fixture->store, NULL), ==, SR_STORE_LOCKED);
}

static void test_empty_passphrase_creates_nothing(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->folder, "none.db", NULL);
    g_autoptr(SrStore) store = sr_vault_new(path, CHEAP);

    (void)data;
    assert_unlock_fails(store, "", SR_ERROR_INVALID_PARAMS);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_modes(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = g_path_get_dirname(fixture->path);
    GStatBuf info;

    (void)data;
    g_assert_cmpint(g_stat(fixture->path, &info), ==, 0);
    g_assert_cmpuint(info.st_mode & 0777, ==, 0600);
    g_assert_cmpint(g_stat(folder, &info), ==, 0);
    g_assert_cmpuint(info.st_mode & 0777, ==, 0700);
}

static void test_open_to_others(Fixture *fixture, gconstpointer data)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0601};

    (void)data;
    for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_assert_cmpint(g_chmod(fixture->path, modes[i]), ==, 0);
        assert_unusable(fixture, SR_ERROR_STORE_UNAVAILABLE, "chmod 600");
    }
}

static void test_folder_open_to_others(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = g_path_get_dirname(fixture->path);

    (void)data;
    g_assert_cmpint(g_chmod(folder, 0770), ==, 0);
    assert_unusable(fixture, SR_ERROR_STORE_UNAVAILABLE, "chmod 700");
}

static void test_symbolic_link(Fixture *fixture, gconstpointer data)
{
    g_autofree char *elsewhere = g_build_filename(fixture->folder, "elsewhere.db", NULL);

    (void)data;
    g_assert_cmpint(g_rename(fixture->path, elsewhere), ==, 0);
    g_assert_cmpint(symlink(elsewhere, fixture->path), ==, 0);
    assert_unusable(fixture, SR_ERROR_STORE_UNAVAILABLE, "symbolic link");
}

static void test_linked_folder(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = g_path_get_dirname(fixture->path);
    g_autofree char *alias = g_build_filename(fixture->folder, "alias", NULL);
    g_autofree char *path = g_build_filename(alias, "vault.db", NULL);
    g_autoptr(SrStore) store = NULL;

    (void)data;
    g_assert_cmpint(symlink(folder, alias), ==, 0);
    assert_put(fixture->store, SR_RECORD_KEY, "k", "value");
    store = open_vault(path);
    assert_holds(store, SR_RECORD_KEY, "k", "value");
}

static void test_other_owner(Fixture *fixture, gconstpointer data)
{
    (void)data;
    if (geteuid() != 0) {
        g_test_skip("only root can give a file away");
        return;
    }
    g_assert_cmpint(chown(fixture->path, 65534, 65534), ==, 0);
    assert_unusable(fixture, SR_ERROR_STORE_UNAVAILABLE, "another user");
}

static void test_not_a_file(Fixture *fixture, gconstpointer data)
{
    (void)data;
    g_assert_cmpint(g_unlink(fixture->path), ==, 0);
    g_assert_cmpint(g_mkdir(fixture->path, 0700), ==, 0);
    assert_unusable(fixture, SR_ERROR_STORE_UNAVAILABLE, "not a regular file");
}

static void test_no_database(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;

    (void)data;
    g_file_set_contents_full(fixture->path, "This is no database, but a text of some length.", -1,
                             G_FILE_SET_CONTENTS_NONE, 0600, &error);
    g_assert_no_error(error);
    assert_unusable(fixture, SR_ERROR_CORRUPT, "not a database");
}

static void test_other_database(Fixture *fixture, gconstpointer data)
{
    (void)data;
    doctor(fixture, "PRAGMA application_id = 1");
    assert_unusable(fixture, SR_ERROR_CORRUPT, "not a sealring vault");
}

static void test_newer_version(Fixture *fixture, gconstpointer data)
{
    (void)data;
    doctor(fixture, "PRAGMA user_version = 2");
    assert_unusable(fixture, SR_ERROR_CORRUPT, "format 2");
}

static void test_no_slots(Fixture *fixture, gconstpointer data)
{
    (void)data;
    doctor(fixture, "DELETE FROM slot");
    assert_unusable(fixture, SR_ERROR_CORRUPT, "slots");
}

/* SQL that somebody with write access may run, and the record that must be found out. */
static const char *const tampering[] = {
    "UPDATE record SET label = 'Innocent' WHERE id = 'a'",
    "UPDATE record SET algorithm = 'p256' WHERE id = 'a'",
    "UPDATE record SET algorithm = NULL WHERE id = 'a'",
    "UPDATE record SET kind = 'account' WHERE id = 'b'; UPDATE record SET sealed ="
    " (SELECT sealed FROM record WHERE id = 'b') WHERE id = 'a'",
    "UPDATE record SET generation = generation - 1 WHERE id = 'a'",
    "UPDATE record SET generation = -1 WHERE id = 'a'",
    "UPDATE record SET sealed = (SELECT sealed FROM record WHERE id = 'b') WHERE id = 'a'",
    "UPDATE record SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE id = 'a'",
    "UPDATE record SET sealed = x'' WHERE id = 'a'",
    "UPDATE record SET sealed = zeroblob(length(sealed)) WHERE id = 'a'",
    "UPDATE record SET id = 'x' WHERE id = 'a'; UPDATE record SET id = 'a' WHERE id = 'b';"
    " UPDATE record SET id = 'b' WHERE id = 'x'",
};

static void test_tampering(gconstpointer data)
{
    Fixture fixture = {0};
    g_autoptr(GError) get = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    set_up(&fixture, NULL);
    assert_put(fixture.store, SR_RECORD_KEY, "a", "old");
    assert_put(fixture.store, SR_RECORD_KEY, "a", "value");
    assert_put(fixture.store, SR_RECORD_KEY, "b", "value");
    assert_put(fixture.store, SR_RECORD_KEY, "c", "value");
    doctor(&fixture, data);
    g_assert_null(sr_store_get(fixture.store, SR_RECORD_KEY, "a", &get));
    g_assert_error(get, SR_ERROR, SR_ERROR_CORRUPT);
    g_assert_nonnull(strstr(get->message, "\"a\""));
    before = assert_visit(fixture.store, SR_RECORD_KEY, NULL);
    g_assert_true(g_str_has_prefix(before, "a!"));
    g_assert_true(g_str_has_suffix(before, " c"));
    assert_holds(fixture.store, SR_RECORD_KEY, "c", "value");
    g_assert_true(sr_store_remove(fixture.store, SR_RECORD_KEY, "a", &error));
    after = assert_visit(fixture.store, SR_RECORD_KEY, NULL);
    g_assert_true(g_str_has_suffix(before, after));
    g_assert_null(strchr(after, 'a'));
    tear_down(&fixture, NULL);
}

static void test_slot_parameters(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *sql;
        SrErrorCode code;
    } rows[] = {
        {"UPDATE slot SET parameters = replace(parameters, 'n=1024', 'n=2048')",
         SR_ERROR_WRONG_PASSPHRASE},
        {"UPDATE slot SET parameters = replace(parameters, 'r=8', 'r=0')", SR_ERROR_CORRUPT},
        {"UPDATE slot SET parameters = 'scrypt n=1099511627776 r=8 p=1"
         " salt=00000000000000000000000000000000'",
         SR_ERROR_LIMIT_EXCEEDED},
        {"UPDATE slot SET parameters = 'scrypt n=1024 r=8 p=1 salt=00'", SR_ERROR_CORRUPT},
        {"UPDATE slot SET parameters = ''", SR_ERROR_CORRUPT},
        {"UPDATE slot SET kind = 'keyring'", SR_ERROR_WRONG_PASSPHRASE},
    };

    (void)data;
    sr_store_lock(fixture->store);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        doctor(fixture, rows[i].sql);
        assert_unlock_fails(fixture->store, PASSPHRASE, rows[i].code);
    }
}

static void test_triggers_do_not_run(Fixture *fixture, gconstpointer data)
{
    (void)data;
    doctor(fixture, "CREATE TRIGGER evil AFTER INSERT ON record BEGIN DELETE FROM slot; END");
    assert_put(fixture->store, SR_RECORD_KEY, "k", "value");
    sr_store_free(fixture->store);
    fixture->store = open_vault(fixture->path);
    assert_holds(fixture->store, SR_RECORD_KEY, "k", "value");
}

static void test_nothing_in_clear(Fixture *fixture, gconstpointer data)
{
    g_autofree char *contents = NULL;
    gsize size;

    (void)data;
    assert_put(fixture->store, SR_RECORD_KEY, "k", "marker-of-the-secret");
    g_assert_true(g_file_get_contents(fixture->path, &contents, &size, NULL));
    g_assert_null(memmem(contents, size, "marker-of-the-secret", 20));
    g_assert_null(memmem(contents, size, PASSPHRASE, strlen(PASSPHRASE)));
}

static void test_another_vault_in_its_place(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->folder, "other.db", NULL);
    g_autoptr(SrRecord) record = record_from_text(SR_RECORD_KEY, "k", NULL, "l", "x");
    g_autoptr(GError) error = NULL;

    (void)data;
    sr_store_free(open_vault(path));
    g_assert_cmpint(g_rename(path, fixture->path), ==, 0);
    g_assert_cmpint(sr_store_state(fixture->store, NULL), ==, SR_STORE_LOCKED);
    g_assert_false(sr_store_put(fixture->store, record, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_STORE_LOCKED);
}

static void test_file_removed(Fixture *fixture, gconstpointer data)
{
    g_autoptr(SrRecord) record = record_from_text(SR_RECORD_KEY, "k", NULL, "l", "x");
    g_autoptr(GError) error = NULL;

    (void)data;
    g_assert_cmpint(g_unlink(fixture->path), ==, 0);
    g_assert_false(sr_store_put(fixture->store, record, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_STORE_UNAVAILABLE);
}

static void test_two_users(Fixture *fixture, gconstpointer data)
{
    g_autoptr(SrStore) other = open_vault(fixture->path);

    (void)data;
    assert_put(fixture->store, SR_RECORD_KEY, "mine", "1");
    assert_holds(other, SR_RECORD_KEY, "mine", "1");
    assert_put(other, SR_RECORD_KEY, "mine", "2");
    assert_holds(fixture->store, SR_RECORD_KEY, "mine", "2");
    g_assert_true(sr_store_remove(other, SR_RECORD_KEY, "mine", NULL));
    assert_missing(fixture->store, SR_RECORD_KEY, "mine");
}

/* Put @record; where the disk is slow the others may have the file for longer than a put waits. */
static gboolean put_in_turn(SrStore *store, const SrRecord *record)
{
    for (guint i = 0; i < 100; i++) {
        g_autoptr(GError) error = NULL;

        if (sr_store_put(store, record, &error))
            return TRUE;
        if (!g_error_matches(error, SR_ERROR, SR_ERROR_STORE_UNAVAILABLE))
            return FALSE;
    }
    return FALSE;
}

/* A writer in a process of its own, which tells @fd about each acknowledged record. */
static pid_t start_writer(const char *path, const char *prefix, guint from, guint count, int fd)
{
    const pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid > 0)
        return pid;
    g_autoptr(SrStore) store = open_vault(path);

    for (guint i = from; i < from + count; i++) {
        g_autofree char *id = g_strdup_printf("%s%u", prefix, i);
        g_autoptr(SrRecord) record = record_from_text(SR_RECORD_RECORD, id, NULL, id, id);

        if (!put_in_turn(store, record) || write(fd, &i, sizeof i) != sizeof i)
            _exit(1);
    }
    _exit(0);
}

static void assert_exited_well(pid_t pid)
{
    int status;

    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_cmpint(status, ==, 0);
}

static void test_two_processes(Fixture *fixture, gconstpointer data)
{
    int pipe_fds[2];
    pid_t writers[3];

    (void)data;
    g_assert_cmpint(pipe(pipe_fds), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(writers); i++) {
        const char prefix[] = {(char)('a' + i), '\0'};

        writers[i] = start_writer(fixture->path, prefix, 0, 50, pipe_fds[1]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(writers); i++)
        assert_exited_well(writers[i]);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    g_assert_cmpuint(assert_count(fixture->store, SR_RECORD_RECORD, NULL), ==, 150);
}

/*
 * Kill a writer @after microseconds, with @under_way counted from its first word: a busy machine
 * may not come so far. All that it told before must be there. Returns how many.
 */
static guint kill_writer(Fixture *fixture, guint from, useconds_t after, gboolean under_way)
{
    struct pollfd told = {.events = POLLIN};
    int pipe_fds[2];
    guint number;
    guint acknowledged = 0;
    pid_t writer;

    g_assert_cmpint(pipe(pipe_fds), ==, 0);
    writer = start_writer(fixture->path, "n", from, 10000, pipe_fds[1]);
    close(pipe_fds[1]);
    told.fd = pipe_fds[0];
    if (under_way)
        g_assert_cmpint(poll(&told, 1, 60000), ==, 1);
    g_usleep(after);
    kill(writer, SIGKILL);
    g_assert_cmpint(waitpid(writer, NULL, 0), ==, writer);
    while (read(pipe_fds[0], &number, sizeof number) == sizeof number) {
        g_autofree char *id = g_strdup_printf("n%u", number);

        assert_holds(fixture->store, SR_RECORD_RECORD, id, id);
        acknowledged++;
    }
    close(pipe_fds[0]);
    return acknowledged;
}

static void test_killed(Fixture *fixture, gconstpointer data)
{
    const guint kills = g_getenv("SOAK") ? KILLS_SOAK : KILLS;
    guint acknowledged = 0;

    (void)data;
    for (guint i = 0; i < kills; i++)
        acknowledged +=
            kill_writer(fixture, i * 10000, (useconds_t)g_random_int_range(5000, 100000), i % 2);
    g_test_message("%u acknowledged records, %u kills, none lost", acknowledged, kills);
    g_assert_cmpuint(acknowledged, >, 0);
    assert_count(fixture->store, SR_RECORD_RECORD, NULL);
    assert_put(fixture->store, SR_RECORD_KEY, "after", "still works");
}

/* Killed while it sets a vault up: the next one finds either nothing or a whole vault. */
static void test_killed_in_set_up(Fixture *fixture, gconstpointer data)
{
    (void)data;
    for (guint i = 0; i < KILLS; i++) {
        g_autofree char *path = g_strdup_printf("%s/set-up-%u.db", fixture->folder, i);
        g_autoptr(SrStore) store = NULL;
        const pid_t pid = fork();

        if (pid == 0) {
            open_vault(path);
            _exit(0);
        }
        g_usleep((gulong)g_random_int_range(500, 15000));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        store = open_vault(path);
        assert_put(store, SR_RECORD_KEY, "k", "works");
    }
}

/* Fill the file system that the vault is on until it takes no more. */
static void test_full(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = g_build_filename(fixture->folder, "small", NULL);
    g_autofree char *path = g_build_filename(folder, "vault.db", NULL);
    g_autofree char *text = g_strnfill(20000, 'x');
    g_autoptr(SrStore) store = NULL;
    g_autoptr(GError) error = NULL;
    guint stored = 0;

    (void)data;
    g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
    if (mount("tmpfs", folder, "tmpfs", MS_NOSUID, "size=512k,mode=0700") != 0) {
        g_autofree char *reason = g_strdup_printf("cannot mount: %s", g_strerror(errno));

        g_test_skip(reason);
        return;
    }
    store = open_vault(path);
    while (stored < 100) {
        g_autofree char *id = g_strdup_printf("%u", stored);
        g_autoptr(SrRecord) record = record_from_text(SR_RECORD_RECORD, id, NULL, id, text);

        if (!sr_store_put(store, record, &error))
            break;
        stored++;
    }
    g_assert_error(error, SR_ERROR, SR_ERROR_STORE_UNAVAILABLE);
    g_assert_cmpuint(stored, >, 5);
    g_assert_cmpuint(assert_count(store, SR_RECORD_RECORD, NULL), ==, stored);
    assert_holds(store, SR_RECORD_RECORD, "0", text);
    g_assert_cmpint(mount("tmpfs", folder, "tmpfs", MS_REMOUNT, "size=4m"), ==, 0);
    assert_put(store, SR_RECORD_RECORD, "again", text);
    g_clear_pointer(&store, sr_store_free);
    g_assert_cmpint(umount(folder), ==, 0);
}

#define ADD(name, function) g_test_add("/vault/" name, Fixture, NULL, set_up, function, tear_down)

static void add_file_cases(void)
{
    ADD("states-from-empty-to-open-to-locked", test_states);
    ADD("state-follows-the-file", test_state_follows_the_file);
    ADD("wrong-and-empty-passphrases-are-told-apart", test_passphrases);
    ADD("an-empty-passphrase-creates-nothing", test_empty_passphrase_creates_nothing);
    ADD("file-is-0600-in-a-folder-of-0700", test_modes);
    ADD("a-file-open-to-others-is-refused", test_open_to_others);
    ADD("a-folder-writable-by-others-is-refused", test_folder_open_to_others);
    ADD("a-symbolic-link-is-refused", test_symbolic_link);
    ADD("a-linked-folder-is-fine", test_linked_folder);
    ADD("a-file-of-another-user-is-refused", test_other_owner);
    ADD("a-folder-in-its-place-is-refused", test_not_a_file);
    ADD("a-file-that-is-no-database-is-refused", test_no_database);
    ADD("another-program's-database-is-refused", test_other_database);
    ADD("a-newer-format-is-refused", test_newer_version);
    ADD("a-vault-without-slots-is-refused", test_no_slots);
    ADD("another-vault-in-its-place-is-locked", test_another_vault_in_its_place);
    ADD("a-file-removed-under-it-is-not-made-anew", test_file_removed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_file_cases();
    for (gsize i = 0; i < G_N_ELEMENTS(tampering); i++) {
        g_autofree char *name = g_strdup_printf("/vault/tampering-is-found-out/%zu", i + 1);

        g_test_add_data_func(name, tampering[i], test_tampering);
    }
    ADD("doctored-slots-do-not-open", test_slot_parameters);
    ADD("triggers-in-the-file-do-not-run", test_triggers_do_not_run);
    ADD("no-secret-is-in-the-file-in-clear", test_nothing_in_clear);
    ADD("two-users-see-each-other's-records", test_two_users);
    ADD("three-processes-lose-nothing", test_two_processes);
    ADD("killed-while-writing-loses-nothing-acknowledged", test_killed);
    ADD("killed-in-set-up-can-be-set-up-again", test_killed_in_set_up);
    ADD("a-full-disk-is-said-and-loses-nothing", test_full);
    return g_test_run();
}
