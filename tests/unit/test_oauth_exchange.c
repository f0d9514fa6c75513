#include "oauth/exchange.h"

#include "base/error.h"
#include "support/secret_text.h"

/* --- requests ------------------------------------------------------------------------------- */

static SrExchange *whole_request(void)
{
    SrExchange *exchange = sr_exchange_new("POST", "https://op.example/token?tenant=1");

    exchange->content_type = g_strdup("application/x-www-form-urlencoded");
    exchange->authorization = sr_test_secret("Basic b2s6cw==");
    exchange->dpop = g_strdup("eyJ0eXAi.e30.c2ln");
    exchange->body = sr_test_secret("grant_type=refresh_token\n\nx: y");
    return exchange;
}

static const char whole_text[] = "POST https://op.example/token?tenant=1\n"
                                 "Authorization: Basic b2s6cw==\n"
                                 "Content-Type: application/x-www-form-urlencoded\n"
                                 "DPoP: eyJ0eXAi.e30.c2ln\n"
                                 "Content-Length: 30\n"
                                 "\n"
                                 "grant_type=refresh_token\n\nx: y";

static void test_request(void)
{
    g_autoptr(SrExchange) exchange = whole_request();
    g_autoptr(SrSecret) text = sr_exchange_write(exchange, NULL);
    g_autoptr(SrExchange) read = NULL;

    sr_assert_secret(text, whole_text);
    read = sr_exchange_read(text, NULL);
    g_assert_nonnull(read);
    g_assert_cmpstr(read->method, ==, "POST");
    g_assert_cmpstr(read->url, ==, "https://op.example/token?tenant=1");
    g_assert_cmpstr(read->content_type, ==, "application/x-www-form-urlencoded");
    g_assert_cmpstr(read->dpop, ==, "eyJ0eXAi.e30.c2ln");
    sr_assert_secret(read->authorization, "Basic b2s6cw==");
    sr_assert_secret(read->body, "grant_type=refresh_token\n\nx: y");
}

static void test_bare_request(void)
{
    g_autoptr(SrExchange) exchange = sr_exchange_new("GET", "http://127.0.0.1:8000/jwks");
    g_autoptr(SrSecret) text = sr_exchange_write(exchange, NULL);
    g_autoptr(SrExchange) read = NULL;

    sr_assert_secret(text, "GET http://127.0.0.1:8000/jwks\n\n");
    read = sr_exchange_read(text, NULL);
    g_assert_cmpstr(read->method, ==, "GET");
    g_assert_null(read->authorization);
    g_assert_null(read->content_type);
    g_assert_null(read->dpop);
    g_assert_null(read->body);
}

static void test_every_cut_request(void)
{
    for (gsize length = 0; length < strlen(whole_text); length++) {
        g_autoptr(SrSecret) text = sr_secret_new_copy(whole_text, length, NULL);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_exchange_read(text, &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "exchange");
        g_assert_null(strstr(error->message, "b2s6"));
    }
}

static void test_unwritable(void)
{
    static const struct {
        const char *method;
        const char *url;
        const char *type;
        const char *authorization;
        const char *dpop;
        const char *blamed;
    } rows[] = {
        {"PUT", "https://op.example/", NULL, NULL, NULL, "method"},
        {"get", "https://op.example/", NULL, NULL, NULL, "method"},
        {"GET /\nX:", "https://op.example/", NULL, NULL, NULL, "method"},
        {"GET", "http://op.example/", NULL, NULL, NULL, "url"},
        {"GET", "file:///etc/passwd", NULL, NULL, NULL, "url"},
        {"GET", "javascript:alert(1)", NULL, NULL, NULL, "url"},
        {"GET", "https://op.example/#f", NULL, NULL, NULL, "url"},
        {"GET", "https://user@op.example/", NULL, NULL, NULL, "url"},
        {"GET", "https://op.example/a b", NULL, NULL, NULL, "url"},
        {"GET", "https://op.example/\nHost: x", NULL, NULL, NULL, "url"},
        {"GET", "https://op.example/", "a\nb", NULL, NULL, "contentType"},
        {"GET", "https://op.example/", "", NULL, NULL, "contentType"},
        {"GET", "https://op.example/", NULL, "Bearer a\r\nX: y", NULL, "authorization"},
        {"GET", "https://op.example/", NULL, "Bearer \xc3\xa4", NULL, "authorization"},
        {"GET", "https://op.example/", NULL, "", NULL, "authorization"},
        {"GET", "https://op.example/", NULL, NULL, "a b", "dpop"},
        {"GET", "https://op.example/", NULL, NULL, "a\n", "dpop"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrExchange) exchange = sr_exchange_new(rows[i].method, rows[i].url);
        g_autoptr(GError) error = NULL;

        exchange->content_type = g_strdup(rows[i].type);
        exchange->dpop = g_strdup(rows[i].dpop);
        if (rows[i].authorization)
            exchange->authorization = sr_test_secret(rows[i].authorization);
        g_assert_null(sr_exchange_write(exchange, &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, rows[i].blamed);
    }
}

static void test_request_too_long(void)
{
    g_autoptr(SrExchange) exchange = sr_exchange_new("POST", "https://op.example/");
    g_autoptr(GError) error = NULL;

    exchange->body = sr_secret_new(SR_EXCHANGE_REQUEST_MAX, NULL);
    g_assert_null(sr_exchange_write(exchange, &error));
    sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "body");
}

static void test_unreadable(void)
{
    static const char *const texts[] = {
        "",
        "\n",
        "\n\n",
        "GET\n\n",
        "GET \n\n",
        "GET https://op.example/",
        "GET https://op.example/\n",
        "GET https://op.example/\r\n\r\n",
        "GET  https://op.example/\n\n",
        "GET https://op.example/ \n\n",
        "GET https://op.example/ HTTP/1.1\n\n",
        "PUT https://op.example/\n\n",
        "GET http://op.example/\n\n",
        "GET https://op.example/\n\nx",
        "GET https://op.example/\nX-Other: y\n\n",
        "GET https://op.example/\nAuthorization: \n\n",
        "GET https://op.example/\nAuthorization:Bearer x\n\n",
        "GET https://op.example/\nauthorization: Bearer x\n\n",
        "GET https://op.example/\nAuthorization: Bearer x\tx\n\n",
        "GET https://op.example/\nAuthorization: a\nAuthorization: b\n\n",
        "GET https://op.example/\nDPoP: a\nAuthorization: b\n\n",
        "POST https://op.example/\nContent-Length: 0\n\n",
        "POST https://op.example/\nContent-Length: 01\n\nx",
        "POST https://op.example/\nContent-Length: +1\n\nx",
        "POST https://op.example/\nContent-Length: 1 \n\nx",
        "POST https://op.example/\nContent-Length: 2\n\nx",
        "POST https://op.example/\nContent-Length: 1\n\nxy",
        "POST https://op.example/\nContent-Length: 18446744073709551617\n\nx",
        "POST https://op.example/\nContent-Length: 4294967297\n\nx",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(SrSecret) text = sr_test_secret(texts[i]);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_exchange_read(text, &error));
        g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
    }
}

static void test_nul_in_request(void)
{
    static const char text[] = "GET https://op.example/\0.evil\n\n";
    g_autoptr(SrSecret) secret = sr_secret_new_copy(text, sizeof text - 1, NULL);

    g_assert_null(sr_exchange_read(secret, NULL));
}

/* --- replies -------------------------------------------------------------------------------- */

static void test_reply(void)
{
    static const char expected[] = "200\n"
                                   "Content-Type: application/json; charset=utf-8\n"
                                   "Retry-After: 3\n"
                                   "DPoP-Nonce: eyJ7S_zG.eyJH0-Z.HX4w-7v\n"
                                   "Content-Length: 8\n"
                                   "\n"
                                   "{\"a\":\n1}";
    g_autoptr(SrExchangeReply) reply = sr_exchange_reply_new(SR_OUTCOME_ANSWERED, NULL);
    g_autoptr(SrSecret) text = NULL;
    g_autoptr(SrExchangeReply) read = NULL;

    reply->status = 200;
    reply->content_type = g_strdup("application/json; charset=utf-8");
    reply->retry_after = 3;
    reply->dpop_nonce = g_strdup("eyJ7S_zG.eyJH0-Z.HX4w-7v");
    reply->body = sr_test_secret("{\"a\":\n1}");
    text = sr_exchange_reply_write(reply, NULL);
    sr_assert_secret(text, expected);

    read = sr_exchange_reply_read(text, NULL);
    g_assert_nonnull(read);
    g_assert_cmpint(read->outcome, ==, SR_OUTCOME_ANSWERED);
    g_assert_null(read->problem);
    g_assert_cmpuint(read->status, ==, 200);
    g_assert_cmpstr(read->content_type, ==, "application/json; charset=utf-8");
    g_assert_cmpint(read->retry_after, ==, 3);
    g_assert_cmpstr(read->dpop_nonce, ==, "eyJ7S_zG.eyJH0-Z.HX4w-7v");
    sr_assert_secret(read->body, "{\"a\":\n1}");
    for (gsize length = 0; length < strlen(expected); length++) {
        g_autoptr(SrSecret) cut = sr_secret_new_copy(expected, length, NULL);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_exchange_reply_read(cut, &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "reply");
    }
}

static void test_bare_reply(void)
{
    g_autoptr(SrExchangeReply) reply = sr_exchange_reply_new(SR_OUTCOME_ANSWERED, NULL);
    g_autoptr(SrSecret) text = NULL;
    g_autoptr(SrExchangeReply) read = NULL;

    reply->status = 503;
    text = sr_exchange_reply_write(reply, NULL);
    sr_assert_secret(text, "503\n\n");
    read = sr_exchange_reply_read(text, NULL);
    g_assert_cmpuint(read->status, ==, 503);
    g_assert_cmpint(read->retry_after, ==, -1);
    g_assert_null(read->body);
}

static void test_no_answer(void)
{
    static const struct {
        SrOutcome outcome;
        const char *problem;
        const char *text;
    } rows[] = {
        {SR_OUTCOME_NOT_SENT, "could not resolve host", "not-sent could not resolve host\n"},
        {SR_OUTCOME_UNKNOWN, "timed out", "unknown timed out\n"},
        {SR_OUTCOME_UNKNOWN, "a\nb\t\x1b[0m\xc3\xa4", "unknown a?b??[0m??\n"},
        {SR_OUTCOME_UNKNOWN, "", "unknown no reason was given\n"},
        {SR_OUTCOME_NOT_SENT, NULL, "not-sent no reason was given\n"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SrExchangeReply) reply = sr_exchange_reply_new(rows[i].outcome, rows[i].problem);
        g_autoptr(SrSecret) text = sr_exchange_reply_write(reply, NULL);
        g_autoptr(SrExchangeReply) read = NULL;

        sr_assert_secret(text, rows[i].text);
        read = sr_exchange_reply_read(text, NULL);
        g_assert_nonnull(read);
        g_assert_cmpint(read->outcome, ==, rows[i].outcome);
        g_assert_cmpstr(read->problem, ==, reply->problem);
        g_assert_cmpint(read->retry_after, ==, -1);
    }
}

static void test_useless_headers(void)
{
    g_autoptr(SrExchangeReply) reply = sr_exchange_reply_new(SR_OUTCOME_ANSWERED, NULL);
    g_autoptr(SrSecret) text = NULL;

    reply->status = 200;
    reply->content_type = g_strdup("text\n/html");
    reply->dpop_nonce = g_strnfill(2000, 'n');
    reply->retry_after = G_MAXINT64;
    reply->body = sr_test_secret("x");
    text = sr_exchange_reply_write(reply, NULL);
    sr_assert_secret(text, "200\nRetry-After: 86400\nContent-Length: 1\n\nx");
}

static void test_unwritable_reply(void)
{
    g_autoptr(SrExchangeReply) reply = sr_exchange_reply_new(SR_OUTCOME_ANSWERED, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(sr_exchange_reply_write(reply, &error));
    sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "status");
    g_clear_error(&error);
    reply->status = 200;
    reply->body = sr_secret_new(SR_EXCHANGE_BODY_MAX + 1, NULL);
    g_assert_null(sr_exchange_reply_write(reply, &error));
    sr_assert_blames(error, SR_ERROR_LIMIT_EXCEEDED, "body");
}

static void test_largest_reply(void)
{
    g_autoptr(SrExchangeReply) reply = sr_exchange_reply_new(SR_OUTCOME_ANSWERED, NULL);
    g_autoptr(SrSecret) text = NULL;
    g_autoptr(SrExchangeReply) read = NULL;

    reply->status = 200;
    reply->content_type = g_strnfill(1024, 'c');
    reply->dpop_nonce = g_strnfill(1024, 'n');
    reply->body = sr_secret_new(SR_EXCHANGE_BODY_MAX, NULL);
    text = sr_exchange_reply_write(reply, NULL);
    g_assert_cmpuint(sr_secret_size(text), <=, SR_EXCHANGE_REPLY_MAX);
    read = sr_exchange_reply_read(text, NULL);
    g_assert_cmpuint(sr_secret_size(read->body), ==, SR_EXCHANGE_BODY_MAX);
}

static void test_unreadable_reply(void)
{
    static const char *const texts[] = {
        "",
        "\n\n",
        "20\n\n",
        "099\n\n",
        "600\n\n",
        "0200\n\n",
        "+200\n\n",
        "200 OK\n\n",
        "200\n",
        "200\n\nx",
        "200\nX: y\n\n",
        "200\nRetry-After: 3\nContent-Type: a\n\n",
        "200\nRetry-After: -1\n\n",
        "200\nRetry-After: 03\n\n",
        "200\nRetry-After: 86401\n\n",
        "200\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\n\n",
        "200\nContent-Length: 2\n\nx",
        "not-sent\n",
        "not-sent \n",
        "not-sent a\n\n",
        "not-sent a",
        "unknown a\tb\n",
        "unknown a\n200\n\n",
        "Unknown a\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(SrSecret) text = sr_test_secret(texts[i]);
        g_autoptr(GError) error = NULL;

        g_assert_null(sr_exchange_reply_read(text, &error));
        sr_assert_blames(error, SR_ERROR_INVALID_PARAMS, "reply");
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/oauth-exchange/a-request-there-and-back", test_request);
    g_test_add_func("/oauth-exchange/a-request-without-headers-and-body", test_bare_request);
    g_test_add_func("/oauth-exchange/a-request-cut-anywhere-is-refused", test_every_cut_request);
    g_test_add_func("/oauth-exchange/what-cannot-be-sent-is-named", test_unwritable);
    g_test_add_func("/oauth-exchange/a-request-too-long-is-refused", test_request_too_long);
    g_test_add_func("/oauth-exchange/other-texts-are-no-requests", test_unreadable);
    g_test_add_func("/oauth-exchange/a-nul-hides-nothing", test_nul_in_request);
    g_test_add_func("/oauth-exchange/a-reply-there-and-back-or-cut", test_reply);
    g_test_add_func("/oauth-exchange/a-reply-without-headers-and-body", test_bare_reply);
    g_test_add_func("/oauth-exchange/not-sent-and-unknown-are-told-apart", test_no_answer);
    g_test_add_func("/oauth-exchange/useless-headers-lose-no-reply", test_useless_headers);
    g_test_add_func("/oauth-exchange/replies-that-cannot-be-written", test_unwritable_reply);
    g_test_add_func("/oauth-exchange/the-largest-reply-passes", test_largest_reply);
    g_test_add_func("/oauth-exchange/other-texts-are-no-replies", test_unreadable_reply);
    return g_test_run();
}
