#include "oauth/registration.h"

#include "base/error.h"
#include "support/oauth_metadata.h"
#include "support/secret_text.h"

static SrExchangeReply *answer(guint status, const char *body)
{
    SrExchangeReply *reply = sr_exchange_reply_new(SR_OUTCOME_ANSWERED, NULL);

    reply->status = status;
    reply->body = *body ? sr_test_secret(body) : NULL;
    return reply;
}

/* --- dynamic registration ------------------------------------------------------------------- */

static void test_request(void)
{
    g_autoptr(SrMetadata) none = sr_test_metadata("");
    g_autoptr(SrMetadata) metadata =
        sr_test_metadata(",\"registration_endpoint\":\"https://op.example/register\"");
    g_autoptr(SrExchange) plain = NULL;
    g_autoptr(SrExchange) device = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_registration_request(none, "n", "r", NULL, FALSE, &error));
    sr_assert_blames(error, SR_ERROR_PROVIDER_ERROR, "registration_endpoint");
    plain = sr_registration_request(metadata, "sealring \"x\"", "http://127.0.0.1/cb", "openid",
                                    FALSE, NULL);
    g_assert_cmpstr(plain->method, ==, "POST");
    g_assert_cmpstr(plain->url, ==, "https://op.example/register");
    g_assert_cmpstr(plain->content_type, ==, "application/json");
    g_assert_null(plain->authorization);
    sr_assert_secret(plain->body,
                     "{\"client_name\":\"sealring \\\"x\\\"\","
                     "\"redirect_uris\":[\"http://127.0.0.1/cb\"],"
                     "\"token_endpoint_auth_method\":\"none\",\"application_type\":\"native\","
                     "\"grant_types\":[\"authorization_code\",\"refresh_token\"],"
                     "\"response_types\":[\"code\"],\"scope\":\"openid\"}");
    device = sr_registration_request(metadata, "n", "http://127.0.0.1/cb", NULL, TRUE, NULL);
    g_assert_nonnull(strstr(sr_test_secret_text(device->body),
                            "\"refresh_token\",\"urn:ietf:params:oauth:grant-type:device_code\"]"));
}

static void test_clients(void)
{
    static const struct {
        guint status;
        const char *body;
        const char *secret; /* NULL: public */
    } rows[] = {
        {201, "{\"client_id\":\"ok_1\"}", NULL},
        {200, "{\"client_id\":\"ok_1\",\"token_endpoint_auth_method\":\"none\"}", NULL},
        {201, "{\"client_id\":\"ok_1\",\"client_secret\":\"SeC\"}", "SeC"},
        {201, "{\"client_id\":\"ok_1\",\"client_secret\":\"\"}", NULL},
        {201,
         "{\"client_id\":\"ok_1\",\"client_secret\":\"SeC\","
         "\"token_endpoint_auth_method\":\"client_secret_basic\"}",
         "SeC"},
        {201,
         "{\"client_id\":\"ok_1\",\"client_secret\":\"SeC\","
         "\"token_endpoint_auth_method\":\"none\"}",
         NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrExchangeReply) reply = answer(rows[i].status, rows[i].body);
        g_autoptr(SrClient) client = sr_registration_answer(reply, NULL);

        g_assert_nonnull(client);
        g_assert_cmpstr(client->id, ==, "ok_1");
        if (rows[i].secret)
            sr_assert_secret(client->secret, rows[i].secret);
        else
            g_assert_null(client->secret);
        g_assert_null(strstr(sr_test_secret_text(reply->body), "SeC"));
    }
}

static void test_management_token_is_dropped(void)
{
    g_autoptr(SrExchangeReply) reply =
        answer(201, "{\"client_id\":\"ok_1\",\"registration_access_token\":\"ReG\","
                    "\"registration_client_uri\":\"https://op.example/register/ok_1\"}");
    g_autoptr(SrClient) client = sr_registration_answer(reply, NULL);

    g_assert_nonnull(client);
    g_assert_null(strstr(sr_test_secret_text(reply->body), "ReG"));
}

static void test_refused_clients(void)
{
    static const struct {
        guint status;
        const char *body;
        const char *said;
    } rows[] = {
        {400, "{\"error\":\"invalid_redirect_uri\",\"error_description\":\"no\"}",
         "invalid_redirect_uri (no)"},
        {404, "<html>", "HTTP status 404"},
        {201, "", "client_id"},
        {201, "[]", "body"},
        {201, "{}", "client_id"},
        {201, "{\"client_id\":5}", "client_id"},
        {201, "{\"client_id\":\"a\\nb\"}", "clientId"},
        {201, "{\"client_id\":\"a\",\"client_secret\":5}", "client_secret"},
        {201, "{\"client_id\":\"a\",\"client_secret\":\"S\\u00e4\"}", "client_secret"},
        {201, "{\"client_id\":\"a\",\"client_id\":\"b\"}", "json"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrExchangeReply) reply = answer(rows[i].status, rows[i].body);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_registration_answer(reply, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_PROVIDER_ERROR);
        g_assert_nonnull(strstr(error->message, rows[i].said));
    }
}

/* --- admin API ------------------------------------------------------------------------------ */

static void test_admin_requests(void)
{
    static const struct {
        const char *server;
        SrAdminAction action;
        const char *client_id;
        const char *method;
        const char *url;
    } rows[] = {
        {"https://api.example", SR_ADMIN_LIST, NULL, "GET",
         "https://api.example/api/admin/oauth/clients"},
        {"https://api.example/", SR_ADMIN_REGISTER, NULL, "POST",
         "https://api.example/api/admin/oauth/clients"},
        {"https://api.example:1/base", SR_ADMIN_SHOW, "ok_1", "GET",
         "https://api.example:1/base/api/admin/oauth/clients/ok_1"},
        {"https://api.example", SR_ADMIN_UPDATE, "../x?y#z", "PATCH",
         "https://api.example/api/admin/oauth/clients/..%2Fx%3Fy%23z"},
        {"http://127.0.0.1:3001", SR_ADMIN_DELETE, "ok_1", "DELETE",
         "http://127.0.0.1:3001/api/admin/oauth/clients/ok_1"},
    };
    g_autoptr(SrSecret) key = sr_test_secret("AdM1n");

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrExchange) exchange = sr_admin_request(rows[i].server, rows[i].action,
                                                          rows[i].client_id, NULL, key, TRUE, NULL);
        g_autoptr(SrSecret) text = sr_exchange_write(exchange, NULL);

        g_assert_nonnull(text);
        g_assert_cmpstr(exchange->method, ==, rows[i].method);
        g_assert_cmpstr(exchange->url, ==, rows[i].url);
        sr_assert_secret(exchange->authorization, "Bearer AdM1n");
        g_assert_null(exchange->body);
        g_assert_null(exchange->content_type);
    }
}

static void test_admin_fields(void)
{
    g_autoptr(SrSecret) key = sr_test_secret("AdM1n");
    g_autoptr(SrJson) fields = json_object_new_object();
    g_autoptr(SrExchange) exchange = NULL;

    sr_json_add_boolean(fields, "disabled", TRUE);
    exchange =
        sr_admin_request("https://api.example", SR_ADMIN_UPDATE, "ok_1", fields, key, FALSE, NULL);
    sr_assert_secret(exchange->body, "{\"disabled\":true}");
    g_assert_cmpstr(exchange->content_type, ==, "application/json");
}

static void test_admin_refusals(void)
{
    static const struct {
        const char *server;
        SrAdminAction action;
        const char *client_id;
        const char *key;
        const char *blamed;
    } rows[] = {
        {"http://api.example", SR_ADMIN_LIST, NULL, "k", "server"},
        {"http://127.0.0.1", SR_ADMIN_LIST, NULL, "k", "server"},
        {"api.example", SR_ADMIN_LIST, NULL, "k", "server"},
        {"https://api.example?x", SR_ADMIN_LIST, NULL, "k", "server"},
        {"https://api.example#x", SR_ADMIN_LIST, NULL, "k", "server"},
        {"https://api.example", SR_ADMIN_LIST, NULL, "", "adminKey"},
        {"https://api.example", SR_ADMIN_LIST, NULL, "k\r\nX: y", "adminKey"},
        {"https://api.example", SR_ADMIN_SHOW, NULL, "k", "clientId"},
        {"https://api.example", SR_ADMIN_SHOW, "", "k", "clientId"},
        {"https://api.example", SR_ADMIN_DELETE, ".", "k", "clientId"},
        {"https://api.example", SR_ADMIN_DELETE, "..", "k", "clientId"},
        {"https://api.example", SR_ADMIN_UPDATE, "a\n", "k", "clientId"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrSecret) key = sr_test_secret(rows[i].key);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_admin_request(rows[i].server, rows[i].action, rows[i].client_id, NULL, key,
                                       FALSE, &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, rows[i].blamed);
    }
}

/* The two places where the secret may be, and what is left. */
static void test_admin_answers(void)
{
    static const struct {
        const char *body;
        const char *secret;
        const char *left;
    } rows[] = {
        {"{\"success\":true,\"client\":{\"clientId\":\"ok_1\",\"clientSecret\":\"SeC\"}}", "SeC",
         "{\"success\":true,\"client\":{\"clientId\":\"ok_1\"}}"},
        {"{\"success\":true,\"client\":{\"clientId\":\"ok_1\"},\"clientSecret\":\"SeC\"}", "SeC",
         "{\"success\":true,\"client\":{\"clientId\":\"ok_1\"}}"},
        {"{\"client\":{\"clientSecret\":\"SeC\"},\"clientSecret\":\"SeC\"}", "SeC",
         "{\"client\":{}}"},
        {"{\"client_id\":\"ok_1\",\"client_secret\":\"SeC\"}", "SeC", "{\"client_id\":\"ok_1\"}"},
        {"{\"client\":{\"clientId\":\"ok_1\",\"public\":true}}", NULL,
         "{\"client\":{\"clientId\":\"ok_1\",\"public\":true}}"},
        {"{\"clientSecret\":null,\"client\":null}", NULL, "{\"client\":null}"},
        {"[{\"clientId\":\"ok_1\"}]", NULL, "[{\"clientId\":\"ok_1\"}]"},
        {"", NULL, "{}"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrExchangeReply) reply = answer(200, rows[i].body);
        g_autoptr(SrSecret) secret = NULL;
        g_autoptr(SrJson) json = sr_admin_answer(reply, &secret, NULL);
        g_autofree char *left = NULL;

        g_assert_nonnull(json);
        left = sr_json_text(json);
        g_assert_cmpstr(left, ==, rows[i].left);
        if (rows[i].secret)
            sr_assert_secret(secret, rows[i].secret);
        else
            g_assert_null(secret);
        if (reply->body)
            g_assert_null(strstr(sr_test_secret_text(reply->body), "SeC"));
    }
}

static void test_admin_errors(void)
{
    static const struct {
        guint status;
        const char *body;
        SrErrorCode code;
        const char *said;
    } rows[] = {
        {401, "{\"error\":\"Missing Authorization header\"}", SR_ERROR_NOT_GRANTED, "Missing"},
        {403, "<html>", SR_ERROR_NOT_GRANTED, "HTTP status 403"},
        {404, "{\"error\":\"Client not found\"}", SR_ERROR_KEY_NOT_FOUND, "Client not found"},
        {400, "{\"message\":\"bad\\nuri\"}", SR_ERROR_PROVIDER_ERROR, "bad?uri"},
        {503, "", SR_ERROR_PROVIDER_ERROR, "HTTP status 503"},
        {302, "", SR_ERROR_PROVIDER_ERROR, "HTTP status 302"},
        {200, "<html>", SR_ERROR_PROVIDER_ERROR, "json"},
        {200, "5", SR_ERROR_PROVIDER_ERROR, "body"},
        {200, "{\"clientSecret\":5}", SR_ERROR_PROVIDER_ERROR, "clientSecret"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrExchangeReply) reply = answer(rows[i].status, rows[i].body);
        g_autoptr(SrSecret) secret = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_admin_answer(reply, &secret, &error));
        g_assert_null(secret);
        g_assert_error(error, SR_ERROR, (int)rows[i].code);
        g_assert_nonnull(strstr(error->message, rows[i].said));
    }
}

static void test_no_answer(void)
{
    g_autoptr(SrExchangeReply) reply = sr_exchange_reply_new(SR_OUTCOME_NOT_SENT, "no route");
    g_autoptr(SrSecret) secret = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_admin_answer(reply, &secret, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_NETWORK_ERROR);
    g_clear_error(&error);
    g_assert_null(sr_registration_answer(reply, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_NETWORK_ERROR);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-registration/request-of-a-native-client", test_request);
    g_test_add_func("/oauth-registration/clients-with-and-without-secret", test_clients);
    g_test_add_func("/oauth-registration/the-management-token-is-dropped",
                    test_management_token_is_dropped);
    g_test_add_func("/oauth-registration/refused-clients", test_refused_clients);
    g_test_add_func("/oauth-registration/admin-requests", test_admin_requests);
    g_test_add_func("/oauth-registration/admin-fields", test_admin_fields);
    g_test_add_func("/oauth-registration/admin-refusals", test_admin_refusals);
    g_test_add_func("/oauth-registration/admin-answers-without-their-secret", test_admin_answers);
    g_test_add_func("/oauth-registration/admin-errors", test_admin_errors);
    g_test_add_func("/oauth-registration/no-answer", test_no_answer);
    return g_test_run();
}
