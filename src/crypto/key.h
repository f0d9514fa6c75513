/*
 * A private key with its type and public key, whatever the curve.
 *
 * The private bytes are a SrSecret; the public key is derived once, when the key is made, and is
 * what the store's record is checked against at every load.
 */
#pragma once

#include "base/secret.h"

#include <glib.h>

typedef enum {
    SR_KEY_SECP256K1, /* Ethereum accounts */
    SR_KEY_P256,      /* ssh, TLS and the like */
    SR_KEY_ED25519,
} SrKeyType;

typedef struct SrKey SrKey;

/* "secp256k1", "p256", "ed25519" (static text), and back; FALSE for another name. */
const char *sr_key_type_name(SrKeyType type);
gboolean sr_key_type_from_name(const char *name, SrKeyType *ret_type);

/* A new random key (owned by the caller). */
SrKey *sr_key_generate(SrKeyType type, GError **error);

/*
 * The key of 32 private bytes (secp256k1 and P-256: the scalar, big-endian; Ed25519: the seed of
 * RFC 8032 §5.1.5). Takes @private_key, also on failure. SR_ERROR_MALFORMED_KEY when out of range.
 */
SrKey *sr_key_new(SrKeyType type, SrSecret *private_key, GError **error);

/* A copy of @key, its private bytes in locked memory of their own. Owned by the caller. */
SrKey *sr_key_copy(const SrKey *key, GError **error);

/* Its type. */
SrKeyType sr_key_type(const SrKey *key);

/* 32 private bytes, borrowed. */
const SrSecret *sr_key_private(const SrKey *key);

/* The public key: a 65-byte uncompressed point, or 32 bytes for Ed25519. Borrowed. */
const guint8 *sr_key_public(const SrKey *key, gsize *ret_size);

/* Bytes of a public key of @type: 65 or 32. */
gsize sr_key_public_size(SrKeyType type);

/* did:key of a public key (W3C did:key v0.7: multicodec prefix, base58btc). Owned by the caller. */
char *sr_key_did(SrKeyType type, const guint8 *public_key);

/* Wipe and free; NULL is fine. */
void sr_key_free(SrKey *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrKey, sr_key_free)
