#include "policy/origin.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <string.h>

#define HOST_MAX 253u /* RFC 1035 §2.3.4, as text */
#define LABEL_MAX 63u
#define ADDRESS_TEXT_MAX 64u
#define DIGITS "0123456789"
#define LOWER_HEX DIGITS "abcdef"
#define LOWER_ALPHANUMERIC DIGITS "abcdefghijklmnopqrstuvwxyz"
#define CHROME_ID_LENGTH 32u

/* Schemes, with the port that is never written. An extension's origin has no port at all. */
typedef struct {
    const char *name;
    guint default_port;
} Scheme;

static const Scheme https_scheme = {"https", 443};
static const Scheme http_scheme = {"http", 80};
static const Scheme chrome_scheme = {"chrome-extension", 0};
static const Scheme firefox_scheme = {"moz-extension", 0};

typedef struct {
    const Scheme *scheme;
    SrSlice host;
    guint port; /* 0: none */
} Origin;

/* --- slices --------------------------------------------------------------------------------- */

static gboolean slice_is_case(SrSlice slice, const char *text)
{
    return slice.length == strlen(text) && g_ascii_strncasecmp(slice.data, text, slice.length) == 0;
}

/* Whether all characters are among @allowed, and there is at least one. */
static gboolean slice_has_only(SrSlice slice, const char *allowed)
{
    for (gsize i = 0; i < slice.length; i++)
        if (slice.data[i] == '\0' || !strchr(allowed, slice.data[i]))
            return FALSE;
    return slice.length > 0;
}

static SrSlice slice_from(SrSlice slice, gsize at)
{
    return (SrSlice){slice.data + at, slice.length - at};
}

/* A port as browsers write it: decimal, no leading zero, 1 to 65535. */
static gboolean read_port(SrSlice text, guint *ret_port)
{
    guint port = 0;

    if (!slice_has_only(text, DIGITS) || text.length > 5 || text.data[0] == '0')
        return FALSE;
    for (gsize i = 0; i < text.length; i++)
        port = port * 10 + (guint)(text.data[i] - '0');
    *ret_port = port;
    return port <= G_MAXUINT16;
}

/*
 * Split "host:port" or "[address]:port". *ret_port has no data when there is no colon. FALSE for a
 * bracket without its partner.
 */
static gboolean split_port(SrSlice authority, SrSlice *ret_host, SrSlice *ret_port)
{
    const char *end = authority.data + authority.length;
    const char *colon;

    *ret_host = authority;
    *ret_port = (SrSlice){0};
    if (authority.length > 0 && authority.data[0] == '[') {
        const char *bracket = memchr(authority.data, ']', authority.length);

        if (!bracket)
            return FALSE;
        colon = bracket + 1;
        if (colon != end && *colon != ':')
            return FALSE;
    } else {
        colon = memchr(authority.data, ':', authority.length);
    }
    if (!colon || colon == end)
        return TRUE;
    ret_host->length = (gsize)(colon - authority.data);
    *ret_port = slice_from(authority, ret_host->length + 1);
    return TRUE;
}

/* --- hosts ---------------------------------------------------------------------------------- */

/* A name whose last label is a number is an IPv4 address to browsers, or an error. */
static gboolean is_numeric_label(SrSlice label)
{
    return slice_has_only(label, DIGITS) ||
           (label.length >= 2 && label.data[0] == '0' && label.data[1] == 'x');
}

/* Labels of letters, digits, "-" and "_". *ret_last is the last one. */
static gboolean is_name(SrSlice host, SrSlice *ret_last)
{
    gsize start = 0;

    if (host.length == 0 || host.length > HOST_MAX)
        return FALSE;
    for (gsize i = 0; i <= host.length; i++) {
        if (i < host.length && host.data[i] != '.')
            continue;
        *ret_last = (SrSlice){host.data + start, i - start};
        if (ret_last->length > LABEL_MAX || !slice_has_only(*ret_last, LOWER_ALPHANUMERIC "-_"))
            return FALSE;
        start = i + 1;
    }
    return TRUE;
}

/* inet_pton takes only four decimal numbers without leading zeros. */
static gboolean is_ipv4(SrSlice host)
{
    g_autofree char *text = g_strndup(host.data, host.length);
    struct in_addr address;

    return inet_pton(AF_INET, text, &address) == 1;
}

/* The longest run of at least two zero groups, the first of equals; *ret_length 0: none. */
static guint find_zeros(const guint16 groups[8], guint *ret_length)
{
    guint best = 0;

    *ret_length = 0;
    for (guint i = 0; i < 8; i++) {
        guint length = 0;

        while (i + length < 8 && groups[i + length] == 0)
            length++;
        if (length >= 2 && length > *ret_length) {
            best = i;
            *ret_length = length;
        }
    }
    return best;
}

/* RFC 5952 §4 without §5, as WHATWG URL serialises. (inet_ntop writes "::ffff:1.2.3.4".) */
static void write_ipv6(const struct in6_addr *address, GString *text)
{
    guint16 groups[8];
    guint zeros_length;
    guint zeros;

    for (guint i = 0; i < 8; i++)
        groups[i] = (guint16)(address->s6_addr[2 * i] << 8 | address->s6_addr[2 * i + 1]);
    zeros = find_zeros(groups, &zeros_length);
    for (guint i = 0; i < 8; i++) {
        if (zeros_length > 0 && i == zeros) {
            g_string_append(text, "::");
            i += zeros_length - 1;
            continue;
        }
        if (text->len > 0 && text->str[text->len - 1] != ':')
            g_string_append_c(text, ':');
        g_string_append_printf(text, "%x", groups[i]);
    }
}

/* "[address]" in its canonical form. */
static gboolean is_ipv6(SrSlice host)
{
    g_autoptr(GString) canonical = g_string_new(NULL);
    g_autofree char *text = NULL;
    struct in6_addr address;

    if (host.length < 4 || host.length > ADDRESS_TEXT_MAX || host.data[host.length - 1] != ']')
        return FALSE;
    text = g_strndup(host.data + 1, host.length - 2);
    if (inet_pton(AF_INET6, text, &address) != 1)
        return FALSE;
    write_ipv6(&address, canonical);
    return strcmp(canonical->str, text) == 0;
}

static gboolean is_host(SrSlice host)
{
    SrSlice last = {0};

    if (host.length > 0 && host.data[0] == '[')
        return is_ipv6(host);
    if (!is_name(host, &last))
        return FALSE;
    return !is_numeric_label(last) || is_ipv4(host);
}

/* --- origins -------------------------------------------------------------------------------- */

/* "8-4-4-4-12" lower-case hexadecimal digits. */
static gboolean is_uuid(SrSlice text)
{
    static const char form[] = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh";

    if (text.length != sizeof(form) - 1)
        return FALSE;
    for (gsize i = 0; i < text.length; i++) {
        const SrSlice character = {text.data + i, 1};

        if (!slice_has_only(character, form[i] == 'h' ? LOWER_HEX : "-"))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_web(SrSlice authority, Origin *inout_origin)
{
    SrSlice port;

    if (!split_port(authority, &inout_origin->host, &port) || !is_host(inout_origin->host))
        return FALSE;
    inout_origin->port = inout_origin->scheme->default_port;
    if (!port.data)
        return TRUE;
    return read_port(port, &inout_origin->port) &&
           inout_origin->port != inout_origin->scheme->default_port;
}

static gboolean is_loopback(SrSlice host)
{
    return sr_slice_is(host, "localhost") || sr_slice_is(host, "127.0.0.1") ||
           sr_slice_is(host, "[::1]");
}

/* Read @text as an origin that @policy accepts. */
static gboolean read_origin(const char *text, const SrOriginPolicy *policy, Origin *ret_origin)
{
    static const Scheme *const schemes[] = {&https_scheme, &http_scheme, &chrome_scheme,
                                            &firefox_scheme};
    const char *separator = text ? strstr(text, "://") : NULL;
    SrSlice authority;

    *ret_origin = (Origin){0};
    for (gsize i = 0; separator && i < G_N_ELEMENTS(schemes); i++)
        if (sr_slice_is((SrSlice){text, (gsize)(separator - text)}, schemes[i]->name))
            ret_origin->scheme = schemes[i];
    if (!ret_origin->scheme)
        return FALSE;
    authority = ret_origin->host = (SrSlice){separator + 3, strlen(separator + 3)};
    if (ret_origin->scheme == &chrome_scheme)
        return authority.length == CHROME_ID_LENGTH &&
               slice_has_only(authority, "abcdefghijklmnop");
    if (ret_origin->scheme == &firefox_scheme)
        return is_uuid(authority);
    if (!read_web(authority, ret_origin))
        return FALSE;
    return ret_origin->scheme == &https_scheme ||
           (policy->allow_http_loopback && is_loopback(ret_origin->host));
}

/* Text of others for an error message: of bounded length and printable. */
static char *shown(SrSlice slice)
{
    char *text = g_strndup(slice.data ? slice.data : "", MIN(slice.length, HOST_MAX));

    for (char *c = text; *c; c++)
        if (!g_ascii_isprint(*c))
            *c = '?';
    return text;
}

static char *shown_origin(const char *origin)
{
    return shown((SrSlice){origin, origin ? strlen(origin) : 0});
}

/* read_origin that says what is wrong. */
static gboolean check_origin(const char *text, const SrOriginPolicy *policy, Origin *ret_origin,
                             GError **error)
{
    g_autofree char *name = NULL;

    if (read_origin(text, policy, ret_origin))
        return TRUE;
    name = shown_origin(text);
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "origin", -1,
                    "\"%s\" is not an origin that may ask; it must be https://host[:port] or an "
                    "extension's own; for http on localhost put `developer-mode = true` into "
                    "sealring.conf (`man sealring-agent` says where), then `sealring agent stop`",
                    name);
    return FALSE;
}

gboolean sr_origin_check(const char *origin, const SrOriginPolicy *policy, GError **error)
{
    Origin parts;

    return check_origin(origin, policy, &parts, error);
}

/* --- binding -------------------------------------------------------------------------------- */

static gboolean scheme_fits(const Origin *origin, const SrSiwe *siwe)
{
    return !siwe->scheme.data || slice_is_case(siwe->scheme, origin->scheme->name);
}

static gboolean domain_fits(const Origin *origin, SrSlice domain)
{
    SrSlice host;
    SrSlice port_text;
    guint port = origin->scheme->default_port;

    if (!domain.data || memchr(domain.data, '@', domain.length) ||
        !split_port(domain, &host, &port_text))
        return FALSE;
    if (port_text.data && !read_port(port_text, &port))
        return FALSE;
    return host.length == origin->host.length &&
           g_ascii_strncasecmp(host.data, origin->host.data, host.length) == 0 &&
           port == origin->port;
}

/* The id of a Firefox add-on: "notes@example.org" or "{UUID}". */
static gboolean is_add_on(const char *origin)
{
    return origin && !strstr(origin, "://") && (strchr(origin, '@') || *origin == '{');
}

/* It stands for no host: what the add-on's pages have is moz-extension://UUID. */
static void refuse_add_on(const char *id, GError **error)
{
    g_autofree char *name = shown_origin(id);

    sr_error_set_at(error, SR_ERROR_DOMAIN_MISMATCH, "domain", -1,
                    "no domain is that of \"%s\": an add-on names its own origin in the request "
                    "(\"origin\": location.origin), or that of the page it acts for",
                    name);
}

gboolean sr_origin_binds(const char *origin, const SrSiwe *siwe, const SrOriginPolicy *policy,
                         GError **error)
{
    g_autofree char *page = NULL;
    g_autofree char *claimed = NULL;
    Origin parts;

    if (is_add_on(origin)) {
        refuse_add_on(origin, error);
        return FALSE;
    }
    if (!check_origin(origin, policy, &parts, error))
        return FALSE;
    page = shown_origin(origin);
    if (!scheme_fits(&parts, siwe)) {
        claimed = shown(siwe->scheme);
        sr_error_set_at(error, SR_ERROR_DOMAIN_MISMATCH, "scheme", -1,
                        "the message is for the scheme \"%s\", but %s asks", claimed, page);
        return FALSE;
    }
    if (domain_fits(&parts, siwe->domain))
        return TRUE;
    claimed = shown(siwe->domain);
    sr_error_set_at(error, SR_ERROR_DOMAIN_MISMATCH, "domain", -1,
                    "the message is for \"%s\", but %s asks", claimed, page);
    return FALSE;
}
