#include "ethereum/address.h"

#include "base/encoding.h"
#include "crypto/keccak.h"

#include <string.h>

#define DIGITS (2 * SR_ADDRESS_SIZE)

/* Set the letters of 40 lower-case digits to the case that EIP-55 gives them. */
static void apply_checksum(char digits[DIGITS])
{
    guint8 hash[SR_KECCAK256_SIZE];

    sr_keccak256(digits, DIGITS, hash);
    for (gsize i = 0; i < DIGITS; i++) {
        const guint nibble = i % 2 ? hash[i / 2] & 15u : hash[i / 2] >> 4;

        if (nibble >= 8)
            digits[i] = g_ascii_toupper(digits[i]);
    }
}

void sr_address_from_public_key(const guint8 public_key[65], guint8 ret_address[SR_ADDRESS_SIZE])
{
    guint8 hash[SR_KECCAK256_SIZE];

    sr_keccak256(public_key + 1, 64, hash);
    memcpy(ret_address, hash + sizeof hash - SR_ADDRESS_SIZE, SR_ADDRESS_SIZE);
}

void sr_address_text(const guint8 address[SR_ADDRESS_SIZE], char ret_text[SR_ADDRESS_TEXT_SIZE])
{
    memcpy(ret_text, "0x", 2);
    sr_hex_write(address, SR_ADDRESS_SIZE, ret_text + 2);
    apply_checksum(ret_text + 2);
    ret_text[SR_ADDRESS_TEXT_SIZE - 1] = '\0';
}

/* Whether the letters among 40 digits are all of one case. */
static gboolean is_single_case(const char *digits)
{
    gboolean lower = FALSE;
    gboolean upper = FALSE;

    for (gsize i = 0; i < DIGITS; i++) {
        lower |= g_ascii_islower(digits[i]);
        upper |= g_ascii_isupper(digits[i]);
    }
    return !(lower && upper);
}

gboolean sr_address_read(const char *text, gsize length, guint8 ret_address[SR_ADDRESS_SIZE])
{
    guint8 unused[SR_ADDRESS_SIZE];

    return length == SR_ADDRESS_TEXT_SIZE - 1 && memcmp(text, "0x", 2) == 0 &&
           sr_hex_decode_fixed(text, length, ret_address ? ret_address : unused, SR_ADDRESS_SIZE);
}

SrAddressForm sr_address_parse(const char *text, gsize length, guint8 ret_address[SR_ADDRESS_SIZE])
{
    guint8 address[SR_ADDRESS_SIZE];
    char expected[SR_ADDRESS_TEXT_SIZE];

    if (!sr_address_read(text, length, address))
        return SR_ADDRESS_BAD;
    if (ret_address)
        memcpy(ret_address, address, sizeof address);
    sr_address_text(address, expected);
    if (memcmp(text, expected, length) == 0)
        return SR_ADDRESS_CHECKSUMMED;
    return is_single_case(text + 2) ? SR_ADDRESS_SINGLE_CASE : SR_ADDRESS_BAD_CHECKSUM;
}
