#include "oauth/dpop.h"

#include "base/encoding.h"
#include "base/error.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/signer.h"

#include <string.h>

#define COORDINATE_SIZE 32u
#define ID_SIZE 16u /* random bytes of "jti" */

static void add_bytes(SrJson *object, const char *name, const guint8 *bytes, gsize size)
{
    g_autofree char *text = sr_base64url_encode(bytes, size);

    sr_json_add_string(object, name, text);
}

/* The header: type, algorithm and the public key as JWK (RFC 9449 §4.2, RFC 7518 §6.2.1). */
static SrJson *make_header(const SrKey *key)
{
    const guint8 *point = sr_key_public(key, NULL);
    SrJson *header = json_object_new_object();
    SrJson *jwk = json_object_new_object();

    sr_json_add_string(jwk, "kty", "EC");
    sr_json_add_string(jwk, "crv", "P-256");
    add_bytes(jwk, "x", point + 1, COORDINATE_SIZE);
    add_bytes(jwk, "y", point + 1 + COORDINATE_SIZE, COORDINATE_SIZE);
    sr_json_add_string(header, "typ", "dpop+jwt");
    sr_json_add_string(header, "alg", "ES256");
    sr_json_add(header, "jwk", jwk);
    return header;
}

static SrJson *make_claims(const char *method, const char *url, const char *nonce,
                           const SrSecret *access_token, gint64 now, GError **error)
{
    g_autofree char *address = g_strndup(url, strcspn(url, "?#"));
    guint8 id[ID_SIZE];
    SrJson *claims;

    if (!sr_random_bytes(id, sizeof id, error))
        return NULL;
    claims = json_object_new_object();
    add_bytes(claims, "jti", id, sizeof id);
    sr_json_add_string(claims, "htm", method);
    sr_json_add_string(claims, "htu", address);
    sr_json_add_integer(claims, "iat", now);
    if (access_token) {
        guint8 hash[SR_SHA256_SIZE];

        sr_sha256(sr_secret_peek(access_token), sr_secret_size(access_token), hash);
        add_bytes(claims, "ath", hash, sizeof hash);
    }
    if (nonce)
        sr_json_add_string(claims, "nonce", nonce);
    return claims;
}

/* base64url of its compact text. */
static char *encode(SrJson *value)
{
    g_autofree char *text = sr_json_text(value);

    return sr_base64url_encode((const guint8 *)text, strlen(text));
}

/* @text with its signature behind it (RFC 7515 §5.1). Takes nothing. */
static char *sign(const SrKey *key, const char *text, GError **error)
{
    g_autoptr(SrSigner) signer = sr_signer_new(key, error);
    g_autofree char *signature = NULL;
    guint8 bytes[SR_SIGNATURE_SIZE];
    guint8 digest[SR_SHA256_SIZE];

    sr_sha256(text, strlen(text), digest);
    if (!signer || !sr_signer_sign(signer, digest, sizeof digest, bytes, error))
        return NULL;
    signature = sr_base64url_encode(bytes, sizeof bytes);
    return g_strconcat(text, ".", signature, NULL);
}

char *sr_dpop_proof(const SrKey *key, const char *method, const char *url, const char *nonce,
                    const SrSecret *access_token, gint64 now, GError **error)
{
    g_autoptr(SrJson) header = NULL;
    g_autoptr(SrJson) claims = NULL;
    g_autofree char *head = NULL;
    g_autofree char *body = NULL;
    g_autofree char *text = NULL;

    if (sr_key_type(key) != SR_KEY_P256) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS, "a proof needs a p256 key, this one is %s",
                     sr_key_type_name(sr_key_type(key)));
        return NULL;
    }
    claims = make_claims(method, url, nonce, access_token, now, error);
    if (!claims)
        return NULL;
    header = make_header(key);
    head = encode(header);
    body = encode(claims);
    text = g_strconcat(head, ".", body, NULL);
    return sign(key, text, error);
}
