#include "consent/escape.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *input;
    gsize size; /* 0: up to the NUL */
    const char *output;
    guint count;
} Row;

static const Row rows[] = {
    {"empty", "", 0, "", 0},
    {"printable-ascii-stays", " !~[]{}&<>\"'\\%", 0, " !~[]{}&<>\"'\\%", 0},
    {"markup-stays-text", "<b>x</b> &amp;", 0, "<b>x</b> &amp;", 0},
    {"nul", "a\0b", 3, "a<U+0000>b", 1},
    {"tab-line-feed-return", "\t\n\r", 0, "<U+0009><U+000A><U+000D>", 3},
    {"delete", "\x7f", 0, "<U+007F>", 1},
    {"terminal-escape", "\x1b[31m", 0, "<U+001B>[31m", 1},
    {"c1-control", "\xc2\x9b", 0, "<U+009B>", 1},
    {"latin", "\xc3\xa9", 0, "<U+00E9>", 1},
    {"cyrillic-a", "\xd0\xb0pple", 0, "<U+0430>pple", 1},
    {"right-to-left-override",
     "\xe2\x80\xae"
     "evil\xe2\x80\xac",
     0, "<U+202E>evil<U+202C>", 2},
    {"isolates", "\xe2\x81\xa6x\xe2\x81\xa9", 0, "<U+2066>x<U+2069>", 2},
    {"zero-width-space",
     "a\xe2\x80\x8b"
     "b",
     0, "a<U+200B>b", 1},
    {"byte-order-mark", "\xef\xbb\xbfx", 0, "<U+FEFF>x", 1},
    {"beyond-the-first-plane", "\xf0\x9f\x98\x80", 0, "<U+1F600>", 1},
    {"last-code-point", "\xf4\x8f\xbf\xbf", 0, "<U+10FFFF>", 1},
    {"above-the-last-code-point", "\xf4\x90\x80\x80", 0, "<0xF4><0x90><0x80><0x80>", 4},
    {"surrogate", "\xed\xa0\x80", 0, "<0xED><0xA0><0x80>", 3},
    {"overlong-slash", "\xc0\xaf", 0, "<0xC0><0xAF>", 2},
    {"lone-continuation", "\x80z", 0, "<0x80>z", 1},
    {"cut-sequence", "a\xe2\x80", 0, "a<0xE2><0x80>", 2},
    {"cut-sequence-then-ascii", "\xe2\x80z", 0, "<0xE2><0x80>z", 2},
    {"look-alike-of-an-escape", "<U+202E>", 0, "<U+003C>U+202E>", 1},
    {"look-alike-of-a-byte", "<0x41>", 0, "<U+003C>0x41>", 1},
    {"look-alike-begun", "<U <0 <u+ <", 0, "<U <0 <u+ <", 0},
    {"look-alike-cut-by-the-end", "<U+", 2, "<U", 0},
    {"look-alike-doubled", "<<U+", 0, "<<U+003C>U+", 1},
};

static void test_row(gconstpointer data)
{
    const Row *row = data;
    guint count = 100;
    g_autofree char *text =
        sr_escape(row->input, row->size ? row->size : strlen(row->input), &count);

    g_assert_cmpstr(text, ==, row->output);
    g_assert_cmpuint(count, ==, 100 + row->count);
}

/* Reads an escaped text back; NULL when it is not one. */
static GByteArray *unescape(const char *text)
{
    GByteArray *bytes = g_byte_array_new();

    while (*text) {
        const gboolean is_character = g_str_has_prefix(text, "<U+");
        char utf8[6];
        char *end;
        gunichar value;
        guint8 byte;

        g_assert_true(g_ascii_isprint(*text));
        if (!is_character && !g_str_has_prefix(text, "<0x")) {
            g_byte_array_append(bytes, (const guint8 *)text++, 1);
            continue;
        }
        value = (gunichar)g_ascii_strtoull(text + 3, &end, 16);
        g_assert_cmpint(*end, ==, '>');
        byte = (guint8)value;
        if (is_character)
            g_byte_array_append(bytes, (const guint8 *)utf8, (guint)g_unichar_to_utf8(value, utf8));
        else
            g_byte_array_append(bytes, &byte, 1);
        text = end + 1;
    }
    return bytes;
}

/* Random bytes of an alphabet rich in what matters, so that each rule meets each other one. */
static void test_reversible(void)
{
    static const guint8 alphabet[] = {'<',  'U',  '+',  '0',  'x',  '>',  '4',
                                      '1',  0,    '\n', 0x1b, 0x80, 0xc2, 0xe2,
                                      0x81, 0xa6, 0xed, 0xa0, 0xf0, 0x9f, 0xff};

    for (int round = 0; round < 20000; round++) {
        guint8 input[24];
        const gsize size = (gsize)g_test_rand_int_range(0, sizeof input + 1);
        g_autoptr(GByteArray) back = NULL;
        g_autofree char *text = NULL;

        for (gsize i = 0; i < size; i++)
            input[i] = alphabet[g_test_rand_int_range(0, sizeof alphabet)];
        text = sr_escape((const char *)input, size, NULL);
        back = unescape(text);
        g_assert_cmpuint(back->len, ==, size);
        g_assert_true(size == 0 || memcmp(back->data, input, size) == 0);
    }
}

/* Every code point but printable ASCII is written as itself. */
static void test_every_code_point(void)
{
    for (gunichar c = 1; c <= 0x10ffff; c++) {
        g_autofree char *expected = g_strdup_printf("<U+%04X>", c);
        g_autofree char *text = NULL;
        char utf8[6];

        if ((c >= 0x20 && c < 0x7f) || (c >= 0xd800 && c < 0xe000))
            continue;
        text = sr_escape(utf8, (gsize)g_unichar_to_utf8(c, utf8), NULL);
        g_assert_cmpstr(text, ==, expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/escape/%s", rows[i].name);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    g_test_add_func("/escape/every-text-can-be-read-back", test_reversible);
    g_test_add_func("/escape/every-code-point", test_every_code_point);
    return g_test_run();
}
