#include "crypto/keccak.h"

#include <endian.h>
#include <string.h>

#define RATE 136u /* bytes: 1600 / 8 - 2 * 32 */

/* Keccak reference, sections 1.2 and 2.3: the lane that pi brings here, and its rotation by rho. */
static const uint8_t pi[25] = {0,  6,  12, 18, 24, 3,  9,  10, 16, 22, 1,  7, 13,
                               19, 20, 4,  5,  11, 17, 23, 2,  8,  14, 15, 21};
static const uint8_t rho[25] = {0, 44, 43, 21, 14, 28, 20, 3,  45, 61, 1,  6, 25,
                                8, 18, 27, 36, 10, 15, 56, 62, 55, 39, 41, 2};
/* The constants of iota, packed: bit j stands for bit 2^j - 1. */
static const uint8_t iota[24] = {1,  26, 94, 112, 31, 33, 121, 85,  14,  12, 53, 38,
                                 63, 79, 93, 83,  82, 72, 22,  102, 121, 88, 33, 116};

#define ROTATE(lane, count) ((lane) << (count) | (lane) >> (-(count)&63))

/* Unrolled, every index and rotation is a constant: gcc -O3 alone makes code half as fast. */
static void permute(uint64_t a[25])
{
    uint64_t c[5], d[5], b[25];

    for (unsigned round = 0; round < 24; round++) {
        for (unsigned x = 0; x < 5; x++)
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (unsigned x = 0; x < 5; x++)
            d[x] = c[(x + 4) % 5] ^ ROTATE(c[(x + 1) % 5], 1);
#pragma GCC unroll 25
        for (unsigned i = 0; i < 25; i++)
            b[i] = ROTATE(a[pi[i]] ^ d[pi[i] % 5], rho[i]);
#pragma GCC unroll 25
        for (unsigned i = 0; i < 25; i++)
            a[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
        for (unsigned j = 0; j < 7; j++)
            a[0] ^= (uint64_t)(iota[round] >> j & 1) << ((1u << j) - 1);
    }
}

void sr_keccak_init(SrKeccak *keccak)
{
    memset(keccak, 0, sizeof *keccak);
}

void sr_keccak_update(SrKeccak *keccak, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    while (size > 0) {
        const size_t step = size >= 8 && keccak->used % 8 == 0 ? 8 : 1;
        uint64_t word = htole64(*bytes);

        if (step == 8)
            memcpy(&word, bytes, 8);
        keccak->lanes[keccak->used / 8] ^= le64toh(word) << 8 * (keccak->used % 8);
        keccak->used = (keccak->used + step) % RATE;
        if (keccak->used == 0)
            permute(keccak->lanes);
        bytes += step;
        size -= step;
    }
}

void sr_keccak_final(SrKeccak *keccak, uint8_t padding, uint8_t digest[SR_KECCAK256_SIZE])
{
    keccak->lanes[keccak->used / 8] ^= (uint64_t)padding << 8 * (keccak->used % 8);
    keccak->lanes[RATE / 8 - 1] ^= 1ull << 63;
    permute(keccak->lanes);
    for (unsigned i = 0; i < SR_KECCAK256_SIZE; i++)
        digest[i] = (uint8_t)(keccak->lanes[i / 8] >> 8 * (i % 8));
    explicit_bzero(keccak, sizeof *keccak);
}

void sr_keccak256(const void *data, size_t size, uint8_t digest[SR_KECCAK256_SIZE])
{
    SrKeccak keccak = {0};

    sr_keccak_update(&keccak, data, size);
    sr_keccak_final(&keccak, 0x01, digest);
}
