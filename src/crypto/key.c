#include "crypto/key.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/secp256k1.h"
#include "crypto/secure_heap.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <string.h>

#define PRIVATE_SIZE 32u
#define PUBLIC_SIZE_MAX 65u

struct SrKey {
    SrKeyType type;
    SrSecret *private_key;
    guint8 public_key[PUBLIC_SIZE_MAX];
};

typedef struct {
    const char *name;
    gsize public_size;
    guint8 multicodec[2]; /* the key's code in the multicodec table, as an unsigned varint */
} TypeInfo;

static const TypeInfo type_infos[] = {
    [SR_KEY_SECP256K1] = {"secp256k1", 65, {0xe7, 0x01}},
    [SR_KEY_P256] = {"p256", 65, {0x80, 0x24}},
    [SR_KEY_ED25519] = {"ed25519", 32, {0xed, 0x01}},
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIGNUM, BN_clear_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BN_CTX, BN_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EC_POINT, EC_POINT_clear_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)

const char *sr_key_type_name(SrKeyType type)
{
    return type_infos[type].name;
}

gboolean sr_key_type_from_name(const char *name, SrKeyType *ret_type)
{
    for (gsize i = 0; i < G_N_ELEMENTS(type_infos); i++) {
        if (strcmp(name, type_infos[i].name) == 0) {
            *ret_type = (SrKeyType)i;
            return TRUE;
        }
    }
    return FALSE;
}

gsize sr_key_public_size(SrKeyType type)
{
    return type_infos[type].public_size;
}

static gboolean fail_openssl(GError **error, SrKeyType type)
{
    sr_error_set(error, SR_ERROR_INTERNAL, "OpenSSL could not derive the public key of a %s key",
                 sr_key_type_name(type));
    return FALSE;
}

static gpointer make_p256_group(gpointer unused)
{
    (void)unused;
    return EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

/*
 * An exception to "no globals": making the group takes longer than multiplying with it, which shows
 * when thousands of keys are read. It is only read once it is made.
 */
static const EC_GROUP *p256_group(void)
{
    static GOnce once = G_ONCE_INIT;

    return g_once(&once, make_p256_group, NULL);
}

/* The scalar in @private_key; FALSE when it is not in [1, n - 1] of @group. */
static gboolean read_scalar(const EC_GROUP *group, const SrSecret *private_key, BIGNUM *scalar,
                            GError **error)
{
    BN_set_flags(scalar, BN_FLG_CONSTTIME);
    if (!BN_bin2bn(sr_secret_peek(private_key), (int)PRIVATE_SIZE, scalar))
        return fail_openssl(error, SR_KEY_P256);
    if (BN_is_zero(scalar) || BN_cmp(scalar, EC_GROUP_get0_order(group)) >= 0) {
        sr_error_set(error, SR_ERROR_MALFORMED_KEY,
                     "a p256 private key must be from 1 to the group order minus 1");
        return FALSE;
    }
    return TRUE;
}

static gboolean derive_p256(const SrSecret *private_key, guint8 *ret_public, GError **error)
{
    const EC_GROUP *group = p256_group();
    g_autoptr(EC_POINT) point = group ? EC_POINT_new(group) : NULL;
    g_autoptr(BIGNUM) scalar = NULL;
    g_autoptr(BN_CTX) context = NULL;
    int multiplied;

    if (!sr_secure_heap_ready(error))
        return FALSE;
    scalar = BN_secure_new();
    context = BN_CTX_secure_new();
    if (!point || !scalar || !context)
        return fail_openssl(error, SR_KEY_P256);
    if (!read_scalar(group, private_key, scalar, error))
        return FALSE;
    multiplied = EC_POINT_mul(group, point, scalar, NULL, NULL, context);
    sr_secret_wipe_stack(); /* where OpenSSL's P-256 leaves the scalar */
    if (!multiplied || EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret_public,
                                          PUBLIC_SIZE_MAX, context) != PUBLIC_SIZE_MAX)
        return fail_openssl(error, SR_KEY_P256);
    return TRUE;
}

static gboolean derive_ed25519(const SrSecret *private_key, guint8 *ret_public, GError **error)
{
    g_autoptr(EVP_PKEY) pair = EVP_PKEY_new_raw_private_key(
        EVP_PKEY_ED25519, NULL, sr_secret_peek(private_key), PRIVATE_SIZE);
    size_t size = sr_key_public_size(SR_KEY_ED25519);

    if (!pair || EVP_PKEY_get_raw_public_key(pair, ret_public, &size) != 1)
        return fail_openssl(error, SR_KEY_ED25519);
    return TRUE;
}

static gboolean derive_public(SrKey *key, GError **error)
{
    if (sr_secret_size(key->private_key) != PRIVATE_SIZE) {
        sr_error_set(error, SR_ERROR_MALFORMED_KEY,
                     "a %s private key must be %u bytes, this one has %zu",
                     sr_key_type_name(key->type), PRIVATE_SIZE, sr_secret_size(key->private_key));
        return FALSE;
    }
    switch (key->type) {
    case SR_KEY_P256:
        return derive_p256(key->private_key, key->public_key, error);
    case SR_KEY_ED25519:
        return derive_ed25519(key->private_key, key->public_key, error);
    case SR_KEY_SECP256K1:
    default:
        return sr_secp256k1_public_key(key->private_key, key->public_key, error);
    }
}

SrKey *sr_key_new(SrKeyType type, SrSecret *private_key, GError **error)
{
    g_autoptr(SrKey) key = g_new0(SrKey, 1);

    key->type = type;
    key->private_key = private_key;
    if (!derive_public(key, error))
        return NULL;
    return g_steal_pointer(&key);
}

SrKey *sr_key_generate(SrKeyType type, GError **error)
{
    for (;;) {
        g_autoptr(GError) problem = NULL;
        SrSecret *secret = sr_random_secret(PRIVATE_SIZE, error);
        SrKey *key;

        if (!secret)
            return NULL;
        key = sr_key_new(type, secret, &problem);
        if (key)
            return key;
        /* One random value in 2^32 (P-256) or 2^128 (secp256k1) is out of range. */
        if (!g_error_matches(problem, SR_ERROR, SR_ERROR_MALFORMED_KEY)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return NULL;
        }
    }
}

SrKey *sr_key_copy(const SrKey *key, GError **error)
{
    SrSecret *bytes = sr_secret_new_copy(sr_secret_peek(key->private_key),
                                         sr_secret_size(key->private_key), error);

    return bytes ? sr_key_new(key->type, bytes, error) : NULL;
}

SrKeyType sr_key_type(const SrKey *key)
{
    return key->type;
}

const SrSecret *sr_key_private(const SrKey *key)
{
    return key->private_key;
}

const guint8 *sr_key_public(const SrKey *key, gsize *ret_size)
{
    if (ret_size)
        *ret_size = sr_key_public_size(key->type);
    return key->public_key;
}

char *sr_key_did(SrKeyType type, const guint8 *public_key)
{
    guint8 bytes[2 + 33];
    g_autofree char *text = NULL;
    gsize size = 2;

    memcpy(bytes, type_infos[type].multicodec, 2);
    if (type == SR_KEY_ED25519) {
        memcpy(bytes + size, public_key, 32);
        size += 32;
    } else {
        /* Compressed point (SEC 1 §2.3.3): the parity of y, then x. */
        bytes[size] = (guint8)(2 | (public_key[64] & 1));
        memcpy(bytes + size + 1, public_key + 1, 32);
        size += 33;
    }
    text = sr_base58_encode(bytes, size);
    return g_strconcat("did:key:z", text, NULL);
}

void sr_key_free(SrKey *key)
{
    if (!key)
        return;
    sr_secret_free(key->private_key);
    g_free(key);
}
