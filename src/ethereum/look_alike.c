#include "ethereum/look_alike.h"

#include "ethereum/look_alike_table.h"

/* Alphabets of symbols that Unicode does not decompose: in circles, in squares, flags' letters. */
static gboolean is_boxed_letter(gunichar c, char *ret_letter)
{
    static const gunichar starts[] = {0x1f150, 0x1f170, 0x1f1e6};

    for (gsize i = 0; i < G_N_ELEMENTS(starts); i++)
        if (c >= starts[i] && c < starts[i] + 26) {
            *ret_letter = (char)('a' + (c - starts[i]));
            return TRUE;
        }
    return FALSE;
}

/* Letters by category that show nothing: the fillers of Hangul. */
static gboolean is_filler(gunichar c)
{
    return c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0;
}

static void append_letter(GString *skeleton, char letter)
{
    switch (letter) {
    case 'm':
        g_string_append(skeleton, "rn");
        break;
    case 'w':
        g_string_append(skeleton, "vv");
        break;
    case 'l':
        g_string_append_c(skeleton, 'i');
        break;
    default:
        g_string_append_c(skeleton, letter);
        break;
    }
}

/* The letter that a digit stands for in "51gn 1n", "?" for the others. */
static char letter_of_digit(int digit)
{
    static const char letters[] = "oi?eas?t??";

    return digit >= 0 && digit <= 9 ? letters[digit] : '?';
}

/* @c, which has no decomposition. */
static void append_simple(GString *skeleton, gunichar c)
{
    const gunichar small = g_unichar_tolower(c);
    char letter = sr_look_alike_letter(c);

    if (!letter)
        letter = sr_look_alike_letter(small);
    if (letter || is_boxed_letter(c, &letter))
        append_letter(skeleton, letter);
    else if (small >= 'a' && small <= 'z')
        append_letter(skeleton, (char)small);
    else if (g_unichar_isdigit(c))
        append_letter(skeleton, letter_of_digit(g_unichar_digit_value(c)));
    else if (g_unichar_isalnum(c) && !is_filler(c))
        g_string_append_c(skeleton, '?');
}

static void append_character(GString *skeleton, gunichar c)
{
    gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
    gsize n_parts;

    if (c < 0x80 || sr_look_alike_letter(c)) {
        append_simple(skeleton, c);
        return;
    }
    n_parts = g_unichar_fully_decompose(c, TRUE, parts, G_N_ELEMENTS(parts));
    for (gsize i = 0; i < n_parts; i++)
        append_simple(skeleton, parts[i]);
}

char *sr_look_alike_skeleton(const guint8 *bytes, gsize size)
{
    GString *skeleton = g_string_sized_new(size);
    const char *text = (const char *)bytes;
    gsize at = 0;

    while (at < size) {
        const gunichar c = g_utf8_get_char_validated(text + at, (gssize)(size - at));

        if (c == (gunichar)-1 || c == (gunichar)-2) {
            at++;
            continue;
        }
        append_character(skeleton, c);
        at += (gsize)g_utf8_skip[bytes[at]];
    }
    return g_string_free(skeleton, FALSE);
}
