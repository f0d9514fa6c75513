#include "oauth/device.h"

#include "base/error.h"
#include "support/secret_text.h"

static SrDeviceCode *parse(guint status, const char *body, gboolean loopback_http, GError **error)
{
    g_autoptr(SrExchangeReply) reply = sr_exchange_reply_new(SR_OUTCOME_ANSWERED, NULL);

    reply->status = status;
    reply->body = *body ? sr_test_secret(body) : NULL;
    return sr_device_code_parse(reply, loopback_http, error);
}

/* RFC 8628 §3.2. */
static void test_answer(void)
{
    g_autoptr(SrDeviceCode) code =
        parse(200,
              "{\"device_code\":\"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS\","
              "\"user_code\":\"WDJB-MJHT\",\"verification_uri\":\"https://example.com/device\","
              "\"verification_uri_complete\":\"https://example.com/device?user_code=WDJB-MJHT\","
              "\"expires_in\":1800,\"interval\":7}",
              FALSE, NULL);

    g_assert_nonnull(code);
    sr_assert_secret(code->device_code, "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS");
    g_assert_cmpstr(code->user_code, ==, "WDJB-MJHT");
    g_assert_cmpstr(code->verification_uri, ==, "https://example.com/device");
    g_assert_cmpstr(code->verification_uri_complete, ==,
                    "https://example.com/device?user_code=WDJB-MJHT");
    g_assert_cmpint(code->expires_in, ==, 1800);
    g_assert_cmpint(code->interval, ==, 7);
}

#define BASE                                                                                       \
    "\"device_code\":\"DeV\",\"user_code\":\"A B\",\"verification_uri\":\"https://e.example/\""

static void test_times(void)
{
    static const struct {
        const char *members;
        gint64 expires_in;
        gint64 interval;
    } rows[] = {
        {"\"expires_in\":60", 60, 5},
        {"\"expires_in\":3601", 3600, 5},
        {"\"expires_in\":9007199254740991,\"interval\":9007199254740991", 3600, 60},
        {"\"expires_in\":60,\"interval\":0", 60, 1},
        {"\"expires_in\":60,\"interval\":null", 60, 5},
        {"\"expires_in\":60,\"interval\":61", 60, 60},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *body = g_strdup_printf("{" BASE ",%s}", rows[i].members);
        g_autoptr(SrDeviceCode) code = parse(200, body, FALSE, NULL);

        g_assert_nonnull(code);
        g_assert_cmpint(code->expires_in, ==, rows[i].expires_in);
        g_assert_cmpint(code->interval, ==, rows[i].interval);
        g_assert_null(code->verification_uri_complete);
    }
}

static void test_refusals(void)
{
    static const struct {
        const char *body;
        const char *blamed;
    } rows[] = {
        {"", "device_code"},
        {"<html>", "json"},
        {"[]", "body"},
        {"{}", "device_code"},
        {"{\"device_code\":7}", "device_code"},
        {"{\"device_code\":\"a b\"}", "device_code"},
        {"{\"device_code\":\"DeV\"}", "user_code"},
        {"{\"device_code\":\"DeV\",\"user_code\":\"\"}", "user_code"},
        {"{\"device_code\":\"DeV\",\"user_code\":\"a\\nb\"}", "user_code"},
        {"{\"device_code\":\"DeV\",\"user_code\":\"12345678901234567890123456789012345678901234567"
         "890123456789012345\"}",
         "user_code"},
        {"{\"device_code\":\"DeV\",\"user_code\":\"A\"}", "verification_uri"},
        {"{\"device_code\":\"DeV\",\"user_code\":\"A\",\"verification_uri\":\"http://e.example/\"}",
         "verification_uri"},
        {"{\"device_code\":\"DeV\",\"user_code\":\"A\",\"verification_uri\":\"http://127.0.0.1/\"}",
         "verification_uri"},
        {"{\"device_code\":\"DeV\",\"user_code\":\"A\",\"verification_uri\":\"javascript:1\"}",
         "verification_uri"},
        {"{" BASE ",\"verification_uri_complete\":\"file:///etc/passwd\",\"expires_in\":60}",
         "verification_uri_complete"},
        {"{" BASE "}", "expires_in"},
        {"{" BASE ",\"expires_in\":0}", "expires_in"},
        {"{" BASE ",\"expires_in\":\"60\"}", "expires_in"},
        {"{" BASE ",\"expires_in\":60,\"interval\":-1}", "interval"},
        {"{" BASE ",\"expires_in\":60,\"interval\":\"5\"}", "interval"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(parse(200, rows[i].body, FALSE, &error));
        sr_assert_blames(error, SR_ERROR_PROVIDER_ERROR, rows[i].blamed);
        g_assert_null(strstr(error->message, "DeV"));
    }
}

static void test_loopback(void)
{
    g_autoptr(SrDeviceCode) code =
        parse(200,
              "{\"device_code\":\"DeV\",\"user_code\":\"A\",\"expires_in\":60,"
              "\"verification_uri\":\"http://127.0.0.1:3000/device\"}",
              TRUE, NULL);

    g_assert_nonnull(code);
}

static void test_errors(void)
{
    g_autoptr(SrExchangeReply) lost = sr_exchange_reply_new(SR_OUTCOME_UNKNOWN, "timed out");
    g_autoptr(GError) error = NULL;

    g_assert_null(parse(400, "{\"error\":\"invalid_client\"}", FALSE, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_PROVIDER_ERROR);
    g_assert_nonnull(strstr(error->message, "invalid_client"));
    g_clear_error(&error);
    g_assert_null(parse(502, "<html>", FALSE, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_PROVIDER_ERROR);
    g_assert_nonnull(strstr(error->message, "HTTP status 502"));
    g_clear_error(&error);
    g_assert_null(sr_device_code_parse(lost, FALSE, &error));
    g_assert_error(error, SR_ERROR, SR_ERROR_NETWORK_ERROR);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-device/answer-of-rfc-8628", test_answer);
    g_test_add_func("/oauth-device/times-are-cut", test_times);
    g_test_add_func("/oauth-device/refusals-name-the-member", test_refusals);
    g_test_add_func("/oauth-device/loopback-with-the-flag", test_loopback);
    g_test_add_func("/oauth-device/errors-and-no-answer", test_errors);
    return g_test_run();
}
