/*
 * Domain binding (EIP-4361): which pages may ask at all, and which messages each may ask for. W
 * numbers are those of the wallet rules in the EIP's order of the "Wallet Implementer Guidelines".
 */
#include "policy/origin.h"

#include "base/error.h"

#include <glib.h>
#include <string.h>

#define CHROME_ID "abcdefghijklmnopabcdefghijklmnop"
#define CHROME "chrome-extension://" CHROME_ID
#define MOZ_ID "d0e1f2a3-1111-2222-3333-44445555666f"
#define MOZ "moz-extension://" MOZ_ID

static const SrOriginPolicy strict = {.allow_http_loopback = FALSE};
static const SrOriginPolicy developer = {.allow_http_loopback = TRUE};

/* --- origins -------------------------------------------------------------------------------- */

typedef enum {
    NEVER,
    DEVELOPER, /* in developer mode only */
    ALWAYS,
} Accepted;

typedef struct {
    const char *origin;
    Accepted accepted;
} OriginRow;

static const OriginRow origin_rows[] = {
    /* https */
    {"https://example.com", ALWAYS},
    {"https://app.example.com", ALWAYS},
    {"https://a", ALWAYS},
    {"https://localhost", ALWAYS},
    {"https://example.com:8443", ALWAYS},
    {"https://example.com:1", ALWAYS},
    {"https://example.com:65535", ALWAYS},
    {"https://example.com:80", ALWAYS},
    {"https://xn--bcher-kva.example", ALWAYS},
    {"https://my_site.example", ALWAYS},
    {"https://r3---sn-abc.example", ALWAYS},
    {"https://1.example", ALWAYS},
    {"https://1.2.3.4.example.com", ALWAYS},
    {"https://192.168.0.1", ALWAYS},
    {"https://192.168.0.1:8443", ALWAYS},
    {"https://[::1]", ALWAYS},
    {"https://[::1]:8443", ALWAYS},
    {"https://[2001:db8::1]", ALWAYS},
    {"https://[2001:db8:0:1:1:1:1:1]", ALWAYS},
    {"https://[::ffff:102:304]", ALWAYS},
    {"https://[::]", ALWAYS},
    {"https://[1::]", ALWAYS},
    {"https://[1:0:0:2::3]", ALWAYS},
    {"https://[1::2:0:0:3:4]", ALWAYS},
    {"https://[1:0:0:2::3:4]", NEVER},
    /* not in the form browsers write */
    {"https://example.com/", NEVER},
    {"https://example.com/path", NEVER},
    {"https://example.com?x", NEVER},
    {"https://example.com#x", NEVER},
    {"https://example.com:443", NEVER},
    {"https://example.com:", NEVER},
    {"https://example.com:0", NEVER},
    {"https://example.com:08443", NEVER},
    {"https://example.com:65536", NEVER},
    {"https://example.com:4294967739", NEVER},
    {"https://example.com:+80", NEVER},
    {"https://example.com:8443:1", NEVER},
    {"https://example.com:80a", NEVER},
    {"https://Example.com", NEVER},
    {"HTTPS://example.com", NEVER},
    {"Https://example.com", NEVER},
    {"https:/example.com", NEVER},
    {"https:example.com", NEVER},
    {"https:///example.com", NEVER},
    {"https://", NEVER},
    {"https://:8443", NEVER},
    {"https://example.com.", NEVER},
    {"https://.example.com", NEVER},
    {"https://example..com", NEVER},
    {"https://.", NEVER},
    {"https://user@example.com", NEVER},
    {"https://user:pw@example.com", NEVER},
    {"https://@example.com", NEVER},
    {"https://b\xc3\xbc"
     "cher.example",
     NEVER},
    {"https://\xd0\xb0pple.com", NEVER},
    {"https://example\xe3\x80\x82"
     "com",
     NEVER},
    {"https://example.com\xff", NEVER},
    {"https://exam ple.com", NEVER},
    {"https://exam%70le.com", NEVER},
    {"https://example.com\n", NEVER},
    {" https://example.com", NEVER},
    {"https://example.com ", NEVER},
    {"https://*.example.com", NEVER},
    {"https://*", NEVER},
    {"https://exa\\mple.com", NEVER},
    /* other forms of addresses */
    {"https://127.1", NEVER},
    {"https://127.0.0.01", NEVER},
    {"https://0177.0.0.1", NEVER},
    {"https://0x7f.0.0.1", NEVER},
    {"https://0x7f000001", NEVER},
    {"https://2130706433", NEVER},
    {"https://256.1.1.1", NEVER},
    {"https://1.2.3.4.5", NEVER},
    {"https://1.2.3", NEVER},
    {"https://example.0x1", NEVER},
    {"https://example.1", NEVER},
    {"https://[0:0:0:0:0:0:0:1]", NEVER},
    {"https://[::0001]", NEVER},
    {"https://[2001:DB8::1]", NEVER},
    {"https://[::ffff:1.2.3.4]", NEVER},
    {"https://[2001:db8::1:1:1:1:1]", NEVER},
    {"https://[fe80::1%25eth0]", NEVER},
    {"https://[fe80::1%eth0]", NEVER},
    {"https://[v1.x]", NEVER},
    {"https://[::1", NEVER},
    {"https://[::1]8443", NEVER},
    {"https://[::1]:", NEVER},
    {"https://[]", NEVER},
    {"https://[]]", NEVER},
    {"https://::1", NEVER},
    /* http: developer mode, and there only this machine */
    {"http://localhost", DEVELOPER},
    {"http://localhost:3000", DEVELOPER},
    {"http://localhost:443", DEVELOPER},
    {"http://127.0.0.1", DEVELOPER},
    {"http://127.0.0.1:8080", DEVELOPER},
    {"http://[::1]", DEVELOPER},
    {"http://[::1]:8080", DEVELOPER},
    {"http://localhost:80", NEVER},
    {"http://localhost.", NEVER},
    {"http://localhost/", NEVER},
    {"http://LOCALHOST", NEVER},
    {"http://localhost.example.com", NEVER},
    {"http://app.localhost", NEVER},
    {"http://localhost@example.com", NEVER},
    {"http://127.0.0.2", NEVER},
    {"http://127.1", NEVER},
    {"http://[::2]", NEVER},
    {"http://[::ffff:7f00:1]", NEVER},
    {"http://192.168.0.1", NEVER},
    {"http://0.0.0.0", NEVER},
    {"http://example.com", NEVER},
    /* extensions */
    {CHROME, ALWAYS},
    {MOZ, ALWAYS},
    {CHROME "/", NEVER},
    {CHROME ":443", NEVER},
    {CHROME "a", NEVER},
    {"chrome-extension://abcdefghijklmnopabcdefghijklmno", NEVER},
    {"chrome-extension://abcdefghijklmnopabcdefghijklmnoq", NEVER},
    {"chrome-extension://ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOP", NEVER},
    {"chrome-extension://", NEVER},
    {"chrome-extension://example.com", NEVER},
    {MOZ "/", NEVER},
    {MOZ ":443", NEVER},
    {"moz-extension://D0E1F2A3-1111-2222-3333-44445555666F", NEVER},
    {"moz-extension://d0e1f2a3-1111-2222-3333-44445555666", NEVER},
    {"moz-extension://d0e1f2a3-1111-2222-3333-44445555666g", NEVER},
    {"moz-extension://d0e1f2a3x1111-2222-3333-44445555666f", NEVER},
    {"moz-extension://" CHROME_ID, NEVER},
    {"chrome-extension://" MOZ_ID, NEVER},
    {"safari-web-extension://" MOZ_ID, NEVER},
    /* everything else */
    {"", NEVER},
    {NULL, NEVER},
    {"null", NEVER},
    {"undefined", NEVER},
    {"*", NEVER},
    {"example.com", NEVER},
    {"//example.com", NEVER},
    {"://example.com", NEVER},
    {"about:blank", NEVER},
    {"data:text/html,x", NEVER},
    {"file://", NEVER},
    {"file:///etc/passwd", NEVER},
    {"blob:https://example.com/x", NEVER},
    {"javascript://example.com", NEVER},
    {"ftp://example.com", NEVER},
    {"ws://example.com", NEVER},
    {"wss://example.com", NEVER},
    {"httpss://example.com", NEVER},
    {"http://https://example.com", NEVER},
    {"https://https://example.com", NEVER},
    {"view-source:https://example.com", NEVER},
    {"chrome://settings", NEVER},
    {"https://example.com, https://evil.com", NEVER},
};

static void check_origin_row(const OriginRow *row, const SrOriginPolicy *policy, gboolean expected)
{
    g_autoptr(GError) error = NULL;
    const gboolean accepted = sr_origin_check(row->origin, policy, &error);

    if (accepted != expected)
        g_error("origin %s: got %d", row->origin, accepted);
    if (expected) {
        g_assert_no_error(error);
        return;
    }
    g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
    g_assert_cmpstr(sr_error_detail(error)->field, ==, "origin");
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
    g_assert_null(strchr(error->message, '\n'));
}

static void test_origins(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(origin_rows); i++) {
        check_origin_row(&origin_rows[i], &strict, origin_rows[i].accepted == ALWAYS);
        check_origin_row(&origin_rows[i], &developer, origin_rows[i].accepted != NEVER);
    }
}

static void test_long_origins(void)
{
    g_autofree char *label = g_strnfill(64, 'a');
    g_autofree char *dots = g_strjoin(NULL, "https://", label + 1, ".", label + 1, ".", label + 1,
                                      ".", label + 3, NULL); /* 3 * 64 + 61 = 253 */
    g_autofree char *over = g_strconcat(dots, "a", NULL);
    g_autofree char *long_label = g_strconcat("https://", label, ".com", NULL);
    g_autofree char *huge = g_strnfill(1000000, ':');
    g_autoptr(GError) error = NULL;

    g_assert_true(sr_origin_check(dots, &strict, NULL));
    g_assert_false(sr_origin_check(over, &strict, NULL));
    g_assert_false(sr_origin_check(long_label, &strict, NULL));
    g_assert_false(sr_origin_check(huge, &strict, &error));
    g_assert_cmpuint(strlen(error->message), <, 500);
}

/* --- messages ------------------------------------------------------------------------------- */

typedef enum {
    REFUSE,
    REFUSE_SCHEME, /* the scheme is to blame */
    DEV,           /* accepted in developer mode; without it the origin is refused */
    ACCEPT,
} Binding;

typedef struct {
    const char *origin;
    const char *scheme; /* NULL: the message has none */
    const char *domain;
    Binding binding;
} BindingRow;

static const BindingRow binding_rows[] = {
    /* W4, W6: the same domain; no scheme means https */
    {"https://example.com", NULL, "example.com", ACCEPT},
    {"https://example.com", "https", "example.com", ACCEPT},
    {"https://app.example.com", NULL, "app.example.com", ACCEPT},
    {"https://xn--bcher-kva.example", NULL, "xn--bcher-kva.example", ACCEPT},
    {"https://my_site.example", NULL, "my_site.example", ACCEPT},
    {"https://localhost", NULL, "localhost", ACCEPT},
    {"https://a", NULL, "a", ACCEPT},
    {"https://192.168.0.1", NULL, "192.168.0.1", ACCEPT},
    {"https://[::1]", NULL, "[::1]", ACCEPT},
    {"https://[2001:db8::1]", "https", "[2001:db8::1]", ACCEPT},
    /* W7, W8: schemes */
    {"https://example.com", "HTTPS", "example.com", ACCEPT},
    {"https://example.com", "Https", "example.com", ACCEPT},
    {"https://example.com", "http", "example.com", REFUSE_SCHEME},
    {"https://example.com", "HTTP", "example.com", REFUSE_SCHEME},
    {"https://example.com", "httpss", "example.com", REFUSE_SCHEME},
    {"https://example.com", "https+x", "example.com", REFUSE_SCHEME},
    {"https://example.com", "http+s", "example.com", REFUSE_SCHEME},
    {"https://example.com", "ftp", "example.com", REFUSE_SCHEME},
    {"https://example.com", "wss", "example.com", REFUSE_SCHEME},
    {"https://example.com", "javascript", "example.com", REFUSE_SCHEME},
    {"https://example.com", "data", "example.com", REFUSE_SCHEME},
    {"https://example.com", "file", "example.com", REFUSE_SCHEME},
    {"https://example.com", "chrome-extension", "example.com", REFUSE_SCHEME},
    {"https://example.com", "chrome-extension", CHROME_ID, REFUSE_SCHEME},
    {"https://example.com", "moz-extension", MOZ_ID, REFUSE_SCHEME},
    {"https://example.com", "", "example.com", REFUSE_SCHEME},
    {"https://example.com", "https:", "example.com", REFUSE_SCHEME},
    {"https://example.com", "https://", "example.com", REFUSE_SCHEME},
    /* W9: hosts */
    {"https://example.com", NULL, "example.org", REFUSE},
    {"https://example.com", NULL, "evil.com", REFUSE},
    {"https://evil.com", NULL, "example.com", REFUSE},
    {"https://example.com", NULL, "Example.com", ACCEPT},
    {"https://example.com", NULL, "EXAMPLE.COM", ACCEPT},
    {"https://xn--bcher-kva.example", NULL, "XN--BCHER-KVA.example", ACCEPT},
    {"https://xn--bcher-kva.example", NULL,
     "b\xc3\xbc"
     "cher.example",
     REFUSE},
    {"https://xn--bcher-kva.example", NULL, "b%C3%BCcher.example", REFUSE},
    {"https://apple.com", NULL, "\xd0\xb0pple.com", REFUSE},
    {"https://xn--pple-43d.com", NULL, "apple.com", REFUSE},
    {"https://example.com", NULL, "example.com.", REFUSE},
    {"https://example.com", NULL, ".example.com", REFUSE},
    {"https://example.com", NULL, "example..com", REFUSE},
    {"https://example.com", NULL, "examplexcom", REFUSE},
    {"https://example.com", NULL, "example.co", REFUSE},
    {"https://example.com", NULL, "example.comm", REFUSE},
    {"https://example.com", NULL, "example.com.evil.com", REFUSE},
    {"https://example.com.evil.com", NULL, "example.com", REFUSE},
    {"https://notexample.com", NULL, "example.com", REFUSE},
    {"https://example.com", NULL, "notexample.com", REFUSE},
    {"https://example.com", NULL, "exam%70le.com", REFUSE},
    {"https://example.com", NULL, "example.com%2f", REFUSE},
    {"https://example.com", NULL, "example.com/", REFUSE},
    {"https://example.com", NULL, "example.com/path", REFUSE},
    {"https://example.com", NULL, "example.com?x", REFUSE},
    {"https://example.com", NULL, "example.com#x", REFUSE},
    {"https://example.com", NULL, "https://example.com", REFUSE},
    {"https://example.com", NULL, " example.com", REFUSE},
    {"https://example.com", NULL, "example.com ", REFUSE},
    {"https://example.com", NULL, "example.com\n", REFUSE},
    {"https://example.com", NULL, "*.com", REFUSE},
    {"https://example.com", NULL, "*", REFUSE},
    {"https://example.com", NULL, "", REFUSE},
    {"https://example.com", NULL, "null", REFUSE},
    {"https://example.com", NULL, "localhost", REFUSE},
    {"https://example.com", NULL, NULL, REFUSE},
    /* W9: addresses, each only in its one form */
    {"https://127.0.0.1", NULL, "127.0.0.1", ACCEPT},
    {"https://127.0.0.1", NULL, "127.1", REFUSE},
    {"https://127.0.0.1", NULL, "127.0.0.01", REFUSE},
    {"https://127.0.0.1", NULL, "0x7f.0.0.1", REFUSE},
    {"https://127.0.0.1", NULL, "2130706433", REFUSE},
    {"https://127.0.0.1", NULL, "localhost", REFUSE},
    {"https://localhost", NULL, "127.0.0.1", REFUSE},
    {"https://localhost", NULL, "[::1]", REFUSE},
    {"https://127.0.0.1", NULL, "[::ffff:127.0.0.1]", REFUSE},
    {"https://127.0.0.1", NULL, "127.0.0.1.", REFUSE},
    {"https://127.0.0.1", NULL, "127.0.0.1.example.com", REFUSE},
    {"https://127.0.0.1.example.com", NULL, "127.0.0.1", REFUSE},
    {"https://[::1]", NULL, "::1", REFUSE},
    {"https://[::1]", NULL, "[0:0:0:0:0:0:0:1]", REFUSE},
    {"https://[::1]", NULL, "[::0001]", REFUSE},
    {"https://[::1]", NULL, "[::0.0.0.1]", REFUSE},
    {"https://[::1]", NULL, "[::2]", REFUSE},
    {"https://[::1]", NULL, "[::1", REFUSE},
    {"https://[::1]", NULL, "::1]", REFUSE},
    {"https://[::1]", NULL, "[::1]x", REFUSE},
    {"https://[::1]", NULL, "[::1%25lo]", REFUSE},
    {"https://[::1]", NULL, "[v1.x]", REFUSE},
    {"https://[2001:db8::1]", NULL, "[2001:DB8::1]", ACCEPT},
    {"https://[2001:db8::1]", NULL, "[2001:0db8::1]", REFUSE},
    {"https://[2001:db8::1]", NULL, "[2001:db8:0::1]", REFUSE},
    /* W10: no subdomain rule, either way */
    {"https://app.example.com", NULL, "example.com", REFUSE},
    {"https://example.com", NULL, "app.example.com", REFUSE},
    {"https://www.example.com", NULL, "example.com", REFUSE},
    {"https://example.com", NULL, "www.example.com", REFUSE},
    {"https://a.example.com", NULL, "b.example.com", REFUSE},
    {"https://a.b.example.com", NULL, "b.example.com", REFUSE},
    {"https://alice.github.io", NULL, "github.io", REFUSE},
    {"https://alice.github.io", NULL, "bob.github.io", REFUSE},
    {"https://example.com", NULL, "com", REFUSE},
    {"https://com", NULL, "example.com", REFUSE},
    /* W11: ports */
    {"https://example.com", NULL, "example.com:443", ACCEPT},
    {"https://example.com", "https", "example.com:443", ACCEPT},
    {"https://[::1]", NULL, "[::1]:443", ACCEPT},
    {"https://example.com", NULL, "example.com:", REFUSE},
    {"https://[::1]", NULL, "[::1]:", REFUSE},
    {"https://example.com", NULL, "example.com:80", REFUSE},
    {"https://example.com", NULL, "example.com:8443", REFUSE},
    {"https://example.com", NULL, "example.com:0443", REFUSE},
    {"https://example.com", NULL, "example.com:00443", REFUSE},
    {"https://example.com", NULL, "example.com:+443", REFUSE},
    {"https://example.com", NULL, "example.com: 443", REFUSE},
    {"https://example.com", NULL, "example.com:443 ", REFUSE},
    {"https://example.com", NULL, "example.com:https", REFUSE},
    {"https://example.com", NULL, "example.com:0", REFUSE},
    {"https://example.com", NULL, "example.com:65979", REFUSE},      /* 443 + 2^16 */
    {"https://example.com", NULL, "example.com:4294967739", REFUSE}, /* 443 + 2^32 */
    {"https://example.com", NULL, "example.com:18446744073709552059", REFUSE},
    {"https://example.com", NULL, "example.com:443:443", REFUSE},
    {"https://example.com", NULL, "example.com::443", REFUSE},
    {"https://example.com", NULL, ":443", REFUSE},
    {"https://example.com", NULL, ":", REFUSE},
    {"https://example.com:8443", NULL, "example.com:8443", ACCEPT},
    {"https://example.com:8443", "https", "example.com:8443", ACCEPT},
    {"https://example.com:8443", NULL, "EXAMPLE.com:8443", ACCEPT},
    {"https://example.com:8443", NULL, "example.com", REFUSE},
    {"https://example.com:8443", NULL, "example.com:443", REFUSE},
    {"https://example.com:8443", NULL, "example.com:8444", REFUSE},
    {"https://example.com:8443", NULL, "example.com:844", REFUSE},
    {"https://example.com:8443", NULL, "example.com:84430", REFUSE},
    {"https://example.com:8443", NULL, "example.com:08443", REFUSE},
    {"https://example.com:8443", NULL, "example.com:", REFUSE},
    {"https://example.com:80", NULL, "example.com:80", ACCEPT},
    {"https://example.com:80", NULL, "example.com", REFUSE},
    {"https://example.com:80", "http", "example.com", REFUSE_SCHEME},
    {"https://[::1]:8443", NULL, "[::1]:8443", ACCEPT},
    {"https://[::1]:8443", NULL, "[::1]", REFUSE},
    {"https://127.0.0.1:8443", NULL, "127.0.0.1:8443", ACCEPT},
    {"https://127.0.0.1:8443", NULL, "127.0.0.1", REFUSE},
    /* W12: this machine without TLS, in developer mode only */
    {"http://localhost", NULL, "localhost", DEV},
    {"http://localhost", "http", "localhost", DEV},
    {"http://localhost", NULL, "localhost:80", DEV},
    {"http://localhost", NULL, "LocalHost", DEV},
    {"http://localhost:3000", NULL, "localhost:3000", DEV},
    {"http://localhost:3000", "http", "localhost:3000", DEV},
    {"http://127.0.0.1:8080", NULL, "127.0.0.1:8080", DEV},
    {"http://[::1]:8080", "http", "[::1]:8080", DEV},
    {"http://localhost", NULL, "localhost:443", REFUSE},
    {"http://localhost", "https", "localhost", REFUSE_SCHEME},
    {"http://localhost:443", "https", "localhost", REFUSE_SCHEME},
    {"http://localhost:443", NULL, "localhost", REFUSE},
    {"http://localhost:3000", NULL, "localhost", REFUSE},
    {"http://localhost:3000", NULL, "localhost:3001", REFUSE},
    {"http://localhost:3000", NULL, "127.0.0.1:3000", REFUSE},
    {"http://localhost:3000", NULL, "example.com", REFUSE},
    {"http://localhost:3000", "https", "example.com", REFUSE_SCHEME},
    {"https://localhost:3000", "http", "localhost:3000", REFUSE_SCHEME},
    {"http://example.com", NULL, "example.com", REFUSE},
    {"http://example.com", "http", "example.com", REFUSE},
    {"http://example.com", "https", "example.com", REFUSE},
    {"http://192.168.0.1", NULL, "192.168.0.1", REFUSE},
    {"http://app.localhost", NULL, "app.localhost", REFUSE},
    /* W13: users, the classic of phishing */
    {"https://evil.com", NULL, "bank.com@evil.com", REFUSE},
    {"https://evil.com", NULL, "bank.com:443@evil.com", REFUSE},
    {"https://bank.com", NULL, "bank.com@evil.com", REFUSE},
    {"https://bank.com", NULL, "user@bank.com", REFUSE},
    {"https://bank.com", NULL, "user:pw@bank.com", REFUSE},
    {"https://bank.com", NULL, "@bank.com", REFUSE},
    {"https://bank.com", NULL, "bank.com@", REFUSE},
    {"https://bank.com", NULL, "bank.com:443@", REFUSE},
    {"https://bank.com", NULL, "bank.com:@bank.com", REFUSE},
    {"https://bank.com", NULL, "evil.com@bank.com:443", REFUSE},
    {"https://[::1]", NULL, "[::1]@evil.com", REFUSE},
    {"https://[::1]", NULL, "user@[::1]", REFUSE},
    /* an extension acting for itself */
    {CHROME, NULL, CHROME_ID, ACCEPT},
    {CHROME, "chrome-extension", CHROME_ID, ACCEPT},
    {CHROME, "Chrome-Extension", CHROME_ID, ACCEPT},
    {MOZ, NULL, MOZ_ID, ACCEPT},
    {MOZ, "moz-extension", MOZ_ID, ACCEPT},
    {MOZ, NULL, "D0E1F2A3-1111-2222-3333-44445555666F", ACCEPT},
    {CHROME, "https", CHROME_ID, REFUSE_SCHEME},
    {MOZ, "https", MOZ_ID, REFUSE_SCHEME},
    {CHROME, "moz-extension", CHROME_ID, REFUSE_SCHEME},
    {MOZ, "chrome-extension", MOZ_ID, REFUSE_SCHEME},
    {CHROME, NULL, CHROME_ID ":443", REFUSE},
    {CHROME, NULL, CHROME_ID ":0", REFUSE},
    {CHROME, NULL, CHROME_ID ":", REFUSE},
    {CHROME, NULL, CHROME_ID "/", REFUSE},
    {CHROME, NULL, "bbcdefghijklmnopabcdefghijklmnop", REFUSE},
    {CHROME, NULL, MOZ_ID, REFUSE},
    {CHROME, NULL, "example.com", REFUSE},
    {CHROME, "https", "example.com", REFUSE_SCHEME},
    {MOZ, NULL, "example.com", REFUSE},
    {MOZ, NULL, "user@" MOZ_ID, REFUSE},
    {"https://example.com", NULL, CHROME_ID, REFUSE},
    {"https://" CHROME_ID, "chrome-extension", CHROME_ID, REFUSE_SCHEME},
    /* W5: what is no origin binds nothing */
    {"null", NULL, "null", REFUSE},
    {"", NULL, "", REFUSE},
    {NULL, NULL, "example.com", REFUSE},
    {"example.com", NULL, "example.com", REFUSE},
    {"https://example.com/", NULL, "example.com", REFUSE},
    {"https://example.com:443", NULL, "example.com:443", REFUSE},
    {"https://EXAMPLE.com", NULL, "EXAMPLE.com", REFUSE},
    {"https://example.com.", NULL, "example.com.", REFUSE},
    {"https://user@example.com", NULL, "user@example.com", REFUSE},
    {"https://b\xc3\xbc"
     "cher.example",
     NULL,
     "b\xc3\xbc"
     "cher.example",
     REFUSE},
    {"https://127.1", NULL, "127.1", REFUSE},
    {"https://[0:0:0:0:0:0:0:1]", NULL, "[0:0:0:0:0:0:0:1]", REFUSE},
    {"file://", "file", "", REFUSE},
    {"ftp://example.com", "ftp", "example.com", REFUSE},
    {"javascript://example.com", "javascript", "example.com", REFUSE},
};

static SrSlice slice_of(const char *text)
{
    return (SrSlice){text, text ? strlen(text) : 0};
}

static void check_refusal(const BindingRow *row, const SrOriginPolicy *policy, const GError *error)
{
    const SrErrorDetail *detail = sr_error_detail(error);

    g_assert_nonnull(detail);
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
    if (!sr_origin_check(row->origin, policy, NULL)) {
        g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
        g_assert_cmpstr(detail->field, ==, "origin");
        return;
    }
    g_assert_error(error, SR_ERROR, SR_ERROR_DOMAIN_MISMATCH);
    g_assert_cmpstr(detail->field, ==, row->binding == REFUSE_SCHEME ? "scheme" : "domain");
    g_assert_nonnull(strstr(error->message, row->origin));
}

static void check_binding(const BindingRow *row, const char *uri, const SrOriginPolicy *policy,
                          gboolean expected)
{
    g_autoptr(GError) error = NULL;
    SrSiwe siwe = {0};
    gboolean bound;

    siwe.scheme = slice_of(row->scheme);
    siwe.domain = slice_of(row->domain);
    siwe.uri = slice_of(uri);
    bound = sr_origin_binds(row->origin, &siwe, policy, &error);
    if (bound != expected)
        g_error("origin %s, message %s://%s: got %d", row->origin,
                row->scheme ? row->scheme : "(none)", row->domain, bound);
    if (bound)
        g_assert_no_error(error);
    else
        check_refusal(row, policy, error);
}

static void test_bindings(void)
{
    G_STATIC_ASSERT(G_N_ELEMENTS(binding_rows) >= 150);
    for (gsize i = 0; i < G_N_ELEMENTS(binding_rows); i++) {
        const BindingRow *row = &binding_rows[i];

        check_binding(row, "https://example.com", &strict, row->binding == ACCEPT);
        check_binding(row, "https://example.com", &developer,
                      row->binding == ACCEPT || row->binding == DEV);
    }
}

/* Session messages name the session key there; only the domain counts. */
static void test_uri_plays_no_part(void)
{
    static const char *const uris[] = {"did:key:z6MkExample", "https://evil.com/login", "urn:x", "",
                                       NULL};

    for (gsize i = 0; i < G_N_ELEMENTS(binding_rows); i++)
        for (gsize u = 0; u < G_N_ELEMENTS(uris); u++)
            check_binding(&binding_rows[i], uris[u], &strict, binding_rows[i].binding == ACCEPT);
}

/* Each accepted message is refused for every other origin of the table: there are no exceptions. */
static void test_all_against_all(void)
{
    guint bound = 0;

    for (gsize m = 0; m < G_N_ELEMENTS(binding_rows); m++) {
        const BindingRow *row = &binding_rows[m];
        SrSiwe siwe = {0};

        if (row->binding != ACCEPT)
            continue;
        siwe.scheme = slice_of(row->scheme);
        siwe.domain = slice_of(row->domain);
        for (gsize o = 0; o < G_N_ELEMENTS(origin_rows); o++) {
            if (!sr_origin_binds(origin_rows[o].origin, &siwe, &strict, NULL))
                continue;
            g_assert_cmpstr(origin_rows[o].origin, ==, row->origin);
            bound++;
        }
    }
    g_assert_cmpuint(bound, >, 20);
}

/* Slices are not terminated: what follows in the message must not be looked at. */
static void test_slices_end_where_they_end(void)
{
    static const char text[] = "example.com:8443 wants you";
    SrSiwe siwe = {.domain = {text, 11}};

    g_assert_true(sr_origin_binds("https://example.com", &siwe, &strict, NULL));
    g_assert_false(sr_origin_binds("https://example.com:8443", &siwe, &strict, NULL));
    siwe.domain.length = 16;
    g_assert_true(sr_origin_binds("https://example.com:8443", &siwe, &strict, NULL));
    siwe.domain.length = 15;
    g_assert_false(sr_origin_binds("https://example.com:8443", &siwe, &strict, NULL));
    siwe.domain = (SrSlice){"example.com\0evil", 16};
    g_assert_false(sr_origin_binds("https://example.com", &siwe, &strict, NULL));
    siwe.domain = (SrSlice){"example.com", 11};
    siwe.scheme = (SrSlice){"https\0x", 7};
    g_assert_false(sr_origin_binds("https://example.com", &siwe, &strict, NULL));
}

static void test_message_names_both_sides(void)
{
    g_autoptr(GError) error = NULL;
    SrSiwe siwe = {.domain = slice_of("bank.com")};

    g_assert_false(sr_origin_binds("https://evil.com", &siwe, &strict, &error));
    g_assert_cmpstr(error->message, ==,
                    "domain: the message is for \"bank.com\", but https://evil.com asks");
    g_assert_cmpstr(sr_error_reason(error), ==, "DOMAIN_MISMATCH");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/origin/which-origins-may-ask", test_origins);
    g_test_add_func("/origin/long-origins", test_long_origins);
    g_test_add_func("/origin/message-against-origin", test_bindings);
    g_test_add_func("/origin/uri-plays-no-part", test_uri_plays_no_part);
    g_test_add_func("/origin/a-message-binds-to-one-origin-only", test_all_against_all);
    g_test_add_func("/origin/slices-end-where-they-end", test_slices_end_where_they_end);
    g_test_add_func("/origin/refusal-names-both-sides", test_message_names_both_sides);
    return g_test_run();
}
