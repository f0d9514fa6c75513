#include "base/json_canonical.h"

#include "base/error.h"

#include <string.h>

#define SURROGATES_LEAD 0xf0u /* first byte in UTF-8 of what UTF-16 writes with surrogates */
#define BEHIND_LEAD 0xeeu     /* of U+E000, which comes behind the surrogates in UTF-16 */

int sr_json_compare_names(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    const guint8 x = (guint8)*a;
    const guint8 y = (guint8)*b;

    if ((x >= SURROGATES_LEAD) != (y >= SURROGATES_LEAD) && MIN(x, y) >= BEHIND_LEAD)
        return (int)y - (int)x;
    return (int)x - (int)y;
}

static int compare(gconstpointer left, gconstpointer right)
{
    const char *const *a = left;
    const char *const *b = right;

    return sr_json_compare_names(*a, *b);
}

/* The names of an object's members in order. They belong to the object. */
static GPtrArray *sorted_names(SrJson *object)
{
    GPtrArray *names = g_ptr_array_sized_new((guint)json_object_object_length(object));

    json_object_object_foreach (object, name, member) {
        (void)member;
        g_ptr_array_add(names, name);
    }
    g_ptr_array_sort(names, compare);
    return names;
}

/* json-c escapes what RFC 8785 §3.2.2.2 wants escaped, and in that form. */
static void write_scalar(GString *text, SrJson *value)
{
    g_string_append(text, json_object_to_json_string_ext(
                              value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static gboolean write_value(GString *text, SrJson *value, GError **error);

static gboolean write_object(GString *text, SrJson *object, GError **error)
{
    g_autoptr(GPtrArray) names = sorted_names(object);

    g_string_append_c(text, '{');
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autoptr(SrJson) name_value = json_object_new_string(name);

        if (i)
            g_string_append_c(text, ',');
        write_scalar(text, name_value);
        g_string_append_c(text, ':');
        if (!write_value(text, json_object_object_get(object, name), error))
            return FALSE;
    }
    g_string_append_c(text, '}');
    return TRUE;
}

static gboolean write_array(GString *text, SrJson *array, GError **error)
{
    g_string_append_c(text, '[');
    for (gsize i = 0; i < json_object_array_length(array); i++) {
        if (i)
            g_string_append_c(text, ',');
        if (!write_value(text, json_object_array_get_idx(array, i), error))
            return FALSE;
    }
    g_string_append_c(text, ']');
    return TRUE;
}

static gboolean write_value(GString *text, SrJson *value, GError **error)
{
    if (json_object_is_type(value, json_type_object))
        return write_object(text, value, error);
    if (json_object_is_type(value, json_type_array))
        return write_array(text, value, error);
    if (json_object_is_type(value, json_type_double)) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS, "numbers in what is signed must be whole");
        return FALSE;
    }
    write_scalar(text, value);
    return TRUE;
}

char *sr_json_canonical(SrJson *value, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    if (!write_value(text, value, error))
        return NULL;
    return g_string_free(g_steal_pointer(&text), FALSE);
}
