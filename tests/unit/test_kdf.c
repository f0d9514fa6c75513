/* Keys from passphrases: scrypt and PBKDF2. */
#include "crypto/kdf.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/scrypt_mix.h"
#include "support/assert_bytes.h"
#include "support/cpu_time.h"
#include "support/vector_file.h"

#include <endian.h>

static SrSecret *passphrase_of(const char *text)
{
    return sr_secret_new_copy(text, strlen(text), NULL);
}

static void assert_hex(const SrSecret *key, const char *expected)
{
    g_autofree char *text = sr_hex_encode(sr_secret_peek(key), sr_secret_size(key), FALSE);

    g_assert_cmpstr(text, ==, expected);
}

typedef struct {
    const char *passphrase;
    const char *salt;
    SrScryptCost cost;
    const char *key;
} ScryptCase;

static void run_scrypt(const ScryptCase *cases, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        g_autoptr(SrSecret) passphrase = passphrase_of(cases[i].passphrase);
        g_autoptr(GError) error = NULL;
        g_autoptr(SrSecret) key =
            sr_scrypt(passphrase, (const guint8 *)cases[i].salt, strlen(cases[i].salt),
                      cases[i].cost, strlen(cases[i].key) / 2, &error);

        g_assert_no_error(error);
        assert_hex(key, cases[i].key);
    }
}

/* RFC 7914 §12, without the case of 1 GiB. */
static void test_scrypt_rfc(void)
{
    static const ScryptCase cases[] = {
        {"",
         "",
         {16, 1, 1},
         "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
         "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
        {"password",
         "NaCl",
         {1024, 8, 16},
         "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
         "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
        {"pleaseletmein",
         "SodiumChloride",
         {16384, 8, 1},
         "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
         "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
    };

    run_scrypt(cases, G_N_ELEMENTS(cases));
}

/* Costs OpenSSL refuses; results of another implementation. */
static void test_scrypt_r1(void)
{
    static const ScryptCase cases[] = {
        {"correct horse",
         "salt of sealring",
         {65536, 1, 1},
         "ff5b165ec3e3ff215e8282987a74ed1993f62a25dd7b7f83ab1afb21f909a153"},
        {"correct horse",
         "salt of sealring",
         {65536, 1, 2},
         "01641417cc0d591abd05119d753b652781e3e3e7ad63af407d0bcecb58005a49c49409de55ccbb679b5e94a1"
         "c7261d57"},
    };

    run_scrypt(cases, G_N_ELEMENTS(cases));
}

/* Compose scrypt from its parts with our mixing, and compare with OpenSSL's. */
static void test_mix_equals_openssl(void)
{
    static const guint32 rounds[] = {2, 16, 1024, 32768};
    g_autoptr(SrSecret) passphrase = passphrase_of("a passphrase");
    const guint8 salt[16] = {1, 2, 3};

    for (gsize i = 0; i < G_N_ELEMENTS(rounds); i++) {
        const SrScryptCost cost = {rounds[i], 1, 1};
        g_autoptr(SrSecret) expected = sr_scrypt(passphrase, salt, sizeof salt, cost, 64, NULL);
        g_autoptr(SrSecret) bytes = sr_pbkdf2_sha256(passphrase, salt, sizeof salt, 1, 128, NULL);
        g_autofree guint32 *table = g_new(guint32, (gsize)rounds[i] * SR_SCRYPT_MIX_WORDS);
        g_autoptr(SrSecret) key = NULL;
        guint32 block[SR_SCRYPT_MIX_WORDS];

        memcpy(block, sr_secret_peek(bytes), sizeof block);
        for (guint k = 0; k < SR_SCRYPT_MIX_WORDS; k++)
            block[k] = le32toh(block[k]);
        sr_scrypt_mix(block, rounds[i], table);
        for (guint k = 0; k < SR_SCRYPT_MIX_WORDS; k++)
            block[k] = htole32(block[k]);
        key = sr_pbkdf2_sha256(passphrase, (const guint8 *)block, sizeof block, 1, 64, NULL);
        g_assert_true(sr_secret_equal(key, expected));
    }
}

/* RFC 7914 §11. */
static void test_pbkdf2_rfc(void)
{
    static const struct {
        const char *passphrase;
        const char *salt;
        guint32 iterations;
        const char *key;
    } cases[] = {
        {"passwd", "salt", 1,
         "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
         "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
        {"Password", "NaCl", 80000,
         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
         "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SrSecret) passphrase = passphrase_of(cases[i].passphrase);
        g_autoptr(SrSecret) key =
            sr_pbkdf2_sha256(passphrase, (const guint8 *)cases[i].salt, strlen(cases[i].salt),
                             cases[i].iterations, 64, NULL);

        assert_hex(key, cases[i].key);
    }
}

static guint number(SrJson *object, const char *name)
{
    return (guint)json_object_get_int(sr_test_member(object, name));
}

static void check_ethers_row(SrJson *row)
{
    SrJson *scrypt = sr_test_member(row, "scrypt");
    SrJson *pbkdf2 = sr_test_member(row, "pbkdf2");
    g_autoptr(GByteArray) password = sr_test_hex(row, "password");
    g_autoptr(GByteArray) salt = sr_test_hex(row, "salt");
    g_autoptr(GByteArray) scrypt_key = sr_test_hex(scrypt, "key");
    g_autoptr(GByteArray) pbkdf2_key = sr_test_hex(pbkdf2, "key");
    g_autoptr(SrSecret) passphrase = sr_secret_new_copy(password->data, password->len, NULL);
    const SrScryptCost cost = {number(scrypt, "N"), number(scrypt, "r"), number(scrypt, "p")};
    const gsize size = number(row, "dkLen");
    g_autoptr(SrSecret) a = sr_scrypt(passphrase, salt->data, salt->len, cost, size, NULL);
    g_autoptr(SrSecret) b = sr_pbkdf2_sha256(passphrase, salt->data, salt->len,
                                             number(pbkdf2, "iterations"), size, NULL);

    g_assert_cmpstr(sr_test_string(pbkdf2, "algorithm"), ==, "sha256");
    sr_assert_bytes(sr_secret_peek(a), sr_secret_size(a), scrypt_key->data, scrypt_key->len);
    sr_assert_bytes(sr_secret_peek(b), sr_secret_size(b), pbkdf2_key->data, pbkdf2_key->len);
}

static void test_ethers(void)
{
    g_autoptr(SrJson) rows = sr_test_vector_json("kdf/ethers-pbkdf.json");

    if (!rows)
        return;
    g_assert_cmpuint(json_object_array_length(rows), ==, 187);
    for (gsize i = 0; i < json_object_array_length(rows); i++)
        check_ethers_row(json_object_array_get_idx(rows, i));
}

static void test_scrypt_caps(void)
{
    static const struct {
        SrScryptCost cost;
        const char *field;
    } cases[] = {
        {{0, 8, 1}, "n"},           {{1, 8, 1}, "n"},
        {{3, 8, 1}, "n"},           {{G_GUINT64_CONSTANT(1) << 21, 1, 1}, "n"},
        {{G_MAXUINT64, 8, 1}, "n"}, {{G_GUINT64_CONSTANT(1) << 63, 8, 1}, "n"},
        {{2, 0, 1}, "r"},           {{2, 33, 1}, "r"},
        {{2, G_MAXUINT32, 1}, "r"}, {{2, 8, 0}, "p"},
        {{2, 8, 17}, "p"},          {{2, 8, G_MAXUINT32}, "p"},
        {{1 << 20, 16, 1}, "n"}, /* 2 GiB */
        {{1 << 19, 8, 16}, "n"}, /* 2^26 steps */
    };
    g_autoptr(SrSecret) passphrase = passphrase_of("x");

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GError) named = NULL;
        g_autofree char *field = g_strconcat("kdfparams.", cases[i].field, NULL);
        const gint64 start = sr_test_cpu_time();

        g_assert_null(sr_scrypt(passphrase, NULL, 0, cases[i].cost, 32, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
        g_assert_cmpstr(sr_error_detail(error)->field, ==, cases[i].field);
        g_assert_cmpint(sr_test_cpu_time() - start, <, G_USEC_PER_SEC);
        g_assert_false(sr_scrypt_cost_check(cases[i].cost, "kdfparams.", &named));
        g_assert_cmpstr(sr_error_detail(named)->field, ==, field);
    }
}

static void test_scrypt_cost_good(void)
{
    static const SrScryptCost good[] = {{2, 1, 1},       {131072, 8, 1}, {262144, 8, 1},
                                        {1 << 20, 8, 1}, {262144, 1, 8}, {8192, 32, 16}};

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(sr_scrypt_cost_check(good[i], "", NULL));
}

static void test_pbkdf2_caps(void)
{
    static const guint32 bad[] = {0, SR_PBKDF2_ITERATIONS_MAX + 1, G_MAXUINT32};
    g_autoptr(SrSecret) passphrase = passphrase_of("x");

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_pbkdf2_sha256(passphrase, NULL, 0, bad[i], 32, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/kdf/scrypt-gives-the-examples-of-rfc-7914", test_scrypt_rfc);
    g_test_add_func("/kdf/scrypt-with-r-1-beyond-openssl's-limit", test_scrypt_r1);
    g_test_add_func("/kdf/own-mixing-equals-openssl's", test_mix_equals_openssl);
    g_test_add_func("/kdf/pbkdf2-gives-the-examples-of-rfc-7914", test_pbkdf2_rfc);
    g_test_add_func("/kdf/keys-equal-those-of-ethers", test_ethers);
    g_test_add_func("/kdf/absurd-scrypt-costs-are-refused-at-once", test_scrypt_caps);
    g_test_add_func("/kdf/usual-scrypt-costs-are-allowed", test_scrypt_cost_good);
    g_test_add_func("/kdf/absurd-pbkdf2-costs-are-refused", test_pbkdf2_caps);
    return g_test_run();
}
