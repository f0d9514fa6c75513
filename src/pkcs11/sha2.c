#include "pkcs11/sha2.h"

#include <endian.h>
#include <string.h>

/*
 * FIPS 180-4 §4.2.3: the first 64 bits of the fractional parts of the cube roots of the first 80
 * primes. SHA-256 (§4.2.2) uses the upper halves of the first 64.
 */
static const uint64_t constants[80] = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
    0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
    0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
    0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
    0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
    0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
    0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
    0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
    0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
    0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
    0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817};

/* §5.3.5: the same of square roots; the upper halves are SHA-256's (§5.3.3). */
static const uint64_t start[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                  0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                  0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

/* §5.3.4: of the ninth to the sixteenth prime. */
static const uint64_t start_384[8] = {0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17,
                                      0x152fecd8f70e5939, 0x67332667ffc00b31, 0x8eb44a8768581511,
                                      0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4};

#define ROTATE(word, count) ((word) >> (count) | (word) << (8 * sizeof(word) - (count)))
#define CHOOSE(x, y, z) (((x) & (y)) ^ (~(x) & (z)))
#define MAJORITY(x, y, z) (((x) & (y)) ^ ((x) & (z)) ^ ((y) & (z)))
#define SUM(x, a, b, c) (ROTATE(x, a) ^ ROTATE(x, b) ^ ROTATE(x, c))
#define SCHEDULE(x, a, b, c) (ROTATE(x, a) ^ ROTATE(x, b) ^ (x) >> (c))

/* The word of round @i, from the sixteen before it (§6.2.2 step 1). */
#define NEXT(w, i, low, high)                                                                      \
    ((w)[(i) % 16] += low((w)[((i) + 1) % 16]) + (w)[((i) + 9) % 16] + high((w)[((i) + 14) % 16]))

/* One round on @v, whose names turn by one place each round instead of its values (step 3). */
#define V(name) v[((name)-i) % 8u]
#define ROUND(v, i, sum0, sum1, key)                                                               \
    do {                                                                                           \
        V(7u) += sum1(V(4u)) + CHOOSE(V(4u), V(5u), V(6u)) + (key);                                \
        V(3u) += V(7u);                                                                            \
        V(7u) += sum0(V(0u)) + MAJORITY(V(0u), V(1u), V(2u));                                      \
    } while (0)

#define NARROW_SUM0(x) SUM(x, 2, 13, 22)
#define NARROW_SUM1(x) SUM(x, 6, 11, 25)
#define NARROW_LOW(x) SCHEDULE(x, 7, 18, 3)
#define NARROW_HIGH(x) SCHEDULE(x, 17, 19, 10)

static void compress_narrow(uint32_t state[8], const uint8_t block[64])
{
    uint32_t w[16], v[8];

    memcpy(v, state, sizeof v);
    memcpy(w, block, sizeof w);
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++) {
        w[i] = be32toh(w[i]);
        ROUND(v, i, NARROW_SUM0, NARROW_SUM1, w[i] + (uint32_t)(constants[i] >> 32));
    }
    for (unsigned j = 16; j < 64; j += 16)
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++)
            ROUND(v, i, NARROW_SUM0, NARROW_SUM1,
                  NEXT(w, i, NARROW_LOW, NARROW_HIGH) + (uint32_t)(constants[i + j] >> 32));
    for (unsigned i = 0; i < 8; i++)
        state[i] += v[i];
}

#define WIDE_SUM0(x) SUM(x, 28, 34, 39)
#define WIDE_SUM1(x) SUM(x, 14, 18, 41)
#define WIDE_LOW(x) SCHEDULE(x, 1, 8, 7)
#define WIDE_HIGH(x) SCHEDULE(x, 19, 61, 6)

static void compress_wide(uint64_t state[8], const uint8_t block[128])
{
    uint64_t w[16], v[8];

    memcpy(v, state, sizeof v);
    memcpy(w, block, sizeof w);
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++) {
        w[i] = be64toh(w[i]);
        ROUND(v, i, WIDE_SUM0, WIDE_SUM1, w[i] + constants[i]);
    }
    for (unsigned j = 16; j < 80; j += 16)
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++)
            ROUND(v, i, WIDE_SUM0, WIDE_SUM1, NEXT(w, i, WIDE_LOW, WIDE_HIGH) + constants[i + j]);
    for (unsigned i = 0; i < 8; i++)
        state[i] += v[i];
}

static size_t block_size(const SrSha2 *sha2)
{
    return sha2->kind == SR_SHA256 ? 64 : 128;
}

static void compress(SrSha2 *sha2, const uint8_t *block)
{
    if (sha2->kind == SR_SHA256)
        compress_narrow(sha2->state.narrow, block);
    else
        compress_wide(sha2->state.wide, block);
}

size_t sr_sha2_size(SrSha2Kind kind)
{
    return kind == SR_SHA256 ? 32 : kind == SR_SHA384 ? 48 : 64;
}

void sr_sha2_init(SrSha2 *sha2, SrSha2Kind kind)
{
    memset(sha2, 0, sizeof *sha2);
    sha2->kind = kind;
    if (kind == SR_SHA256)
        for (unsigned i = 0; i < 8; i++)
            sha2->state.narrow[i] = (uint32_t)(start[i] >> 32);
    else
        memcpy(sha2->state.wide, kind == SR_SHA384 ? start_384 : start, sizeof sha2->state.wide);
}

void sr_sha2_update(SrSha2 *sha2, const void *data, size_t size)
{
    const size_t block = block_size(sha2);
    const uint8_t *bytes = data;

    while (size > 0) {
        const size_t used = sha2->total % block;
        const size_t step = size < block - used ? size : block - used;
        const uint8_t *full = step == block ? bytes : sha2->block;

        if (full == sha2->block)
            memcpy(sha2->block + used, bytes, step);
        if (used + step == block)
            compress(sha2, full);
        sha2->total += step;
        bytes += step;
        size -= step;
    }
}

void sr_sha2_final(SrSha2 *sha2, uint8_t *ret_digest)
{
    static const uint8_t padding[144] = {0x80};
    const size_t block = block_size(sha2);
    const uint64_t bits = htobe64(sha2->total * 8);
    const size_t used = sha2->total % block;
    const size_t length = block / 8; /* the message's length takes so many bytes (§5.1) */
    uint8_t words[SR_SHA2_SIZE_MAX];

    sr_sha2_update(sha2, padding, (used + length < block ? block : 2 * block) - used - 8);
    sr_sha2_update(sha2, &bits, sizeof bits);
    for (unsigned i = 0; i < sizeof words; i++)
        words[i] =
            (uint8_t)(sha2->kind == SR_SHA256 ? sha2->state.narrow[i / 4 % 8] >> (24 - 8 * (i % 4))
                                              : sha2->state.wide[i / 8] >> (56 - 8 * (i % 8)));
    memcpy(ret_digest, words, sr_sha2_size(sha2->kind));
    explicit_bzero(words, sizeof words);
    explicit_bzero(sha2, sizeof *sha2);
}
