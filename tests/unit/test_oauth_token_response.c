#include "oauth/token_response.h"

#include "base/error.h"
#include "support/secret_text.h"

static SrExchangeReply *answer(guint status, const char *body)
{
    SrExchangeReply *reply = sr_exchange_reply_new(SR_OUTCOME_ANSWERED, NULL);

    reply->status = status;
    reply->body = body && *body ? sr_test_secret(body) : NULL;
    return reply;
}

/* --- successes ------------------------------------------------------------------------------ */

static void test_success(void)
{
    g_autoptr(SrExchangeReply) reply = answer(
        200, "{\"access_token\":\"AcC-1._~+/=\",\"token_type\":\"Bearer\","
             "\"expires_in\":300,\"expires_at\":1700000000,\"refresh_token\":\"ReF\\u00722\","
             "\"scope\":\"openid offline_access\",\"id_token\":\"e30.e30.c2ln\",\"x\":[{}]}");
    g_autoptr(SrTokens) tokens = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(sr_token_response_judge(reply, &tokens, &error), ==, SR_VERDICT_TOKENS);
    g_assert_no_error(error);
    sr_assert_secret(tokens->access_token, "AcC-1._~+/=");
    sr_assert_secret(tokens->refresh_token, "ReFr2");
    sr_assert_secret(tokens->id_token, "e30.e30.c2ln");
    g_assert_false(tokens->is_dpop);
    g_assert_cmpstr(tokens->scope, ==, "openid offline_access");
    g_assert_cmpint(tokens->expires_in, ==, 300);
    /* Nothing of them is left where it came from. */
    g_assert_null(strstr(sr_test_secret_text(reply->body), "AcC"));
    g_assert_null(strstr(sr_test_secret_text(reply->body), "ReF"));
    g_assert_null(strstr(sr_test_secret_text(reply->body), "e30"));
}

static void test_least(void)
{
    g_autoptr(SrExchangeReply) reply =
        answer(200, "{\"access_token\":\"a\",\"token_type\":\"bEaReR\",\"refresh_token\":\"\"}");
    g_autoptr(SrTokens) tokens = NULL;

    g_assert_cmpint(sr_token_response_judge(reply, &tokens, NULL), ==, SR_VERDICT_TOKENS);
    g_assert_null(tokens->refresh_token);
    g_assert_null(tokens->id_token);
    g_assert_null(tokens->scope);
    g_assert_cmpint(tokens->expires_in, ==, -1);
}

static void test_dpop(void)
{
    g_autoptr(SrExchangeReply) reply =
        answer(200, "{\"access_token\":\"a\",\"token_type\":\"dpop\"}");
    g_autoptr(SrTokens) tokens = NULL;

    g_assert_cmpint(sr_token_response_judge(reply, &tokens, NULL), ==, SR_VERDICT_TOKENS);
    g_assert_true(tokens->is_dpop);
}

static void test_lifetimes(void)
{
    static const struct {
        const char *value;
        gint64 seconds;
    } rows[] = {
        {"1", 1},
        {"3600", 3600},
        {"31536000", 31536000},
        {"31536001", -1},
        {"0", -1},
        {"-1", -1},
        {"\"300\"", -1},
        {"300.5", -1},
        {"3e2", -1},
        {"null", -1},
        {"true", -1},
        {"[300]", -1},
        {"9007199254740991", -1},
        /* Long.MAX_VALUE and worse: no integer of I-JSON, yet no reason to lose the tokens. */
        {"9223372036854775807", -1},
        {"-9223372036854775808", -1},
        {"99999999999999999999999999999", -1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *body = g_strdup_printf(
            "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":%s}", rows[i].value);
        g_autoptr(SrExchangeReply) reply = answer(200, body);
        g_autoptr(SrTokens) tokens = NULL;

        g_assert_cmpint(sr_token_response_judge(reply, &tokens, NULL), ==, SR_VERDICT_TOKENS);
        g_assert_cmpint(tokens->expires_in, ==, rows[i].seconds);
    }
}

static void test_scopes(void)
{
    static const struct {
        const char *value;
        const char *scope;
    } rows[] = {
        {"\"openid\"", "openid"},
        {"\"\"", ""},
        {"\" b  a \"", "b a"},
        {"null", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *body = g_strdup_printf(
            "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"scope\":%s}", rows[i].value);
        g_autoptr(SrExchangeReply) reply = answer(200, body);
        g_autoptr(SrTokens) tokens = NULL;

        g_assert_cmpint(sr_token_response_judge(reply, &tokens, NULL), ==, SR_VERDICT_TOKENS);
        g_assert_cmpstr(tokens->scope, ==, rows[i].scope);
    }
}

/* --- successes that are none ---------------------------------------------------------------- */

#define GOOD "\"access_token\":\"AcC\",\"token_type\":\"Bearer\""

static void test_nonsense(void)
{
    static const struct {
        const char *body;
        const char *blamed;
        gboolean saved; /* the refresh token "ReF" is handed out */
    } rows[] = {
        {"", "body", FALSE},
        {"<html>AcC</html>", "json", FALSE},
        {"[]", "body", FALSE},
        {"\"AcC\"", "body", FALSE},
        {"{}", "access_token", FALSE},
        {"{" GOOD, "json", FALSE},
        {"{" GOOD "}{}", "json", FALSE},
        {"{" GOOD "," GOOD "}", "json", FALSE},
        {"{" GOOD ",\"access_\\u0074oken\":\"b\"}", "json", FALSE},
        {"{\"token_type\":\"Bearer\",\"refresh_token\":\"ReF\"}", "access_token", TRUE},
        {"{\"access_token\":\"\",\"token_type\":\"Bearer\",\"refresh_token\":\"ReF\"}",
         "access_token", TRUE},
        {"{\"access_token\":null,\"token_type\":\"Bearer\",\"refresh_token\":\"ReF\"}",
         "access_token", TRUE},
        {"{\"access_token\":7,\"token_type\":\"Bearer\",\"refresh_token\":\"ReF\"}", "access_token",
         TRUE},
        {"{\"access_token\":[\"AcC\"],\"token_type\":\"Bearer\",\"refresh_token\":\"ReF\"}",
         "access_token", TRUE},
        {"{\"access_token\":\"AcC b\",\"token_type\":\"Bearer\",\"refresh_token\":\"ReF\"}",
         "access_token", TRUE},
        {"{\"access_token\":\"AcC\\n\",\"token_type\":\"Bearer\",\"refresh_token\":\"ReF\"}",
         "access_token", TRUE},
        {"{\"access_token\":\"\\u00e4\",\"token_type\":\"Bearer\",\"refresh_token\":\"ReF\"}",
         "access_token", TRUE},
        {"{\"access_token\":\"AcC\",\"refresh_token\":\"ReF\"}", "token_type", TRUE},
        {"{\"access_token\":\"AcC\",\"token_type\":\"mac\",\"refresh_token\":\"ReF\"}",
         "token_type", TRUE},
        {"{\"access_token\":\"AcC\",\"token_type\":\"Bearer \",\"refresh_token\":\"ReF\"}",
         "token_type", TRUE},
        {"{\"access_token\":\"AcC\",\"token_type\":1,\"refresh_token\":\"ReF\"}", "token_type",
         TRUE},
        {"{" GOOD ",\"refresh_token\":\"ReF\",\"scope\":[\"openid\"]}", "scope", TRUE},
        {"{" GOOD ",\"refresh_token\":\"ReF\",\"scope\":\"a\\u0007\"}", "scope", TRUE},
        {"{" GOOD ",\"refresh_token\":\"ReF\",\"id_token\":{}}", "id_token", TRUE},
        {"{" GOOD ",\"refresh_token\":\"ReF\",\"id_token\":\"a b\"}", "id_token", TRUE},
        {"{" GOOD ",\"refresh_token\":\"ReF 1\"}", "refresh_token", FALSE},
        {"{" GOOD ",\"refresh_token\":{}}", "refresh_token", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrExchangeReply) reply = answer(200, rows[i].body);
        g_autoptr(SrTokens) tokens = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(sr_token_response_judge(reply, &tokens, &error), ==, SR_VERDICT_UNKNOWN);
        sr_assert_blames(error, SR_ERROR_PROVIDER_ERROR, rows[i].blamed);
        g_assert_null(strstr(error->message, "AcC"));
        g_assert_null(strstr(error->message, "ReF"));
        if (!rows[i].saved) {
            g_assert_null(tokens);
            continue;
        }
        g_assert_nonnull(tokens);
        g_assert_null(tokens->access_token);
        g_assert_null(tokens->id_token);
        sr_assert_secret(tokens->refresh_token, "ReF");
    }
}

static void test_token_too_long(void)
{
    g_autofree char *longest = g_strnfill(SR_TOKEN_MAX, 'a');
    g_autofree char *good =
        g_strdup_printf("{\"access_token\":\"%s\",\"token_type\":\"Bearer\"}", longest);
    g_autofree char *bad =
        g_strdup_printf("{\"access_token\":\"%sa\",\"token_type\":\"Bearer\"}", longest);
    g_autoptr(SrExchangeReply) first = answer(200, good);
    g_autoptr(SrExchangeReply) second = answer(200, bad);
    g_autoptr(SrTokens) tokens = NULL;
    g_autoptr(SrTokens) none = NULL;

    g_assert_cmpint(sr_token_response_judge(first, &tokens, NULL), ==, SR_VERDICT_TOKENS);
    g_assert_cmpint(sr_token_response_judge(second, &none, NULL), ==, SR_VERDICT_UNKNOWN);
    g_assert_null(none);
}

/* --- errors --------------------------------------------------------------------------------- */

static void test_errors(void)
{
    static const struct {
        guint status;
        const char *body;
        SrVerdict verdict;
        SrErrorCode code;
        const char *said;
    } rows[] = {
        {400, "{\"error\":\"invalid_grant\",\"error_description\":\"session not found\"}",
         SR_VERDICT_INVALID_GRANT, SR_ERROR_LOGIN_REQUIRED, "invalid_grant (session not found)"},
        {401, "{\"error\":\"invalid_grant\"}", SR_VERDICT_INVALID_GRANT, SR_ERROR_LOGIN_REQUIRED,
         "invalid_grant"},
        {200, "{\"error\":\"invalid_grant\"}", SR_VERDICT_INVALID_GRANT, SR_ERROR_LOGIN_REQUIRED,
         "invalid_grant"},
        {400, "{\"error\":\"invalid_client\",\"error_description\":\"client is disabled\"}",
         SR_VERDICT_REFUSED, SR_ERROR_PROVIDER_ERROR, "client is disabled"},
        {401, "{\"error\":\"invalid_client\"}", SR_VERDICT_REFUSED, SR_ERROR_PROVIDER_ERROR,
         "invalid_client"},
        {400, "{\"error\":\"authorization_pending\"}", SR_VERDICT_PENDING, SR_ERROR_PROVIDER_ERROR,
         "authorization_pending"},
        {400, "{\"error\":\"slow_down\"}", SR_VERDICT_SLOW_DOWN, SR_ERROR_PROVIDER_ERROR,
         "slow_down"},
        {403, "{\"error\":\"access_denied\"}", SR_VERDICT_DENIED, SR_ERROR_USER_REJECTED,
         "access_denied"},
        {400, "{\"error\":\"expired_token\"}", SR_VERDICT_EXPIRED, SR_ERROR_LOGIN_REQUIRED,
         "expired_token"},
        {400, "{\"error\":\"use_dpop_nonce\"}", SR_VERDICT_REFUSED, SR_ERROR_PROVIDER_ERROR,
         "use_dpop_nonce"},
        {400, "{\"error\":\"temporarily_unavailable\"}", SR_VERDICT_BUSY, SR_ERROR_PROVIDER_ERROR,
         "temporarily_unavailable"},
        {400, "{\"error\":\"server_error\"}", SR_VERDICT_UNKNOWN, SR_ERROR_PROVIDER_ERROR,
         "server_error"},
        /* OpenKey 1.6 for a grant that it does not know: no error member. */
        {400, "{\"message\":\"Invalid body\",\"code\":\"VALIDATION_ERROR\"}", SR_VERDICT_REFUSED,
         SR_ERROR_PROVIDER_ERROR, "HTTP status 400 (Invalid body)"},
        {400, "{\"error\":{\"code\":5}}", SR_VERDICT_REFUSED, SR_ERROR_PROVIDER_ERROR,
         "HTTP status 400"},
        {400, "<html>", SR_VERDICT_REFUSED, SR_ERROR_PROVIDER_ERROR, "HTTP status 400"},
        {404, "", SR_VERDICT_REFUSED, SR_ERROR_PROVIDER_ERROR, "HTTP status 404"},
        {429, "", SR_VERDICT_BUSY, SR_ERROR_PROVIDER_ERROR, "HTTP status 429"},
        {429, "{\"error\":\"rate_limited\"}", SR_VERDICT_BUSY, SR_ERROR_PROVIDER_ERROR,
         "rate_limited"},
        {503, "<html>", SR_VERDICT_BUSY, SR_ERROR_PROVIDER_ERROR, "HTTP status 503"},
        {408, "", SR_VERDICT_UNKNOWN, SR_ERROR_PROVIDER_ERROR, "HTTP status 408"},
        {500, "{\"error\":\"oops\"}", SR_VERDICT_UNKNOWN, SR_ERROR_PROVIDER_ERROR, "oops"},
        {502, "<html>", SR_VERDICT_UNKNOWN, SR_ERROR_PROVIDER_ERROR, "HTTP status 502"},
        {307, "", SR_VERDICT_UNKNOWN, SR_ERROR_PROVIDER_ERROR, "HTTP status 307"},
        {204, "", SR_VERDICT_UNKNOWN, SR_ERROR_PROVIDER_ERROR, "HTTP status 204"},
        {200, "{\"error\":\"bad_verification_code\"}", SR_VERDICT_REFUSED, SR_ERROR_PROVIDER_ERROR,
         "bad_verification_code"},
        {400, "{\"error\":\"a\\nb\\u001b[0m\",\"error_description\":\"\\u202e\"}",
         SR_VERDICT_REFUSED, SR_ERROR_PROVIDER_ERROR, "a?b?[0m (???"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrExchangeReply) reply = answer(rows[i].status, rows[i].body);
        g_autoptr(SrTokens) tokens = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(sr_token_response_judge(reply, &tokens, &error), ==, rows[i].verdict);
        g_assert_error(error, SR_ERROR, (int)rows[i].code);
        g_assert_nonnull(strstr(error->message, rows[i].said));
        g_assert_null(tokens);
    }
}

static void test_dpop_nonce(void)
{
    g_autoptr(SrExchangeReply) reply = answer(400, "{\"error\":\"use_dpop_nonce\"}");
    g_autoptr(SrTokens) tokens = NULL;
    g_autoptr(GError) error = NULL;

    reply->dpop_nonce = g_strdup("n");
    g_assert_cmpint(sr_token_response_judge(reply, &tokens, &error), ==, SR_VERDICT_DPOP_NONCE);
    g_assert_error(error, SR_ERROR, SR_ERROR_PROVIDER_ERROR);
}

static void test_no_answer(void)
{
    g_autoptr(SrExchangeReply) not_sent = sr_exchange_reply_new(SR_OUTCOME_NOT_SENT, "no route");
    g_autoptr(SrExchangeReply) unknown = sr_exchange_reply_new(SR_OUTCOME_UNKNOWN, "timed out");
    g_autoptr(SrTokens) tokens = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(sr_token_response_judge(not_sent, &tokens, &error), ==, SR_VERDICT_BUSY);
    g_assert_error(error, SR_ERROR, SR_ERROR_NETWORK_ERROR);
    g_assert_nonnull(strstr(error->message, "no route"));
    g_clear_error(&error);
    g_assert_cmpint(sr_token_response_judge(unknown, &tokens, &error), ==, SR_VERDICT_UNKNOWN);
    g_assert_error(error, SR_ERROR, SR_ERROR_NETWORK_ERROR);
    g_assert_null(tokens);
}

static void test_long_description(void)
{
    g_autofree char *fill = g_strnfill(5000, 'd');
    g_autofree char *body =
        g_strdup_printf("{\"error\":\"invalid_scope\",\"error_description\":\"%s\"}", fill);
    g_autoptr(SrExchangeReply) reply = answer(400, body);
    g_autoptr(SrTokens) tokens = NULL;
    g_autoptr(GError) error = NULL;

    sr_token_response_judge(reply, &tokens, &error);
    g_assert_cmpuint(strlen(error->message), <, 260);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-token-response/tokens-leave-the-text", test_success);
    g_test_add_func("/oauth-token-response/two-members-are-enough", test_least);
    g_test_add_func("/oauth-token-response/tokens-bound-by-dpop", test_dpop);
    g_test_add_func("/oauth-token-response/lifetimes-and-nonsense-for-them", test_lifetimes);
    g_test_add_func("/oauth-token-response/granted-scopes", test_scopes);
    g_test_add_func("/oauth-token-response/nonsense-keeps-the-refresh-token", test_nonsense);
    g_test_add_func("/oauth-token-response/limit-of-a-token", test_token_too_long);
    g_test_add_func("/oauth-token-response/errors-by-member-else-by-status", test_errors);
    g_test_add_func("/oauth-token-response/a-nonce-to-be-used", test_dpop_nonce);
    g_test_add_func("/oauth-token-response/no-answer", test_no_answer);
    g_test_add_func("/oauth-token-response/a-long-description-is-cut", test_long_description);
    return g_test_run();
}
