#include "oauth/form.h"

#include "base/encoding.h"
#include "base/error.h"
#include "ethereum/char_class.h"

#include <string.h>

#define QUERY_MAX 8192u /* bytes */
#define PAIRS_MAX 64u

struct SrForm {
    SrSecret *text; /* SR_FORM_MAX bytes */
    gsize used;
    gboolean is_full;
};

/* --- writing -------------------------------------------------------------------------------- */

static gboolean is_unreserved(char c)
{
    return sr_char_is(c, SR_CHAR_ALNUM) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* Percent-encode @size bytes to @to, which has room for three times as many. Returns the length. */
static gsize escape(const char *from, gsize size, char *to)
{
    static const char digits[] = "0123456789ABCDEF";
    gsize used = 0;

    for (gsize i = 0; i < size; i++) {
        const guint8 byte = (guint8)from[i];

        if (is_unreserved(from[i])) {
            to[used++] = from[i];
            continue;
        }
        to[used++] = '%';
        to[used++] = digits[byte >> 4];
        to[used++] = digits[byte & 15];
    }
    return used;
}

SrForm *sr_form_new(GError **error)
{
    SrSecret *text = sr_secret_new(SR_FORM_MAX, error);
    SrForm *form;

    if (!text)
        return NULL;
    form = g_new0(SrForm, 1);
    form->text = text;
    return form;
}

void sr_form_free(SrForm *form)
{
    if (!form)
        return;
    sr_secret_free(form->text);
    g_free(form);
}

static void add(SrForm *form, const char *name, const char *value, gsize size)
{
    char *text = (char *)sr_secret_data(form->text);

    /* "&", "=" and every character in three. */
    if (form->is_full || size > SR_FORM_MAX || strlen(name) > SR_FORM_MAX ||
        2 + 3 * (strlen(name) + size) > SR_FORM_MAX - form->used) {
        form->is_full = TRUE;
        return;
    }
    if (form->used)
        text[form->used++] = '&';
    form->used += escape(name, strlen(name), text + form->used);
    text[form->used++] = '=';
    form->used += escape(value, size, text + form->used);
}

void sr_form_add(SrForm *form, const char *name, const char *value)
{
    if (value && *value)
        add(form, name, value, strlen(value));
}

void sr_form_add_secret(SrForm *form, const char *name, const SrSecret *value)
{
    if (value && sr_secret_size(value))
        add(form, name, (const char *)sr_secret_peek(value), sr_secret_size(value));
}

SrSecret *sr_form_finish(SrForm *form, GError **error)
{
    if (form->is_full) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED,
                     "a form of more than %u bytes; ask for fewer scopes", SR_FORM_MAX);
        return NULL;
    }
    sr_secret_truncate(form->text, form->used);
    return g_steal_pointer(&form->text);
}

char *sr_form_escape(const char *text)
{
    const gsize size = strlen(text);
    char *escaped = g_malloc(3 * size + 1);

    escaped[escape(text, size, escaped)] = '\0';
    return escaped;
}

SrSecret *sr_form_escape_secret(const SrSecret *text, GError **error)
{
    const gsize size = sr_secret_size(text);
    SrSecret *escaped = sr_secret_new(3 * size, error);

    if (escaped)
        sr_secret_truncate(escaped, escape((const char *)sr_secret_peek(text), size,
                                           (char *)sr_secret_data(escaped)));
    return escaped;
}

/* --- reading -------------------------------------------------------------------------------- */

static gboolean fail(GError **error, gsize offset, const char *problem)
{
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "query", (gint64)offset, "%s", problem);
    return FALSE;
}

/* Whether @text is UTF-8 without control characters (C0, DEL, C1). */
static gboolean is_plain(const char *text, gsize length)
{
    const char *at = text;

    if (!g_utf8_validate_len(text, length, NULL))
        return FALSE;
    for (; at < text + length; at += g_utf8_skip[(guchar)*at])
        if (g_unichar_iscntrl(g_utf8_get_char(at)))
            return FALSE;
    return TRUE;
}

/* The text that @length characters encode; NULL when they encode none. */
static char *decode(const char *text, gsize length)
{
    g_autofree char *decoded = g_malloc(length + 1);
    gsize used = 0;

    for (gsize i = 0; i < length; i++) {
        if (text[i] == '%') {
            if (length - i < 3 || sr_hex_digit(text[i + 1]) < 0 || sr_hex_digit(text[i + 2]) < 0)
                return NULL;
            decoded[used++] = (char)(sr_hex_digit(text[i + 1]) << 4 | sr_hex_digit(text[i + 2]));
            i += 2;
        } else {
            decoded[used++] = (char)(text[i] == '+' ? ' ' : text[i]);
        }
    }
    decoded[used] = '\0';
    return is_plain(decoded, used) ? g_steal_pointer(&decoded) : NULL;
}

/* Values may be codes: wiped, though the browser knows them. */
static void free_wiped(gpointer text)
{
    explicit_bzero(text, strlen(text));
    g_free(text);
}

/* One "name=value" at @offset of the query. */
static gboolean add_pair(GHashTable *pairs, const char *text, gsize length, gsize offset,
                         GError **error)
{
    const char *equals = memchr(text, '=', length);
    const gsize name_length = equals ? (gsize)(equals - text) : length;
    g_autofree char *name = decode(text, name_length);
    char *value = decode(equals ? equals + 1 : "", equals ? length - name_length - 1 : 0);

    if (!name || !value) {
        g_free(value);
        return fail(error, offset, "bad percent-encoding, not UTF-8 or a control character");
    }
    if (g_hash_table_contains(pairs, name) || g_hash_table_size(pairs) == PAIRS_MAX) {
        free_wiped(value);
        return fail(error, offset,
                    g_hash_table_size(pairs) == PAIRS_MAX ? "too many parameters"
                                                          : "a parameter that was there before");
    }
    g_hash_table_insert(pairs, g_steal_pointer(&name), value);
    return TRUE;
}

GHashTable *sr_form_parse_query(const char *text, gsize length, GError **error)
{
    g_autoptr(GHashTable) pairs =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_wiped);
    gsize at = 0;

    if (length > QUERY_MAX) {
        fail(error, QUERY_MAX, "too long");
        return NULL;
    }
    while (at < length) {
        const char *ampersand = memchr(text + at, '&', length - at);
        const gsize end = ampersand ? (gsize)(ampersand - text) : length;

        /* Nothing between two "&" is no pair (URL Standard §5.1). */
        if (end > at && !add_pair(pairs, text + at, end - at, at, error))
            return NULL;
        at = end + 1;
    }
    return g_steal_pointer(&pairs);
}
