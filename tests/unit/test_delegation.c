/* Delegations as they travel: what is read of good ones, and why others are refused. */
#include "tinycloud/delegation.h"

#include "base/encoding.h"
#include "base/error.h"
#include "support/session_maker.h"
#include "support/vector_file.h"
#include "tinycloud/cacao.h"
#include "tinycloud/did.h"

#include <string.h>

#define ACCEPT "tinycloud/grant-output-accept.json"
#define GOLDEN "tinycloud/verifier-golden-vectors.json"

static SrDelegation *read_good(const char *authorization)
{
    g_autoptr(GError) error = NULL;
    SrDelegation *delegation = sr_delegation_read(authorization, &error);

    g_assert_no_error(error);
    return delegation;
}

static void assert_refused(const char *authorization, const char *problem)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrDelegation) delegation = sr_delegation_read(authorization, &error);

    g_assert_null(delegation);
    g_assert_error(error, SR_ERROR, SR_ERROR_CORRUPT);
    if (!strstr(error->message, problem))
        g_error("%s: not \"%s\"", error->message, problem);
}

/* --- CACAO ---------------------------------------------------------------------------------- */

static char *message_of(const TestSignIn *sign_in)
{
    return test_sign_in_message(sign_in);
}

static void test_cacao(void)
{
    g_autofree char *message = message_of(&(TestSignIn){.not_before = "2026-06-21T12:00:00.5Z"});
    g_autofree char *header = test_cacao_header(1, message, 0);
    g_autoptr(SrDelegation) delegation = read_good(header);
    g_autofree char *did = test_session_did(0x22);
    g_autofree char *url = sr_did_url(did);
    g_autoptr(SrJson) notes = test_json(TEST_NOTES);

    g_assert_cmpstr(delegation->issuer, ==, "did:pkh:eip155:1:" TEST_WALLET);
    g_assert_cmpstr(delegation->audience, ==, url);
    g_assert_cmpstr(delegation->message, ==, message);
    g_assert_true(json_object_equal(delegation->attenuations, notes));
    g_assert_cmpuint(delegation->proofs->len, ==, 0);
    g_assert_cmpint(delegation->expires, ==, TEST_END);
    g_assert_cmpint(delegation->starts, ==, TEST_START + 1);
    g_assert_false(delegation->is_terminal);
}

static void test_cacao_without_end(void)
{
    g_autofree char *message = message_of(&(TestSignIn){.expiration = ""});
    g_autofree char *header = test_cacao_header(1, message, 0);
    g_autoptr(SrDelegation) delegation = read_good(header);

    g_assert_cmpint(delegation->expires, ==, 0);
    g_assert_cmpint(delegation->starts, ==, 0);
}

static void test_cacao_ended_early(void)
{
    static const char *const ends[] = {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.999Z",
                                       "1970-01-01T01:00:00+01:00", "1969-12-31T23:59:59Z",
                                       "0001-01-01T00:00:00Z"};

    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        g_autofree char *message = message_of(&(TestSignIn){.expiration = ends[i]});
        g_autofree char *header = test_cacao_header(1, message, 0);

        assert_refused(header, "it ended before 1970");
    }
}

/* A message that grants nothing is a delegation of nothing. */
static void test_cacao_without_recap(void)
{
    g_autofree char *message = message_of(&(TestSignIn){0});
    char *resources = strstr(message, "\nResources:");
    char *statement = strstr(message, "I further");
    g_autofree char *plain = NULL;
    g_autofree char *header = NULL;
    g_autoptr(SrDelegation) delegation = NULL;

    *resources = '\0';
    plain =
        g_strdup_printf("%.*s%s", (int)(statement - message), message, strstr(statement, "\n") + 1);
    header = test_cacao_header(1, plain, 0);
    delegation = read_good(header);
    g_assert_cmpint(json_object_object_length(delegation->attenuations), ==, 0);
}

/* v is written as 0, 1, 27 or 28; each is a delegation of its own. */
static void test_v(void)
{
    g_autofree char *message = message_of(&(TestSignIn){0});
    g_autofree char *usual = test_cacao_header(1, message, 0);
    g_autofree char *small = test_cacao_header(1, message, 27);
    g_autoptr(SrDelegation) first = read_good(usual);
    g_autoptr(SrDelegation) second = read_good(small);

    g_assert_cmpstr(first->message, ==, second->message);
    g_assert_cmpstr(first->cid, !=, second->cid);
    for (guint less = 1; less < 256; less++) {
        g_autofree char *header = test_cacao_header(1, message, (guint8)less);

        if (less != 27)
            g_assert_null(sr_delegation_read(header, NULL));
    }
}

static char *replaced(const char *text, const char *old, const char *new)
{
    g_auto(GStrv) parts = g_strsplit(text, old, 2);

    g_assert_nonnull(parts[1]);
    return g_strjoinv(new, parts);
}

/* What the user read is not what the ReCap gives, although all of it is signed. */
static void test_statement(void)
{
    static const char *const statements[][2] = {
        {"'get' for", "'put' for"}, {"kv/notes'.", "kv/note'."}, {"behalf: (1)", "behalf: (2)"}};
    g_autofree char *message = message_of(&(TestSignIn){0});

    for (gsize i = 0; i < G_N_ELEMENTS(statements); i++) {
        g_autofree char *other = replaced(message, statements[i][0], statements[i][1]);
        g_autofree char *header = test_cacao_header(1, other, 0);

        assert_refused(header, "its ReCap and its statement do not agree");
    }
}

static void test_other_signer(void)
{
    g_autofree char *message = message_of(&(TestSignIn){0});
    g_autofree char *header = test_cacao_header(2, message, 0);

    assert_refused(header, "its signature is not by the address it names");
}

/* The same message, once signed and once with one character changed in the CACAO. */
static void test_changed_message(void)
{
    g_autofree char *message = message_of(&(TestSignIn){0});
    g_autofree char *other = replaced(message, "4kXh2bQ9Zp0aLr7c8", "4kXh2bQ9Zp0aLr7c9");
    guint8 signature[SR_CACAO_SIGNATURE_SIZE];
    SrSiweProblem problem;
    SrSiwe siwe;

    test_wallet_sign(1, message, signature);
    g_assert_true(sr_siwe_parse(other, strlen(other), &siwe, &problem));
    g_autoptr(GByteArray) bytes = sr_cacao_encode(&siwe, signature);
    g_autofree char *header = sr_base64url_encode_padded(bytes->data, bytes->len);
    assert_refused(header, "its signature is not by the address it names");
}

static void test_texts(void)
{
    static const char *const texts[][2] = {
        {"", "no signed sign-in message"},
        {"=", "neither base64url nor a UCAN"},
        {"A", "neither base64url nor a UCAN"},
        {"AAAAA", "neither base64url nor a UCAN"},
        {"AA==", "no signed sign-in message"},
        {"AB==", "neither base64url nor a UCAN"},
        {"AA", "neither base64url nor a UCAN"},
        {"AAA+", "neither base64url nor a UCAN"},
        {"Bearer AAAA", "neither"},
        {"....", "three parts"},
        {".", "three parts"},
        {"..", "payload is not JSON"},
    };
    g_autofree char *message = message_of(&(TestSignIn){0});
    g_autofree char *header = test_cacao_header(1, message, 0);
    const gsize length = strlen(header);

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        assert_refused(texts[i][0], texts[i][1]);
    /* The padding is there and there is no more of it. */
    if (header[length - 1] == '=') {
        header[length - 1] = '\0';
        assert_refused(header, "neither base64url nor a UCAN");
    } else {
        g_autofree char *padded = g_strconcat(header, "====", NULL);

        assert_refused(padded, "neither base64url nor a UCAN");
    }
}

/* Padded headers of all three lengths are read, and not without their padding. */
static void test_padding(void)
{
    static const char *const nonces[] = {"12345678", "123456789", "1234567890"};
    guint paddings = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(nonces); i++) {
        g_autofree char *message = message_of(&(TestSignIn){.nonce = nonces[i]});
        g_autofree char *header = test_cacao_header(1, message, 0);
        g_autoptr(SrDelegation) delegation = read_good(header);
        char *padding = strchr(header, '=');

        g_assert_nonnull(delegation);
        paddings |= padding ? 1u << strlen(padding) : 1u;
        if (!padding)
            continue;
        *padding = '\0';
        assert_refused(header, "neither base64url nor a UCAN");
    }
    g_assert_cmphex(paddings, ==, 7);
}

static void test_too_long(void)
{
    g_autofree char *longest = g_strnfill(SR_DELEGATION_MAX, 'A');
    g_autofree char *longer = g_strnfill(SR_DELEGATION_MAX + 1, 'A');
    g_autofree char *ucan = g_strconcat(longest, ".", NULL);

    assert_refused(longest, "no signed sign-in message");
    assert_refused(longer, "it is too long");
    assert_refused(ucan, "it is too long");
}

/* --- UCAN ----------------------------------------------------------------------------------- */

static void test_ucan_read(void)
{
    g_autofree char *text = test_ucan("{\"nbf\":1782043200}");
    g_autoptr(SrDelegation) delegation = read_good(text);
    g_autofree char *issuer = test_session_did(0x22);
    g_autofree char *audience = test_session_did(0x33);
    g_autoptr(SrJson) notes = test_json(TEST_NOTES);

    g_assert_cmpstr(delegation->issuer, ==, issuer);
    g_assert_cmpstr(delegation->audience, ==, audience);
    g_assert_null(delegation->message);
    g_assert_true(json_object_equal(delegation->attenuations, notes));
    g_assert_cmpuint(delegation->proofs->len, ==, 1);
    g_assert_true(g_str_has_prefix(delegation->proofs->pdata[0], "bafkr4i"));
    g_assert_cmpint(delegation->expires, ==, TEST_END);
    g_assert_cmpint(delegation->starts, ==, TEST_START);
    g_assert_false(delegation->is_terminal);
}

/* Fractions never make a delegation last longer. */
static void test_ucan_bearer(void)
{
    g_autofree char *text = test_ucan("{}");
    g_autofree char *bearer = g_strconcat("Bearer ", text, NULL);
    g_autoptr(SrDelegation) plain = sr_delegation_read(text, NULL);
    g_autoptr(SrDelegation) delegation = sr_delegation_read(bearer, NULL);

    g_assert_nonnull(delegation);
    g_assert_cmpstr(delegation->cid, ==, plain->cid);
}

static void test_ucan_fractions(void)
{
    g_autofree char *text = test_ucan("{\"exp\":1782129600.999,\"nbf\":1782043199.001}");
    g_autofree char *whole = test_ucan("{\"exp\":1782129600.0,\"nbf\":1782043200.0}");
    g_autoptr(SrDelegation) delegation = read_good(text);
    g_autoptr(SrDelegation) other = read_good(whole);

    g_assert_cmpint(delegation->expires, ==, TEST_END);
    g_assert_cmpint(delegation->starts, ==, TEST_START);
    g_assert_cmpint(other->expires, ==, TEST_END);
    g_assert_cmpint(other->starts, ==, TEST_START);
}

typedef struct {
    const char *name;
    const char *replace;
    const char *problem;
} Refused;

static const Refused refused[] = {
    {"no-end", "{\"exp\":null}", "\"exp\" or \"nbf\""},
    {"end-of-0", "{\"exp\":0}", "it ended before 1970"},
    {"end-in-the-first-second", "{\"exp\":0.5}", "it ended before 1970"},
    {"end-below-0", "{\"exp\":-1}", "\"exp\" or \"nbf\""},
    {"end-below-0-in-parts", "{\"exp\":-0.5}", "\"exp\" or \"nbf\""},
    {"end-after-the-year-9999", "{\"exp\":253402300800}", "\"exp\" or \"nbf\""},
    {"end-that-is-huge", "{\"exp\":1e300}", "\"exp\" or \"nbf\""},
    {"end-as-text", "{\"exp\":\"1782129600\"}", "\"exp\" or \"nbf\""},
    {"start-as-text", "{\"nbf\":\"1782129600\"}", "\"exp\" or \"nbf\""},
    {"no-issuer", "{\"iss\":null}", "\"iss\" or \"aud\""},
    {"no-audience", "{\"aud\":null}", "\"iss\" or \"aud\""},
    {"audience-list", "{\"aud\":[\"did:key:z6Mk\"]}", "\"iss\" or \"aud\""},
    {"issuer-of-a-wallet", "{\"iss\":\"did:pkh:eip155:1:" TEST_WALLET "\"}", "no Ed25519 did:key"},
    {"no-attenuations", "{\"att\":null}", "\"att\" or \"prf\""},
    {"attenuations-as-list", "{\"att\":[]}", "\"att\" or \"prf\""},
    {"attenuations-of-nothing", "{\"att\":{}}", "resources and abilities"},
    {"no-restrictions", "{\"att\":{\"urn:a\":{\"a/b\":[]}}}", "resources and abilities"},
    {"restrictions-null", "{\"att\":{\"urn:a\":{\"a/b\":null}}}", "resources and abilities"},
    {"abilities-null", "{\"att\":{\"urn:a\":null}}", "resources and abilities"},
    {"no-proofs", "{\"prf\":null}", "\"att\" or \"prf\""},
    {"proofs-as-text", "{\"prf\":\"bafk\"}", "\"att\" or \"prf\""},
    {"proof-that-is-a-number", "{\"prf\":[1]}", "\"att\" or \"prf\""},
    {"proof-that-is-null", "{\"prf\":[null]}", "\"att\" or \"prf\""},
    {"nonce-that-is-a-number", "{\"nnc\":1}", "\"nnc\" is not a text"},
    {"facts-as-object", "{\"fct\":{\"xyz.tinycloud.policy/delegationMode\":\"terminal\"}}",
     "\"fct\" is not an array"},
    {"facts-as-text", "{\"fct\":\"terminal\"}", "\"fct\" is not an array"},
    {"unknown-member", "{\"cnf\":{}}", "not known"},
};

static void test_ucan_refused(gconstpointer data)
{
    const Refused *row = data;
    g_autofree char *text = test_ucan(row->replace);

    assert_refused(text, row->problem);
}

static char *payload_of(const char *ucan)
{
    g_auto(GStrv) parts = g_strsplit(ucan, ".", 3);
    g_autoptr(GByteArray) bytes = sr_base64url_decode(parts[1], strlen(parts[1]), NULL);

    return g_strndup((const char *)bytes->data, bytes->len);
}

/* null is no time: not "never", not "at once". */
static void test_ucan_null(void)
{
    g_autofree char *ucan = test_ucan("{\"nbf\":1782043200}");
    g_autofree char *payload = payload_of(ucan);
    static const char *const members[][2] = {{"\"exp\":1782129600", "\"exp\":null"},
                                             {"\"nbf\":1782043200", "\"nbf\":null"}};

    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autofree char *other = replaced(payload, members[i][0], members[i][1]);
        g_autofree char *text =
            test_jwt("{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"ucv\":\"0.10.0\"}", other);

        assert_refused(text, "\"exp\" or \"nbf\" is not a time");
    }
    g_autofree char *facts = replaced(payload, "\"nbf\":1782043200", "\"fct\":null");
    g_autofree char *text = test_jwt("{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", facts);
    assert_refused(text, "\"fct\" is not an array");
}

static void test_ucan_headers(void)
{
    static const struct {
        const char *header;
        gboolean good;
    } cases[] = {
        {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"ucv\":\"0.10.0\"}", TRUE},
        {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", TRUE},
        {"{\"alg\":\"none\",\"typ\":\"JWT\"}", FALSE},
        {"{\"alg\":\"ES256K\",\"typ\":\"JWT\"}", FALSE},
        {"{\"typ\":\"JWT\"}", FALSE},
        {"{\"alg\":\"EdDSA\"}", FALSE},
        {"{\"alg\":[\"EdDSA\"],\"typ\":\"JWT\"}", FALSE},
        {"{\"alg\":\"EdDSA\",\"crit\":[\"exp\"],\"typ\":\"JWT\"}", FALSE},
        {"{\"alg\":\"EdDSA\",\"jku\":\"https://example.com\",\"typ\":\"JWT\"}", FALSE},
        {"{\"alg\":\"EdDSA\",\"jwk\":{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"AA\"},"
         "\"typ\":\"JWT\"}",
         FALSE},
        {"{\"alg\":\"EdDSA\",\"jwk\":1,\"typ\":\"JWT\"}", FALSE},
        {"[]", FALSE},
        {"null", FALSE},
        {"", FALSE},
    };
    g_autofree char *ucan = test_ucan(NULL);
    g_autofree char *payload = payload_of(ucan);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = test_jwt(cases[i].header, payload);

        if (cases[i].good)
            sr_delegation_free(read_good(text));
        else
            assert_refused(text, "its header");
    }
}

static void test_terminal(void)
{
    static const struct {
        const char *facts;
        gboolean terminal;
    } cases[] = {
        {"[]", FALSE},
        {"[{\"xyz.tinycloud.policy/delegationMode\":\"terminal\"}]", TRUE},
        {"[1,\"x\",null,[],{},{\"xyz.tinycloud.policy/delegationMode\":\"terminal\"}]", TRUE},
        {"[{\"xyz.tinycloud.policy/delegationMode\":\"attenuable\"},"
         "{\"xyz.tinycloud.policy/delegationMode\":\"terminal\"}]",
         TRUE},
        {"[{\"xyz.tinycloud.policy/delegationMode\":\"attenuable\"}]", FALSE},
        {"[{\"xyz.tinycloud.policy/delegationMode\":[\"terminal\"]}]", FALSE},
        {"[{\"a\":{\"xyz.tinycloud.policy/delegationMode\":\"terminal\"}}]", FALSE},
        {"[\"xyz.tinycloud.policy/delegationMode\"]", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *replace = g_strdup_printf("{\"fct\":%s}", cases[i].facts);
        g_autofree char *text = test_ucan(replace);
        g_autoptr(SrDelegation) delegation = read_good(text);

        if (delegation->is_terminal != cases[i].terminal)
            g_error("%s", cases[i].facts);
    }
}

/* --- TinyCloud's own ------------------------------------------------------------------------ */

static void test_vector_cacao(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(ACCEPT);
    SrJson *parent;

    if (!root)
        return;
    parent = sr_test_member(root, "parentFormatVector");
    g_autoptr(GByteArray) bytes = sr_test_hex(parent, "dagCborHex");
    g_autofree char *header = sr_base64url_encode_padded(bytes->data, bytes->len);
    g_autoptr(SrDelegation) delegation = read_good(header);

    g_assert_cmpstr(delegation->cid, ==, sr_test_string(parent, "expectedCid"));
    g_assert_cmpstr(delegation->issuer, ==, sr_test_string(parent, "issuer"));
    g_assert_cmpstr(delegation->audience, ==, sr_test_string(parent, "audience"));
    g_assert_true(json_object_equal(delegation->attenuations,
                                    sr_test_member(sr_test_member(parent, "recap"), "att")));
}

static void test_vector_ucans(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(ACCEPT);
    SrJson *cases;

    if (!root)
        return;
    cases = sr_test_member(root, "cases");
    for (gsize i = 0; i < json_object_array_length(cases); i++) {
        SrJson *vector = json_object_array_get_idx(cases, i);
        SrJson *ucan = json_object_object_get(vector, "ucan");
        g_autoptr(SrDelegation) delegation = NULL;

        if (!ucan)
            continue;
        delegation = read_good(sr_test_string(ucan, "encoded"));
        g_assert_cmpstr(delegation->cid, ==, sr_test_string(ucan, "delegationId"));
        g_assert_cmpstr(delegation->issuer, ==, sr_test_string(ucan, "signerDid"));
        g_assert_true(delegation->is_terminal);
    }
}

/* Messages of TinyCloud's verifier; their signatures are right, also where the rest is not. */
static void test_vector_messages(void)
{
    g_autoptr(SrJson) root = sr_test_vector_json(GOLDEN);
    static const char *const lists[] = {"valid", "invalid"};

    for (gsize i = 0; root && i < 2 * G_N_ELEMENTS(lists); i++) {
        SrJson *list = sr_test_member(root, lists[i / 2]);

        for (gsize j = 0; j < json_object_array_length(list); j++) {
            SrJson *vector = json_object_array_get_idx(list, j);
            const char *text = sr_test_string(vector, "siwe");
            g_autoptr(GByteArray) signature = sr_test_hex(vector, "signature");
            g_autoptr(GByteArray) bytes = NULL;
            g_autofree char *header = NULL;
            SrSiweProblem problem;
            SrSiwe siwe;

            g_assert_true(sr_siwe_parse(text, strlen(text), &siwe, &problem));
            signature->data[0] ^= i % 2;
            bytes = sr_cacao_encode(&siwe, signature->data);
            header = sr_base64url_encode_padded(bytes->data, bytes->len);
            if (i % 2)
                assert_refused(header, "its signature is not by the address it names");
            else
                sr_delegation_free(read_good(header));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/delegation/cacao/what-it-says", test_cacao);
    g_test_add_func("/delegation/cacao/it-may-have-no-end", test_cacao_without_end);
    g_test_add_func("/delegation/cacao/an-end-that-would-read-as-none", test_cacao_ended_early);
    g_test_add_func("/delegation/cacao/a-message-without-recap-gives-nothing",
                    test_cacao_without_recap);
    g_test_add_func("/delegation/cacao/v-is-0-1-27-or-28", test_v);
    g_test_add_func("/delegation/cacao/the-statement-says-what-the-recap-gives", test_statement);
    g_test_add_func("/delegation/cacao/signed-by-the-wrong-key", test_other_signer);
    g_test_add_func("/delegation/cacao/changed-after-signing", test_changed_message);
    g_test_add_func("/delegation/cacao/padding-is-exact", test_padding);
    g_test_add_func("/delegation/texts-that-are-none", test_texts);
    g_test_add_func("/delegation/too-long", test_too_long);
    g_test_add_func("/delegation/ucan/what-it-says", test_ucan_read);
    g_test_add_func("/delegation/a-ucan-may-have-bearer-in-front", test_ucan_bearer);
    g_test_add_func("/delegation/ucan/fractions-do-not-make-it-longer", test_ucan_fractions);
    for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *path = g_strconcat("/delegation/ucan/refused/", refused[i].name, NULL);

        g_test_add_data_func(path, &refused[i], test_ucan_refused);
    }
    g_test_add_func("/delegation/ucan/null-is-no-value", test_ucan_null);
    g_test_add_func("/delegation/ucan/only-headers-of-the-issuers-key", test_ucan_headers);
    g_test_add_func("/delegation/ucan/the-terminal-mark-is-found", test_terminal);
    g_test_add_func("/delegation/vectors/cacao", test_vector_cacao);
    g_test_add_func("/delegation/vectors/ucans", test_vector_ucans);
    g_test_add_func("/delegation/vectors/messages", test_vector_messages);
    return g_test_run();
}
