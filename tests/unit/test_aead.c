/* AES-256-GCM seals. */
#include "crypto/aead.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "support/assert_bytes.h"

static const char aad[] = "record 1";

static SrSecret *zero_key(void)
{
    return sr_secret_new(SR_AEAD_KEY_SIZE, NULL);
}

static void test_round_trip(void)
{
    static const gsize sizes[] = {0, 1, 15, 16, 17, 4096, 65537};
    g_autoptr(SrSecret) key = sr_random_secret(SR_AEAD_KEY_SIZE, NULL);
    g_autofree guint8 *plain = g_malloc0(65537);

    plain[0] = 0x5a;
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GByteArray) sealed = sr_aead_seal(key, aad, sizeof aad, plain, sizes[i], NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(SrSecret) opened = NULL;

        g_assert_cmpuint(sealed->len, ==, sizes[i] + SR_AEAD_OVERHEAD);
        opened = sr_aead_open(key, aad, sizeof aad, sealed->data, sealed->len, &error);
        g_assert_no_error(error);
        sr_assert_bytes(sr_secret_peek(opened), sr_secret_size(opened), plain, sizes[i]);
    }
}

/* Test cases 13 and 14 of McGrew and Viega's GCM submission: key and nonce zero. */
static void test_published(void)
{
    static const char empty[] = "000000000000000000000000"
                                "530f8afbc74536b9a963b4f1c4cb738b";
    static const char block[] = "000000000000000000000000"
                                "cea7403d4d606b6e074ec5d3baf39d18"
                                "d0d1c8a799996bf0265b98b5d48ab919";
    const guint8 zeros[16] = {0};
    g_autoptr(SrSecret) key = zero_key();
    g_autoptr(GByteArray) first = sr_hex_decode(empty, strlen(empty));
    g_autoptr(GByteArray) second = sr_hex_decode(block, strlen(block));
    g_autoptr(SrSecret) a = sr_aead_open(key, NULL, 0, first->data, first->len, NULL);
    g_autoptr(SrSecret) b = sr_aead_open(key, NULL, 0, second->data, second->len, NULL);

    g_assert_cmpuint(sr_secret_size(a), ==, 0);
    sr_assert_bytes(sr_secret_peek(b), sr_secret_size(b), zeros, sizeof zeros);
}

static void assert_corrupt(const SrSecret *key, const char *bound, const guint8 *text, gsize size)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_aead_open(key, bound, strlen(bound), text, size, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
}

static void test_altered(void)
{
    g_autoptr(SrSecret) key = sr_random_secret(SR_AEAD_KEY_SIZE, NULL);
    g_autoptr(SrSecret) other = sr_random_secret(SR_AEAD_KEY_SIZE, NULL);
    g_autoptr(GByteArray) sealed = sr_aead_seal(key, "here", 4, (const guint8 *)"secret", 6, NULL);

    for (guint bit = 0; bit < 8 * sealed->len; bit++) {
        sealed->data[bit / 8] ^= (guint8)(1 << bit % 8);
        assert_corrupt(key, "here", sealed->data, sealed->len);
        sealed->data[bit / 8] ^= (guint8)(1 << bit % 8);
    }
    for (guint size = 0; size < sealed->len; size++)
        assert_corrupt(key, "here", sealed->data, size);
    assert_corrupt(other, "here", sealed->data, sealed->len);
    assert_corrupt(key, "there", sealed->data, sealed->len);
    assert_corrupt(key, "", sealed->data, sealed->len);
}

static void test_fresh_nonce(void)
{
    g_autoptr(SrSecret) key = zero_key();
    g_autoptr(GByteArray) a = sr_aead_seal(key, NULL, 0, (const guint8 *)"x", 1, NULL);
    g_autoptr(GByteArray) b = sr_aead_seal(key, NULL, 0, (const guint8 *)"x", 1, NULL);

    g_assert_true(memcmp(a->data, b->data, 12) != 0);
}

static void test_sizes(void)
{
    g_autoptr(SrSecret) key = zero_key();
    g_autoptr(SrSecret) short_key = sr_secret_new(16, NULL);
    g_autoptr(GError) error = NULL;
    const guint8 text[SR_AEAD_OVERHEAD] = {0};

    g_assert_null(sr_aead_seal(short_key, NULL, 0, text, 1, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INTERNAL);
    g_clear_error(&error);
    g_assert_null(sr_aead_open(short_key, NULL, 0, text, sizeof text, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_INTERNAL);
    g_clear_error(&error);
    g_assert_null(sr_aead_seal(key, NULL, 0, text, G_MAXSIZE, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/aead/what-was-sealed-opens", test_round_trip);
    g_test_add_func("/aead/published-cases-open", test_published);
    g_test_add_func("/aead/every-altered-bit-and-cut-is-noticed", test_altered);
    g_test_add_func("/aead/each-seal-has-a-fresh-nonce", test_fresh_nonce);
    g_test_add_func("/aead/wrong-sizes-are-refused", test_sizes);
    return g_test_run();
}
