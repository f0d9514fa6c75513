#include "crypto/jwk.h"

#include "base/encoding.h"
#include "base/error.h"
#include "support/secret_text.h"
#include "support/token_maker.h"
#include "support/vector_file.h"

static SrJwk *read_jwk(const char *text, GError **error)
{
    g_autoptr(SrJson) json = sr_json_parse(text, strlen(text), NULL);

    g_assert_nonnull(json);
    return sr_jwk_new(json, error);
}

/* Whether @jwk verifies a token whose parts are in base64url. */
static gboolean verifies(const SrJwk *jwk, SrJwsAlgorithm algorithm, const char *token)
{
    const char *dot = strrchr(token, '.');
    g_autoptr(GByteArray) signature = sr_base64url_decode(dot + 1, strlen(dot + 1), NULL);

    g_assert_nonnull(signature);
    return sr_jwk_verify(jwk, algorithm, token, (gsize)(dot - token), signature->data,
                         signature->len);
}

/* --- published tokens ----------------------------------------------------------------------- */

/* The claims of RFC 7515 Appendix A. */
#define JOE                                                                                        \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"

static const struct {
    const char *source;
    SrJwsAlgorithm algorithm;
    const char *jwk;
    const char *token;
} published[] = {
    {"RFC 8037 A.4", SR_JWS_EDDSA,
     "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
     "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
     "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
     "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
    {"RFC 7515 A.2", SR_JWS_RS256,
     "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-"
     "Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_"
     "7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb"
     "3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FR"
     "WyuXpoQ\",\"e\":\"AQAB\"}",
     "eyJhbGciOiJSUzI1NiJ9." JOE "."
     "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2F"
     "p5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQB"
     "MHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeY"
     "I2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
    {"RFC 7515 A.3", SR_JWS_ES256,
     "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
     "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
     "eyJhbGciOiJFUzI1NiJ9." JOE "."
     "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
};

static void test_published(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(published); i++) {
        g_autoptr(SrJwk) jwk = read_jwk(published[i].jwk, NULL);
        g_autofree char *other = g_strdup(published[i].token);

        g_test_message("%s", published[i].source);
        g_assert_nonnull(jwk);
        g_assert_null(sr_jwk_id(jwk));
        g_assert_true(verifies(jwk, published[i].algorithm, published[i].token));
        other[5]++;
        g_assert_false(verifies(jwk, published[i].algorithm, other));
    }
}

/* --- one algorithm for one type of key ------------------------------------------------------ */

static const char *const algorithms[] = {"EdDSA", "ES256", "RS256", "PS256"};

static SrJwk *jwk_of(const SrTestTokenKey *key, const char *more)
{
    g_autofree char *members = sr_test_token_jwk(key);
    g_autofree char *text = g_strdup_printf("{%s%s}", members, more);

    return read_jwk(text, NULL);
}

static void test_fits(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++) {
        g_autoptr(SrTestTokenKey) key = sr_test_token_key(algorithms[i], 2048);
        g_autoptr(SrJwk) jwk = jwk_of(key, ",\"kid\":\"k\",\"use\":\"sig\"");
        g_autofree char *bound = g_strdup_printf(",\"alg\":\"%s\"", algorithms[i]);
        g_autoptr(SrJwk) bound_jwk = jwk_of(key, bound);
        g_autofree char *signature = sr_test_token_signature(key, "a.b");
        g_autofree char *token = g_strconcat("a.b.", signature, NULL);

        g_assert_cmpstr(sr_jwk_id(jwk), ==, "k");
        for (gsize k = 0; k < G_N_ELEMENTS(algorithms); k++) {
            SrJwsAlgorithm algorithm;

            g_assert_true(sr_jws_algorithm_from_name(algorithms[k], &algorithm));
            /* An RSA key is for both paddings, unless it says which. */
            g_assert_cmpint(sr_jwk_fits(jwk, algorithm), ==, i == k || (i >= 2 && k >= 2));
            g_assert_cmpint(sr_jwk_fits(bound_jwk, algorithm), ==, i == k);
            g_assert_cmpint(verifies(jwk, algorithm, token), ==, i == k);
            g_assert_cmpint(verifies(bound_jwk, algorithm, token), ==, i == k);
        }
    }
}

static void test_names(void)
{
    static const char *const others[] = {"",      "none",   "None",  "HS256", "RS384",
                                         "ES384", "ES256K", "eddsa", "Ed448", "RS256 "};
    SrJwsAlgorithm algorithm;

    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_assert_false(sr_jws_algorithm_from_name(others[i], &algorithm));
    g_assert_true(sr_jws_algorithm_from_name("Ed25519", &algorithm));
    g_assert_cmpint(algorithm, ==, SR_JWS_EDDSA);
}

static void test_signature_lengths(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++) {
        g_autoptr(SrTestTokenKey) key = sr_test_token_key(algorithms[i], 2048);
        g_autoptr(SrJwk) jwk = jwk_of(key, "");
        g_autofree char *text = sr_test_token_signature(key, "a.b");
        g_autoptr(GByteArray) signature = sr_base64url_decode(text, strlen(text), NULL);
        const guint8 zero = 0;
        SrJwsAlgorithm algorithm;

        sr_jws_algorithm_from_name(algorithms[i], &algorithm);
        g_assert_true(sr_jwk_verify(jwk, algorithm, "a.b", 3, signature->data, signature->len));
        g_assert_false(sr_jwk_verify(jwk, algorithm, "a.b", 3, signature->data, 0));
        g_assert_false(
            sr_jwk_verify(jwk, algorithm, "a.b", 3, signature->data, signature->len - 1));
        g_byte_array_append(signature, &zero, 1);
        g_assert_false(sr_jwk_verify(jwk, algorithm, "a.b", 3, signature->data, signature->len));
    }
}

/* ES256 is r || s (RFC 7518 §3.4), never DER. */
static void test_der(void)
{
    static const guint8 der[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
    g_autoptr(SrJwk) jwk = read_jwk(published[2].jwk, NULL);

    g_assert_false(sr_jwk_verify(jwk, SR_JWS_ES256, "a.b", 3, der, sizeof der));
}

/* --- keys that are none --------------------------------------------------------------------- */

#define X32 "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define Y32 "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define OKP "\"kty\":\"OKP\",\"crv\":\"Ed25519\"," X32
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\"," X32 "," Y32

static void test_refusals(void)
{
    static const struct {
        const char *text;
        const char *blamed;
    } rows[] = {
        {"{}", "kty"},
        {"[]", "kty"},
        {"{\"kty\":\"oct\",\"k\":\"AAAA\"}", "kty"},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\"," X32 "}", "kty"},
        {"{\"kty\":\"EC\",\"crv\":\"secp256k1\"," X32 "," Y32 "}", "kty"},
        {"{\"kty\":\"EC\",\"crv\":\"Ed25519\"," X32 "}", "kty"},
        {"{\"kty\":\"OKP\",\"crv\":\"P-256\"," X32 "," Y32 "}", "kty"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", "x"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}", "x"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":7}", "x"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
         "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=\"}",
         "x"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\"," X32 "}", "y"},
        /* x twice is not on the curve. */
        {"{\"kty\":\"EC\",\"crv\":\"P-256\"," X32
         ",\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}",
         "x"},
        {"{" OKP ",\"use\":\"enc\"}", "use"},
        {"{" OKP ",\"use\":1}", "use"},
        {"{" OKP ",\"key_ops\":[\"sign\"]}", "key_ops"},
        {"{" OKP ",\"key_ops\":[]}", "key_ops"},
        {"{" OKP ",\"key_ops\":\"verify\"}", "key_ops"},
        {"{" OKP ",\"alg\":\"ES256\"}", "alg"},
        {"{" OKP ",\"alg\":\"HS256\"}", "alg"},
        {"{" OKP ",\"alg\":1}", "alg"},
        {"{" EC ",\"alg\":\"RS256\"}", "alg"},
        {"{" OKP ",\"kid\":1}", "kid"},
        {"{\"kty\":\"RSA\",\"e\":\"AQAB\"}", "n"},
        {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", "n"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(read_jwk(rows[i].text, &error));
        sr_assert_blames(error, SR_ERROR_MALFORMED_KEY, rows[i].blamed);
    }
}

static void test_null(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_jwk_new(NULL, &error));
    sr_assert_blames(error, SR_ERROR_MALFORMED_KEY, "kty");
}

static void test_operations(void)
{
    g_autoptr(SrJwk) jwk = read_jwk("{" OKP ",\"key_ops\":[\"x\",5,\"verify\"]}", NULL);

    g_assert_nonnull(jwk);
}

static void assert_rsa(const char *modulus, const char *exponent, const char *blamed)
{
    g_autofree char *text =
        g_strdup_printf("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", modulus, exponent);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrJwk) jwk = read_jwk(text, &error);

    g_assert_true(!jwk == !!blamed);
    if (blamed)
        sr_assert_blames(error, SR_ERROR_MALFORMED_KEY, blamed);
    else
        g_assert_no_error(error);
}

/* A number of @bits ones, behind @zeros bytes. */
static char *ones(guint bits, gsize zeros)
{
    const gsize size = (bits + 7) / 8;
    g_autofree guint8 *bytes = g_malloc0(zeros + size);

    memset(bytes + zeros, 0xff, size);
    bytes[zeros] = (guint8)(0xff >> (8 * size - bits));
    return sr_base64url_encode(bytes, zeros + size);
}

static void test_rsa_sizes(void)
{
    g_autofree char *small = ones(2047, 0);
    g_autofree char *smallest = ones(2048, 0);
    g_autofree char *padded = ones(2048, 1);
    g_autofree char *largest = ones(8192, 0);
    g_autofree char *large = ones(8193, 0);
    g_autofree char *huge = ones(200000, 0);
    g_autofree char *long_exponent = ones(65, 0);

    assert_rsa(small, "AQAB", "n");
    assert_rsa(smallest, "AQAB", NULL);
    assert_rsa(padded, "AQAB", NULL);
    assert_rsa(largest, "AQAB", NULL);
    assert_rsa(large, "AQAB", "n");
    assert_rsa(huge, "AQAB", "n");
    assert_rsa(smallest, "AQ", "e");  /* 1 */
    assert_rsa(smallest, "Ag", "e");  /* 2 */
    assert_rsa(smallest, "", "e");    /* 0 */
    assert_rsa(smallest, "Aw", NULL); /* 3 */
    assert_rsa(smallest, long_exponent, "e");
}

/* --- Wycheproof ------------------------------------------------------------------------------ */

static void test_wycheproof_ed25519(void)
{
    g_autoptr(SrJson) file = sr_test_vector_json("wycheproof/ed25519_test.json");
    SrJson *groups;
    gsize count = 0;

    if (!file)
        return;
    groups = sr_test_member(file, "testGroups");
    for (gsize i = 0; i < json_object_array_length(groups); i++) {
        SrJson *group = json_object_array_get_idx(groups, i);
        SrJson *tests = sr_test_member(group, "tests");
        g_autoptr(SrJwk) jwk = sr_jwk_new(sr_test_member(group, "publicKeyJwk"), NULL);

        g_assert_nonnull(jwk);
        for (gsize k = 0; k < json_object_array_length(tests); k++, count++) {
            SrJson *test = json_object_array_get_idx(tests, k);
            g_autoptr(GByteArray) message = sr_test_hex(test, "msg");
            g_autoptr(GByteArray) signature = sr_test_hex(test, "sig");
            const gboolean valid = g_str_equal(sr_test_string(test, "result"), "valid");

            if (sr_jwk_verify(jwk, SR_JWS_EDDSA, message->data, message->len, signature->data,
                              signature->len) != valid)
                g_error("%s", sr_test_string(test, "comment"));
        }
    }
    g_assert_cmpuint(count, ==, 151);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/jwk/tokens-of-rfc-7515-and-rfc-8037", test_published);
    g_test_add_func("/jwk/a-key-does-what-its-type-and-alg-say", test_fits);
    g_test_add_func("/jwk/names-of-other-algorithms", test_names);
    g_test_add_func("/jwk/signatures-of-another-length", test_signature_lengths);
    g_test_add_func("/jwk/es256-is-not-der", test_der);
    g_test_add_func("/jwk/refusals-name-the-member", test_refusals);
    g_test_add_func("/jwk/null-is-no-key", test_null);
    g_test_add_func("/jwk/operations-with-verify", test_operations);
    g_test_add_func("/jwk/sizes-of-rsa-keys", test_rsa_sizes);
    g_test_add_func("/jwk/wycheproof-ed25519", test_wycheproof_ed25519);
    return g_test_run();
}
