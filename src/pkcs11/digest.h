/*
 * Digests inside the module: SHA-2 and Keccak-256. C_Digest and the signatures of large data use
 * them; no agent is needed.
 */
#pragma once

#include "crypto/keccak.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/sha2.h"

#include <stdbool.h>

/* A running digest. */
typedef struct {
    bool is_keccak;
    union {
        SrSha2 sha2;
        SrKeccak keccak;
    } state;
    size_t size; /* of the result, in bytes: at most SR_SHA2_SIZE_MAX */
} SrDigest;

/* Begin the digest @mechanism; false when it is none that the module has. */
bool sr_digest_init(SrDigest *digest, CK_MECHANISM_TYPE mechanism);

/* Take in @size bytes; as often as needed. */
void sr_digest_update(SrDigest *digest, const void *data, size_t size);

/* Write digest->size bytes and wipe the state. */
void sr_digest_final(SrDigest *digest, uint8_t *ret_digest);
