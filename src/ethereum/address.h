/* Ethereum addresses: the last 20 bytes of keccak256(x || y); EIP-55 mixed-case text. */
#pragma once

#include <glib.h>

#define SR_ADDRESS_SIZE 20u
#define SR_ADDRESS_TEXT_SIZE 43u /* "0x", 40 digits, NUL */

/* Address of an uncompressed 65-byte public key. */
void sr_address_from_public_key(const guint8 public_key[65], guint8 ret_address[SR_ADDRESS_SIZE]);

/* "0x…" with the EIP-55 checksum. */
void sr_address_text(const guint8 address[SR_ADDRESS_SIZE], char ret_text[SR_ADDRESS_TEXT_SIZE]);

/*
 * Whether @length characters are "0x" and 40 hexadecimal digits, whatever their case. @ret_address
 * (may be NULL) is undefined when they are not.
 */
gboolean sr_address_read(const char *text, gsize length, guint8 ret_address[SR_ADDRESS_SIZE]);

typedef enum {
    SR_ADDRESS_BAD,          /* not "0x" and 40 hexadecimal digits */
    SR_ADDRESS_BAD_CHECKSUM, /* mixed case, and not the case EIP-55 gives */
    SR_ADDRESS_SINGLE_CASE,  /* all lower or all upper case: no checksum to check */
    SR_ADDRESS_CHECKSUMMED,
} SrAddressForm;

/* The same, and what the case of the digits says. */
SrAddressForm sr_address_parse(const char *text, gsize length, guint8 ret_address[SR_ADDRESS_SIZE]);
