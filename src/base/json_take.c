#include "base/json_take.h"

#include "base/error.h"
#include "base/json_check.h"

#include <string.h>

#define INTEGER_MAX_TEXT "9007199254740991" /* 2^53 - 1 */

/*
 * The functions up to sr_json_take_string walk a text that has passed the check, so every string
 * and bracket that begins also ends.
 */

static char *skip_space(char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')
        at++;
    return at;
}

/* Past the string whose opening quote is at @at. */
static char *skip_string(char *at)
{
    for (at++; *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at + 1;
}

static char *skip_value(char *at)
{
    guint depth = 0;

    do {
        if (*at == '"') {
            at = skip_string(at);
            continue;
        }
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        at++;
    } while (depth > 0 || !strchr(",]} \t\r\n", *at)); /* also at the end: strchr finds the NUL */
    return at;
}

static guint32 hex4(const char *at)
{
    guint32 unit = 0;

    for (guint i = 0; i < 4; i++)
        unit = unit << 4 | (guint32)g_ascii_xdigit_value(at[i]);
    return unit;
}

/* The character escaped by "\u" at *at, perhaps with its second half, as UTF-8. */
static guint decode_unicode(const char **at, char bytes[6])
{
    guint32 code = hex4(*at + 2);

    *at += 6;
    if (code >= 0xD800 && code <= 0xDBFF) {
        code = 0x10000 + ((code - 0xD800) << 10) + (hex4(*at + 2) - 0xDC00);
        *at += 6;
    }
    return (guint)g_unichar_to_utf8(code, bytes);
}

/* One byte, or one escaped character, of the string at *at. Returns the number of bytes. */
static guint decode(const char **at, char bytes[6])
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";

    if (**at != '\\') {
        bytes[0] = *(*at)++;
        return 1;
    }
    if ((*at)[1] == 'u')
        return decode_unicode(at, bytes);
    bytes[0] = meanings[strchr(letters, (*at)[1]) - letters];
    *at += 2;
    return 1;
}

/* Whether the string whose opening quote is at @at spells @name. */
static gboolean spells(const char *at, const char *name)
{
    at++;
    while (*at != '"') {
        char bytes[6];
        const guint size = decode(&at, bytes);

        if (strncmp(name, bytes, size) != 0)
            return FALSE;
        name += size;
    }
    return *name == '\0';
}

/* The value of member @name of the object at @at; NULL when there is none, or no object. */
static char *find_member(char *at, const char *name)
{
    if (*at != '{')
        return NULL;
    at = skip_space(at + 1);
    while (*at == '"') {
        const char *this_name = at;

        at = skip_space(skip_space(skip_string(at)) + 1);
        if (spells(this_name, name))
            return at;
        at = skip_space(skip_value(at));
        if (*at == ',')
            at = skip_space(at + 1);
    }
    return NULL;
}

/* The string at @at as a secret; "" and spaces take its place. */
static SrSecret *take(char *at, GError **error)
{
    char *end = skip_string(at);
    const char *from = at + 1;
    SrSecret *secret = sr_secret_new((gsize)(end - 1 - from), error);
    gsize used = 0;

    if (!secret)
        return NULL;
    while (*from != '"') {
        char bytes[6];
        const guint size = decode(&from, bytes);

        memcpy(sr_secret_data(secret) + used, bytes, size);
        used += size;
    }
    sr_secret_truncate(secret, used);
    at[1] = '"';
    memset(at + 2, ' ', (gsize)(end - at) - 2);
    return secret;
}

gboolean sr_json_take_string(SrSecret *text, const char *object, const char *name,
                             SrSecret **ret_string, GError **error)
{
    char *at = (char *)sr_secret_data(text);

    *ret_string = NULL;
    if (!sr_json_check(at, sr_secret_size(text), error))
        return FALSE;
    at = skip_space(at);
    if (object)
        at = find_member(at, object);
    if (at)
        at = find_member(at, name);
    if (!at || *at == 'n')
        return TRUE;
    if (*at != '"') {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, name, -1, "must be a string");
        return FALSE;
    }
    *ret_string = take(at, error);
    return *ret_string != NULL;
}

/* Clamp the run of @digits at @at when it is too large. */
static void clamp(char *at, gsize digits)
{
    const gsize width = strlen(INTEGER_MAX_TEXT);

    if (digits < width || (digits == width && memcmp(at, INTEGER_MAX_TEXT, width) <= 0))
        return;
    memcpy(at, INTEGER_MAX_TEXT, width);
    memset(at + width, ' ', digits - width);
}

/* Past the number at @at; integers without fraction, exponent and leading zero are clamped. */
static char *clamp_number(char *at)
{
    const gsize digits = strspn(at, "0123456789");
    const gsize length = strspn(at, "0123456789.eE+-");

    if (length == digits && *at != '0')
        clamp(at, digits);
    return at + length;
}

void sr_json_clamp_integers(SrSecret *text)
{
    char *at = (char *)sr_secret_data(text);
    const char *end = at + sr_secret_size(text);
    gboolean in_string = FALSE;

    while (at < end) {
        if (in_string && *at == '\\')
            at += 2;
        else if (!in_string && g_ascii_isdigit(*at))
            at = clamp_number(at);
        else
            in_string ^= *at++ == '"';
    }
}
