/* One suite of cases, run over both stores: what a store promises does not depend on which it is.
 */
#include "store/store.h"

#include "base/error.h"
#include "store/secret_service.h"
#include "support/keyring_process.h"
#include "support/stores.h"

#include <string.h>

#define MANY 1000

/* gnome-keyring writes its whole file for each record: a thousand of them take a minute. */
#define MANY_IN_KEYRING 260

typedef struct {
    KeyringProcess *keyring; /* shared by all cases, NULL when there is none */
    char *reason;            /* why not */
    char *folder;
} World;

typedef struct {
    const char *store; /* "vault", "secret-service" */
    void (*run)(SrStore *store);
    World *world;
} Case;

static void test_put_and_get(SrStore *store)
{
    g_autoptr(SrRecord) record =
        record_from_text(SR_RECORD_KEY, "0xAb_c-1", "secp256k1", "Savings", "00ff");
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecord) found = NULL;

    g_assert_true(sr_store_put(store, record, &error));
    found = sr_store_get(store, SR_RECORD_KEY, "0xAb_c-1", &error);
    g_assert_no_error(error);
    g_assert_true(sr_record_equal(record, found));
}

static void test_no_algorithm(SrStore *store)
{
    g_autoptr(SrRecord) record = record_from_text(SR_RECORD_RECORD, "r", NULL, "", "{}");
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecord) found = NULL;

    g_assert_true(sr_store_put(store, record, &error));
    found = sr_store_get(store, SR_RECORD_RECORD, "r", &error);
    g_assert_no_error(error);
    g_assert_null(found->algorithm);
    g_assert_cmpstr(found->label, ==, "");
}

static void test_replace(SrStore *store)
{
    g_autoptr(SrRecord) second = record_from_text(SR_RECORD_KEY, "k", "p256", "New label", "two");
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecord) found = NULL;

    assert_put(store, SR_RECORD_KEY, "k", "one");
    g_assert_true(sr_store_put(store, second, &error));
    found = sr_store_get(store, SR_RECORD_KEY, "k", &error);
    g_assert_true(sr_record_equal(second, found));
    g_assert_cmpuint(assert_count(store, SR_RECORD_KEY, NULL), ==, 1);
}

static void test_kinds_are_apart(SrStore *store)
{
    for (guint kind = 0; kind < SR_RECORD_KINDS; kind++)
        assert_put(store, (SrRecordKind)kind, "same", sr_record_kind_name((SrRecordKind)kind));
    for (guint kind = 0; kind < SR_RECORD_KINDS; kind++) {
        assert_holds(store, (SrRecordKind)kind, "same", sr_record_kind_name((SrRecordKind)kind));
        g_assert_cmpuint(assert_count(store, (SrRecordKind)kind, NULL), ==, 1);
    }
}

static void test_list_prefix_and_order(SrStore *store)
{
    static const char *const ids[] = {"b-2", "a", "b-10", "B-1", "b", "b_", "z"};
    static const char *const expected[] = {"b", "b-10", "b-2", "b_"};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) found = NULL;
    g_autoptr(GPtrArray) entries = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++)
        assert_put(store, SR_RECORD_SESSION, ids[i], ids[i]);
    g_assert_cmpuint(assert_count(store, SR_RECORD_SESSION, NULL), ==, G_N_ELEMENTS(ids));
    g_assert_cmpuint(assert_count(store, SR_RECORD_SESSION, ""), ==, G_N_ELEMENTS(ids));
    g_assert_cmpuint(assert_count(store, SR_RECORD_SESSION, "nothing"), ==, 0);
    found = assert_read_all(store, SR_RECORD_SESSION, "b");
    entries = sr_store_list_entries(store, SR_RECORD_SESSION, "b", &error);
    g_assert_no_error(error);
    g_assert_cmpuint(found->len, ==, G_N_ELEMENTS(expected));
    g_assert_cmpuint(entries->len, ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < found->len; i++) {
        const SrRecord *record = found->pdata[i];
        const SrRecord *entry = entries->pdata[i];

        g_assert_cmpstr(record->id, ==, expected[i]);
        g_assert_cmpstr((const char *)sr_secret_peek(record->secret), ==, expected[i]);
        g_assert_cmpstr(entry->id, ==, expected[i]);
        g_assert_cmpstr(entry->algorithm, ==, "secp256k1");
        g_assert_cmpstr(entry->label, ==, expected[i]);
        g_assert_null(entry->secret);
    }
}

/* Ends at the third record, with the error that a failing keyring would give: even so nothing may
 * be tried again. */
static gboolean count_to_three(const SrRecord *record, const GError *damage, gpointer data,
                               GError **error)
{
    guint *count = data;

    (void)record;
    (void)damage;
    if (++*count < 3)
        return TRUE;
    sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "three are enough");
    return FALSE;
}

static void test_a_visit_ends_when_told(SrStore *store)
{
    g_autoptr(GError) error = NULL;
    guint count = 0;

    for (guint i = 0; i < 5; i++) {
        g_autofree char *id = g_strdup_printf("%u", i);

        assert_put(store, SR_RECORD_ACCOUNT, id, "x");
    }
    g_assert_false(sr_store_visit(store, SR_RECORD_ACCOUNT, NULL, count_to_three, &count, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_STORE_UNAVAILABLE);
    g_assert_cmpstr(error->message, ==, "three are enough");
    g_assert_cmpuint(count, ==, 3);
}

static void test_remove(SrStore *store)
{
    g_autoptr(GError) error = NULL;

    assert_put(store, SR_RECORD_KEY, "gone", "x");
    assert_put(store, SR_RECORD_KEY, "kept", "y");
    g_assert_true(sr_store_remove(store, SR_RECORD_KEY, "gone", &error));
    assert_missing(store, SR_RECORD_KEY, "gone");
    assert_holds(store, SR_RECORD_KEY, "kept", "y");
    g_assert_true(sr_store_remove(store, SR_RECORD_KEY, "gone", &error));
    g_assert_no_error(error);
}

/* The last one cannot be made when @data is set. */
static SrRecord *make_numbered(guint index, gpointer data, GError **error)
{
    g_autofree char *id = g_strdup_printf("new-%u", index);

    if (!data || index < 2)
        return record_from_text(SR_RECORD_SESSION, id, NULL, "", id);
    sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "no more of them");
    return NULL;
}

static GPtrArray *ids_of(const char *first, const char *second)
{
    GPtrArray *ids = g_ptr_array_new();

    g_ptr_array_add(ids, (gpointer)(guintptr)first);
    g_ptr_array_add(ids, (gpointer)(guintptr)second);
    return ids;
}

static void test_put_all(SrStore *store)
{
    const SrRecordSource source = {SR_RECORD_SESSION, 3, make_numbered, NULL};
    g_autoptr(GPtrArray) surplus = ids_of("old-1", "never-there");
    g_autoptr(GError) error = NULL;

    assert_put(store, SR_RECORD_SESSION, "old-1", "one");
    assert_put(store, SR_RECORD_SESSION, "old-2", "two");
    assert_put(store, SR_RECORD_SESSION, "new-1", "was there already");
    assert_put(store, SR_RECORD_RECORD, "old-1", "another kind");
    g_assert_true(sr_store_put_all(store, &source, surplus, &error));
    g_assert_no_error(error);
    assert_missing(store, SR_RECORD_SESSION, "old-1");
    assert_holds(store, SR_RECORD_SESSION, "old-2", "two");
    assert_holds(store, SR_RECORD_SESSION, "new-0", "new-0");
    assert_holds(store, SR_RECORD_SESSION, "new-1", "new-1");
    assert_holds(store, SR_RECORD_SESSION, "new-2", "new-2");
    assert_holds(store, SR_RECORD_RECORD, "old-1", "another kind");
}

static void test_put_all_fails(SrStore *store)
{
    const SrRecordSource source = {SR_RECORD_SESSION, 3, make_numbered, store};
    g_autoptr(GPtrArray) surplus = ids_of("old-1", "old-2");
    g_autoptr(GError) error = NULL;

    assert_put(store, SR_RECORD_SESSION, "old-1", "one");
    assert_put(store, SR_RECORD_SESSION, "old-2", "two");
    g_assert_false(sr_store_put_all(store, &source, surplus, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
    assert_holds(store, SR_RECORD_SESSION, "old-1", "one");
    assert_holds(store, SR_RECORD_SESSION, "old-2", "two");
    if (g_str_equal(sr_store_name(store), "vault"))
        assert_missing(store, SR_RECORD_SESSION, "new-0");
}

static void test_missing(SrStore *store)
{
    assert_missing(store, SR_RECORD_ACCOUNT, "never");
    g_assert_cmpuint(assert_count(store, SR_RECORD_ACCOUNT, NULL), ==, 0);
}

static void test_long(SrStore *store)
{
    static const gsize sizes[] = {128 * 1024, SR_RECORD_SECRET_MAX};

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *text = g_strnfill(sizes[i], 'x');

        text[sizes[i] - 1] = 'y';
        assert_put(store, SR_RECORD_RECORD, "long", text);
        assert_holds(store, SR_RECORD_RECORD, "long", text);
    }
}

static void test_printable(SrStore *store)
{
    g_autoptr(GString) text = g_string_new(" \\n ");

    for (char c = 0x20; c < 0x7f; c++)
        g_string_append_c(text, c);
    g_string_append(text, "Grüße 鍵 🔑 ");
    assert_put(store, SR_RECORD_RECORD, "printable", text->str);
    assert_holds(store, SR_RECORD_RECORD, "printable", text->str);
}

static void test_labels(SrStore *store)
{
    g_autofree char *longest = g_strnfill(SR_RECORD_LABEL_MAX, 'L');
    const char *const labels[] = {"Köln — 鍵 🔑", "a\"b\\c'd;[x]=%s", longest};

    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++) {
        g_autoptr(SrRecord) record =
            record_from_text(SR_RECORD_KEY, "labelled", "secp256k1", labels[i], "x");
        g_autoptr(GError) error = NULL;
        g_autoptr(SrRecord) found = NULL;

        g_assert_true(sr_store_put(store, record, &error));
        found = sr_store_get(store, SR_RECORD_KEY, "labelled", &error);
        g_assert_no_error(error);
        g_assert_cmpstr(found->label, ==, labels[i]);
    }
}

typedef struct {
    const char *id;
    const char *algorithm;
    const char *label;
    const char *text;
    const char *field;
} BadRecord;

static const BadRecord bad_records[] = {
    {"", NULL, "l", "x", "id"},
    {"a/b", NULL, "l", "x", "id"},
    {"a b", NULL, "l", "x", "id"},
    {"é", NULL, "l", "x", "id"},
    {"01234567890123456789012345678901234567890123456789012345678901234", NULL, "l", "x", "id"},
    {"i", "", "l", "x", "algorithm"},
    {"i", "a b", "l", "x", "algorithm"},
    {"i", NULL, "line\nbreak", "x", "label"},
    {"i", NULL, "bad \xff utf-8", "x", "label"},
    {"i", NULL, "l", "", "secret"},
    {"i", NULL, "l", "two\nlines", "secret"},
    {"i", NULL, "l", "tab\t", "secret"},
    {"i", NULL, "l", "\x7f", "secret"},
    {"i", NULL, "l", "bad \xc3", "secret"},
};

static void test_bad_records(SrStore *store)
{
    for (gsize i = 0; i < G_N_ELEMENTS(bad_records); i++) {
        const BadRecord *bad = &bad_records[i];
        g_autoptr(SrRecord) record =
            record_from_text(SR_RECORD_KEY, bad->id, bad->algorithm, bad->label, bad->text);
        g_autoptr(GError) error = NULL;

        g_assert_false(sr_store_put(store, record, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
        g_assert_cmpstr(sr_error_detail(error)->field, ==, bad->field);
    }
    g_assert_cmpuint(assert_count(store, SR_RECORD_KEY, NULL), ==, 0);
}

static void test_bad_names(SrStore *store)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_store_get(store, SR_RECORD_KEY, "\xff", &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
    g_clear_error(&error);
    assert_missing(store, SR_RECORD_KEY, "../x");
    g_assert_null(sr_store_list_entries(store, SR_RECORD_KEY, "%", &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
    g_clear_error(&error);
    g_assert_false(sr_store_visit(store, SR_RECORD_KEY, "%", count_to_three, NULL, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
    g_clear_error(&error);
    g_assert_false(sr_store_remove(store, SR_RECORD_KEY, "", &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
}

static void test_many(SrStore *store)
{
    g_autoptr(GPtrArray) found = NULL;
    const gboolean slow = g_str_equal(sr_store_name(store), "secret-service");
    const guint many = slow && !g_getenv("SOAK") ? MANY_IN_KEYRING : MANY;

    for (guint i = many; i > 0; i--) {
        g_autofree char *id = g_strdup_printf("%04u", i);

        assert_put(store, SR_RECORD_RECORD, id, id);
    }
    found = assert_read_all(store, SR_RECORD_RECORD, NULL);
    g_assert_cmpuint(found->len, ==, many);
    for (guint i = 0; i < found->len; i++) {
        const SrRecord *record = found->pdata[i];
        g_autofree char *id = g_strdup_printf("%04u", i + 1);

        g_assert_cmpstr(record->id, ==, id);
        g_assert_cmpstr((const char *)sr_secret_peek(record->secret), ==, id);
    }
    assert_holds(store, SR_RECORD_RECORD, "0250", "0250");
}

static void test_open_state(SrStore *store)
{
    g_autofree char *detail = NULL;

    g_assert_cmpint(sr_store_state(store, &detail), ==, SR_STORE_OPEN);
    g_assert_nonnull(detail);
    g_assert_cmpint(sr_store_state(store, NULL), ==, SR_STORE_OPEN);
}

static void empty(SrStore *store)
{
    for (guint kind = 0; kind < SR_RECORD_KINDS; kind++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) entries =
            sr_store_list_entries(store, (SrRecordKind)kind, NULL, &error);

        g_assert_no_error(error);
        for (guint i = 0; i < entries->len; i++)
            sr_store_remove(store, (SrRecordKind)kind, ((SrRecord *)entries->pdata[i])->id, &error);
        g_assert_no_error(error);
    }
}

static void run_case(gconstpointer data)
{
    const Case *run = data;
    g_autofree char *path = g_build_filename(run->world->folder, "vault.db", NULL);
    g_autoptr(SrStore) store = NULL;

    if (g_str_equal(run->store, "vault")) {
        store = open_vault(path);
    } else if (!run->world->keyring) {
        g_test_skip(run->world->reason);
        return;
    } else {
        store = sr_secret_service_new(keyring_process_address(run->world->keyring));
    }
    g_assert_cmpstr(sr_store_name(store), ==, run->store);
    run->run(store);
    empty(store);
}

/* Locked, each operation says so at once; unlocked, all is there again. */
static void assert_locked(SrStore *store)
{
    g_autoptr(SrRecord) record = record_from_text(SR_RECORD_KEY, "other", NULL, "l", "x");
    g_autoptr(GError) get = NULL;
    g_autoptr(GError) put = NULL;
    g_autoptr(GError) list = NULL;
    g_autoptr(GError) visit = NULL;
    g_autoptr(GError) remove = NULL;

    g_assert_cmpint(sr_store_state(store, NULL), ==, SR_STORE_LOCKED);
    g_assert_null(sr_store_get(store, SR_RECORD_KEY, "k", &get));
    g_assert_error(get, SR_ERROR, SR_ERROR_STORE_LOCKED);
    g_assert_false(sr_store_put(store, record, &put));
    g_assert_error(put, SR_ERROR, SR_ERROR_STORE_LOCKED);
    g_assert_null(sr_store_list_entries(store, SR_RECORD_KEY, NULL, &list));
    g_assert_error(list, SR_ERROR, SR_ERROR_STORE_LOCKED);
    g_assert_false(sr_store_visit(store, SR_RECORD_KEY, NULL, count_to_three, NULL, &visit));
    g_assert_error(visit, SR_ERROR, SR_ERROR_STORE_LOCKED);
    g_assert_false(sr_store_remove(store, SR_RECORD_KEY, "k", &remove));
    g_assert_error(remove, SR_ERROR, SR_ERROR_STORE_LOCKED);
}

static void test_locked_vault(gconstpointer data)
{
    const World *world = data;
    g_autofree char *path = g_build_filename(world->folder, "vault.db", NULL);
    g_autoptr(SrStore) store = open_vault(path);
    g_autoptr(SrSecret) passphrase = secret_from_text(PASSPHRASE);
    g_autoptr(GError) error = NULL;

    assert_put(store, SR_RECORD_KEY, "k", "value");
    sr_store_lock(store);
    assert_locked(store);
    g_assert_true(sr_store_unlock(store, passphrase, &error));
    assert_holds(store, SR_RECORD_KEY, "k", "value");
    empty(store);
}

static void test_locked_service(gconstpointer data)
{
    const World *world = data;
    g_autoptr(SrStore) store = NULL;
    g_autoptr(SrSecret) passphrase = secret_from_text(PASSPHRASE);
    g_autoptr(GError) error = NULL;

    if (!world->keyring) {
        g_test_skip(world->reason);
        return;
    }
    store = sr_secret_service_new(keyring_process_address(world->keyring));
    assert_put(store, SR_RECORD_KEY, "k", "value");
    sr_store_lock(store);
    assert_holds(store, SR_RECORD_KEY, "k", "value");
    keyring_process_command(world->keyring, "lock");
    assert_locked(store);
    g_assert_false(sr_store_unlock(store, passphrase, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_STORE_LOCKED);
    g_clear_error(&error);
    keyring_process_command(world->keyring, "unlock");
    assert_holds(store, SR_RECORD_KEY, "k", "value");
    g_assert_true(sr_store_unlock(store, passphrase, &error));
    empty(store);
}

static const struct {
    const char *name;
    void (*run)(SrStore *store);
} cases[] = {
    {"state-is-open", test_open_state},
    {"put-then-get-gives-the-same-record", test_put_and_get},
    {"no-algorithm-and-an-empty-label-are-kept", test_no_algorithm},
    {"put-replaces-the-record-of-the-same-id", test_replace},
    {"the-same-id-in-every-kind", test_kinds_are_apart},
    {"list-takes-a-prefix-and-sorts-by-id", test_list_prefix_and_order},
    {"a-visit-ends-when-told", test_a_visit_ends_when_told},
    {"remove-takes-one-and-is-content-with-none", test_remove},
    {"put-all-writes-several-and-removes-what-is-too-many", test_put_all},
    {"put-all-that-fails-removes-nothing", test_put_all_fails},
    {"missing-is-not-an-other-error", test_missing},
    {"long-secrets-come-back-whole", test_long},
    {"every-printable-character-comes-back", test_printable},
    {"labels-in-any-script-come-back", test_labels},
    {"bad-records-are-refused-by-field", test_bad_records},
    {"bad-ids-are-refused", test_bad_names},
    {"many-records-come-in-order", test_many},
};

static void add_cases(World *world, const char *store)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/store/%s/%s", store, cases[i].name);
        Case *run = g_new(Case, 1);

        *run = (Case){store, cases[i].run, world};
        g_test_add_data_func_full(path, run, run_case, g_free);
    }
}

int main(int argc, char **argv)
{
    World world = {0};
    int status;

    g_test_init(&argc, &argv, NULL);
    world.folder = make_folder();
    world.keyring = keyring_process_new(&world.reason);
    add_cases(&world, "vault");
    add_cases(&world, "secret-service");
    g_test_add_data_func("/store/vault/locked-is-said-by-every-call", &world, test_locked_vault);
    g_test_add_data_func("/store/secret-service/locked-is-said-by-every-call", &world,
                         test_locked_service);
    status = g_test_run();
    keyring_process_free(world.keyring);
    remove_folder(world.folder);
    g_free(world.folder);
    g_free(world.reason);
    return status;
}
