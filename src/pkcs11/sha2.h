/*
 * SHA-256, SHA-384 and SHA-512 (FIPS 180-4), so that the module needs no library. No heap, no
 * failure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SR_SHA2_SIZE_MAX 64u

typedef enum {
    SR_SHA256,
    SR_SHA384,
    SR_SHA512,
} SrSha2Kind;

/* A running digest. */
typedef struct {
    SrSha2Kind kind;
    union {
        uint32_t narrow[8]; /* SHA-256 */
        uint64_t wide[8];
    } state;
    uint64_t total;     /* bytes taken in */
    uint8_t block[128]; /* of which SHA-256 uses 64 */
} SrSha2;

/* The size of a digest in bytes: 32, 48 or 64. */
size_t sr_sha2_size(SrSha2Kind kind);

/* Start anew. */
void sr_sha2_init(SrSha2 *sha2, SrSha2Kind kind);

/* Take in @size bytes (@data may be NULL when it is 0); as often as needed. */
void sr_sha2_update(SrSha2 *sha2, const void *data, size_t size);

/* Write the sr_sha2_size() bytes of the digest and wipe the state, which must be started anew. */
void sr_sha2_final(SrSha2 *sha2, uint8_t *ret_digest);
