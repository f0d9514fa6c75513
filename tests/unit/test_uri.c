/* RFC 3986: what is a URI and what is an authority, rule by rule. */
#include "ethereum/uri.h"

#include "support/assert_bytes.h"

#include <string.h>

static SrSlice slice(const char *text)
{
    return (SrSlice){text, strlen(text)};
}

static void test_uris(void)
{
    static const char *const good[] = {
        "a:",
        "urn:example:animal:ferret:nose",
        "https://",
        "https://example.com",
        "https://user:pass@example.com:8042/over/there?name=ferret#nose",
        "https://example.com?query-without-path",
        "https://example.com#fragment-without-path",
        "file:///etc/hosts",
        "x+y-z.0:path",
        "mailto:John.Doe@example.com",
        "news:comp.infosystems.www.servers.unix",
        "tel:+1-816-555-1212",
        "telnet://192.0.2.16:80/",
        "ldap://[2001:db8::7]/c=GB?objectClass?one",
        "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        "did:web:example.com%3A3000#key-1",
        "x:/",
        "x:/a//b",
        "x:a//b",
        "x:?",
        "x:#",
        "x:?a?b/c:d@e#f?g/h",
        "x://@:",
        "x:%00%ff%FF",
        "x:!$&'()*+,;=:@-._~",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        const SrViolation bad = sr_uri_check(slice(good[i]));

        if (bad.rule)
            g_error("%s: byte %" G_GSIZE_FORMAT ": %s", good[i], bad.offset, bad.rule);
    }
}

static void test_not_uris(void)
{
    static const struct {
        const char *text;
        gsize offset;
    } cases[] = {
        {"", 0},
        {"a", 1},
        {":a", 0},
        {"1a:b", 0},
        {"a_b:c", 1},
        {"/relative", 0},
        {"x:a b", 3},
        {"x:a\tb", 3},
        {"x:a\nb", 3},
        {"x:a%", 3},
        {"x:a%2", 3},
        {"x:a%2g", 3},
        {"x:a%g2", 3},
        {"x:[", 2},
        {"x:a]", 3},
        {"x:?[", 3},
        {"x:a#b#c", 5},
        {"x:\"", 2},
        {"x:<>", 2},
        {"x:{", 2},
        {"x:|", 2},
        {"x:\\", 2},
        {"x:^", 2},
        {"x:`", 2},
        {"x:caf\xc3\xa9", 5},
        {"x://a b/", 5},
        {"x://a:8a/", 7},
        {"x://a:b:1/", 6},
        {"x://a@b@c/", 7},
        {"x://[::1", 4},
        {"x://[::1]a", 9},
        {"x://[::1%25eth0]/", 5},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const SrViolation bad = sr_uri_check(slice(cases[i].text));

        g_test_message("%s", cases[i].text);
        g_assert_nonnull(bad.rule);
        g_assert_cmpuint(bad.offset, ==, cases[i].offset);
    }
}

static void test_ip_literals(void)
{
    static const struct {
        const char *address;
        gboolean good;
    } cases[] = {
        {"::", TRUE},
        {"::1", TRUE},
        {"1::", TRUE},
        {"1:2:3:4:5:6:7:8", TRUE},
        {"ffff:FFFF:0:00:000:0000:1:a", TRUE},
        {"1:2:3:4:5:6:7::", TRUE},
        {"::2:3:4:5:6:7:8", TRUE},
        {"1::3:4:5:6:7:8", TRUE},
        {"1:2:3:4:5:6:1.2.3.4", TRUE},
        {"::255.249.199.99", TRUE},
        {"1:2:3:4:5::1.2.3.4", TRUE},
        {"::2:3:4:5:6:1.2.3.4", TRUE},
        {"v1.a", TRUE},
        {"V1F.a:b!$&'()*+,;=-._~", TRUE},
        {"", FALSE},
        {":", FALSE},
        {":::", FALSE},
        {"1", FALSE},
        {"1:", FALSE},
        {":1", FALSE},
        {"1::2::3", FALSE},
        {"1:2:3:4:5:6:7", FALSE},
        {"1:2:3:4:5:6:7:8:9", FALSE},
        {"1:2:3:4:5:6:7:8::", FALSE},
        {"::1:2:3:4:5:6:7:8", FALSE},
        {"1:2:3:4::5:6:7:8", FALSE},
        {"12345::", FALSE},
        {"g::", FALSE},
        {"1.2.3.4", FALSE},
        {"1.2.3.4::", FALSE},
        {"::1.2.3.4:5", FALSE},
        {"::256.0.0.1", FALSE},
        {"::1.2.3", FALSE},
        {"::1.2.3.4.5", FALSE},
        {"::01.2.3.4", FALSE},
        {"::1.2.3.004", FALSE},
        {"::1..3.4", FALSE},
        {"::.2.3.4", FALSE},
        {"1:2:3:4:5:6:7:1.2.3.4", FALSE},
        {"1:2:3:4:5:6::1.2.3.4", FALSE},
        {"v.a", FALSE},
        {"v1.", FALSE},
        {"v1", FALSE},
        {"vg.a", FALSE},
        {"v1.a/b", FALSE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *authority = g_strdup_printf("[%s]", cases[i].address);
        const SrViolation bad = sr_authority_check(slice(authority), NULL);

        g_test_message("%s", authority);
        g_assert_cmpint(bad.rule == NULL, ==, cases[i].good);
    }
}

static void assert_part(SrSlice part, const char *expected)
{
    g_assert_cmpint(part.data != NULL, ==, expected != NULL);
    if (expected)
        sr_assert_bytes(part.data, part.length, expected, strlen(expected));
}

static void test_authorities(void)
{
    static const struct {
        const char *text;
        const char *user;
        const char *host;
        const char *port;
    } cases[] = {
        {"example.com", NULL, "example.com", NULL},
        {"example.com:", NULL, "example.com", ""},
        {"example.com:443", NULL, "example.com", "443"},
        {"user@example.com", "user", "example.com", NULL},
        {"user:pass%20word@example.com:1", "user:pass%20word", "example.com", "1"},
        {"@", "", "", NULL},
        {":8080", NULL, "", "8080"},
        {"[::1]:80", NULL, "[::1]", "80"},
        {"1.2.3.4.example.com", NULL, "1.2.3.4.example.com", NULL},
        {"256.1.1.1", NULL, "256.1.1.1", NULL},
        {"a_b%41!$&'()*+,;=~-", NULL, "a_b%41!$&'()*+,;=~-", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        SrAuthority authority;

        g_test_message("%s", cases[i].text);
        g_assert_cmpstr(sr_authority_check(slice(cases[i].text), &authority).rule, ==, NULL);
        assert_part(authority.user, cases[i].user);
        assert_part(authority.host, cases[i].host);
        assert_part(authority.port, cases[i].port);
    }
}

static void test_not_authorities(void)
{
    static const struct {
        const char *text;
        gsize offset;
    } cases[] = {
        {"https://example.com", 6},
        {"a/b", 1},
        {"a?b", 1},
        {"a#b", 1},
        {"a:b", 2},
        {"a:1:2", 3},
        {"a@b@c", 3},
        {"a\\@b", 1},
        {"a b", 1},
        {"a%", 1},
        {"a%4", 1},
        {"b\xc3\xbc"
         "cher.example",
         1},
        {"[::1", 0},
        {"[::1]x", 5},
        {"[::1]:x", 6},
        {"a]", 1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const SrViolation bad = sr_authority_check(slice(cases[i].text), NULL);

        g_test_message("%s", cases[i].text);
        g_assert_nonnull(bad.rule);
        g_assert_cmpuint(bad.offset, ==, cases[i].offset);
    }
}

/* No byte after the text decides anything: a slice ends where it ends. */
static void test_bounds(void)
{
    static const char text[] = "x://[::1]:80/%41";

    for (gsize length = 0; length < sizeof text; length++) {
        g_autofree char *copy = g_memdup2(text, length ? length : 1);
        const SrViolation bad = sr_uri_check((SrSlice){copy, length});

        g_assert_cmpuint(bad.offset, <=, length);
        if (length == sizeof text - 1)
            g_assert_null(bad.rule);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uri/uris-are-accepted", test_uris);
    g_test_add_func("/uri/others-are-refused-at-the-first-wrong-byte", test_not_uris);
    g_test_add_func("/uri/nine-forms-of-ipv6-and-future-addresses", test_ip_literals);
    g_test_add_func("/uri/authorities-are-taken-apart", test_authorities);
    g_test_add_func("/uri/other-authorities-are-refused-at-the-first-wrong-byte",
                    test_not_authorities);
    g_test_add_func("/uri/nothing-is-read-past-the-end", test_bounds);
    return g_test_run();
}
