/*
 * Raw signatures for applications (PKCS#11), prepared once for each key so that a signature costs
 * little more than its arithmetic.
 *
 * Unlike secp256k1.h's other signatures, which the Ethereum paths use, nothing is verified
 * afterwards; instead every ECDSA nonce is hedged, so that a fault does not give the key away:
 * RFC 6979 with fresh randomness (secp256k1), SHA-512 of key, digest and fresh randomness (P-256,
 * OpenSSL). secp256k1 signatures always have a low s. Ed25519 is deterministic, as RFC 8032 wants
 * it.
 *
 * A signer is used by one thread at a time; different signers may be used at once.
 * While it lives, the private key lies in OpenSSL's secure heap (crypto/secure_heap.h) and nowhere
 * else.
 */
#pragma once

#include "crypto/key.h"

#define SR_SIGNATURE_SIZE 64u            /* r || s (ECDSA), R || S (Ed25519) */
#define SR_SIGNATURE_DIGEST_MAX 64u      /* bytes of the longest digest: SHA-512 */
#define SR_SIGNER_SHARED_SECRET_SIZE 32u /* bytes of what sr_signer_derive returns */

typedef struct SrSigner SrSigner;

/*
 * Prepare to sign with @key, of which the signer keeps a copy. Owned by the caller.
 * SR_ERROR_LIMIT_EXCEEDED when there is no locked memory for it.
 */
SrSigner *sr_signer_new(const SrKey *key, GError **error);

/* Wipe and free; NULL is fine. */
void sr_signer_free(SrSigner *signer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrSigner, sr_signer_free)

/* The type of its key. */
SrKeyType sr_signer_type(const SrSigner *signer);

/* Its public key: a 65-byte uncompressed point, or 32 bytes for Ed25519. Borrowed. */
const guint8 *sr_signer_public(const SrSigner *signer, gsize *ret_size);

/* A copy of its key, for what is stored; owned by the caller. SR_ERROR_LIMIT_EXCEEDED when there is
 * no locked memory for it. */
SrKey *sr_signer_copy_key(const SrSigner *signer, GError **error);

/*
 * Sign @size bytes. ECDSA: they are a digest of 1 to SR_SIGNATURE_DIGEST_MAX bytes
 * (SR_ERROR_INVALID_PARAMS for another size), of which the leftmost 32 count (SEC 1 §4.1.3); a
 * shorter one is a smaller number. Ed25519: they are the message (RFC 8032 §5.1.6), of any size.
 * SR_ERROR_INTERNAL when the library fails; @ret_signature is undefined then.
 */
gboolean sr_signer_sign(SrSigner *signer, const guint8 *data, gsize size,
                        guint8 ret_signature[SR_SIGNATURE_SIZE], GError **error);

/*
 * Whether @signature over @data (as above) is by @public_key (65-byte point or 32 bytes); a high s
 * is a valid one here, as the standard has it. SR_ERROR_MALFORMED_KEY for a public key that is not
 * an uncompressed point of the curve (every 32 bytes pass as an Ed25519 key, and those that are no
 * point have no signatures); SR_ERROR_INVALID_PARAMS for a digest of a wrong size; a signature that
 * does not fit gives FALSE without an error.
 */
gboolean sr_signature_verify(SrKeyType type, const guint8 *public_key, const guint8 *data,
                             gsize size, const guint8 signature[SR_SIGNATURE_SIZE], GError **error);

/*
 * The shared secret of a P-256 signer and @peer: the x coordinate, SR_SIGNER_SHARED_SECRET_SIZE
 * bytes (SP 800-56A §5.7.1.2). SR_ERROR_MALFORMED_KEY when @peer is not an uncompressed point of
 * the curve; SR_ERROR_INVALID_PARAMS for a signer of another type. Owned by the caller.
 */
SrSecret *sr_signer_derive(SrSigner *signer, const guint8 peer[65], GError **error);
