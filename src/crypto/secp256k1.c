#include "crypto/secp256k1.h"

#include "base/error.h"
#include "crypto/digest.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

/* v of a signature with recovery id 0 (EIP-191 signatures, after Bitcoin's message signing). */
#define V_BASE 27

static gpointer make_signing_context(gpointer unused)
{
    g_autoptr(SrSecret) seed = sr_random_secret(32, NULL);
    secp256k1_context *context;
    int randomized;

    (void)unused;
    if (!seed)
        return NULL;
    context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    randomized = secp256k1_context_randomize(context, sr_secret_peek(seed));
    sr_secret_wipe_stack();
    if (!randomized) {
        secp256k1_context_destroy(context);
        return NULL;
    }
    return context;
}

/*
 * The one exception to "no globals": a context takes as long to make and to blind as a signature.
 * It is made once, holds no key, and is only read afterwards, which the library allows from several
 * threads. Whatever needs no blinding uses the library's own static context.
 */
static const secp256k1_context *signing_context(GError **error)
{
    static GOnce once = G_ONCE_INIT;
    const secp256k1_context *context = g_once(&once, make_signing_context, NULL);

    if (!context)
        sr_error_set(error, SR_ERROR_INTERNAL,
                     "cannot blind the signing context: no random bytes or no locked memory");
    return context;
}

static gboolean fail_key(GError **error)
{
    sr_error_set(error, SR_ERROR_MALFORMED_KEY,
                 "a secp256k1 private key must be 32 bytes from 1 to the group order minus 1");
    return FALSE;
}

/*
 * Whether @private_key is a scalar in [1, n - 1].
 *
 * libsecp256k1 before 0.6 clears its copies of the key with calls that compilers drop as dead
 * stores (bitcoin-core/secp256k1 pull request 1579): the stack is wiped behind each call with a
 * key.
 */
static gboolean check_private(const SrSecret *private_key, GError **error)
{
    int valid;

    if (sr_secret_size(private_key) != SR_SECP256K1_PRIVATE_SIZE)
        return fail_key(error);
    valid = secp256k1_ec_seckey_verify(secp256k1_context_static, sr_secret_peek(private_key));
    sr_secret_wipe_stack();
    return valid || fail_key(error);
}

static void write_public(const secp256k1_pubkey *point, guint8 ret_public[SR_SECP256K1_PUBLIC_SIZE])
{
    size_t size = SR_SECP256K1_PUBLIC_SIZE;

    secp256k1_ec_pubkey_serialize(secp256k1_context_static, ret_public, &size, point,
                                  SECP256K1_EC_UNCOMPRESSED);
}

SrSecret *sr_secp256k1_generate(GError **error)
{
    for (;;) {
        g_autoptr(SrSecret) secret = sr_random_secret(SR_SECP256K1_PRIVATE_SIZE, error);

        /* About one in 2^128 random values is out of range. */
        if (!secret || check_private(secret, NULL))
            return g_steal_pointer(&secret);
    }
}

gboolean sr_secp256k1_public_key(const SrSecret *private_key,
                                 guint8 ret_public[SR_SECP256K1_PUBLIC_SIZE], GError **error)
{
    const secp256k1_context *context = signing_context(error);
    secp256k1_pubkey point;
    int created;

    if (!context || !check_private(private_key, error))
        return FALSE;
    created = secp256k1_ec_pubkey_create(context, &point, sr_secret_peek(private_key));
    sr_secret_wipe_stack();
    if (!created)
        return fail_key(error);
    write_public(&point, ret_public);
    return TRUE;
}

/* Whether @recoverable is a signature of the holder of @public_key over @digest. */
static gboolean verify(const secp256k1_ecdsa_recoverable_signature *recoverable,
                       const guint8 public_key[SR_SECP256K1_PUBLIC_SIZE], const guint8 digest[32])
{
    const secp256k1_context *context = secp256k1_context_static;
    secp256k1_ecdsa_signature signature;
    secp256k1_pubkey point;

    return secp256k1_ec_pubkey_parse(context, &point, public_key, SR_SECP256K1_PUBLIC_SIZE) &&
           secp256k1_ecdsa_recoverable_signature_convert(context, &signature, recoverable) &&
           secp256k1_ecdsa_verify(context, &signature, digest, &point);
}

gboolean sr_secp256k1_sign(const SrSecret *private_key,
                           const guint8 public_key[SR_SECP256K1_PUBLIC_SIZE],
                           const guint8 digest[32],
                           guint8 ret_signature[SR_SECP256K1_SIGNATURE_SIZE], GError **error)
{
    const secp256k1_context *context = signing_context(error);
    secp256k1_ecdsa_recoverable_signature signature;
    int recovery_id;
    int made;

    if (!context)
        return FALSE;
    if (sr_secret_size(private_key) != SR_SECP256K1_PRIVATE_SIZE)
        return fail_key(error);
    /* NULL: the nonce of RFC 6979. The library gives low s, and fails for a key out of range. */
    made = secp256k1_ecdsa_sign_recoverable(context, &signature, digest,
                                            sr_secret_peek(private_key), NULL, NULL);
    sr_secret_wipe_stack();
    if (!made)
        return fail_key(error);
    if (!verify(&signature, public_key, digest)) {
        sr_error_set(error, SR_ERROR_INTERNAL,
                     "a signature did not verify under the public key and was thrown away");
        return FALSE;
    }
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context, ret_signature, &recovery_id,
                                                            &signature);
    ret_signature[64] = (guint8)(V_BASE + recovery_id);
    return TRUE;
}

/* The recovery id of v = 0, 1, 27 or 28; -1 for other values. */
static int parse_v(guint8 v)
{
    const int id = v >= V_BASE ? v - V_BASE : v;

    return id <= 1 ? id : -1;
}

gboolean sr_secp256k1_recover(const guint8 signature[SR_SECP256K1_SIGNATURE_SIZE],
                              const guint8 digest[32], guint8 ret_public[SR_SECP256K1_PUBLIC_SIZE])
{
    const secp256k1_context *context = secp256k1_context_static;
    const int id = parse_v(signature[64]);
    secp256k1_ecdsa_recoverable_signature recoverable;
    secp256k1_ecdsa_signature plain;
    secp256k1_pubkey point;

    if (id < 0 ||
        !secp256k1_ecdsa_recoverable_signature_parse_compact(context, &recoverable, signature, id))
        return FALSE;
    secp256k1_ecdsa_recoverable_signature_convert(context, &plain, &recoverable);
    if (secp256k1_ecdsa_signature_normalize(context, NULL, &plain))
        return FALSE;
    if (!secp256k1_ecdsa_recover(context, &point, &recoverable, digest))
        return FALSE;
    write_public(&point, ret_public);
    return TRUE;
}

gboolean sr_secp256k1_sign_hedged(const guint8 private_key[SR_SECP256K1_PRIVATE_SIZE],
                                  const guint8 digest[32],
                                  guint8 ret_signature[SR_SECP256K1_COMPACT_SIZE], GError **error)
{
    const secp256k1_context *context = signing_context(error);
    secp256k1_ecdsa_signature signature;
    guint8 extra[32];
    int made;

    if (!context || !sr_random_bytes(extra, sizeof extra, error))
        return FALSE;
    made = secp256k1_ecdsa_sign(context, &signature, digest, private_key,
                                secp256k1_nonce_function_rfc6979, extra);
    sr_secret_wipe_stack();
    if (!made)
        return fail_key(error);
    secp256k1_ecdsa_signature_serialize_compact(context, ret_signature, &signature);
    return TRUE;
}

gboolean sr_secp256k1_verify(const guint8 public_key[SR_SECP256K1_PUBLIC_SIZE],
                             const guint8 digest[32],
                             const guint8 signature[SR_SECP256K1_COMPACT_SIZE], GError **error)
{
    const secp256k1_context *context = secp256k1_context_static;
    secp256k1_ecdsa_signature parsed;
    secp256k1_pubkey point;

    /* The library also reads the hybrid form (0x06, 0x07), which nobody means. */
    if (public_key[0] != SECP256K1_TAG_PUBKEY_UNCOMPRESSED ||
        !secp256k1_ec_pubkey_parse(context, &point, public_key, SR_SECP256K1_PUBLIC_SIZE)) {
        sr_error_set(error, SR_ERROR_MALFORMED_KEY,
                     "a secp256k1 public key must be 0x04, x and y of a point of the curve");
        return FALSE;
    }
    if (!secp256k1_ecdsa_signature_parse_compact(context, &parsed, signature))
        return FALSE;
    secp256k1_ecdsa_signature_normalize(context, &parsed, &parsed);
    return secp256k1_ecdsa_verify(context, &parsed, digest, &point);
}
