/*
 * ECDSA over secp256k1 with libsecp256k1: RFC 6979 nonces, low s, recoverable signatures.
 *
 * Every signature is verified against the key before it is returned: with deterministic nonces a
 * single faulty signature beside a good one of the same digest gives the key away.
 */
#pragma once

#include "base/secret.h"

#include <glib.h>

#define SR_SECP256K1_PRIVATE_SIZE 32u
#define SR_SECP256K1_PUBLIC_SIZE 65u    /* uncompressed point: 0x04 || x || y (SEC 1 §2.3.3) */
#define SR_SECP256K1_SIGNATURE_SIZE 65u /* r || s || v with v = 27 + recovery id (EIP-191) */

/* A random private key (owned by the caller). */
SrSecret *sr_secp256k1_generate(GError **error);

/* The public key; SR_ERROR_MALFORMED_KEY when @private_key is not 32 bytes in [1, n - 1]. */
gboolean sr_secp256k1_public_key(const SrSecret *private_key,
                                 guint8 ret_public[SR_SECP256K1_PUBLIC_SIZE], GError **error);

/*
 * Sign a 32-byte digest. SR_ERROR_MALFORMED_KEY for a bad key; SR_ERROR_INTERNAL, and no signature,
 * when the result does not verify under @public_key.
 */
gboolean sr_secp256k1_sign(const SrSecret *private_key,
                           const guint8 public_key[SR_SECP256K1_PUBLIC_SIZE],
                           const guint8 digest[32],
                           guint8 ret_signature[SR_SECP256K1_SIGNATURE_SIZE], GError **error);

/*
 * The public key that made @signature over @digest. v may be 0, 1, 27 or 28; a high s is refused
 * (EIP-2). FALSE when there is none.
 */
gboolean sr_secp256k1_recover(const guint8 signature[SR_SECP256K1_SIGNATURE_SIZE],
                              const guint8 digest[32], guint8 ret_public[SR_SECP256K1_PUBLIC_SIZE]);
