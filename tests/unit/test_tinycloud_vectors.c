/* TinyCloud's own vectors, byte for byte: ReCap, message, signature, CACAO, CID and UCAN. */
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/secp256k1.h"
#include "ethereum/message.h"
#include "ethereum/recap.h"
#include "ethereum/siwe.h"
#include "support/assert_bytes.h"
#include "support/vector_file.h"
#include "tinycloud/cacao.h"
#include "tinycloud/cid.h"
#include "tinycloud/ucan.h"

#define ACCEPT "tinycloud/grant-output-accept.json"
#define SEED 0x22 /* each byte of the session key's */

static SrSecret *secret_of(guint8 fill, guint8 last)
{
    SrSecret *secret = sr_secret_new(32, NULL);

    memset(sr_secret_data(secret), fill, 32);
    sr_secret_data(secret)[31] = last;
    return secret;
}

static void test_recap(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(ACCEPT);
    g_autofree char *uri = NULL;
    SrJson *parent;
    SrJson *recap;

    if (!root)
        return;
    parent = sr_test_member(root, "parentFormatVector");
    recap = sr_test_member(parent, "recap");
    uri = sr_recap_encode(sr_test_member(recap, "att"), sr_test_member(recap, "prf"), NULL);
    g_assert_cmpstr(uri, ==, sr_test_string(parent, "recapResource"));
}

static void test_message(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(ACCEPT);
    g_autoptr(SrSecret) key = secret_of(0, 1);
    guint8 signature[SR_SECP256K1_SIGNATURE_SIZE];
    guint8 public_key[SR_SECP256K1_PUBLIC_SIZE];
    guint8 digest[32];
    const char *text;
    SrJson *parent;

    if (!root)
        return;
    parent = sr_test_member(root, "parentFormatVector");
    text = sr_test_string(parent, "siweMessage");
    sr_message_digest((const guint8 *)text, strlen(text), digest);
    g_assert_true(sr_secp256k1_public_key(key, public_key, NULL));
    g_assert_true(sr_secp256k1_sign(key, public_key, digest, signature, NULL));
    g_autoptr(GByteArray) expected = sr_test_hex(parent, "signatureHex");
    sr_assert_bytes(signature, sizeof signature, expected->data, expected->len);
}

static void test_cacao(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(ACCEPT);
    g_autoptr(GByteArray) bytes = NULL;
    g_autofree char *cid = NULL;
    g_autofree char *header = NULL;
    g_autofree char *again = NULL;
    guint8 signature[SR_CACAO_SIGNATURE_SIZE];
    SrSiweProblem problem;
    SrJson *parent;
    SrSiwe siwe;

    if (!root)
        return;
    parent = sr_test_member(root, "parentFormatVector");
    const char *text = sr_test_string(parent, "siweMessage");
    g_autoptr(GByteArray) signed_bytes = sr_test_hex(parent, "signatureHex");
    g_autoptr(GByteArray) expected = sr_test_hex(parent, "dagCborHex");

    g_assert_true(sr_siwe_parse(text, strlen(text), &siwe, &problem));
    bytes = sr_cacao_encode(&siwe, signed_bytes->data);
    sr_assert_bytes(bytes->data, bytes->len, expected->data, expected->len);
    header = sr_base64url_encode(bytes->data, bytes->len);
    g_assert_cmpstr(header, ==, sr_test_string(parent, "dagCborBase64Url"));
    cid = sr_cid_of(bytes->data, bytes->len);
    g_assert_cmpstr(cid, ==, sr_test_string(parent, "expectedCid"));
    again = sr_cacao_decode(bytes->data, bytes->len, signature, NULL);
    g_assert_cmpstr(again, ==, text);
    sr_assert_bytes(signature, sizeof signature, signed_bytes->data, signed_bytes->len);
}

/* No byte of it can be another one: another message, another signature, or no CACAO. */
static void test_cacao_changed(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(ACCEPT);
    SrJson *parent;

    if (!root)
        return;
    parent = sr_test_member(root, "parentFormatVector");
    const char *text = sr_test_string(parent, "siweMessage");
    g_autoptr(GByteArray) bytes = sr_test_hex(parent, "dagCborHex");
    g_autoptr(GByteArray) signed_bytes = sr_test_hex(parent, "signatureHex");

    for (guint i = 0; i < bytes->len; i++) {
        guint8 signature[SR_CACAO_SIGNATURE_SIZE];
        g_autoptr(GError) error = NULL;
        g_autofree char *message = NULL;

        bytes->data[i] ^= 1;
        message = sr_cacao_decode(bytes->data, bytes->len, signature, &error);
        if (message)
            g_assert_true(strcmp(message, text) != 0 ||
                          memcmp(signature, signed_bytes->data, sizeof signature) != 0);
        else
            g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
        bytes->data[i] ^= 1;
    }
    for (guint size = 0; size < bytes->len; size++) {
        guint8 signature[SR_CACAO_SIGNATURE_SIZE];

        g_assert_null(sr_cacao_decode(bytes->data, size, signature, NULL));
    }
}

static void test_ucan(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(ACCEPT);
    g_autoptr(SrUcan) ucan = NULL;
    g_autoptr(SrKey) key = NULL;
    g_autoptr(SrSigner) signer = NULL;
    g_autofree char *again = NULL;
    g_autofree char *cid = NULL;
    SrJson *vector;

    if (!root)
        return;
    vector = sr_test_member(json_object_array_get_idx(sr_test_member(root, "cases"), 0), "ucan");
    const char *text = sr_test_string(vector, "encoded");

    ucan = sr_ucan_read(text, strlen(text), NULL);
    g_assert_nonnull(ucan);
    key = sr_key_new(SR_KEY_ED25519, secret_of(SEED, SEED), NULL);
    signer = sr_signer_new(key, NULL);
    again = sr_ucan_sign(ucan, signer, NULL);
    g_assert_cmpstr(again, ==, text);
    g_assert_true(g_str_has_prefix(again, sr_test_string(vector, "signingInputAscii")));
    cid = sr_cid_of(again, strlen(again));
    g_assert_cmpstr(cid, ==, sr_test_string(vector, "delegationId"));
}

/* No character of it can be another one. */
static void test_ucan_changed(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(ACCEPT);
    SrJson *vector;

    if (!root)
        return;
    vector = sr_test_member(json_object_array_get_idx(sr_test_member(root, "cases"), 0), "ucan");
    g_autofree char *text = g_strdup(sr_test_string(vector, "encoded"));
    const gsize length = strlen(text);

    for (gsize i = 0; i < length; i++) {
        g_autoptr(GError) error = NULL;
        const char kept = text[i];

        text[i] = kept == 'A' ? 'B' : 'A';
        g_assert_null(sr_ucan_read(text, length, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
        text[i] = kept;
        g_assert_null(sr_ucan_read(text, i, NULL));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tinycloud-vectors/the-recap-is-the-same", test_recap);
    g_test_add_func("/tinycloud-vectors/the-signature-is-the-same", test_message);
    g_test_add_func("/tinycloud-vectors/cacao-header-and-cid-are-the-same", test_cacao);
    g_test_add_func("/tinycloud-vectors/a-changed-cacao-is-another-one-or-none",
                    test_cacao_changed);
    g_test_add_func("/tinycloud-vectors/ucan-and-cid-are-the-same", test_ucan);
    g_test_add_func("/tinycloud-vectors/a-changed-ucan-is-refused", test_ucan_changed);
    return g_test_run();
}
