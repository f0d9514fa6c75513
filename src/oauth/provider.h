/*
 * What a provider wrote, on its way to a person: nothing of it is shown as it is. And errors of
 * reading what a provider wrote, which are the provider's.
 */
#pragma once

#include "base/json.h"

#include <glib.h>

#define SR_PROVIDER_TEXT_MAX 200u /* bytes */

/*
 * @text as printable ASCII, every other byte a "?", cut after SR_PROVIDER_TEXT_MAX bytes. Owned by
 * the caller.
 */
char *sr_provider_text(const char *text);

/*
 * The error in an answer (RFC 6749 §5.2) in such text: "invalid_grant (session not found)"; without
 * an error member what else explains it, with the HTTP @status (0: not known). @answer may be NULL.
 * Owned by the caller.
 */
char *sr_provider_problem(SrJson *answer, guint status);

/*
 * Call it behind something that has just failed: an SR_ERROR_PARSE_ERROR or _INVALID_PARAMS in
 * @error (may be NULL) becomes SR_ERROR_PROVIDER_ERROR, with the same field and message.
 */
void sr_provider_blame(GError **error);
