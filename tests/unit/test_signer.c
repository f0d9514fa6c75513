/* Prepared signers, verification and key agreement on the three curves. */
#include "crypto/signer.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/secp256k1.h"
#include "support/assert_bytes.h"

#include <string.h>

static const SrKeyType types[] = {SR_KEY_SECP256K1, SR_KEY_P256, SR_KEY_ED25519};

static SrKey *key_of_hex(SrKeyType type, const char *text)
{
    g_autoptr(GByteArray) bytes = sr_hex_decode(text, strlen(text));
    g_autoptr(GError) error = NULL;
    SrKey *key = sr_key_new(type, sr_secret_new_copy(bytes->data, bytes->len, NULL), &error);

    g_assert_no_error(error);
    return key;
}

static SrSigner *signer_of(SrKeyType type)
{
    g_autoptr(SrKey) key = sr_key_generate(type, NULL);
    g_autoptr(GError) error = NULL;
    SrSigner *signer = sr_signer_new(key, &error);

    g_assert_no_error(error);
    return signer;
}

static void assert_signs(SrSigner *signer, const void *data, gsize size, guint8 ret_signature[64])
{
    g_autoptr(GError) error = NULL;

    g_assert_true(sr_signer_sign(signer, data, size, ret_signature, &error));
    g_assert_no_error(error);
}

/* Whether @signature is good; it must not be an error. */
static gboolean verifies(SrKeyType type, const guint8 *public_key, const void *data, gsize size,
                         const guint8 signature[64])
{
    g_autoptr(GError) error = NULL;
    const gboolean good = sr_signature_verify(type, public_key, data, size, signature, &error);

    g_assert_no_error(error);
    return good;
}

static void test_random_keys(void)
{
    for (gsize t = 0; t < G_N_ELEMENTS(types); t++) {
        for (guint i = 0; i < 50; i++) {
            g_autoptr(SrSigner) signer = signer_of(types[t]);
            const guint8 *public_key = sr_signer_public(signer, NULL);
            guint8 signature[64];
            guint8 data[32];

            g_assert_true(sr_random_bytes(data, sizeof data, NULL));
            assert_signs(signer, data, sizeof data, signature);
            g_assert_true(verifies(types[t], public_key, data, sizeof data, signature));
            signature[i]++;
            g_assert_false(verifies(types[t], public_key, data, sizeof data, signature));
            signature[i]--;
            data[i % 32] ^= 0x10;
            g_assert_false(verifies(types[t], public_key, data, sizeof data, signature));
        }
    }
}

static void test_public_key(void)
{
    for (gsize t = 0; t < G_N_ELEMENTS(types); t++) {
        g_autoptr(SrKey) key = sr_key_generate(types[t], NULL);
        g_autoptr(SrSigner) signer = sr_signer_new(key, NULL);
        gsize size;
        const guint8 *public_key = sr_signer_public(signer, &size);

        g_assert_cmpint(sr_signer_type(signer), ==, types[t]);
        sr_assert_bytes(public_key, size, sr_key_public(key, NULL), sr_key_public_size(types[t]));
    }
    sr_signer_free(NULL);
}

/* What comes back is the same key: also one with zeros in front, which OpenSSL's numbers lose. */
static void test_copy_of_the_key(void)
{
    static const char small[] = "0000000000000000000000000000000000000000000000000000000000abcdef";

    for (gsize t = 0; t < G_N_ELEMENTS(types); t++) {
        for (guint i = 0; i < 20; i++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(SrKey) key =
                i ? sr_key_generate(types[t], NULL) : key_of_hex(types[t], small);
            g_autoptr(SrSigner) signer = sr_signer_new(key, NULL);
            g_autoptr(SrKey) copy = sr_signer_copy_key(signer, &error);

            g_assert_no_error(error);
            g_assert_cmpint(sr_key_type(copy), ==, types[t]);
            g_assert_true(sr_secret_equal(sr_key_private(copy), sr_key_private(key)));
            sr_assert_bytes(sr_key_public(copy, NULL), sr_key_public_size(types[t]),
                            sr_key_public(key, NULL), sr_key_public_size(types[t]));
        }
    }
}

/* secp256k1.h's own recovery, which refuses a high s, must find the key. */
static void test_recoverable(void)
{
    g_autoptr(SrSigner) signer = signer_of(SR_KEY_SECP256K1);
    guint8 digest[32] = {0};

    for (guint i = 0; i < 200; i++) {
        guint8 signature[65];
        guint8 recovered[65];
        gboolean found = FALSE;

        digest[0] = (guint8)i;
        assert_signs(signer, digest, sizeof digest, signature);
        for (guint8 v = 27; v <= 28 && !found; v++) {
            signature[64] = v;
            found = sr_secp256k1_recover(signature, digest, recovered) &&
                    memcmp(recovered, sr_signer_public(signer, NULL), 65) == 0;
        }
        g_assert_true(found);
    }
}

static void test_accepts_ethereum_signatures(void)
{
    g_autoptr(SrSecret) secret = sr_secp256k1_generate(NULL);
    guint8 public_key[65];
    guint8 signature[65];
    guint8 digest[32] = {3};

    g_assert_true(sr_secp256k1_public_key(secret, public_key, NULL));
    g_assert_true(sr_secp256k1_sign(secret, public_key, digest, signature, NULL));
    g_assert_true(verifies(SR_KEY_SECP256K1, public_key, digest, 32, signature));
}

/* Replace @number by @order - @number, big-endian. */
static void negate(guint8 number[32], const char *order)
{
    g_autoptr(GByteArray) bytes = sr_hex_decode(order, 64);
    int borrow = 0;

    for (int i = 31; i >= 0; i--) {
        const int difference = bytes->data[i] - number[i] - borrow;

        borrow = difference < 0;
        number[i] = (guint8)(difference & 0xff);
    }
}

static void test_either_s(void)
{
    static const char *const orders[] = {
        [SR_KEY_SECP256K1] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        [SR_KEY_P256] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    };

    for (gsize t = 0; t < 2; t++) {
        g_autoptr(SrSigner) signer = signer_of(types[t]);
        const guint8 *public_key = sr_signer_public(signer, NULL);
        g_autoptr(GByteArray) order = sr_hex_decode(orders[types[t]], 64);
        const guint8 digest[32] = {5};
        const guint8 zero[32] = {0};
        guint8 signature[64];

        assert_signs(signer, digest, 32, signature);
        negate(signature + 32, orders[types[t]]);
        g_assert_true(verifies(types[t], public_key, digest, 32, signature));
        memcpy(signature + 32, order->data, 32);
        g_assert_false(verifies(types[t], public_key, digest, 32, signature));
        memcpy(signature + 32, zero, 32);
        g_assert_false(verifies(types[t], public_key, digest, 32, signature));
        memset(signature, 0xff, 64);
        g_assert_false(verifies(types[t], public_key, digest, 32, signature));
    }
}

static void test_hedged(void)
{
    for (gsize t = 0; t < G_N_ELEMENTS(types); t++) {
        g_autoptr(SrSigner) signer = signer_of(types[t]);
        const guint8 digest[32] = {7};
        guint8 one[64];
        guint8 two[64];

        assert_signs(signer, digest, 32, one);
        assert_signs(signer, digest, 32, two);
        /* The first half depends on the nonce alone. */
        g_assert_cmpint(memcmp(one, two, 32) != 0, ==, types[t] != SR_KEY_ED25519);
        if (types[t] == SR_KEY_ED25519)
            sr_assert_bytes(one, 64, two, 64);
    }
}

/* SEC 1 §4.1.3: the leftmost 32 bytes count, a shorter digest is a smaller number. */
static void test_digest_sizes(void)
{
    guint8 data[64];

    for (gsize i = 0; i < sizeof data; i++)
        data[i] = (guint8)(i + 1);
    for (gsize t = 0; t < 2; t++) {
        g_autoptr(SrSigner) signer = signer_of(types[t]);
        const guint8 *public_key = sr_signer_public(signer, NULL);

        for (gsize size = 1; size <= 64; size++) {
            guint8 same[32] = {0};
            guint8 signature[64];

            memcpy(same + (size < 32 ? 32 - size : 0), data, MIN(size, 32));
            assert_signs(signer, data, size, signature);
            g_assert_true(verifies(types[t], public_key, data, size, signature));
            g_assert_true(verifies(types[t], public_key, same, 32, signature));
        }
    }
}

static void test_digest_size_limits(void)
{
    const guint8 data[65] = {0};
    guint8 signature[64] = {0};

    for (gsize t = 0; t < 2; t++) {
        g_autoptr(SrSigner) signer = signer_of(types[t]);

        for (gsize i = 0; i < 2; i++) {
            g_autoptr(GError) error = NULL;
            g_autoptr(GError) other = NULL;
            const gsize size = i ? 65 : 0;

            g_assert_false(sr_signer_sign(signer, data, size, signature, &error));
            g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
            g_assert_false(sr_signature_verify(types[t], sr_signer_public(signer, NULL), data, size,
                                               signature, &other));
            g_assert_error(other, SR_ERROR, SR_ERROR_INVALID_PARAMS);
        }
    }
}

static void test_message_sizes(void)
{
    static const gsize sizes[] = {0, 1, 63, 64, 65, 1000, 1024 * 1024};
    g_autoptr(SrSigner) signer = signer_of(SR_KEY_ED25519);
    g_autofree guint8 *message = g_malloc0(1024 * 1024);

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        guint8 signature[64];

        assert_signs(signer, message, sizes[i], signature);
        g_assert_true(
            verifies(SR_KEY_ED25519, sr_signer_public(signer, NULL), message, sizes[i], signature));
        g_assert_false(verifies(SR_KEY_ED25519, sr_signer_public(signer, NULL), message,
                                sizes[i] ? sizes[i] - 1 : 1, signature));
    }
}

static void test_malformed_public_keys(void)
{
    for (gsize t = 0; t < 2; t++) {
        g_autoptr(SrSigner) signer = signer_of(types[t]);
        g_autoptr(SrSigner) agreeing = signer_of(SR_KEY_P256);
        const guint8 digest[32] = {9};
        guint8 signature[64];

        assert_signs(signer, digest, 32, signature);
        /* Another tag (compressed, hybrid of either parity, none), a point off the curve, x or y
         * not below the prime, (0, 0). */
        for (gsize i = 0; i < 9; i++) {
            static const guint8 tags[] = {0, 2, 3, 5, 6, 7};
            g_autoptr(GError) error = NULL;
            g_autoptr(GError) other = NULL;
            guint8 point[65];

            memcpy(point, sr_signer_public(signer, NULL), sizeof point);
            if (i < 6)
                point[0] = tags[i];
            else if (i == 6)
                point[64] ^= 1;
            else
                memset(point + 1, i == 7 ? 0xff : 0, 64);
            g_assert_false(sr_signature_verify(types[t], point, digest, 32, signature, &error));
            g_assert_error(error, SR_ERROR, SR_ERROR_MALFORMED_KEY);
            g_assert_null(sr_signer_derive(agreeing, point, &other));
            g_assert_error(other, SR_ERROR, SR_ERROR_MALFORMED_KEY);
        }
    }
}

/* RFC 8032 §5.1.3: there is no point with y = 2. */
static void test_malformed_eddsa_keys(void)
{
    const guint8 no_point[32] = {2};
    const guint8 neutral[64] = {1}; /* R the neutral point, S = 0 */

    g_assert_false(verifies(SR_KEY_ED25519, no_point, "", 0, neutral));
}

/* RFC 5903 §8.1. */
static void test_agreement(void)
{
    static const char initiator[] =
        "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433";
    static const char responder[] =
        "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53";
    static const char shared[] = "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de";
    g_autoptr(GByteArray) expected = sr_hex_decode(shared, 64);
    g_autoptr(SrKey) key_i = key_of_hex(SR_KEY_P256, initiator);
    g_autoptr(SrKey) key_r = key_of_hex(SR_KEY_P256, responder);
    g_autoptr(SrSigner) signer_i = sr_signer_new(key_i, NULL);
    g_autoptr(SrSigner) signer_r = sr_signer_new(key_r, NULL);
    g_autoptr(SrSecret) one = sr_signer_derive(signer_i, sr_key_public(key_r, NULL), NULL);
    g_autoptr(SrSecret) two = sr_signer_derive(signer_r, sr_key_public(key_i, NULL), NULL);

    sr_assert_bytes(sr_secret_peek(one), sr_secret_size(one), expected->data, expected->len);
    sr_assert_bytes(sr_secret_peek(two), sr_secret_size(two), expected->data, expected->len);
}

static void test_agreement_of_random_keys(void)
{
    for (guint i = 0; i < 300; i++) {
        g_autoptr(SrSigner) a = signer_of(SR_KEY_P256);
        g_autoptr(SrSigner) b = signer_of(SR_KEY_P256);
        g_autoptr(SrSecret) one = sr_signer_derive(a, sr_signer_public(b, NULL), NULL);
        g_autoptr(SrSecret) two = sr_signer_derive(b, sr_signer_public(a, NULL), NULL);

        g_assert_true(sr_secret_equal(one, two));
    }
}

static void test_agreement_needs_p256(void)
{
    static const SrKeyType others[] = {SR_KEY_SECP256K1, SR_KEY_ED25519};
    g_autoptr(SrSigner) peer = signer_of(SR_KEY_P256);

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(SrSigner) signer = signer_of(others[i]);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_signer_derive(signer, sr_signer_public(peer, NULL), &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
    }
}

/* Signing goes on after an agreement and after a refusal, on the same signer. */
static void test_mixed_use(void)
{
    g_autoptr(SrSigner) signer = signer_of(SR_KEY_P256);
    const guint8 *public_key = sr_signer_public(signer, NULL);
    const guint8 digest[32] = {1};
    guint8 bad_point[65] = {4};

    for (guint i = 0; i < 20; i++) {
        g_autoptr(SrSecret) shared = sr_signer_derive(signer, public_key, NULL);
        guint8 signature[64];

        g_assert_nonnull(shared);
        g_assert_null(sr_signer_derive(signer, bad_point, NULL));
        g_assert_false(sr_signer_sign(signer, digest, 0, signature, NULL));
        assert_signs(signer, digest, 32, signature);
        g_assert_true(verifies(SR_KEY_P256, public_key, digest, 32, signature));
    }
}

static gpointer sign_and_verify(gpointer data)
{
    const SrKeyType type = (SrKeyType)GPOINTER_TO_INT(data);
    guint good = 0;

    for (guint round = 0; round < 4; round++) {
        g_autoptr(SrSigner) signer = signer_of(type);

        for (guint8 i = 0; i < 50; i++) {
            const guint8 digest[32] = {i};
            guint8 signature[64];

            assert_signs(signer, digest, 32, signature);
            good += verifies(type, sr_signer_public(signer, NULL), digest, 32, signature) ? 1 : 0;
        }
    }
    return GUINT_TO_POINTER(good);
}

static void test_threads(void)
{
    GThread *threads[9];

    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("signer", sign_and_verify, GINT_TO_POINTER(types[i % 3]));
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        g_assert_cmpuint(GPOINTER_TO_UINT(g_thread_join(threads[i])), ==, 200);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/signer/signatures-of-random-keys-verify", test_random_keys);
    g_test_add_func("/signer/has-its-key's-type-and-public-key", test_public_key);
    g_test_add_func("/signer/gives-its-key-back", test_copy_of_the_key);
    g_test_add_func("/signer/secp256k1-has-low-s-and-recovers", test_recoverable);
    g_test_add_func("/signer/verifies-signatures-of-the-ethereum-paths",
                    test_accepts_ethereum_signatures);
    g_test_add_func("/signer/verifies-high-s-but-not-values-out-of-range", test_either_s);
    g_test_add_func("/signer/no-two-signatures-share-a-nonce", test_hedged);
    g_test_add_func("/signer/digests-of-1-to-64-bytes", test_digest_sizes);
    g_test_add_func("/signer/digests-of-0-or-65-bytes-are-refused", test_digest_size_limits);
    g_test_add_func("/signer/eddsa-messages-of-any-size", test_message_sizes);
    g_test_add_func("/signer/malformed-points-are-refused", test_malformed_public_keys);
    g_test_add_func("/signer/eddsa-keys-that-are-no-point-have-no-signatures",
                    test_malformed_eddsa_keys);
    g_test_add_func("/signer/agreement-as-in-rfc-5903", test_agreement);
    g_test_add_func("/signer/agreement-of-random-keys", test_agreement_of_random_keys);
    g_test_add_func("/signer/agreement-needs-p256", test_agreement_needs_p256);
    g_test_add_func("/signer/signing-and-agreement-do-not-disturb-each-other", test_mixed_use);
    g_test_add_func("/signer/threads-with-signers-of-their-own", test_threads);
    return g_test_run();
}
