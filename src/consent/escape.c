#include "consent/escape.h"

#include <string.h>

/* Whether the input holds what an escape starts with: left alone it could pass for one. */
static gboolean looks_like_escape(const char *at, gsize left)
{
    return left >= 3 && (memcmp(at, "<U+", 3) == 0 || memcmp(at, "<0x", 3) == 0);
}

/* Append the escape of what starts at @at and return the number of bytes it stands for. */
static gsize append_escape(GString *text, const char *at, gsize left)
{
    const gunichar character =
        (guchar)at[0] < 0x80 ? (gunichar)at[0] : g_utf8_get_char_validated(at, (gssize)left);

    if (character > G_MAXINT32) {
        g_string_append_printf(text, "<0x%02X>", (guchar)at[0]);
        return 1;
    }
    g_string_append_printf(text, "<U+%04X>", character);
    return (gsize)g_unichar_to_utf8(character, NULL);
}

char *sr_escape(const char *bytes, gsize size, guint *ret_count)
{
    GString *text = g_string_sized_new(size + 1);
    guint count = 0;
    gsize i = 0;

    while (i < size) {
        if (g_ascii_isprint(bytes[i]) && !looks_like_escape(bytes + i, size - i)) {
            g_string_append_c(text, bytes[i++]);
            continue;
        }
        i += append_escape(text, bytes + i, size - i);
        count++;
    }
    if (ret_count)
        *ret_count += count;
    return g_string_free(text, FALSE);
}
