/* Sign-in messages from the test suites of other libraries, and where our policy differs. */
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/secp256k1.h"
#include "ethereum/address.h"
#include "ethereum/message.h"
#include "ethereum/siwe.h"
#include "ethereum/uri.h"
#include "support/siwe_fields.h"
#include "support/vector_file.h"
#include "support/vector_lines.h"

#include <string.h>

static gboolean conforms(const char *message)
{
    SrSiweProblem problem;
    SrSiwe siwe;

    return sr_siwe_parse(message, strlen(message), &siwe, &problem);
}

static void test_spruce_positive(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json("siwe/spruce-parsing_positive.json");

    if (!root)
        return;
    json_object_object_foreach (root, name, row) {
        const char *message = sr_test_string(row, "message");
        SrSiweProblem problem;
        SrSiwe siwe;

        if (!sr_siwe_parse(message, strlen(message), &siwe, &problem))
            g_error("%s: %s: %s", name, problem.field, problem.rule);
        sr_test_assert_siwe_fields(&siwe, sr_test_member(row, "fields"));
    }
}

static void test_spruce_negative(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json("siwe/spruce-parsing_negative.json");

    if (!root)
        return;
    json_object_object_foreach (root, name, row) {
        const char *message = json_object_get_string(row);
        SrSiweProblem problem;
        SrSiwe siwe;
        const gboolean ok = sr_siwe_parse(message, strlen(message), &siwe, &problem);

        /* All in small letters: the library refuses it, our policy accepts it with a mark. */
        if (strcmp(name, "address not EIP-55") == 0)
            g_assert_true(ok && siwe.oddities == SR_SIWE_SINGLE_CASE_ADDRESS);
        else if (ok)
            g_error("%s: accepted", name);
    }
}

static void test_spruce_contract_accounts(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json("siwe/spruce-eip1271.json");

    if (!root)
        return;
    json_object_object_foreach (root, name, row) {
        (void)name;
        g_assert_true(conforms(sr_test_string(row, "message")));
    }
}

/* A string or number member as text, NULL when it is not there. Borrowed. */
static const char *optional_text(SrJson *object, const char *name)
{
    SrJson *member = sr_test_member_optional(object, name);

    return member ? json_object_get_string(member) : NULL;
}

static char *build(SrJson *object, GError **error)
{
    const char *resources[8] = {NULL};
    SrJson *list = sr_test_member_optional(object, "resources");
    const SrSiweFields fields = {
        .scheme = optional_text(object, "scheme"),
        .domain = optional_text(object, "domain"),
        .address = optional_text(object, "address"),
        .statement = optional_text(object, "statement"),
        .uri = optional_text(object, "uri"),
        .chain_id = optional_text(object, "chainId"),
        .nonce = optional_text(object, "nonce"),
        .issued_at = optional_text(object, "issuedAt"),
        .expiration_time = optional_text(object, "expirationTime"),
        .not_before = optional_text(object, "notBefore"),
        .request_id = optional_text(object, "requestId"),
        .resources = resources,
    };

    for (gsize i = 0; list && i < json_object_array_length(list); i++)
        resources[i] = json_object_get_string(json_object_array_get_idx(list, i));
    return sr_siwe_build(&fields, error);
}

/* Building what was parsed gives the message again. */
static void test_spruce_round_trip(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json("siwe/spruce-parsing_positive.json");

    if (!root)
        return;
    json_object_object_foreach (root, name, row) {
        g_autoptr(GError) error = NULL;
        g_autofree char *message = build(sr_test_member(row, "fields"), &error);

        if (error)
            g_error("%s: %s", name, error->message);
        g_assert_cmpstr(message, ==, sr_test_string(row, "message"));
    }
}

static void test_spruce_negative_objects(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json("siwe/spruce-parsing_negative_objects.json");

    if (!root)
        return;
    json_object_object_foreach (root, name, object) {
        g_autoptr(GError) error = NULL;
        g_autofree char *message = NULL;

        /* The version is not for the caller to choose here. */
        if (strcmp(name, "missing version") == 0 || strcmp(name, "version not 1") == 0)
            continue;
        message = build(object, &error);
        if (message)
            g_error("%s: built %s", name, message);
        g_assert_error(error, SR_ERROR, SR_ERROR_MALFORMED_SIWE);
    }
}

/* Whether the object's signature over the object's message is by the object's address. */
static gboolean is_signed_by_itself(SrJson *object, const char *message)
{
    const char *hex = sr_test_string(object, "signature");
    g_autoptr(GByteArray) signature = sr_hex_decode(hex, strlen(hex));
    guint8 digest[32], public_key[65], address[SR_ADDRESS_SIZE];
    char text[SR_ADDRESS_TEXT_SIZE];

    sr_message_digest((const guint8 *)message, strlen(message), digest);
    if (!signature || signature->len != 65 ||
        !sr_secp256k1_recover(signature->data, digest, public_key))
        return FALSE;
    sr_address_from_public_key(public_key, address);
    sr_address_text(address, text);
    return strcmp(text, sr_test_string(object, "address")) == 0;
}

static void test_spruce_verification(void)
{
    g_autoptr(SrJson) positive = sr_test_vector_json("siwe/spruce-verification_positive.json");
    g_autoptr(SrJson) negative = sr_test_vector_json("siwe/spruce-verification_negative.json");

    if (!positive || !negative)
        return;
    json_object_object_foreach (positive, name, object) {
        g_autofree char *message = build(object, NULL);

        g_test_message("%s", name);
        g_assert_nonnull(message);
        g_assert_true(is_signed_by_itself(object, message));
    }
    /* The others (expired, other domain, other nonce) are wrong for a server, not for a parser. */
    json_object_object_foreach (negative, case_name, case_object) {
        g_autofree char *message = build(case_object, NULL);

        g_assert_cmpint(message == NULL, ==, g_str_has_prefix(case_name, "invalid "));
        if (strstr(case_name, " signature"))
            g_assert_false(is_signed_by_itself(case_object, message));
    }
}

static void test_grammar_uris(void)
{
    g_autoptr(SrJson) valid = sr_test_vector_json("siwe/grammar-valid_uris.json");
    g_autoptr(SrJson) invalid = sr_test_vector_json("siwe/grammar-invalid_uris.json");

    if (!valid || !invalid)
        return;
    json_object_object_foreach (valid, name, row) {
        /* The library takes "001" for an octet of IPv4; dec-octet of RFC 3986 has no such form. */
        const gboolean wanted = !strstr(name, "[::000.") && !strstr(name, "[::001.");

        if (conforms(sr_test_string(row, "msg")) != wanted)
            g_error("%s: %s", name, wanted ? "refused" : "accepted");
    }
    json_object_object_foreach (invalid, bad_name, message)
        if (conforms(json_object_get_string(message)))
            g_error("%s: accepted", bad_name);
}

static void test_grammar_specification(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json("siwe/grammar-valid_specification.json");

    if (!root)
        return;
    json_object_object_foreach (root, name, row) {
        const char *message = sr_test_string(row, "msg");
        SrJson *items = sr_test_member(row, "items");
        SrSiweProblem problem;
        SrSiwe siwe;

        g_test_message("%s", name);
        g_assert_true(sr_siwe_parse(message, strlen(message), &siwe, &problem));
        sr_test_assert_slice(siwe.statement, items, "statement");
        sr_test_assert_slice(siwe.request_id, items, "requestId");
        g_assert_cmpint(siwe.has_resources, ==, sr_test_member(items, "resources") != NULL);
    }
}

/* Each rule of the ABNF with all its characters, put where that rule stands in a URI. */
static void test_grammar_characters(void)
{
    static const struct {
        const char *name;
        const char *before;
        const char *after;
    } places[] = {
        {"scheme", "", ":"},         {"pct-encoded", "x:", ""}, {"userinfo", "x://", "@h"},
        {"IPvFuture", "x://[", "]"}, {"reg-name", "x://", ""},  {"pchar", "x:", ""},
        {"fragment", "x:#", ""},
    };
    g_autoptr(SrJson) root = sr_test_vector_json("siwe/grammar-valid_chars.json");

    if (!root)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        const char *input = sr_test_string(sr_test_member(root, places[i].name), "input");
        g_autofree char *uri = g_strconcat(places[i].before, input, places[i].after, NULL);

        g_assert_cmpstr(sr_uri_check((SrSlice){uri, strlen(uri)}).rule, ==, NULL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/siwe-libraries/messages-have-their-fields", test_spruce_positive);
    g_test_add_func("/siwe-libraries/malformed-messages-are-refused", test_spruce_negative);
    g_test_add_func("/siwe-libraries/messages-of-contract-accounts-parse",
                    test_spruce_contract_accounts);
    g_test_add_func("/siwe-libraries/messages-are-built-again", test_spruce_round_trip);
    g_test_add_func("/siwe-libraries/malformed-fields-are-not-built", test_spruce_negative_objects);
    g_test_add_func("/siwe-libraries/signatures-verify", test_spruce_verification);
    g_test_add_func("/siwe-libraries/uris-of-the-grammar", test_grammar_uris);
    g_test_add_func("/siwe-libraries/optional-parts-of-the-grammar", test_grammar_specification);
    g_test_add_func("/siwe-libraries/characters-of-the-grammar", test_grammar_characters);
    return g_test_run();
}
