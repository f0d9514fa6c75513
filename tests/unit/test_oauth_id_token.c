#include "oauth/id_token.h"

#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"
#include "support/secret_text.h"
#include "support/token_maker.h"
#include "support/vector_file.h"

#define NOW 1700000000
#define ISSUER "https://op.example/api/auth"
#define HEADER "{\"alg\":\"EdDSA\",\"kid\":\"k1\"}"

static const char *const all_algorithms[] = {"EdDSA", "Ed25519", "ES256", "RS256", "PS256", NULL};

typedef struct {
    SrTestTokenKey *key;
    SrJwks *jwks; /* has it as "k1", and another one as "k2" */
    SrIdTokenExpectation expectation;
} Fixture;

static SrJwks *parse_jwks(const char *text)
{
    SrJwks *jwks = sr_jwks_parse(text, strlen(text), NULL);

    g_assert_nonnull(jwks);
    return jwks;
}

static void set_up(Fixture *fixture, gconstpointer unused)
{
    const SrIdTokenExpectation expectation = {
        .issuer = ISSUER,
        .client_id = "ok_1",
        .nonce = "n1",
        .algorithms = all_algorithms,
        .now = NOW,
        .leeway = 60,
    };
    g_autoptr(SrTestTokenKey) other = sr_test_token_key("EdDSA", 0);
    g_autofree char *members = NULL;
    g_autofree char *other_members = NULL;
    g_autofree char *text = NULL;

    (void)unused;
    fixture->key = sr_test_token_key("EdDSA", 0);
    members = sr_test_token_jwk(fixture->key);
    other_members = sr_test_token_jwk(other);
    text = g_strdup_printf("{\"keys\":[{%s,\"kid\":\"k2\"},{\"kty\":\"oct\",\"kid\":\"k3\"},"
                           "{%s,\"kid\":\"k1\",\"alg\":\"EdDSA\"}]}",
                           other_members, members);
    fixture->jwks = parse_jwks(text);
    fixture->expectation = expectation;
}

static void tear_down(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    sr_test_token_key_free(fixture->key);
    sr_jwks_free(fixture->jwks);
}

#define GOOD_TIMES "\"exp\":1700000300,\"iat\":1700000000"
#define GOOD "\"iss\":\"" ISSUER "\",\"sub\":\"u1\",\"aud\":\"ok_1\",\"nonce\":\"n1\"," GOOD_TIMES

/* Verify @payload, signed with @header. */
static SrIdToken *verify(Fixture *fixture, const char *header, const char *payload, GError **error)
{
    g_autoptr(SrSecret) token = sr_test_token(fixture->key, header, payload);

    return sr_id_token_verify(token, fixture->jwks, &fixture->expectation, error);
}

static void accept(Fixture *fixture, const char *header, const char *payload)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrIdToken) id_token = verify(fixture, header, payload, &error);

    g_assert_no_error(error);
    g_assert_nonnull(id_token);
}

static void refuse(Fixture *fixture, const char *header, const char *payload, const char *blamed)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(verify(fixture, header, payload, &error));
    sr_assert_blames(error, SR_ERROR_ID_TOKEN_INVALID, blamed);
}

/* --- good tokens ---------------------------------------------------------------------------- */

static void test_claims(Fixture *fixture, gconstpointer unused)
{
    g_autoptr(SrIdToken) id_token =
        verify(fixture, HEADER,
               "{" GOOD ",\"azp\":\"ok_1\",\"email\":\"ada@example.org\",\"email_verified\":true,"
               "\"name\":\"Ada L\xc3\xb8velace\",\"auth_time\":1699999990.5,\"keys\":[{}]}",
               NULL);

    (void)unused;
    g_assert_nonnull(id_token);
    g_assert_cmpstr(id_token->subject, ==, "u1");
    g_assert_cmpstr(id_token->email, ==, "ada@example.org");
    g_assert_cmpstr(id_token->name, ==, "Ada L\xc3\xb8velace");
    g_assert_cmpint(id_token->expires, ==, 1700000300);
    g_assert_cmpint(id_token->auth_time, ==, 1699999990);
}

static void test_people(Fixture *fixture, gconstpointer unused)
{
    static const struct {
        const char *claims;
        const char *email;
        const char *name;
    } rows[] = {
        {"", NULL, NULL},
        {",\"email\":\"a@b\"", "a@b", NULL},
        {",\"email\":\"a@b\",\"email_verified\":\"true\"", "a@b", NULL},
        {",\"email\":\"a@b\",\"email_verified\":false", NULL, NULL},
        {",\"email\":\"a@b\",\"email_verified\":\"false\"", NULL, NULL},
        {",\"email\":\"a@b\",\"email_verified\":null", NULL, NULL},
        {",\"email\":\"a@b\",\"email_verified\":1", NULL, NULL},
        {",\"email\":\"a\\nb\"", NULL, NULL},
        {",\"email\":7", NULL, NULL},
        {",\"preferred_username\":\"ada\"", NULL, "ada"},
        {",\"name\":\"\",\"preferred_username\":\"ada\"", NULL, "ada"},
        {",\"name\":\"a\\u0007\",\"preferred_username\":\"ada\"", NULL, "ada"},
        {",\"name\":{},\"preferred_username\":[]", NULL, NULL},
    };

    (void)unused;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *payload = g_strdup_printf("{" GOOD "%s}", rows[i].claims);
        g_autoptr(SrIdToken) id_token = verify(fixture, HEADER, payload, NULL);

        g_assert_nonnull(id_token);
        g_assert_cmpstr(id_token->email, ==, rows[i].email);
        g_assert_cmpstr(id_token->name, ==, rows[i].name);
    }
}

/* Tokens that jose made, with the hashes of oidc-token-hash. */
static void test_jose(void)
{
    g_autoptr(SrJson) file = sr_test_own_json("oauth/id_tokens.json");
    g_autofree char *keys = sr_json_text(sr_test_member(file, "jwks"));
    g_autoptr(SrJwks) jwks = parse_jwks(keys);
    g_autoptr(SrSecret) access_token = sr_test_secret(sr_test_string(file, "accessToken"));
    g_autoptr(SrSecret) other_token = sr_test_secret("other");
    SrJson *tokens = sr_test_member(file, "tokens");
    SrIdTokenExpectation expectation = {
        .issuer = "https://op.example",
        .client_id = "s6BhdRkqt3",
        .nonce = "n-0S6_WzA2Mj",
        .subject = "248289761001",
        .algorithms = all_algorithms,
        .now = 1311281000,
    };

    g_assert_cmpuint(json_object_array_length(tokens), ==, 5);
    for (gsize i = 0; i < json_object_array_length(tokens); i++) {
        const char *text = sr_test_string(json_object_array_get_idx(tokens, i), "token");
        g_autoptr(SrSecret) token = sr_test_secret(text);
        g_autoptr(SrIdToken) id_token = NULL;
        g_autoptr(GError) error = NULL;

        expectation.access_token = access_token;
        g_assert_true(sr_id_token_has_key(token, jwks));
        id_token = sr_id_token_verify(token, jwks, &expectation, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(id_token->email, ==, "ada@example.org");
        g_assert_cmpstr(id_token->name, ==, "Ada L.");

        expectation.access_token = other_token;
        g_assert_null(sr_id_token_verify(token, jwks, &expectation, &error));
        sr_assert_blames(error, SR_ERROR_ID_TOKEN_INVALID, "at_hash");
    }
}

/* --- headers and signatures ----------------------------------------------------------------- */

static void test_headers(Fixture *fixture, gconstpointer unused)
{
    static const struct {
        const char *header;
        const char *blamed; /* NULL: accepted */
    } rows[] = {
        {"{\"alg\":\"EdDSA\",\"kid\":\"k1\"}", NULL},
        {"{\"alg\":\"EdDSA\",\"kid\":\"k1\",\"typ\":\"JWT\"}", NULL},
        {"{\"alg\":\"EdDSA\",\"kid\":\"k1\",\"typ\":\"jwt\"}", NULL},
        {"{\"alg\":\"EdDSA\"}", NULL},
        {"{\"alg\":\"Ed25519\"}", NULL},
        {"{\"alg\":\"EdDSA\",\"kid\":null}", NULL},
        {"{\"alg\":\"EdDSA\",\"kid\":\"k1\",\"jwk\":{\"kty\":\"oct\"},\"jku\":\"https://e\"}",
         NULL},
        {"{\"alg\":\"none\",\"kid\":\"k1\"}", "alg"},
        {"{\"alg\":\"HS256\",\"kid\":\"k1\"}", "alg"},
        {"{\"alg\":\"eddsa\",\"kid\":\"k1\"}", "alg"},
        {"{\"alg\":5,\"kid\":\"k1\"}", "alg"},
        {"{\"kid\":\"k1\"}", "alg"},
        /* A key of another type is no key for it. */
        {"{\"alg\":\"ES256\",\"kid\":\"k1\"}", "kid"},
        {"{\"alg\":\"RS256\",\"kid\":\"k1\"}", "kid"},
        {"{\"alg\":\"EdDSA\",\"kid\":\"k9\"}", "kid"},
        {"{\"alg\":\"EdDSA\",\"kid\":\"k3\"}", "kid"},
        {"{\"alg\":\"EdDSA\",\"kid\":\"\"}", "kid"},
        {"{\"alg\":\"EdDSA\",\"kid\":1}", "kid"},
        {"{\"alg\":\"EdDSA\",\"kid\":\"k2\"}", "signature"},
        {"{\"alg\":\"EdDSA\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}", "typ"},
        {"{\"alg\":\"EdDSA\",\"kid\":\"k1\",\"typ\":\"logout+jwt\"}", "typ"},
        {"{\"alg\":\"EdDSA\",\"kid\":\"k1\",\"crit\":[\"b64\"],\"b64\":false}", "crit"},
        {"{\"alg\":\"EdDSA\",\"kid\":\"k1\",\"crit\":[]}", "crit"},
        {"{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\"}", "token"},
        {"[]", "token"},
        {"", "token"},
    };

    (void)unused;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].blamed)
            refuse(fixture, rows[i].header, "{" GOOD "}", rows[i].blamed);
        else
            accept(fixture, rows[i].header, "{" GOOD "}");
    }
}

static void test_algorithms_of_metadata(Fixture *fixture, gconstpointer unused)
{
    static const char *const rs256[] = {"RS256", NULL};
    static const char *const none[] = {NULL};

    (void)unused;
    fixture->expectation.algorithms = rs256;
    refuse(fixture, HEADER, "{" GOOD "}", "alg");
    fixture->expectation.algorithms = none;
    refuse(fixture, HEADER, "{" GOOD "}", "alg");
}

/* Any change of a character breaks it, a JSON object or not. */
static void test_every_flip(Fixture *fixture, gconstpointer unused)
{
    g_autoptr(SrSecret) token = sr_test_token(fixture->key, HEADER, "{" GOOD "}");

    (void)unused;
    for (gsize i = 0; i < sr_secret_size(token); i++) {
        const guint8 kept = sr_secret_peek(token)[i];

        sr_secret_data(token)[i] = kept == 'A' ? 'B' : 'A';
        g_assert_null(sr_id_token_verify(token, fixture->jwks, &fixture->expectation, NULL));
        sr_secret_data(token)[i] = kept;
    }
    for (gsize size = 0; size < sr_secret_size(token); size++) {
        g_autoptr(SrSecret) cut = sr_secret_new_copy(sr_secret_peek(token), size, NULL);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_id_token_verify(cut, fixture->jwks, &fixture->expectation, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_ID_TOKEN_INVALID);
    }
}

static void test_shapes(Fixture *fixture, gconstpointer unused)
{
    g_autoptr(SrSecret) good = sr_test_token(fixture->key, HEADER, "{" GOOD "}");
    g_autofree char *long_text = g_strnfill(17000, 'a');
    g_autofree char *rows[] = {
        g_strdup(""),
        g_strdup(".."),
        g_strdup("e30.e30"),
        g_strconcat(sr_test_secret_text(good), ".", NULL),
        g_strconcat(".", sr_test_secret_text(good), NULL),
        g_strconcat(sr_test_secret_text(good), "=", NULL),
        g_strconcat(sr_test_secret_text(good), "\n", NULL),
        g_strconcat(sr_test_secret_text(good), long_text, NULL),
    };

    (void)unused;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrSecret) token = sr_test_secret(rows[i]);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_id_token_verify(token, fixture->jwks, &fixture->expectation, &error));
        sr_assert_blames(error, SR_ERROR_ID_TOKEN_INVALID, "token");
        g_assert_false(sr_id_token_has_key(token, fixture->jwks));
        g_clear_pointer(&rows[i], g_free);
    }
}

static void test_payloads(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    refuse(fixture, HEADER, "", "token");
    refuse(fixture, HEADER, "[]", "token");
    refuse(fixture, HEADER, "null", "token");
    refuse(fixture, HEADER, "{" GOOD, "token");
    refuse(fixture, HEADER, "{" GOOD ",\"sub\":\"u2\"}", "token");
}

static void test_has_key(Fixture *fixture, gconstpointer unused)
{
    static const struct {
        const char *header;
        gboolean has;
    } rows[] = {
        {"{\"alg\":\"EdDSA\",\"kid\":\"k1\"}", TRUE},
        {"{\"alg\":\"EdDSA\",\"kid\":\"k2\"}", TRUE},
        {"{\"alg\":\"EdDSA\"}", TRUE},
        {"{\"alg\":\"EdDSA\",\"kid\":\"rotated\"}", FALSE},
        {"{\"alg\":\"ES256\",\"kid\":\"k1\"}", FALSE},
        {"{\"alg\":\"ES256\"}", FALSE},
        {"{\"alg\":\"none\",\"kid\":\"k1\"}", FALSE},
    };

    (void)unused;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrSecret) token = sr_test_token(fixture->key, rows[i].header, "{}");

        g_assert_cmpint(sr_id_token_has_key(token, fixture->jwks), ==, rows[i].has);
    }
}

/* --- claims --------------------------------------------------------------------------------- */

#define WITHOUT_AUD "{\"iss\":\"" ISSUER "\",\"sub\":\"u1\",\"nonce\":\"n1\"," GOOD_TIMES ","
#define WITHOUT_ISS "{\"sub\":\"u1\",\"aud\":\"ok_1\",\"nonce\":\"n1\"," GOOD_TIMES ","
#define WITHOUT_SUB "{\"iss\":\"" ISSUER "\",\"aud\":\"ok_1\",\"nonce\":\"n1\"," GOOD_TIMES ","
#define WITHOUT_NONCE "{\"iss\":\"" ISSUER "\",\"sub\":\"u1\",\"aud\":\"ok_1\"," GOOD_TIMES ","
#define WITHOUT_TIMES "{\"iss\":\"" ISSUER "\",\"sub\":\"u1\",\"aud\":\"ok_1\",\"nonce\":\"n1\","

static void test_identity(Fixture *fixture, gconstpointer unused)
{
    static const struct {
        const char *payload;
        const char *blamed; /* NULL: accepted */
    } rows[] = {
        {WITHOUT_ISS "\"x\":1}", "iss"},
        {WITHOUT_ISS "\"iss\":\"" ISSUER "/\"}", "iss"},
        {WITHOUT_ISS "\"iss\":\"https://evil.example\"}", "iss"},
        {WITHOUT_ISS "\"iss\":[\"" ISSUER "\"]}", "iss"},
        {WITHOUT_AUD "\"x\":1}", "aud"},
        {WITHOUT_AUD "\"aud\":\"ok_2\"}", "aud"},
        {WITHOUT_AUD "\"aud\":\"ok_1 \"}", "aud"},
        {WITHOUT_AUD "\"aud\":[]}", "aud"},
        {WITHOUT_AUD "\"aud\":[\"ok_2\"]}", "aud"},
        {WITHOUT_AUD "\"aud\":{\"ok_1\":1}}", "aud"},
        {WITHOUT_AUD "\"aud\":[\"ok_1\",5],\"azp\":\"ok_1\"}", "aud"},
        {WITHOUT_AUD "\"aud\":[\"ok_1\"]}", NULL},
        {WITHOUT_AUD "\"aud\":[\"ok_1\",\"ok_2\"]}", "azp"},
        {WITHOUT_AUD "\"aud\":[\"ok_1\",\"ok_2\"],\"azp\":\"ok_2\"}", "azp"},
        {WITHOUT_AUD "\"aud\":[\"ok_2\",\"ok_1\"],\"azp\":\"ok_1\"}", NULL},
        {WITHOUT_AUD "\"aud\":\"ok_1\",\"azp\":\"ok_2\"}", "azp"},
        {WITHOUT_AUD "\"aud\":\"ok_1\",\"azp\":null}", "azp"},
        {WITHOUT_NONCE "\"x\":1}", "nonce"},
        {WITHOUT_NONCE "\"nonce\":\"n2\"}", "nonce"},
        {WITHOUT_NONCE "\"nonce\":\"N1\"}", "nonce"},
        {WITHOUT_NONCE "\"nonce\":1}", "nonce"},
        {WITHOUT_SUB "\"x\":1}", "sub"},
        {WITHOUT_SUB "\"sub\":\"\"}", "sub"},
        {WITHOUT_SUB "\"sub\":5}", "sub"},
        {WITHOUT_SUB "\"sub\":\"a\\nb\"}", "sub"},
    };

    (void)unused;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].blamed)
            refuse(fixture, HEADER, rows[i].payload, rows[i].blamed);
        else
            accept(fixture, HEADER, rows[i].payload);
    }
}

static void test_long_subject(Fixture *fixture, gconstpointer unused)
{
    g_autofree char *subject = g_strnfill(255, 's');
    g_autofree char *longest = g_strdup_printf(WITHOUT_SUB "\"sub\":\"%s\"}", subject);
    g_autofree char *longer = g_strdup_printf(WITHOUT_SUB "\"sub\":\"%ss\"}", subject);

    (void)unused;
    accept(fixture, HEADER, longest);
    refuse(fixture, HEADER, longer, "sub");
}

static void test_times(Fixture *fixture, gconstpointer unused)
{
    static const struct {
        const char *claims;
        const char *blamed; /* NULL: accepted */
    } rows[] = {
        {"\"exp\":1700000300,\"iat\":1700000000}", NULL},
        {"\"exp\":1700000300.25,\"iat\":1.7e9}", NULL},
        {"\"iat\":1700000000}", "exp"},
        {"\"exp\":null,\"iat\":1700000000}", "exp"},
        {"\"exp\":\"1700000300\",\"iat\":1700000000}", "exp"},
        {"\"exp\":-1,\"iat\":1700000000}", "exp"},
        {"\"exp\":1e300,\"iat\":1700000000}", "exp"},
        /* With 60 s of leeway. */
        {"\"exp\":1699999941,\"iat\":1699999900}", NULL},
        {"\"exp\":1699999940,\"iat\":1699999900}", "exp"},
        {"\"exp\":1700000300}", "iat"},
        {"\"exp\":1700000300,\"iat\":\"now\"}", "iat"},
        {"\"exp\":1700000300,\"iat\":1700000060}", NULL},
        {"\"exp\":1700000300,\"iat\":1700000061}", "iat"},
        {"\"exp\":1700000300,\"iat\":1}", NULL},
        {GOOD_TIMES ",\"nbf\":1700000060}", NULL},
        {GOOD_TIMES ",\"nbf\":1700000061}", "nbf"},
        {GOOD_TIMES ",\"nbf\":\"x\"}", "nbf"},
        {GOOD_TIMES ",\"auth_time\":\"x\"}", "auth_time"},
    };

    (void)unused;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *payload = g_strconcat(WITHOUT_TIMES, rows[i].claims, NULL);

        if (rows[i].blamed)
            refuse(fixture, HEADER, payload, rows[i].blamed);
        else
            accept(fixture, HEADER, payload);
    }
}

/* OpenID Connect Core §12.2. */
static void test_refreshed(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    fixture->expectation.nonce = NULL;
    fixture->expectation.subject = "u1";
    accept(fixture, HEADER, WITHOUT_NONCE "\"x\":1}");
    accept(fixture, HEADER, WITHOUT_NONCE "\"nonce\":\"n0\"}");
    refuse(fixture, HEADER, WITHOUT_SUB "\"sub\":\"u2\"}", "sub");
}

static void test_token_hash(Fixture *fixture, gconstpointer unused)
{
    g_autoptr(SrSecret) access_token = sr_test_secret("AcC");
    guint8 sha512[SR_SHA512_SIZE];
    guint8 sha256[SR_SHA256_SIZE];

    (void)unused;
    sr_sha512("AcC", 3, sha512);
    sr_sha256("AcC", 3, sha256);
    g_autofree char *right = sr_base64url_encode(sha512, 32);
    g_autofree char *whole = sr_base64url_encode(sha512, 64);
    g_autofree char *other = sr_base64url_encode(sha256, 16);
    const char *const hashes[] = {right, whole, other, ""};

    for (gsize i = 0; i < G_N_ELEMENTS(hashes); i++) {
        g_autofree char *payload = g_strdup_printf("{" GOOD ",\"at_hash\":\"%s\"}", hashes[i]);

        /* There may be nothing to compare it with. */
        fixture->expectation.access_token = NULL;
        accept(fixture, HEADER, payload);
        fixture->expectation.access_token = access_token;
        if (i == 0)
            accept(fixture, HEADER, payload);
        else
            refuse(fixture, HEADER, payload, "at_hash");
    }
    accept(fixture, HEADER, "{" GOOD "}");
    refuse(fixture, HEADER, "{" GOOD ",\"at_hash\":5}", "at_hash");
}

/* --- key sets ------------------------------------------------------------------------------- */

static void test_jwks_refusals(void)
{
    static const char *const texts[] = {
        "", "<html>", "[]", "{}", "{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":[],\"keys\":[]}",
    };
    GString *many = g_string_new("{\"keys\":[{}");

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_jwks_parse(texts[i], strlen(texts[i]), &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_PROVIDER_ERROR);
    }
    for (guint i = 1; i < 64; i++)
        g_string_append(many, ",{}");
    g_string_append(many, "]}");
    sr_jwks_free(parse_jwks(many->str));
    g_string_truncate(many, many->len - 2);
    g_string_append(many, ",{}]}");
    g_assert_null(sr_jwks_parse(many->str, many->len, NULL));
    g_string_free(many, TRUE);
}

static void test_empty_jwks(Fixture *fixture, gconstpointer unused)
{
    (void)unused;
    sr_jwks_free(fixture->jwks);
    fixture->jwks = parse_jwks("{\"keys\":[null,5,{\"kty\":\"oct\",\"k\":\"AA\",\"kid\":\"k1\"}]}");
    refuse(fixture, HEADER, "{" GOOD "}", "kid");
    sr_jwks_free(g_steal_pointer(&fixture->jwks)); /* the metadata name no set */
    refuse(fixture, HEADER, "{" GOOD "}", "signature");
}

/* Keys without an id: each that fits is tried. */
static void test_anonymous_keys(Fixture *fixture, gconstpointer unused)
{
    g_autoptr(SrTestTokenKey) other = sr_test_token_key("EdDSA", 0);
    g_autofree char *members = sr_test_token_jwk(fixture->key);
    g_autofree char *other_members = sr_test_token_jwk(other);
    g_autofree char *text = g_strdup_printf("{\"keys\":[{%s},{%s}]}", other_members, members);

    (void)unused;
    sr_jwks_free(fixture->jwks);
    fixture->jwks = parse_jwks(text);
    accept(fixture, "{\"alg\":\"EdDSA\"}", "{" GOOD "}");
    refuse(fixture, HEADER, "{" GOOD "}", "kid");
}

#define ADD(name, test) g_test_add("/oauth-id-token/" name, Fixture, NULL, set_up, test, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("claims-of-a-good-token", test_claims);
    ADD("e-mail-only-when-not-denied-and-names", test_people);
    g_test_add_func("/oauth-id-token/tokens-that-jose-made", test_jose);
    ADD("headers", test_headers);
    ADD("only-algorithms-of-the-metadata", test_algorithms_of_metadata);
    ADD("every-changed-or-missing-character-breaks-it", test_every_flip);
    ADD("other-texts-are-no-tokens", test_shapes);
    ADD("payloads-without-claims", test_payloads);
    ADD("whether-its-key-is-there", test_has_key);
    ADD("issuer-audience-nonce-subject", test_identity);
    ADD("length-of-a-subject", test_long_subject);
    ADD("times-with-leeway", test_times);
    ADD("a-refreshed-token-is-of-the-same-subject", test_refreshed);
    ADD("hash-of-the-access-token", test_token_hash);
    g_test_add_func("/oauth-id-token/texts-that-are-no-key-sets", test_jwks_refusals);
    ADD("a-key-set-without-usable-keys", test_empty_jwks);
    ADD("keys-without-an-id", test_anonymous_keys);
    return g_test_run();
}
