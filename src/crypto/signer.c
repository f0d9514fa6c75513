#include "crypto/signer.h"

#include "base/error.h"
#include "crypto/secp256k1.h"
#include "crypto/secure_heap.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#define PRIVATE_SIZE 32u
#define POINT_SIZE 65u /* uncompressed (SEC 1 §2.3.3) */
#define POINT_TAG 0x04u
#define SCALAR_SIZE 32u
#define DIGEST_SIZE 32u  /* bytes of a digest that count, on both curves */
#define DER_SIZE_MAX 72u /* SEQUENCE of two INTEGERs of up to 33 bytes */

struct SrSigner {
    SrKeyType type;
    guint8 public_key[POINT_SIZE];
    guint8 *scalar;      /* secp256k1: PRIVATE_SIZE bytes in the secure heap */
    EVP_PKEY *pair;      /* the other two */
    EVP_PKEY_CTX *ecdsa; /* P-256 */
    EVP_MD_CTX *eddsa;   /* Ed25519 */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ECDSA_SIG, ECDSA_SIG_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)

static gboolean fail_openssl(GError **error, const char *what, SrKeyType type)
{
    sr_error_set(error, SR_ERROR_INTERNAL, "OpenSSL could not %s a %s key", what,
                 sr_key_type_name(type));
    return FALSE;
}

/* --- keys for OpenSSL ----------------------------------------------------------------------- */

/*
 * The P-256 key of a point and of @scalar, SCALAR_SIZE bytes in the machine's order (NULL: public
 * key only); NULL when @public_key is not an uncompressed point of the curve.
 */
static EVP_PKEY *import_p256(const guint8 public_key[POINT_SIZE], guint8 *scalar)
{
    g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    char group[] = "P-256";
    guint8 point[POINT_SIZE];
    OSSL_PARAM params[4] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
    };
    EVP_PKEY *key = NULL;

    params[2] = scalar ? OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, scalar, SCALAR_SIZE)
                       : OSSL_PARAM_construct_end();
    params[3] = OSSL_PARAM_construct_end();
    /* OpenSSL also reads the hybrid form (0x06, 0x07), which nobody means. */
    memcpy(point, public_key, sizeof point);
    if (!context || point[0] != POINT_TAG || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, scalar ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) !=
            1)
        return NULL;
    return key;
}

/* The point @public_key as a key; SR_ERROR_MALFORMED_KEY when it is none of the curve. */
static EVP_PKEY *import_p256_public(const guint8 public_key[POINT_SIZE], GError **error)
{
    EVP_PKEY *key = import_p256(public_key, NULL);

    if (!key)
        sr_error_set(error, SR_ERROR_MALFORMED_KEY,
                     "a p256 public key must be 0x04, x and y of a point of the curve");
    return key;
}

static EVP_PKEY *import_p256_pair(const SrKey *key, GError **error)
{
    g_autoptr(SrSecret) native = sr_secret_new(SCALAR_SIZE, error);
    const guint8 *big_endian = sr_secret_peek(sr_key_private(key));
    EVP_PKEY *pair;

    if (!native)
        return NULL;
    for (gsize i = 0; i < SCALAR_SIZE; i++)
        sr_secret_data(native)[i] =
            big_endian[G_BYTE_ORDER == G_LITTLE_ENDIAN ? SCALAR_SIZE - 1 - i : i];
    pair = import_p256(sr_key_public(key, NULL), sr_secret_data(native));
    if (!pair)
        fail_openssl(error, "import", SR_KEY_P256);
    return pair;
}

/* --- signers -------------------------------------------------------------------------------- */

static gboolean prepare_secp256k1(SrSigner *signer, const SrKey *key, GError **error)
{
    signer->scalar = OPENSSL_secure_malloc(PRIVATE_SIZE);
    if (!signer->scalar)
        return fail_openssl(error, "find locked memory for", SR_KEY_SECP256K1);
    memcpy(signer->scalar, sr_secret_peek(sr_key_private(key)), PRIVATE_SIZE);
    return TRUE;
}

static gboolean prepare_p256(SrSigner *signer, const SrKey *key, GError **error)
{
    signer->pair = import_p256_pair(key, error);
    if (!signer->pair)
        return FALSE;
    signer->ecdsa = EVP_PKEY_CTX_new(signer->pair, NULL);
    if (!signer->ecdsa || EVP_PKEY_sign_init(signer->ecdsa) != 1)
        return fail_openssl(error, "prepare", SR_KEY_P256);
    return TRUE;
}

static gboolean prepare_ed25519(SrSigner *signer, const SrKey *key, GError **error)
{
    /* OpenSSL 3.0 imports an Ed25519 key into common memory; only its copies of a key are in the
     * secure heap. So the signer has a copy, and the original is wiped at once. */
    g_autoptr(EVP_PKEY) imported = EVP_PKEY_new_raw_private_key(
        EVP_PKEY_ED25519, NULL, sr_secret_peek(sr_key_private(key)), PRIVATE_SIZE);

    signer->pair = imported ? EVP_PKEY_dup(imported) : NULL;
    signer->eddsa = EVP_MD_CTX_new();
    if (!signer->pair || !signer->eddsa)
        return fail_openssl(error, "prepare", SR_KEY_ED25519);
    return TRUE;
}

static gboolean prepare(SrSigner *signer, const SrKey *key, GError **error)
{
    switch (signer->type) {
    case SR_KEY_P256:
        return prepare_p256(signer, key, error);
    case SR_KEY_ED25519:
        return prepare_ed25519(signer, key, error);
    case SR_KEY_SECP256K1:
    default:
        return prepare_secp256k1(signer, key, error);
    }
}

SrSigner *sr_signer_new(const SrKey *key, GError **error)
{
    g_autoptr(SrSigner) signer = NULL;
    gsize size;
    const guint8 *public_key = sr_key_public(key, &size);

    if (!sr_secure_heap_ready(error))
        return NULL;
    signer = g_new0(SrSigner, 1);
    signer->type = sr_key_type(key);
    memcpy(signer->public_key, public_key, size);
    return prepare(signer, key, error) ? g_steal_pointer(&signer) : NULL;
}

void sr_signer_free(SrSigner *signer)
{
    if (!signer)
        return;
    EVP_MD_CTX_free(signer->eddsa);
    EVP_PKEY_CTX_free(signer->ecdsa);
    EVP_PKEY_free(signer->pair);
    OPENSSL_secure_clear_free(signer->scalar, PRIVATE_SIZE);
    g_free(signer);
}

SrKeyType sr_signer_type(const SrSigner *signer)
{
    return signer->type;
}

const guint8 *sr_signer_public(const SrSigner *signer, gsize *ret_size)
{
    if (ret_size)
        *ret_size = sr_key_public_size(signer->type);
    return signer->public_key;
}

/* --- the key again -------------------------------------------------------------------------- */

/* The scalar of a P-256 key, which OpenSSL gives in the machine's order. */
static gboolean export_p256(const SrSigner *signer, guint8 ret_private[PRIVATE_SIZE])
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, ret_private, PRIVATE_SIZE),
        OSSL_PARAM_construct_end(),
    };
    const gboolean is_read =
        EVP_PKEY_get_params(signer->pair, params) == 1 && params[0].return_size == PRIVATE_SIZE;

    for (gsize i = 0; G_BYTE_ORDER == G_LITTLE_ENDIAN && i < PRIVATE_SIZE / 2; i++) {
        const guint8 byte = ret_private[i];

        ret_private[i] = ret_private[PRIVATE_SIZE - 1 - i];
        ret_private[PRIVATE_SIZE - 1 - i] = byte;
    }
    return is_read;
}

static gboolean export_key(const SrSigner *signer, guint8 ret_private[PRIVATE_SIZE])
{
    size_t size = PRIVATE_SIZE;

    switch (signer->type) {
    case SR_KEY_P256:
        return export_p256(signer, ret_private);
    case SR_KEY_ED25519:
        return EVP_PKEY_get_raw_private_key(signer->pair, ret_private, &size) == 1;
    case SR_KEY_SECP256K1:
    default:
        memcpy(ret_private, signer->scalar, PRIVATE_SIZE);
        return TRUE;
    }
}

SrKey *sr_signer_copy_key(const SrSigner *signer, GError **error)
{
    g_autoptr(SrSecret) private_key = sr_secret_new(PRIVATE_SIZE, error);

    if (!private_key)
        return NULL;
    if (export_key(signer, sr_secret_data(private_key)))
        return sr_key_new(signer->type, g_steal_pointer(&private_key), error);
    fail_openssl(error, "copy", signer->type);
    return NULL;
}

/* --- signing -------------------------------------------------------------------------------- */

/* The number that @data stands for (SEC 1 §4.1.3), as DIGEST_SIZE bytes. */
static gboolean read_digest(const guint8 *data, gsize size, guint8 ret_digest[DIGEST_SIZE],
                            GError **error)
{
    const gsize used = MIN(size, DIGEST_SIZE);

    if (size < 1 || size > SR_SIGNATURE_DIGEST_MAX) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS, "a digest must have 1 to %u bytes, not %zu",
                     SR_SIGNATURE_DIGEST_MAX, size);
        return FALSE;
    }
    memset(ret_digest, 0, DIGEST_SIZE - used);
    memcpy(ret_digest + DIGEST_SIZE - used, data, used);
    return TRUE;
}

/* r || s of a signature in DER (RFC 3279 §2.2.3). */
static gboolean read_der(const guint8 *der, gsize size, guint8 ret_signature[SR_SIGNATURE_SIZE])
{
    g_autoptr(ECDSA_SIG) signature = d2i_ECDSA_SIG(NULL, &der, (long)size);

    return signature &&
           BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_signature, SCALAR_SIZE) == SCALAR_SIZE &&
           BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_signature + SCALAR_SIZE, SCALAR_SIZE) ==
               SCALAR_SIZE;
}

static gboolean sign_p256(SrSigner *signer, const guint8 digest[DIGEST_SIZE],
                          guint8 ret_signature[SR_SIGNATURE_SIZE], GError **error)
{
    guint8 der[DER_SIZE_MAX];
    size_t size = sizeof der;
    const int made = EVP_PKEY_sign(signer->ecdsa, der, &size, digest, DIGEST_SIZE);

    /* OpenSSL's P-256 leaves the scalars that it multiplies with on the stack: here the nonce. */
    sr_secret_wipe_stack();
    if (made != 1 || !read_der(der, size, ret_signature))
        return fail_openssl(error, "sign with", SR_KEY_P256);
    return TRUE;
}

static gboolean sign_ed25519(SrSigner *signer, const guint8 *message, gsize size,
                             guint8 ret_signature[SR_SIGNATURE_SIZE], GError **error)
{
    size_t signature_size = SR_SIGNATURE_SIZE;

    /* Later versions of OpenSSL than 3.0 want the context prepared for each signature. */
    if (EVP_DigestSignInit(signer->eddsa, NULL, NULL, NULL, signer->pair) != 1 ||
        EVP_DigestSign(signer->eddsa, ret_signature, &signature_size, message, size) != 1)
        return fail_openssl(error, "sign with", SR_KEY_ED25519);
    return TRUE;
}

gboolean sr_signer_sign(SrSigner *signer, const guint8 *data, gsize size,
                        guint8 ret_signature[SR_SIGNATURE_SIZE], GError **error)
{
    guint8 digest[DIGEST_SIZE];

    if (signer->type == SR_KEY_ED25519)
        return sign_ed25519(signer, data, size, ret_signature, error);
    if (!read_digest(data, size, digest, error))
        return FALSE;
    if (signer->type == SR_KEY_P256)
        return sign_p256(signer, digest, ret_signature, error);
    return sr_secp256k1_sign_hedged(signer->scalar, digest, ret_signature, error);
}

SrSecret *sr_signer_derive(SrSigner *signer, const guint8 peer[POINT_SIZE], GError **error)
{
    g_autoptr(EVP_PKEY_CTX) context = NULL;
    g_autoptr(EVP_PKEY) point = NULL;
    g_autoptr(SrSecret) shared = NULL;
    size_t size = SR_SIGNER_SHARED_SECRET_SIZE;
    gboolean derived;

    if (signer->type != SR_KEY_P256) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS,
                     "only a p256 key can agree on a secret, this one is %s",
                     sr_key_type_name(signer->type));
        return NULL;
    }
    point = import_p256_public(peer, error);
    shared = point ? sr_secret_new(size, error) : NULL;
    if (!shared)
        return NULL;
    context = EVP_PKEY_CTX_new(signer->pair, NULL);
    /* 0: the point was found to be on the curve, and with the cofactor 1 every one of them will do
     * (SP 800-56A §5.6.2.3.4). */
    derived = context && EVP_PKEY_derive_init(context) == 1 &&
              EVP_PKEY_derive_set_peer_ex(context, point, 0) == 1 &&
              EVP_PKEY_derive(context, sr_secret_data(shared), &size) == 1;
    sr_secret_wipe_stack();
    if (!derived || size != SR_SIGNER_SHARED_SECRET_SIZE) {
        fail_openssl(error, "agree on a secret with", SR_KEY_P256);
        return NULL;
    }
    return g_steal_pointer(&shared);
}

/* --- verifying ------------------------------------------------------------------------------ */

/* @signature in DER; the size, 0 when there is no memory. */
static gsize write_der(const guint8 signature[SR_SIGNATURE_SIZE], guint8 ret_der[DER_SIZE_MAX])
{
    g_autoptr(ECDSA_SIG) numbers = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, SCALAR_SIZE, NULL);
    BIGNUM *s = BN_bin2bn(signature + SCALAR_SIZE, SCALAR_SIZE, NULL);
    int size;

    if (!numbers || !r || !s) {
        BN_free(r);
        BN_free(s);
        return 0;
    }
    ECDSA_SIG_set0(numbers, r, s);
    size = i2d_ECDSA_SIG(numbers, &ret_der);
    return size > 0 ? (gsize)size : 0;
}

static gboolean verify_p256(const guint8 public_key[POINT_SIZE], const guint8 digest[DIGEST_SIZE],
                            const guint8 signature[SR_SIGNATURE_SIZE], GError **error)
{
    g_autoptr(EVP_PKEY) key = import_p256_public(public_key, error);
    g_autoptr(EVP_PKEY_CTX) context = NULL;
    guint8 der[DER_SIZE_MAX];
    gsize size;

    if (!key)
        return FALSE;
    context = EVP_PKEY_CTX_new(key, NULL);
    size = write_der(signature, der);
    if (!context || size == 0 || EVP_PKEY_verify_init(context) != 1)
        return fail_openssl(error, "verify with", SR_KEY_P256);
    return EVP_PKEY_verify(context, der, size, digest, DIGEST_SIZE) == 1;
}

static gboolean verify_ed25519(const guint8 *public_key, const guint8 *message, gsize size,
                               const guint8 signature[SR_SIGNATURE_SIZE], GError **error)
{
    g_autoptr(EVP_PKEY) key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, PRIVATE_SIZE);
    g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();

    if (!key || !context || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1)
        return fail_openssl(error, "verify with", SR_KEY_ED25519);
    return EVP_DigestVerify(context, signature, SR_SIGNATURE_SIZE, message, size) == 1;
}

gboolean sr_signature_verify(SrKeyType type, const guint8 *public_key, const guint8 *data,
                             gsize size, const guint8 signature[SR_SIGNATURE_SIZE], GError **error)
{
    guint8 digest[DIGEST_SIZE];

    if (type == SR_KEY_ED25519)
        return verify_ed25519(public_key, data, size, signature, error);
    if (!read_digest(data, size, digest, error))
        return FALSE;
    if (type == SR_KEY_P256)
        return verify_p256(public_key, digest, signature, error);
    return sr_secp256k1_verify(public_key, digest, signature, error);
}
