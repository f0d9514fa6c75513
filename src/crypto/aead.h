/*
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for each sealed text.
 * Sealed form: nonce (12) || ciphertext || tag (16). At most 2^32 seals under one key (§8.3).
 */
#pragma once

#include "base/secret.h"

#include <glib.h>

#define SR_AEAD_KEY_SIZE 32u
#define SR_AEAD_OVERHEAD 28u

/* Seal @plain under @key, binding @aad (not stored). Returns a new GByteArray. */
GByteArray *sr_aead_seal(const SrSecret *key, const void *aad, gsize aad_size, const guint8 *plain,
                         gsize plain_size, GError **error);

/* Open; SR_ERROR_CORRUPT when key, @aad or text do not belong together. */
SrSecret *sr_aead_open(const SrSecret *key, const void *aad, gsize aad_size, const guint8 *sealed,
                       gsize sealed_size, GError **error);
