/* Key records: what goes into a store comes out again, and nothing that was changed there does. */
#include "base/error.h"
#include "store/key_record.h"

#include <string.h>

static SrKey *make_key(SrKeyType type)
{
    g_autoptr(GError) error = NULL;
    SrSecret *bytes = sr_secret_new(32, &error);

    memset(sr_secret_data(bytes), 7, 32);
    return sr_key_new(type, bytes, &error);
}

static SrRecord *make_record(SrKeyType type)
{
    g_autoptr(SrKey) key = make_key(type);
    g_autoptr(SrKeyInfo) info = sr_key_info_new(key, "A name", 1795514400);
    g_autoptr(GError) error = NULL;
    SrRecord *record = sr_key_record_plain(info, key, &error);

    g_assert_no_error(error);
    return record;
}

static void test_every_type_comes_back(gconstpointer data)
{
    const SrKeyType type = (SrKeyType)GPOINTER_TO_INT(data);
    g_autoptr(SrRecord) record = make_record(type);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrKeyInfo) info = sr_key_record_info(record, &error);
    g_autoptr(SrKey) key = sr_key_record_key(record, &error);
    g_autoptr(SrKey) expected = make_key(type);

    g_assert_no_error(error);
    g_assert_cmpstr(info->name, ==, "A name");
    g_assert_cmpint(info->created, ==, 1795514400);
    g_assert_cmpint((int)info->type, ==, (int)type);
    g_assert_false(info->sealed);
    g_assert_cmpstr(record->algorithm, ==, sr_key_type_name(type));
    g_assert_true(sr_secret_equal(sr_key_private(key), sr_key_private(expected)));
    g_assert_null(sr_key_record_seal(record));
}

static void test_a_seal_comes_back_with_its_colons(void)
{
    g_autoptr(SrKey) key = make_key(SR_KEY_SECP256K1);
    g_autoptr(SrKeyInfo) info = sr_key_info_new(key, "Sealed", 1);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecord) record = sr_key_record_sealed(info, "scrypt:32768:8:1:AA:BB", &error);
    g_autoptr(SrKeyInfo) read = sr_key_record_info(record, &error);
    g_autofree char *seal = sr_key_record_seal(record);

    g_assert_no_error(error);
    g_assert_true(read->sealed);
    g_assert_cmpstr(seal, ==, "scrypt:32768:8:1:AA:BB");
}

/* Expected: what ethers 6 (computeAddress) gives for this private key. */
static void test_an_ethereum_key_comes_with_its_address(void)
{
    g_autoptr(SrRecord) record = make_record(SR_KEY_SECP256K1);
    g_autoptr(SrKeyInfo) info = sr_key_record_info(record, NULL);
    g_autoptr(SrKeyInfo) copy = sr_key_info_copy(info);
    char text[SR_ADDRESS_TEXT_SIZE];

    sr_address_text(copy->address, text);
    g_assert_cmpstr(text, ==, "0x4a62316623ad457F02cDC5D997deD67a383EC569");
}

/* Each character of the text in turn becomes another one: no such record gives a key. */
static void test_a_changed_character_anywhere_is_noticed(void)
{
    g_autoptr(SrRecord) record = make_record(SR_KEY_SECP256K1);
    char *text = (char *)sr_secret_data(record->secret);
    const gsize size = sr_secret_size(record->secret);
    const char *created = strstr(text, ":1795514400:") + 1;

    for (gsize i = 0; i < size; i++) {
        g_autoptr(GError) error = NULL;
        const char before = text[i];

        if (text + i >= created && text + i < created + 10)
            continue; /* the date is for people; another date is still a record */
        text[i] = before == 'A' ? 'B' : 'A';
        g_assert_null(sr_key_record_info(record, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
        text[i] = before;
    }
}

static void test_a_cut_record_is_noticed_at_every_length(void)
{
    g_autoptr(SrRecord) whole = make_record(SR_KEY_ED25519);

    for (gsize size = 0; size < sr_secret_size(whole->secret); size++) {
        g_autoptr(SrSecret) copy = sr_secret_new_copy(sr_secret_peek(whole->secret), size, NULL);
        g_autoptr(SrRecord) cut =
            sr_record_new(SR_RECORD_KEY, whole->id, NULL, "x", g_steal_pointer(&copy));

        g_assert_null(sr_key_record_info(cut, NULL));
    }
}

static void test_a_record_under_anothers_id_is_noticed(void)
{
    g_autoptr(SrRecord) record = make_record(SR_KEY_P256);
    g_autoptr(GError) error = NULL;

    g_free(record->id);
    record->id = g_strdup("0123456789abcdef");
    g_assert_null(sr_key_record_info(record, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/key-record/secp256k1-comes-back", GINT_TO_POINTER(SR_KEY_SECP256K1),
                         test_every_type_comes_back);
    g_test_add_data_func("/key-record/p256-comes-back", GINT_TO_POINTER(SR_KEY_P256),
                         test_every_type_comes_back);
    g_test_add_data_func("/key-record/ed25519-comes-back", GINT_TO_POINTER(SR_KEY_ED25519),
                         test_every_type_comes_back);
    g_test_add_func("/key-record/an-ethereum-key-comes-with-its-address",
                    test_an_ethereum_key_comes_with_its_address);
    g_test_add_func("/key-record/a-seal-comes-back-with-its-colons",
                    test_a_seal_comes_back_with_its_colons);
    g_test_add_func("/key-record/a-changed-character-anywhere-is-noticed",
                    test_a_changed_character_anywhere_is_noticed);
    g_test_add_func("/key-record/a-cut-record-is-noticed-at-every-length",
                    test_a_cut_record_is_noticed_at_every_length);
    g_test_add_func("/key-record/a-record-under-anothers-id-is-noticed",
                    test_a_record_under_anothers_id_is_noticed);
    return g_test_run();
}
