#include "crypto/scrypt_mix.h"

#include <string.h>

#define HALF 16u /* words of a Salsa20 block */

static inline guint32 rotate(guint32 value, guint bits)
{
    return value << bits | value >> (32 - bits);
}

static inline void quarter_round(guint32 *a, guint32 *b, guint32 *c, guint32 *d)
{
    *b ^= rotate(*a + *d, 7);
    *c ^= rotate(*b + *a, 9);
    *d ^= rotate(*c + *b, 13);
    *a ^= rotate(*d + *c, 18);
}

/* The Salsa20/8 core (RFC 7914 §3) in place. */
static void salsa20_8(guint32 block[HALF])
{
    guint32 x[HALF];

    memcpy(x, block, sizeof x);
    for (guint i = 0; i < 4; i++) {
        quarter_round(&x[0], &x[4], &x[8], &x[12]);
        quarter_round(&x[5], &x[9], &x[13], &x[1]);
        quarter_round(&x[10], &x[14], &x[2], &x[6]);
        quarter_round(&x[15], &x[3], &x[7], &x[11]);
        quarter_round(&x[0], &x[1], &x[2], &x[3]);
        quarter_round(&x[5], &x[6], &x[7], &x[4]);
        quarter_round(&x[10], &x[11], &x[8], &x[9]);
        quarter_round(&x[15], &x[12], &x[13], &x[14]);
    }
    for (guint i = 0; i < HALF; i++)
        block[i] += x[i];
}

static void xor_words(guint32 *target, const guint32 *other, guint count)
{
    for (guint i = 0; i < count; i++)
        target[i] ^= other[i];
}

/* scryptBlockMix (§4) with r = 1: the halves stay in their order. */
static void mix_block(guint32 block[SR_SCRYPT_MIX_WORDS])
{
    xor_words(block, block + HALF, HALF);
    salsa20_8(block);
    xor_words(block + HALF, block, HALF);
    salsa20_8(block + HALF);
}

void sr_scrypt_mix(guint32 block[SR_SCRYPT_MIX_WORDS], guint32 n, guint32 *table)
{
    const gsize width = SR_SCRYPT_MIX_WORDS;

    for (guint32 i = 0; i < n; i++) {
        memcpy(table + i * width, block, width * sizeof *block);
        mix_block(block);
    }
    for (guint32 i = 0; i < n; i++) {
        const guint32 j = block[HALF] & (n - 1); /* Integerify */

        xor_words(block, table + j * width, (guint)width);
        mix_block(block);
    }
}
