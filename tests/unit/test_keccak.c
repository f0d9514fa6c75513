/* Keccak-256: our own known answers, and those of others through both paddings. */
#include "crypto/keccak.h"

#include "base/encoding.h"
#include "support/assert_bytes.h"
#include "support/vector_file.h"

#include <string.h>

#define OWN "keccak/keccak256.json"
#define ETHERS "keccak/ethers-hashes.json"
#define OPENSSL "keccak/openssl-evpmd_keccak256.txt"
#define SHA3 "keccak/geth-sha3-kats.json"

static void digest_of(const guint8 *bytes, gsize size, guint8 padding, guint8 digest[32])
{
    SrKeccak keccak;

    sr_keccak_init(&keccak);
    sr_keccak_update(&keccak, bytes, size);
    sr_keccak_final(&keccak, padding, digest);
}

static void assert_keccak(const guint8 *bytes, gsize size, const char *expected)
{
    g_autoptr(GByteArray) wanted = sr_hex_decode(expected, strlen(expected));
    guint8 digest[SR_KECCAK256_SIZE];

    sr_keccak256(bytes, size, digest);
    sr_assert_bytes(digest, sizeof digest, wanted->data, wanted->len);
}

static void test_own(void)
{
    g_autoptr(SrJson) root = sr_test_own_json(OWN);
    SrJson *rows = sr_test_member(root, "rows");

    for (gsize i = 0; i < json_object_array_length(rows); i++) {
        SrJson *row = json_object_array_get_idx(rows, i);
        g_autoptr(GByteArray) part = sr_test_hex(row, "input");
        g_autoptr(GByteArray) input = g_byte_array_new();

        for (gint n = json_object_get_int(sr_test_member(row, "repeat")); n > 0; n--)
            g_byte_array_append(input, part->data, part->len);
        assert_keccak(input->data, input->len, sr_test_string(row, "digest"));
    }
    g_assert_cmpuint(json_object_array_length(rows), ==, 15);
}

/* Fill @bytes with the input of length @size that the chain of our vectors has. */
static void fill(guint8 *bytes, guint size)
{
    for (guint j = 0; j < size; j++)
        bytes[j] = (guint8)(7 * size + j);
}

static void test_chain(void)
{
    g_autoptr(SrJson) root = sr_test_own_json(OWN);
    guint8 bytes[300], digest[32];
    g_autoptr(GByteArray) digests = g_byte_array_new();

    for (guint size = 0; size <= 300; size++) {
        fill(bytes, size);
        sr_keccak256(bytes, size, digest);
        g_byte_array_append(digests, digest, sizeof digest);
    }
    assert_keccak(digests->data, digests->len, sr_test_string(root, "chain"));
}

static void test_pieces(void)
{
    guint8 bytes[300], whole[32], pieces[32];

    fill(bytes, sizeof bytes);
    sr_keccak256(bytes, sizeof bytes, whole);
    for (gsize step = 1; step < sizeof bytes; step++) {
        SrKeccak keccak;

        sr_keccak_init(&keccak);
        for (gsize at = 0; at < sizeof bytes; at += step)
            sr_keccak_update(&keccak, bytes + at, MIN(step, sizeof bytes - at));
        sr_keccak_final(&keccak, 0x01, pieces);
        sr_assert_bytes(pieces, sizeof pieces, whole, sizeof whole);
    }
}

static void test_wiped(void)
{
    static const SrKeccak zero = {{0}, 0};
    guint8 digest[32], again[32];
    SrKeccak keccak;

    sr_keccak_init(&keccak);
    sr_keccak_update(&keccak, "secret", 6);
    sr_keccak_final(&keccak, 0x01, digest);
    sr_assert_bytes(keccak.lanes, sizeof keccak.lanes, zero.lanes, sizeof zero.lanes);
    sr_keccak_update(&keccak, "secret", 6);
    sr_keccak_final(&keccak, 0x01, again);
    sr_assert_bytes(again, sizeof again, digest, sizeof digest);
}

static void test_ethers(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(ETHERS);
    guint rows = 0;

    for (gsize i = 0; root && i < json_object_array_length(root); i++, rows++) {
        SrJson *row = json_object_array_get_idx(root, i);
        g_autoptr(GByteArray) input = sr_test_hex(row, "data");

        assert_keccak(input->data, input->len, sr_test_string(row, "keccak256"));
    }
    if (root)
        g_assert_cmpuint(rows, >, 100);
}

/* Lines "Input = …" (hexadecimal, or "" for nothing) and "Output = …". */
static void test_openssl(void)
{
    g_autofree char *text = sr_test_vector_text(OPENSSL, NULL);
    g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
    g_autoptr(GByteArray) input = NULL;
    guint rows = 0;

    for (char **line = lines; line && *line; line++) {
        if (g_str_has_prefix(*line, "Input = ")) {
            const char *hex = strcmp(*line, "Input = \"\"") == 0 ? "" : *line + 8;

            g_clear_pointer(&input, g_byte_array_unref);
            input = sr_hex_decode(hex, strlen(hex));
            g_assert_nonnull(input);
        } else if (g_str_has_prefix(*line, "Output = ")) {
            g_assert_nonnull(input);
            assert_keccak(input->data, input->len, *line + 9);
            rows++;
        }
    }
    if (text)
        g_assert_cmpuint(rows, ==, 3);
}

/* The Keccak team's answers for SHA3-256: the same sponge, padded with 0x06. */
static void test_sha3(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(SHA3);
    SrJson *rows;
    guint tried = 0;

    if (!root)
        return;
    rows = sr_test_member(sr_test_member(root, "kats"), "SHA3-256");
    for (gsize i = 0; i < json_object_array_length(rows); i++) {
        SrJson *row = json_object_array_get_idx(rows, i);
        const gint bits = json_object_get_int(sr_test_member(row, "length"));
        g_autoptr(GByteArray) input = sr_test_hex(row, "message");
        g_autoptr(GByteArray) expected = sr_test_hex(row, "digest");
        guint8 digest[32];

        if (bits % 8 != 0)
            continue;
        digest_of(input->data, (gsize)bits / 8, 0x06, digest);
        sr_assert_bytes(digest, sizeof digest, expected->data, expected->len);
        digest_of(input->data, (gsize)bits / 8, 0x01, digest);
        g_assert_true(memcmp(digest, expected->data, sizeof digest) != 0);
        tried++;
    }
    g_assert_cmpuint(tried, >, 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/keccak/known-answers-around-the-block-size", test_own);
    g_test_add_func("/keccak/all-lengths-up-to-300-bytes", test_chain);
    g_test_add_func("/keccak/pieces-of-any-size-give-the-same-digest", test_pieces);
    g_test_add_func("/keccak/the-state-is-wiped-and-ready-again", test_wiped);
    g_test_add_func("/keccak/ethers-vectors", test_ethers);
    g_test_add_func("/keccak/openssl-vectors", test_openssl);
    g_test_add_func("/keccak/sha3-256-vectors-through-the-other-padding", test_sha3);
    return g_test_run();
}
