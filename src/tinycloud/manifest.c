#include "tinycloud/manifest.h"

#include "tinycloud/duration.h"
#include "tinycloud/manifest_reader.h"
#include "tinycloud/service.h"

#include <string.h>

#define DEFAULT_SPACE "applications"
#define DEFAULT_EXPIRY "30d"
#define KNOWLEDGE_FOLDER "knowledge/"

/* --- shared by the parts --------------------------------------------------------------------- */

gboolean sr_manifest_read_expiry(const char *text, const SrPlace *place, gint64 *ret_ms,
                                 GError **error)
{
    return sr_duration_parse(text, ret_ms) ||
           sr_place_refuse(place, error,
                           "is a number and a unit, \"30d\", \"12 hours\": \"%.100s\"", text);
}

gboolean sr_manifest_read_actions(SrJson *array, const SrPlace *place,
                                  const char *ret_actions[SR_REQUEST_ACTIONS_MAX + 1],
                                  GError **error)
{
    gsize count;

    if (!sr_place_check_array(place, array, SR_REQUEST_ACTIONS_MAX, error))
        return FALSE;
    count = json_object_array_length(array);
    if (count == 0)
        return sr_place_refuse(place, error, "must not be empty");
    for (gsize i = 0; i < count; i++) {
        const SrPlace element = sr_place_element(place, i);

        ret_actions[i] = sr_place_get_text(&element, json_object_array_get_idx(array, i),
                                           SR_REQUEST_ACTION_TEXT_MAX, error);
        if (!ret_actions[i])
            return FALSE;
    }
    ret_actions[count] = NULL;
    return TRUE;
}

/* One resource has one expiry, and a session has none of its own for each: they would contradict.
 */
static gboolean check_expiry(SrManifestReader *reader, SrJson *abilities, gint64 expiry_ms,
                             const SrPlace *place, GError **error)
{
    gpointer before;

    if (g_hash_table_lookup_extended(reader->expiries, abilities, NULL, &before) &&
        *(const gint64 *)before != expiry_ms)
        return sr_place_refuse(place, error,
                               "another permission on the same resource has another expiry");
    g_hash_table_insert(reader->expiries, abilities, g_memdup2(&expiry_ms, sizeof expiry_ms));
    return TRUE;
}

gboolean sr_manifest_reader_add(SrManifestReader *reader, const SrPermission *permission,
                                const char *expiry, const SrPlace *place, GError **error)
{
    const SrPlace member = sr_place_member(place, "expiry");
    gint64 expiry_ms = 0;
    SrJson *abilities;

    if (expiry && !sr_manifest_read_expiry(expiry, &member, &expiry_ms, error))
        return FALSE;
    if (++reader->totals->n_permissions > SR_REQUEST_PERMISSIONS_MAX)
        return sr_place_refuse(place, error, "a request has at most %u permissions",
                               SR_REQUEST_PERMISSIONS_MAX);
    abilities = sr_permission_add(permission, place, reader->builder, error);
    return abilities && check_expiry(reader, abilities, expiry_ms, &member, error);
}

/* --- permissions ----------------------------------------------------------------------------- */

/* @path below the manifest's prefix. Owned by the caller. */
static char *add_prefix(const char *prefix, const char *path)
{
    if (*prefix == '\0')
        return g_strdup(path);
    return g_strconcat(prefix, path[0] == '/' ? "" : "/", path, NULL);
}

/* The member "actions" of @value. */
static gboolean read_actions(SrJson *value, const SrPlace *place,
                             const char *ret_actions[SR_REQUEST_ACTIONS_MAX + 1], GError **error)
{
    const SrPlace member = sr_place_member(place, "actions");
    SrJson *actions;

    if (!json_object_object_get_ex(value, "actions", &actions))
        return sr_place_refuse(&member, error, "is missing");
    return sr_manifest_read_actions(actions, &member, ret_actions, error);
}

static gboolean check_description(SrJson *value, const SrPlace *place, GError **error)
{
    const char *unused;

    return sr_place_get_text_member(place, value, "description", SR_TEXT_OPTIONAL_EMPTY,
                                    SR_REQUEST_TEXT_MAX, &unused, error);
}

static gboolean add_permission(SrManifestReader *reader, SrJson *value, const SrPlace *place,
                               GError **error)
{
    static const char *const known[] = {"service",    "space",  "path",        "actions",
                                        "skipPrefix", "expiry", "description", NULL};
    const char *actions[SR_REQUEST_ACTIONS_MAX + 1];
    SrPermission permission = {.actions = actions};
    gboolean skip_prefix = FALSE;
    g_autofree char *full_path = NULL;
    const char *expiry;
    const char *path;

    if (!sr_place_check_object(place, value, known, error) ||
        !sr_place_get_text_member(place, value, "service", SR_TEXT_REQUIRED,
                                  SR_REQUEST_ACTION_TEXT_MAX, &permission.service, error) ||
        !sr_place_get_text_member(place, value, "space", SR_TEXT_OPTIONAL, SR_REQUEST_TEXT_MAX,
                                  &permission.space, error) ||
        !sr_place_get_text_member(place, value, "path", SR_TEXT_REQUIRED_EMPTY,
                                  SR_RESOURCE_PATH_MAX, &path, error) ||
        !read_actions(value, place, actions, error) ||
        !sr_place_get_boolean_member(place, value, "skipPrefix", &skip_prefix, error) ||
        !sr_place_get_text_member(place, value, "expiry", SR_TEXT_OPTIONAL, SR_REQUEST_TEXT_MAX,
                                  &expiry, error) ||
        !check_description(value, place, error))
        return FALSE;
    /* A network belongs to no application. */
    skip_prefix |= strcmp(permission.service, SR_SERVICE_ENCRYPTION) == 0;
    full_path = add_prefix(skip_prefix ? "" : reader->prefix, path);
    permission.path = full_path;
    if (!permission.space)
        permission.space = reader->space;
    return sr_manifest_reader_add(reader, &permission, expiry, place, error);
}

static gboolean add_permissions(SrManifestReader *reader, SrJson *manifest, const SrPlace *place,
                                GError **error)
{
    const SrPlace list = sr_place_member(place, "permissions");
    SrJson *permissions;

    if (!json_object_object_get_ex(manifest, "permissions", &permissions))
        return TRUE;
    if (!sr_place_check_array(&list, permissions, SR_REQUEST_PERMISSIONS_MAX, error))
        return FALSE;
    for (gsize i = 0; i < json_object_array_length(permissions); i++) {
        const SrPlace element = sr_place_element(&list, i);

        if (!add_permission(reader, json_object_array_get_idx(permissions, i), &element, error))
            return FALSE;
    }
    return TRUE;
}

/* --- default permissions --------------------------------------------------------------------- */

/*
 * The list that "defaults" names; NULL in *ret_list for none. The SDK takes every other text for
 * true, also "false" and "none", which nobody can have meant.
 */
static gboolean read_defaults(SrJson *manifest, const SrPlace *place, const SrPermission **ret_list,
                              GError **error)
{
    const SrPlace member = sr_place_member(place, "defaults");
    g_autofree char *name = NULL;
    SrJson *value;

    *ret_list = sr_standard_permissions;
    if (!json_object_object_get_ex(manifest, "defaults", &value))
        return TRUE;
    if (json_object_is_type(value, json_type_boolean)) {
        if (!json_object_get_boolean(value))
            *ret_list = NULL;
        return TRUE;
    }
    if (json_object_is_type(value, json_type_string)) {
        name = g_strstrip(g_ascii_strdown(json_object_get_string(value), -1));
        if (strcmp(name, "admin") == 0)
            *ret_list = sr_admin_permissions;
        else if (strcmp(name, "all") == 0)
            *ret_list = sr_all_permissions;
        if (*ret_list != sr_standard_permissions || strcmp(name, "true") == 0 ||
            strcmp(name, "standard") == 0)
            return TRUE;
    }
    return sr_place_refuse(&member, error,
                           "must be true, false, \"standard\", \"admin\" or \"all\"");
}

static gboolean add_defaults(SrManifestReader *reader, SrJson *manifest, const SrPlace *place,
                             GError **error)
{
    const SrPermission *list;

    if (!read_defaults(manifest, place, &list, error))
        return FALSE;
    for (; list && list->service; list++) {
        g_autofree char *path = add_prefix(reader->prefix, list->path);
        const SrPermission permission = {list->service, list->space, path, list->actions};

        if (!sr_permission_add(&permission, place, reader->builder, error))
            return FALSE;
    }
    return TRUE;
}

/* --- the rest -------------------------------------------------------------------------------- */

static gboolean check_version(SrJson *manifest, const SrPlace *place, GError **error)
{
    const SrPlace member = sr_place_member(place, "manifest_version");
    SrJson *version;

    if (!json_object_object_get_ex(manifest, "manifest_version", &version) ||
        (json_object_is_type(version, json_type_int) && json_object_get_int64(version) == 1))
        return TRUE;
    return sr_place_refuse(&member, error, "must be 1");
}

static gboolean check_knowledge(SrJson *manifest, const SrPlace *place, GError **error)
{
    const SrPlace member = sr_place_member(place, "knowledge");
    const char *path;
    SrJson *value;

    if (!json_object_object_get_ex(manifest, "knowledge", &value) ||
        (json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value)))
        return TRUE;
    path = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
    if (strlen(path) <= SR_REQUEST_TEXT_MAX && g_str_has_prefix(path, KNOWLEDGE_FOLDER) &&
        g_str_has_suffix(path, ".md") && strlen(path) > strlen(KNOWLEDGE_FOLDER ".md"))
        return TRUE;
    return sr_place_refuse(&member, error, "must be true or the path \"knowledge/NAME.md\"");
}

/* Members that say something and ask for nothing. */
static gboolean check_description_members(SrJson *manifest, const SrPlace *place, GError **error)
{
    static const struct {
        const char *name;
        SrTextRule rule;
    } texts[] = {
        {"name", SR_TEXT_REQUIRED},
        {"description", SR_TEXT_OPTIONAL_EMPTY},
        {"did", SR_TEXT_OPTIONAL},
        {"icon", SR_TEXT_OPTIONAL_EMPTY},
        {"appVersion", SR_TEXT_OPTIONAL_EMPTY},
    };
    gboolean unused = TRUE;
    const char *text;

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        if (!sr_place_get_text_member(place, manifest, texts[i].name, texts[i].rule,
                                      SR_REQUEST_TEXT_MAX, &text, error))
            return FALSE;
    return check_version(manifest, place, error) && check_knowledge(manifest, place, error) &&
           sr_place_get_boolean_member(place, manifest, "includePublicSpace", &unused, error);
}

/* The space of the permissions that name none. */
static gboolean read_space(SrManifestReader *reader, SrJson *manifest, const SrPlace *place,
                           GError **error)
{
    const SrPlace member = sr_place_member(place, "space");
    g_autofree char *id = NULL;

    if (!sr_place_get_text_member(place, manifest, "space", SR_TEXT_OPTIONAL, SR_REQUEST_TEXT_MAX,
                                  &reader->space, error))
        return FALSE;
    if (!reader->space)
        reader->space = DEFAULT_SPACE;
    id = sr_capability_builder_space_id(reader->builder, reader->space, error);
    return id || sr_place_blame(&member, error);
}

/* The prefix of paths, which is the application's id unless there is one. */
static gboolean read_prefix(SrManifestReader *reader, SrJson *manifest, const SrPlace *place,
                            GError **error)
{
    SrPlace member = sr_place_member(place, "prefix");
    g_autofree char *uri = NULL;
    const char *app_id;

    if (!sr_place_get_text_member(place, manifest, "app_id", SR_TEXT_REQUIRED, SR_RESOURCE_PATH_MAX,
                                  &app_id, error) ||
        !sr_place_get_text_member(place, manifest, "prefix", SR_TEXT_OPTIONAL_EMPTY,
                                  SR_RESOURCE_PATH_MAX, &reader->prefix, error))
        return FALSE;
    if (!reader->prefix) {
        member = sr_place_member(place, "app_id");
        reader->prefix = app_id;
    }
    uri = sr_resource_uri_new("", "kv", reader->prefix, error);
    return uri || sr_place_blame(&member, error);
}

/* How long the manifest's permissions are to hold. */
static gboolean read_expiry(SrManifestReader *reader, SrJson *manifest, const SrPlace *place,
                            GError **error)
{
    const SrPlace expiry_place = sr_place_member(place, "expiry");
    const char *expiry;
    gint64 expiry_ms;

    if (!sr_place_get_text_member(place, manifest, "expiry", SR_TEXT_OPTIONAL, SR_REQUEST_TEXT_MAX,
                                  &expiry, error) ||
        !sr_manifest_read_expiry(expiry ? expiry : DEFAULT_EXPIRY, &expiry_place, &expiry_ms,
                                 error))
        return FALSE;
    reader->totals->expiry_ms = MAX(reader->totals->expiry_ms, expiry_ms);
    return TRUE;
}

static gboolean add_secrets(SrManifestReader *reader, SrJson *manifest, const SrPlace *place,
                            GError **error)
{
    const SrPlace member = sr_place_member(place, "secrets");
    SrJson *secrets;

    return !json_object_object_get_ex(manifest, "secrets", &secrets) ||
           sr_manifest_add_secrets(reader, secrets, &member, error);
}

gboolean sr_manifest_add(SrJson *manifest, const SrPlace *place, SrCapabilityBuilder *builder,
                         SrManifestTotals *totals, GError **error)
{
    static const char *const known[] = {"manifest_version",
                                        "app_id",
                                        "name",
                                        "description",
                                        "did",
                                        "icon",
                                        "appVersion",
                                        "expiry",
                                        "space",
                                        "prefix",
                                        "defaults",
                                        "includePublicSpace",
                                        "knowledge",
                                        "permissions",
                                        "secrets",
                                        NULL};
    g_autoptr(GHashTable) expiries = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    SrManifestReader reader = {.builder = builder, .totals = totals, .expiries = expiries};

    return sr_place_check_object(place, manifest, known, error) &&
           check_description_members(manifest, place, error) &&
           read_prefix(&reader, manifest, place, error) &&
           read_expiry(&reader, manifest, place, error) &&
           read_space(&reader, manifest, place, error) &&
           add_defaults(&reader, manifest, place, error) &&
           add_permissions(&reader, manifest, place, error) &&
           add_secrets(&reader, manifest, place, error);
}
