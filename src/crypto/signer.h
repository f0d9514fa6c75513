/*
 * Raw signatures for applications (PKCS#11), prepared once for each key so that a signature costs
 * little more than its arithmetic.
 *
 * Unlike secp256k1.h, which the Ethereum paths use, nothing is verified afterwards; instead every
 * ECDSA nonce is hedged: RFC 6979 with fresh randomness (secp256k1), random (P-256, OpenSSL), so a
 * fault does not give the key away. secp256k1 signatures always have a low s.
 */
#pragma once

#include "crypto/key.h"

#define SR_SIGNATURE_SIZE 64u /* r || s (ECDSA), R || S (Ed25519) */

typedef struct SrSigner SrSigner;

/* Prepare to sign with @key, of which the signer keeps a copy in locked memory. Owned by the
 * caller. */
SrSigner *sr_signer_new(const SrKey *key, GError **error);

/* Wipe and free; NULL is fine. */
void sr_signer_free(SrSigner *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrSigner, sr_signer_free)

/* Its type, and its public key (borrowed). */
SrKeyType sr_signer_type(const SrSigner *signer);
const guint8 *sr_signer_public(const SrSigner *signer, gsize *ret_size);

/*
 * Sign @size bytes. ECDSA: they are a digest, of which the leftmost 32 bytes count (SEC 1 §4.1.3);
 * a shorter one is a smaller number. Ed25519: they are the message (RFC 8032 §5.1.6).
 */
gboolean sr_signer_sign(SrSigner *signer, const guint8 *data, gsize size,
                        guint8 ret_signature[SR_SIGNATURE_SIZE], GError **error);

/*
 * Whether @signature over @data (as above) is by @public_key (65-byte point or 32 bytes); a high s
 * is a valid one here, as the standard has it. SR_ERROR_MALFORMED_KEY for a public key that is
 * none; a signature that does not fit gives FALSE without an error.
 */
gboolean sr_signature_verify(SrKeyType type, const guint8 *public_key, const guint8 *data,
                             gsize size, const guint8 signature[SR_SIGNATURE_SIZE], GError **error);

/*
 * The shared secret of a P-256 signer and @peer: the x coordinate, 32 bytes (SP 800-56A §5.7.1.2).
 * SR_ERROR_MALFORMED_KEY when @peer is not a point of the curve; _INVALID_PARAMS for another type.
 * Owned by the caller.
 */
SrSecret *sr_signer_derive(SrSigner *signer, const guint8 peer[65], GError **error);
