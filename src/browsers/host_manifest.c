#include "browsers/host_manifest.h"

#include "base/error.h"
#include "base/json.h"

#include <string.h>

#define ORIGIN_SCHEME "chrome-extension://"

SrHostManifest *sr_host_manifest_new(SrFamily family, const char *program)
{
    SrHostManifest *manifest = g_new0(SrHostManifest, 1);

    manifest->family = family;
    manifest->program = g_strdup(program);
    manifest->extensions = g_ptr_array_new_with_free_func(g_free);
    return manifest;
}

void sr_host_manifest_free(SrHostManifest *manifest)
{
    if (!manifest)
        return;
    g_free(manifest->program);
    g_ptr_array_unref(manifest->extensions);
    g_free(manifest);
}

/* --- ids
 * -------------------------------------------------------------------------------------------------
 */

static gboolean find(const SrHostManifest *manifest, const char *id, guint *ret_index)
{
    return g_ptr_array_find_with_equal_func(manifest->extensions, id, g_str_equal, ret_index);
}

gboolean sr_host_manifest_has(const SrHostManifest *manifest, const char *id)
{
    return find(manifest, id, NULL);
}

void sr_host_manifest_add(SrHostManifest *manifest, const char *id)
{
    if (!find(manifest, id, NULL))
        g_ptr_array_add(manifest->extensions, g_strdup(id));
}

void sr_host_manifest_drop(SrHostManifest *manifest, const char *id)
{
    guint index;

    if (find(manifest, id, &index))
        g_ptr_array_remove_index(manifest->extensions, index);
}

/* --- reading
 * --------------------------------------------------------------------------------------------- */

static const char *list_name(SrFamily family)
{
    return family == SR_FAMILY_CHROMIUM ? "allowed_origins" : "allowed_extensions";
}

static gboolean is_corrupt(GError **error, const char *why)
{
    sr_error_set(error, SR_ERROR_CORRUPT, "%s", why);
    return FALSE;
}

/* The id in an entry of the list; NULL when it is none. Owned by the caller. */
static char *read_entry(SrFamily family, const char *entry)
{
    const gsize start = strlen(ORIGIN_SCHEME);
    const gsize length = strlen(entry);
    g_autofree char *id = NULL;
    SrFamily found;

    if (family == SR_FAMILY_FIREFOX)
        id = g_strdup(entry);
    else if (length > start && g_str_has_prefix(entry, ORIGIN_SCHEME) && entry[length - 1] == '/')
        id = g_strndup(entry + start, length - start - 1);
    if (id && sr_extension_id_read(id, &found) && found == family)
        return g_steal_pointer(&id);
    return NULL;
}

static gboolean read_list(SrHostManifest *manifest, SrJson *object, GError **error)
{
    const char *name = list_name(manifest->family);
    SrJson *list = NULL;

    if (!sr_json_array_optional(object, name, &list, NULL) || !list)
        return is_corrupt(error, "it has no list of extensions that this browser reads");
    if (json_object_array_length(list) > SR_HOST_MANIFEST_IDS_MAX)
        return is_corrupt(error, "it has too many extensions");
    for (gsize i = 0; i < json_object_array_length(list); i++) {
        SrJson *entry = json_object_array_get_idx(list, i);
        g_autofree char *id = json_object_is_type(entry, json_type_string)
                                  ? read_entry(manifest->family, json_object_get_string(entry))
                                  : NULL;

        if (!id)
            return is_corrupt(error, "its list has something that is no extension");
        sr_host_manifest_add(manifest, id);
    }
    return TRUE;
}

/* Whether the manifest is sealring's: the browser goes by the name, and we by the program too. */
static gboolean check_owner(SrJson *object, GError **error)
{
    const char *name = sr_json_string(object, "name", NULL);
    const char *program = sr_json_string(object, "path", NULL);
    g_autofree char *last = program ? g_path_get_basename(program) : NULL;

    if (!name || !program || !g_path_is_absolute(program) ||
        g_strcmp0(sr_json_string(object, "type", NULL), "stdio") != 0)
        return is_corrupt(error, "it has no name, path or type as browsers read them");
    if (strcmp(name, SR_HOST_NAME) == 0 && strcmp(last, SR_HOST_PROGRAM) == 0)
        return TRUE;
    sr_error_set(error, SR_ERROR_KEY_EXISTS, "it is the manifest of %s for %s", name, program);
    return FALSE;
}

SrHostManifest *sr_host_manifest_parse(SrFamily family, const char *text, gsize length,
                                       GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autoptr(SrJson) object = sr_json_parse(text, length, &cause);
    g_autoptr(SrHostManifest) manifest = NULL;

    if (!object || !json_object_is_type(object, json_type_object)) {
        sr_error_set(error, SR_ERROR_CORRUPT, "it is not a JSON object%s%s", cause ? ": " : "",
                     cause ? cause->message : "");
        return NULL;
    }
    if (!check_owner(object, error))
        return NULL;
    manifest = sr_host_manifest_new(family, sr_json_string(object, "path", NULL));
    return read_list(manifest, object, error) ? g_steal_pointer(&manifest) : NULL;
}

/* --- writing
 * --------------------------------------------------------------------------------------------- */

char *sr_host_manifest_text(const SrHostManifest *manifest)
{
    const gboolean origins = manifest->family == SR_FAMILY_CHROMIUM;
    g_autoptr(SrJson) object = json_object_new_object();
    SrJson *list = json_object_new_array();

    sr_json_add_string(object, "name", SR_HOST_NAME);
    sr_json_add_string(object, "description", "sealring: keys in the system's keyring");
    sr_json_add_string(object, "path", manifest->program);
    sr_json_add_string(object, "type", "stdio");
    sr_json_add(object, list_name(manifest->family), list);
    for (guint i = 0; i < manifest->extensions->len; i++) {
        const char *id = g_ptr_array_index(manifest->extensions, i);
        g_autofree char *entry =
            g_strconcat(origins ? ORIGIN_SCHEME : "", id, origins ? "/" : "", NULL);

        json_object_array_add(list, json_object_new_string(entry));
    }
    return g_strconcat(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
                                                                  JSON_C_TO_STRING_SPACED |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE),
                       "\n", NULL);
}
