/* Canonical JSON (RFC 8785): order, escapes, and what has no such form here. */
#include "base/json_canonical.h"

#include "base/error.h"

#include <string.h>

typedef struct {
    const char *name;
    const char *input;
    const char *expected; /* NULL: refused */
} Row;

static const Row rows[] = {
    {"members-are-sorted", "{ \"b\" : 1, \"a\" : {\"d\":[ 1 ,2],\"c\":null} }",
     "{\"a\":{\"c\":null,\"d\":[1,2]},\"b\":1}"},
    {"arrays-keep-their-order", "[3,1,2,true,false]", "[3,1,2,true,false]"},
    {"escapes-are-the-shortest",
     "[\"\\u0008\\u0009\\u000a\\u000c\\u000d\\u0022\\u005c\\/\\u001f\"]",
     "[\"\\b\\t\\n\\f\\r\\\"\\\\/\\u001f\"]"},
    {"other-characters-are-literal", "[\"\\u00e9\\u20ac\\ud83d\\ude00\"]",
     "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]"},
    /* RFC 8785 §3.2.3: U+1F600 is written with surrogates (D83D …), which come before U+FB33. */
    {"order-is-by-utf-16-units",
     "{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude00\":5,\"\\u0080\":6,"
     "\"\\u00f6\":7}",
     "{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,\"\xf0\x9f\x98\x80\":5,"
     "\"\xef\xac\xb3\":3}"},
    {"a-name-comes-before-its-continuation", "{\"ab\":1,\"a\":2,\"\":3}",
     "{\"\":3,\"a\":2,\"ab\":1}"},
    {"whole-numbers", "[0,-1,9007199254740991]", "[0,-1,9007199254740991]"},
    {"fractions-are-refused", "[1.5]", NULL},
    {"exponents-are-refused", "{\"a\":{\"b\":1e3}}", NULL},
};

static void test_row(gconstpointer data)
{
    const Row *row = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(SrJson) json = sr_json_parse(row->input, strlen(row->input), &error);
    g_autofree char *text = NULL;

    g_assert_no_error(error);
    text = sr_json_canonical(json, &error);
    g_assert_cmpstr(text, ==, row->expected);
    if (!row->expected)
        g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strconcat("/json-canonical/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], test_row);
    }
    return g_test_run();
}
