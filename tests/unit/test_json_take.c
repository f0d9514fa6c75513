#include "base/json_take.h"

#include "base/error.h"
#include "base/json.h"
#include "support/secret_text.h"

/* What is taken, and what is left of the text. */
static void test_take(void)
{
    static const struct {
        const char *text;
        const char *object;
        const char *name;
        const char *taken; /* NULL: nothing */
        const char *left;
    } rows[] = {
        {"{\"t\":\"abc\"}", NULL, "t", "abc", "{\"t\":\"\"   }"},
        {"{\"t\":\"\"}", NULL, "t", "", "{\"t\":\"\"}"},
        {"{\"t\":null}", NULL, "t", NULL, "{\"t\":null}"},
        {"{}", NULL, "t", NULL, "{}"},
        {"[\"t\",\"abc\"]", NULL, "t", NULL, "[\"t\",\"abc\"]"},
        {"\"t\"", NULL, "t", NULL, "\"t\""},
        {"3", NULL, "t", NULL, "3"},
        {" \n{ \"a\" : [1,{\"t\":\"no\"}] , \"t\" : \"abc\" }\t", NULL, "t", "abc",
         " \n{ \"a\" : [1,{\"t\":\"no\"}] , \"t\" : \"\"    }\t"},
        {"{\"a\":\"\\\"t\\\":\\\"no\\\"\",\"t\":\"x\"}", NULL, "t", "x",
         "{\"a\":\"\\\"t\\\":\\\"no\\\"\",\"t\":\"\" }"},
        {"{\"t\":\"a\\\"b\\\\c\\/d\\n\"}", NULL, "t", "a\"b\\c/d\n", "{\"t\":\"\"            }"},
        {"{\"t\":\"\\u00e4\\u20AC\\ud83d\\ude00\"}", NULL, "t",
         "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "{\"t\":\"\"                        }"},
        {"{\"t\":\"\xc3\xa4\"}", NULL, "t", "\xc3\xa4", "{\"t\":\"\"  }"},
        /* A name that is spelled with escapes is the same name to every parser. */
        {"{\"\\u0074\\u006F\":\"abc\"}", NULL, "to", "abc", "{\"\\u0074\\u006F\":\"\"   }"},
        {"{\"to\":\"abc\",\"t\":\"d\"}", NULL, "t", "d", "{\"to\":\"abc\",\"t\":\"\" }"},
        {"{\"t\":\"d\",\"to\":\"abc\"}", NULL, "to", "abc", "{\"t\":\"d\",\"to\":\"\"   }"},
        {"{\"c\":{\"t\":\"abc\"},\"t\":\"d\"}", "c", "t", "abc",
         "{\"c\":{\"t\":\"\"   },\"t\":\"d\"}"},
        {"{\"c\":{},\"t\":\"d\"}", "c", "t", NULL, "{\"c\":{},\"t\":\"d\"}"},
        {"{\"c\":[],\"t\":\"d\"}", "c", "t", NULL, "{\"c\":[],\"t\":\"d\"}"},
        {"{\"c\":\"{\",\"t\":\"d\"}", "c", "t", NULL, "{\"c\":\"{\",\"t\":\"d\"}"},
        {"{\"t\":\"d\"}", "c", "t", NULL, "{\"t\":\"d\"}"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrSecret) text = sr_test_secret(rows[i].text);
        g_autoptr(SrSecret) taken = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_true(sr_json_take_string(text, rows[i].object, rows[i].name, &taken, &error));
        g_assert_no_error(error);
        if (rows[i].taken)
            sr_assert_secret(taken, rows[i].taken);
        else
            g_assert_null(taken);
        sr_assert_secret(text, rows[i].left);
    }
}

static void test_rest_is_json(void)
{
    g_autoptr(SrSecret) text = sr_test_secret("{\"a\":1,\"t\":\"ab\\u0063\",\"b\":[true]}");
    g_autoptr(SrSecret) taken = NULL;
    g_autoptr(SrJson) rest = NULL;
    g_autofree char *written = NULL;

    g_assert_true(sr_json_take_string(text, NULL, "t", &taken, NULL));
    sr_assert_secret(taken, "abc");
    rest = sr_json_parse(sr_test_secret_text(text), sr_secret_size(text), NULL);
    written = sr_json_text(rest);
    g_assert_cmpstr(written, ==, "{\"a\":1,\"t\":\"\",\"b\":[true]}");
}

static void test_twice(void)
{
    g_autoptr(SrSecret) text = sr_test_secret("{\"t\":\"abc\"}");
    g_autoptr(SrSecret) first = NULL;
    g_autoptr(SrSecret) second = NULL;

    g_assert_true(sr_json_take_string(text, NULL, "t", &first, NULL));
    g_assert_true(sr_json_take_string(text, NULL, "t", &second, NULL));
    sr_assert_secret(second, "");
}

static void test_refusals(void)
{
    static const struct {
        const char *text;
        SrErrorCode code;
    } rows[] = {
        {"", SR_ERROR_PARSE_ERROR},
        {"{\"t\":\"abc\"", SR_ERROR_PARSE_ERROR},
        {"{\"t\":\"abc}", SR_ERROR_PARSE_ERROR},
        {"{\"t\":\"abc\"}x", SR_ERROR_PARSE_ERROR},
        {"{\"t\":\"abc\",\"t\":\"abd\"}", SR_ERROR_PARSE_ERROR},
        {"{\"t\":\"abc\",\"\\u0074\":\"abd\"}", SR_ERROR_PARSE_ERROR},
        {"{\"t\":\"\\ud800\"}", SR_ERROR_PARSE_ERROR},
        {"{\"t\":\"\\u0000\"}", SR_ERROR_PARSE_ERROR},
        {"{\"t\":\"\xff\"}", SR_ERROR_PARSE_ERROR},
        {"{'t':'abc'}", SR_ERROR_PARSE_ERROR},
        {"{\"t\":5}", SR_ERROR_INVALID_PARAMS},
        {"{\"t\":[\"abc\"]}", SR_ERROR_INVALID_PARAMS},
        {"{\"t\":{\"t\":\"abc\"}}", SR_ERROR_INVALID_PARAMS},
        {"{\"t\":true}", SR_ERROR_INVALID_PARAMS},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrSecret) text = sr_test_secret(rows[i].text);
        g_autoptr(SrSecret) taken = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_false(sr_json_take_string(text, NULL, "t", &taken, &error));
        g_assert_null(taken);
        g_assert_error(error, SR_ERROR, (int)rows[i].code);
        g_assert_null(strstr(error->message, "abc"));
    }
}

static void test_clamp(void)
{
    static const struct {
        const char *text;
        const char *clamped;
    } rows[] = {
        {"{\"a\":300}", "{\"a\":300}"},
        {"9007199254740991", "9007199254740991"},
        {"9007199254740992", "9007199254740991"},
        {"-9223372036854775808", "-9007199254740991   "},
        {"[12345678901234567890,1]", "[9007199254740991    ,1]"},
        {"{\"a\":\"12345678901234567890\"}", "{\"a\":\"12345678901234567890\"}"},
        {"{\"a\":\"\\\"12345678901234567890\"}", "{\"a\":\"\\\"12345678901234567890\"}"},
        {"12345678901234567890.5", "12345678901234567890.5"},
        {"12345678901234567890e1", "12345678901234567890e1"},
        {"01234567890123456789", "01234567890123456789"},
        {"\"\\", "\"\\"},
        {"", ""},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrSecret) text = sr_test_secret(rows[i].text);

        sr_json_clamp_integers(text);
        sr_assert_secret(text, rows[i].clamped);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json-take/strings-are-decoded-and-blanked", test_take);
    g_test_add_func("/json-take/the-rest-is-json", test_rest_is_json);
    g_test_add_func("/json-take/the-second-time-it-is-empty", test_twice);
    g_test_add_func("/json-take/refusals-without-the-secret", test_refusals);
    g_test_add_func("/json-take/integers-too-large-are-clamped", test_clamp);
    return g_test_run();
}
