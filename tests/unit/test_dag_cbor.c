/* DAG-CBOR: the shortest heads are written, and only those are read. */
#include "tinycloud/dag_cbor.h"

#include "base/encoding.h"
#include "support/assert_bytes.h"

#include <string.h>

static void assert_hex(const GByteArray *bytes, const char *expected)
{
    g_autofree char *text = sr_hex_encode(bytes->data, bytes->len, FALSE);

    g_assert_cmpstr(text, ==, expected);
}

/* Numbers and their encodings of RFC 8949, appendix A. */
static const struct {
    guint64 value;
    const char *hex;
} numbers[] = {
    {0, "00"},
    {23, "17"},
    {24, "1818"},
    {100, "1864"},
    {255, "18ff"},
    {256, "190100"},
    {1000, "1903e8"},
    {65535, "19ffff"},
    {65536, "1a00010000"},
    {1000000, "1a000f4240"},
    {G_MAXUINT32, "1affffffff"},
    {(guint64)G_MAXUINT32 + 1, "1b0000000100000000"},
    {G_GUINT64_CONSTANT(1000000000000), "1b000000e8d4a51000"},
    {G_MAXUINT64, "1bffffffffffffffff"},
};

static void test_numbers(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        SrCborReader reader;
        guint64 value;

        sr_cbor_add_unsigned(bytes, numbers[i].value);
        assert_hex(bytes, numbers[i].hex);
        reader = (SrCborReader){bytes->data, bytes->data + bytes->len};
        g_assert_true(sr_cbor_read_unsigned(&reader, &value));
        g_assert_cmpuint(value, ==, numbers[i].value);
        g_assert_true(reader.at == reader.end);
    }
}

static void test_strings(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    SrCborReader reader;
    SrSlice text;
    guint64 count;

    sr_cbor_add_map(bytes, 1);
    sr_cbor_add_text(bytes, "IETF", 4);
    sr_cbor_add_array(bytes, 1);
    sr_cbor_add_bytes(bytes, (const guint8 *)"\1\2\3\4", 4);
    assert_hex(bytes, "a1644945544681"
                      "4401020304");
    reader = (SrCborReader){bytes->data, bytes->data + bytes->len};
    g_assert_true(sr_cbor_read_map(&reader, &count) && count == 1);
    g_assert_false(sr_cbor_read_bytes(&reader, &text));
    g_assert_true(sr_cbor_read_text(&reader, &text));
    sr_assert_bytes(text.data, text.length, "IETF", 4);
    g_assert_true(sr_cbor_read_array(&reader, &count) && count == 1);
    g_assert_true(sr_cbor_read_bytes(&reader, &text));
    sr_assert_bytes(text.data, text.length, "\1\2\3\4", 4);
    g_assert_true(reader.at == reader.end);
}

/* What no reader takes: encodings of a text (or number) that are not the one there is. */
static const char *const refused[] = {
    "",                     /* nothing */
    "6261",                 /* a text that is cut off */
    "7801",                 /* the same, with a longer head */
    "780161",               /* 1 in a byte of its own */
    "79000161",             /* in two */
    "7a0000000161",         /* in four */
    "7b000000000000000161", /* in eight */
    "7f616161ff",           /* of unknown length */
    "7bffffffffffffffff61", /* longer than there is memory */
    "62c3",                 /* cut off within a character */
    "62c328",               /* no UTF-8 */
    "6100",                 /* NUL */
    "7c",                   /* a head that is reserved */
    "1801",                 /* a number in a longer head */
    "1900ff",
    "1a0000ffff",
    "1b00000000ffffffff",
    "19", /* and one that is cut off */
};

static void test_refused(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autoptr(GByteArray) bytes = sr_hex_decode(refused[i], strlen(refused[i]));
        SrCborReader reader = {bytes->data, bytes->data + bytes->len};
        SrSlice text;
        guint64 value;

        g_assert_false(sr_cbor_read_text(&reader, &text));
        g_assert_false(sr_cbor_read_unsigned(&reader, &value));
        g_assert_true(reader.at == bytes->data);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dag-cbor/numbers-have-the-shortest-head", test_numbers);
    g_test_add_func("/dag-cbor/texts-bytes-and-what-holds-them", test_strings);
    g_test_add_func("/dag-cbor/other-encodings-are-refused", test_refused);
    return g_test_run();
}
