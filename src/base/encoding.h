/*
 * Text encodings of bytes, strict in both directions: hexadecimal (EIP-1193 "0x…"), base64 and
 * base64url (RFC 4648 §4, §5) and base58btc. Decoders accept exactly the canonical form: no white
 * space, no missing or superfluous padding, no non-zero trailing bits.
 *
 * The *_secret forms keep the value in locked memory throughout.
 */
#pragma once

#include "base/secret.h"

#include <glib.h>

/* Lower-case hexadecimal of @bytes, with "0x" in front when @prefix is set. Owned by the caller. */
char *sr_hex_encode(const guint8 *bytes, gsize size, gboolean prefix);

/* Write 2 * @size lower-case digits to @text, no NUL. */
void sr_hex_write(const guint8 *bytes, gsize size, char *text);

/*
 * Decode @length characters of hexadecimal (either case, an optional "0x" in front) into a new
 * GByteArray; NULL when it is not hexadecimal or the number of digits is odd.
 */
GByteArray *sr_hex_decode(const char *text, gsize length);

/* Decode exactly @size bytes into @bytes; FALSE when @text is anything else. "0x" is optional. */
gboolean sr_hex_decode_fixed(const char *text, gsize length, guint8 *bytes, gsize size);

/* Value of one hexadecimal digit, -1 for other characters. */
int sr_hex_digit(char c);

/* base64url without padding. Owned by the caller. */
char *sr_base64url_encode(const guint8 *bytes, gsize size);

/* Strict unpadded base64url; NULL with @ret_offset (may be NULL) at the first bad character. */
GByteArray *sr_base64url_decode(const char *text, gsize length, gsize *ret_offset);

/* base64url of a secret as a secret (one line of text), and back; NULL when malformed. */
SrSecret *sr_base64url_encode_secret(const guint8 *bytes, gsize size, GError **error);
SrSecret *sr_base64url_decode_secret(const char *text, gsize length, GError **error);

/* base64 (RFC 4648 §4, padded) of a secret as a secret, as HTTP Basic wants it. */
SrSecret *sr_base64_encode_secret(const guint8 *bytes, gsize size, GError **error);

/* base58btc (Bitcoin alphabet), without multibase prefix. Owned by the caller. */
char *sr_base58_encode(const guint8 *bytes, gsize size);

/* NULL when @text (at most 256 characters) is not base58btc. */
GByteArray *sr_base58_decode(const char *text, gsize length);

/* base32 (RFC 4648 §6) in small letters without padding, as CIDs are written. Owned by the caller.
 */
char *sr_base32_encode(const guint8 *bytes, gsize size);

/* base64url with padding, as TinyCloud's headers have it, and back: strict, NULL when malformed.
 * Owned by the caller. */
char *sr_base64url_encode_padded(const guint8 *bytes, gsize size);
GByteArray *sr_base64url_decode_padded(const char *text, gsize length);
