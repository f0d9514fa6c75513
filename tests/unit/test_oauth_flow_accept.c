/* What comes back from the browser: sr_flow_accept. */
#include "oauth/flow.h"

#include "base/error.h"
#include "support/oauth_metadata.h"
#include "support/secret_text.h"

#define REDIRECT "https://abcdef.chromiumapp.org/cb"
#define ISS "&iss=https%3A%2F%2Fop.example%2Fapi%2Fauth"

/* A flow with a state that the rows below can spell. */
static SrFlow *make_flow(const char *redirect_uri)
{
    SrFlow *flow = sr_flow_new(SR_TEST_ISSUER, "ok_1", redirect_uri, "openid", NULL);

    g_free(flow->state);
    flow->state = g_strdup("sTaTe-0123456789012345678901234567890123456");
    return flow;
}

#define STATE "&state=sTaTe-0123456789012345678901234567890123456"

static void test_accepted(void)
{
    static const struct {
        const char *redirect_uri;
        const char *url;
        const char *code;
    } rows[] = {
        {REDIRECT, REDIRECT "?code=abc" STATE, "abc"},
        {REDIRECT, REDIRECT "?code=abc" STATE ISS, "abc"},
        {REDIRECT, REDIRECT "?iss=https://op.example/api/auth" STATE "&code=a%2Bb%20c", "a+b c"},
        {REDIRECT, REDIRECT "?code=abc" STATE "#", "abc"},
        {REDIRECT, REDIRECT "?code=abc" STATE "#_=_", "abc"},
        {REDIRECT, REDIRECT "?code=abc" STATE "&session_state=x&scope=openid", "abc"},
        {"http://127.0.0.1:49152/", "http://127.0.0.1:49152/?code=abc" STATE, "abc"},
        {REDIRECT "?app=1", REDIRECT "?app=1&code=abc" STATE, "abc"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrMetadata) metadata = sr_test_metadata("");
        g_autoptr(SrFlow) flow = make_flow(rows[i].redirect_uri);
        g_autoptr(GError) error = NULL;
        g_autoptr(SrSecret) code = sr_flow_accept(flow, metadata, rows[i].url, &error);

        g_assert_no_error(error);
        sr_assert_secret(code, rows[i].code);
        g_assert_true(flow->finished);
    }
}

/* Refused, and the flow still waits for the real answer. */
static void test_ignored(void)
{
    static const struct {
        const char *url;
        SrErrorCode code;
        const char *blamed;
    } rows[] = {
        {"", SR_ERROR_INVALID_PARAMS, "url"},
        {"https://evil.example/cb?code=abc" STATE, SR_ERROR_INVALID_PARAMS, "url"},
        {REDIRECT "x?code=abc" STATE, SR_ERROR_INVALID_PARAMS, "url"},
        {REDIRECT "/?code=abc" STATE, SR_ERROR_INVALID_PARAMS, "url"},
        {REDIRECT "&code=abc" STATE, SR_ERROR_INVALID_PARAMS, "url"},
        {"https://ABCDEF.chromiumapp.org/cb?code=abc" STATE, SR_ERROR_INVALID_PARAMS, "url"},
        {"http://abcdef.chromiumapp.org/cb?code=abc" STATE, SR_ERROR_INVALID_PARAMS, "url"},
        {"https://abcdef.chromiumapp.org/c?code=abc" STATE, SR_ERROR_INVALID_PARAMS, "url"},
        {REDIRECT "?code=abc" STATE "#code=evil", SR_ERROR_INVALID_PARAMS, "url"},
        {REDIRECT "#code=abc" STATE, SR_ERROR_INVALID_PARAMS, "url"},
        {REDIRECT "?code=a c" STATE, SR_ERROR_INVALID_PARAMS, "url"},
        {REDIRECT "?code=\xc3\xa4" STATE, SR_ERROR_INVALID_PARAMS, "url"},
        {REDIRECT "?code=abc&code=abc" STATE, SR_ERROR_INVALID_PARAMS, "query"},
        {REDIRECT "?code=abc" STATE STATE, SR_ERROR_INVALID_PARAMS, "query"},
        {REDIRECT "?code=abc" STATE "&s%74ate=x", SR_ERROR_INVALID_PARAMS, "query"},
        {REDIRECT "?code=%ff" STATE, SR_ERROR_INVALID_PARAMS, "query"},
        {REDIRECT "?code=%00" STATE, SR_ERROR_INVALID_PARAMS, "query"},
        {REDIRECT, SR_ERROR_STATE_MISMATCH, "state"},
        {REDIRECT "?", SR_ERROR_STATE_MISMATCH, "state"},
        {REDIRECT "?code=abc", SR_ERROR_STATE_MISMATCH, "state"},
        {REDIRECT "?code=abc&state=", SR_ERROR_STATE_MISMATCH, "state"},
        {REDIRECT "?code=abc" STATE "7", SR_ERROR_STATE_MISMATCH, "state"},
        {REDIRECT "?code=abc&state=state-0123456789012345678901234567890123456",
         SR_ERROR_STATE_MISMATCH, "state"},
        {REDIRECT "?error=access_denied", SR_ERROR_STATE_MISMATCH, "state"},
        {REDIRECT "?error=access_denied&state=forged", SR_ERROR_STATE_MISMATCH, "state"},
    };
    g_autoptr(SrMetadata) metadata = sr_test_metadata("");
    g_autoptr(SrFlow) flow = make_flow(REDIRECT);
    g_autoptr(SrSecret) code = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_flow_accept(flow, metadata, rows[i].url, &error));
        sr_assert_blames(error, rows[i].code, rows[i].blamed);
        g_assert_false(flow->finished);
        g_assert_null(strstr(error->message, "abc"));
    }
    code = sr_flow_accept(flow, metadata, REDIRECT "?code=abc" STATE, NULL);
    sr_assert_secret(code, "abc");
}

static void test_once(void)
{
    g_autoptr(SrMetadata) metadata = sr_test_metadata("");
    g_autoptr(SrFlow) flow = make_flow(REDIRECT);
    g_autoptr(SrSecret) code = sr_flow_accept(flow, metadata, REDIRECT "?code=abc" STATE, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_nonnull(code);
    g_assert_null(sr_flow_accept(flow, metadata, REDIRECT "?code=abc" STATE, &error));
    sr_assert_blames(error, SR_ERROR_STATE_MISMATCH, "state");
}

static void refuse(const char *url, gboolean returns_issuer, SrErrorCode code, const char *blamed,
                   const char *said)
{
    g_autoptr(SrMetadata) metadata = sr_test_metadata("");
    g_autoptr(SrFlow) flow = make_flow(REDIRECT);
    g_autoptr(GError) error = NULL;

    metadata->returns_issuer = returns_issuer;
    g_assert_null(sr_flow_accept(flow, metadata, url, &error));
    sr_assert_blames(error, code, blamed);
    g_assert_nonnull(strstr(error->message, said));
    g_assert_true(flow->finished);
}

static void test_issuer(void)
{
    /* Absent though announced; another one; not the very same characters; also in an error. */
    refuse(REDIRECT "?code=abc" STATE, TRUE, SR_ERROR_STATE_MISMATCH, "iss", "");
    refuse(REDIRECT "?error=access_denied" STATE, TRUE, SR_ERROR_STATE_MISMATCH, "iss", "");
    refuse(REDIRECT "?code=abc" STATE "&iss=https://evil.example", TRUE, SR_ERROR_STATE_MISMATCH,
           "iss", "");
    refuse(REDIRECT "?code=abc" STATE "&iss=https://evil.example", FALSE, SR_ERROR_STATE_MISMATCH,
           "iss", "");
    refuse(REDIRECT "?code=abc" STATE ISS "/", TRUE, SR_ERROR_STATE_MISMATCH, "iss", "");
    refuse(REDIRECT "?code=abc" STATE "&iss=", TRUE, SR_ERROR_STATE_MISMATCH, "iss", "");
    refuse(REDIRECT "?error=access_denied" STATE "&iss=https://evil.example", FALSE,
           SR_ERROR_STATE_MISMATCH, "iss", "");
}

static void test_provider_errors(void)
{
    refuse(REDIRECT "?error=access_denied" STATE, FALSE, SR_ERROR_USER_REJECTED, NULL,
           "access_denied");
    refuse(REDIRECT "?error=access_denied&error_description=no+thanks" STATE ISS, TRUE,
           SR_ERROR_USER_REJECTED, NULL, "access_denied (no thanks)");
    refuse(REDIRECT "?error=invalid_scope&error_description=%C3%A4%E2%80%AE" STATE, FALSE,
           SR_ERROR_PROVIDER_ERROR, NULL,
           "invalid_scope (?????"
           ")");
    /* With both, the error counts. */
    refuse(REDIRECT "?error=server_error&code=abc" STATE, FALSE, SR_ERROR_PROVIDER_ERROR, NULL,
           "server_error");
}

static void test_long_description(void)
{
    g_autofree char *fill = g_strnfill(3000, 'd');
    g_autofree char *url =
        g_strconcat(REDIRECT "?error=server_error" STATE "&error_description=", fill, NULL);
    g_autoptr(SrMetadata) metadata = sr_test_metadata("");
    g_autoptr(SrFlow) flow = make_flow(REDIRECT);
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_flow_accept(flow, metadata, url, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_PROVIDER_ERROR);
    g_assert_cmpuint(strlen(error->message), <, 260);
}

static void test_codes(void)
{
    g_autofree char *fill = g_strnfill(8300, 'c');
    g_autofree char *url = g_strconcat(REDIRECT "?code=", fill, STATE, NULL);
    g_autoptr(SrMetadata) metadata = sr_test_metadata("");
    g_autoptr(SrFlow) flow = make_flow(REDIRECT);

    refuse(REDIRECT "?x=y" STATE, FALSE, SR_ERROR_PROVIDER_ERROR, "code", "");
    refuse(REDIRECT "?code=" STATE, FALSE, SR_ERROR_PROVIDER_ERROR, "code", "");
    refuse(REDIRECT "?code=%C3%A4" STATE, FALSE, SR_ERROR_PROVIDER_ERROR, "code", "");
    g_assert_null(sr_flow_accept(flow, metadata, url, NULL));
}

/* A parameter of the redirect URI's own query cannot be said again by the answer. */
static void test_own_query(void)
{
    g_autoptr(SrMetadata) metadata = sr_test_metadata("");
    g_autoptr(SrFlow) flow = make_flow(REDIRECT "?code=own");
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_flow_accept(flow, metadata, REDIRECT "?code=own&code=abc" STATE, &error));
    sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "query");
    g_clear_error(&error);
    g_assert_null(sr_flow_accept(flow, metadata, REDIRECT "?code=abc" STATE, &error));
    sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "url");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-flow-accept/the-code-of-a-right-answer", test_accepted);
    g_test_add_func("/oauth-flow-accept/forged-answers-change-nothing", test_ignored);
    g_test_add_func("/oauth-flow-accept/one-answer-only", test_once);
    g_test_add_func("/oauth-flow-accept/the-issuer-exactly-and-when-announced", test_issuer);
    g_test_add_func("/oauth-flow-accept/errors-of-the-provider", test_provider_errors);
    g_test_add_func("/oauth-flow-accept/a-long-description-is-cut", test_long_description);
    g_test_add_func("/oauth-flow-accept/no-usable-code", test_codes);
    g_test_add_func("/oauth-flow-accept/a-redirect-uri-with-a-query", test_own_query);
    return g_test_run();
}
