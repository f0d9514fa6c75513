/* Keystore files, version 3. */
#include "crypto/keystore.h"

#include "base/encoding.h"
#include "base/error.h"
#include "support/assert_bytes.h"
#include "support/cpu_time.h"
#include "support/vector_file.h"

static const SrScryptCost cheap = {16, 8, 1};

static SrSecret *passphrase_of(const char *text)
{
    return sr_secret_new_copy(text, strlen(text), NULL);
}

static SrKey *open_text(const char *text, const char *passphrase_text, GError **error)
{
    g_autoptr(SrSecret) passphrase = passphrase_of(passphrase_text);

    return sr_keystore_open(text, strlen(text), passphrase, error);
}

static SrKey *open_json(SrJson *json, const char *passphrase_text, GError **error)
{
    g_autofree char *text = sr_json_text(json);

    return open_text(text, passphrase_text, error);
}

/* Whether the private bytes of @key are those in @expected, padded on the left. */
static void assert_private(const SrKey *key, const char *expected)
{
    const SrSecret *bytes = sr_key_private(key);
    g_autofree char *text = sr_hex_encode(sr_secret_peek(bytes), sr_secret_size(bytes), FALSE);
    g_autofree char *zeros = g_strnfill(64 - strlen(expected), '0');
    g_autofree char *padded = g_strconcat(zeros, expected, NULL);

    g_assert_cmpstr(text, ==, padded);
}

static void test_own_files(void)
{
    g_autoptr(SrJson) rows = sr_test_own_json("keystore/files.json");

    g_assert_cmpuint(json_object_array_length(rows), >=, 8);
    for (gsize i = 0; i < json_object_array_length(rows); i++) {
        SrJson *row = json_object_array_get_idx(rows, i);
        SrJson *file = sr_test_member(row, "file");
        g_autoptr(GError) error = NULL;
        g_autoptr(GError) wrong = NULL;
        g_autoptr(SrKey) key = open_json(file, sr_test_string(row, "passphrase"), &error);

        g_assert_no_error(error);
        assert_private(key, sr_test_string(row, "private"));
        g_assert_null(open_json(file, "another passphrase", &wrong));
        g_assert_error(wrong, SR_ERROR, SR_ERROR_WRONG_PASSPHRASE);
    }
}

static void test_geth_vectors(void)
{
    g_autoptr(SrJson) rows = sr_test_vector_json("keystore/geth-v3_test_vector.json");
    guint count = 0;

    if (!rows)
        return;
    json_object_object_foreach (rows, name, row) {
        SrJson *file = sr_test_member(row, "json");
        g_autoptr(GError) error = NULL;
        g_autoptr(SrKey) key = open_json(file, sr_test_string(row, "password"), &error);

        g_test_message("%s", name);
        g_assert_no_error(error);
        assert_private(key, sr_test_string(row, "priv"));
        count++;
    }
    g_assert_cmpuint(count, ==, 4);
}

/* Ethers' wallets: two of them are of the old crowdsale, another format. */
static void test_ethers_wallets(void)
{
    g_autoptr(SrJson) rows = sr_test_vector_json("keystore/ethers-wallets.json");
    guint opened = 0;

    for (gsize i = 0; rows && i < json_object_array_length(rows); i++) {
        SrJson *row = json_object_array_get_idx(rows, i);
        const gboolean crowdsale = g_str_equal(sr_test_string(row, "type"), "crowdsale");
        const char *text = sr_test_string(row, "content");
        g_autoptr(GByteArray) password = sr_test_hex(row, "password");
        g_autoptr(SrSecret) passphrase = sr_secret_new_copy(password->data, password->len, NULL);
        g_autoptr(GError) error = NULL;
        /* Most of the files name the address, so that opening compares it. */
        g_autoptr(SrKey) key = sr_keystore_open(text, strlen(text), passphrase, &error);

        if (crowdsale) {
            g_assert_error(error, SR_ERROR, SR_ERROR_MALFORMED_KEY);
            g_assert_cmpstr(sr_error_detail(error)->field, ==, "version");
        } else {
            g_assert_no_error(error);
            g_assert_nonnull(key);
            opened++;
        }
    }
    if (rows)
        g_assert_cmpuint(opened, ==, 5);
}

static void check_geth_file(const char *name, int expected_code)
{
    g_autofree char *path = g_build_filename("keystore/geth-dir", name, NULL);
    gsize length;
    g_autofree char *text = sr_test_vector_text(path, &length);
    g_autoptr(SrSecret) passphrase = passphrase_of("foobar");
    g_autoptr(GError) error = NULL;
    g_autoptr(SrKey) key = text ? sr_keystore_open(text, length, passphrase, &error) : NULL;

    if (!text)
        return;
    if (expected_code < 0)
        g_assert_no_error(error);
    else
        g_assert_error(error, SR_ERROR, expected_code);
    g_assert_true((key != NULL) == (expected_code < 0));
}

static void test_geth_folder(void)
{
    check_geth_file("UTC--2016-03-22T12-57-55.920751759Z--7ef5a6135f1fd6a02593eedc869c6d41d934aef8",
                    -1);
    check_geth_file("aaa", -1);
    check_geth_file("zzz", -1);
    check_geth_file("no-address", -1);
    check_geth_file("zero", SR_ERROR_CORRUPT);
    check_geth_file("empty", SR_ERROR_MALFORMED_KEY);
    check_geth_file("garbage", SR_ERROR_MALFORMED_KEY);
}

static void test_geth_light(void)
{
    g_autofree char *text = sr_test_vector_text("keystore/geth-very-light-scrypt.json", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrKey) key = text ? open_text(text, "", &error) : NULL;

    if (!text)
        return;
    g_assert_no_error(error);
    g_assert_nonnull(key);
}

static void test_export(void)
{
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_SECP256K1, NULL);
    g_autoptr(SrSecret) passphrase = passphrase_of("correct horse");
    g_autofree char *text = sr_keystore_export(key, passphrase, cheap, NULL);
    g_autofree char *again = sr_keystore_export(key, passphrase, cheap, NULL);
    g_autoptr(SrKey) opened = open_text(text, "correct horse", NULL);
    g_autoptr(SrJson) json = sr_json_parse(text, strlen(text), NULL);
    SrJson *crypto = sr_test_member(json, "crypto");
    SrJson *params = sr_test_member(crypto, "kdfparams");
    const char *address = sr_test_string(json, "address");

    g_assert_true(sr_secret_equal(sr_key_private(opened), sr_key_private(key)));
    g_assert_cmpstr(text, !=, again);
    g_assert_cmpint(json_object_get_int(sr_test_member(json, "version")), ==, 3);
    g_assert_cmpuint(strlen(address), ==, 40);
    g_assert_cmpuint(strspn(address, "0123456789abcdef"), ==, 40);
    g_assert_true(g_uuid_string_is_valid(sr_test_string(json, "id")));
    g_assert_cmpstr(sr_test_string(crypto, "kdf"), ==, "scrypt");
    g_assert_cmpint(json_object_get_int(sr_test_member(params, "n")), ==, 16);
    g_assert_cmpint(json_object_get_int(sr_test_member(params, "r")), ==, 8);
    g_assert_cmpint(json_object_get_int(sr_test_member(params, "p")), ==, 1);
    g_assert_cmpint(json_object_get_int(sr_test_member(params, "dklen")), ==, 32);
    g_assert_cmpuint(strlen(sr_test_string(params, "salt")), ==, 64);
    g_assert_null(strchr(text, '\n'));
}

static void assert_export_fails(SrKeyType type, const char *passphrase_text, SrScryptCost cost,
                                SrErrorCode code)
{
    g_autoptr(SrKey) key = sr_key_generate(type, NULL);
    g_autoptr(SrSecret) passphrase = passphrase_of(passphrase_text);
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_keystore_export(key, passphrase, cost, &error));
    g_assert_error(error, SR_ERROR, (gint)code);
}

static void test_export_refused(void)
{
    const SrScryptCost absurd = {1000, 8, 1};

    assert_export_fails(SR_KEY_P256, "x", cheap, SR_ERROR_INVALID_PARAMS);
    assert_export_fails(SR_KEY_ED25519, "x", cheap, SR_ERROR_INVALID_PARAMS);
    assert_export_fails(SR_KEY_SECP256K1, "", cheap, SR_ERROR_INVALID_PARAMS);
    assert_export_fails(SR_KEY_SECP256K1, "x", absurd, SR_ERROR_LIMIT_EXCEEDED);
}

/* The own file number @index (0: scrypt, 1: PBKDF2), a new reference. */
static SrJson *own_file(gsize index)
{
    g_autoptr(SrJson) rows = sr_test_own_json("keystore/files.json");

    return json_object_get(sr_test_member(json_object_array_get_idx(rows, index), "file"));
}

/* Set the member at the dotted @path to the JSON @value, or delete it when @value is NULL. */
static void set_member(SrJson *json, const char *path, const char *value)
{
    g_auto(GStrv) names = g_strsplit(path, ".", -1);
    const guint last = g_strv_length(names) - 1;

    for (guint i = 0; i < last; i++)
        json = sr_test_member(json, names[i]);
    if (value)
        json_object_object_add(json, names[last], json_tokener_parse(value));
    else
        json_object_object_del(json, names[last]);
}

static void assert_edit_fails(gsize file, const char *path, const char *value, SrErrorCode code,
                              const char *field)
{
    g_autoptr(SrJson) json = own_file(file);
    g_autoptr(GError) error = NULL;
    const gint64 start = sr_test_cpu_time();

    set_member(json, path, value);
    g_assert_null(open_json(json, "correct horse", &error));
    g_test_message("%s = %s: %s", path, value ? value : "(deleted)", error->message);
    g_assert_error(error, SR_ERROR, (gint)code);
    g_assert_cmpstr(sr_error_detail(error)->field, ==, field);
    g_assert_cmpint(sr_test_cpu_time() - start, <, G_USEC_PER_SEC);
}

static void test_malformed_fields(void)
{
    static const struct {
        gsize file;
        const char *path;
        const char *values[8];
    } cases[] = {
        {0, "version", {"1", "4", "0", "-3", "3.0", "\"3\"", "[3]"}},
        {0, "crypto", {"1", "\"x\"", "[]", "null"}},
        {0, "crypto.cipher", {"\"aes-128-cbc\"", "\"AES-128-CTR\"", "\"\"", "1"}},
        {0, "crypto.cipherparams", {"[]", "\"iv\"", "3"}},
        {0, "crypto.cipherparams.iv", {"\"00\"", "\"\"", "\"zz\"", "7", "{}", "null"}},
        {0, "crypto.ciphertext", {"\"00\"", "\"\"", "\"0\"", "7", "[]"}},
        {0, "crypto.mac", {"\"00\"", "\"\"", "7", "null"}},
        {0, "crypto.kdf", {"\"argon2id\"", "\"Scrypt\"", "\"\"", "1"}},
        {0, "crypto.kdfparams", {"[]", "1", "\"\"", "null"}},
        {0, "crypto.kdfparams.dklen", {"0", "31", "16", "-32", "100000", "\"32\"", "32.5"}},
        {0, "crypto.kdfparams.n", {"0", "-1024", "\"1024\"", "1024.0", "1e3", "[]", "true"}},
        {0, "crypto.kdfparams.r", {"0", "-8", "\"8\"", "8.5", "null"}},
        {0, "crypto.kdfparams.p", {"0", "-1", "\"1\"", "1.5", "{}"}},
        {0, "crypto.kdfparams.salt", {"\"xyz\"", "\"0\"", "7", "null"}},
        {1, "crypto.kdfparams.c", {"0", "-1", "\"2000\"", "2000.5", "null"}},
        {1, "crypto.kdfparams.prf", {"\"hmac-sha512\"", "\"HMAC-SHA256\"", "1", "null"}},
        {0, "address", {"\"\"", "\"00\"", "7", "\"zz\"", "{}"}},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        for (gsize k = 0; cases[i].values[k]; k++)
            assert_edit_fails(cases[i].file, cases[i].path, cases[i].values[k],
                              SR_ERROR_MALFORMED_KEY, cases[i].path);
        if (!g_str_equal(cases[i].path, "address"))
            assert_edit_fails(cases[i].file, cases[i].path, NULL, SR_ERROR_MALFORMED_KEY,
                              cases[i].path);
    }
}

static void test_long_fields(void)
{
    static const char *const paths[] = {"crypto.cipherparams.iv", "crypto.ciphertext", "crypto.mac",
                                        "crypto.kdfparams.salt", "address"};
    g_autofree char *digits = g_strnfill(2 * 300, 'a');
    g_autofree char *value = g_strconcat("\"", digits, "\"", NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++)
        assert_edit_fails(0, paths[i], value, SR_ERROR_MALFORMED_KEY, paths[i]);
}

static void test_absurd_costs(void)
{
    static const struct {
        gsize file;
        const char *path;
        const char *value;
    } cases[] = {
        {0, "crypto.kdfparams.n", "1000"},
        {0, "crypto.kdfparams.n", "2097152"},
        {0, "crypto.kdfparams.n", "1"},
        {0, "crypto.kdfparams.n", "9007199254740991"},
        {0, "crypto.kdfparams.n", "4503599627370496"}, /* 2^52 */
        {0, "crypto.kdfparams.r", "33"},
        {0, "crypto.kdfparams.r", "4294967297"}, /* 2^32 + 1 */
        {0, "crypto.kdfparams.p", "17"},
        {0, "crypto.kdfparams.p", "4294967297"},
        {1, "crypto.kdfparams.c", "10000001"},
        {1, "crypto.kdfparams.c", "4294967298"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_edit_fails(cases[i].file, cases[i].path, cases[i].value, SR_ERROR_LIMIT_EXCEEDED,
                          cases[i].path);
}

/* Two members that differ only in case leave open which one counts. */
static void test_twins(void)
{
    static const char *const paths[][2] = {
        {"CRYPTO", "crypto"},
        {"Version", "version"},
        {"Address", "address"},
        {"crypto.Cipher", "crypto.cipher"},
        {"crypto.cipherparams.IV", "crypto.cipherparams.iv"},
        {"crypto.CipherText", "crypto.ciphertext"},
        {"crypto.MAC", "crypto.mac"},
        {"crypto.KDF", "crypto.kdf"},
        {"crypto.kdfParams", "crypto.kdfparams"},
        {"crypto.kdfparams.N", "crypto.kdfparams.n"},
        {"crypto.kdfparams.Salt", "crypto.kdfparams.salt"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++)
        assert_edit_fails(0, paths[i][0], "null", SR_ERROR_MALFORMED_KEY, paths[i][1]);
}

static void test_not_json(void)
{
    g_autofree char *long_text = g_strnfill(SR_KEYSTORE_TEXT_MAX + 1, ' ');
    const char *const texts[] = {"",       "null",
                                 "3",      "[]",
                                 "{",      "{\"version\":3,}",
                                 "\xff",   "{\"version\":3,\"version\":3}",
                                 long_text};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(open_text(texts[i], "x", &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_MALFORMED_KEY);
    }
}

static void test_altered(void)
{
    static const char wrong_address[] = "\"00000000000000000000000000000000000000aa\"";
    static const char *const paths[] = {"crypto.ciphertext", "crypto.mac", "crypto.kdfparams.salt"};
    static const char value[] =
        "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"";

    assert_edit_fails(0, "address", wrong_address, SR_ERROR_CORRUPT, "address");
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++)
        assert_edit_fails(0, paths[i], value, SR_ERROR_WRONG_PASSPHRASE, NULL);
}

/* The MAC does not cover the iv: a changed one gives another key, which the address shows. */
static void test_altered_iv(void)
{
    assert_edit_fails(0, "crypto.cipherparams.iv", "\"00112233445566778899aabbccddeeff\"",
                      SR_ERROR_CORRUPT, "address");
}

/* dklen above 32 asks for bytes nobody uses. */
static void test_long_derived_key(void)
{
    g_autoptr(SrJson) json = own_file(0);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrKey) key = NULL;

    set_member(json, "crypto.kdfparams.dklen", "64");
    key = open_json(json, "correct horse", &error);
    g_assert_no_error(error);
    g_assert_nonnull(key);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keystore/own-files-open-with-their-passphrase-only", test_own_files);
    g_test_add_func("/keystore/geth's-vectors-open", test_geth_vectors);
    g_test_add_func("/keystore/ethers'-wallets-open", test_ethers_wallets);
    g_test_add_func("/keystore/geth's-folder-opens-or-fails-as-it-should", test_geth_folder);
    g_test_add_func("/keystore/geth's-light-scrypt-opens", test_geth_light);
    g_test_add_func("/keystore/an-export-opens-again", test_export);
    g_test_add_func("/keystore/exports-that-make-no-sense-are-refused", test_export_refused);
    g_test_add_func("/keystore/malformed-fields-are-named", test_malformed_fields);
    g_test_add_func("/keystore/long-fields-are-refused", test_long_fields);
    g_test_add_func("/keystore/absurd-costs-are-refused-at-once", test_absurd_costs);
    g_test_add_func("/keystore/members-that-differ-in-case-only-are-refused", test_twins);
    g_test_add_func("/keystore/what-is-no-json-object-is-malformed", test_not_json);
    g_test_add_func("/keystore/altered-files-do-not-open", test_altered);
    g_test_add_func("/keystore/an-altered-iv-is-noticed-by-the-address", test_altered_iv);
    g_test_add_func("/keystore/a-longer-derived-key-opens", test_long_derived_key);
    return g_test_run();
}
