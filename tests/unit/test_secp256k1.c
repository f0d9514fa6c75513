/* ECDSA over secp256k1: keys, deterministic signatures, recovery. */
#include "crypto/secp256k1.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "support/assert_bytes.h"
#include "support/vector_file.h"

#include <secp256k1.h>
#include <string.h>

static const char order_text[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
static const char half_order_text[] =
    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";

static SrSecret *secret_of_hex(const char *text)
{
    g_autoptr(GByteArray) bytes = sr_hex_decode(text, strlen(text));

    return sr_secret_new_copy(bytes->data, bytes->len, NULL);
}

static void assert_malformed_key(gboolean result, GError **error)
{
    g_assert_false(result);
    g_assert_error(*error, SR_ERROR, SR_ERROR_MALFORMED_KEY);
    g_clear_error(error);
}

/* Sign @digest with @private_key, check the recovery, and compare with @expected's first bytes. */
static void check_signature(SrJson *row, const char *private_name, const char *digest_name,
                            gsize compared)
{
    g_autoptr(SrSecret) key = secret_of_hex(sr_test_string(row, private_name));
    g_autoptr(GByteArray) digest = sr_test_hex(row, digest_name);
    g_autoptr(GByteArray) expected = sr_test_hex(row, "signature");
    g_autoptr(GError) error = NULL;
    guint8 public_key[65];
    guint8 recovered[65];
    guint8 signature[65];

    sr_secp256k1_public_key(key, public_key, &error);
    g_assert_no_error(error);
    sr_secp256k1_sign(key, public_key, digest->data, signature, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(expected->len, ==, compared);
    sr_assert_bytes(signature, compared, expected->data, compared);
    g_assert_true(sr_secp256k1_recover(signature, digest->data, recovered));
    sr_assert_bytes(recovered, 65, public_key, 65);
}

static void test_own_vectors(void)
{
    g_autoptr(SrJson) rows = sr_test_own_json("secp256k1/signatures.json");

    g_assert_cmpuint(json_object_array_length(rows), >, 10);
    for (gsize i = 0; i < json_object_array_length(rows); i++) {
        SrJson *row = json_object_array_get_idx(rows, i);
        g_autoptr(SrSecret) key = secret_of_hex(sr_test_string(row, "private"));
        g_autoptr(GByteArray) expected = sr_test_hex(row, "public");
        guint8 public_key[65];

        g_assert_true(sr_secp256k1_public_key(key, public_key, NULL));
        sr_assert_bytes(public_key, 65, expected->data, expected->len);
        check_signature(row, "private", "digest", 65);
    }
}

static void test_noble_signatures(void)
{
    g_autoptr(SrJson) file = sr_test_vector_json("ecdsa/noble-ecdsa.json");
    SrJson *rows;

    if (!file)
        return;
    rows = sr_test_member(file, "valid");
    g_assert_cmpuint(json_object_array_length(rows), ==, 1414);
    for (gsize i = 0; i < json_object_array_length(rows); i++)
        check_signature(json_object_array_get_idx(rows, i), "d", "m", 64);
}

static void test_noble_invalid_keys(void)
{
    g_autoptr(SrJson) file = sr_test_vector_json("ecdsa/noble-ecdsa.json");
    SrJson *rows;

    if (!file)
        return;
    rows = sr_test_member(sr_test_member(file, "invalid"), "sign");
    for (gsize i = 0; i < json_object_array_length(rows); i++) {
        SrJson *row = json_object_array_get_idx(rows, i);
        g_autoptr(SrSecret) key = secret_of_hex(sr_test_string(row, "d"));
        g_autoptr(GByteArray) digest = sr_test_hex(row, "m");
        guint8 public_key[65] = {4};
        guint8 signature[65];
        GError *error = NULL;

        assert_malformed_key(sr_secp256k1_public_key(key, public_key, &error), &error);
        assert_malformed_key(sr_secp256k1_sign(key, public_key, digest->data, signature, &error),
                             &error);
    }
}

/* The nonce of RFC 6979 is a private key whose public x is the r of the signature. */
static void test_noble_nonces(void)
{
    g_autoptr(SrJson) rows = sr_test_vector_json("ecdsa/noble-rfc6979.json");

    for (gsize i = 0; rows && i < json_object_array_length(rows); i++) {
        SrJson *row = json_object_array_get_idx(rows, i);
        const char *message = sr_test_string(row, "message");
        g_autoptr(SrSecret) key = secret_of_hex(sr_test_string(row, "d"));
        g_autoptr(SrSecret) nonce = secret_of_hex(sr_test_string(row, "k0"));
        guint8 digest[32];
        guint8 public_key[65];
        guint8 nonce_point[65];
        guint8 signature[65];

        sr_sha256(message, strlen(message), digest);
        g_assert_true(sr_secp256k1_public_key(key, public_key, NULL));
        g_assert_true(sr_secp256k1_public_key(nonce, nonce_point, NULL));
        g_assert_true(sr_secp256k1_sign(key, public_key, digest, signature, NULL));
        sr_assert_bytes(signature, 32, nonce_point + 1, 32);
    }
}

/* Whether r || s in @compact recovers to @public_key with one of the two ids Ethereum knows. */
static gboolean recovers(const guint8 compact[64], const guint8 digest[32],
                         const GByteArray *public_key)
{
    guint8 signature[65];
    guint8 recovered[65];

    memcpy(signature, compact, 64);
    for (guint8 v = 27; v <= 28; v++) {
        signature[64] = v;
        if (sr_secp256k1_recover(signature, digest, recovered) &&
            memcmp(recovered, public_key->data, 65) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Whether r < p - n: then the x of the nonce's point may be r + n, which v = 27 or 28 cannot say.
 */
static gboolean x_may_exceed_order(const guint8 r[32])
{
    g_autoptr(GByteArray) limit =
        sr_hex_decode("000000000000000000000000000000014551231950b75fc4402da1722fc9baee", 64);

    return memcmp(r, limit->data, 32) < 0;
}

/*
 * Check one Wycheproof case. Where the file's rules (@low_s: Bitcoin's) accept a high s, recovery
 * must refuse it and accept the low one.
 */
static void check_wycheproof(SrJson *test, const GByteArray *public_key, gboolean low_s)
{
    const secp256k1_context *context = secp256k1_context_static;
    const gboolean valid = g_str_equal(sr_test_string(test, "result"), "valid");
    g_autoptr(GByteArray) message = sr_test_hex(test, "msg");
    g_autoptr(GByteArray) der = sr_test_hex(test, "sig");
    secp256k1_ecdsa_signature signature;
    guint8 compact[64];
    guint8 digest[32];
    gboolean good;

    sr_sha256(message->data, message->len, digest);
    if (der->len == 0 ||
        !secp256k1_ecdsa_signature_parse_der(context, &signature, der->data, der->len)) {
        g_assert_false(valid);
        return;
    }
    secp256k1_ecdsa_signature_serialize_compact(context, compact, &signature);
    good = recovers(compact, digest, public_key);
    if (secp256k1_ecdsa_signature_normalize(context, &signature, &signature)) {
        g_assert_false(good);
        g_assert_false(valid && low_s);
        if (!valid)
            return;
        secp256k1_ecdsa_signature_serialize_compact(context, compact, &signature);
        good = recovers(compact, digest, public_key);
    }
    if (valid && !good)
        g_assert_true(x_may_exceed_order(compact));
    else
        g_assert_cmpint(good, ==, valid);
}

static void run_wycheproof(const char *path, gboolean low_s)
{
    g_autoptr(SrJson) file = sr_test_vector_json(path);
    SrJson *groups;
    gsize count = 0;

    if (!file)
        return;
    groups = sr_test_member(file, "testGroups");
    for (gsize i = 0; i < json_object_array_length(groups); i++) {
        SrJson *group = json_object_array_get_idx(groups, i);
        SrJson *tests = sr_test_member(group, "tests");
        g_autoptr(GByteArray) key = sr_test_hex(sr_test_member(group, "publicKey"), "uncompressed");

        for (gsize k = 0; k < json_object_array_length(tests); k++, count++)
            check_wycheproof(json_object_array_get_idx(tests, k), key, low_s);
    }
    g_assert_cmpuint(count, >, 450);
}

static void test_wycheproof_bitcoin(void)
{
    run_wycheproof("wycheproof/ecdsa_secp256k1_sha256_bitcoin_test.json", TRUE);
}

static void test_wycheproof(void)
{
    run_wycheproof("wycheproof/ecdsa_secp256k1_sha256_test.json", FALSE);
}

static void test_private_key_range(void)
{
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",   order_text,
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",   "01",
        "000000000000000000000000000000000000000000000000000000000000000001",
    };
    guint8 digest[32] = {1};
    guint8 public_key[65];
    guint8 signature[65];

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(SrSecret) key = secret_of_hex(bad[i]);
        GError *error = NULL;

        assert_malformed_key(sr_secp256k1_public_key(key, public_key, &error), &error);
        assert_malformed_key(sr_secp256k1_sign(key, public_key, digest, signature, &error), &error);
    }
}

/* A fault in signing shows as a signature that does not fit the key's public key. */
static void test_foreign_public_key(void)
{
    g_autoptr(SrSecret) key = sr_secp256k1_generate(NULL);
    g_autoptr(SrSecret) other = sr_secp256k1_generate(NULL);
    g_autoptr(GError) error = NULL;
    guint8 public_key[65];
    guint8 signature[65] = {0};
    const guint8 digest[32] = {7};
    const guint8 untouched[65] = {0};

    g_assert_true(sr_secp256k1_public_key(other, public_key, NULL));
    g_assert_false(sr_secp256k1_sign(key, public_key, digest, signature, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INTERNAL);
    sr_assert_bytes(signature, 65, untouched, 65);
}

static void test_invalid_public_key(void)
{
    g_autoptr(SrSecret) key = sr_secp256k1_generate(NULL);
    g_autoptr(GError) error = NULL;
    guint8 public_key[65] = {4};
    guint8 signature[65];
    const guint8 digest[32] = {7};

    g_assert_false(sr_secp256k1_sign(key, public_key, digest, signature, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INTERNAL);
}

static void test_recover_v(void)
{
    g_autoptr(SrSecret) key = sr_secp256k1_generate(NULL);
    const guint8 digest[32] = {9};
    guint8 public_key[65];
    guint8 signature[65];
    guint8 right;
    guint accepted = 0;

    g_assert_true(sr_secp256k1_public_key(key, public_key, NULL));
    g_assert_true(sr_secp256k1_sign(key, public_key, digest, signature, NULL));
    right = (guint8)(signature[64] - 27);
    for (guint v = 0; v < 256; v++) {
        guint8 recovered[65];

        signature[64] = (guint8)v;
        if (!sr_secp256k1_recover(signature, digest, recovered))
            continue;
        accepted++;
        g_assert_true(v == 0 || v == 1 || v == 27 || v == 28);
        g_assert_cmpint(memcmp(recovered, public_key, 65) == 0, ==, v % 27 == right);
    }
    g_assert_cmpuint(accepted, ==, 4);
}

static void test_recover_range(void)
{
    g_autoptr(GByteArray) order = sr_hex_decode(order_text, 64);
    g_autoptr(GByteArray) half = sr_hex_decode(half_order_text, 64);
    const guint8 digest[32] = {9};
    guint8 recovered[65];
    guint8 signature[65] = {0};

    signature[64] = 27;
    g_assert_false(sr_secp256k1_recover(signature, digest, recovered)); /* r = s = 0 */
    signature[31] = 1;
    g_assert_false(sr_secp256k1_recover(signature, digest, recovered)); /* s = 0 */
    memcpy(signature + 32, half->data, 32);
    g_assert_true(sr_secp256k1_recover(signature, digest, recovered)); /* s = (n - 1) / 2 */
    signature[63]++;
    g_assert_false(sr_secp256k1_recover(signature, digest, recovered)); /* the first high s */
    memcpy(signature + 32, order->data, 32);
    g_assert_false(sr_secp256k1_recover(signature, digest, recovered)); /* s = n */
    memset(signature + 32, 0, 32);
    signature[63] = 1;
    memcpy(signature, order->data, 32);
    g_assert_false(sr_secp256k1_recover(signature, digest, recovered)); /* r = n */
    memset(signature, 0, 32);
    signature[31] = 5; /* no point has this x */
    g_assert_false(sr_secp256k1_recover(signature, digest, recovered));
}

static void test_generate(void)
{
    g_autoptr(SrSecret) a = sr_secp256k1_generate(NULL);
    g_autoptr(SrSecret) b = sr_secp256k1_generate(NULL);

    g_assert_cmpuint(sr_secret_size(a), ==, 32);
    g_assert_cmpuint(sr_secret_size(b), ==, 32);
    g_assert_false(sr_secret_equal(a, b));
}

static gpointer sign_many(gpointer data)
{
    const guint8 seed[32] = {0x42};
    g_autoptr(SrSecret) key = sr_secret_new_copy(seed, sizeof seed, NULL);
    guint8 public_key[65];
    guint8 signature[65];
    guint8 digest[32] = {0};

    g_assert_true(sr_secp256k1_public_key(key, public_key, NULL));
    for (guint8 i = 0; i < 100; i++) {
        digest[0] = i;
        g_assert_true(sr_secp256k1_sign(key, public_key, digest, signature, NULL));
    }
    memcpy(data, signature, sizeof signature);
    return NULL;
}

static void test_threads(void)
{
    guint8 signatures[4][65];
    GThread *threads[4];

    for (gsize i = 0; i < 4; i++)
        threads[i] = g_thread_new("sign", sign_many, signatures[i]);
    for (gsize i = 0; i < 4; i++)
        g_thread_join(threads[i]);
    for (gsize i = 1; i < 4; i++)
        sr_assert_bytes(signatures[i], 65, signatures[0], 65);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/secp256k1/signatures-equal-an-independent-computation", test_own_vectors);
    g_test_add_func("/secp256k1/signatures-equal-noble's", test_noble_signatures);
    g_test_add_func("/secp256k1/keys-noble-calls-invalid-are-refused", test_noble_invalid_keys);
    g_test_add_func("/secp256k1/nonces-are-those-of-rfc-6979", test_noble_nonces);
    g_test_add_func("/secp256k1/wycheproof-with-low-s-rule", test_wycheproof_bitcoin);
    g_test_add_func("/secp256k1/wycheproof-high-s-is-refused", test_wycheproof);
    g_test_add_func("/secp256k1/private-keys-out-of-range-are-refused", test_private_key_range);
    g_test_add_func("/secp256k1/a-signature-that-does-not-verify-is-withheld",
                    test_foreign_public_key);
    g_test_add_func("/secp256k1/a-public-key-off-the-curve-gives-no-signature",
                    test_invalid_public_key);
    g_test_add_func("/secp256k1/recovery-takes-v-0-1-27-28-only", test_recover_v);
    g_test_add_func("/secp256k1/recovery-refuses-high-s-and-values-out-of-range",
                    test_recover_range);
    g_test_add_func("/secp256k1/generated-keys-differ", test_generate);
    g_test_add_func("/secp256k1/threads-share-the-context", test_threads);
    return g_test_run();
}
