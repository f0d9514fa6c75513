#include "oauth/metadata.h"

#include "base/error.h"
#include "support/secret_text.h"

#define ISSUER "https://op.example/api/auth"

/* --- addresses ------------------------------------------------------------------------------ */

static void test_issuers(void)
{
    static const char *const good[] = {
        "https://op.example",         "https://op.example/",    "https://op.example:8443/a/b",
        "https://127.0.0.1",          "https://[2001:db8::1]/", "https://xn--bcher-kva.example",
        "https://op_1.example/~a%20",
    };
    static const char *const bad[] = {
        "",
        "op.example",
        "https:op.example",
        "https://",
        "https:///path",
        "HTTPS://op.example",
        "http://op.example",
        "http://127.0.0.1.example",
        "http://127.0.0.2",
        "http://localhost.example",
        "ftp://op.example",
        "https://op.example?x=1",
        "https://op.example/?",
        "https://op.example#f",
        "https://user@op.example",
        "https://user:pass@op.example",
        "https://@op.example",
        "https://op.example:",
        "https://op.example:0",
        "https://op.example:65536",
        "https://op.example:443443",
        "https://op.example:8x",
        "https://op.ex%61mple",
        "https://op!example",
        "https://\xc3\xbc.example",
        "https://op.example/\n",
        "https://op.example/a b",
        "https://op.example/\"",
        "https://op.example\\@evil.example/",
        "https://[::1",
        "https://[v1.a]x",
        " https://op.example",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(sr_issuer_check(good[i], FALSE, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(sr_issuer_check(bad[i], TRUE, &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "issuer");
    }
}

static void test_loopback(void)
{
    static const char *const addresses[] = {
        "http://127.0.0.1:3000/api/auth",
        "http://[::1]:3000",
        "http://localhost:3000",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_true(sr_issuer_check(addresses[i], TRUE, NULL));
        g_assert_false(sr_issuer_check(addresses[i], FALSE, &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "issuer");
    }
}

static void test_lengths(void)
{
    g_autofree char *fill = g_strnfill(1024 - 19, 'a');
    g_autofree char *longest = g_strconcat("https://op.example/", fill, NULL);
    g_autofree char *longer = g_strconcat(longest, "a", NULL);

    g_assert_true(sr_issuer_check(longest, FALSE, NULL));
    g_assert_false(sr_issuer_check(longer, FALSE, NULL));
    g_assert_true(sr_endpoint_check(longer, "url", FALSE, NULL));
}

static void test_endpoints(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(sr_endpoint_check("https://op.example/a?tenant=1", "url", FALSE, NULL));
    g_assert_false(sr_endpoint_check("https://op.example/a?b#c", "token_endpoint", FALSE, &error));
    sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "token_endpoint");
}

static void test_addresses(void)
{
    static const struct {
        const char *issuer;
        const char *addresses[4];
    } rows[] = {
        {"https://op.example",
         {"https://op.example/.well-known/oauth-authorization-server",
          "https://op.example/.well-known/openid-configuration"}},
        {"https://op.example/",
         {"https://op.example/.well-known/oauth-authorization-server",
          "https://op.example/.well-known/openid-configuration"}},
        {"https://op.example:8443/api/auth",
         {"https://op.example:8443/.well-known/oauth-authorization-server/api/auth",
          "https://op.example:8443/api/auth/.well-known/openid-configuration",
          "https://op.example:8443/.well-known/openid-configuration/api/auth"}},
        {"http://[::1]:3/t/",
         {"http://[::1]:3/.well-known/oauth-authorization-server/t",
          "http://[::1]:3/t/.well-known/openid-configuration",
          "http://[::1]:3/.well-known/openid-configuration/t"}},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) addresses = sr_metadata_addresses(rows[i].issuer);
        gsize n = 0;

        while (rows[i].addresses[n]) {
            g_assert_cmpstr(addresses[n], ==, rows[i].addresses[n]);
            n++;
        }
        g_assert_cmpuint(g_strv_length(addresses), ==, n);
    }
}

/* --- the document --------------------------------------------------------------------------- */

static SrMetadata *parse(const char *text, gboolean loopback_http, GError **error)
{
    return sr_metadata_parse(text, strlen(text), ISSUER, loopback_http, error);
}

static void test_document(void)
{
    g_autoptr(SrMetadata) metadata = parse(
        "{\"issuer\":\"" ISSUER
        "\",\"authorization_endpoint\":\"https://op.example/authorize?t=1\","
        "\"token_endpoint\":\"https://op.example/token\",\"jwks_uri\":\"https://op.example/jwks\","
        "\"userinfo_endpoint\":\"https://op.example/userinfo\","
        "\"revocation_endpoint\":\"https://op.example/revoke\","
        "\"registration_endpoint\":\"https://op.example/register\","
        "\"device_authorization_endpoint\":\"https://op.example/device\","
        "\"pushed_authorization_request_endpoint\":\"https://op.example/par\","
        "\"require_pushed_authorization_requests\":true,"
        "\"authorization_response_iss_parameter_supported\":true,"
        "\"token_endpoint_auth_methods_supported\":[\"none\",\"client_secret_post\"],"
        "\"id_token_signing_alg_values_supported\":[\"EdDSA\",\"HS256\"],"
        "\"dpop_signing_alg_values_supported\":[\"ES256\"],"
        "\"scopes_supported\":[\"openid\",\"offline_access\"],"
        "\"code_challenge_methods_supported\":[\"plain\"],\"x-unknown\":{\"a\":[1]}}",
        FALSE, NULL);

    g_assert_nonnull(metadata);
    g_assert_cmpstr(metadata->issuer, ==, ISSUER);
    g_assert_cmpstr(metadata->authorization_endpoint, ==, "https://op.example/authorize?t=1");
    g_assert_cmpstr(metadata->token_endpoint, ==, "https://op.example/token");
    g_assert_cmpstr(metadata->jwks_uri, ==, "https://op.example/jwks");
    g_assert_cmpstr(metadata->userinfo_endpoint, ==, "https://op.example/userinfo");
    g_assert_cmpstr(metadata->revocation_endpoint, ==, "https://op.example/revoke");
    g_assert_cmpstr(metadata->registration_endpoint, ==, "https://op.example/register");
    g_assert_cmpstr(metadata->device_authorization_endpoint, ==, "https://op.example/device");
    g_assert_cmpstr(metadata->pushed_authorization_endpoint, ==, "https://op.example/par");
    g_assert_true(metadata->requires_pushed);
    g_assert_true(metadata->returns_issuer);
    g_assert_true(metadata->takes_secret_in_body);
    g_assert_cmpuint(g_strv_length(metadata->id_token_algorithms), ==, 2);
    g_assert_cmpstr(metadata->id_token_algorithms[0], ==, "EdDSA");
    g_assert_cmpstr(metadata->dpop_algorithms[0], ==, "ES256");
    g_assert_cmpstr(metadata->scopes[1], ==, "offline_access");
}

#define BASE                                                                                       \
    "\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"https://op.example/authorize\","       \
    "\"token_endpoint\":\"https://op.example/token\""

static void test_least(void)
{
    g_autoptr(SrMetadata) metadata = parse("{" BASE "}", FALSE, NULL);

    g_assert_nonnull(metadata);
    g_assert_null(metadata->jwks_uri);
    g_assert_null(metadata->revocation_endpoint);
    g_assert_false(metadata->requires_pushed);
    g_assert_false(metadata->returns_issuer);
    g_assert_false(metadata->takes_secret_in_body);
    g_assert_cmpstr(metadata->id_token_algorithms[0], ==, "RS256");
    g_assert_null(metadata->id_token_algorithms[1]);
    g_assert_null(metadata->dpop_algorithms[0]);
    g_assert_null(metadata->scopes[0]);
}

static void test_methods(void)
{
    g_autoptr(SrMetadata) both =
        parse("{" BASE ",\"token_endpoint_auth_methods_supported\":[\"client_secret_post\","
              "\"client_secret_basic\"],\"id_token_signing_alg_values_supported\":[]}",
              FALSE, NULL);

    g_assert_false(both->takes_secret_in_body);
    g_assert_null(both->id_token_algorithms[0]);
}

static void test_refusals(void)
{
    static const struct {
        const char *text;
        const char *blamed;
    } rows[] = {
        {"", "json"},
        {"<html>", "json"},
        {"{" BASE "} x", "json"},
        {"{" BASE "," BASE "}", "json"},
        {"[]", "issuer"},
        {"{}", "issuer"},
        {"{\"issuer\":5}", "issuer"},
        {"{\"issuer\":\"https://evil.example\"}", "issuer"},
        /* Nothing is normalised. */
        {"{\"issuer\":\"" ISSUER "/\"}", "issuer"},
        {"{\"issuer\":\"https://OP.example/api/auth\"}", "issuer"},
        {"{\"issuer\":\"https://op.example:443/api/auth\"}", "issuer"},
        {"{\"issuer\":\"" ISSUER "\"}", "authorization_endpoint"},
        {"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"https://op.example/a\"}",
         "token_endpoint"},
        {"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":null}", "authorization_endpoint"},
        {"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"http://op.example/a\"}",
         "authorization_endpoint"},
        {"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"javascript:alert(1)\"}",
         "authorization_endpoint"},
        {"{" BASE ",\"jwks_uri\":\"http://op.example/jwks\"}", "jwks_uri"},
        {"{" BASE ",\"jwks_uri\":\"http://127.0.0.1/jwks\"}", "jwks_uri"},
        {"{" BASE ",\"jwks_uri\":\"file:///etc/passwd\"}", "jwks_uri"},
        {"{" BASE ",\"revocation_endpoint\":7}", "revocation_endpoint"},
        {"{" BASE ",\"userinfo_endpoint\":\"\"}", "userinfo_endpoint"},
        {"{" BASE ",\"registration_endpoint\":\"/register\"}", "registration_endpoint"},
        {"{" BASE ",\"device_authorization_endpoint\":\"https://a@b/\"}",
         "device_authorization_endpoint"},
        {"{" BASE ",\"pushed_authorization_request_endpoint\":\"https://b/#c\"}",
         "pushed_authorization_request_endpoint"},
        {"{" BASE ",\"scopes_supported\":\"openid\"}", "scopes_supported"},
        {"{" BASE ",\"scopes_supported\":[1]}", "scopes_supported"},
        {"{" BASE ",\"scopes_supported\":[\"a b\"]}", "scopes_supported"},
        {"{" BASE ",\"require_pushed_authorization_requests\":\"yes\"}",
         "require_pushed_authorization_requests"},
        {"{" BASE ",\"authorization_response_iss_parameter_supported\":1}",
         "authorization_response_iss_parameter_supported"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(parse(rows[i].text, FALSE, &error));
        sr_assert_blames(error, SR_ERROR_PROVIDER_ERROR, rows[i].blamed);
    }
}

static void test_loopback_document(void)
{
    static const char text[] = "{" BASE ",\"jwks_uri\":\"http://127.0.0.1:3000/jwks\"}";
    g_autoptr(SrMetadata) metadata = parse(text, TRUE, NULL);

    g_assert_nonnull(metadata);
    g_assert_null(parse(text, FALSE, NULL));
}

static void test_foreign_issuer_is_shown_safely(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(
        parse("{\"issuer\":\"https://evil\\n\\u001b[31m\\u202e.example\"}", FALSE, &error));
    g_assert_nonnull(strstr(error->message, "https://evil??[31m???.example"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-metadata/what-an-issuer-may-be", test_issuers);
    g_test_add_func("/oauth-metadata/http-on-loopback-only-with-the-flag", test_loopback);
    g_test_add_func("/oauth-metadata/lengths-of-addresses", test_lengths);
    g_test_add_func("/oauth-metadata/endpoints-may-have-a-query", test_endpoints);
    g_test_add_func("/oauth-metadata/well-known-addresses-in-order", test_addresses);
    g_test_add_func("/oauth-metadata/all-members-are-read", test_document);
    g_test_add_func("/oauth-metadata/three-members-are-enough", test_least);
    g_test_add_func("/oauth-metadata/basic-is-preferred-to-the-body", test_methods);
    g_test_add_func("/oauth-metadata/refusals-name-the-member", test_refusals);
    g_test_add_func("/oauth-metadata/loopback-endpoints-with-the-flag", test_loopback_document);
    g_test_add_func("/oauth-metadata/a-foreign-issuer-is-shown-safely",
                    test_foreign_issuer_is_shown_safely);
    return g_test_run();
}
