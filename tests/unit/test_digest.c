/* SHA-256 and random bytes. */
#include "crypto/digest.h"

#include "base/encoding.h"
#include "base/error.h"

#include <string.h>

static void test_sha256(void)
{
    static const struct {
        const char *text;
        const char *digest;
    } cases[] = {
        /* The empty message and the two examples of FIPS 180-2, appendix B. */
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = NULL;
        guint8 digest[SR_SHA256_SIZE];

        sr_sha256(cases[i].text, strlen(cases[i].text), digest);
        text = sr_hex_encode(digest, sizeof digest, FALSE);
        g_assert_cmpstr(text, ==, cases[i].digest);
    }
}

static void test_random_bytes(void)
{
    guint8 bytes[64] = {0};
    guint8 seen[256] = {0};
    guint kinds = 0;

    for (guint i = 0; i < 100; i++) {
        g_assert_true(sr_random_bytes(bytes, sizeof bytes, NULL));
        for (gsize k = 0; k < sizeof bytes; k++)
            seen[bytes[k]] = 1;
    }
    for (guint i = 0; i < 256; i++)
        kinds += seen[i];
    /* 6 400 draws miss one of 256 values about once in 3 000 000 000 runs. */
    g_assert_cmpuint(kinds, >=, 255);
    g_assert_true(sr_random_bytes(bytes, 0, NULL));
}

static void test_random_secret(void)
{
    g_autoptr(SrSecret) a = sr_random_secret(32, NULL);
    g_autoptr(SrSecret) b = sr_random_secret(32, NULL);
    g_autoptr(SrSecret) empty = sr_random_secret(0, NULL);
    g_autoptr(SrSecret) large = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpuint(sr_secret_size(a), ==, 32);
    g_assert_false(sr_secret_equal(a, b));
    g_assert_cmpuint(sr_secret_size(empty), ==, 0);
    large = sr_random_secret((gsize)SR_SECRET_MAX + 1, &error);
    g_assert_null(large);
    g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
}

static void test_alphanumeric(void)
{
    g_autofree char *text = sr_random_alphanumeric(62 * 1000, NULL);
    g_autofree char *empty = sr_random_alphanumeric(0, NULL);
    guint counts[128] = {0};
    guint kinds = 0;

    g_assert_cmpuint(strlen(text), ==, 62 * 1000);
    g_assert_cmpstr(empty, ==, "");
    for (const char *c = text; *c; c++) {
        g_assert_true(g_ascii_isalnum(*c));
        counts[(guint8)*c]++;
    }
    for (guint i = 0; i < 128; i++) {
        if (!counts[i])
            continue;
        kinds++;
        /* 1 000 expected with a deviation of 31; a bias of modulo 62 gives some letters 1 200. */
        g_assert_cmpuint(counts[i], >, 800);
        g_assert_cmpuint(counts[i], <, 1190);
    }
    g_assert_cmpuint(kinds, ==, 62);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/digest/sha256-of-the-published-examples", test_sha256);
    g_test_add_func("/digest/random-bytes-take-all-values", test_random_bytes);
    g_test_add_func("/digest/random-secrets-differ-and-are-limited", test_random_secret);
    g_test_add_func("/digest/alphanumeric-characters-are-unbiased", test_alphanumeric);
    return g_test_run();
}
