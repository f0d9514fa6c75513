#include "oauth/dpop.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "crypto/jwk.h"
#include "support/secret_text.h"

#define NOW 1562262616

typedef struct {
    SrJson *header;
    SrJson *claims;
} Proof;

static SrJson *decode(const char *text, gsize length)
{
    g_autoptr(GByteArray) bytes = sr_base64url_decode(text, length, NULL);
    SrJson *json = sr_json_parse((const char *)bytes->data, bytes->len, NULL);

    g_assert_nonnull(json);
    return json;
}

/* Read @text and verify it with the key it carries, as a server does (RFC 9449 §4.3). */
static Proof read_proof(const char *text)
{
    const char *first = strchr(text, '.');
    const char *second = strrchr(text, '.');
    Proof proof = {decode(text, (gsize)(first - text)),
                   decode(first + 1, (gsize)(second - first - 1))};
    g_autoptr(GByteArray) signature = sr_base64url_decode(second + 1, strlen(second + 1), NULL);
    SrJson *jwk = NULL;
    g_autoptr(SrJwk) key = NULL;

    g_assert_true(json_object_object_get_ex(proof.header, "jwk", &jwk));
    g_assert_cmpint(json_object_object_length(jwk), ==, 4);
    key = sr_jwk_new(jwk, NULL);
    g_assert_nonnull(key);
    g_assert_true(sr_jwk_verify(key, SR_JWS_ES256, text, (gsize)(second - text), signature->data,
                                signature->len));
    return proof;
}

static void free_proof(Proof proof)
{
    sr_json_free(proof.header);
    sr_json_free(proof.claims);
}

/* The claims of RFC 9449 §4.2, the token of §7.1. */
static void test_proof(void)
{
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_P256, NULL);
    g_autoptr(SrSecret) token = sr_test_secret("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
    g_autofree char *text =
        sr_dpop_proof(key, "GET", "https://resource.example.org/protectedresource?a=b#c",
                      "eyJ7S_zG.eyJH0-Z.HX4w-7v", token, NOW, NULL);
    Proof proof = read_proof(text);
    gint64 issued = 0;

    g_assert_cmpstr(sr_json_string(proof.header, "typ", NULL), ==, "dpop+jwt");
    g_assert_cmpstr(sr_json_string(proof.header, "alg", NULL), ==, "ES256");
    g_assert_cmpint(json_object_object_length(proof.header), ==, 3);
    g_assert_cmpstr(sr_json_string(proof.claims, "htm", NULL), ==, "GET");
    g_assert_cmpstr(sr_json_string(proof.claims, "htu", NULL), ==,
                    "https://resource.example.org/protectedresource");
    g_assert_true(sr_json_integer_optional(proof.claims, "iat", 0, G_MAXINT64, &issued, NULL));
    g_assert_cmpint(issued, ==, NOW);
    g_assert_cmpstr(sr_json_string(proof.claims, "ath", NULL), ==,
                    "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    g_assert_cmpstr(sr_json_string(proof.claims, "nonce", NULL), ==, "eyJ7S_zG.eyJH0-Z.HX4w-7v");
    g_assert_cmpuint(strlen(sr_json_string(proof.claims, "jti", NULL)), ==, 22);
    g_assert_cmpint(json_object_object_length(proof.claims), ==, 6);
    g_assert_null(strstr(text, "Kz~8"));
    free_proof(proof);
}

static void test_least(void)
{
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_P256, NULL);
    g_autofree char *text =
        sr_dpop_proof(key, "POST", "http://127.0.0.1:1/token", NULL, NULL, NOW, NULL);
    Proof proof = read_proof(text);

    g_assert_cmpstr(sr_json_string(proof.claims, "htu", NULL), ==, "http://127.0.0.1:1/token");
    g_assert_cmpint(json_object_object_length(proof.claims), ==, 4);
    free_proof(proof);
}

static void test_unique(void)
{
    g_autoptr(SrKey) key = sr_key_generate(SR_KEY_P256, NULL);
    g_autofree char *one = sr_dpop_proof(key, "GET", "https://a/", NULL, NULL, NOW, NULL);
    g_autofree char *two = sr_dpop_proof(key, "GET", "https://a/", NULL, NULL, NOW, NULL);
    Proof first = read_proof(one);
    Proof second = read_proof(two);

    g_assert_cmpstr(sr_json_string(first.claims, "jti", NULL), !=,
                    sr_json_string(second.claims, "jti", NULL));
    free_proof(first);
    free_proof(second);
}

static void test_other_keys(void)
{
    g_autoptr(SrKey) ed25519 = sr_key_generate(SR_KEY_ED25519, NULL);
    g_autoptr(SrKey) secp256k1 = sr_key_generate(SR_KEY_SECP256K1, NULL);
    const SrKey *const keys[] = {ed25519, secp256k1};

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_dpop_proof(keys[i], "GET", "https://a/", NULL, NULL, NOW, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-dpop/claims-of-rfc-9449", test_proof);
    g_test_add_func("/oauth-dpop/without-nonce-and-token", test_least);
    g_test_add_func("/oauth-dpop/every-proof-is-another", test_unique);
    g_test_add_func("/oauth-dpop/keys-of-other-types-are-refused", test_other_keys);
    return g_test_run();
}
