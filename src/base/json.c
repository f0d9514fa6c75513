#include "base/json.h"

#include "base/error.h"
#include "base/json_check.h"

#include <string.h>

SrJson *sr_json_parse(const char *text, gsize length, GError **error)
{
    struct json_tokener *tokener;
    SrJson *value;

    if (length > G_MAXINT) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "a JSON text of %zu bytes", length);
        return NULL;
    }
    if (!sr_json_check(text, length, error))
        return NULL;
    tokener = json_tokener_new_ex((int)SR_JSON_DEPTH_MAX + 1);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    value = json_tokener_parse_ex(tokener, text, (int)length);
    /* A lone number has no end mark; the length is known, so say that this is all. */
    if (!value && json_tokener_get_error(tokener) == json_tokener_continue)
        value = json_tokener_parse_ex(tokener, "", 1);
    if (!value)
        sr_error_set_at(error, SR_ERROR_PARSE_ERROR, "json", 0, "%s",
                        json_tokener_get_error(tokener) == json_tokener_success
                            ? "null is not allowed here"
                            : json_tokener_error_desc(json_tokener_get_error(tokener)));
    json_tokener_free(tokener);
    return value;
}

/* The member @name when it is there and not null. */
static SrJson *find(SrJson *object, const char *name)
{
    SrJson *value = NULL;

    if (!json_object_is_type(object, json_type_object))
        return NULL;
    json_object_object_get_ex(object, name, &value);
    return value;
}

static gboolean wrong_type(GError **error, const char *name, const char *wanted)
{
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, name, -1, "must be %s", wanted);
    return FALSE;
}

/* The member @name of type @type in *ret_value, NULL there when it is absent. */
static gboolean find_typed(SrJson *object, const char *name, enum json_type type,
                           const char *wanted, SrJson **ret_value, GError **error)
{
    SrJson *value = find(object, name);

    if (value && !json_object_is_type(value, type))
        return wrong_type(error, name, wanted);
    *ret_value = value;
    return TRUE;
}

const char *sr_json_string(SrJson *object, const char *name, GError **error)
{
    const char *string = NULL;

    if (!sr_json_string_optional(object, name, &string, error))
        return NULL;
    if (!string)
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, name, -1, "is missing");
    return string;
}

gboolean sr_json_string_optional(SrJson *object, const char *name, const char **ret_string,
                                 GError **error)
{
    SrJson *value;

    if (!find_typed(object, name, json_type_string, "a string", &value, error))
        return FALSE;
    *ret_string = value ? json_object_get_string(value) : NULL;
    return TRUE;
}

gboolean sr_json_integer_optional(SrJson *object, const char *name, gint64 minimum, gint64 maximum,
                                  gint64 *inout_value, GError **error)
{
    SrJson *value;
    gint64 number;

    if (!find_typed(object, name, json_type_int, "an integer", &value, error))
        return FALSE;
    if (!value)
        return TRUE;
    number = json_object_get_int64(value);
    if (number < minimum || number > maximum) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, name, -1,
                        "must be from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, minimum, maximum);
        return FALSE;
    }
    *inout_value = number;
    return TRUE;
}

gboolean sr_json_boolean_optional(SrJson *object, const char *name, gboolean *inout_value,
                                  GError **error)
{
    SrJson *value;

    if (!find_typed(object, name, json_type_boolean, "true or false", &value, error))
        return FALSE;
    if (value)
        *inout_value = json_object_get_boolean(value) != 0;
    return TRUE;
}

gboolean sr_json_object_optional(SrJson *object, const char *name, SrJson **ret_object,
                                 GError **error)
{
    return find_typed(object, name, json_type_object, "an object", ret_object, error);
}

gboolean sr_json_array_optional(SrJson *object, const char *name, SrJson **ret_array,
                                GError **error)
{
    return find_typed(object, name, json_type_array, "an array", ret_array, error);
}

gboolean sr_json_only(SrJson *object, const char *const *names, GError **error)
{
    if (!json_object_is_type(object, json_type_object)) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS, "an object is expected here");
        return FALSE;
    }
    json_object_object_foreach (object, name, value) {
        (void)value;
        if (!g_strv_contains(names, name)) {
            sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, name, -1, "is not known here");
            return FALSE;
        }
    }
    return TRUE;
}

void sr_json_add(SrJson *object, const char *name, SrJson *value)
{
    json_object_object_add(object, name, value);
}

void sr_json_add_string(SrJson *object, const char *name, const char *value)
{
    sr_json_add(object, name, value ? json_object_new_string(value) : NULL);
}

void sr_json_add_integer(SrJson *object, const char *name, gint64 value)
{
    sr_json_add(object, name, json_object_new_int64(value));
}

void sr_json_add_boolean(SrJson *object, const char *name, gboolean value)
{
    sr_json_add(object, name, json_object_new_boolean(value));
}

char *sr_json_text(SrJson *value)
{
    return g_strdup(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
                                                              JSON_C_TO_STRING_NOSLASHESCAPE));
}

void sr_json_free(SrJson *value)
{
    json_object_put(value);
}
