/*
 * Sealing a private key under a passphrase of its own, before it enters a store: reading the
 * keyring is then not enough. scrypt makes the key of an AES-256-GCM seal; the associated data
 * binds the type and the public key.
 *
 * Text form, one line: "scrypt:N:r:p:SALT:SEALED" with base64url fields.
 */
#pragma once

#include "base/secret.h"
#include "crypto/kdf.h"
#include "crypto/key.h"

/* Seal the private bytes of @key. About half a second with SR_SCRYPT_DEFAULT: not on a main loop.
 * The passphrase must not be empty (SR_ERROR_INVALID_PARAMS). Result owned by the caller. */
char *sr_seal_key(const SrKey *key, const SrSecret *passphrase, SrScryptCost cost, GError **error);

/*
 * Open @sealed; the result's public key equals @public_key. SR_ERROR_WRONG_PASSPHRASE when it does
 * not open, SR_ERROR_CORRUPT when the text is malformed, SR_ERROR_LIMIT_EXCEEDED for absurd costs.
 */
SrKey *sr_unseal_key(SrKeyType type, const guint8 *public_key, const char *sealed,
                     const SrSecret *passphrase, GError **error);
