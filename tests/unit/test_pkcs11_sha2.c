/* The module's SHA-2, against FIPS 180-4's examples and OpenSSL. */
#include "pkcs11/sha2.h"
#include "support/assert_bytes.h"

#include <glib.h>
#include <openssl/evp.h>
#include <string.h>

static void digest_hex(SrSha2Kind kind, const void *data, size_t size, char ret_hex[129])
{
    SrSha2 sha2;
    uint8_t digest[SR_SHA2_SIZE_MAX];

    sr_sha2_init(&sha2, kind);
    sr_sha2_update(&sha2, data, size);
    sr_sha2_final(&sha2, digest);
    for (size_t i = 0; i < sr_sha2_size(kind); i++)
        g_snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}

/* NIST's "Examples with Intermediate Values": one block, two blocks, and a million letters a. */
static void test_examples(void)
{
    static const char short_text[] = "abc";
    static const char narrow_text[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const char wide_text[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                                    "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";
    g_autofree char *million = g_malloc(1000000);
    const struct {
        SrSha2Kind kind;
        const char *text;
        size_t size;
        const char *digest;
    } rows[] = {
        {SR_SHA256, short_text, 3,
         "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {SR_SHA256, narrow_text, 56,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {SR_SHA256, million, 1000000,
         "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
        {SR_SHA256, NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {SR_SHA384, short_text, 3,
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
         "8086072ba1e7cc2358baeca134c825a7"},
        {SR_SHA384, wide_text, 112,
         "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712"
         "fcc7c71a557e2db966c3e9fa91746039"},
        {SR_SHA512, short_text, 3,
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
         "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
        {SR_SHA512, wide_text, 112,
         "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
         "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"},
    };

    memset(million, 'a', 1000000);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char hex[129];

        digest_hex(rows[i].kind, rows[i].text, rows[i].size, hex);
        g_assert_cmpstr(hex, ==, rows[i].digest);
    }
}

/* In one piece, and in pieces of random sizes. */
static void check_length(SrSha2Kind kind, const uint8_t *data, size_t size)
{
    static const char *const names[] = {"SHA256", "SHA384", "SHA512"};
    unsigned char expected[SR_SHA2_SIZE_MAX];
    uint8_t digest[SR_SHA2_SIZE_MAX];
    unsigned length = 0;
    SrSha2 sha2;

    g_assert_true(
        EVP_Digest(data, size, expected, &length, EVP_get_digestbyname(names[kind]), NULL));
    g_assert_cmpuint(length, ==, sr_sha2_size(kind));
    sr_sha2_init(&sha2, kind);
    sr_sha2_update(&sha2, data, size);
    sr_sha2_final(&sha2, digest);
    sr_assert_bytes(digest, length, expected, length);

    sr_sha2_init(&sha2, kind);
    for (size_t at = 0, step; at < size; at += step) {
        step = (size_t)g_test_rand_int_range(0, 200);
        step = MIN(step, size - at);
        sr_sha2_update(&sha2, data + at, step);
    }
    sr_sha2_final(&sha2, digest);
    sr_assert_bytes(digest, length, expected, length);
}

static void test_all_lengths(void)
{
    uint8_t data[301];

    for (size_t size = 0; size <= 300; size++) {
        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)g_test_rand_int();
        check_length(SR_SHA256, data, size);
        check_length(SR_SHA384, data, size);
        check_length(SR_SHA512, data, size);
    }
}

static void test_state_is_wiped(void)
{
    static const SrSha2 nothing;
    uint8_t digest[SR_SHA2_SIZE_MAX];
    SrSha2 sha2;

    sr_sha2_init(&sha2, SR_SHA512);
    sr_sha2_update(&sha2, "secret", 6);
    sr_sha2_final(&sha2, digest);
    sr_assert_bytes(&sha2, sizeof sha2, &nothing, sizeof nothing);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/sha2/examples-of-fips-180-4", test_examples);
    g_test_add_func("/pkcs11/sha2/as-openssl-at-all-lengths", test_all_lengths);
    g_test_add_func("/pkcs11/sha2/state-is-wiped", test_state_is_wiped);
    return g_test_run();
}
