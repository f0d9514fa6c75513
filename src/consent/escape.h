/*
 * Text as a person may safely be shown it: printable ASCII stays, everything else (controls, bidi
 * and zero-width characters, any non-ASCII character, bytes that are not UTF-8) becomes "<U+XXXX>"
 * or "<0xXX>". "<U+" and "<0x" in the input are escaped too, so that the form is unambiguous.
 */
#pragma once

#include <glib.h>

/* Escape @size bytes; *ret_count (may be NULL) is increased by the number of escapes. Owned by the
 * caller. */
char *sr_escape(const char *bytes, gsize size, guint *ret_count);
