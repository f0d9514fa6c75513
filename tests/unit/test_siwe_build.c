/* Building messages: exact text, proven by parsing; nothing smuggled into another field. */
#include "ethereum/siwe.h"

#include "base/error.h"

#include <string.h>

#define ADDRESS "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"

static const char *const resources[] = {"urn:a", "https://example.com/b", NULL};

static const SrSiweFields all = {
    .scheme = "https",
    .domain = "example.com",
    .address = ADDRESS,
    .statement = "Hello",
    .uri = "https://example.com/login",
    .chain_id = "1",
    .nonce = "abcd1234",
    .issued_at = "2026-06-21T12:00:00.000Z",
    .expiration_time = "2026-06-22T12:00:00.000Z",
    .not_before = "2026-06-20T12:00:00.000Z",
    .request_id = "r-1",
    .resources = resources,
};

static const SrSiweFields fewest = {
    .domain = "example.com",
    .address = ADDRESS,
    .uri = "urn:a",
    .chain_id = "137",
    .nonce = "abcd1234",
    .issued_at = "2026-06-21T12:00:00Z",
};

static void assert_builds(const SrSiweFields *fields, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *message = sr_siwe_build(fields, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(message, ==, expected);
}

static void test_all(void)
{
    assert_builds(&all,
                  "https://example.com wants you to sign in with your Ethereum account:\n" ADDRESS
                  "\n\nHello\n\nURI: https://example.com/login\nVersion: 1\n"
                  "Chain ID: 1\nNonce: abcd1234\nIssued At: 2026-06-21T12:00:00.000Z\n"
                  "Expiration Time: 2026-06-22T12:00:00.000Z\n"
                  "Not Before: 2026-06-20T12:00:00.000Z\nRequest ID: r-1\nResources:\n"
                  "- urn:a\n- https://example.com/b");
}

static void test_fewest(void)
{
    static const char expected[] =
        "example.com wants you to sign in with your Ethereum account:\n" ADDRESS
        "\n\n\nURI: urn:a\nVersion: 1\nChain ID: 137\nNonce: abcd1234\n"
        "Issued At: 2026-06-21T12:00:00Z";
    static const char *const none[] = {NULL};
    SrSiweFields fields = fewest;

    assert_builds(&fields, expected);
    fields.resources = none;
    assert_builds(&fields, expected);
}

static void test_address(void)
{
    static const char *const forms[] = {
        "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf",
        "0x7E5F4552091A69125D5DFCB7B8C2659029395BDF",
        ADDRESS,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        SrSiweFields fields = fewest;
        g_autofree char *message = NULL;

        fields.address = forms[i];
        message = sr_siwe_build(&fields, NULL);
        g_assert_nonnull(message);
        g_assert_nonnull(strstr(message, "\n" ADDRESS "\n"));
    }
}

typedef struct {
    const char *name;
    gsize member;
    const char *value;
    const char *field;
    gint64 offset;
} Refused;

#define MEMBER(name) G_STRUCT_OFFSET(SrSiweFields, name)

static const Refused refused[] = {
    {"no-domain", MEMBER(domain), NULL, "domain", -1},
    {"no-address", MEMBER(address), NULL, "address", -1},
    {"no-uri", MEMBER(uri), NULL, "uri", -1},
    {"no-chain-id", MEMBER(chain_id), NULL, "chainId", -1},
    {"no-nonce", MEMBER(nonce), NULL, "nonce", -1},
    {"no-issued-at", MEMBER(issued_at), NULL, "issuedAt", -1},
    {"empty-domain", MEMBER(domain), "", "domain", 0},
    {"empty-scheme", MEMBER(scheme), "", "scheme", 0},
    {"scheme-with-authority", MEMBER(scheme), "https://evil", "scheme", 5},
    {"scheme-with-a-phrase", MEMBER(scheme),
     "a wants you to sign in with your Ethereum account:", "scheme", 1},
    {"domain-with-scheme", MEMBER(domain), "a://b", "domain", 2},
    {"domain-with-path", MEMBER(domain), "a/b", "domain", 1},
    {"domain-with-space", MEMBER(domain), "a b", "domain", 2},
    {"domain-with-line-feed", MEMBER(domain), "a\nb", "domain", 1},
    {"domain-with-empty-port", MEMBER(domain), "a:", "domain", -1},
    {"domain-with-big-port", MEMBER(domain), "a:99999", "domain", -1},
    {"domain-without-host", MEMBER(domain), ":80", "domain", -1},
    {"address-of-wrong-checksum", MEMBER(address), "0x7e5F4552091A69125d5DfCb7b8C2659029395Bdf",
     "address", 0},
    {"address-too-short", MEMBER(address), "0x7E5F", "address", 0},
    {"empty-statement", MEMBER(statement), "", "statement", -1},
    {"statement-with-line-feed", MEMBER(statement), "Hello\n\nURI: urn:evil", "statement", 5},
    {"statement-with-percent", MEMBER(statement), "100%", "statement", 3},
    {"uri-with-line-feed", MEMBER(uri), "urn:a\nVersion: 1", "uri", 5},
    {"uri-with-space", MEMBER(uri), "urn:a b", "uri", 5},
    {"chain-id-0", MEMBER(chain_id), "0", "chainId", -1},
    {"chain-id-01", MEMBER(chain_id), "01", "chainId", -1},
    {"chain-id-too-large", MEMBER(chain_id), "9223372036854775808", "chainId", -1},
    {"chain-id-in-hexadecimal", MEMBER(chain_id), "0x1", "chainId", 1},
    {"short-nonce", MEMBER(nonce), "abc1234", "nonce", 0},
    {"nonce-with-hyphen", MEMBER(nonce), "abcd-1234", "nonce", 4},
    {"small-z-in-issued-at", MEMBER(issued_at), "2026-06-21T12:00:00z", "issuedAt", -1},
    {"leap-second-as-expiry", MEMBER(expiration_time), "2026-06-30T23:59:60Z", "expirationTime",
     -1},
    {"small-t-in-not-before", MEMBER(not_before), "2026-06-21t12:00:00Z", "notBefore", -1},
    {"not-a-date", MEMBER(not_before), "tomorrow", "notBefore", 0},
    {"empty-request-id", MEMBER(request_id), "", "requestId", -1},
    {"request-id-with-slash", MEMBER(request_id), "a/b", "requestId", 1},
};

static void test_refused(gconstpointer data)
{
    const Refused *row = data;
    SrSiweFields fields = all;
    g_autoptr(GError) error = NULL;
    g_autofree char *message = NULL;

    G_STRUCT_MEMBER(const char *, &fields, row->member) = row->value;
    message = sr_siwe_build(&fields, &error);
    g_assert_null(message);
    g_assert_error(error, SR_ERROR, SR_ERROR_MALFORMED_SIWE);
    g_assert_cmpstr(sr_error_detail(error)->field, ==, row->field);
    g_assert_cmpint(sr_error_detail(error)->offset, ==, row->offset);
}

static void test_resources(void)
{
    static const char *const cases[][3] = {
        {"urn:a", "no scheme", NULL},
        {"urn:a\n- urn:b", NULL, NULL},
        {"", NULL, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        SrSiweFields fields = all;
        g_autoptr(GError) error = NULL;

        fields.resources = cases[i];
        g_assert_null(sr_siwe_build(&fields, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_MALFORMED_SIWE);
        g_assert_cmpstr(sr_error_detail(error)->field, ==, "resources");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/siwe-build/all-fields", test_all);
    g_test_add_func("/siwe-build/fewest-fields", test_fewest);
    g_test_add_func("/siwe-build/the-address-gets-its-checksum", test_address);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *path = g_strconcat("/siwe-build/refused/", refused[i].name, NULL);

        g_test_add_data_func(path, &refused[i], test_refused);
    }
    g_test_add_func("/siwe-build/refused/resources", test_resources);
    return g_test_run();
}
