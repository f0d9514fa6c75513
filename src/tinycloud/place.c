#include "tinycloud/place.h"

#include "base/error.h"

#include <string.h>

SrPlace sr_place_member(const SrPlace *outer, const char *name)
{
    return (SrPlace){.outer = outer, .name = name};
}

SrPlace sr_place_element(const SrPlace *outer, gsize index)
{
    return (SrPlace){.outer = outer, .index = index};
}

static gboolean is_word(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!g_ascii_isalnum(*c) && *c != '_' && *c != '-')
            return FALSE;
    return *name != '\0';
}

static void append_place(GString *text, const SrPlace *place)
{
    if (place->outer)
        append_place(text, place->outer);
    if (!place->name) {
        g_string_append_printf(text, "[%" G_GSIZE_FORMAT "]", place->index);
    } else if (is_word(place->name)) {
        g_string_append_printf(text, "%s%s", text->len ? "." : "", place->name);
    } else {
        g_autoptr(SrJson) name = json_object_new_string(place->name);
        g_autofree char *quoted = sr_json_text(name);

        g_string_append_printf(text, "[%s]", quoted);
    }
}

char *sr_place_text(const SrPlace *place)
{
    GString *text = g_string_new(NULL);

    append_place(text, place);
    return g_string_free(text, FALSE);
}

gboolean sr_place_refuse(const SrPlace *place, GError **error, const char *format, ...)
{
    g_autofree char *field = sr_place_text(place);
    g_autofree char *problem = NULL;
    va_list arguments;

    va_start(arguments, format);
    problem = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, field, -1, "%s", problem);
    return FALSE;
}

gboolean sr_place_blame(const SrPlace *place, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (!error)
        return FALSE;
    cause = g_steal_pointer(error);
    return sr_place_refuse(place, error, "%s", cause->message);
}

gboolean sr_place_check_object(const SrPlace *place, SrJson *value, const char *const *names,
                               GError **error)
{
    if (!json_object_is_type(value, json_type_object))
        return sr_place_refuse(place, error, "must be an object");
    json_object_object_foreach (value, name, member) {
        (void)member;
        if (!g_strv_contains(names, name)) {
            const SrPlace unknown = sr_place_member(place, name);

            return sr_place_refuse(&unknown, error, "is not known");
        }
    }
    return TRUE;
}

gboolean sr_place_check_array(const SrPlace *place, SrJson *value, gsize maximum, GError **error)
{
    if (!json_object_is_type(value, json_type_array))
        return sr_place_refuse(place, error, "must be an array");
    if (json_object_array_length(value) <= maximum)
        return TRUE;
    return sr_place_refuse(place, error, "has at most %" G_GSIZE_FORMAT " elements", maximum);
}

static gboolean check_text(const SrPlace *place, SrJson *value, gboolean may_be_empty,
                           gsize maximum, GError **error)
{
    gsize length;

    if (!json_object_is_type(value, json_type_string))
        return sr_place_refuse(place, error, "must be a text");
    length = (gsize)json_object_get_string_len(value);
    if (length == 0 && !may_be_empty)
        return sr_place_refuse(place, error, "must not be empty");
    if (length > maximum)
        return sr_place_refuse(place, error, "has at most %" G_GSIZE_FORMAT " bytes", maximum);
    return TRUE;
}

const char *sr_place_get_text(const SrPlace *place, SrJson *value, gsize maximum, GError **error)
{
    return check_text(place, value, FALSE, maximum, error) ? json_object_get_string(value) : NULL;
}

gboolean sr_place_get_text_member(const SrPlace *place, SrJson *object, const char *name,
                                  SrTextRule rule, gsize maximum, const char **ret_text,
                                  GError **error)
{
    const SrPlace member = sr_place_member(place, name);
    const gboolean may_be_empty = rule == SR_TEXT_OPTIONAL_EMPTY || rule == SR_TEXT_REQUIRED_EMPTY;
    SrJson *value;

    *ret_text = NULL;
    if (!json_object_object_get_ex(object, name, &value)) {
        if (rule == SR_TEXT_OPTIONAL || rule == SR_TEXT_OPTIONAL_EMPTY)
            return TRUE;
        return sr_place_refuse(&member, error, "is missing");
    }
    if (!check_text(&member, value, may_be_empty, maximum, error))
        return FALSE;
    *ret_text = json_object_get_string(value);
    return TRUE;
}

gboolean sr_place_get_boolean_member(const SrPlace *place, SrJson *object, const char *name,
                                     gboolean *inout_value, GError **error)
{
    const SrPlace member = sr_place_member(place, name);
    SrJson *value;

    if (!json_object_object_get_ex(object, name, &value))
        return TRUE;
    if (!json_object_is_type(value, json_type_boolean))
        return sr_place_refuse(&member, error, "must be true or false");
    *inout_value = json_object_get_boolean(value);
    return TRUE;
}
