/*
 * Secrets in a JSON text: taken out of it into memory of their own before a parser that copies what
 * it reads (json-c) sees the rest.
 */
#pragma once

#include "base/secret.h"

#include <glib.h>

/*
 * Take the string member @name out of the JSON object @text, or out of its member @object unless
 * that is NULL. The decoded string goes into *ret_string (owned by the caller) and is blanked in
 * the text, which stays valid JSON with "" in its place; *ret_string is NULL when the member (or
 * @object) is not there, or null, or @text is no object. The text is checked as a whole first
 * (json_check.h): SR_ERROR_PARSE_ERROR with the offset, also for a name that comes twice.
 * SR_ERROR_INVALID_PARAMS naming @name when it is neither a string nor null; such a text still has
 * it and is not to be parsed.
 */
gboolean sr_json_take_string(SrSecret *text, const char *object, const char *name,
                             SrSecret **ret_string, GError **error);

/*
 * Replace the integers beyond ±(2^53 - 1) in @text by ±(2^53 - 1), for members in which a provider
 * says "very long" with such a number. What is in strings stays; a text that is no JSON is still
 * none.
 */
void sr_json_clamp_integers(SrSecret *text);
