/* How a client says who it is, and what it sends to the token endpoint and its neighbours. */
#include "oauth/token_request.h"

#include "base/error.h"
#include "support/oauth_metadata.h"
#include "support/secret_text.h"

#define TOKEN_URL "https://op.example/token"

static SrMetadata *make_metadata(void)
{
    return sr_test_metadata(",\"revocation_endpoint\":\"https://op.example/revoke\","
                            "\"device_authorization_endpoint\":\"https://op.example/device\"");
}

static SrForm *make_form(void)
{
    SrForm *form = sr_form_new(NULL);

    sr_form_add(form, "a", "b");
    return form;
}

/* --- authentication ------------------------------------------------------------------------- */

static void test_public(void)
{
    g_autoptr(SrMetadata) metadata = make_metadata();
    g_autoptr(SrClient) client = sr_client_new("ok_1/2", NULL);
    g_autoptr(SrExchange) exchange =
        sr_client_request(client, metadata, TOKEN_URL, make_form(), NULL);

    g_assert_cmpstr(exchange->method, ==, "POST");
    g_assert_cmpstr(exchange->url, ==, TOKEN_URL);
    g_assert_cmpstr(exchange->content_type, ==, "application/x-www-form-urlencoded");
    g_assert_null(exchange->authorization);
    sr_assert_secret(exchange->body, "a=b&client_id=ok_1%2F2");
}

static void test_empty_secret(void)
{
    g_autoptr(SrMetadata) metadata = make_metadata();
    g_autoptr(SrClient) client = sr_client_new("ok_1", sr_test_secret(""));
    g_autoptr(SrExchange) exchange =
        sr_client_request(client, metadata, TOKEN_URL, make_form(), NULL);

    g_assert_null(client->secret);
    g_assert_null(exchange->authorization);
    sr_assert_secret(exchange->body, "a=b&client_id=ok_1");
}

static void test_basic(void)
{
    static const struct {
        const char *id;
        const char *secret;
        const char *credentials; /* under the base64 */
    } rows[] = {
        /* RFC 6749 §2.3.1 would have "ok%5F1" here, which OpenKey does not decode. */
        {"ok_1a-2.b~c", "oks_9z8y", "ok_1a-2.b~c:oks_9z8y"},
        {"s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw", "s6BhdRkqt3:7Fjfp0ZBr1KtDRbnfVdmIw"},
        {"a:b", "+/%: ", "a%3Ab:%2B%2F%25%3A%20"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrMetadata) metadata = make_metadata();
        g_autoptr(SrClient) client = sr_client_new(rows[i].id, sr_test_secret(rows[i].secret));
        g_autoptr(SrExchange) exchange =
            sr_client_request(client, metadata, TOKEN_URL, make_form(), NULL);
        g_autofree char *base64 =
            g_base64_encode((const guchar *)rows[i].credentials, strlen(rows[i].credentials));
        g_autofree char *expected = g_strconcat("Basic ", base64, NULL);

        sr_assert_secret(exchange->authorization, expected);
        sr_assert_secret(exchange->body, "a=b");
    }
}

static void test_secret_in_body(void)
{
    g_autoptr(SrMetadata) metadata = make_metadata();
    g_autoptr(SrClient) client = sr_client_new("ok_1", sr_test_secret("s&t"));
    g_autoptr(SrExchange) exchange = NULL;

    metadata->takes_secret_in_body = TRUE;
    exchange = sr_client_request(client, metadata, TOKEN_URL, make_form(), NULL);
    g_assert_null(exchange->authorization);
    sr_assert_secret(exchange->body, "a=b&client_id=ok_1&client_secret=s%26t");
}

static void test_form_too_long(void)
{
    g_autoptr(SrMetadata) metadata = make_metadata();
    g_autoptr(SrClient) client = sr_client_new("ok_1", NULL);
    g_autofree char *value = g_strnfill(SR_FORM_MAX, 'a');
    SrForm *form = sr_form_new(NULL);
    g_autoptr(GError) error = NULL;

    sr_form_add(form, "a", value);
    g_assert_null(sr_client_request(client, metadata, TOKEN_URL, form, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED);
}

static void test_ids(void)
{
    g_autofree char *longest = g_strnfill(SR_CLIENT_ID_MAX, 'a');
    g_autofree char *longer = g_strnfill(SR_CLIENT_ID_MAX + 1, 'a');
    const char *const bad[] = {"", "a\n", "a\x7f", "\xc3\xa4", longer};

    g_assert_true(sr_client_check_id("https://app.example/client id", NULL));
    g_assert_true(sr_client_check_id(longest, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_false(sr_client_check_id(bad[i], &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "clientId");
    }
}

/* --- requests ------------------------------------------------------------------------------- */

static void test_code(void)
{
    g_autoptr(SrMetadata) metadata = make_metadata();
    g_autoptr(SrClient) client = sr_client_new("ok_1", NULL);
    g_autoptr(SrSecret) code = sr_test_secret("c/d");
    g_autoptr(SrFlow) flow =
        sr_flow_new("https://op.example", "ok_1", "http://127.0.0.1:49152/c", "openid", NULL);
    g_autoptr(SrExchange) exchange = NULL;
    g_autofree char *expected = NULL;

    exchange = sr_token_request_code(flow, metadata, client, code, NULL);
    expected = g_strdup_printf("grant_type=authorization_code&code=c%%2Fd"
                               "&redirect_uri=http%%3A%%2F%%2F127.0.0.1%%3A49152%%2Fc"
                               "&code_verifier=%s&client_id=ok_1",
                               sr_test_secret_text(flow->verifier));
    g_assert_cmpstr(exchange->url, ==, TOKEN_URL);
    sr_assert_secret(exchange->body, expected);
}

static void test_others(void)
{
    g_autoptr(SrMetadata) metadata = make_metadata();
    g_autoptr(SrClient) client = sr_client_new("ok_1", NULL);
    g_autoptr(SrSecret) token = sr_test_secret("t+u");
    g_autoptr(SrExchange) refresh = sr_token_request_refresh(metadata, client, token, NULL);
    g_autoptr(SrExchange) device = sr_token_request_device(metadata, client, token, NULL);
    g_autoptr(SrExchange) revoke =
        sr_token_request_revoke(metadata, client, token, "refresh_token", NULL);
    g_autoptr(SrExchange) start =
        sr_token_request_device_code(metadata, client, "openid offline_access", NULL);

    g_assert_cmpstr(refresh->url, ==, TOKEN_URL);
    sr_assert_secret(refresh->body, "grant_type=refresh_token&refresh_token=t%2Bu&client_id=ok_1");
    g_assert_cmpstr(device->url, ==, TOKEN_URL);
    sr_assert_secret(device->body,
                     "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
                     "&device_code=t%2Bu&client_id=ok_1");
    g_assert_cmpstr(revoke->url, ==, "https://op.example/revoke");
    sr_assert_secret(revoke->body, "token=t%2Bu&token_type_hint=refresh_token&client_id=ok_1");
    g_assert_cmpstr(start->url, ==, "https://op.example/device");
    sr_assert_secret(start->body, "scope=openid%20offline_access&client_id=ok_1");
}

static void test_missing_endpoints(void)
{
    g_autoptr(SrMetadata) metadata = sr_test_metadata("");
    g_autoptr(SrClient) client = sr_client_new("ok_1", NULL);
    g_autoptr(SrSecret) token = sr_test_secret("t");
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_token_request_revoke(metadata, client, token, "refresh_token", &error));
    sr_assert_blames(error, SR_ERROR_PROVIDER_ERROR, "revocation_endpoint");
    g_clear_error(&error);
    g_assert_null(sr_token_request_device_code(metadata, client, "openid", &error));
    sr_assert_blames(error, SR_ERROR_PROVIDER_ERROR, "device_authorization_endpoint");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-client/public-is-named-in-the-body-only", test_public);
    g_test_add_func("/oauth-client/an-empty-secret-is-none", test_empty_secret);
    g_test_add_func("/oauth-client/basic-encodes-reserved-characters-only", test_basic);
    g_test_add_func("/oauth-client/the-secret-in-the-body-instead", test_secret_in_body);
    g_test_add_func("/oauth-client/a-form-too-long-is-refused", test_form_too_long);
    g_test_add_func("/oauth-client/what-an-id-may-be", test_ids);
    g_test_add_func("/oauth-client/a-code-with-its-verifier", test_code);
    g_test_add_func("/oauth-client/refresh-device-and-revoke", test_others);
    g_test_add_func("/oauth-client/endpoints-that-are-not-there", test_missing_endpoints);
    return g_test_run();
}
