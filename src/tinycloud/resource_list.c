#include "tinycloud/resource_list.h"

#include "base/error.h"
#include "ethereum/recap.h"
#include "tinycloud/service.h"
#include "tinycloud/space.h"

#include <string.h>

#define ENCRYPTION "encryption"
#define ACTION_MAX 128u

/* --- reading -------------------------------------------------------------------------------- */

/* The short name of the service of the action "tinycloud.kv/get". Owned by the caller. */
static char *service_of(const char *action)
{
    g_autofree char *name = g_strndup(action, strcspn(action, "/"));

    if (strcmp(name, SR_SERVICE_ENCRYPTION) == 0)
        return g_strdup(ENCRYPTION);
    return g_strdup(sr_service_short_name(name));
}

/* The resource of @item for actions of @service. Owned by the caller. */
static char *resource_of(const SrPlace *place, SrJson *item, const char *service,
                         const char *space_id, GError **error)
{
    const SrPlace path_place = sr_place_member(place, "path");
    const char *space = NULL;
    const char *path = NULL;
    SrEncryptionNetwork network;
    char *uri;

    if (!sr_place_get_text_member(place, item, "space", SR_TEXT_OPTIONAL, 512, &space, error) ||
        !sr_place_get_text_member(place, item, "path", SR_TEXT_OPTIONAL_EMPTY, SR_RESOURCE_PATH_MAX,
                                  &path, error))
        return NULL;
    if (strcmp(service, ENCRYPTION) != 0) {
        uri = sr_resource_uri_new(space ? space : space_id, service, path, error);
    } else if (!path || !sr_network_parse((SrSlice){path, strlen(path)}, &network, error)) {
        uri = NULL;
        if (!path)
            sr_error_set(error, SR_ERROR_INVALID_PARAMS, "must be the id of a network");
    } else {
        uri = g_strdup(path);
    }
    if (!uri)
        sr_place_blame(&path_place, error);
    return uri;
}

/* The object of abilities of @uri, made when it is not there. Borrowed. */
static SrJson *abilities_of(SrJson *attenuations, const char *uri)
{
    SrJson *abilities = json_object_object_get(attenuations, uri);

    if (!abilities) {
        abilities = json_object_new_object();
        sr_json_add(attenuations, uri, abilities);
    }
    return abilities;
}

/* [{}], or what "caveats" says; a new reference. */
static SrJson *restrictions_of(const SrPlace *place, SrJson *item, GError **error)
{
    const SrPlace caveats_place = sr_place_member(place, "caveats");
    SrJson *caveats = json_object_object_get(item, "caveats");
    SrJson *none;

    if (caveats && json_object_array_length(caveats) > 0) {
        for (gsize i = 0; i < json_object_array_length(caveats); i++)
            if (!json_object_is_type(json_object_array_get_idx(caveats, i), json_type_object)) {
                sr_place_refuse(&caveats_place, error, "must be an array of objects");
                return NULL;
            }
        return json_object_get(caveats);
    }
    none = json_object_new_array();
    json_object_array_add(none, json_object_new_object());
    return none;
}

static gboolean add_action(SrJson *attenuations, const SrPlace *place, const SrPlace *action_place,
                           SrJson *item, const char *action, const char *space_id, GError **error)
{
    const char *wanted = NULL;
    g_autofree char *service = service_of(action);
    g_autofree char *uri = NULL;
    SrJson *restrictions;

    if (!service)
        return sr_place_refuse(action_place, error, "is not an action of a TinyCloud service");
    if (!sr_place_get_text_member(place, item, "service", SR_TEXT_OPTIONAL, SR_SERVICE_NAME_MAX,
                                  &wanted, error))
        return FALSE;
    if (wanted && strcmp(wanted, service) != 0)
        return sr_place_refuse(action_place, error, "is not an action of the service \"%s\"",
                               wanted);
    uri = resource_of(place, item, service, space_id, error);
    restrictions = uri ? restrictions_of(place, item, error) : NULL;
    if (!restrictions)
        return FALSE;
    sr_json_add(abilities_of(attenuations, uri), action, restrictions);
    return TRUE;
}

gboolean sr_resource_list_add(SrJson *attenuations, const SrPlace *place, SrJson *item,
                              const char *space_id, GError **error)
{
    static const char *const names[] = {"service", "space", "path", "actions", "caveats", NULL};
    const SrPlace actions_place = sr_place_member(place, "actions");
    SrJson *actions;

    if (!sr_place_check_object(place, item, names, error))
        return FALSE;
    actions = json_object_object_get(item, "actions");
    if (!sr_place_check_array(&actions_place, actions, SR_RESOURCE_ACTIONS_MAX, error))
        return FALSE;
    if (json_object_array_length(actions) == 0)
        return sr_place_refuse(&actions_place, error, "must not be empty");
    if (json_object_object_get(item, "caveats") &&
        !json_object_is_type(json_object_object_get(item, "caveats"), json_type_array))
        return sr_place_refuse(place, error, "\"caveats\" must be an array");
    for (gsize i = 0; i < json_object_array_length(actions); i++) {
        const SrPlace action_place = sr_place_element(&actions_place, i);
        const char *action = sr_place_get_text(&action_place, json_object_array_get_idx(actions, i),
                                               ACTION_MAX, error);

        if (!action ||
            !add_action(attenuations, place, &action_place, item, action, space_id, error))
            return FALSE;
    }
    return TRUE;
}

SrJson *sr_resource_list_read(const SrPlace *place, SrJson *list, const char *space_id,
                              GError **error)
{
    g_autoptr(SrJson) attenuations = json_object_new_object();

    if (!sr_place_check_array(place, list, SR_RESOURCES_MAX, error))
        return NULL;
    if (json_object_array_length(list) == 0) {
        sr_place_refuse(place, error, "must not be empty");
        return NULL;
    }
    for (gsize i = 0; i < json_object_array_length(list); i++) {
        const SrPlace item_place = sr_place_element(place, i);

        if (!sr_resource_list_add(attenuations, &item_place, json_object_array_get_idx(list, i),
                                  space_id, error))
            return NULL;
    }
    return g_steal_pointer(&attenuations);
}

/* --- writing -------------------------------------------------------------------------------- */

static void add_slice(SrJson *object, const char *name, const char *data, gsize length)
{
    sr_json_add(object, name, json_object_new_string_len(data ? data : "", (int)length));
}

static SrJson *write_item(const char *uri, SrJson *abilities)
{
    SrJson *item = json_object_new_object();
    SrJson *actions = json_object_new_array();
    SrResource resource;

    if (sr_resource_parse((SrSlice){uri, strlen(uri)}, &resource, NULL)) {
        add_slice(item, "service", resource.service.data, resource.service.length);
        add_slice(item, "space", uri, strcspn(uri, "/"));
        add_slice(item, "path", resource.path.data, resource.path.length);
    } else {
        sr_json_add_string(item, "service", ENCRYPTION);
        sr_json_add_string(item, "space", ENCRYPTION);
        sr_json_add_string(item, "path", uri);
    }
    json_object_object_foreach (abilities, ability, restrictions) {
        (void)restrictions;
        json_object_array_add(actions, json_object_new_string(ability));
    }
    sr_json_add(item, "actions", actions);
    return item;
}

SrJson *sr_resource_list_write(SrJson *attenuations)
{
    SrJson *list = json_object_new_array();

    json_object_object_foreach (attenuations, uri, abilities)
        json_object_array_add(list, write_item(uri, abilities));
    return list;
}
