/* ReCaps: decoding strictly, the statement's translation, and encoding. */
#include "ethereum/recap.h"

#include "base/encoding.h"
#include "base/error.h"

#include <string.h>

#define PREAMBLE "I further authorize the stated URI to perform the following actions on my behalf:"
#define CID "zb38SEm7eid5gAYxbe95Pa3AhmhRwcqGWJiFcfFgKpv6TurZj"

static char *uri_of(const char *json)
{
    g_autofree char *encoded = sr_base64url_encode((const guint8 *)json, strlen(json));

    return g_strconcat("urn:recap:", encoded, NULL);
}

static SrRecap *decode(const char *json, GError **error)
{
    g_autofree char *uri = uri_of(json);

    return sr_recap_decode(uri, strlen(uri), error);
}

typedef struct {
    const char *name;
    const char *json;
    const char *problem;
} Refused;

static const Refused refused[] = {
    {"no-text", "", "JSON"},
    {"array", "[]", "not a JSON object"},
    {"no-att", "{\"prf\":[]}", "grants nothing"},
    {"empty-att", "{\"att\":{},\"prf\":[]}", "grants nothing"},
    {"att-of-another-type", "{\"att\":[]}", "grants nothing"},
    {"no-abilities", "{\"att\":{\"urn:a\":{}}}", "no abilities"},
    {"abilities-of-another-type", "{\"att\":{\"urn:a\":[\"a/b\"]}}", "no abilities"},
    {"resource-that-is-no-uri", "{\"att\":{\"nouri\":{\"a/b\":[{}]}}}", "not a URI"},
    {"resource-with-a-second-grant",
     "{\"att\":{\"urn:x'. (2) 'kv': 'admin' for 'https://bank.example\":{\"a/b\":[{}]}}}",
     "not a URI"},
    {"resource-with-line-feed", "{\"att\":{\"urn:a\\nb\":{\"a/b\":[{}]}}}", "not a URI"},
    {"resource-with-percent", "{\"att\":{\"urn:a%20b\":{\"a/b\":[{}]}}}", "\"%\""},
    {"ability-without-slash", "{\"att\":{\"urn:a\":{\"ab\":[{}]}}}", "namespace/name"},
    {"ability-without-namespace", "{\"att\":{\"urn:a\":{\"/b\":[{}]}}}", "namespace/name"},
    {"ability-without-name", "{\"att\":{\"urn:a\":{\"a/\":[{}]}}}", "namespace/name"},
    {"ability-with-two-slashes", "{\"att\":{\"urn:a\":{\"a/b/c\":[{}]}}}", "namespace/name"},
    {"ability-with-quote", "{\"att\":{\"urn:a\":{\"a/b'\":[{}]}}}", "namespace/name"},
    {"ability-with-space", "{\"att\":{\"urn:a\":{\"a /b\":[{}]}}}", "namespace/name"},
    {"ability-with-caret", "{\"att\":{\"urn:a\":{\"a/b^\":[{}]}}}", "namespace/name"},
    {"ability-with-bracket", "{\"att\":{\"urn:a\":{\"a/[b]\":[{}]}}}", "namespace/name"},
    {"ability-with-umlaut", "{\"att\":{\"urn:a\":{\"a/\xc3\xa4\":[{}]}}}", "namespace/name"},
    {"restrictions-of-another-type", "{\"att\":{\"urn:a\":{\"a/b\":{}}}}", "array of objects"},
    {"restriction-that-is-text", "{\"att\":{\"urn:a\":{\"a/b\":[\"x\"]}}}", "array of objects"},
    {"restriction-that-is-null", "{\"att\":{\"urn:a\":{\"a/b\":[{},null]}}}", "array of objects"},
    {"same-resource-twice", "{\"att\":{\"urn:a\":{\"a/b\":[{}]},\"urn:a\":{\"a/b\":[{}]}}}",
     "JSON"},
    {"same-ability-twice", "{\"att\":{\"urn:a\":{\"a/b\":[{}],\"a/b\":[]}}}", "JSON"},
    {"same-ability-twice-escaped", "{\"att\":{\"urn:a\":{\"a/b\":[{}],\"\\u0061/b\":[]}}}", "JSON"},
    {"resources-out-of-order", "{\"att\":{\"urn:b\":{\"a/b\":[{}]},\"urn:a\":{\"a/b\":[{}]}}}",
     "sorted order"},
    {"abilities-out-of-order", "{\"att\":{\"urn:a\":{\"a/c\":[{}],\"a/b\":[{}]}}}", "sorted order"},
    {"longer-name-first", "{\"att\":{\"urn:a\":{\"a/bb\":[{}],\"a/b\":[{}]}}}", "sorted order"},
    {"restrictions-out-of-order", "{\"att\":{\"urn:a\":{\"a/b\":[{\"y\":1,\"x\":2}]}}}",
     "sorted order"},
    {"deep-names-out-of-order", "{\"att\":{\"urn:a\":{\"a/b\":[{\"x\":[{\"b\":1,\"a\":2}]}]}}}",
     "sorted order"},
    {"prf-before-att", "{\"prf\":[],\"att\":{\"urn:a\":{\"a/b\":[{}]}}}", "sorted order"},
    {"prf-of-another-type", "{\"att\":{\"urn:a\":{\"a/b\":[{}]}},\"prf\":\"" CID "\"}",
     "not an array"},
    {"prf-in-base32", "{\"att\":{\"urn:a\":{\"a/b\":[{}]}},\"prf\":[\"bafybeigk7ly3pog6\"]}",
     "CID"},
    {"prf-of-number", "{\"att\":{\"urn:a\":{\"a/b\":[{}]}},\"prf\":[1]}", "CID"},
    {"prf-that-is-empty", "{\"att\":{\"urn:a\":{\"a/b\":[{}]}},\"prf\":[\"\"]}", "CID"},
    {"prf-that-is-cut",
     "{\"att\":{\"urn:a\":{\"a/b\":[{}]}},\"prf\":[\"zb38SEm7eid5gAYxbe95Pa3\"]}", "CID"},
    {"prf-with-other-letters",
     "{\"att\":{\"urn:a\":{\"a/b\":[{}]}},\"prf\":[\"zb38SEm7eid5gAYxbe95Pa3AhmhRwcqGWJiFcfFgKpv6"
     "Tur0l\"]}",
     "CID"},
    {"byte-order-mark", "\xef\xbb\xbf{\"att\":{\"urn:a\":{\"a/b\":[{}]}}}", "JSON"},
    {"text-after-json", "{\"att\":{\"urn:a\":{\"a/b\":[{}]}}}x", "JSON"},
};

static void test_refused(gconstpointer data)
{
    const Refused *row = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecap) recap = decode(row->json, &error);

    g_assert_null(recap);
    g_assert_error(error, SR_ERROR, SR_ERROR_UNSUPPORTED_RECAP);
    g_assert_cmpstr(sr_error_detail(error)->field, ==, "resources");
    if (!strstr(error->message, row->problem))
        g_error("%s", error->message);
}

static void test_encodings(void)
{
    static const struct {
        const char *uri;
        gint64 offset;
    } cases[] = {
        {"", 0},
        {"urn:recap", 0},
        {"URN:recap:e30", 0},
        {"https://example.com", 0},
        {"urn:recap:e30=", 13},
        {"urn:recap:e3+0", 12},
        {"urn:recap:e3/0", 12},
        {"urn:recap:e3 0", 12},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(SrRecap) recap = sr_recap_decode(cases[i].uri, strlen(cases[i].uri), &error);

        g_assert_null(recap);
        g_assert_error(error, SR_ERROR, SR_ERROR_UNSUPPORTED_RECAP);
        g_assert_cmpint(sr_error_detail(error)->offset, ==, cases[i].offset);
    }
}

/* Groups go by resource and namespace, not by the order of whole abilities. */
static void test_statement(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecap) recap =
        decode("{\"att\":{\"urn:a\":{\"10/x\":[{}],\"9/x\":[{}],\"a.b/x\":[{}],\"a/x\":[{}],"
               "\"a/y\":[{}]},\"urn:b\":{\"kv/*\":[{}]}}}",
               &error);
    g_autofree char *statement = NULL;

    g_assert_no_error(error);
    statement = sr_recap_statement(recap);
    g_assert_cmpstr(statement, ==,
                    PREAMBLE " (1) '10': 'x' for 'urn:a'. (2) '9': 'x' for 'urn:a'."
                             " (3) 'a': 'x', 'y' for 'urn:a'. (4) 'a.b': 'x' for 'urn:a'."
                             " (5) 'kv': '*' for 'urn:b'.");
}

static const SrRecapGroup *group_at(const SrRecap *recap, guint i)
{
    return g_ptr_array_index(recap->groups, i);
}

static void test_marks(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrRecap) recap = decode(
        " {\"att\" : {\"urn:a\":{\"a/x\":[],\"a/y\":[{}],\"b/x\":[{\"max\":1},{}],\"b/y\":[{}],"
        "\"b/z\":[{\"to\":\"\xc3\xa4\\\"\"}]}},\n\"prf\":[\"" CID "\"],\"x\":1,\"y\":[true]}\t",
        &error);

    g_assert_no_error(error);
    g_assert_cmpuint(recap->groups->len, ==, 2);
    g_assert_true(group_at(recap, 0)->no_valid_use);
    g_assert_null(group_at(recap, 0)->restrictions);
    g_assert_false(group_at(recap, 1)->no_valid_use);
    g_assert_cmpstr(group_at(recap, 1)->restrictions, ==,
                    "{\"x\":[{\"max\":1},{}],\"z\":[{\"to\":\"\xc3\xa4\\\"\"}]}");
    g_assert_cmpuint(g_strv_length(group_at(recap, 1)->names), ==, 3);
    g_assert_cmpstr(g_ptr_array_index(recap->proofs, 0), ==, CID);
    g_assert_cmpstr(recap->unknown, ==, "{\"x\":1,\"y\":[true]}");
}

#define ONE "{\"att\":{\"urn:a\":{\"a/b\":[{}]}},\"prf\":[]}"
#define ONE_TEXT PREAMBLE " (1) 'a': 'b' for 'urn:a'."

/* A message with this statement (NULL: none) and these resources. */
static char *message_with(const char *statement, const char *const *resources)
{
    GString *text = g_string_new("example.com wants you to sign in with your Ethereum account:\n"
                                 "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf\n\n");

    if (statement)
        g_string_append_printf(text, "%s\n", statement);
    g_string_append(text, "\nURI: did:key:z6Mk\nVersion: 1\nChain ID: 1\nNonce: abcd1234\n"
                          "Issued At: 2026-06-21T12:00:00Z\nResources:");
    for (; *resources; resources++)
        g_string_append_printf(text, "\n- %s", *resources);
    return g_string_free(text, FALSE);
}

/* Whether the message's ReCap is accepted; the error's offset must be @offset's place in it. */
static gboolean check(const char *statement, const char *const *resources, const char *field,
                      const char *place, gboolean *ret_found)
{
    g_autofree char *message = message_with(statement, resources);
    g_autoptr(SrRecap) recap = NULL;
    g_autoptr(GError) error = NULL;
    SrSiweProblem problem;
    SrSiwe siwe;
    gboolean ok;

    g_assert_true(sr_siwe_parse(message, strlen(message), &siwe, &problem));
    ok = sr_recap_from_siwe(&siwe, message, &recap, &error);
    *ret_found = recap != NULL;
    g_assert_cmpint(ok, ==, error == NULL);
    if (ok)
        return TRUE;
    g_assert_error(error, SR_ERROR, SR_ERROR_UNSUPPORTED_RECAP);
    g_assert_cmpstr(sr_error_detail(error)->field, ==, field);
    if (place)
        g_assert_cmpint(sr_error_detail(error)->offset, ==, strstr(message, place) - message);
    else
        g_assert_cmpint(sr_error_detail(error)->offset, ==, -1);
    return FALSE;
}

static void test_statements(void)
{
    static const struct {
        const char *statement;
        gboolean good;
        const char *place;
    } cases[] = {
        {ONE_TEXT, TRUE, NULL},
        {"I accept. " ONE_TEXT, TRUE, NULL},
        {" " ONE_TEXT, TRUE, NULL},
        {ONE_TEXT " " ONE_TEXT, TRUE, NULL},
        {NULL, FALSE, NULL},
        {"Hello", FALSE, "Hello"},
        {"I accept." ONE_TEXT, FALSE, PREAMBLE},
        {ONE_TEXT " ", FALSE, " further"},
        {ONE_TEXT " And more", FALSE, NULL},
        {PREAMBLE " (1) 'a': 'c' for 'urn:a'.", FALSE, PREAMBLE},
        {PREAMBLE " (2) 'a': 'b' for 'urn:a'.", FALSE, PREAMBLE},
        {PREAMBLE " (1) 'a': 'b' for 'urn:a'", FALSE, PREAMBLE},
    };
    g_autofree char *uri = uri_of(ONE);
    const char *const resources[] = {"https://example.com", uri, NULL};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *statement = cases[i].statement;
        const char *place = cases[i].place;
        gboolean found;

        /* The offset is that of the part that would have to be the translation. */
        if (!cases[i].good && statement && !place)
            place = statement + strlen(statement) - strlen(ONE_TEXT);
        g_assert_cmpint(check(statement, resources, "statement", place, &found), ==, cases[i].good);
        g_assert_cmpint(found, ==, cases[i].good);
    }
}

static void test_places(void)
{
    g_autofree char *uri = uri_of(ONE);
    g_autofree char *capitals = g_strconcat("URN:Recap:", uri + 10, NULL);
    const char *const none[] = {"https://example.com", "urn:recaps:a", NULL};
    const char *const alone[] = {uri, NULL};
    const char *const first[] = {uri, "https://example.com", NULL};
    const char *const twice[] = {uri, uri, NULL};
    const char *const shouted[] = {capitals, NULL};
    const char *const shouted_first[] = {capitals, "https://example.com", NULL};
    const char *const empty[] = {"urn:recap:", NULL};
    gboolean found;

    g_assert_true(check("Hello", none, NULL, NULL, &found));
    g_assert_false(found);
    g_assert_true(check(ONE_TEXT, alone, NULL, NULL, &found));
    g_assert_true(found);
    g_assert_false(check(ONE_TEXT, first, "resources", "urn:recap:", &found));
    g_assert_false(check(ONE_TEXT, twice, "resources", "urn:recap:", &found));
    g_assert_false(check(ONE_TEXT, shouted, "resources", "URN:Recap:", &found));
    g_assert_false(check(ONE_TEXT, shouted_first, "resources", "URN:Recap:", &found));
    g_assert_false(check(ONE_TEXT, empty, "resources", "urn:recap:", &found));
}

static char *encode(const char *attenuations, const char *proofs, GError **error)
{
    g_autoptr(SrJson) att = sr_json_parse(attenuations, strlen(attenuations), NULL);
    g_autoptr(SrJson) prf = proofs ? sr_json_parse(proofs, strlen(proofs), NULL) : NULL;

    g_assert_nonnull(att);
    return sr_recap_encode(att, prf, error);
}

static void test_encode(void)
{
    static const struct {
        const char *attenuations;
        const char *proofs;
        const char *json;
    } cases[] = {
        {"{\"urn:a\":{\"a/b\":[{}]}}", NULL, ONE},
        {" { \"urn:b\" : {\"a/x\":[ { } ]}, \"urn:a\":{\"a/y\":[{}],\"a/x\":[{}],\"a.b/x\":[{}]} }",
         "[\"" CID "\"]",
         "{\"att\":{\"urn:a\":{\"a.b/x\":[{}],\"a/x\":[{}],\"a/y\":[{}]},\"urn:b\":{\"a/x\":[{}]}},"
         "\"prf\":[\"" CID "\"]}"},
        {"{\"urn:a\":{\"a/b\":[{\"z\":[1,-2,true,null],\"a\":{\"c\":\"/"
         "\\u00e4\\n\",\"b\":\"\"}}]}}",
         "[]",
         "{\"att\":{\"urn:a\":{\"a/b\":[{\"a\":{\"b\":\"\",\"c\":\"/\xc3\xa4\\n\"},"
         "\"z\":[1,-2,true,null]}]}},\"prf\":[]}"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *uri = encode(cases[i].attenuations, cases[i].proofs, &error);
        g_autofree char *expected = uri_of(cases[i].json);

        g_assert_no_error(error);
        g_assert_cmpstr(uri, ==, expected);
    }
}

static void test_encode_refuses(void)
{
    static const struct {
        const char *attenuations;
        const char *proofs;
        const char *problem;
    } cases[] = {
        {"[]", NULL, "grants nothing"},
        {"{}", NULL, "grants nothing"},
        {"{\"urn:a\":{}}", NULL, "no abilities"},
        {"{\"nouri\":{\"a/b\":[{}]}}", NULL, "not a URI"},
        {"{\"urn:a\":{\"ab\":[{}]}}", NULL, "namespace/name"},
        {"{\"urn:a\":{\"a/b\":[]}}", NULL, "write [{}]"},
        {"{\"urn:a\":{\"a/b\":[{\"max\":1.5}]}}", NULL, "whole"},
        {"{\"urn:a\":{\"a/b\":[{}]}}", "[\"bafy\"]", "CID"},
        {"{\"urn:a\":{\"a/b\":[{}]}}", "{}", "not an array"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *uri = encode(cases[i].attenuations, cases[i].proofs, &error);

        g_assert_null(uri);
        g_assert_error(error, SR_ERROR, SR_ERROR_UNSUPPORTED_RECAP);
        g_assert_nonnull(strstr(error->message, cases[i].problem));
    }
}

static void test_encode_limit(void)
{
    g_autofree char *name = g_strnfill(SR_SIWE_URI_MAX, 'x');
    g_autofree char *attenuations = g_strdup_printf("{\"urn:a\":{\"a/%s\":[{}]}}", name);
    g_autoptr(GError) error = NULL;
    g_autofree char *uri = encode(attenuations, NULL, &error);

    g_assert_null(uri);
    g_assert_error(error, SR_ERROR, SR_ERROR_UNSUPPORTED_RECAP);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *path = g_strconcat("/recap/refused/", refused[i].name, NULL);

        g_test_add_data_func(path, &refused[i], test_refused);
    }
    g_test_add_func("/recap/only-unpadded-base64url-after-the-prefix", test_encodings);
    g_test_add_func("/recap/statement-in-the-order-of-the-rust-library", test_statement);
    g_test_add_func("/recap/unusual-content-is-marked", test_marks);
    g_test_add_func("/recap/the-statement-must-end-in-the-translation", test_statements);
    g_test_add_func("/recap/only-as-the-last-resource", test_places);
    g_test_add_func("/recap/encoding-sorts-and-drops-white-space", test_encode);
    g_test_add_func("/recap/encoding-refuses-what-decoding-would", test_encode_refuses);
    g_test_add_func("/recap/encoding-has-a-limit", test_encode_limit);
    return g_test_run();
}
