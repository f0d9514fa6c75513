#include "pkcs11/certificate.h"

#include "pkcs11/der.h"

#include <endian.h>

bool sr_certificate_read(SrSlice der, SrCertificate *ret_certificate)
{
    SrSlice certificate, body;

    if (!sr_der_take(&der, SR_DER_SEQUENCE, &certificate, NULL) || der.size != 0 ||
        !sr_der_take(&certificate, SR_DER_SEQUENCE, &body, NULL) ||
        !sr_der_take(&certificate, SR_DER_SEQUENCE, NULL, NULL) || /* signature algorithm */
        !sr_der_take(&certificate, SR_DER_BIT_STRING, NULL, NULL) || certificate.size != 0)
        return false;
    sr_der_take(&body, SR_DER_CONTEXT_0, NULL, NULL); /* version: absent in version 1 */
    return sr_der_take(&body, SR_DER_INTEGER, NULL, &ret_certificate->serial_number) &&
           sr_der_take(&body, SR_DER_SEQUENCE, NULL, NULL) && /* signature algorithm */
           sr_der_take(&body, SR_DER_SEQUENCE, NULL, &ret_certificate->issuer) &&
           sr_der_take(&body, SR_DER_SEQUENCE, NULL, NULL) && /* validity */
           sr_der_take(&body, SR_DER_SEQUENCE, NULL, &ret_certificate->subject) &&
           sr_der_take(&body, SR_DER_SEQUENCE, NULL, &ret_certificate->public_key);
}

/* --- SHA-1 (FIPS 180-4 §6.1), for the check value only ------------------------------------------
 */

#define BLOCK 64u
#define ROTATE(word, count) ((word) << (count) | (word) >> (32 - (count)))

/* §4.1.1, with the constant of §4.2.1 */
static uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
    switch (round / 20) {
    case 0:
        return ((b & c) ^ (~b & d)) + 0x5a827999u;
    case 1:
        return (b ^ c ^ d) + 0x6ed9eba1u;
    case 2:
        return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdcu;
    default:
        return (b ^ c ^ d) + 0xca62c1d6u;
    }
}

static void compress(uint32_t state[5], const uint8_t block[BLOCK])
{
    uint32_t w[80];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    memcpy(w, block, BLOCK);
    for (unsigned i = 0; i < 80; i++) {
        uint32_t next;

        w[i] = i < 16 ? be32toh(w[i]) : ROTATE(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        next = ROTATE(a, 5) + mix(i, b, c, d) + e + w[i];
        e = d;
        d = c;
        c = ROTATE(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void sr_certificate_check_value(SrSlice der, uint8_t ret_value[SR_CHECK_VALUE_SIZE])
{
    uint32_t state[5] = {0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    const uint64_t bits = htobe64((uint64_t)der.size * 8);
    const size_t left = der.size % BLOCK;
    uint8_t tail[2 * BLOCK] = {0};
    const size_t tail_size = left + 1 + sizeof bits <= BLOCK ? BLOCK : 2 * BLOCK;

    for (size_t at = 0; at + BLOCK <= der.size; at += BLOCK)
        compress(state, der.data + at);
    if (left > 0)
        memcpy(tail, der.data + der.size - left, left);
    tail[left] = 0x80;
    memcpy(tail + tail_size - sizeof bits, &bits, sizeof bits);
    for (size_t at = 0; at < tail_size; at += BLOCK)
        compress(state, tail + at);
    for (unsigned i = 0; i < SR_CHECK_VALUE_SIZE; i++)
        ret_value[i] = (uint8_t)(state[0] >> (24 - 8 * i));
}
