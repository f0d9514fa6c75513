#include "support/token_maker.h"

#include "base/encoding.h"
#include "support/secret_text.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <string.h>

static EVP_PKEY *generate(const char *algorithm, guint bits)
{
    if (strcmp(algorithm, "EdDSA") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (strcmp(algorithm, "ES256") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
}

SrTestTokenKey *sr_test_token_key(const char *algorithm, guint bits)
{
    SrTestTokenKey *key = g_new0(SrTestTokenKey, 1);

    key->algorithm = algorithm;
    key->pair = generate(algorithm, bits);
    g_assert_nonnull(key->pair);
    return key;
}

void sr_test_token_key_free(SrTestTokenKey *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pair);
    g_free(key);
}

static char *number(const SrTestTokenKey *key, const char *name)
{
    guint8 bytes[1024];
    BIGNUM *value = NULL;
    int size;

    g_assert_cmpint(EVP_PKEY_get_bn_param(key->pair, name, &value), ==, 1);
    size = BN_bn2bin(value, bytes);
    BN_free(value);
    return sr_base64url_encode(bytes, (gsize)size);
}

char *sr_test_token_jwk(const SrTestTokenKey *key)
{
    guint8 bytes[65];
    size_t size = sizeof bytes;
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;

    if (strcmp(key->algorithm, "EdDSA") == 0) {
        g_assert_cmpint(EVP_PKEY_get_raw_public_key(key->pair, bytes, &size), ==, 1);
        first = sr_base64url_encode(bytes, size);
        return g_strdup_printf("\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"", first);
    }
    if (strcmp(key->algorithm, "ES256") == 0) {
        g_assert_cmpint(EVP_PKEY_get_octet_string_param(key->pair, OSSL_PKEY_PARAM_PUB_KEY, bytes,
                                                        sizeof bytes, &size),
                        ==, 1);
        first = sr_base64url_encode(bytes + 1, 32);
        second = sr_base64url_encode(bytes + 33, 32);
        return g_strdup_printf("\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"", first,
                               second);
    }
    first = number(key, OSSL_PKEY_PARAM_RSA_N);
    second = number(key, OSSL_PKEY_PARAM_RSA_E);
    return g_strdup_printf("\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"", first, second);
}

/* r || s of the DER signature in @bytes, which it replaces. */
static gsize unpack(guint8 *bytes, gsize size)
{
    const guint8 *at = bytes;
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)size);

    g_assert_nonnull(signature);
    BN_bn2binpad(ECDSA_SIG_get0_r(signature), bytes, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature), bytes + 32, 32);
    ECDSA_SIG_free(signature);
    return 64;
}

char *sr_test_token_signature(const SrTestTokenKey *key, const char *text)
{
    const gboolean is_eddsa = strcmp(key->algorithm, "EdDSA") == 0;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options;
    guint8 bytes[1024];
    size_t size = sizeof bytes;

    g_assert_cmpint(
        EVP_DigestSignInit(context, &options, is_eddsa ? NULL : EVP_sha256(), NULL, key->pair), ==,
        1);
    if (strcmp(key->algorithm, "PS256") == 0) {
        EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(options, 32);
    }
    g_assert_cmpint(EVP_DigestSign(context, bytes, &size, (const guint8 *)text, strlen(text)), ==,
                    1);
    EVP_MD_CTX_free(context);
    if (strcmp(key->algorithm, "ES256") == 0)
        size = unpack(bytes, size);
    return sr_base64url_encode(bytes, size);
}

SrSecret *sr_test_token(const SrTestTokenKey *key, const char *header, const char *payload)
{
    g_autofree char *head = sr_base64url_encode((const guint8 *)header, strlen(header));
    g_autofree char *body = sr_base64url_encode((const guint8 *)payload, strlen(payload));
    g_autofree char *text = g_strconcat(head, ".", body, NULL);
    g_autofree char *signature = sr_test_token_signature(key, text);
    g_autofree char *token = g_strconcat(text, ".", signature, NULL);

    return sr_test_secret(token);
}
