/* Third-party ReCaps: generated ones with a verdict, those of both reference libraries,
 * TinyCloud's. */
#include "base/encoding.h"
#include "crypto/secp256k1.h"
#include "ethereum/message.h"
#include "ethereum/recap.h"
#include "support/assert_bytes.h"
#include "support/vector_file.h"
#include "support/vector_lines.h"

#include <string.h>

#define GENERATED "recap/gen-recap-dev-11.jsonl"
#define GOLDEN "recap/tinycloud-golden-vectors.json"
#define CHAIN "tinycloud/grant-output-accept.json"

/* Well-known test keys: the first of Anvil and Hardhat; the number one. */
#define ANVIL_KEY "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
#define KEY_ONE "0000000000000000000000000000000000000000000000000000000000000001"

typedef struct {
    guint accepted;
    guint refused;
    guint encoded;
} Tally;

/* The ReCap of a message that must parse; NULL with the error when it is refused or not there. */
static SrRecap *recap_of(const char *message, gsize length, SrSiwe *ret_siwe, GError **error)
{
    SrSiweProblem problem;
    SrRecap *recap = NULL;

    if (!sr_siwe_parse(message, length, ret_siwe, &problem))
        return NULL;
    sr_recap_from_siwe(ret_siwe, message, &recap, error);
    return recap;
}

static gboolean has_tag(SrJson *verdict, const char *tag)
{
    SrJson *tags = sr_test_member(verdict, "ambig");

    for (gsize i = 0; i < json_object_array_length(tags); i++)
        if (strcmp(json_object_get_string(json_object_array_get_idx(tags, i)), tag) == 0)
            return TRUE;
    return FALSE;
}

static gboolean any_without_use(const SrRecap *recap)
{
    for (guint i = 0; i < recap->groups->len; i++)
        if (((const SrRecapGroup *)g_ptr_array_index(recap->groups, i))->no_valid_use)
            return TRUE;
    return FALSE;
}

static SrJson *json_of_uri(SrSlice uri)
{
    g_autoptr(GByteArray) bytes = sr_base64url_decode(uri.data + 10, uri.length - 10, NULL);

    return sr_json_parse((const char *)bytes->data, bytes->len, NULL);
}

/* Encoding what the URI holds gives the URI again. */
static void assert_encodes(SrSlice uri)
{
    g_autoptr(SrJson) root = json_of_uri(uri);
    g_autoptr(GError) error = NULL;
    g_autofree char *encoded =
        sr_recap_encode(sr_test_member(root, "att"), sr_test_member(root, "prf"), &error);

    g_assert_no_error(error);
    sr_assert_bytes(encoded, strlen(encoded), uri.data, uri.length);
}

static void check_generated(SrJson *line, gpointer data)
{
    Tally *tally = data;
    SrJson *verdict = sr_test_member(line, "verdict");
    const char *kind = sr_test_string(line, "kind");
    const char *message = sr_test_string(line, "msg");
    const gboolean valid = json_object_get_boolean(sr_test_member(verdict, "valid"));
    g_autoptr(GError) error = NULL;
    SrSiwe siwe;
    g_autoptr(SrRecap) recap = recap_of(message, strlen(message), &siwe, &error);

    if ((recap != NULL) != valid)
        g_error("line %d (%s): %s", json_object_get_int(sr_test_member(line, "id")), kind,
                error   ? error->message
                : recap ? "accepted"
                        : "no ReCap found");
    if (!recap) {
        tally->refused++;
        return;
    }
    tally->accepted++;
    g_assert_cmpint(any_without_use(recap), ==, has_tag(verdict, "empty-nota-bene"));
    g_assert_cmpint(recap->unknown != NULL, ==, has_tag(verdict, "unknown-member"));
    g_assert_cmpint(recap->proofs->len > 0, ==, strcmp(kind, "okPrf") == 0);
    if (strcmp(kind, "ok") == 0 && !any_without_use(recap)) {
        assert_encodes(siwe.resources[siwe.n_resources - 1]);
        tally->encoded++;
    }
}

static void test_generated(void)
{
    Tally tally = {0};
    const guint lines = sr_test_vector_lines(GENERATED, check_generated, &tally);

    if (!lines)
        return;
    g_assert_cmpuint(lines, ==, 1400);
    g_test_message("%u accepted, %u refused, %u encoded again", tally.accepted, tally.refused,
                   tally.encoded);
    g_assert_cmpuint(tally.accepted, >, 600);
    g_assert_cmpuint(tally.encoded, >, 200);
}

/* The messages of the Rust library, and what they are to us. */
static void test_rust(void)
{
    static const struct {
        const char *file;
        guint groups; /* 0: no ReCap */
        gboolean refused;
    } cases[] = {
        {"recap/rs-siwe_with_caps.txt", 4, FALSE},
        {"recap/rs-siwe_with_statement.txt", 1, FALSE},
        {"recap/rs-siwe_with_no_caps.txt", 0, FALSE},
        {"recap/rs-siwe_with_statement_no_caps.txt", 0, FALSE},
        /* The Rust library sees no ReCap here; a grant that is not shown is worse than none. */
        {"recap/rs-siwe_with_interleaved_resources.txt", 0, TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize length;
        g_autofree char *message = sr_test_vector_text(cases[i].file, &length);
        g_autoptr(GError) error = NULL;
        SrSiwe siwe;
        g_autoptr(SrRecap) recap = NULL;

        if (!message)
            return;
        /* The files end in a line feed for the editor's sake. */
        if (message[length - 1] == '\n')
            length--;
        recap = recap_of(message, length, &siwe, &error);
        g_assert_nonnull(siwe.issued_at.data);
        g_assert_cmpuint(recap ? recap->groups->len : 0, ==, cases[i].groups);
        g_assert_cmpint(error != NULL, ==, cases[i].refused);
    }
}

static void test_rust_serialized(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json("recap/rs-serialized_cap.json");
    g_autoptr(GError) error = NULL;
    g_autofree char *uri = NULL;
    g_autoptr(SrRecap) recap = NULL;
    SrRecapGroup *mail;

    if (!root)
        return;
    uri = sr_recap_encode(sr_test_member(root, "att"), sr_test_member(root, "prf"), &error);
    g_assert_no_error(error);
    recap = sr_recap_decode(uri, strlen(uri), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(recap->groups->len, ==, 2);
    g_assert_cmpuint(recap->proofs->len, ==, 1);
    mail = g_ptr_array_index(recap->groups, 1);
    g_assert_cmpstr(mail->namespace, ==, "msg");
    g_assert_cmpstr(mail->restrictions, ==,
                    "{\"receive\":[{\"max_count\":5,\"templates\":[\"newsletter\",\"marketing\"]}],"
                    "\"send\":[{\"to\":\"someone@email.com\"},{\"to\":\"joe@email.com\"}]}");
}

/*
 * npm siwe-recap. Its "invalid" file holds messages without a ReCap, given as objects: nothing that
 * a parser could refuse, so only the valid ones are here.
 */
static void test_npm(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json("recap/npm-siwe-recap-valid.json");
    g_autoptr(SrRecap) recap = NULL;
    g_autofree char *statement = NULL;
    g_autofree char *uri = NULL;
    SrJson *text_case, *object_case, *fields, *attenuations;
    SrSiwe siwe;
    const char *message;

    if (!root)
        return;
    text_case = sr_test_member(root, "withCapsMessageString");
    message = sr_test_string(text_case, "message");
    recap = recap_of(message, strlen(message), &siwe, NULL);
    g_assert_nonnull(recap);
    object_case = sr_test_member(root, "withCaps");
    fields = sr_test_member(object_case, "message");
    statement = sr_recap_statement(recap);
    g_assert_cmpstr(statement, ==, sr_test_string(fields, "statement"));
    attenuations = sr_test_member(sr_test_member(object_case, "recap"), "att");
    uri = sr_recap_encode(attenuations, NULL, NULL);
    g_assert_cmpstr(
        uri, ==,
        json_object_get_string(json_object_array_get_idx(sr_test_member(fields, "resources"), 0)));
}

static void assert_signs_as(const char *key_hex, const char *message, const char *signature_hex)
{
    guint8 private_bytes[32], public_key[65], digest[32], signature[65];
    g_autoptr(GByteArray) expected = sr_hex_decode(signature_hex, strlen(signature_hex));
    g_autoptr(SrSecret) key = NULL;

    g_assert_true(sr_hex_decode_fixed(key_hex, strlen(key_hex), private_bytes, 32));
    key = sr_secret_new_copy(private_bytes, 32, NULL);
    g_assert_true(sr_secp256k1_public_key(key, public_key, NULL));
    sr_message_digest((const guint8 *)message, strlen(message), digest);
    g_assert_true(sr_secp256k1_sign(key, public_key, digest, signature, NULL));
    sr_assert_bytes(signature, sizeof signature, expected->data, expected->len);
}

/* "invalid" ones are only invalid to the server (expired, replayed, …): they parse and are signed.
 */
static void check_golden(SrJson *cases)
{
    for (gsize i = 0; i < json_object_array_length(cases); i++) {
        SrJson *row = json_object_array_get_idx(cases, i);
        SrJson *expected = sr_test_member(row, "recap");
        const char *message = sr_test_string(row, "siwe");
        SrSiwe siwe;
        g_autoptr(GError) error = NULL;
        g_autoptr(SrRecap) recap = recap_of(message, strlen(message), &siwe, &error);
        g_autofree char *statement = NULL;

        g_assert_no_error(error);
        statement = sr_recap_statement(recap);
        g_assert_cmpstr(statement, ==, sr_test_string(expected, "statement"));
        g_assert_cmpuint(recap->proofs->len, ==,
                         json_object_array_length(sr_test_member(expected, "prf")));
        assert_encodes(siwe.resources[0]);
        assert_signs_as(ANVIL_KEY, message, sr_test_string(row, "signature"));
    }
}

static void test_golden(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(GOLDEN);

    if (!root)
        return;
    check_golden(sr_test_member(root, "valid"));
    check_golden(sr_test_member(root, "invalid"));
}

static void test_chain(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(CHAIN);
    g_autofree char *uri = NULL;
    g_autofree char *statement = NULL;
    g_autoptr(SrRecap) recap = NULL;
    SrJson *row, *expected;
    const char *message;
    SrSiwe siwe;

    if (!root)
        return;
    row = sr_test_member(root, "parentFormatVector");
    expected = sr_test_member(row, "recap");
    message = sr_test_string(row, "siweMessage");
    uri = sr_recap_encode(sr_test_member(expected, "att"), sr_test_member(expected, "prf"), NULL);
    g_assert_cmpstr(uri, ==, sr_test_string(row, "recapResource"));
    recap = recap_of(message, strlen(message), &siwe, NULL);
    g_assert_nonnull(recap);
    statement = sr_recap_statement(recap);
    g_assert_cmpstr(statement, ==,
                    sr_test_string(sr_test_member(sr_test_member(row, "cacao"), "p"), "statement"));
    assert_signs_as(KEY_ONE, message, sr_test_string(row, "signatureHex"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/recap-vectors/every-generated-recap-has-the-verdict-of-the-erc",
                    test_generated);
    g_test_add_func("/recap-vectors/messages-of-the-rust-library", test_rust);
    g_test_add_func("/recap-vectors/restrictions-and-proofs-of-the-rust-library",
                    test_rust_serialized);
    g_test_add_func("/recap-vectors/messages-of-the-npm-library", test_npm);
    g_test_add_func("/recap-vectors/tinycloud-golden-messages-and-signatures", test_golden);
    g_test_add_func("/recap-vectors/tinycloud-chain-from-recap-to-signature", test_chain);
    return g_test_run();
}
