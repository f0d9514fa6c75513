/*
 * The check of a JSON text that goes before json-c (see json.h): RFC 8259 grammar, valid UTF-8
 * (RFC 3629), no lone surrogates (RFC 7493 §2.1), no U+0000, no duplicate names (RFC 7493 §2.3),
 * integers within ±(2^53 - 1) (RFC 7493 §2.2). One pass, linear, no recursion beyond the depth
 * limit.
 */
#pragma once

#include <glib.h>

/* TRUE when @text is one acceptable JSON value; else SR_ERROR_PARSE_ERROR with the offset. */
gboolean sr_json_check(const char *text, gsize length, GError **error);
