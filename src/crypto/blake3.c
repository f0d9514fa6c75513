#include "crypto/blake3.h"

#include <endian.h>
#include <string.h>

#define BLOCK 64u
#define CHUNK 1024u
#define DEPTH 54u /* of the tree over 2^64 bytes (section 5.1.2) */

/* The domain flags of section 2.2. */
enum { CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8 };

typedef struct {
    uint32_t words[8];
} Chaining;

static const Chaining initial = {{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                  0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};

/* Which message word comes where: the permutation of table 2, applied once more in each round. */
static const uint8_t schedule[7][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8},
    {3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1},
    {10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6},
    {12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4},
    {9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7},
    {11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13},
};

/* One compression (section 2.2): what is fed to it, besides the words of the block. */
typedef struct {
    Chaining chaining;
    uint8_t block[BLOCK];
    uint32_t length; /* of what is in the block */
    uint64_t counter;
    uint32_t flags;
} Input;

static uint32_t rotate(uint32_t word, unsigned count)
{
    return word >> count | word << (32 - count);
}

static void mix(uint32_t v[16], unsigned a, unsigned b, unsigned c, unsigned d, uint32_t x,
                uint32_t y)
{
    v[a] += v[b] + x;
    v[d] = rotate(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 12);
    v[a] += v[b] + y;
    v[d] = rotate(v[d] ^ v[a], 8);
    v[c] += v[d];
    v[b] = rotate(v[b] ^ v[c], 7);
}

static Chaining compress(const Input *input)
{
    uint32_t m[16];
    uint32_t v[16];
    Chaining result;

    memcpy(m, input->block, BLOCK);
    for (unsigned i = 0; i < 16; i++)
        m[i] = le32toh(m[i]);
    memcpy(v, input->chaining.words, sizeof input->chaining.words);
    memcpy(v + 8, initial.words, 4 * sizeof v[0]);
    v[12] = (uint32_t)input->counter;
    v[13] = (uint32_t)(input->counter >> 32);
    v[14] = input->length;
    v[15] = input->flags;
#pragma GCC unroll 7
    for (unsigned round = 0; round < 7; round++) {
        const uint8_t *s = schedule[round];

#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++)
            mix(v, i, 4 + i, 8 + i, 12 + i, m[s[2 * i]], m[s[2 * i + 1]]);
#pragma GCC unroll 4
        for (unsigned i = 0; i < 4; i++)
            mix(v, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[s[8 + 2 * i]],
                m[s[9 + 2 * i]]);
    }
    for (unsigned i = 0; i < 8; i++)
        result.words[i] = v[i] ^ v[i + 8];
    return result;
}

/* The last compression of a chunk of @size bytes, the blocks before it done (section 2.4). */
static Input chunk_input(const uint8_t *bytes, size_t size, uint64_t counter)
{
    Input input = {.chaining = initial, .counter = counter, .flags = CHUNK_START};

    for (; size > BLOCK; bytes += BLOCK, size -= BLOCK) {
        memcpy(input.block, bytes, BLOCK);
        input.length = BLOCK;
        input.chaining = compress(&input);
        input.flags = 0;
    }
    memset(input.block, 0, BLOCK);
    if (size > 0)
        memcpy(input.block, bytes, size);
    input.length = (uint32_t)size;
    input.flags |= CHUNK_END;
    return input;
}

/* The compression of a parent node (section 2.5). */
static Input parent_input(const Chaining *left, const Chaining *right)
{
    Input input = {.chaining = initial, .length = BLOCK, .flags = PARENT};

    for (unsigned i = 0; i < 8; i++) {
        const uint32_t words[2] = {htole32(left->words[i]), htole32(right->words[i])};

        memcpy(input.block + 4 * i, &words[0], 4);
        memcpy(input.block + BLOCK / 2 + 4 * i, &words[1], 4);
    }
    return input;
}

void sr_blake3(const void *data, size_t size, uint8_t digest[SR_BLAKE3_SIZE])
{
    const uint8_t *bytes = data;
    Chaining subtrees[DEPTH]; /* whole ones that wait for their right neighbour, large to small */
    unsigned count = 0;
    uint64_t chunk = 0;
    Input last;
    Chaining root;

    for (; size > CHUNK; bytes += CHUNK, size -= CHUNK) {
        Input input = chunk_input(bytes, CHUNK, chunk++);
        Chaining node = compress(&input);

        for (uint64_t whole = chunk; !(whole & 1); whole >>= 1) {
            input = parent_input(&subtrees[--count], &node);
            node = compress(&input);
        }
        subtrees[count++] = node;
    }
    last = chunk_input(bytes, size, chunk);
    while (count > 0) {
        const Chaining right = compress(&last);

        last = parent_input(&subtrees[--count], &right);
    }
    last.flags |= ROOT;
    root = compress(&last);
    for (unsigned i = 0; i < 8; i++) {
        const uint32_t word = htole32(root.words[i]);

        memcpy(digest + 4 * i, &word, 4);
    }
}
