#include "base/encoding.h"

#include "base/error.h"

#include <glib.h>
#include <string.h>

static void assert_bytes(const GByteArray *bytes, const void *expected, gsize size)
{
    g_assert_nonnull(bytes);
    g_assert_cmpuint(bytes->len, ==, size);
    g_assert_true(size == 0 || memcmp(bytes->data, expected, size) == 0);
}

/* --- hexadecimal ---------------------------------------------------------------------------- */

static void test_hex(void)
{
    static const guint8 bytes[] = {0x00, 0x01, 0x7f, 0x80, 0xab, 0xff};
    g_autofree char *plain = sr_hex_encode(bytes, sizeof(bytes), FALSE);
    g_autofree char *prefixed = sr_hex_encode(bytes, sizeof(bytes), TRUE);
    g_autofree char *nothing = sr_hex_encode(NULL, 0, TRUE);
    char raw[] = "............";

    sr_hex_write(bytes, sizeof(bytes), raw);
    g_assert_cmpstr(raw, ==, "00017f80abff");
    g_assert_cmpstr(plain, ==, "00017f80abff");
    g_assert_cmpstr(prefixed, ==, "0x00017f80abff");
    g_assert_cmpstr(nothing, ==, "0x");
}

static void test_hex_decode(void)
{
    static const struct {
        const char *text;
        const char *bytes; /* NULL: refused */
        gsize size;
    } rows[] = {
        {"", "", 0},
        {"0x", "", 0},
        {"00ff", "\x00\xff", 2},
        {"0x00fF", "\x00\xff", 2},
        {"aBcDeF", "\xab\xcd\xef", 3},
        {"0", NULL, 0},
        {"0x0", NULL, 0},
        {"0x0g", NULL, 0},
        {"g0", NULL, 0},
        {"x0", NULL, 0},
        {"0x0x00", NULL, 0},
        {" 00", NULL, 0},
        {"00 ", NULL, 0},
        {"0 0 ", NULL, 0},
        {"-1", NULL, 0},
        {"+1", NULL, 0},
        {"00\n", NULL, 0},
        {"\xc3\xa4", NULL, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) bytes = sr_hex_decode(rows[i].text, strlen(rows[i].text));

        if (rows[i].bytes)
            assert_bytes(bytes, rows[i].bytes, rows[i].size);
        else
            g_assert_null(bytes);
    }
    g_assert_null(sr_hex_decode("00\0", 3));
    g_assert_null(sr_hex_decode("0\0", 2));
}

static void test_hex_fixed(void)
{
    guint8 bytes[2];

    g_assert_true(sr_hex_decode_fixed("0x0aFf", 6, bytes, 2));
    g_assert_true(memcmp(bytes, "\x0a\xff", 2) == 0);
    g_assert_true(sr_hex_decode_fixed("1234", 4, bytes, 2));
    g_assert_true(memcmp(bytes, "\x12\x34", 2) == 0);
    g_assert_false(sr_hex_decode_fixed("123", 3, bytes, 2));
    g_assert_false(sr_hex_decode_fixed("123456", 6, bytes, 2));
    g_assert_false(sr_hex_decode_fixed("0x12", 4, bytes, 2));
    g_assert_false(sr_hex_decode_fixed("12zz", 4, bytes, 2));
    g_assert_false(sr_hex_decode_fixed("", 0, bytes, 2));
}

static void test_hex_digit(void)
{
    guint digits = 0;

    for (int c = -128; c < 128; c++) {
        const int value = sr_hex_digit((char)c);

        g_assert_cmpint(value, ==, c >= 0 ? g_ascii_xdigit_value((char)c) : -1);
        digits += value >= 0;
    }
    g_assert_cmpuint(digits, ==, 22);
}

/* --- base64url ------------------------------------------------------------------------------ */

/* RFC 4648 §10 without padding, and the two characters that differ from base64. */
static const struct {
    const char *bytes;
    const char *text;
} base64_rows[] = {
    {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
    {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"},
    {"\xff", "_w"},
};

/* RFC 4648 §10. */
static void test_base64(void)
{
    static const struct {
        const char *bytes;
        const char *text;
    } rows[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xbf", "+/+/"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *bytes = rows[i].bytes;
        g_autoptr(SrSecret) text =
            sr_base64_encode_secret((const guint8 *)bytes, strlen(bytes), NULL);

        g_assert_cmpstr((const char *)sr_secret_peek(text), ==, rows[i].text);
        g_assert_cmpuint(sr_secret_size(text), ==, strlen(rows[i].text));
    }
}

static void test_base64url(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(base64_rows); i++) {
        const char *bytes = base64_rows[i].bytes;
        g_autofree char *text = sr_base64url_encode((const guint8 *)bytes, strlen(bytes));
        g_autoptr(GByteArray) back = sr_base64url_decode(text, strlen(text), NULL);

        g_assert_cmpstr(text, ==, base64_rows[i].text);
        assert_bytes(back, bytes, strlen(bytes));
    }
}

static void test_base64url_strict(void)
{
    static const struct {
        const char *text;
        gsize offset;
    } rows[] = {
        {"Z", 0},       {"Zm9vY", 4},      {"Zg==", 2},     {"Zg=", 2}, {"Zm8=", 3},  {"Zm9v=", 4},
        {"Z+8A", 1},    {"Zm/A", 2},       {"Zm 9", 2},     {" Zg", 0}, {"Zm8\n", 3}, {"\nZg", 0},
        {"Zm.v", 2},    {"Zh", 1},         {"Zv", 1},       {"Zm9", 2}, {"Zm-", 2},   {"Zm9vYh", 5},
        {"Zm9vYmF", 6}, {"\xc3\xa4Zg", 0}, {"Zm8=Zm8=", 3},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gsize offset = G_MAXSIZE;

        g_assert_null(sr_base64url_decode(rows[i].text, strlen(rows[i].text), &offset));
        g_assert_cmpuint(offset, ==, rows[i].offset);
        g_assert_null(sr_base64url_decode(rows[i].text, strlen(rows[i].text), NULL));
    }
    g_assert_null(sr_base64url_decode("Zg\0", 3, NULL));
}

/* Against GLib's base64, every length; every text decodes to one value only. */
static void test_base64url_against_glib(void)
{
    guint8 bytes[100];

    for (gsize size = 0; size <= sizeof(bytes); size++) {
        g_autofree char *expected = NULL;
        g_autofree char *text = NULL;
        g_autoptr(GByteArray) back = NULL;

        for (gsize i = 0; i < size; i++)
            bytes[i] = (guint8)(i * 151 + size * 7 + (i >> 1));
        expected = g_base64_encode(bytes, size);
        expected[strcspn(expected, "=")] = '\0';
        g_strdelimit(g_strdelimit(expected, "+", '-'), "/", '_');
        text = sr_base64url_encode(bytes, size);
        g_assert_cmpstr(text, ==, expected);
        back = sr_base64url_decode(text, strlen(text), NULL);
        assert_bytes(back, bytes, size);
    }
}

static void test_base64url_one_text_per_value(void)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    guint accepted = 0;

    for (gsize first = 0; first < 64; first++) {
        for (gsize second = 0; second < 64; second++) {
            const char text[] = {alphabet[first], alphabet[second], '\0'};
            g_autoptr(GByteArray) bytes = sr_base64url_decode(text, 2, NULL);
            g_autofree char *back = NULL;

            if (!bytes)
                continue;
            accepted++;
            back = sr_base64url_encode(bytes->data, bytes->len);
            g_assert_cmpstr(back, ==, text);
        }
    }
    g_assert_cmpuint(accepted, ==, 256);
}

static void test_base64url_secret(void)
{
    static const char *const bad[] = {"Z", "Zg==", "Zh", "Zm9v\n", "Zm+v"};
    g_autoptr(GError) error = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(base64_rows); i++) {
        const char *bytes = base64_rows[i].bytes;
        g_autoptr(SrSecret) text =
            sr_base64url_encode_secret((const guint8 *)bytes, strlen(bytes), &error);
        g_autoptr(SrSecret) back = NULL;

        g_assert_no_error(error);
        g_assert_cmpstr((const char *)sr_secret_peek(text), ==, base64_rows[i].text);
        back = sr_base64url_decode_secret((const char *)sr_secret_peek(text), sr_secret_size(text),
                                          &error);
        g_assert_no_error(error);
        g_assert_cmpuint(sr_secret_size(back), ==, strlen(bytes));
        g_assert_cmpstr((const char *)sr_secret_peek(back), ==, bytes);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_assert_null(sr_base64url_decode_secret(bad[i], strlen(bad[i]), &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
        g_assert_null(strstr(error->message, bad[i]));
        g_clear_error(&error);
    }
    g_assert_null(sr_base64url_decode_secret("", G_MAXSIZE / 4, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
}

/* --- base58 --------------------------------------------------------------------------------- */

/* Worked out by hand or with integer arithmetic in Python. */
static const struct {
    const char *bytes;
    gsize size;
    const char *text;
} base58_rows[] = {
    {"", 0, ""},
    {"\x00", 1, "1"},
    {"\x00\x00\x00", 3, "111"},
    {"\x01", 1, "2"},
    {"\x39", 1, "z"},
    {"\x3a", 1, "21"},
    {"\xff", 1, "5Q"},
    {"\x00\x01", 2, "12"},
    {"\x01\x00", 2, "5R"},
    {"\xff\xff", 2, "LUv"},
    {"Hello World!", 12, "2NEpo7TZRRrLZSi2U"},
    {"\x00\x00\x28\x7f\xb4\xcd", 6, "11233QC4"},
};

static void test_base58(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(base58_rows); i++) {
        g_autofree char *text =
            sr_base58_encode((const guint8 *)base58_rows[i].bytes, base58_rows[i].size);
        g_autoptr(GByteArray) back = sr_base58_decode(text, strlen(text));

        g_assert_cmpstr(text, ==, base58_rows[i].text);
        assert_bytes(back, base58_rows[i].bytes, base58_rows[i].size);
    }
}

static void test_base58_any_length(void)
{
    guint8 bytes[180];

    for (gsize size = 0; size <= sizeof(bytes); size++) {
        for (guint zeros = 0; zeros <= 2; zeros++) {
            g_autofree char *text = NULL;
            g_autoptr(GByteArray) back = NULL;

            memset(bytes, 0xff, size);
            memset(bytes, 0, MIN(size, zeros));
            text = sr_base58_encode(bytes, size);
            back = sr_base58_decode(text, strlen(text));
            assert_bytes(back, bytes, size);
        }
    }
}

static void test_base58_refuses(void)
{
    static const char *const bad[] = {
        "0", "O", "I", "l", "1 ", " 1", "z\n", "+", "/", "\xc3\xa4", "2NEpo7TZRRrLZSi2U0"};
    g_autofree char *longest = g_strnfill(256, '1');
    g_autofree char *too_long = g_strnfill(257, '1');
    g_autofree char *largest = g_strnfill(256, 'z');
    g_autoptr(GByteArray) zeros = sr_base58_decode(longest, 256);
    g_autoptr(GByteArray) number = sr_base58_decode(largest, 256);

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(sr_base58_decode(bad[i], strlen(bad[i])));
    g_assert_null(sr_base58_decode("1\0", 2));
    g_assert_null(sr_base58_decode(too_long, 257));
    g_assert_cmpuint(zeros->len, ==, 256);
    g_assert_cmpuint(number->len, ==, 188);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encoding/hex", test_hex);
    g_test_add_func("/encoding/hex-decode", test_hex_decode);
    g_test_add_func("/encoding/hex-of-fixed-size", test_hex_fixed);
    g_test_add_func("/encoding/hex-digit", test_hex_digit);
    g_test_add_func("/encoding/base64-of-secrets-rfc-4648", test_base64);
    g_test_add_func("/encoding/base64url-rfc-4648", test_base64url);
    g_test_add_func("/encoding/base64url-refuses-other-forms", test_base64url_strict);
    g_test_add_func("/encoding/base64url-agrees-with-glib", test_base64url_against_glib);
    g_test_add_func("/encoding/base64url-one-text-per-value", test_base64url_one_text_per_value);
    g_test_add_func("/encoding/base64url-of-secrets", test_base64url_secret);
    g_test_add_func("/encoding/base58-known-answers", test_base58);
    g_test_add_func("/encoding/base58-any-length", test_base58_any_length);
    g_test_add_func("/encoding/base58-refuses-other-characters", test_base58_refuses);
    return g_test_run();
}
