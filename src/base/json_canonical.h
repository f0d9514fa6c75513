/*
 * JSON in the one form that is signed: JCS (RFC 8785), without fractions, for which writers differ.
 */
#pragma once

#include "base/json.h"

/*
 * The canonical text of @value: no white space, members in the order of their names' UTF-16 code
 * units (§3.2.3), strings escaped as §3.2.2.2 has it. SR_ERROR_INVALID_PARAMS for a number that is
 * not whole. Owned by the caller.
 */
char *sr_json_canonical(SrJson *value, GError **error);

/* The order of two names there: below, at or above 0. */
int sr_json_compare_names(const char *a, const char *b);
