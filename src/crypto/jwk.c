#include "crypto/jwk.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/signer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#define COORDINATE_SIZE 32u
#define POINT_SIZE 65u
#define POINT_TAG 0x04u
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define RSA_EXPONENT_BITS_MAX 64

typedef enum { KIND_ED25519, KIND_P256, KIND_RSA } Kind;

struct SrJwk {
    Kind kind;
    char *id;
    gboolean is_bound; /* to @algorithm, by its "alg" */
    SrJwsAlgorithm algorithm;
    guint8 point[POINT_SIZE]; /* KIND_P256; KIND_ED25519: 32 bytes */
    EVP_PKEY *rsa;
};

static const struct {
    const char *name;
    SrJwsAlgorithm algorithm;
} algorithm_names[] = {
    {"EdDSA", SR_JWS_EDDSA}, {"Ed25519", SR_JWS_EDDSA}, {"ES256", SR_JWS_ES256},
    {"RS256", SR_JWS_RS256}, {"PS256", SR_JWS_PS256},
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIGNUM, BN_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OSSL_PARAM, OSSL_PARAM_free)

gboolean sr_jws_algorithm_from_name(const char *name, SrJwsAlgorithm *ret_algorithm)
{
    for (gsize i = 0; i < G_N_ELEMENTS(algorithm_names); i++) {
        if (strcmp(name, algorithm_names[i].name) == 0) {
            *ret_algorithm = algorithm_names[i].algorithm;
            return TRUE;
        }
    }
    return FALSE;
}

/* --- reading -------------------------------------------------------------------------------- */

static gboolean refuse(GError **error, const char *member, const char *problem)
{
    sr_error_set_at(error, SR_ERROR_MALFORMED_KEY, member, -1, "%s", problem);
    return FALSE;
}

/* The base64url member @name, exactly @size bytes. */
static gboolean read_fixed(SrJson *jwk, const char *name, guint8 *bytes, gsize size, GError **error)
{
    const char *text = sr_json_string(jwk, name, NULL);
    g_autoptr(GByteArray) decoded = text ? sr_base64url_decode(text, strlen(text), NULL) : NULL;

    if (!decoded || decoded->len != size)
        return refuse(error, name, "must be 32 bytes in base64url");
    memcpy(bytes, decoded->data, size);
    return TRUE;
}

static BIGNUM *read_number(SrJson *jwk, const char *name)
{
    const char *text = sr_json_string(jwk, name, NULL);
    g_autoptr(GByteArray) decoded = NULL;

    /* Base64 of RSA_BITS_MAX and a few leading zeros. */
    if (!text || strlen(text) > RSA_BITS_MAX / 6 + 16)
        return NULL;
    decoded = sr_base64url_decode(text, strlen(text), NULL);
    return decoded ? BN_bin2bn(decoded->data, (int)decoded->len, NULL) : NULL;
}

static EVP_PKEY *import_rsa(const BIGNUM *modulus, const BIGNUM *exponent)
{
    g_autoptr(OSSL_PARAM_BLD) builder = OSSL_PARAM_BLD_new();
    g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    g_autoptr(OSSL_PARAM) params = NULL;
    EVP_PKEY *key = NULL;

    if (!builder || !context ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) != 1)
        return NULL;
    params = OSSL_PARAM_BLD_to_param(builder);
    if (!params || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    return key;
}

static gboolean read_rsa(SrJwk *key, SrJson *jwk, GError **error)
{
    g_autoptr(BIGNUM) modulus = read_number(jwk, "n");
    g_autoptr(BIGNUM) exponent = read_number(jwk, "e");

    key->kind = KIND_RSA;
    if (!modulus || BN_num_bits(modulus) < RSA_BITS_MIN || BN_num_bits(modulus) > RSA_BITS_MAX ||
        !BN_is_odd(modulus))
        return refuse(error, "n", "must be a modulus of 2048 to 8192 bits");
    if (!exponent || BN_num_bits(exponent) > RSA_EXPONENT_BITS_MAX || !BN_is_odd(exponent) ||
        BN_is_one(exponent))
        return refuse(error, "e", "must be an odd exponent above 1");
    key->rsa = import_rsa(modulus, exponent);
    return key->rsa || refuse(error, "n", "is not an RSA key to OpenSSL");
}

static gboolean read_point(SrJwk *key, SrJson *jwk, GError **error)
{
    const guint8 nothing[SR_SIGNATURE_SIZE] = {0};
    g_autoptr(GError) problem = NULL;

    key->kind = KIND_P256;
    key->point[0] = POINT_TAG;
    if (!read_fixed(jwk, "x", key->point + 1, COORDINATE_SIZE, error) ||
        !read_fixed(jwk, "y", key->point + 1 + COORDINATE_SIZE, COORDINATE_SIZE, error))
        return FALSE;
    /* Verifying anything says whether it is on the curve. */
    sr_signature_verify(SR_KEY_P256, key->point, nothing, SR_SHA256_SIZE, nothing, &problem);
    return !problem || refuse(error, "x", "x and y are not on the curve");
}

/* The key itself, by its type and curve. */
static gboolean read_key(SrJwk *key, SrJson *jwk, GError **error)
{
    const char *type = sr_json_string(jwk, "kty", NULL);
    const char *curve = sr_json_string(jwk, "crv", NULL);

    if (g_strcmp0(type, "OKP") == 0 && g_strcmp0(curve, "Ed25519") == 0) {
        key->kind = KIND_ED25519;
        return read_fixed(jwk, "x", key->point, COORDINATE_SIZE, error);
    }
    if (g_strcmp0(type, "EC") == 0 && g_strcmp0(curve, "P-256") == 0)
        return read_point(key, jwk, error);
    if (g_strcmp0(type, "RSA") == 0)
        return read_rsa(key, jwk, error);
    return refuse(error, "kty", "must be OKP with Ed25519, EC with P-256, or RSA");
}

static gboolean type_fits(Kind kind, SrJwsAlgorithm algorithm)
{
    switch (algorithm) {
    case SR_JWS_EDDSA:
        return kind == KIND_ED25519;
    case SR_JWS_ES256:
        return kind == KIND_P256;
    case SR_JWS_RS256:
    case SR_JWS_PS256:
    default:
        return kind == KIND_RSA;
    }
}

/* "alg": then the key is for that one only (RFC 7517 §4.4). */
static gboolean read_algorithm(SrJwk *key, SrJson *jwk, GError **error)
{
    const char *name;

    if (!sr_json_string_optional(jwk, "alg", &name, NULL))
        return refuse(error, "alg", "must be a string");
    if (!name)
        return TRUE;
    key->is_bound = TRUE;
    return (sr_jws_algorithm_from_name(name, &key->algorithm) &&
            type_fits(key->kind, key->algorithm)) ||
           refuse(error, "alg", "is not an algorithm of this type of key, or unknown here");
}

/* "use" and "key_ops" (RFC 7517 §4.2, §4.3). */
static gboolean check_use(SrJson *jwk, GError **error)
{
    const char *use;
    SrJson *operations;
    gboolean verifies = FALSE;

    if (!sr_json_string_optional(jwk, "use", &use, NULL) || (use && strcmp(use, "sig") != 0))
        return refuse(error, "use", "must be \"sig\"");
    if (!sr_json_array_optional(jwk, "key_ops", &operations, NULL))
        return refuse(error, "key_ops", "must be a list");
    if (!operations)
        return TRUE;
    for (gsize i = 0; i < json_object_array_length(operations); i++) {
        SrJson *item = json_object_array_get_idx(operations, i);

        verifies |= json_object_is_type(item, json_type_string) &&
                    strcmp(json_object_get_string(item), "verify") == 0;
    }
    return verifies || refuse(error, "key_ops", "must have \"verify\"");
}

SrJwk *sr_jwk_new(SrJson *jwk, GError **error)
{
    g_autoptr(SrJwk) key = g_new0(SrJwk, 1);
    const char *id;

    if (!sr_json_string_optional(jwk, "kid", &id, NULL)) {
        refuse(error, "kid", "must be a string");
        return NULL;
    }
    key->id = g_strdup(id);
    if (!check_use(jwk, error) || !read_key(key, jwk, error) || !read_algorithm(key, jwk, error))
        return NULL;
    return g_steal_pointer(&key);
}

void sr_jwk_free(SrJwk *jwk)
{
    if (!jwk)
        return;
    g_free(jwk->id);
    EVP_PKEY_free(jwk->rsa);
    g_free(jwk);
}

const char *sr_jwk_id(const SrJwk *jwk)
{
    return jwk->id;
}

gboolean sr_jwk_fits(const SrJwk *jwk, SrJwsAlgorithm algorithm)
{
    return type_fits(jwk->kind, algorithm) && (!jwk->is_bound || jwk->algorithm == algorithm);
}

/* --- verifying ------------------------------------------------------------------------------ */

static gboolean verify_rsa(const SrJwk *jwk, SrJwsAlgorithm algorithm, const void *data, gsize size,
                           const guint8 *signature, gsize signature_size)
{
    g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
    const gboolean is_pss = algorithm == SR_JWS_PS256;
    EVP_PKEY_CTX *padding;

    if (!context || signature_size != (gsize)EVP_PKEY_get_size(jwk->rsa) ||
        EVP_DigestVerifyInit(context, &padding, EVP_sha256(), NULL, jwk->rsa) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(padding, is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) !=
            1 ||
        (is_pss && EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, RSA_PSS_SALTLEN_DIGEST) != 1))
        return FALSE;
    return EVP_DigestVerify(context, signature, signature_size, data, size) == 1;
}

gboolean sr_jwk_verify(const SrJwk *jwk, SrJwsAlgorithm algorithm, const void *data, gsize size,
                       const guint8 *signature, gsize signature_size)
{
    guint8 digest[SR_SHA256_SIZE];

    if (!sr_jwk_fits(jwk, algorithm))
        return FALSE;
    if (jwk->kind == KIND_RSA)
        return verify_rsa(jwk, algorithm, data, size, signature, signature_size);
    if (signature_size != SR_SIGNATURE_SIZE)
        return FALSE;
    if (jwk->kind == KIND_ED25519)
        return sr_signature_verify(SR_KEY_ED25519, jwk->point, data, size, signature, NULL);
    sr_sha256(data, size, digest);
    return sr_signature_verify(SR_KEY_P256, jwk->point, digest, sizeof digest, signature, NULL);
}
