/* One damaged record does not take the others away: it is seen, can be removed, and is never what
 * it seems to be. What damages an item of a keyring, and the list of keys over both stores. */
#include "base/error.h"
#include "store/key_list.h"
#include "store/secret_service.h"
#include "support/damage.h"
#include "support/keyring_process.h"
#include "support/stores.h"

#include <string.h>

typedef struct {
    KeyringProcess *keyring; /* NULL when there is none */
    char *reason;            /* why not */
} World;

/* A store of either kind with nothing in it. */
typedef struct {
    SrStore *store;
    char *folder;
    char *vault_path; /* NULL: the keyring */
    const char *address;
} Place;

static Place open_place(const World *world, gboolean vault)
{
    Place place = {0};

    place.folder = make_folder();
    if (vault) {
        place.vault_path = g_build_filename(place.folder, "vault.db", NULL);
        place.store = open_vault(place.vault_path);
    } else {
        place.address = keyring_process_address(world->keyring);
        place.store = sr_secret_service_new(place.address);
    }
    return place;
}

static void close_place(Place *place)
{
    for (guint kind = 0; kind < SR_RECORD_KINDS; kind++) {
        g_autoptr(GPtrArray) entries =
            sr_store_list_entries(place->store, (SrRecordKind)kind, NULL, NULL);

        for (guint i = 0; i < entries->len; i++)
            sr_store_remove(place->store, (SrRecordKind)kind,
                            ((const SrRecord *)entries->pdata[i])->id, NULL);
    }
    sr_store_free(place->store);
    remove_folder(place->folder);
    g_free(place->folder);
    g_free(place->vault_path);
}

/* Make the record @id unreadable, as each store can be damaged. */
static void damage_record(const Place *place, const char *id)
{
    static const char malformed[] = "base64url:!";
    g_autofree char *sql =
        g_strdup_printf("UPDATE record SET sealed = zeroblob(40) WHERE id = '%s'", id);
    const PlantedItem item = {"key", id, malformed, strlen(malformed)};

    if (place->vault_path) {
        damage_vault(place->vault_path, sql);
        return;
    }
    sr_store_remove(place->store, SR_RECORD_KEY, id, NULL);
    plant_item(place->address, &item);
}

static void assert_corrupt(SrStore *store, const char *id)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_store_get(store, SR_RECORD_KEY, id, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
    g_assert_nonnull(strstr(error->message, id));
}

static char *put_key(SrStore *store, const char *name)
{
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_SECP256K1, NULL);
    g_autoptr(SrKeyInfo) info = sr_key_info_new(key, name, 1795514400);
    g_autoptr(SrRecord) record = sr_key_record_plain(info, key, NULL);
    g_autoptr(GError) error = NULL;

    sr_store_put(store, record, &error);
    g_assert_no_error(error);
    return g_strdup(info->id);
}

static void test_a_damaged_record_hides_no_other(const Place *place)
{
    g_autoptr(GPtrArray) entries = NULL;
    g_autofree char *visited = NULL;
    g_autofree char *removed = NULL;

    assert_put(place->store, SR_RECORD_KEY, "a", "one");
    assert_put(place->store, SR_RECORD_KEY, "b", "two");
    assert_put(place->store, SR_RECORD_KEY, "c", "three");
    damage_record(place, "b");
    entries = sr_store_list_entries(place->store, SR_RECORD_KEY, NULL, NULL);
    g_assert_cmpuint(entries->len, ==, 3);
    visited = assert_visit(place->store, SR_RECORD_KEY, NULL);
    g_assert_cmpstr(visited, ==, "a b! c");
    assert_corrupt(place->store, "b");
    assert_holds(place->store, SR_RECORD_KEY, "c", "three");
    g_assert_true(sr_store_remove(place->store, SR_RECORD_KEY, "b", NULL));
    removed = assert_visit(place->store, SR_RECORD_KEY, NULL);
    g_assert_cmpstr(removed, ==, "a c");
}

/* Whatever is wrong with a key's record, the others are listed, and nothing of the record's text
 * is repeated. */
static void test_the_list_of_keys_has_the_damaged_ones_apart(const Place *place)
{
    static const char *const texts[] = {"no key at all", "sealring-key:1:secp256k1:0:AA:plain:AA",
                                        "sealring-key:9:x"};
    g_autofree char *first = put_key(place->store, "First");
    g_autofree char *second = put_key(place->store, "Second");
    g_autofree char *third = put_key(place->store, "Third");
    g_autoptr(GError) error = NULL;
    g_autoptr(SrKeyList) list = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *id = g_strdup_printf("0000%u", i);

        assert_put(place->store, SR_RECORD_KEY, id, texts[i]);
    }
    damage_record(place, second);
    list = sr_key_list_read(place->store, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(list->keys->len, ==, 2);
    g_assert_cmpuint(list->damaged->len, ==, 1 + G_N_ELEMENTS(texts));
    for (guint i = 0; i < list->damaged->len; i++) {
        const SrDamagedKey *damaged = list->damaged->pdata[i];

        g_assert_nonnull(strstr(damaged->problem, damaged->id));
        g_assert_null(strstr(damaged->problem, "no key at all"));
        g_assert_cmpstr(damaged->id, !=, first);
        g_assert_cmpstr(damaged->id, !=, third);
    }
}

/* One key's private part under another's public part would sign as somebody else. */
static void test_exchanged_private_parts_are_damage(const Place *place)
{
    g_autofree char *id = put_key(place->store, "Mine");
    g_autofree char *other_id = put_key(place->store, "Other");
    g_autoptr(SrRecord) mine = sr_store_get(place->store, SR_RECORD_KEY, id, NULL);
    g_autoptr(SrRecord) other = sr_store_get(place->store, SR_RECORD_KEY, other_id, NULL);
    const gsize body = sr_secret_size(mine->secret) - 43; /* base64url of 32 bytes */
    g_autoptr(SrKeyList) list = NULL;

    memcpy(sr_secret_data(mine->secret) + body, sr_secret_peek(other->secret) + body, 43);
    g_assert_true(sr_store_put(place->store, mine, NULL));
    list = sr_key_list_read(place->store, NULL);
    g_assert_cmpuint(list->keys->len, ==, 1);
    g_assert_cmpstr(((const SrKeyInfo *)list->keys->pdata[0])->id, ==, other_id);
    g_assert_cmpstr(((const SrDamagedKey *)list->damaged->pdata[0])->id, ==, id);
    g_assert_cmpstr(((const SrDamagedKey *)list->damaged->pdata[0])->name, ==, "Mine");
}

static void test_a_put_restores_a_damaged_record(const Place *place)
{
    assert_put(place->store, SR_RECORD_KEY, "a", "one");
    damage_record(place, "a");
    assert_corrupt(place->store, "a");
    assert_put(place->store, SR_RECORD_KEY, "a", "two");
    assert_holds(place->store, SR_RECORD_KEY, "a", "two");
    g_assert_cmpuint(assert_count(place->store, SR_RECORD_KEY, NULL), ==, 1);
}

/* --- items that no put would make
 * ------------------------------------------------------------------------------------------------
 */

static void test_odd_items_are_damaged_records(const World *world)
{
    static const char lines[] = "two\nlines";
    g_autofree char *huge = g_strnfill(600 * 1024, 'x');
    g_autofree char *longer = g_strnfill(SR_RECORD_SECRET_MAX + 1, 'x');
    const PlantedItem items[] = {
        {"key", "b-lines", lines, strlen(lines)},
        {"key", "b-bytes", "\xff\xfe", 2},
        {"key", "b-nul", "a\0b", 3},
        {"key", "b-nothing", "", 0},
        {"key", "b-longer", longer, SR_RECORD_SECRET_MAX + 1},
        {"key", "b-huge", huge, 600 * 1024},
        {"key", "b/../odd id", "x", 1},
    };
    Place place = open_place(world, FALSE);

    assert_put(place.store, SR_RECORD_KEY, "a", "one");
    for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
        g_autofree char *expected = g_strdup_printf("a %s!", items[i].id);
        g_autofree char *visited = NULL;
        g_autofree char *removed = NULL;

        plant_item(place.address, &items[i]);
        visited = assert_visit(place.store, SR_RECORD_KEY, NULL);
        g_assert_cmpstr(visited, ==, expected);
        assert_corrupt(place.store, items[i].id);
        g_assert_true(sr_store_remove(place.store, SR_RECORD_KEY, items[i].id, NULL));
        removed = assert_visit(place.store, SR_RECORD_KEY, NULL);
        g_assert_cmpstr(removed, ==, "a");
    }
    close_place(&place);
}

static void test_an_item_without_an_id_is_seen_and_can_be_removed(const World *world)
{
    const PlantedItem items[] = {{"key", NULL, "x", 1}, {"key", "", "y", 1}};
    Place place = open_place(world, FALSE);

    assert_put(place.store, SR_RECORD_KEY, "a", "one");
    for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
        g_autoptr(GPtrArray) entries = NULL;
        g_autofree char *left = NULL;
        const SrRecord *entry;

        plant_item(place.address, &items[i]);
        entries = sr_store_list_entries(place.store, SR_RECORD_KEY, NULL, NULL);
        g_assert_cmpuint(entries->len, ==, 2);
        entry = entries->pdata[1];
        g_assert_true(g_str_has_prefix(entry->id, "item:"));
        g_assert_cmpstr(entry->label, ==, "Planted");
        assert_corrupt(place.store, entry->id);
        g_assert_true(sr_store_remove(place.store, SR_RECORD_KEY, entry->id, NULL));
        left = assert_visit(place.store, SR_RECORD_KEY, NULL);
        g_assert_cmpstr(left, ==, "a");
    }
    close_place(&place);
}

/* --- running them
 * ------------------------------------------------------------------------------------------------
 */

typedef struct {
    const World *world;
    void (*run)(const Place *place);
    void (*run_alone)(const World *world); /* or this */
    gboolean vault;
} Case;

static void run_case(gconstpointer data)
{
    const Case *run = data;
    Place place;

    if (!run->vault && !run->world->keyring) {
        g_test_skip(run->world->reason);
        return;
    }
    if (run->run_alone) {
        run->run_alone(run->world);
        return;
    }
    place = open_place(run->world, run->vault);
    run->run(&place);
    close_place(&place);
}

static void add_case(const char *store, const char *name, const Case *given)
{
    g_autofree char *path = g_strdup_printf("/damage/%s/%s", store, name);

    g_test_add_data_func_full(path, g_memdup2(given, sizeof *given), run_case, g_free);
}

static const struct {
    const char *name;
    void (*run)(const Place *place);
} cases[] = {
    {"a-damaged-record-hides-no-other", test_a_damaged_record_hides_no_other},
    {"the-list-of-keys-has-the-damaged-ones-apart",
     test_the_list_of_keys_has_the_damaged_ones_apart},
    {"exchanged-private-parts-are-damage", test_exchanged_private_parts_are_damage},
    {"a-put-restores-a-damaged-record", test_a_put_restores_a_damaged_record},
};

int main(int argc, char **argv)
{
    World world = {0};
    const Case odd = {.world = &world, .run_alone = test_odd_items_are_damaged_records};
    const Case lost = {.world = &world,
                       .run_alone = test_an_item_without_an_id_is_seen_and_can_be_removed};
    int status;

    g_test_init(&argc, &argv, NULL);
    world.keyring = keyring_process_new(&world.reason);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        add_case("vault", cases[i].name, &(Case){&world, cases[i].run, NULL, TRUE});
        add_case("secret-service", cases[i].name, &(Case){&world, cases[i].run, NULL, FALSE});
    }
    add_case("secret-service", "odd-items-are-damaged-records", &odd);
    add_case("secret-service", "an-item-without-an-id-is-seen-and-can-be-removed", &lost);
    status = g_test_run();
    keyring_process_free(world.keyring);
    g_free(world.reason);
    return status;
}
