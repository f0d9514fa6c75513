/* The strict parser of EIP-4361: every rule broken once, and the odd forms that are accepted. */
#include "ethereum/siwe.h"

#include "support/assert_bytes.h"

#include <string.h>
#include <time.h>

#define ADDRESS "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"

static const char whole[] =
    "https://example.com wants you to sign in with your Ethereum account:\n" ADDRESS "\n"
    "\n"
    "Hello, World\n"
    "\n"
    "URI: https://example.com/login\n"
    "Version: 1\n"
    "Chain ID: 1\n"
    "Nonce: abcd1234\n"
    "Issued At: 2026-06-21T12:00:00Z\n"
    "Expiration Time: 2026-06-22T12:00:00Z\n"
    "Not Before: 2026-06-20T12:00:00Z\n"
    "Request ID: r-1\n"
    "Resources:\n"
    "- urn:a\n"
    "- urn:b";

/* @whole with its first @find replaced. */
static char *changed(const char *find, const char *replacement)
{
    const char *place = strstr(whole, find);

    g_assert_nonnull(place);
    return g_strdup_printf("%.*s%s%s", (int)(place - whole), whole, replacement,
                           place + strlen(find));
}

typedef struct {
    const char *name;
    const char *find;
    const char *replacement;
    const char *field;
    gint delta; /* from the place of @find to the offset of the problem */
    const char *rule;
} Refused;

static const Refused refused[] = {
    {"empty-domain", "https://example.com wants", " wants", "domain", 0, "must not be empty"},
    {"empty-domain-after-scheme", "example.com wants", " wants", "domain", 0, "must not be empty"},
    {"path-in-domain", "example.com wants", "example.com/a wants", "domain", 11, "host"},
    {"two-schemes", "https://example.com wants", "a://b://c wants", "domain", 6, "port"},
    {"scheme-starting-with-digit", "https:", "1https:", "domain", 7, "port"},
    {"byte-order-mark", "https:", "\xef\xbb\xbfhttps:", "domain", 0, "host"},
    {"space-before-domain", "https:", " https:", "domain", 0, "must not be empty"},
    {"quoted-domain", "example.com wants", "\"example.com\" wants", "domain", 0, "host"},
    {"other-phrase", "wants you", "wants us", "header", 6, "wants you to sign in"},
    {"phrase-in-capitals", "Ethereum", "ETHEREUM", "header", 1, "wants you to sign in"},
    {"two-spaces-after-domain", " wants", "  wants", "header", 1, "wants you to sign in"},
    {"text-after-phrase", "account:", "account: ", "header", 8, "line feed"},
    {"no-colon-after-phrase", "account:", "account", "header", 7, "wants you to sign in"},
    {"cr-after-phrase", "account:", "account:\r", "header", 8, "not in CR LF"},
    {"two-headers", ADDRESS, "a wants you to sign in with your Ethereum account:\n" ADDRESS,
     "address", 0, "40 hexadecimal"},
    {"short-address", "5Bdf\n", "5Bd\n", "address", -38, "40 hexadecimal"},
    {"long-address", "5Bdf\n", "5Bdf0\n", "address", -38, "40 hexadecimal"},
    {"address-without-0x", "0x7E", "7E", "address", 0, "40 hexadecimal"},
    {"address-with-0X", "0x7E", "0X7E", "address", 0, "40 hexadecimal"},
    {"address-of-wrong-checksum", "0x7E", "0x7e", "address", 0, "EIP-55"},
    {"space-after-address", "5Bdf\n", "5Bdf \n", "address", -38, "40 hexadecimal"},
    {"no-empty-line-after-address", "Bdf\n\n", "Bdf\n", "statement", 4, "empty line"},
    {"statement-with-quotes", "Hello", "\"Hello\"", "statement", 0, "statement"},
    {"statement-with-percent", "Hello", "Hell%6f", "statement", 4, "statement"},
    {"statement-with-tab", "Hello", "Hello\t", "statement", 5, "statement"},
    {"statement-with-umlaut", "Hello", "H\xc3\xa4llo", "statement", 1, "statement"},
    {"statement-with-nul", "Hello", "Hello\x7f", "statement", 5, "statement"},
    {"statement-of-two-lines", "Hello, World", "Hello,\nWorld", "statement", 7, "empty line"},
    {"statement-in-cr-lf", "World\n", "World\r\n", "statement", 5, "not in CR LF"},
    {"two-empty-lines-after-statement", "World\n\n", "World\n\n\n", "uri", 7, "URI: "},
    {"no-empty-line-after-statement", "World\n\n", "World\n", "statement", 6, "empty line"},
    {"four-line-feeds-without-statement", "\nHello, World\n", "\n\n\n", "uri", 3, "URI: "},
    {"one-empty-line-without-statement", "\nHello, World\n\n", "\n", "statement", 32, "empty line"},
    {"missing-uri", "URI: https://example.com/login\n", "", "uri", 0, "URI: "},
    {"label-in-small-letters", "URI: ", "uri: ", "uri", 0, "URI: "},
    {"label-without-space", "URI: ", "URI:", "uri", 4, "URI: "},
    {"uri-without-scheme", "URI: https://", "URI: ", "uri", 16, "scheme"},
    {"uri-with-space", "com/login", "com/log in", "uri", 7, "URI characters"},
    {"empty-uri", "https://example.com/login", "", "uri", 0, "scheme"},
    {"version-2", "Version: 1", "Version: 2", "version", 9, "must be 1"},
    {"version-01", "Version: 1", "Version: 01", "version", 9, "must be 1"},
    {"version-1.0", "Version: 1", "Version: 1.0", "version", 9, "must be 1"},
    {"missing-version", "Version: 1\n", "", "version", 0, "Version: "},
    {"version-after-chain-id", "Version: 1\nChain ID: 1\n", "Chain ID: 1\nVersion: 1\n", "version",
     0, "Version: "},
    {"hexadecimal-chain-id", "Chain ID: 1", "Chain ID: 0x1", "chainId", 11, "decimal"},
    {"negative-chain-id", "Chain ID: 1", "Chain ID: -1", "chainId", 10, "decimal"},
    {"empty-chain-id", "Chain ID: 1", "Chain ID: ", "chainId", 10, "decimal"},
    {"nonce-of-seven-characters", "abcd1234", "abcd123", "nonce", 0,
     "at least 8 letters or digits"},
    {"nonce-with-hyphen", "abcd1234", "abcd-1234", "nonce", 4, "only letters and digits"},
    {"missing-nonce", "Nonce: abcd1234\n", "", "nonce", 0, "Nonce: "},
    {"missing-issued-at", "Issued At: 2026-06-21T12:00:00Z\n", "", "issuedAt", 0, "Issued At: "},
    {"issued-at-without-zone", "2026-06-21T12:00:00Z", "2026-06-21T12:00:00", "issuedAt", 19,
     "offset"},
    {"issued-at-on-31-june", "2026-06-21", "2026-06-31", "issuedAt", 8, "this day"},
    {"issued-at-in-year-0", "2026-06-21", "0000-06-21", "issuedAt", 0, "0000"},
    {"expiry-without-time", "2026-06-22T12:00:00Z", "2026-06-22", "expirationTime", 10, "RFC 3339"},
    {"not-before-with-space", "2026-06-20T", "2026-06-20 ", "notBefore", 10, "RFC 3339"},
    {"not-before-before-expiry", "Expiration Time: 2026-06-22T12:00:00Z\nNot Before",
     "Not Before: 2026-06-22T12:00:00Z\nExpiration Time", "end", 33, "order of EIP-4361"},
    {"nonce-twice", "Issued At", "Nonce: abcd1234\nIssued At", "issuedAt", 0, "Issued At: "},
    {"expiry-twice", "Not Before", "Expiration Time: 2026-06-22T12:00:00Z\nNot Before", "end", 0,
     "at most once"},
    {"space-in-request-id", "r-1", "r 1", "requestId", 1, "request ID"},
    {"slash-in-request-id", "r-1", "r/1", "requestId", 1, "request ID"},
    {"open-percent-in-request-id", "r-1", "r%1", "requestId", 1, "request ID"},
    {"text-after-resources", "Resources:", "Resources: ", "resources", 10, "nothing may follow"},
    {"resource-without-scheme", "- urn:a", "- urn", "resources", 5, "scheme"},
    {"resource-without-hyphen", "- urn:a", "urn:a", "end", 0, "must end here"},
    {"resource-with-two-spaces", "- urn:a", "-  urn:a", "resources", 2, "scheme"},
    {"trailing-line-feed", "- urn:b", "- urn:b\n", "end", 7, "no line feed"},
    {"trailing-cr-lf", "- urn:b", "- urn:b\r\n", "resources", 7, "not in CR LF"},
    {"trailing-space", "- urn:b", "- urn:b ", "resources", 7, "URI characters"},
    {"trailing-text", "- urn:b", "- urn:b\nHello", "end", 8, "must end here"},
};

static void test_refused(gconstpointer data)
{
    const Refused *row = data;
    g_autofree char *message = changed(row->find, row->replacement);
    const gssize place = strstr(whole, row->find) - whole;
    SrSiweProblem problem = {NULL, NULL, 0};
    SrSiwe siwe;

    g_assert_false(sr_siwe_parse(message, strlen(message), &siwe, &problem));
    g_assert_cmpstr(problem.field, ==, row->field);
    g_assert_nonnull(strstr(problem.rule, row->rule));
    g_assert_cmpint((gssize)problem.offset, ==, place + row->delta);
}

typedef struct {
    const char *name;
    const char *find;
    const char *replacement;
    guint oddities;
} Accepted;

static const Accepted accepted[] = {
    {"unchanged", "URI", "URI", 0},
    {"no-scheme", "https://example", "example", 0},
    {"scheme-in-capitals", "https://example", "HTTPS://example", 0},
    {"user-in-domain", "example.com wants", "bank.example@evil.example wants", 0},
    {"ipv6-domain", "example.com wants", "[::1]:8080 wants", 0},
    {"statement-of-one-space", "Hello, World", " ", 0},
    {"statement-that-looks-like-a-field", "Hello, World", "Version: 1", 0},
    {"no-statement", "Hello, World\n\n", "\n", 0},
    {"did-as-uri", "https://example.com/login", "did:key:z6Mk#z6Mk", 0},
    {"largest-chain-id", "Chain ID: 1", "Chain ID: 9223372036854775807", 0},
    {"no-optional-fields",
     "\nExpiration Time: 2026-06-22T12:00:00Z\nNot Before: 2026-06-20T12:00:00Z\n"
     "Request ID: r-1\nResources:\n- urn:a\n- urn:b",
     "", 0},
    {"request-id-of-pchars", "r-1", "a:b@c!$&'()*+,;=%20~", 0},
    {"address-in-small-letters", ADDRESS, "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf",
     SR_SIWE_SINGLE_CASE_ADDRESS},
    {"address-in-capitals", ADDRESS, "0x7E5F4552091A69125D5DFCB7B8C2659029395BDF",
     SR_SIWE_SINGLE_CASE_ADDRESS},
    {"empty-statement", "Hello, World", "", SR_SIWE_EMPTY_STATEMENT},
    {"empty-request-id", "r-1", "", SR_SIWE_EMPTY_REQUEST_ID},
    {"empty-resources", "\n- urn:a\n- urn:b", "", SR_SIWE_EMPTY_RESOURCES},
    {"chain-id-0", "Chain ID: 1", "Chain ID: 0", SR_SIWE_CHAIN_ID_ODD},
    {"chain-id-01", "Chain ID: 1", "Chain ID: 01", SR_SIWE_CHAIN_ID_ODD},
    {"chain-id-2^63", "Chain ID: 1", "Chain ID: 9223372036854775808", SR_SIWE_CHAIN_ID_ODD},
    {"chain-id-of-20-digits", "Chain ID: 1", "Chain ID: 10000000000000000000",
     SR_SIWE_CHAIN_ID_ODD},
    {"small-t", "2026-06-21T", "2026-06-21t", SR_SIWE_LOWER_CASE_TIME},
    {"small-z", "2026-06-21T12:00:00Z", "2026-06-21T12:00:00z", SR_SIWE_LOWER_CASE_TIME},
    {"leap-second", "2026-06-21T12:00:00Z", "2026-06-30T23:59:60Z", SR_SIWE_LEAP_SECOND},
    {"empty-port", "example.com wants", "example.com: wants", SR_SIWE_EMPTY_PORT},
    {"port-65535", "example.com wants", "example.com:65535 wants", 0},
    {"port-65536", "example.com wants", "example.com:65536 wants", SR_SIWE_BIG_PORT},
    {"port-of-30-digits", "example.com wants", "example.com:999999999999999999999999999999 wants",
     SR_SIWE_BIG_PORT},
    {"port-with-zeros", "example.com wants", "example.com:0000000443 wants", 0},
    {"empty-host", "example.com wants", "user@:80 wants", SR_SIWE_EMPTY_HOST},
    {"empty-host-and-port", "example.com wants", ": wants",
     SR_SIWE_EMPTY_HOST | SR_SIWE_EMPTY_PORT},
};

static void test_accepted(gconstpointer data)
{
    const Accepted *row = data;
    g_autofree char *message = changed(row->find, row->replacement);
    SrSiweProblem problem;
    SrSiwe siwe;

    if (!sr_siwe_parse(message, strlen(message), &siwe, &problem))
        g_error("%s: %s at %" G_GSIZE_FORMAT, problem.field, problem.rule, problem.offset);
    g_assert_cmpuint(siwe.oddities, ==, row->oddities);
}

static void assert_text(SrSlice slice, const char *expected)
{
    sr_assert_bytes(slice.data, slice.length, expected, strlen(expected));
}

static void test_fields(void)
{
    SrSiweProblem problem;
    SrSiwe siwe;

    g_assert_true(sr_siwe_parse(whole, sizeof whole - 1, &siwe, &problem));
    assert_text(siwe.scheme, "https");
    assert_text(siwe.domain, "example.com");
    assert_text(siwe.authority.host, "example.com");
    assert_text(siwe.address, ADDRESS);
    assert_text(siwe.statement, "Hello, World");
    assert_text(siwe.uri, "https://example.com/login");
    assert_text(siwe.version, "1");
    assert_text(siwe.chain_id, "1");
    assert_text(siwe.nonce, "abcd1234");
    assert_text(siwe.issued_at, "2026-06-21T12:00:00Z");
    assert_text(siwe.expiration_time, "2026-06-22T12:00:00Z");
    assert_text(siwe.not_before, "2026-06-20T12:00:00Z");
    assert_text(siwe.request_id, "r-1");
    g_assert_cmpuint(siwe.n_resources, ==, 2);
    assert_text(siwe.resources[1], "urn:b");
    g_assert_cmpint(siwe.expires.seconds - siwe.issued.seconds, ==, 86400);
    g_assert_cmpint(siwe.starts.seconds - siwe.issued.seconds, ==, -86400);
    g_assert_cmpuint(siwe.address_bytes[0], ==, 0x7e);
}

/* Every shorter message is either refused or ends where an optional field could. */
static void test_cut(void)
{
    guint good = 0;

    for (gsize length = 0; length < sizeof whole - 1; length++) {
        g_autofree char *copy = g_memdup2(whole, length ? length : 1);
        SrSiweProblem problem;
        SrSiwe siwe;

        if (sr_siwe_parse(copy, length, &siwe, &problem))
            good++;
        else
            g_assert_cmpuint(problem.offset, <=, length);
    }
    /* After each of the times; "Request ID: ", "r", "r-", "r-1"; "Resources:"; "- urn:", "- urn:a"
     * and "- urn:" of the second. */
    g_assert_cmpuint(good, ==, 3 + 4 + 1 + 3);
}

static gboolean parses_with(const char *find, const char *before, char filler, gsize count,
                            const char *after)
{
    g_autofree char *filling = g_strnfill(count, filler);
    g_autofree char *replacement = g_strconcat(before, filling, after, NULL);
    g_autofree char *message = changed(find, replacement);
    SrSiweProblem problem;
    SrSiwe siwe;

    return sr_siwe_parse(message, strlen(message), &siwe, &problem);
}

static void test_limits(void)
{
    g_autoptr(GString) resources = g_string_new(whole);
    SrSiweProblem problem;
    SrSiwe siwe;

    g_assert_true(parses_with("Hello, World", "", 'x', SR_SIWE_STATEMENT_MAX, ""));
    g_assert_false(parses_with("Hello, World", "", 'x', SR_SIWE_STATEMENT_MAX + 1, ""));
    g_assert_true(parses_with("abcd1234", "", 'x', SR_SIWE_NONCE_MAX, ""));
    g_assert_false(parses_with("abcd1234", "", 'x', SR_SIWE_NONCE_MAX + 1, ""));
    g_assert_true(parses_with("urn:a", "urn:", 'x', SR_SIWE_URI_MAX - 4, ""));
    g_assert_false(parses_with("urn:a", "urn:", 'x', SR_SIWE_URI_MAX - 3, ""));
    for (guint i = 2; i < SR_SIWE_RESOURCES_MAX; i++)
        g_string_append(resources, "\n- urn:x");
    g_assert_true(sr_siwe_parse(resources->str, resources->len, &siwe, &problem));
    g_assert_cmpuint(siwe.n_resources, ==, SR_SIWE_RESOURCES_MAX);
    g_string_append(resources, "\n- urn:x");
    g_assert_false(sr_siwe_parse(resources->str, resources->len, &siwe, &problem));
    g_assert_cmpstr(problem.field, ==, "resources");
}

static void test_message_limit(void)
{
    const gsize rest = SR_SIWE_MESSAGE_MAX - (sizeof whole - 1);

    /* Two long fields, since neither alone may fill the message. */
    g_autofree char *one = g_strnfill(SR_SIWE_URI_MAX - 5, 'x');
    g_autofree char *two = g_strnfill(rest - (SR_SIWE_URI_MAX - 5), 'y');
    g_autofree char *fits = g_strdup_printf("%s%s", whole, one);
    g_autofree char *statement = g_strconcat("Hello", two, NULL);
    const char *place = strstr(fits, "Hello");
    g_autofree char *message =
        g_strdup_printf("%.*s%s%s", (int)(place - fits), fits, statement, place + strlen("Hello"));
    g_autofree char *longer = g_strconcat(message, "x", NULL);
    SrSiweProblem problem;
    SrSiwe siwe;

    g_assert_cmpuint(strlen(message), ==, SR_SIWE_MESSAGE_MAX);
    g_assert_true(sr_siwe_parse(message, strlen(message), &siwe, &problem));
    g_assert_false(sr_siwe_parse(longer, strlen(longer), &siwe, &problem));
    g_assert_cmpstr(problem.field, ==, "end");
    g_assert_cmpuint(problem.offset, ==, SR_SIWE_MESSAGE_MAX);
}

static void test_empty(void)
{
    SrSiweProblem problem;
    SrSiwe siwe;

    g_assert_false(sr_siwe_parse(NULL, 0, &siwe, &problem));
    g_assert_cmpstr(problem.field, ==, "domain");
}

/* A megabyte of it, and as much as the limit lets through many times over, in 50 ms of CPU time. */
static void test_linear(void)
{
    static const char fillers[] = {':', '%', '/', '[', '@', '\n', ' ', 'a'};

    for (gsize i = 0; i < G_N_ELEMENTS(fillers); i++) {
        g_autofree char *text = g_strnfill(1024 * 1024, fillers[i]);
        const clock_t start = clock();
        SrSiweProblem problem;
        SrSiwe siwe;

        g_assert_false(sr_siwe_parse(text, 1024 * 1024, &siwe, &problem));
        for (guint n = 0; n < 64; n++)
            g_assert_false(sr_siwe_parse(text, SR_SIWE_MESSAGE_MAX, &siwe, &problem));
        g_assert_cmpint(clock() - start, <, CLOCKS_PER_SEC / 20);
    }
}

static void test_oddity_names(void)
{
    g_assert_cmpstr(sr_siwe_oddity_name(SR_SIWE_SINGLE_CASE_ADDRESS), ==, "single-case-address");
    g_assert_cmpstr(sr_siwe_oddity_name(SR_SIWE_CHAIN_ID_ODD), ==, "odd-chain-id");
    g_assert_cmpstr(sr_siwe_oddity_name(SR_SIWE_EMPTY_HOST), ==, "empty-host");
    g_assert_null(sr_siwe_oddity_name((SrSiweOddity)0));
    g_assert_null(sr_siwe_oddity_name((SrSiweOddity)(SR_SIWE_EMPTY_HOST << 1)));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *path = g_strconcat("/siwe/refused/", refused[i].name, NULL);

        g_test_add_data_func(path, &refused[i], test_refused);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(accepted); i++) {
        g_autofree char *path = g_strconcat("/siwe/accepted/", accepted[i].name, NULL);

        g_test_add_data_func(path, &accepted[i], test_accepted);
    }
    g_test_add_func("/siwe/fields-are-pieces-of-the-message", test_fields);
    g_test_add_func("/siwe/a-cut-message-is-refused-or-shorter-by-optional-fields", test_cut);
    g_test_add_func("/siwe/limits-of-each-field", test_limits);
    g_test_add_func("/siwe/limit-of-the-message", test_message_limit);
    g_test_add_func("/siwe/no-bytes-are-no-message", test_empty);
    g_test_add_func("/siwe/hostile-text-takes-linear-time", test_linear);
    g_test_add_func("/siwe/oddities-have-names", test_oddity_names);
    return g_test_run();
}
