/*
 * Classes of ASCII characters of RFC 3986 (Appendix A) and EIP-4361, one bit each; bytes above 0x7f
 * are in none. "%" is in none either: percent-encoding takes three characters (see uri.h).
 */
#pragma once

#include <glib.h>

typedef enum {
    SR_CHAR_DIGIT = 1 << 0,
    SR_CHAR_HEX = 1 << 1,       /* HEXDIG, either case */
    SR_CHAR_ALNUM = 1 << 2,     /* ALPHA / DIGIT */
    SR_CHAR_SCHEME = 1 << 3,    /* ALPHA / DIGIT / "+" / "-" / "." */
    SR_CHAR_NAME = 1 << 4,      /* unreserved / sub-delims: a registered name */
    SR_CHAR_USER = 1 << 5,      /* the same and ":": user information */
    SR_CHAR_SEGMENT = 1 << 6,   /* pchar: the same and "@" */
    SR_CHAR_PATH = 1 << 7,      /* pchar / "/" */
    SR_CHAR_QUERY = 1 << 8,     /* pchar / "/" / "?": query and fragment */
    SR_CHAR_STATEMENT = 1 << 9, /* reserved / unreserved / " " */
    SR_CHAR_ABILITY = 1 << 10,  /* ERC-5573: ALPHA / DIGIT / "." / "*" / "_" / "+" / "-" */
} SrCharClass;

extern const guint16 sr_char_classes[256];

/* Whether @c is in one of the classes of @class. */
static inline gboolean sr_char_is(char c, guint class)
{
    return (sr_char_classes[(guint8)c] & class) != 0;
}

/* How many of @text's first @length characters are in @class without a gap. */
static inline gsize sr_char_span(const char *text, gsize length, guint class)
{
    gsize i = 0;

    while (i < length && sr_char_is(text[i], class))
        i++;
    return i;
}
