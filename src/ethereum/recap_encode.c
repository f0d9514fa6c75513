#include "ethereum/recap.h"

#include "base/encoding.h"
#include "base/error.h"

#include <string.h>

static int compare_names(gconstpointer left, gconstpointer right)
{
    const char *const *a = left;
    const char *const *b = right;

    return strcmp(*a, *b);
}

/* The names of an object's members in order. They belong to the object. */
static GPtrArray *sorted_names(SrJson *object)
{
    GPtrArray *names = g_ptr_array_new();

    json_object_object_foreach (object, name, member) {
        (void)member;
        g_ptr_array_add(names, name);
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

static gboolean write_value(GString *text, SrJson *value, GError **error);

static gboolean write_object(GString *text, SrJson *object, GError **error)
{
    g_autoptr(GPtrArray) names = sorted_names(object);

    g_string_append_c(text, '{');
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autoptr(SrJson) name_value = json_object_new_string(name);
        g_autofree char *name_text = sr_json_text(name_value);

        g_string_append_printf(text, "%s%s:", i ? "," : "", name_text);
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
    g_autofree char *scalar = NULL;

    if (json_object_is_type(value, json_type_object))
        return write_object(text, value, error);
    if (json_object_is_type(value, json_type_array))
        return write_array(text, value, error);
    if (json_object_is_type(value, json_type_double)) {
        /* There is no one way to write a fraction that all writers of JSON share. */
        sr_error_set_at(error, SR_ERROR_UNSUPPORTED_RECAP, "resources", -1,
                        "numbers in a ReCap must be whole");
        return FALSE;
    }
    scalar = sr_json_text(value);
    g_string_append(text, scalar);
    return TRUE;
}

/* Whether what was encoded is what we would sign without a warning. */
static gboolean check(const char *uri, GError **error)
{
    g_autoptr(SrRecap) recap = sr_recap_decode(uri, strlen(uri), error);

    if (!recap)
        return FALSE;
    for (guint i = 0; i < recap->groups->len; i++) {
        const SrRecapGroup *group = g_ptr_array_index(recap->groups, i);

        if (group->no_valid_use) {
            sr_error_set_at(error, SR_ERROR_UNSUPPORTED_RECAP, "resources", -1,
                            "an ability of \"%s\" on %s has no restriction object; write [{}] for "
                            "no restriction",
                            group->namespace, group->resource);
            return FALSE;
        }
    }
    return TRUE;
}

char *sr_recap_encode(SrJson *attenuations, SrJson *proofs, GError **error)
{
    g_autoptr(GString) text = g_string_new("{\"att\":");
    g_autofree char *encoded = NULL;
    g_autofree char *uri = NULL;

    if (!write_value(text, attenuations, error))
        return NULL;
    g_string_append(text, ",\"prf\":");
    if (!proofs)
        g_string_append(text, "[]");
    else if (!write_value(text, proofs, error))
        return NULL;
    g_string_append_c(text, '}');
    encoded = sr_base64url_encode((const guint8 *)text->str, text->len);
    uri = g_strconcat("urn:recap:", encoded, NULL);
    if (strlen(uri) > SR_SIWE_URI_MAX) {
        sr_error_set_at(error, SR_ERROR_UNSUPPORTED_RECAP, "resources", -1,
                        "a ReCap has at most %d bytes", SR_SIWE_URI_MAX);
        return NULL;
    }
    if (!check(uri, error))
        return NULL;
    return g_steal_pointer(&uri);
}
