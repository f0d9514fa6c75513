/*
 * The Ethereum keystore file, version 3 ("Web3 Secret Storage Definition"): one secp256k1 key,
 * AES-128-CTR, scrypt or PBKDF2-HMAC-SHA-256, MAC = keccak256(dk[16..32] || ciphertext).
 * For import and export only.
 */
#pragma once

#include "base/secret.h"
#include "crypto/kdf.h"
#include "crypto/key.h"

#define SR_KEYSTORE_TEXT_MAX (64u * 1024u)

/*
 * Open the JSON @text (at most SR_KEYSTORE_TEXT_MAX bytes) with @passphrase, whose bytes are used
 * as they are. Member names are case-insensitive ("Crypto" occurs); private keys of 30 to 32 bytes
 * are padded on the left as geth does. Errors: SR_ERROR_MALFORMED_KEY naming the field
 * ("crypto.kdfparams.n") or the offset in the JSON, SR_ERROR_LIMIT_EXCEEDED for absurd costs,
 * SR_ERROR_WRONG_PASSPHRASE when the MAC differs (compared in constant time), SR_ERROR_CORRUPT when
 * the file names an address that is not the key's.
 */
SrKey *sr_keystore_open(const char *text, gsize length, const SrSecret *passphrase, GError **error);

/*
 * The keystore JSON of a secp256k1 key under @passphrase with scrypt @cost, one line. Errors:
 * SR_ERROR_INVALID_PARAMS for another type of key or an empty passphrase, and those of sr_scrypt.
 * Owned by the caller.
 */
char *sr_keystore_export(const SrKey *key, const SrSecret *passphrase, SrScryptCost cost,
                         GError **error);
