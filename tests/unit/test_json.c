#include "base/json.h"

#include "base/error.h"
#include "base/json_check.h"
#include "support/cpu_time.h"

#include <glib.h>
#include <string.h>

/* --- which texts are JSON ------------------------------------------------------------------- */

static const char *const good_texts[] = {
    "{}",
    "[]",
    "\"\"",
    "\"text\"",
    "true",
    "false",
    "0",
    "-0",
    "7",
    "-1",
    "12",
    "1.5",
    "0.0",
    "-0.5",
    "1e5",
    "1E5",
    "1e+5",
    "1e-5",
    "0e0",
    "1.5e300",
    "1e-400",
    "9007199254740991",
    "-9007199254740991",
    "9007199254740993.0",
    " \t\r\n{} \t\r\n",
    " 5 ",
    "{\"a\":null}",
    "[null]",
    "[1,2,3]",
    "[ 1 , 2 ]",
    "{\"a\":1,\"b\":2}",
    "{ \"a\" : 1 , \"b\" : [ ] }",
    "{\"\":1}",
    "{\"a\":{\"a\":{\"a\":1}}}",
    "[{\"a\":1},{\"a\":1}]",
    "{\"a\":[{\"a\":1}],\"b\":{\"a\":1}}",
    "{\"a\":1,\"A\":2}",
    "{\"a\":1,\"aa\":2}",
    "{\"__proto__\":{}}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0001\\u001f\\u007f\"",
    "\"\x7f\"",
    "\"\\u00e4\\u20AC\"",
    "\"\\ud83d\\udd12\"",
    "\"\\uD800\\uDC00\"",
    "\"\\uDBFF\\uDFFF\"",
    "\"\xc3\xa4\"",         /* U+00E4 */
    "\"\xe2\x82\xac\"",     /* U+20AC */
    "\"\xf0\x9f\x94\x92\"", /* U+1F512 */
    "\"\xc2\x80\"",         /* U+0080, the first of two bytes */
    "\"\xdf\xbf\"",         /* U+07FF */
    "\"\xe0\xa0\x80\"",     /* U+0800 */
    "\"\xed\x9f\xbf\"",     /* U+D7FF */
    "\"\xee\x80\x80\"",     /* U+E000 */
    "\"\xef\xbf\xbf\"",     /* U+FFFF */
    "\"\xf0\x90\x80\x80\"", /* U+10000 */
    "\"\xf4\x8f\xbf\xbf\"", /* U+10FFFF */
    "\"\xef\xbb\xbf\"",     /* U+FEFF inside a string */
};

typedef struct {
    const char *text;
    gsize offset; /* of the first violation */
} BadText;

static const BadText bad_texts[] = {
    /* nothing, or no value */
    {"", 0},
    {" ", 1},
    {"x", 0},
    {"nul", 0},
    {"nulls", 4},
    {"True", 0},
    {"TRUE", 0},
    {"tru", 0},
    {"NaN", 0},
    {"Infinity", 0},
    {"-Infinity", 1},
    {"undefined", 0},
    {"'a'", 0},
    {"//x\n1", 0},
    {"/* */1", 0},
    {"1//x", 1},
    {"#", 0},
    /* text after the value */
    {"{}{}", 2},
    {"{} x", 3},
    {"1 2", 2},
    {"true false", 5},
    {"\"a\"\"b\"", 3},
    {"[]]", 2},
    {"{}}", 2},
    {"{},", 2},
    /* numbers */
    {"-", 1},
    {"+1", 0},
    {"--1", 1},
    {".5", 0},
    {"1.", 2},
    {"-.5", 1},
    {"1.e5", 2},
    {"1e", 2},
    {"1e+", 3},
    {"1e1.5", 3},
    {"1.5.5", 3},
    {"0x10", 1},
    {"1a", 1},
    {"1_000", 1},
    {"01", 0},
    {"00", 0},
    {"-01", 1},
    {"007", 0},
    {"01.5", 0},
    {"9007199254740992", 0},
    {"-9007199254740992", 1},
    {"10000000000000000", 0},
    {"18446744073709551616", 0},
    {"[1,9007199254740993]", 3},
    {"1e999", 0},
    {"-1e999", 1},
    {"[1.8e308]", 1},
    {"\xd9\xa1", 0}, /* an Arabic digit */
    /* arrays and objects */
    {"[", 1},
    {"]", 0},
    {"[1", 2},
    {"[1,", 3},
    {"[1,]", 3},
    {"[,1]", 1},
    {"[,]", 1},
    {"[1 2]", 3},
    {"[1;2]", 2},
    {"[1}", 2},
    {"{", 1},
    {"}", 0},
    {"{]", 1},
    {"{a:1}", 1},
    {"{'a':1}", 1},
    {"{1:1}", 1},
    {"{\"a\"}", 4},
    {"{\"a\" 1}", 5},
    {"{\"a\":}", 5},
    {"{\"a\":1,}", 7},
    {"{,\"a\":1}", 1},
    {"{\"a\":1 \"b\":2}", 7},
    {"{\"a\"::1}", 5},
    {"{\"a\":1", 6},
    {"{\"a\":1]", 6},
    /* one name twice, in any spelling */
    {"{\"a\":1,\"a\":1}", 7},
    {"{\"a\":1,\"b\":2,\"a\":3}", 13},
    {"{\"a\":1,\"\\u0061\":2}", 7},
    {"{\"\\u0061\":1,\"a\":2}", 12},
    {"{\"\\u0061\":1,\"\\u0061\":2}", 12},
    {"{\"\\/\":1,\"/\":2}", 8},
    {"{\"\\n\":1,\"\\u000A\":2}", 8},
    {"{\"\\u00e4\":1,\"\xc3\xa4\":2}", 12},
    {"{\"\\ud83d\\udd12\":1,\"\xf0\x9f\x94\x92\":2}", 18},
    {"{\"\":1,\"\":2}", 6},
    {"[{\"x\":{\"a\":1,\"b\":1,\"a\":2}}]", 19},
    {"{\"a\":{\"b\":1},\"c\":1,\"a\":1}", 19},
    /* strings */
    {"\"", 1},
    {"\"abc", 4},
    {"\"\\\"", 3},
    {"\"\\", 2},
    {"\"\\x41\"", 2},
    {"\"\\a\"", 2},
    {"\"\\'\"", 2},
    {"\"\\U0041\"", 2},
    {"\"\\u\"", 3},
    {"\"\\u004\"", 6},
    {"\"\\u00g1\"", 5},
    {"\"\\u 041\"", 3},
    {"\"\\u004", 6},
    {"\"a\nb\"", 2},
    {"\"a\tb\"", 2},
    {"\"\x01\"", 1},
    {"\"\x1f\"", 1},
    {"\"\\u0000\"", 7},
    /* surrogates alone */
    {"\"\\ud800\"", 7},
    {"\"\\udbff\"", 7},
    {"\"\\udc00\"", 7},
    {"\"\\udfff\"", 7},
    {"\"\\ud800x\"", 7},
    {"\"\\ud800\\n\"", 7},
    {"\"\\ud800\\u0041\"", 13},
    {"\"\\ud800\\ud800\"", 13},
    {"\"\\udc00\\ud800\"", 7},
    {"{\"\\ud800\":1}", 8},
    /* not UTF-8 (RFC 3629) */
    {"\"\x80\"", 1},
    {"\"\xbf\"", 1},
    {"\"\xc0\x80\"", 1},             /* U+0000, overlong */
    {"\"\xc1\xbf\"", 1},             /* U+007F, overlong */
    {"\"\xe0\x9f\xbf\"", 1},         /* U+07FF, overlong */
    {"\"\xf0\x8f\xbf\xbf\"", 1},     /* U+FFFF, overlong */
    {"\"\xf8\x88\x80\x80\x80\"", 1}, /* five bytes */
    {"\"\xed\xa0\x80\"", 1},         /* U+D800 */
    {"\"\xed\xbf\xbf\"", 1},         /* U+DFFF */
    {"\"\xed\xa0\xbd\xed\xb4\x92\"", 1},
    {"\"\xf4\x90\x80\x80\"", 1}, /* U+110000 */
    {"\"\xf5\x80\x80\x80\"", 1},
    {"\"\xfe\"", 1},
    {"\"\xff\"", 1},
    {"\"\xc3\"", 1},
    {"\"\xe2\x82\"", 1},
    {"\"\xf0\x9f\x94\"", 1},
    {"\"\xe2\x28\xa1\"", 1},
    {"\"ab\xe4\"", 3}, /* Latin-1 */
    {"\xc3\xa4", 0},
    {"\xc2\xa0{}", 0}, /* a no-break space is no white space */
    {"\xef\xbb\xbf{}", 0},
    {"\v{}", 0},
    {"\f{}", 0},
};

static void assert_refused(const char *text, gsize length, gssize offset)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrJson) value = sr_json_parse(text, length, &error);

    if (value || !error)
        g_error("accepted: %.*s", (int)MIN(length, 200), text);
    g_assert_error(error, SR_ERROR, SR_ERROR_PARSE_ERROR);
    g_assert_cmpstr(sr_error_detail(error)->field, ==, "json");
    if (offset >= 0 && sr_error_detail(error)->offset != offset)
        g_error("%s: %s, expected %" G_GSSIZE_FORMAT, text, error->message, offset);
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

static void test_good_texts(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(good_texts); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SrJson) value = sr_json_parse(good_texts[i], strlen(good_texts[i]), &error);

        if (!value)
            g_error("%s: %s", good_texts[i], error->message);
    }
}

static void test_bad_texts(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(bad_texts); i++)
        assert_refused(bad_texts[i].text, strlen(bad_texts[i].text), (gssize)bad_texts[i].offset);
}

static void test_nul_bytes(void)
{
    assert_refused("{}\0", 3, 2);
    assert_refused("\0{}", 3, 0);
    assert_refused("\"a\0b\"", 5, 2);
    assert_refused("[1,\0 2]", 7, 3);
    assert_refused("\"\\\0\"", 4, 2);
    assert_refused("1\0", 2, 1);
    assert_refused("{\"a\":1\0}", 8, 6);
}

static void test_null_is_no_request(void)
{
    assert_refused("null", 4, 0);
    assert_refused(" null ", 6, 0);
    g_assert_true(sr_json_check("null", 4, NULL));
}

/* The bytes behind the length are not looked at, and none is needed there. */
static void test_length_is_the_end(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(good_texts); i++) {
        const gsize length = strlen(good_texts[i]);
        g_autofree char *exact = g_memdup2(good_texts[i], length);
        g_autoptr(SrJson) value = sr_json_parse(exact, length, NULL);

        g_assert_nonnull(value);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad_texts); i++) {
        const gsize length = strlen(bad_texts[i].text);
        g_autofree char *exact = g_memdup2(bad_texts[i].text, length);

        assert_refused(length ? exact : "", length, (gssize)bad_texts[i].offset);
    }
    g_assert_true(sr_json_check("12345", 2, NULL));
    g_assert_true(sr_json_check("true!", 4, NULL));
    g_assert_false(sr_json_check("true", 3, NULL));
}

/* Whatever is cut off an object at the end, it is refused. */
static void test_every_prefix_is_refused(void)
{
    static const char text[] =
        "{\"a\":[1.5e3,-2,\"\\ud83d\\udd12\xc3\xa4\\n\",true,false,null,{}]}";

    g_assert_true(sr_json_check(text, strlen(text), NULL));
    for (gsize length = 0; length < strlen(text); length++)
        assert_refused(text, length, -1);
}

/* --- limits --------------------------------------------------------------------------------- */

static char *nested(const char *open, const char *inner, const char *close, guint depth)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < depth; i++)
        g_string_append(text, open);
    g_string_append(text, inner);
    for (guint i = 0; i < depth; i++)
        g_string_append(text, close);
    return g_string_free(text, FALSE);
}

static void test_depth(void)
{
    static const struct {
        const char *open;
        const char *inner;
        const char *close;
    } rows[] = {{"[", "", "]"}, {"{\"a\":", "1", "}"}, {"[{\"a\":", "1", "}]"}};
    static const guint too_deep[] = {33, 34, 100, 10000, 100000};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const guint levels = i == 2 ? 2 : 1;
        g_autofree char *deepest =
            nested(rows[i].open, rows[i].inner, rows[i].close, SR_JSON_DEPTH_MAX / levels);
        g_autoptr(SrJson) value = sr_json_parse(deepest, strlen(deepest), NULL);

        g_assert_nonnull(value);
        for (gsize d = 0; d < G_N_ELEMENTS(too_deep); d++) {
            g_autofree char *text = nested(rows[i].open, rows[i].inner, rows[i].close, too_deep[d]);

            assert_refused(text, strlen(text), -1);
            assert_refused(text, too_deep[d] * strlen(rows[i].open), -1);
        }
    }
}

static char *object_of(guint members)
{
    GString *text = g_string_new("{");

    for (guint i = 0; i < members; i++)
        g_string_append_printf(text, "%s\"name%u\":%u", i ? "," : "", i, i);
    g_string_append_c(text, '}');
    return g_string_free(text, FALSE);
}

static void test_members(void)
{
    g_autofree char *most = object_of(SR_JSON_MEMBERS_MAX);
    g_autofree char *over = object_of(SR_JSON_MEMBERS_MAX + 1);
    g_autofree char *twice = g_strdup_printf("[%s,%s]", most, most);

    g_assert_true(sr_json_check(most, strlen(most), NULL));
    g_assert_true(sr_json_check(twice, strlen(twice), NULL));
    assert_refused(over, strlen(over), -1);
}

/* Their FNV-1a hashes are the same; who can choose names must not have the text refused by that. */
static void test_names_with_one_hash(void)
{
    static const char first[] = "8yn0iYCKYHlIj4-BwPqk";
    static const char second[] = "GReLUrM4wMqfg9yzV3KQ";
    g_autofree char *both = g_strdup_printf("{\"%s\":1,\"%s\":2}", first, second);
    g_autofree char *again =
        g_strdup_printf("{\"%s\":1,\"%s\":2,\"\\u0038%s\":3}", first, second, first + 1);

    g_assert_true(sr_json_check(both, strlen(both), NULL));
    assert_refused(again, strlen(again), 51);
}

/* 1 MiB of the worst of each kind. Twice the size may take twice the time, not four times. */
static gint64 time_of(const char *unit, gsize size)
{
    g_autoptr(GString) text = g_string_new("[");
    gint64 best = G_MAXINT64;

    while (text->len < size)
        g_string_append(text, unit);
    for (guint i = 0; i < 3; i++) {
        const gint64 begin = sr_test_cpu_time();

        sr_json_check(text->str, text->len, NULL);
        best = MIN(best, sr_test_cpu_time() - begin);
    }
    return best;
}

static void test_linear_time(void)
{
    g_autofree char *object = object_of(SR_JSON_MEMBERS_MAX);
    g_autofree char *objects = g_strconcat(object, ",", NULL);
    g_autofree char *long_string = g_strnfill(1 << 19, 'x');
    g_autofree char *strings = g_strdup_printf("\"%s\",", long_string);
    g_autofree char *digits = g_strnfill(1 << 19, '7');
    g_autofree char *fraction = g_strdup_printf("0.%s,", digits);
    const char *units[] = {"1,", "[],",      "{},",        "\"\",", "\"\\u00e4\",", "1.5e3,",
                           " ",  "\xc3\xa4", "{\"a\":1},", objects, strings,        fraction,
                           "[",  "\"",       ":",          "\\"};

    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        gint64 half = G_MAXINT64 / 4;
        gint64 whole = G_MAXINT64;

        /* A machine that others use is not equally fast all the time. */
        for (guint k = 0; k < 5 && whole >= 3 * half + 20000; k++) {
            half = MIN(half, time_of(units[i], 1 << 19));
            whole = MIN(whole, time_of(units[i], 1 << 20));
        }
        g_test_message("unit %" G_GSIZE_FORMAT ": %" G_GINT64_FORMAT " us", i, whole);
        g_assert_cmpint(whole, <, 3 * half + 20000);
        g_assert_cmpint(whole, <, G_USEC_PER_SEC);
    }
}

/* --- against json-c ------------------------------------------------------------------------- */

/* What is accepted means the same to json-c, and again after it was written. */
static void assert_same_as_json_c(const char *text, gsize length)
{
    g_autoptr(SrJson) value = sr_json_parse(text, length, NULL);
    g_autofree char *terminated = g_strndup(text, length);
    g_autoptr(SrJson) other = json_tokener_parse(terminated);
    g_autoptr(SrJson) again = NULL;
    g_autofree char *written = NULL;

    g_assert_nonnull(value);
    g_assert_nonnull(other);
    if (!json_object_equal(value, other))
        g_error("json-c reads something else: %s", terminated);
    written = sr_json_text(value);
    again = sr_json_parse(written, strlen(written), NULL);
    if (!again || !json_object_equal(value, again))
        g_error("%s is written as %s", terminated, written);
}

static void test_same_as_json_c(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(good_texts); i++)
        assert_same_as_json_c(good_texts[i], strlen(good_texts[i]));
}

/* A random value; small alphabets make duplicate names and odd numbers likely. */
static void append_random(GString *text, GRand *random, guint depth)
{
    static const char *const leaves[] = {"1",
                                         "-0",
                                         "0.5",
                                         "1e5",
                                         "true",
                                         "null",
                                         "\"\"",
                                         "\"\\u0061\"",
                                         "\"a\"",
                                         "\"\xc3\xa4\"",
                                         "01",
                                         "\"\\ud800\"",
                                         "9007199254740992",
                                         "[]",
                                         "{}"};
    static const char *const names[] = {"\"a\"", "\"b\"", "\"c\"", "\"\\u0061\"", "\"d\"", "\"\""};
    const gint32 kind = depth > 3 ? 0 : g_rand_int_range(random, 0, 4);
    const gint32 count = g_rand_int_range(random, 0, 4);

    if (kind < 2) {
        g_string_append(text, leaves[g_rand_int_range(random, 0, G_N_ELEMENTS(leaves))]);
        return;
    }
    g_string_append_c(text, kind == 2 ? '[' : '{');
    for (gint32 i = 0; i < count; i++) {
        if (i > 0)
            g_string_append_c(text, ',');
        if (kind == 3)
            g_string_append_printf(text,
                                   "%s:", names[g_rand_int_range(random, 0, G_N_ELEMENTS(names))]);
        append_random(text, random, depth + 1);
    }
    g_string_append_c(text, kind == 2 ? ']' : '}');
}

static void test_random_values(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(8259);
    guint accepted = 0;
    guint refused = 0;

    for (guint i = 0; i < 20000; i++) {
        g_autoptr(GString) text = g_string_new("[");

        append_random(text, random, 0);
        g_string_append_c(text, ']');
        if (i % 3 == 0)
            text->str[g_rand_int_range(random, 0, (gint32)text->len)] =
                (char)g_rand_int_range(random, 1, 256);
        if (sr_json_check(text->str, text->len, NULL)) {
            assert_same_as_json_c(text->str, text->len);
            accepted++;
        } else {
            assert_refused(text->str, text->len, -1);
            refused++;
        }
    }
    g_assert_cmpuint(accepted, >, 2000);
    g_assert_cmpuint(refused, >, 2000);
}

/* --- members -------------------------------------------------------------------------------- */

static SrJson *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    SrJson *value = sr_json_parse(text, strlen(text), &error);

    g_assert_no_error(error);
    return value;
}

static void assert_field(GError **error, const char *field)
{
    g_assert_error(*error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
    g_assert_cmpstr(sr_error_detail(*error)->field, ==, field);
    g_clear_error(error);
}

static void test_strings(void)
{
    g_autoptr(SrJson) object = parse("{\"s\":\"x\\u00e4\",\"n\":1,\"z\":null,\"e\":\"\"}");
    g_autoptr(GError) error = NULL;
    const char *string = "untouched";

    g_assert_cmpstr(sr_json_string(object, "s", &error), ==, "x\xc3\xa4");
    g_assert_cmpstr(sr_json_string(object, "e", &error), ==, "");
    g_assert_no_error(error);
    g_assert_null(sr_json_string(object, "n", &error));
    assert_field(&error, "n");
    g_assert_null(sr_json_string(object, "z", &error));
    assert_field(&error, "z");
    g_assert_null(sr_json_string(object, "missing", &error));
    assert_field(&error, "missing");
    g_assert_false(sr_json_string_optional(object, "n", &string, &error));
    assert_field(&error, "n");
    g_assert_true(sr_json_string_optional(object, "z", &string, &error));
    g_assert_null(string);
    g_assert_true(sr_json_string_optional(object, "s", &string, &error));
    g_assert_cmpstr(string, ==, "x\xc3\xa4");
}

static void test_integers(void)
{
    g_autoptr(SrJson) object =
        parse("{\"n\":5,\"f\":5.0,\"e\":5e0,\"s\":\"5\",\"b\":true,\"z\":null,"
              "\"max\":9007199254740991,\"min\":-9007199254740991}");
    static const char *const wrong[] = {"f", "e", "s", "b"};
    g_autoptr(GError) error = NULL;
    gint64 value = 42;

    g_assert_true(sr_json_integer_optional(object, "missing", 0, 1, &value, &error));
    g_assert_true(sr_json_integer_optional(object, "z", 0, 1, &value, &error));
    g_assert_cmpint(value, ==, 42);
    g_assert_true(sr_json_integer_optional(object, "n", 5, 5, &value, &error));
    g_assert_cmpint(value, ==, 5);
    g_assert_true(sr_json_integer_optional(object, "max", 0, G_MAXINT64, &value, &error));
    g_assert_cmpint(value, ==, G_GINT64_CONSTANT(9007199254740991));
    g_assert_true(sr_json_integer_optional(object, "min", G_MININT64, 0, &value, &error));
    g_assert_cmpint(value, ==, -G_GINT64_CONSTANT(9007199254740991));
    value = 42;
    g_assert_false(sr_json_integer_optional(object, "n", 6, 9, &value, &error));
    assert_field(&error, "n");
    g_assert_false(sr_json_integer_optional(object, "n", 0, 4, &value, &error));
    assert_field(&error, "n");
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_false(sr_json_integer_optional(object, wrong[i], 0, 9, &value, &error));
        assert_field(&error, wrong[i]);
    }
    g_assert_cmpint(value, ==, 42);
}

static void test_other_types(void)
{
    g_autoptr(SrJson) object = parse("{\"t\":true,\"f\":false,\"o\":{\"x\":1},\"a\":[1],\"n\":0}");
    g_autoptr(GError) error = NULL;
    SrJson *member = NULL;
    gboolean flag = FALSE;

    g_assert_true(sr_json_boolean_optional(object, "t", &flag, &error));
    g_assert_true(flag);
    g_assert_true(sr_json_boolean_optional(object, "missing", &flag, &error));
    g_assert_true(flag);
    g_assert_true(sr_json_boolean_optional(object, "f", &flag, &error));
    g_assert_false(flag);
    g_assert_false(sr_json_boolean_optional(object, "n", &flag, &error));
    assert_field(&error, "n");
    g_assert_true(sr_json_object_optional(object, "o", &member, &error));
    g_assert_true(json_object_is_type(member, json_type_object));
    g_assert_true(sr_json_object_optional(object, "missing", &member, &error));
    g_assert_null(member);
    g_assert_false(sr_json_object_optional(object, "a", &member, &error));
    assert_field(&error, "a");
    g_assert_true(sr_json_array_optional(object, "a", &member, &error));
    g_assert_cmpuint(json_object_array_length(member), ==, 1);
    g_assert_false(sr_json_array_optional(object, "o", &member, &error));
    assert_field(&error, "o");
}

/* Parameters come from outside: asking an array or a string for a member must be harmless. */
static void test_members_of_what_is_no_object(void)
{
    static const char *const texts[] = {"[]", "[\"s\"]", "\"s\"", "1", "true"};
    static const char *const names[] = {"s", NULL};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(SrJson) value = parse(texts[i]);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_json_string(value, "s", &error));
        assert_field(&error, "s");
        g_assert_false(sr_json_only(value, names, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
    }
    g_assert_null(sr_json_string(NULL, "s", NULL));
    g_assert_false(sr_json_only(NULL, names, NULL));
    sr_json_free(NULL);
}

static void test_only(void)
{
    static const char *const names[] = {"a", "b", NULL};
    static const char *const none[] = {NULL};
    g_autoptr(SrJson) known = parse("{\"b\":1}");
    g_autoptr(SrJson) unknown = parse("{\"a\":1,\"x\":1,\"y\":1}");
    g_autoptr(SrJson) empty = parse("{}");
    g_autoptr(GError) error = NULL;

    g_assert_true(sr_json_only(known, names, &error));
    g_assert_true(sr_json_only(empty, none, &error));
    g_assert_no_error(error);
    g_assert_false(sr_json_only(unknown, names, &error));
    assert_field(&error, "x");
    g_assert_false(sr_json_only(known, none, &error));
    assert_field(&error, "b");
}

static void test_writing(void)
{
    g_autoptr(SrJson) object = json_object_new_object();
    g_autofree char *text = NULL;

    sr_json_add_string(object, "s", "a/b\"\\\n\x01\xc3\xa4");
    sr_json_add_string(object, "z", NULL);
    sr_json_add_integer(object, "n", -9007199254740991);
    sr_json_add_boolean(object, "t", TRUE);
    sr_json_add_boolean(object, "f", FALSE);
    sr_json_add(object, "a", json_object_new_array());
    text = sr_json_text(object);
    g_assert_cmpstr(text, ==,
                    "{\"s\":\"a/b\\\"\\\\\\n\\u0001\xc3\xa4\",\"z\":null,\"n\":-9007199254740991,"
                    "\"t\":true,\"f\":false,\"a\":[]}");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/good-texts", test_good_texts);
    g_test_add_func("/json/bad-texts-with-their-offset", test_bad_texts);
    g_test_add_func("/json/nul-bytes", test_nul_bytes);
    g_test_add_func("/json/null-is-no-request", test_null_is_no_request);
    g_test_add_func("/json/length-is-the-end", test_length_is_the_end);
    g_test_add_func("/json/every-prefix-is-refused", test_every_prefix_is_refused);
    g_test_add_func("/json/depth-limit", test_depth);
    g_test_add_func("/json/members-limit", test_members);
    g_test_add_func("/json/names-with-one-hash", test_names_with_one_hash);
    g_test_add_func("/json/linear-time", test_linear_time);
    g_test_add_func("/json/same-as-json-c", test_same_as_json_c);
    g_test_add_func("/json/random-values", test_random_values);
    g_test_add_func("/json/string-members", test_strings);
    g_test_add_func("/json/integer-members", test_integers);
    g_test_add_func("/json/members-of-other-types", test_other_types);
    g_test_add_func("/json/members-of-what-is-no-object", test_members_of_what_is_no_object);
    g_test_add_func("/json/unknown-members-are-named", test_only);
    g_test_add_func("/json/writing", test_writing);
    return g_test_run();
}
