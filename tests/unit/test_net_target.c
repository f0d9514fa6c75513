/* Where sealring-net connects to. */
#include "net/target.h"

#include <glib.h>

static SrTarget *target_of(const char *url, gboolean loopback_http)
{
    const char *problem = NULL;
    SrTarget *target = sr_target_new(url, loopback_http, &problem);

    g_assert_true((target != NULL) != (problem != NULL));
    return target;
}

static void test_https(void)
{
    g_autoptr(SrTarget) target = target_of("https://op.example:8443/a/../token?x=y", FALSE);
    char *url = NULL;

    g_assert_nonnull(target);
    g_assert_true(target->is_https);
    g_assert_false(target->is_loopback);
    g_assert_null(target->pinned);
    g_assert_cmpint(curl_url_get(target->url, CURLUPART_URL, &url, 0), ==, CURLUE_OK);
    g_assert_cmpstr(url, ==, "https://op.example:8443/a/../token?x=y");
    curl_free(url);
}

static void test_loopback(void)
{
    static const struct {
        const char *url;
        const char *pinned;
    } cases[] = {
        {"http://127.0.0.1:9/", NULL},
        {"http://[::1]:9/x?y", NULL},
        {"http://localhost:9/", "localhost:9:127.0.0.1,[::1]"},
        {"http://localhost/", "localhost:80:127.0.0.1,[::1]"},
        {"https://localhost/", "localhost:443:127.0.0.1,[::1]"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SrTarget) target = target_of(cases[i].url, TRUE);

        g_assert_nonnull(target);
        g_assert_true(target->is_loopback);
        g_assert_cmpstr(target->pinned, ==, cases[i].pinned);
    }
}

static void test_refused(void)
{
    static const char *const urls[] = {
        "http://op.example/",
        "http://127.0.0.1.op.example/",
        "http://localhost.op.example",
        "http://127.0.0.2/",
        "http://[::2]/",
        "http://127.0.0.1@op.example/",
        "https://user@op.example/",
        "https://user:pass@op.example",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "op.example",
        "http://localhost.:9/",
        "",
        "https://op.example:123456/",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(SrTarget) target = target_of(urls[i], TRUE);

        if (target)
            g_error("%s is taken", urls[i]);
    }
}

static void test_http_needs_leave(void)
{
    g_assert_null(target_of("http://127.0.0.1:9/", FALSE));
    g_assert_null(target_of("http://localhost:9/", FALSE));
}

static void test_proxies(void)
{
    static const char *const good[] = {"http://proxy.example:3128", "https://proxy.example",
                                       "socks5://127.0.0.1:1080", "socks5h://[::1]:1080",
                                       "proxy.example:3128"};
    static const char *const bad[] = {"",
                                      "http://user:pass@proxy.example",
                                      "http://user@proxy",
                                      "user:pass@proxy.example:3128",
                                      "file:///etc/passwd",
                                      "ftp://proxy.example",
                                      "socks4://proxy.example"};

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(sr_target_is_proxy(good[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(sr_target_is_proxy(bad[i]));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/net-target/https-is-taken-as-it-is", test_https);
    g_test_add_func("/net-target/loopback-is-known-and-localhost-is-pinned", test_loopback);
    g_test_add_func("/net-target/anything-else-is-refused", test_refused);
    g_test_add_func("/net-target/http-needs-leave", test_http_needs_leave);
    g_test_add_func("/net-target/proxies-have-no-user-part", test_proxies);
    return g_test_run();
}
