/* The agent's list of keys: finding them, the default, and how long private keys stay. */
#include "agent/key_ring.h"
#include "base/error.h"

#include <string.h>

static SrKey *make_key(SrKeyType type, guint8 fill)
{
    SrSecret *bytes = sr_secret_new(32, NULL);

    memset(sr_secret_data(bytes), fill, 32);
    return sr_key_new(type, bytes, NULL);
}

static SrKeyInfo *make_info(SrKeyType type, guint8 fill, const char *name, gint64 created)
{
    g_autoptr(SrKey) key = make_key(type, fill);

    return sr_key_info_new(key, name, created);
}

/* Three keys: "ssh" (Ed25519, oldest), "b" and "a". */
static SrKeyList *make_list(void)
{
    SrKeyList *list = sr_key_list_new();

    g_ptr_array_add(list->keys, make_info(SR_KEY_ED25519, 1, "ssh", 10));
    g_ptr_array_add(list->keys, make_info(SR_KEY_SECP256K1, 2, "b", 20));
    g_ptr_array_add(list->keys, make_info(SR_KEY_SECP256K1, 3, "a", 30));
    return list;
}

static SrKeyRing *make_ring(guint cache_seconds)
{
    SrKeyRing *ring = sr_key_ring_new(cache_seconds);

    sr_key_ring_load(ring, make_list(), NULL);
    return ring;
}

static const char *name_of(const SrKeyRing *ring, const char *wanted)
{
    const SrKeyInfo *info = sr_key_ring_find(ring, wanted, NULL);

    return info ? info->name : NULL;
}

static void test_found_by_id_name_and_address(void)
{
    SrKeyRing *ring = make_ring(60);
    const SrKeyInfo *info = sr_key_ring_find(ring, "b", NULL);
    g_autoptr(GError) error = NULL;
    char address[SR_ADDRESS_TEXT_SIZE];

    sr_address_text(info->address, address);
    g_assert_cmpstr(name_of(ring, info->id), ==, "b");
    g_assert_cmpstr(name_of(ring, address), ==, "b");
    g_assert_cmpstr(name_of(ring, "0x00000000000000000000000000000000000000ff"), ==, NULL);
    g_assert_null(sr_key_ring_find(ring, "c", &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_KEY_NOT_FOUND);
    sr_key_ring_free(ring);
}

static void test_without_a_choice_the_oldest_account_is_the_default(void)
{
    SrKeyRing *ring = make_ring(60);
    g_autoptr(GPtrArray) list = NULL;

    g_assert_cmpstr(name_of(ring, NULL), ==, "b");
    sr_key_ring_set_default(ring, sr_key_ring_find(ring, "a", NULL)->id);
    g_assert_cmpstr(name_of(ring, NULL), ==, "a");
    sr_key_ring_set_default(ring, "unknown");
    g_assert_cmpstr(name_of(ring, NULL), ==, "b");
    list = sr_key_ring_list(ring);
    g_assert_cmpstr(((const SrKeyInfo *)list->pdata[0])->name, ==, "b");
    g_assert_cmpstr(((const SrKeyInfo *)list->pdata[1])->name, ==, "a");
    g_assert_cmpstr(((const SrKeyInfo *)list->pdata[2])->name, ==, "ssh");
    sr_key_ring_free(ring);
}

/* The three keys, and the damaged "id1" and "id2", both called "torn", of which "id1" is chosen. */
static SrKeyRing *make_damaged_ring(void)
{
    SrKeyRing *ring = sr_key_ring_new(60);
    SrKeyList *list = make_list();

    g_ptr_array_add(list->damaged, sr_damaged_key_new("id1", "torn", "was changed"));
    g_ptr_array_add(list->damaged, sr_damaged_key_new("id2", "torn", "was changed"));
    sr_key_ring_load(ring, list, "id1");
    return ring;
}

static void assert_damaged(const SrKeyRing *ring, const char *name)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_key_ring_find(ring, name, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
}

static void test_a_damaged_key_is_seen_and_never_found_for_use(void)
{
    SrKeyRing *ring = make_damaged_ring();
    g_autoptr(GPtrArray) list = sr_key_ring_list(ring);

    g_assert_cmpuint(list->len, ==, 3);
    g_assert_cmpuint(sr_key_ring_damaged(ring)->len, ==, 2);
    assert_damaged(ring, "id1");
    assert_damaged(ring, "id2");
    g_assert_cmpstr(sr_key_ring_find_damaged(ring, "id2")->id, ==, "id2");
    g_assert_null(sr_key_ring_find_damaged(ring, "torn")); /* which of them? */
    g_assert_null(sr_key_ring_find_damaged(ring, "a"));
    g_assert_true(sr_key_ring_has_name(ring, "torn"));
    sr_key_ring_remove_damaged(ring, "id1");
    g_assert_cmpstr(sr_key_ring_find_damaged(ring, "torn")->id, ==, "id2");
    assert_damaged(ring, "torn");
    sr_key_ring_free(ring);
}

static void test_no_key_takes_the_place_of_a_damaged_default(void)
{
    SrKeyRing *ring = make_damaged_ring();

    g_assert_null(sr_key_ring_default(ring));
    g_assert_true(sr_key_ring_has_default(ring));
    assert_damaged(ring, NULL);
    g_assert_cmpstr(name_of(ring, "b"), ==, "b");
    sr_key_ring_remove_damaged(ring, "id1");
    g_assert_cmpstr(name_of(ring, NULL), ==, "b");
    sr_key_ring_free(ring);
}

static void test_texts_of_a_damaged_key_are_fit_for_showing(void)
{
    g_autofree char *longest = g_strnfill(100, 'x');
    g_autoptr(SrDamagedKey) odd = sr_damaged_key_new("id\xff", "na\xc3me", "\x80");
    g_autoptr(SrDamagedKey) wide = sr_damaged_key_new("id", longest, "");

    g_assert_true(g_utf8_validate(odd->id, -1, NULL));
    g_assert_true(g_utf8_validate(odd->name, -1, NULL));
    g_assert_true(g_utf8_validate(odd->problem, -1, NULL));
    g_assert_cmpuint(strlen(wide->name), ==, SR_DAMAGED_NAME_MAX);
}

static void test_a_private_key_stays_its_time(void)
{
    SrKeyRing *ring = make_ring(1);
    const gint64 end = g_get_monotonic_time() + 30 * G_USEC_PER_SEC;
    g_autofree char *id = g_strdup(sr_key_ring_find(ring, "a", NULL)->id);

    g_assert_nonnull(sr_key_ring_keep(ring, id, make_key(SR_KEY_SECP256K1, 3)));
    g_assert_nonnull(sr_key_ring_private(ring, id));
    while (sr_key_ring_unlocked(ring) > 0 && g_get_monotonic_time() < end)
        g_main_context_iteration(NULL, TRUE);
    g_assert_null(sr_key_ring_private(ring, id));
    sr_key_ring_free(ring);
}

static void test_without_cache_time_it_goes_with_the_next_turn(void)
{
    SrKeyRing *ring = make_ring(0);

    g_assert_nonnull(sr_key_ring_keep(ring, "x", make_key(SR_KEY_SECP256K1, 3)));
    g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(sr_key_ring_unlocked(ring), ==, 0);
    sr_key_ring_free(ring);
}

static void test_clearing_forgets_everything(void)
{
    SrKeyRing *ring = make_ring(60);

    sr_key_ring_keep(ring, "x", make_key(SR_KEY_SECP256K1, 3));
    sr_key_ring_clear(ring);
    g_assert_false(sr_key_ring_is_loaded(ring));
    g_assert_cmpuint(sr_key_ring_size(ring), ==, 0);
    g_assert_cmpuint(sr_key_ring_unlocked(ring), ==, 0);
    g_assert_null(sr_key_ring_default(ring));
    sr_key_ring_free(ring);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/key-ring/found-by-id-name-and-address", test_found_by_id_name_and_address);
    g_test_add_func("/key-ring/without-a-choice-the-oldest-account-is-the-default",
                    test_without_a_choice_the_oldest_account_is_the_default);
    g_test_add_func("/key-ring/a-damaged-key-is-seen-and-never-found-for-use",
                    test_a_damaged_key_is_seen_and_never_found_for_use);
    g_test_add_func("/key-ring/no-key-takes-the-place-of-a-damaged-default",
                    test_no_key_takes_the_place_of_a_damaged_default);
    g_test_add_func("/key-ring/texts-of-a-damaged-key-are-fit-for-showing",
                    test_texts_of_a_damaged_key_are_fit_for_showing);
    g_test_add_func("/key-ring/a-private-key-stays-its-time", test_a_private_key_stays_its_time);
    g_test_add_func("/key-ring/without-cache-time-it-goes-with-the-next-turn",
                    test_without_cache_time_it_goes_with_the_next_turn);
    g_test_add_func("/key-ring/clearing-forgets-everything", test_clearing_forgets_everything);
    return g_test_run();
}
