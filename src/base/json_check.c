#include "base/json_check.h"

#include "base/error.h"
#include "base/json.h"

#include <math.h>
#include <string.h>

/* 2^53 - 1 has 16 digits (RFC 7493 §2.2). */
#define INTEGER_DIGITS_MAX 16u
#define INTEGER_MAX_TEXT "9007199254740991"

typedef struct {
    const guint8 *text;
    gsize length;
    gsize at;
    guint depth;
    GArray *names; /* of Name, of all open objects, innermost last */
    const char *problem;
} Check;

/* A member's name: where it is in the text, quotes included. */
typedef struct {
    guint64 hash;
    gsize at;
    gsize size;
    SrJson *said; /* owned; NULL until somebody wants to know */
} Name;

static gboolean check_value(Check *check);

static gboolean fail(Check *check, const char *problem)
{
    check->problem = problem;
    return FALSE;
}

static int peek(const Check *check)
{
    return check->at < check->length ? check->text[check->at] : -1;
}

static gboolean is_space(guint8 c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void skip_space(Check *check)
{
    while (check->at < check->length && is_space(check->text[check->at]))
        check->at++;
}

static gboolean is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* FNV-1a. Others can make two names with one hash; so names with the same are compared. */
static guint64 hash_byte(guint64 hash, guint8 byte)
{
    return (hash ^ byte) * G_GUINT64_CONSTANT(0x100000001b3);
}

static guint64 hash_code_point(guint64 hash, guint32 code)
{
    char bytes[6];
    const int size = g_unichar_to_utf8(code, bytes);

    for (int i = 0; i < size; i++)
        hash = hash_byte(hash, (guint8)bytes[i]);
    return hash;
}

/* Four hexadecimal digits after "\u". */
static gboolean take_hex4(Check *check, guint32 *ret_unit)
{
    guint32 unit = 0;

    for (guint i = 0; i < 4; i++, check->at++) {
        const int c = peek(check);

        if (c < 0 || !g_ascii_isxdigit(c))
            return fail(check, "\\u needs four hexadecimal digits");
        unit = unit << 4 | (guint32)g_ascii_xdigit_value((char)c);
    }
    *ret_unit = unit;
    return TRUE;
}

static gboolean take_unicode_escape(Check *check, guint64 *hash)
{
    guint32 unit;
    guint32 low;

    if (!take_hex4(check, &unit))
        return FALSE;
    if (unit == 0)
        return fail(check, "U+0000 is not allowed");
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        if (check->length - check->at < 6 || memcmp(check->text + check->at, "\\u", 2) != 0)
            return fail(check, "a surrogate without its pair");
        check->at += 2;
        if (!take_hex4(check, &low))
            return FALSE;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(check, "a surrogate without its pair");
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
        return fail(check, "a surrogate without its pair");
    }
    *hash = hash_code_point(*hash, unit);
    return TRUE;
}

static gboolean take_escape(Check *check, guint64 *hash)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const int c = peek(check);
    const char *found;

    if (c == 'u') {
        check->at++;
        return take_unicode_escape(check, hash);
    }
    found = c > 0 ? strchr(letters, c) : NULL;
    if (!found)
        return fail(check, "an unknown escape");
    check->at++;
    *hash = hash_byte(*hash, (guint8)meanings[found - letters]);
    return TRUE;
}

/* One character beyond ASCII: shortest form, no surrogates, up to U+10FFFF (RFC 3629 §3). */
static gboolean take_utf8(Check *check, guint64 *hash)
{
    const gunichar code = g_utf8_get_char_validated((const char *)check->text + check->at,
                                                    (gssize)(check->length - check->at));
    gsize size;

    if (code == (gunichar)-1 || code == (gunichar)-2)
        return fail(check, "not UTF-8");
    size = (gsize)g_unichar_to_utf8(code, NULL);
    for (gsize i = 0; i < size; i++)
        *hash = hash_byte(*hash, check->text[check->at++]);
    return TRUE;
}

/* Step over ASCII that stands for itself: nearly all of a long string. */
static void skip_plain(Check *check)
{
    const guint8 *at = check->text + check->at;
    const guint8 *end = check->text + check->length;

    while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
        at++;
    check->at = (gsize)(at - check->text);
}

/* A string; *ret_hash is the hash of its decoded bytes, if it is not NULL. */
static gboolean check_string(Check *check, guint64 *ret_hash)
{
    guint64 hash = G_GUINT64_CONSTANT(0xcbf29ce484222325);

    check->at++;
    for (;;) {
        int c;

        if (!ret_hash)
            skip_plain(check);
        c = peek(check);

        if (c < 0)
            return fail(check, "a string without its closing quote");
        if (c < 0x20)
            return fail(check, "a control character in a string");
        if (c == '"')
            break;
        if (c == '\\') {
            check->at++;
            if (!take_escape(check, &hash))
                return FALSE;
        } else if (c < 0x80) {
            hash = hash_byte(hash, (guint8)c);
            check->at++;
        } else if (!take_utf8(check, &hash)) {
            return FALSE;
        }
    }
    check->at++;
    if (ret_hash)
        *ret_hash = hash;
    return TRUE;
}

static gboolean take_digits(Check *check)
{
    if (!is_digit(peek(check)))
        return fail(check, "a digit is missing");
    while (is_digit(peek(check)))
        check->at++;
    return TRUE;
}

/* Whether the number from @start to here is finite as a double; JSON has no way to write others. */
static gboolean is_finite(const Check *check, gsize start)
{
    g_autofree char *number = g_strndup((const char *)check->text + start, check->at - start);

    return isfinite(g_ascii_strtod(number, NULL)) != 0;
}

static gboolean check_number(Check *check)
{
    gsize start;
    gsize digits;
    gboolean integer = TRUE;

    if (peek(check) == '-')
        check->at++;
    start = check->at;
    if (!take_digits(check))
        return FALSE;
    digits = check->at - start;
    if (digits > 1 && check->text[start] == '0') {
        check->at = start;
        return fail(check, "a number with a leading zero");
    }
    if (peek(check) == '.') {
        integer = FALSE;
        check->at++;
        if (!take_digits(check))
            return FALSE;
    }
    if (peek(check) == 'e' || peek(check) == 'E') {
        integer = FALSE;
        check->at++;
        if (peek(check) == '+' || peek(check) == '-')
            check->at++;
        if (!take_digits(check))
            return FALSE;
    }
    if (integer && (digits > INTEGER_DIGITS_MAX ||
                    (digits == INTEGER_DIGITS_MAX &&
                     memcmp(check->text + start, INTEGER_MAX_TEXT, digits) > 0))) {
        check->at = start;
        return fail(check, "an integer beyond 2^53 - 1; send it as a string");
    }
    if (!integer && !is_finite(check, start)) {
        check->at = start;
        return fail(check, "a number too large for a double");
    }
    return TRUE;
}

static gboolean check_word(Check *check, const char *word)
{
    const gsize length = strlen(word);

    if (check->length - check->at < length || memcmp(check->text + check->at, word, length) != 0)
        return fail(check, "not a JSON value");
    check->at += length;
    return TRUE;
}

static void clear_name(gpointer name)
{
    json_object_put(((Name *)name)->said);
}

/* What @name says. The text was checked, so that it is a string. */
static SrJson *decode(const Check *check, Name *name)
{
    g_autofree char *text = NULL;

    if (!name->said) {
        text = g_strndup((const char *)check->text + name->at, name->size);
        name->said = json_tokener_parse(text);
    }
    return name->said;
}

/* Remember @name of the object whose first name is at index @first. */
static gboolean add_name(Check *check, guint first, Name name)
{
    const guint last = check->names->len;

    if (last - first >= SR_JSON_MEMBERS_MAX)
        return fail(check, "an object with too many members");
    g_array_append_val(check->names, name);
    for (guint i = first; i < last; i++) {
        Name *other = &g_array_index(check->names, Name, i);

        if (other->hash == name.hash &&
            json_object_equal(decode(check, other),
                              decode(check, &g_array_index(check->names, Name, last)))) {
            check->at = name.at;
            return fail(check, "a member name that was there before");
        }
    }
    return TRUE;
}

static gboolean check_member(Check *check, guint first)
{
    Name name = {.at = check->at};

    if (peek(check) != '"')
        return fail(check, "a member name in quotes is missing");
    if (!check_string(check, &name.hash))
        return FALSE;
    name.size = check->at - name.at;
    if (!add_name(check, first, name))
        return FALSE;
    skip_space(check);
    if (peek(check) != ':')
        return fail(check, "a colon is missing");
    check->at++;
    skip_space(check);
    return check_value(check);
}

/* The items between the brackets of an object (@close is '}') or an array. */
static gboolean check_items(Check *check, char close)
{
    const guint first = check->names->len;

    if (++check->depth > SR_JSON_DEPTH_MAX)
        return fail(check, "nested too deeply");
    check->at++;
    skip_space(check);
    while (peek(check) != close) {
        if (!(close == '}' ? check_member(check, first) : check_value(check)))
            return FALSE;
        skip_space(check);
        if (peek(check) == close)
            break;
        if (peek(check) != ',')
            return fail(check, "a comma or a closing bracket is missing");
        check->at++;
        skip_space(check);
        if (peek(check) == close)
            return fail(check, "a comma before a closing bracket");
    }
    check->at++;
    check->depth--;
    g_array_set_size(check->names, first);
    return TRUE;
}

static gboolean check_value(Check *check)
{
    switch (peek(check)) {
    case '{':
        return check_items(check, '}');
    case '[':
        return check_items(check, ']');
    case '"':
        return check_string(check, NULL);
    case 't':
        return check_word(check, "true");
    case 'f':
        return check_word(check, "false");
    case 'n':
        return check_word(check, "null");
    case -1:
        return fail(check, "the text ends where a value should be");
    default:
        return check_number(check);
    }
}

gboolean sr_json_check(const char *text, gsize length, GError **error)
{
    g_autoptr(GArray) names = g_array_new(FALSE, FALSE, sizeof(Name));
    Check check = {.text = (const guint8 *)text, .length = length, .names = names};
    gboolean good;

    g_array_set_clear_func(names, clear_name);
    skip_space(&check);
    good = check_value(&check);
    if (good) {
        skip_space(&check);
        if (check.at != length)
            good = fail(&check, "text after the end of the value");
    }
    if (!good)
        sr_error_set_at(error, SR_ERROR_PARSE_ERROR, "json", (gint64)check.at, "%s", check.problem);
    return good;
}
