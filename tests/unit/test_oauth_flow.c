#include "oauth/flow.h"

#include "base/error.h"
#include "oauth/form.h"
#include "support/oauth_metadata.h"
#include "support/secret_text.h"

#define REDIRECT "https://abcdef.chromiumapp.org/cb"

static SrMetadata *make_metadata(void)
{
    return sr_test_metadata(
        ",\"pushed_authorization_request_endpoint\":\"https://op.example/par\"");
}

static SrFlow *make_flow(const char *redirect_uri, const char *scope)
{
    SrFlow *flow = sr_flow_new(SR_TEST_ISSUER, "ok_1", redirect_uri, scope, NULL);

    g_assert_nonnull(flow);
    return flow;
}

/* --- beginning ------------------------------------------------------------------------------ */

/* RFC 7636 Appendix B. */
static void test_challenge(void)
{
    g_autoptr(SrSecret) verifier = sr_test_secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    g_autofree char *challenge = sr_flow_challenge(verifier);

    g_assert_cmpstr(challenge, ==, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static gboolean is_base64url(const char *text, gsize length)
{
    return strlen(text) == length &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
               length;
}

static void test_fresh(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (guint i = 0; i < 50; i++) {
        g_autoptr(SrFlow) flow = make_flow(REDIRECT, "openid");
        const char *const texts[] = {flow->id, flow->state, flow->nonce,
                                     sr_test_secret_text(flow->verifier)};

        g_assert_false(flow->finished);
        for (gsize k = 0; k < G_N_ELEMENTS(texts); k++) {
            g_assert_true(is_base64url(texts[k], k == 0 ? 22 : 43));
            g_assert_true(g_hash_table_add(seen, g_strdup(texts[k])));
        }
    }
}

static void test_scopes(void)
{
    static const char *const good[] = {"openid", "openid email offline_access", "!#[]~",
                                       "https://x.example/a:b"};
    static const char *const bad[] = {"",    " ",    "a  b", " a",       "a ",
                                      "a\"", "a\\b", "a\tb", "\xc3\xa4", "a\n"};

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(SrFlow) flow = make_flow(REDIRECT, good[i]);

        g_assert_cmpstr(flow->scope, ==, good[i]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_flow_new(SR_TEST_ISSUER, "ok_1", REDIRECT, bad[i], &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "scope");
    }
}

static void test_wider_scopes(void)
{
    static const struct {
        const char *granted;
        const char *scope;
        gboolean covered;
    } rows[] = {
        {"openid email", "email", TRUE},
        {"openid email", "email openid", TRUE},
        {"openid email", "", TRUE},
        {"openid", "openid email", FALSE},
        {"openid emails", "email", FALSE},
        {"", "openid", FALSE},
        {"openid  email", "openid email", TRUE},
        {"openid", "Openid", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(sr_flow_scope_covers(rows[i].granted, rows[i].scope), ==, rows[i].covered);
}

/* --- the address ---------------------------------------------------------------------------- */

/* The parameters of @url, which must begin with @prefix. */
static GHashTable *query_of(const char *url, const char *prefix)
{
    GHashTable *query;

    g_assert_true(g_str_has_prefix(url, prefix));
    query = sr_form_parse_query(strchr(url, '?') + 1, strlen(strchr(url, '?') + 1), NULL);
    g_assert_nonnull(query);
    return query;
}

static void assert_request(GHashTable *query, const SrFlow *flow)
{
    g_autofree char *challenge = sr_flow_challenge(flow->verifier);
    const struct {
        const char *name;
        const char *value;
    } rows[] = {
        {"response_type", "code"},
        {"client_id", "ok_1"},
        {"redirect_uri", REDIRECT},
        {"scope", flow->scope},
        {"state", flow->state},
        {"code_challenge", challenge},
        {"code_challenge_method", "S256"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpstr(g_hash_table_lookup(query, rows[i].name), ==, rows[i].value);
    g_assert_null(g_hash_table_lookup(query, "code_verifier"));
}

static void test_url(void)
{
    g_autoptr(SrMetadata) metadata = make_metadata();
    g_autoptr(SrFlow) flow = make_flow(REDIRECT, "openid email");
    g_autofree char *url = sr_flow_url(flow, metadata, NULL, TRUE);
    g_autoptr(GHashTable) query = query_of(url, "https://op.example/authorize?");

    assert_request(query, flow);
    g_assert_cmpstr(g_hash_table_lookup(query, "nonce"), ==, flow->nonce);
    g_assert_cmpuint(g_hash_table_size(query), ==, 8);
    g_assert_null(strstr(url, sr_test_secret_text(flow->verifier)));
    g_assert_nonnull(strstr(url, "scope=openid%20email&"));
}

static void test_optional_parameters(void)
{
    g_autoptr(SrMetadata) metadata = make_metadata();
    g_autoptr(SrFlow) flow = make_flow(REDIRECT, "email offline_access openid2");
    g_autofree char *asking = sr_flow_url(flow, metadata, "ada@example.org", TRUE);
    g_autofree char *silent = sr_flow_url(flow, metadata, NULL, FALSE);
    g_autoptr(GHashTable) with = query_of(asking, "https://op.example/authorize?");
    g_autoptr(GHashTable) without = query_of(silent, "https://op.example/authorize?");

    assert_request(with, flow);
    g_assert_cmpstr(g_hash_table_lookup(with, "prompt"), ==, "consent");
    g_assert_cmpstr(g_hash_table_lookup(with, "login_hint"), ==, "ada@example.org");
    /* Only with the scope openid itself. */
    g_assert_false(g_hash_table_contains(with, "nonce"));
    g_assert_false(g_hash_table_contains(without, "prompt"));
    g_assert_false(g_hash_table_contains(without, "login_hint"));
}

static void test_endpoint_query(void)
{
    static const struct {
        const char *endpoint;
        const char *prefix;
    } rows[] = {
        {"https://op.example/authorize?tenant=1",
         "https://op.example/authorize?tenant=1&client_id=ok_1&"},
        {"https://op.example/authorize?", "https://op.example/authorize?client_id=ok_1&"},
        {"https://op.example/authorize?a=1&", "https://op.example/authorize?a=1&client_id=ok_1&"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrMetadata) metadata = make_metadata();
        g_autoptr(SrFlow) flow = make_flow(REDIRECT, "openid");
        g_autofree char *url = NULL;
        g_autoptr(GHashTable) query = NULL;

        g_free(metadata->authorization_endpoint);
        metadata->authorization_endpoint = g_strdup(rows[i].endpoint);
        url = sr_flow_url(flow, metadata, NULL, FALSE);
        query = query_of(url, rows[i].prefix);
        assert_request(query, flow);
    }
}

/* --- pushed requests ------------------------------------------------------------------------ */

static void assert_pushed(SrClient *client, gboolean has_basic)
{
    g_autoptr(SrMetadata) metadata = make_metadata();
    g_autoptr(SrFlow) flow = make_flow(REDIRECT, "openid");
    g_autoptr(SrExchange) exchange = sr_flow_push(flow, metadata, client, NULL, FALSE, NULL);
    g_autofree char *url = NULL;
    g_autoptr(GHashTable) query = NULL;

    g_assert_cmpstr(exchange->url, ==, "https://op.example/par");
    g_assert_true(!exchange->authorization == !has_basic);
    /* The same strict reading: client_id is there once. */
    url = g_strconcat("?", sr_test_secret_text(exchange->body), NULL);
    query = query_of(url, "?");
    assert_request(query, flow);
}

static void test_push(void)
{
    g_autoptr(SrClient) public = sr_client_new("ok_1", NULL);
    g_autoptr(SrClient) web = sr_client_new("ok_1", sr_test_secret("s"));

    assert_pushed(public, FALSE);
    assert_pushed(web, TRUE);
}

static void test_push_nowhere(void)
{
    g_autoptr(SrMetadata) metadata = sr_test_metadata("");
    g_autoptr(SrClient) client = sr_client_new("ok_1", NULL);
    g_autoptr(SrFlow) flow = make_flow(REDIRECT, "openid");
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_flow_push(flow, metadata, client, NULL, FALSE, &error));
    sr_assert_blames(error, SR_ERROR_PROVIDER_ERROR, "pushed_authorization_request_endpoint");
}

static void test_pushed_url(void)
{
    g_autoptr(SrMetadata) metadata = make_metadata();
    g_autoptr(SrFlow) flow = make_flow(REDIRECT, "openid");
    g_autoptr(SrSecret) body = sr_test_secret(
        "{\"request_uri\":\"urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c\","
        "\"expires_in\":60}");
    g_autofree char *url = sr_flow_pushed_url(flow, metadata, body, NULL);

    g_assert_cmpstr(url, ==,
                    "https://op.example/authorize?client_id=ok_1&request_uri=urn%3Aietf%3Aparams"
                    "%3Aoauth%3Arequest_uri%3A6esc_11ACC5bwc014ltc14eY22c");
}

static void test_pushed_refusals(void)
{
    static const struct {
        const char *body;
        const char *blamed;
        const char *said;
    } rows[] = {
        {"", "json", ""},
        {"{}", "request_uri", "no reason"},
        {"{\"request_uri\":\"\"}", "request_uri", ""},
        {"{\"request_uri\":7}", "request_uri", ""},
        {"{\"request_uri\":\"a\\nb\"}", "request_uri", ""},
        {"{\"error\":\"invalid_request\",\"error_description\":\"no\\nscope\"}", "request_uri",
         "invalid_request (no?scope)"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrMetadata) metadata = make_metadata();
        g_autoptr(SrFlow) flow = make_flow(REDIRECT, "openid");
        g_autoptr(SrSecret) body = sr_test_secret(rows[i].body);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_flow_pushed_url(flow, metadata, body, &error));
        sr_assert_blames(error, SR_ERROR_PROVIDER_ERROR, rows[i].blamed);
        g_assert_nonnull(strstr(error->message, rows[i].said));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-flow/challenge-of-rfc-7636", test_challenge);
    g_test_add_func("/oauth-flow/secrets-are-fresh-and-long", test_fresh);
    g_test_add_func("/oauth-flow/what-a-scope-may-be", test_scopes);
    g_test_add_func("/oauth-flow/what-a-scope-covers", test_wider_scopes);
    g_test_add_func("/oauth-flow/the-address-has-pkce-and-no-verifier", test_url);
    g_test_add_func("/oauth-flow/nonce-prompt-and-hint-when-they-apply", test_optional_parameters);
    g_test_add_func("/oauth-flow/the-query-of-the-endpoint-stays", test_endpoint_query);
    g_test_add_func("/oauth-flow/a-pushed-request-has-the-same", test_push);
    g_test_add_func("/oauth-flow/no-endpoint-to-push-to", test_push_nowhere);
    g_test_add_func("/oauth-flow/the-address-of-a-pushed-request", test_pushed_url);
    g_test_add_func("/oauth-flow/a-refused-pushed-request", test_pushed_refusals);
    return g_test_run();
}
