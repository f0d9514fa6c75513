/*
 * The grammar of RFC 3986 (Appendix A) as EIP-4361 and ERC-5573 use it: a URI with its scheme, and
 * an authority on its own. Checked, never normalised. Linear, no allocation.
 */
#pragma once

#include "base/slice.h"

#include <glib.h>

/* The parts of an authority, pieces of the text. */
typedef struct {
    SrSlice user; /* without "@" */
    SrSlice host; /* with the brackets of an IP literal */
    SrSlice port; /* digits, perhaps none, without ":" */
} SrAuthority;

/* Whether all of @text is a URI: no rule in the answer when it is. */
SrViolation sr_uri_check(SrSlice text);

/* The same for an authority; ret_authority (may be NULL) is set when it is one. */
SrViolation sr_authority_check(SrSlice text, SrAuthority *ret_authority);

/* Length of the scheme at the start of @text, 0 when there is none. */
gsize sr_uri_scheme_length(SrSlice text);

/* Length of the longest run of pchar (segment characters, percent-encoded octets) at its start. */
gsize sr_uri_segment_length(SrSlice text);
