#include "base/encoding.h"

#include "base/error.h"

#include <string.h>

/* A table: of long texts, comparisons would guess every other digit wrong. */
int sr_hex_digit(char c)
{
    static const guint8 plus_one[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
        ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
        ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
        ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};

    return plus_one[(guint8)c] - 1;
}

void sr_hex_write(const guint8 *bytes, gsize size, char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (gsize i = 0; i < size; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
}

char *sr_hex_encode(const guint8 *bytes, gsize size, gboolean prefix)
{
    const gsize start = prefix ? 2 : 0;
    char *text = g_malloc(start + 2 * size + 1);

    if (prefix)
        memcpy(text, "0x", 2);
    sr_hex_write(bytes, size, text + start);
    text[start + 2 * size] = '\0';
    return text;
}

static gsize skip_hex_prefix(const char *text, gsize length)
{
    return length >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 2 : 0;
}

/* Decode @size bytes from 2 * @size digits. */
static gboolean decode_digits(const char *digits, guint8 *bytes, gsize size)
{
    for (gsize i = 0; i < size; i++) {
        const int high = sr_hex_digit(digits[2 * i]);
        const int low = sr_hex_digit(digits[2 * i + 1]);

        if (high < 0 || low < 0)
            return FALSE;
        bytes[i] = (guint8)(high << 4 | low);
    }
    return TRUE;
}

GByteArray *sr_hex_decode(const char *text, gsize length)
{
    const gsize start = skip_hex_prefix(text, length);
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    if ((length - start) % 2 != 0)
        return NULL;
    g_byte_array_set_size(bytes, (guint)((length - start) / 2));
    return decode_digits(text + start, bytes->data, bytes->len) ? g_steal_pointer(&bytes) : NULL;
}

gboolean sr_hex_decode_fixed(const char *text, gsize length, guint8 *bytes, gsize size)
{
    const gsize start = skip_hex_prefix(text, length);

    return length - start == 2 * size && decode_digits(text + start, bytes, size);
}

/* --- base64url ------------------------------------------------------------------------------ */

static const char base64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static gsize base64url_length(gsize size)
{
    return (size * 4 + 2) / 3;
}

/* Both kinds, without padding. */
static void base64_write(const char *alphabet, const guint8 *bytes, gsize size, char *text)
{
    guint32 bits = 0;
    guint held = 0;

    for (gsize i = 0; i < size; i++) {
        bits = bits << 8 | bytes[i];
        held += 8;
        while (held >= 6) {
            held -= 6;
            *text++ = alphabet[bits >> held & 63];
        }
    }
    if (held)
        *text = alphabet[bits << (6 - held) & 63];
}

static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

/* Decode into @bytes (length * 3 / 4 of them). Returns @length, or the offset of the first error.
 */
static gsize base64url_read(const char *text, gsize length, guint8 *bytes)
{
    guint32 bits = 0;
    guint held = 0;

    if (length % 4 == 1)
        return length - 1;
    for (gsize i = 0; i < length; i++) {
        const int value = base64url_value(text[i]);

        if (value < 0)
            return i;
        bits = bits << 6 | (guint32)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *bytes++ = (guint8)(bits >> held);
        }
    }
    return (bits & ((1u << held) - 1)) == 0 ? length : length - 1;
}

char *sr_base64url_encode(const guint8 *bytes, gsize size)
{
    const gsize length = base64url_length(size);
    char *text = g_malloc(length + 1);

    base64_write(base64url_alphabet, bytes, size, text);
    text[length] = '\0';
    return text;
}

GByteArray *sr_base64url_decode(const char *text, gsize length, gsize *ret_offset)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    gsize end;

    g_byte_array_set_size(bytes, (guint)(length * 3 / 4));
    end = base64url_read(text, length, bytes->data);
    if (end == length)
        return g_steal_pointer(&bytes);
    if (ret_offset)
        *ret_offset = end;
    return NULL;
}

SrSecret *sr_base64url_encode_secret(const guint8 *bytes, gsize size, GError **error)
{
    SrSecret *text = sr_secret_new(base64url_length(size), error);

    if (text)
        base64_write(base64url_alphabet, bytes, size, (char *)sr_secret_data(text));
    return text;
}

SrSecret *sr_base64url_decode_secret(const char *text, gsize length, GError **error)
{
    g_autoptr(SrSecret) bytes = sr_secret_new(length * 3 / 4, error);

    if (!bytes)
        return NULL;
    if (base64url_read(text, length, sr_secret_data(bytes)) == length)
        return g_steal_pointer(&bytes);
    sr_error_set(error, SR_ERROR_CORRUPT, "a stored secret is not base64url text");
    return NULL;
}

SrSecret *sr_base64_encode_secret(const guint8 *bytes, gsize size, GError **error)
{
    const gsize length = (size + 2) / 3 * 4;
    SrSecret *text = sr_secret_new(length, error);

    if (!text)
        return NULL;
    memset(sr_secret_data(text), '=', length);
    base64_write(base64_alphabet, bytes, size, (char *)sr_secret_data(text));
    return text;
}

char *sr_base64url_encode_padded(const guint8 *bytes, gsize size)
{
    const gsize length = (size + 2) / 3 * 4;
    char *text = g_malloc(length + 1);

    memset(text, '=', length);
    base64_write(base64url_alphabet, bytes, size, text);
    text[length] = '\0';
    return text;
}

GByteArray *sr_base64url_decode_padded(const char *text, gsize length)
{
    gsize bare = length;

    if (length % 4 != 0)
        return NULL;
    while (bare > 0 && length - bare < 2 && text[bare - 1] == '=')
        bare--;
    return sr_base64url_decode(text, bare, NULL);
}

/* --- base32 --------------------------------------------------------------------------------- */

char *sr_base32_encode(const guint8 *bytes, gsize size)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    char *text = g_malloc((size * 8 + 4) / 5 + 1);
    char *at = text;
    guint32 bits = 0;
    guint held = 0;

    for (gsize i = 0; i < size; i++) {
        bits = bits << 8 | bytes[i];
        held += 8;
        while (held >= 5) {
            held -= 5;
            *at++ = alphabet[bits >> held & 31];
        }
    }
    if (held)
        *at++ = alphabet[bits << (5 - held) & 31];
    *at = '\0';
    return text;
}

/* --- base58btc ------------------------------------------------------------------------------ */

#define BASE58_TEXT_MAX 256

static const char base58_alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

char *sr_base58_encode(const guint8 *bytes, gsize size)
{
    /* log(256) / log(58) is below 138 / 100. */
    const gsize capacity = size * 138 / 100 + 1;
    g_autofree guint8 *digits = g_malloc0(capacity);
    gsize zeros = 0;
    gsize used = 0;
    char *text;

    while (zeros < size && bytes[zeros] == 0)
        zeros++;
    for (gsize i = zeros; i < size; i++) {
        guint carry = bytes[i];
        gsize j = 0;

        for (; carry || j < used; j++) {
            carry += 256u * digits[j];
            digits[j] = (guint8)(carry % 58);
            carry /= 58;
        }
        used = j;
    }
    text = g_malloc(zeros + used + 1);
    memset(text, '1', zeros);
    for (gsize i = 0; i < used; i++)
        text[zeros + i] = base58_alphabet[digits[used - 1 - i]];
    text[zeros + used] = '\0';
    return text;
}

GByteArray *sr_base58_decode(const char *text, gsize length)
{
    guint8 bytes[BASE58_TEXT_MAX] = {0}; /* least significant first */
    gsize zeros = 0;
    gsize used = 0;
    GByteArray *result;

    if (length > BASE58_TEXT_MAX)
        return NULL;
    while (zeros < length && text[zeros] == '1')
        zeros++;
    for (gsize i = zeros; i < length; i++) {
        const char *digit = text[i] ? strchr(base58_alphabet, text[i]) : NULL;
        gsize j = 0;

        if (!digit)
            return NULL;
        for (guint carry = (guint)(digit - base58_alphabet); carry || j < used; j++) {
            carry += 58u * bytes[j];
            bytes[j] = (guint8)carry;
            carry >>= 8;
        }
        used = j;
    }
    result = g_byte_array_new();
    g_byte_array_set_size(result, (guint)(zeros + used));
    for (gsize i = 0; i < zeros; i++)
        result->data[i] = 0;
    for (gsize i = 0; i < used; i++)
        result->data[zeros + i] = bytes[used - 1 - i];
    return result;
}
