/*
 * Texts of parts with dots between them: signed tokens (RFC 7515 §7.1) and the lines in which
 * accounts and sessions are stored.
 */
#pragma once

#include "base/secret.h"
#include "base/slice.h"

#include <glib.h>

/* The parts of @length bytes, exactly @count (at least one), as pieces of them; FALSE for another
 * number of parts. */
gboolean sr_dotted_split(const char *text, gsize length, SrSlice *ret_parts, guint count);

/* @count @parts with dots between them, in locked memory. Owned by the caller. Errors as of
 * sr_secret_new. */
SrSecret *sr_dotted_join(const SrSlice *parts, guint count, GError **error);
