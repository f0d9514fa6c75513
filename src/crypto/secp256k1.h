/*
 * ECDSA over secp256k1 with libsecp256k1: RFC 6979 nonces, low s, recoverable signatures.
 *
 * sr_secp256k1_sign verifies every signature against the key before it returns it: with
 * deterministic nonces a single faulty signature beside a good one of the same digest gives the key
 * away. The hedged nonces of sr_secp256k1_sign_hedged make that needless.
 */
#pragma once

#include "base/secret.h"

#include <glib.h>

#define SR_SECP256K1_PRIVATE_SIZE 32u
#define SR_SECP256K1_PUBLIC_SIZE 65u    /* uncompressed point: 0x04 || x || y (SEC 1 §2.3.3) */
#define SR_SECP256K1_SIGNATURE_SIZE 65u /* r || s || v with v = 27 + recovery id (EIP-191) */
#define SR_SECP256K1_COMPACT_SIZE 64u   /* r || s */

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

/*
 * Sign a 32-byte digest with 32 private bytes, the nonce that of RFC 6979 §3.6 with 32 fresh random
 * bytes as additional data: no two signatures share one, whatever goes wrong in computing them. The
 * signature has a low s and is not verified. SR_ERROR_MALFORMED_KEY for a key out of range,
 * SR_ERROR_INTERNAL without random bytes.
 */
gboolean sr_secp256k1_sign_hedged(const guint8 private_key[SR_SECP256K1_PRIVATE_SIZE],
                                  const guint8 digest[32],
                                  guint8 ret_signature[SR_SECP256K1_COMPACT_SIZE], GError **error);

/*
 * Whether @signature over @digest is by @public_key (SEC 1 §4.1.4); a high s is as good as a low
 * one here. SR_ERROR_MALFORMED_KEY when @public_key is not an uncompressed point of the curve; a
 * signature that does not fit gives FALSE without an error.
 */
gboolean sr_secp256k1_verify(const guint8 public_key[SR_SECP256K1_PUBLIC_SIZE],
                             const guint8 digest[32],
                             const guint8 signature[SR_SECP256K1_COMPACT_SIZE], GError **error);
