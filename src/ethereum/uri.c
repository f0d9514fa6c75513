#include "ethereum/uri.h"

#include "ethereum/char_class.h"

#include <string.h>

#define PIECES_MAX 8u /* of 16 bits in an IPv6 address */

static const SrViolation fine = {NULL, 0};

/* The part of @text from @start up to @end. */
static SrSlice part(SrSlice text, gsize start, gsize end)
{
    return (SrSlice){text.data + start, end - start};
}

/* The first of @c in @text at or after @from, else the length. */
static gsize find(SrSlice text, gsize from, char c)
{
    const char *found = from < text.length ? memchr(text.data + from, c, text.length - from) : NULL;

    return found ? (gsize)(found - text.data) : text.length;
}

/* Past the longest run of @class and percent-encoded octets that starts at @from. */
static gsize span(SrSlice text, gsize from, guint class)
{
    gsize i = from;

    for (;;) {
        i += sr_char_span(text.data + i, text.length - i, class);
        if (text.length - i < 3 || text.data[i] != '%' ||
            !sr_char_is(text.data[i + 1], SR_CHAR_HEX) ||
            !sr_char_is(text.data[i + 2], SR_CHAR_HEX))
            return i;
        i += 3;
    }
}

/* dec-octet *3( "." dec-octet ): four numbers up to 255 without leading zeros. */
static gboolean is_ipv4(SrSlice text)
{
    gsize i = 0;

    for (guint octets = 0; octets < 4; octets++) {
        const gsize digits = sr_char_span(text.data + i, text.length - i, SR_CHAR_DIGIT);
        guint value = 0;

        if (digits < 1 || digits > 3 || (digits > 1 && text.data[i] == '0'))
            return FALSE;
        for (gsize j = 0; j < digits; j++)
            value = value * 10 + (guint)(text.data[i + j] - '0');
        i += digits;
        if (value > 255 || (octets < 3 && (i == text.length || text.data[i++] != '.')))
            return FALSE;
    }
    return i == text.length;
}

/*
 * The nine forms of IPv6address in one: pieces of one to four digits between colons, the last two
 * perhaps as IPv4, and at most one "::", which stands for at least one piece.
 */
static gboolean is_ipv6(SrSlice text)
{
    guint pieces = 0;
    gboolean shortened = FALSE;
    gsize i = 0;

    if (text.length >= 2 && text.data[0] == ':' && text.data[1] == ':') {
        shortened = TRUE;
        i = 2;
    }
    while (i < text.length) {
        const gsize digits = sr_char_span(text.data + i, text.length - i, SR_CHAR_HEX);

        if (i + digits < text.length && text.data[i + digits] == '.') {
            if (!is_ipv4(part(text, i, text.length)))
                return FALSE;
            pieces += 2;
            break;
        }
        if (digits < 1 || digits > 4 || ++pieces > PIECES_MAX)
            return FALSE;
        i += digits;
        if (i == text.length)
            break;
        if (text.data[i++] != ':' || i == text.length)
            return FALSE;
        if (text.data[i] == ':') {
            if (shortened)
                return FALSE;
            shortened = TRUE;
            i++;
        }
    }
    return shortened ? pieces < PIECES_MAX : pieces == PIECES_MAX;
}

/* IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
static gboolean is_ip_future(SrSlice text)
{
    gsize digits;

    if (text.length < 1 || (text.data[0] != 'v' && text.data[0] != 'V'))
        return FALSE;
    digits = sr_char_span(text.data + 1, text.length - 1, SR_CHAR_HEX);
    if (digits < 1 || 1 + digits >= text.length || text.data[1 + digits] != '.')
        return FALSE;
    text = part(text, digits + 2, text.length);
    return text.length >= 1 && sr_char_span(text.data, text.length, SR_CHAR_USER) == text.length;
}

/* Past the host that starts at @from; a problem when its IP literal is none. */
static SrViolation check_host(SrSlice text, gsize from, gsize *ret_end)
{
    gsize end;
    SrSlice literal;

    if (from == text.length || text.data[from] != '[') {
        *ret_end = span(text, from, SR_CHAR_NAME);
        return fine;
    }
    end = find(text, from, ']');
    if (end == text.length)
        return sr_violation("an IP address in brackets must end in \"]\"", from);
    literal = part(text, from + 1, end);
    if (!is_ipv6(literal) && !is_ip_future(literal))
        return sr_violation("an IPv6 address (RFC 3986 IP-literal) must be in the brackets",
                            from + 1);
    *ret_end = end + 1;
    return fine;
}

SrViolation sr_authority_check(SrSlice text, SrAuthority *ret_authority)
{
    const gsize at = find(text, 0, '@');
    SrAuthority authority = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    gsize host = 0;
    gsize end;
    SrViolation bad;

    if (at < text.length) {
        end = span(text, 0, SR_CHAR_USER);
        if (end != at)
            return sr_violation("only RFC 3986 userinfo characters may stand before \"@\"", end);
        authority.user = part(text, 0, at);
        host = at + 1;
    }
    bad = check_host(text, host, &end);
    if (bad.rule)
        return bad;
    authority.host = part(text, host, end);
    if (end < text.length && text.data[end] == ':') {
        const gsize port = end + 1;

        end = port + sr_char_span(text.data + port, text.length - port, SR_CHAR_DIGIT);
        authority.port = part(text, port, end);
        if (end < text.length)
            return sr_violation("a port has digits only", end);
    }
    if (end < text.length)
        return sr_violation("only RFC 3986 host characters may be in a host", end);
    if (ret_authority)
        *ret_authority = authority;
    return fine;
}

gsize sr_uri_scheme_length(SrSlice text)
{
    const gsize length = sr_char_span(text.data, text.length, SR_CHAR_SCHEME);

    return length > 0 && g_ascii_isalpha(text.data[0]) ? length : 0;
}

/* The end of the authority that starts at @from: the first "/", "?" or "#". */
static gsize authority_end(SrSlice text, gsize from)
{
    while (from < text.length && text.data[from] != '/' && text.data[from] != '?' &&
           text.data[from] != '#')
        from++;
    return from;
}

SrViolation sr_uri_check(SrSlice text)
{
    gsize i = sr_uri_scheme_length(text);

    if (i == 0 || i == text.length || text.data[i] != ':')
        return sr_violation("a URI starts with a scheme and \":\"", i);
    i++;
    if (text.length - i >= 2 && text.data[i] == '/' && text.data[i + 1] == '/') {
        const gsize start = i + 2;
        SrViolation bad;

        i = authority_end(text, start);
        bad = sr_authority_check(part(text, start, i), NULL);
        if (bad.rule)
            return sr_violation(bad.rule, start + bad.offset);
    }
    i = span(text, i, SR_CHAR_PATH);
    if (i < text.length && text.data[i] == '?')
        i = span(text, i + 1, SR_CHAR_QUERY);
    if (i < text.length && text.data[i] == '#')
        i = span(text, i + 1, SR_CHAR_QUERY);
    if (i < text.length)
        return sr_violation("only RFC 3986 URI characters may be in a URI", i);
    return fine;
}

gsize sr_uri_segment_length(SrSlice text)
{
    return span(text, 0, SR_CHAR_SEGMENT);
}
