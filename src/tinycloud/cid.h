/*
 * Content identifiers (CIDv1, multiformats): raw bytes, BLAKE3-256, in base32. A delegation is
 * named by the one of the bytes it travels as: a CACAO's DAG-CBOR, a UCAN's text.
 */
#pragma once

#include <glib.h>

/* "bafkr4i…" of @size bytes. Owned by the caller. */
char *sr_cid_of(const void *bytes, gsize size);

/* Whether @text is such an identifier. */
gboolean sr_cid_is_valid(const char *text);
