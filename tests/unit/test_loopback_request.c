/* Which requests to the loopback listener are the redirect of a login, and what the others get. */
#include "net/loopback_request.h"
#include "net/page.h"

#include <glib.h>
#include <string.h>

#define GOOD_LINE "GET /callback?code=c0de&state=5tate HTTP/1.1\r\n"
#define GOOD_HOST "Host: 127.0.0.1:4242\r\n"
#define GOOD_REQUEST "/callback?code=c0de&state=5tate"

static const SrLoopbackTarget target = {"/callback", 4242};

/* The status of @size bytes in memory of just that size, so that reading on is seen. */
static SrLoopbackStatus judge_bytes(const char *bytes, gsize size, char **ret_request)
{
    g_autofree char *exact = g_memdup2(bytes, size);
    const char *request = NULL;
    gsize length = 0;
    const SrLoopbackStatus status =
        sr_loopback_request_read(exact, size, &target, &request, &length);

    if (status == SR_LOOPBACK_REDIRECT) {
        g_assert_true(request >= exact && request + length <= exact + size);
        if (ret_request)
            *ret_request = g_strndup(request, length);
    } else {
        g_assert_null(request);
    }
    return status;
}

static void assert_status(const char *text, SrLoopbackStatus expected)
{
    const SrLoopbackStatus status = judge_bytes(text, strlen(text), NULL);

    if (status != expected)
        g_error("%u instead of %u for: %s", status, expected, text);
}

static void test_redirects(void)
{
    static const char *const heads[] = {
        GOOD_LINE GOOD_HOST "\r\n",
        "GET /callback?code=c0de&state=5tate HTTP/1.0\r\n" GOOD_HOST "\r\n",
        GOOD_LINE "hOST:127.0.0.1:4242\r\n\r\n",
        GOOD_LINE "Host: \t 127.0.0.1:4242 \t\r\n\r\n",
        GOOD_LINE "Accept: */*\r\n" GOOD_HOST "X-Empty:\r\nCookie: a=\xc3\xa9\r\n\r\n",
        GOOD_LINE GOOD_HOST "\r\nwhat follows is not looked at \x01\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(heads); i++) {
        g_autofree char *request = NULL;

        g_assert_cmpint(judge_bytes(heads[i], strlen(heads[i]), &request), ==,
                        SR_LOOPBACK_REDIRECT);
        g_assert_cmpstr(request, ==, GOOD_REQUEST);
    }
}

static void test_every_part_of_a_redirect_is_more_to_come(void)
{
    static const char head[] = GOOD_LINE "Accept: */*\r\n" GOOD_HOST "\r\n";

    for (gsize size = 0; size < strlen(head); size++)
        g_assert_cmpint(judge_bytes(head, size, NULL), ==, SR_LOOPBACK_MORE);
}

static void test_other_paths(void)
{
    static const char *const targets[] = {"/",
                                          "/favicon.ico",
                                          "/callback/?code=1",
                                          "/callbac?a=b",
                                          "/callback2?a=b",
                                          "/Callback?a=b",
                                          "//callback?a",
                                          "/%63allback?a",
                                          "/?/callback?a"};

    for (gsize i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_autofree char *head =
            g_strconcat("GET ", targets[i], " HTTP/1.1\r\n" GOOD_HOST "\r\n", NULL);

        assert_status(head, SR_LOOPBACK_NOT_FOUND);
    }
}

static void test_a_redirect_without_an_answer_is_malformed(void)
{
    assert_status("GET /callback HTTP/1.1\r\n" GOOD_HOST "\r\n", SR_LOOPBACK_MALFORMED);
    assert_status("GET /callback? HTTP/1.1\r\n" GOOD_HOST "\r\n", SR_LOOPBACK_MALFORMED);
}

static void test_other_methods(void)
{
    static const char *const methods[] = {"HEAD", "POST", "OPTIONS", "get", "CONNECT", "G"};

    for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
        g_autofree char *head =
            g_strconcat(methods[i], " /callback?a=b HTTP/1.1\r\n" GOOD_HOST "\r\n", NULL);

        assert_status(head, SR_LOOPBACK_NOT_GET);
    }
}

static void test_other_hosts(void)
{
    static const char *const hosts[] = {
        "",
        "Host:\r\n",
        "Host: 127.0.0.1\r\n",
        "Host: 127.0.0.1:4243\r\n",
        "Host: 127.0.0.1:04242\r\n",
        "Host: 127.0.0.1:42424\r\n",
        "Host: localhost:4242\r\n",
        "Host: [::1]:4242\r\n",
        "Host: evil.example:4242\r\n",
        "Host: 127.0.0.1:4242.evil.example\r\n",
        "Host: 127.0.0.1:4242, 127.0.0.1:4242\r\n",
        "X-Host: 127.0.0.1:4242\r\n",
        GOOD_HOST GOOD_HOST,
        GOOD_HOST "Host: evil.example\r\n",
        ("host: evil.example\r\n" GOOD_HOST),
    };

    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autofree char *head = g_strconcat(GOOD_LINE, hosts[i], "\r\n", NULL);

        assert_status(head, SR_LOOPBACK_MALFORMED);
    }
}

static void test_malformed_lines(void)
{
    static const char *const lines[] = {
        "",
        " ",
        "GET",
        "GET /callback?a=b",
        "GET  /callback?a=b HTTP/1.1",
        "GET /callback?a=b  HTTP/1.1",
        " GET /callback?a=b HTTP/1.1",
        "GET /callback?a=b HTTP/1.1 ",
        "GET\t/callback?a=b HTTP/1.1",
        "GET /callback?a b HTTP/1.1",
        "GET callback?a=b HTTP/1.1",
        "GET http://127.0.0.1:4242/callback?a=b HTTP/1.1",
        "GET * HTTP/1.1",
        "GET /callback?a=b#c HTTP/1.1",
        "GET /callback?a=\xc3\xa9 HTTP/1.1",
        "GET /callback?a=b HTTP/1.2",
        "GET /callback?a=b HTTP/2.0",
        "GET /callback?a=b http/1.1",
        "G(T /callback?a=b HTTP/1.1",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *head = g_strconcat(lines[i], "\r\n" GOOD_HOST "\r\n", NULL);

        assert_status(head, SR_LOOPBACK_MALFORMED);
    }
}

static void test_malformed_headers(void)
{
    static const char *const headers[] = {
        "Accept\r\n",        ": value\r\n",  "Accept : */*\r\n",
        " folded: line\r\n", "\tfolded\r\n", "Acc\xc3\xa9pt: a\r\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autofree char *head = g_strconcat(GOOD_LINE GOOD_HOST, headers[i], "\r\n", NULL);

        assert_status(head, SR_LOOPBACK_MALFORMED);
    }
}

/* A connection with another protocol is not kept waiting for the end of its head. */
static void test_control_characters_end_it_at_once(void)
{
    static const char tls[] = "\x16\x03\x01\x02";
    static const char zero[] = "GET /callback?a=\0b HTTP/1.1";

    g_assert_cmpint(judge_bytes(tls, sizeof tls - 1, NULL), ==, SR_LOOPBACK_MALFORMED);
    g_assert_cmpint(judge_bytes(zero, sizeof zero - 1, NULL), ==, SR_LOOPBACK_MALFORMED);
    assert_status("GET /callback?a=b HTTP/1.1\n", SR_LOOPBACK_MALFORMED);
    assert_status("GET /callback?a=b\rHTTP", SR_LOOPBACK_MALFORMED);
    assert_status("GET /callback?a=b\x7f", SR_LOOPBACK_MALFORMED);
}

/* A redirect of @size bytes in all. */
static char *long_head(gsize size)
{
    static const char start[] = GOOD_LINE GOOD_HOST "X: ";
    char *head = g_malloc(size + 1);

    memset(head, 'x', size);
    memcpy(head, start, strlen(start));
    memcpy(head + size - 4, "\r\n\r\n", sizeof "\r\n\r\n");
    return head;
}

static void test_the_largest_head(void)
{
    g_autofree char *largest = long_head(SR_LOOPBACK_HEAD_MAX);
    g_autofree char *larger = long_head(SR_LOOPBACK_HEAD_MAX + 1);

    assert_status(largest, SR_LOOPBACK_REDIRECT);
    g_assert_cmpint(judge_bytes(largest, SR_LOOPBACK_HEAD_MAX - 1, NULL), ==, SR_LOOPBACK_MORE);
    assert_status(larger, SR_LOOPBACK_TOO_LONG);
    g_assert_cmpint(judge_bytes(larger, SR_LOOPBACK_HEAD_MAX, NULL), ==, SR_LOOPBACK_TOO_LONG);
}

static void test_paths(void)
{
    g_autofree char *longest = g_strnfill(SR_LOOPBACK_PATH_MAX, '/');
    g_autofree char *longer = g_strnfill(SR_LOOPBACK_PATH_MAX + 1, '/');

    g_assert_true(sr_loopback_path_is_valid("/"));
    g_assert_true(sr_loopback_path_is_valid("/mozoauth2/1234"));
    g_assert_true(sr_loopback_path_is_valid(longest));
    g_assert_false(sr_loopback_path_is_valid(longer));
    g_assert_false(sr_loopback_path_is_valid(""));
    g_assert_false(sr_loopback_path_is_valid("callback"));
    g_assert_false(sr_loopback_path_is_valid("/a b"));
    g_assert_false(sr_loopback_path_is_valid("/a?b"));
    g_assert_false(sr_loopback_path_is_valid("/a#b"));
    g_assert_false(sr_loopback_path_is_valid("/a\n"));
}

/* The announced length is that of the page, and the page asks for nothing from elsewhere. */
static void assert_page(SrLoopbackStatus status)
{
    char page[SR_PAGE_MAX];
    const gsize length = sr_page_write(status, page);
    g_autofree char *line = g_strdup_printf("HTTP/1.1 %u ", status);
    const char *body = strstr(page, "\r\n\r\n");
    g_autofree char *size = NULL;

    g_assert_cmpuint(length, <, SR_PAGE_MAX);
    g_assert_cmpuint(strlen(page), ==, length);
    g_assert_true(g_str_has_prefix(page, line));
    g_assert_nonnull(body);
    size = g_strdup_printf("Content-Length: %zu\r\n", strlen(body + 4));
    g_assert_nonnull(strstr(page, size));
    g_assert_nonnull(strstr(page, "Content-Security-Policy: default-src 'none';"));
    g_assert_null(strstr(body, "http"));
    g_assert_null(strstr(body, "script"));
    g_assert_null(strstr(body, "url("));
}

static void test_pages(void)
{
    static const SrLoopbackStatus all[] = {SR_LOOPBACK_REDIRECT, SR_LOOPBACK_MALFORMED,
                                           SR_LOOPBACK_NOT_FOUND, SR_LOOPBACK_NOT_GET,
                                           SR_LOOPBACK_TOO_LONG};

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        assert_page(all[i]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/loopback-request/redirects-are-taken", test_redirects);
    g_test_add_func("/loopback-request/every-part-of-a-redirect-waits-for-more",
                    test_every_part_of_a_redirect_is_more_to_come);
    g_test_add_func("/loopback-request/other-paths-are-not-found", test_other_paths);
    g_test_add_func("/loopback-request/a-redirect-without-a-query-is-malformed",
                    test_a_redirect_without_an_answer_is_malformed);
    g_test_add_func("/loopback-request/only-get-is-allowed", test_other_methods);
    g_test_add_func("/loopback-request/exactly-one-host-which-is-ours", test_other_hosts);
    g_test_add_func("/loopback-request/malformed-request-lines", test_malformed_lines);
    g_test_add_func("/loopback-request/malformed-headers", test_malformed_headers);
    g_test_add_func("/loopback-request/control-characters-end-it-at-once",
                    test_control_characters_end_it_at_once);
    g_test_add_func("/loopback-request/a-head-over-the-limit-is-too-long", test_the_largest_head);
    g_test_add_func("/loopback-request/paths", test_paths);
    g_test_add_func("/loopback-request/pages-are-whole-and-load-nothing", test_pages);
    return g_test_run();
}
