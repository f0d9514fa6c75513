/*
 * Strict JSON (RFC 8259, I-JSON of RFC 7493) on top of json-c.
 *
 * json-c alone keeps the last of two members with one name, accepts more than JSON and rounds
 * large integers. sr_json_parse therefore checks the text itself first: UTF-8 without surrogates
 * or NUL, the exact grammar, a limit on depth and members, no duplicate names, no integer that
 * another reader would round. Only a text that passes reaches json-c.
 */
#pragma once

#include <glib.h>
#include <json-c/json.h>

typedef struct json_object SrJson;

#define SR_JSON_DEPTH_MAX 32u
#define SR_JSON_MEMBERS_MAX 256u /* in one object */

/*
 * Parse exactly one JSON value of @length bytes, white space around it allowed. Returns a new
 * reference, or NULL with SR_ERROR_PARSE_ERROR and the offset of the first violation. The value
 * null is refused at the top.
 */
SrJson *sr_json_parse(const char *text, gsize length, GError **error);

/*
 * Members of an object, with SR_ERROR_INVALID_PARAMS naming "@field" when one is missing or of
 * another type. Everything returned is borrowed from @object. The *_optional forms set *ret_… to
 * NULL (or leave the default) when the member is absent or null.
 */
const char *sr_json_string(SrJson *object, const char *name, GError **error);
gboolean sr_json_string_optional(SrJson *object, const char *name, const char **ret_string,
                                 GError **error);
gboolean sr_json_integer_optional(SrJson *object, const char *name, gint64 minimum, gint64 maximum,
                                  gint64 *inout_value, GError **error);
gboolean sr_json_boolean_optional(SrJson *object, const char *name, gboolean *inout_value,
                                  GError **error);
gboolean sr_json_object_optional(SrJson *object, const char *name, SrJson **ret_object,
                                 GError **error);
gboolean sr_json_array_optional(SrJson *object, const char *name, SrJson **ret_array,
                                GError **error);

/* Refuse members whose name is not in @names (NULL-terminated), naming the first such member. */
gboolean sr_json_only(SrJson *object, const char *const *names, GError **error);

/* Shorthands to build a reply; they take ownership of nothing but the new value. */
void sr_json_add_string(SrJson *object, const char *name, const char *value); /* NULL: null */
void sr_json_add_integer(SrJson *object, const char *name, gint64 value);
void sr_json_add_boolean(SrJson *object, const char *name, gboolean value);
void sr_json_add(SrJson *object, const char *name, SrJson *value); /* takes @value */

/* Compact text of @value (owned by the caller), "/" not escaped. */
char *sr_json_text(SrJson *value);

/* NULL-safe release of one reference. */
void sr_json_free(SrJson *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrJson, sr_json_free)
