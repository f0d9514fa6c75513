#include "tinycloud/composed_request.h"

#include "tinycloud/manifest_reader.h"
#include "tinycloud/service.h"

#include <string.h>

/* A number of milliseconds; *ret_ms stays when there is none. */
static gboolean read_expiry(SrJson *object, const SrPlace *place, gint64 *ret_ms, GError **error)
{
    const SrPlace member = sr_place_member(place, "expiryMs");
    SrJson *value;

    if (!json_object_object_get_ex(object, "expiryMs", &value))
        return TRUE;
    if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 1)
        return sr_place_refuse(&member, error, "must be a whole number of milliseconds above 0");
    *ret_ms = json_object_get_int64(value);
    return TRUE;
}

static gboolean read_actions(SrJson *resource, const SrPlace *place,
                             const char *ret_actions[SR_REQUEST_ACTIONS_MAX + 1], GError **error)
{
    const SrPlace member = sr_place_member(place, "actions");
    SrJson *actions;

    if (!json_object_object_get_ex(resource, "actions", &actions))
        return sr_place_refuse(&member, error, "is missing");
    if (!sr_manifest_read_actions(actions, &member, ret_actions, error))
        return FALSE;
    for (gsize i = 0; ret_actions[i]; i++) {
        const SrPlace element = sr_place_element(&member, i);

        if (!strchr(ret_actions[i], '/'))
            return sr_place_refuse(&element, error,
                                   "has its service in front here, \"tinycloud.kv/get\": \"%s\"",
                                   ret_actions[i]);
    }
    return TRUE;
}

/* What is for people and for the SDK: checked for its type. */
static gboolean check_unused(SrJson *resource, const SrPlace *place, GError **error)
{
    const char *description;
    gint64 expiry_ms;

    return sr_place_get_text_member(place, resource, "description", SR_TEXT_OPTIONAL_EMPTY,
                                    SR_REQUEST_TEXT_MAX, &description, error) &&
           read_expiry(resource, place, &expiry_ms, error);
}

static gboolean add_resource(SrJson *resource, const SrPlace *place, SrCapabilityBuilder *builder,
                             GError **error)
{
    static const char *const known[] = {"service",  "space",       "path", "actions",
                                        "expiryMs", "description", NULL};
    const char *actions[SR_REQUEST_ACTIONS_MAX + 1];
    SrPermission permission = {.actions = actions};
    const SrPlace service = sr_place_member(place, "service");
    const SrPlace space = sr_place_member(place, "space");

    if (!sr_place_check_object(place, resource, known, error) ||
        !sr_place_get_text_member(place, resource, "service", SR_TEXT_REQUIRED,
                                  SR_REQUEST_ACTION_TEXT_MAX, &permission.service, error) ||
        !sr_place_get_text_member(place, resource, "space", SR_TEXT_OPTIONAL, SR_REQUEST_TEXT_MAX,
                                  &permission.space, error) ||
        !sr_place_get_text_member(place, resource, "path", SR_TEXT_REQUIRED_EMPTY,
                                  SR_RESOURCE_PATH_MAX, &permission.path, error) ||
        !read_actions(resource, place, actions, error) || !check_unused(resource, place, error))
        return FALSE;
    if (strcmp(permission.service, SR_SERVICE_ENCRYPTION) == 0)
        return sr_capability_builder_add_network(builder, place, permission.path, actions, error) !=
               NULL;
    if (strcmp(permission.service, SR_SERVICE_VAULT) == 0)
        return sr_place_refuse(&service, error,
                               "is for manifests; in a composed request it is tinycloud.kv");
    if (!permission.space)
        return sr_place_refuse(&space, error, "is missing");
    return sr_permission_add(&permission, place, builder, error) != NULL;
}

static gboolean add_resources(SrJson *request, const SrPlace *place, SrCapabilityBuilder *builder,
                              GError **error)
{
    const SrPlace member = sr_place_member(place, "resources");
    SrJson *resources;

    if (!json_object_object_get_ex(request, "resources", &resources))
        return sr_place_refuse(&member, error, "is missing");
    if (!sr_place_check_array(&member, resources, SR_REQUEST_PERMISSIONS_MAX, error))
        return FALSE;
    if (json_object_array_length(resources) == 0)
        return sr_place_refuse(&member, error, "must not be empty");
    for (gsize i = 0; i < json_object_array_length(resources); i++) {
        const SrPlace element = sr_place_element(&member, i);

        if (!add_resource(json_object_array_get_idx(resources, i), &element, builder, error))
            return FALSE;
    }
    return TRUE;
}

/* Lists that the SDK keeps for later. */
static gboolean check_lists(SrJson *request, const SrPlace *place, GError **error)
{
    static const char *const names[] = {"manifests", "delegationTargets", "registryRecords"};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const SrPlace member = sr_place_member(place, names[i]);
        SrJson *value;

        if (json_object_object_get_ex(request, names[i], &value) &&
            !sr_place_check_array(&member, value, SR_REQUEST_PERMISSIONS_MAX, error))
            return FALSE;
    }
    return TRUE;
}

gboolean sr_composed_request_add(SrJson *request, const SrPlace *place,
                                 SrCapabilityBuilder *builder, gint64 *ret_expiry_ms,
                                 GError **error)
{
    static const char *const known[] = {
        "manifests",          "resources", "delegationTargets", "registryRecords", "expiryMs",
        "includePublicSpace", NULL};
    gboolean unused = TRUE;

    *ret_expiry_ms = 0;
    return sr_place_check_object(place, request, known, error) &&
           check_lists(request, place, error) &&
           sr_place_get_boolean_member(place, request, "includePublicSpace", &unused, error) &&
           read_expiry(request, place, ret_expiry_ms, error) &&
           add_resources(request, place, builder, error);
}
