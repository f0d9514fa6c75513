#include "tinycloud/resource_list.h"

#include "base/error.h"
#include "ethereum/char_class.h"
#include "tinycloud/attenuation.h"
#include "tinycloud/service.h"
#include "tinycloud/space.h"

#include <string.h>

#define ENCRYPTION "encryption"
#define ACTION_MAX 128u
#define SPACE_MAX 512u

/* --- reading -------------------------------------------------------------------------------- */

/* The short name of the service of the action "tinycloud.kv/get", NULL when it is no action. Owned
 * by the caller. */
static char *service_of(const char *action)
{
    const char *slash = strchr(action, '/');
    const gsize length = slash ? strlen(slash + 1) : 0;
    g_autofree char *service = NULL;

    if (length == 0 || sr_char_span(slash + 1, length, SR_CHAR_ABILITY) != length)
        return NULL;
    service = g_strndup(action, (gsize)(slash - action));
    return g_strdup(strcmp(service, SR_SERVICE_ENCRYPTION) == 0 ? ENCRYPTION
                                                                : sr_service_short_name(service));
}

/* The id of the space that @item names, else @space_id. Owned by the caller. */
static char *space_of(const SrPlace *place, SrJson *item, const char *space_id, GError **error)
{
    const SrPlace space_place = sr_place_member(place, "space");
    const char *text = NULL;
    SrSpace space;

    if (!sr_place_get_text_member(place, item, "space", SR_TEXT_OPTIONAL, SPACE_MAX, &text, error))
        return NULL;
    if (!text)
        return g_strdup(space_id);
    if (sr_space_parse(sr_slice_of(text), &space, error))
        return sr_space_text(&space);
    sr_place_blame(&space_place, error);
    return NULL;
}

static char *network_of(const SrPlace *path_place, const char *path, GError **error)
{
    SrEncryptionNetwork network;

    if (!path)
        sr_place_refuse(path_place, error, "must be the id of a network");
    else if (!sr_network_parse(sr_slice_of(path), &network, error))
        sr_place_blame(path_place, error);
    else
        return g_strdup(path);
    return NULL;
}

/* The resource of @item for actions of @service. Owned by the caller. */
static char *resource_of(const SrPlace *place, SrJson *item, const char *service,
                         const char *space_id, GError **error)
{
    const SrPlace path_place = sr_place_member(place, "path");
    g_autofree char *space = NULL;
    const char *path = NULL;
    char *uri;

    if (!sr_place_get_text_member(place, item, "path", SR_TEXT_OPTIONAL_EMPTY, SR_RESOURCE_PATH_MAX,
                                  &path, error))
        return NULL;
    if (strcmp(service, ENCRYPTION) == 0)
        return network_of(&path_place, path, error);
    space = space_of(place, item, space_id, error);
    if (!space)
        return NULL;
    uri = sr_resource_uri_new(space, service, path, error);
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

static gboolean check_caveats(const SrPlace *place, SrJson *caveats, GError **error)
{
    if (!sr_place_check_array(place, caveats, SR_RESOURCE_CAVEATS_MAX, error))
        return FALSE;
    for (gsize i = 0; i < json_object_array_length(caveats); i++) {
        const SrPlace element = sr_place_element(place, i);

        if (!json_object_is_type(json_object_array_get_idx(caveats, i), json_type_object))
            return sr_place_refuse(&element, error, "must be an object");
    }
    return TRUE;
}

/* [{}], or what "caveats" says; a new reference. */
static SrJson *restrictions_of(const SrPlace *place, SrJson *item, GError **error)
{
    const SrPlace caveats_place = sr_place_member(place, "caveats");
    SrJson *caveats;
    SrJson *none;

    if (json_object_object_get_ex(item, "caveats", &caveats)) {
        if (!check_caveats(&caveats_place, caveats, error))
            return NULL;
        if (json_object_array_length(caveats) > 0)
            return json_object_get(caveats);
    }
    none = json_object_new_array();
    json_object_array_add(none, json_object_new_object());
    return none;
}

/* Two elements may name the same action, but not give it in two ways. */
static gboolean add_ability(SrJson *attenuations, const SrPlace *action_place, const char *uri,
                            const char *action, SrJson *restrictions, GError **error)
{
    SrJson *abilities = abilities_of(attenuations, uri);
    SrJson *before = json_object_object_get(abilities, action);

    if (before && !json_object_equal(before, restrictions))
        return sr_place_refuse(action_place, error, "is there before with other caveats");
    if (!before)
        sr_json_add(abilities, action, json_object_get(restrictions));
    return TRUE;
}

static gboolean add_action(SrJson *attenuations, const SrPlace *place, const SrPlace *action_place,
                           SrJson *item, const char *action, const char *space_id, GError **error)
{
    const char *wanted = NULL;
    g_autofree char *service = service_of(action);
    g_autofree char *uri = NULL;
    g_autoptr(SrJson) restrictions = NULL;

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
    return restrictions &&
           add_ability(attenuations, action_place, uri, action, restrictions, error);
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
    if (sr_attenuation_is_valid(attenuations))
        return g_steal_pointer(&attenuations);
    sr_place_refuse(place, error, "is too much at once, or has a number that is not whole");
    return NULL;
}

/* --- writing -------------------------------------------------------------------------------- */

static void add_slice(SrJson *object, const char *name, const char *data, gsize length)
{
    sr_json_add(object, name, json_object_new_string_len(data ? data : "", (int)length));
}

/* The element for @uri and restrictions, without actions. */
static SrJson *item_new(const char *uri, SrJson *restrictions)
{
    SrJson *item = json_object_new_object();
    SrResource resource;

    if (sr_resource_parse(sr_slice_of(uri), &resource, NULL)) {
        add_slice(item, "service", resource.service.data, resource.service.length);
        add_slice(item, "space", uri, strcspn(uri, "/"));
        add_slice(item, "path", resource.path.data, resource.path.length);
    } else {
        sr_json_add_string(item, "service", ENCRYPTION);
        sr_json_add_string(item, "space", ENCRYPTION);
        sr_json_add_string(item, "path", uri);
    }
    sr_json_add(item, "actions", json_object_new_array());
    if (!sr_attenuation_is_free(restrictions))
        sr_json_add(item, "caveats", json_object_get(restrictions));
    return item;
}

/* The element of @list from @first on that has these restrictions, NULL when there is none. */
static SrJson *find_item(SrJson *list, gsize first, SrJson *restrictions)
{
    const gboolean is_free = sr_attenuation_is_free(restrictions);

    for (gsize i = first; i < json_object_array_length(list); i++) {
        SrJson *item = json_object_array_get_idx(list, i);
        SrJson *caveats = json_object_object_get(item, "caveats");

        if (caveats ? json_object_equal(caveats, restrictions) : is_free)
            return item;
    }
    return NULL;
}

static void write_resource(SrJson *list, const char *uri, SrJson *abilities)
{
    const gsize first = json_object_array_length(list);

    json_object_object_foreach (abilities, ability, restrictions) {
        SrJson *item = find_item(list, first, restrictions);

        if (json_object_array_length(restrictions) == 0)
            continue;
        if (!item) {
            item = item_new(uri, restrictions);
            json_object_array_add(list, item);
        }
        json_object_array_add(json_object_object_get(item, "actions"),
                              json_object_new_string(ability));
    }
}

SrJson *sr_resource_list_write(SrJson *attenuations)
{
    SrJson *list = json_object_new_array();

    json_object_object_foreach (attenuations, uri, abilities)
        write_resource(list, uri, abilities);
    return list;
}
