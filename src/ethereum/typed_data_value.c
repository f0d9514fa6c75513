#include "ethereum/typed_data_value.h"

#include "base/encoding.h"
#include "crypto/keccak.h"
#include "ethereum/address.h"

#include <string.h>

#define WORD 32
#define DIGITS_MAX 80u /* 2^256 has 78 decimal digits */
#define EXACT_MAX G_GINT64_CONSTANT(9007199254740991)

/* word = word * base + digit, big-endian; FALSE when it overflows. */
static gboolean accumulate(guint8 word[WORD], guint base, guint digit)
{
    guint carry = digit;

    for (int i = WORD - 1; i >= 0; i--) {
        carry += word[i] * base;
        word[i] = (guint8)(carry & 0xff);
        carry >>= 8;
    }
    return carry == 0;
}

/* word = word / 10; returns the remainder. */
static guint divide_by_ten(guint8 word[WORD])
{
    guint rest = 0;

    for (int i = 0; i < WORD; i++) {
        rest = rest << 8 | word[i];
        word[i] = (guint8)(rest / 10);
        rest %= 10;
    }
    return rest;
}

static void negate(guint8 word[WORD])
{
    guint carry = 1;

    for (int i = WORD - 1; i >= 0; i--) {
        carry += (guint)(guint8)~word[i];
        word[i] = (guint8)(carry & 0xff);
        carry >>= 8;
    }
}

static guint bit_length(const guint8 word[WORD])
{
    for (guint i = 0; i < WORD; i++)
        if (word[i])
            return 8 * (WORD - 1 - i) + g_bit_storage(word[i]);
    return 0;
}

static char *decimal_text(const guint8 magnitude[WORD], gboolean negative)
{
    char text[DIGITS_MAX + 2];
    gsize at = sizeof text;
    guint8 word[WORD];

    memcpy(word, magnitude, WORD);
    text[--at] = '\0';
    do
        text[--at] = (char)('0' + divide_by_ten(word));
    while (bit_length(word) > 0);
    if (negative)
        text[--at] = '-';
    return g_strdup(text + at);
}

/* Decimal or "0x" digits, with an optional "-" in front. */
static gboolean parse_integer(const char *text, guint8 ret_magnitude[WORD], gboolean *ret_negative)
{
    const gboolean negative = text[0] == '-';
    const char *digits = negative ? text + 1 : text;
    const gboolean hexadecimal = digits[0] == '0' && digits[1] == 'x';
    const guint base = hexadecimal ? 16 : 10;
    gsize length;

    if (hexadecimal)
        digits += 2;
    length = strnlen(digits, DIGITS_MAX + 1);
    if (length == 0 || length > DIGITS_MAX)
        return FALSE;
    memset(ret_magnitude, 0, WORD);
    for (gsize i = 0; i < length; i++) {
        const int digit = sr_hex_digit(digits[i]);

        if (digit < 0 || (guint)digit >= base || !accumulate(ret_magnitude, base, (guint)digit))
            return FALSE;
    }
    *ret_negative = negative && bit_length(ret_magnitude) > 0;
    return TRUE;
}

/* The digits of a JSON number or string, NULL for anything else. Owned by the caller. */
static char *integer_text(SrJson *value)
{
    if (json_object_is_type(value, json_type_string))
        return g_strdup(json_object_get_string(value));
    if (json_object_is_type(value, json_type_int)) {
        const gint64 number = json_object_get_int64(value);

        if (number >= -EXACT_MAX && number <= EXACT_MAX)
            return g_strdup_printf("%" G_GINT64_FORMAT, number);
    }
    if (json_object_is_type(value, json_type_double)) {
        const double number = json_object_get_double(value);

        if (number >= -(double)EXACT_MAX && number <= (double)EXACT_MAX &&
            (double)(gint64)number == number)
            return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)number);
    }
    return NULL;
}

/* Whether the value fits @bits bits: unsigned, or in two's complement. */
static gboolean in_range(const SrTypeRef *ref, const guint8 magnitude[WORD], gboolean negative)
{
    guint8 bound[WORD];

    if (ref->kind == SR_TYPE_UINT)
        return !negative && bit_length(magnitude) <= ref->width;
    if (!negative)
        return bit_length(magnitude) < ref->width;
    /* -2^(bits - 1) is the least: one more than the magnitude of the greatest. */
    memcpy(bound, magnitude, WORD);
    negate(bound);
    for (guint i = 0; i < WORD; i++)
        bound[i] = (guint8)~bound[i];
    return bit_length(bound) < ref->width;
}

static gboolean encode_integer(const SrTypeRef *ref, SrJson *value, guint8 ret_word[WORD],
                               char **ret_text, const char **ret_problem)
{
    g_autofree char *text = integer_text(value);
    gboolean negative;

    if (!text || !parse_integer(text, ret_word, &negative)) {
        *ret_problem = "must be a whole number of at most 256 bits: a JSON number up to 2^53 - 1, "
                       "or a decimal or \"0x\" string";
        return FALSE;
    }
    if (!in_range(ref, ret_word, negative)) {
        *ret_problem = "is out of the range of its type";
        return FALSE;
    }
    *ret_text = decimal_text(ret_word, negative);
    if (negative)
        negate(ret_word);
    return TRUE;
}

static gboolean encode_bool(SrJson *value, guint8 ret_word[WORD], char **ret_text,
                            const char **ret_problem)
{
    if (!json_object_is_type(value, json_type_boolean)) {
        *ret_problem = "must be true or false";
        return FALSE;
    }
    ret_word[WORD - 1] = json_object_get_boolean(value) ? 1 : 0;
    *ret_text = g_strdup(ret_word[WORD - 1] ? "true" : "false");
    return TRUE;
}

static gboolean encode_address(SrJson *value, guint8 ret_word[WORD], char **ret_text,
                               const char **ret_problem)
{
    guint8 *address = ret_word + WORD - SR_ADDRESS_SIZE;
    char text[SR_ADDRESS_TEXT_SIZE];
    SrAddressForm form = SR_ADDRESS_BAD;

    if (json_object_is_type(value, json_type_string))
        form = sr_address_parse(json_object_get_string(value),
                                (gsize)json_object_get_string_len(value), address);
    if (form == SR_ADDRESS_BAD || form == SR_ADDRESS_BAD_CHECKSUM) {
        *ret_problem = form == SR_ADDRESS_BAD
                           ? "must be \"0x\" and 40 hexadecimal digits"
                           : "has a wrong EIP-55 checksum: check for a typing error, or send it "
                             "in lower case";
        return FALSE;
    }
    sr_address_text(address, text);
    *ret_text = g_strdup(text);
    return TRUE;
}

static gboolean encode_string(SrJson *value, guint8 ret_word[WORD], char **ret_text,
                              const char **ret_problem)
{
    const char *text;
    gsize length;

    if (!json_object_is_type(value, json_type_string)) {
        *ret_problem = "must be a string";
        return FALSE;
    }
    text = json_object_get_string(value);
    length = (gsize)json_object_get_string_len(value);
    if (memchr(text, 0, length)) {
        *ret_problem = "must not hold a NUL";
        return FALSE;
    }
    sr_keccak256(text, length, ret_word);
    *ret_text = g_strndup(text, length);
    return TRUE;
}

/* Bytes of a "0x" string; NULL for anything else. */
static GByteArray *bytes_of(SrJson *value)
{
    const char *text;

    if (!json_object_is_type(value, json_type_string))
        return NULL;
    text = json_object_get_string(value);
    if (!g_str_has_prefix(text, "0x"))
        return NULL;
    return sr_hex_decode(text, (gsize)json_object_get_string_len(value));
}

static gboolean encode_bytes(const SrTypeRef *ref, SrJson *value, guint8 ret_word[WORD],
                             char **ret_text, const char **ret_problem)
{
    g_autoptr(GByteArray) bytes = bytes_of(value);

    if (!bytes) {
        *ret_problem = "must be \"0x\" and pairs of hexadecimal digits";
        return FALSE;
    }
    if (ref->kind == SR_TYPE_BYTES) {
        sr_keccak256(bytes->data, bytes->len, ret_word);
    } else if (bytes->len == ref->width) {
        memcpy(ret_word, bytes->data, bytes->len);
    } else {
        *ret_problem = "must have exactly as many bytes as its type says";
        return FALSE;
    }
    *ret_text = sr_hex_encode(bytes->data, bytes->len, TRUE);
    return TRUE;
}

gboolean sr_typed_value_encode(const SrTypeRef *ref, SrJson *value, guint8 ret_word[32],
                               char **ret_text, const char **ret_problem)
{
    memset(ret_word, 0, WORD);
    switch (ref->kind) {
    case SR_TYPE_ADDRESS:
        return encode_address(value, ret_word, ret_text, ret_problem);
    case SR_TYPE_BOOL:
        return encode_bool(value, ret_word, ret_text, ret_problem);
    case SR_TYPE_STRING:
        return encode_string(value, ret_word, ret_text, ret_problem);
    case SR_TYPE_BYTES:
    case SR_TYPE_FIXED_BYTES:
        return encode_bytes(ref, value, ret_word, ret_text, ret_problem);
    case SR_TYPE_INT:
    case SR_TYPE_UINT:
        return encode_integer(ref, value, ret_word, ret_text, ret_problem);
    case SR_TYPE_STRUCT:
    default:
        g_return_val_if_reached(FALSE);
    }
}
