/* Third-party sign-in messages: 14 000 generated ones with verdict and signature, and the
 * libraries' own. */
#include "base/encoding.h"
#include "base/error.h"
#include "base/secret.h"
#include "crypto/secp256k1.h"
#include "ethereum/address.h"
#include "ethereum/message.h"
#include "ethereum/siwe.h"
#include "ethereum/uri.h"
#include "support/assert_bytes.h"
#include "support/vector_file.h"
#include "support/vector_lines.h"

#include <string.h>

/*
 * Each line has a message and the verdict of the EIP's text. Its `ambig` names the forms that
 * implementations read differently; for those our own policy decides.
 */
#define GENERATED "siwe/gen-dev-20260101.jsonl"

typedef struct {
    guint accepted;
    guint refused;
    guint by_policy; /* conforming by the letter, refused by policy */
} Tally;

static gboolean has_tag(SrJson *line, const char *tag)
{
    SrJson *tags = sr_test_member_optional(sr_test_member_optional(line, "verdict"), "ambig");

    for (gsize i = 0; i < json_object_array_length(tags); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(tags, i)), tag) == 0)
            return TRUE;
    return FALSE;
}

/* The message's bytes: text, or hexadecimal when they are not UTF-8. */
static GByteArray *message_bytes(SrJson *line)
{
    SrJson *text = sr_test_member_optional(line, "msg");
    GByteArray *bytes;

    if (!text) {
        const char *hex = sr_test_string(line, "msgHex");

        bytes = sr_hex_decode(hex, strlen(hex));
        g_assert_nonnull(bytes);
        return bytes;
    }
    bytes = g_byte_array_new();
    g_byte_array_append(bytes, (const guint8 *)json_object_get_string(text),
                        (guint)json_object_get_string_len(text));
    return bytes;
}

static void assert_slice(SrSlice slice, SrJson *fields, const char *name)
{
    SrJson *expected = sr_test_member_optional(fields, name);
    g_autofree char *text = g_strndup(slice.data, slice.length);

    g_assert_cmpint(slice.data != NULL, ==, expected != NULL);
    if (expected)
        g_assert_cmpstr(text, ==, json_object_get_string(expected));
}

static void assert_fields(const SrSiwe *siwe, SrJson *fields)
{
    SrJson *resources = sr_test_member_optional(fields, "resources");

    assert_slice(siwe->scheme, fields, "scheme");
    assert_slice(siwe->domain, fields, "domain");
    assert_slice(siwe->address, fields, "address");
    assert_slice(siwe->statement, fields, "statement");
    assert_slice(siwe->uri, fields, "uri");
    assert_slice(siwe->version, fields, "version");
    assert_slice(siwe->chain_id, fields, "chainId");
    assert_slice(siwe->nonce, fields, "nonce");
    assert_slice(siwe->issued_at, fields, "issuedAt");
    assert_slice(siwe->expiration_time, fields, "expirationTime");
    assert_slice(siwe->not_before, fields, "notBefore");
    assert_slice(siwe->request_id, fields, "requestId");
    g_assert_cmpint(siwe->has_resources, ==, resources != NULL);
    g_assert_cmpuint(siwe->n_resources, ==, resources ? json_object_array_length(resources) : 0);
    for (guint i = 0; i < siwe->n_resources; i++) {
        g_autofree char *text = g_strndup(siwe->resources[i].data, siwe->resources[i].length);

        g_assert_cmpstr(text, ==, json_object_get_string(json_object_array_get_idx(resources, i)));
    }
}

/* Each tag of the generator has its bit; the one for chain ids is ours: zero in front, 0, > 2^63-1.
 */
static void assert_oddities(const SrSiwe *siwe, SrJson *line)
{
    static const struct {
        const char *tag;
        guint bit;
    } tags[] = {
        {"single-case-address", SR_SIWE_SINGLE_CASE_ADDRESS},
        {"empty-statement", SR_SIWE_EMPTY_STATEMENT},
        {"empty-request-id", SR_SIWE_EMPTY_REQUEST_ID},
        {"empty-resources", SR_SIWE_EMPTY_RESOURCES},
        {"lowercase-tz", SR_SIWE_LOWER_CASE_TIME},
        {"leap-second", SR_SIWE_LEAP_SECOND},
        {"empty-port", SR_SIWE_EMPTY_PORT},
        {"port>65535", SR_SIWE_BIG_PORT},
        {"empty-host", SR_SIWE_EMPTY_HOST},
    };
    gboolean odd_chain = siwe->chain_id.data[0] == '0' || siwe->chain_id.length > 19;

    for (gsize i = 0; i < G_N_ELEMENTS(tags); i++)
        g_assert_cmpint((siwe->oddities & tags[i].bit) != 0, ==, has_tag(line, tags[i].tag));
    if (siwe->chain_id.length == 19) {
        g_autofree char *text = g_strndup(siwe->chain_id.data, 19);

        odd_chain |= strcmp(text, "9223372036854775807") > 0;
    }
    g_assert_cmpint((siwe->oddities & SR_SIWE_CHAIN_ID_ODD) != 0, ==, odd_chain);
}

static void check_generated(SrJson *line, gpointer data)
{
    Tally *tally = data;
    g_autoptr(GByteArray) bytes = message_bytes(line);
    SrJson *verdict = sr_test_member_optional(line, "verdict");
    const gboolean valid = json_object_get_boolean(sr_test_member_optional(verdict, "valid"));
    const gboolean wanted = valid && !has_tag(line, "0X-prefix");
    SrSiweProblem problem = {0};
    SrSiwe siwe;
    const gboolean ok = sr_siwe_parse((const char *)bytes->data, bytes->len, &siwe, &problem);

    if (ok != wanted)
        g_error("line %s: %s at %s %" G_GSIZE_FORMAT ": %s",
                json_object_get_string(sr_test_member_optional(line, "id")),
                ok ? "accepted" : "refused", problem.field, problem.offset, problem.rule);
    if (ok) {
        tally->accepted++;
        assert_fields(&siwe, sr_test_member(line, "fields"));
        assert_oddities(&siwe, line);
        return;
    }
    tally->refused++;
    if (valid)
        tally->by_policy++;
    g_assert_nonnull(problem.field);
    g_assert_nonnull(problem.rule);
    g_assert_cmpuint(problem.offset, <=, bytes->len);
}

static void test_generated(void)
{
    Tally tally = {0};
    const guint lines = sr_test_vector_lines(GENERATED, check_generated, &tally);

    if (!lines)
        return;
    g_assert_cmpuint(lines, ==, 14000);
    g_test_message("%u accepted, %u refused, %u of them by policy", tally.accepted, tally.refused,
                   tally.by_policy);
    g_assert_cmpuint(tally.accepted, >, 7000);
    g_assert_cmpuint(tally.by_policy, >, 200);
}

/* A key of the generator and what belongs to it. There are few, and locking memory takes time. */
typedef struct {
    SrSecret *private_key;
    guint8 public_key[65];
    char address[SR_ADDRESS_TEXT_SIZE];
} Signer;

static void signer_free(gpointer data)
{
    Signer *signer = data;

    sr_secret_free(signer->private_key);
    g_free(signer);
}

static Signer *signer_for(GHashTable *signers, const char *key)
{
    Signer *signer = g_hash_table_lookup(signers, key);
    guint8 bytes[32], address[SR_ADDRESS_SIZE];

    if (signer)
        return signer;
    signer = g_new0(Signer, 1);
    g_assert_true(sr_hex_decode_fixed(key, strlen(key), bytes, sizeof bytes));
    signer->private_key = sr_secret_new_copy(bytes, sizeof bytes, NULL);
    g_assert_true(sr_secp256k1_public_key(signer->private_key, signer->public_key, NULL));
    sr_address_from_public_key(signer->public_key, address);
    sr_address_text(address, signer->address);
    g_hash_table_insert(signers, g_strdup(key), signer);
    return signer;
}

static void check_signature(SrJson *line, gpointer data)
{
    const Signer *signer = signer_for(data, sr_test_string(line, "key"));
    g_autoptr(GByteArray) bytes = message_bytes(line);
    g_autoptr(GByteArray) expected = sr_test_hex(line, "sig");
    guint8 digest[32], signature[65];

    g_assert_cmpstr(signer->address, ==, sr_test_string(line, "addr"));
    sr_message_digest(bytes->data, bytes->len, digest);
    g_assert_true(
        sr_secp256k1_sign(signer->private_key, signer->public_key, digest, signature, NULL));
    sr_assert_bytes(signature, sizeof signature, expected->data, expected->len);
}

static void test_signatures(void)
{
    g_autoptr(GHashTable) signers =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, signer_free);

    sr_test_vector_lines(GENERATED, check_signature, signers);
}

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
        assert_fields(&siwe, sr_test_member(row, "fields"));
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
        assert_slice(siwe.statement, items, "statement");
        assert_slice(siwe.request_id, items, "requestId");
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
    g_test_add_func("/siwe-vectors/every-generated-message-has-the-verdict-of-the-eip",
                    test_generated);
    g_test_add_func("/siwe-vectors/every-generated-message-has-the-signature-of-the-others",
                    test_signatures);
    g_test_add_func("/siwe-vectors/spruce-messages-have-their-fields", test_spruce_positive);
    g_test_add_func("/siwe-vectors/spruce-malformed-messages-are-refused", test_spruce_negative);
    g_test_add_func("/siwe-vectors/spruce-messages-of-contract-accounts-parse",
                    test_spruce_contract_accounts);
    g_test_add_func("/siwe-vectors/spruce-messages-are-built-again", test_spruce_round_trip);
    g_test_add_func("/siwe-vectors/spruce-malformed-fields-are-not-built",
                    test_spruce_negative_objects);
    g_test_add_func("/siwe-vectors/spruce-signatures-verify", test_spruce_verification);
    g_test_add_func("/siwe-vectors/grammar-uris", test_grammar_uris);
    g_test_add_func("/siwe-vectors/grammar-optional-parts", test_grammar_specification);
    g_test_add_func("/siwe-vectors/grammar-characters", test_grammar_characters);
    return g_test_run();
}
