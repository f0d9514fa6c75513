/*
 * Keccak-256 as Ethereum uses it: Keccak[c = 512] with the original padding 0x01, not the 0x06 of
 * FIPS 202's SHA3-256. OpenSSL 3.0 has no such digest. No heap, no failure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SR_KECCAK256_SIZE 32u

/* A running digest: the state and how many bytes of the present block it has taken in. */
typedef struct {
    uint64_t lanes[25];
    size_t used;
} SrKeccak;

/* Start anew. */
void sr_keccak_init(SrKeccak *keccak);

/* Take in @size bytes; as often as needed. */
void sr_keccak_update(SrKeccak *keccak, const void *data, size_t size);

/*
 * Write the 32-byte digest; @padding is 0x01 for Keccak-256 (0x06 gives SHA3-256, for tests). The
 * state is wiped, which also starts it anew.
 */
void sr_keccak_final(SrKeccak *keccak, uint8_t padding, uint8_t digest[SR_KECCAK256_SIZE]);

/* Keccak-256 of @size bytes in one go. */
void sr_keccak256(const void *data, size_t size, uint8_t digest[SR_KECCAK256_SIZE]);
