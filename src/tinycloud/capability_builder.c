#include "tinycloud/capability_builder.h"

#include "base/error.h"
#include "ethereum/char_class.h"

#include <string.h>

#define SPACE_SCHEME "tinycloud:"
#define ACCOUNT_SPACE "account"
#define DECRYPT "tinycloud.encryption/decrypt"
#define NETWORK_CREATE "tinycloud.encryption/network.create"
#define NETWORK_PREFIX "tinycloud.encryption/network."

SrCapabilityBuilder *sr_capability_builder_new(const SrSpaceOwner *owner)
{
    SrCapabilityBuilder *builder = g_new0(SrCapabilityBuilder, 1);

    builder->owner = *owner;
    builder->attenuations = json_object_new_object();
    builder->spaces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    builder->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    builder->own_networks = g_ptr_array_new_with_free_func(g_free);
    return builder;
}

void sr_capability_builder_free(SrCapabilityBuilder *builder)
{
    if (!builder)
        return;
    sr_json_free(builder->attenuations);
    g_hash_table_unref(builder->spaces);
    g_hash_table_unref(builder->names);
    g_ptr_array_unref(builder->own_networks);
    g_free(builder->space_id);
    g_free(builder);
}

/* --- abilities ------------------------------------------------------------------------------- */

/* "ns/name" with characters of ERC-5573 on both sides. */
static gboolean is_ability(const char *text)
{
    const gsize length = strlen(text);
    const gsize namespace = sr_char_span(text, length, SR_CHAR_ABILITY);
    const gsize name = length - MIN(length, namespace + 1);

    return namespace > 0 && text[namespace] == '/' && name > 0 &&
           sr_char_span(text + namespace + 1, name, SR_CHAR_ABILITY) == name;
}

gboolean sr_abilities_add(SrJson *abilities, const SrPlace *place, const char *ability,
                          GError **error)
{
    SrJson *unrestricted;

    if (!is_ability(ability))
        return sr_place_refuse(place, error,
                               "\"%s\" is not an action: letters, digits and \".*_+-\", with at "
                               "most one \"/\" behind the service",
                               ability);
    if (json_object_object_get_ex(abilities, ability, NULL))
        return TRUE;
    unrestricted = json_object_new_array();
    json_object_array_add(unrestricted, json_object_new_object());
    sr_json_add(abilities, ability, unrestricted);
    return TRUE;
}

/* The abilities on the resource @uri. Borrowed. */
static SrJson *find_abilities(SrCapabilityBuilder *builder, const char *uri)
{
    SrJson *abilities;

    if (json_object_object_get_ex(builder->attenuations, uri, &abilities))
        return abilities;
    abilities = json_object_new_object();
    sr_json_add(builder->attenuations, uri, abilities);
    return abilities;
}

/* --- resources of spaces --------------------------------------------------------------------- */

char *sr_capability_builder_space_id(const SrCapabilityBuilder *builder, const char *space,
                                     GError **error)
{
    SrSpace parsed;

    if (!g_str_has_prefix(space, SPACE_SCHEME))
        return sr_space_id_new(&builder->owner, space, error);
    if (!sr_space_parse((SrSlice){space, strlen(space)}, &parsed, error))
        return NULL;
    return sr_space_text(&parsed);
}

/* The id of the space that is named @space, remembered. Borrowed. */
static const char *find_space_id(SrCapabilityBuilder *builder, const SrPlace *place,
                                 const char *space, GError **error)
{
    const char *known = g_hash_table_lookup(builder->spaces, space);
    const SrPlace member = sr_place_member(place, "space");
    g_autofree char *id = NULL;
    const char *before;

    if (known)
        return known;
    id = sr_capability_builder_space_id(builder, space, error);
    if (!id) {
        sr_place_blame(&member, error);
        return NULL;
    }
    before = g_hash_table_lookup(builder->names, id);
    if (before) {
        sr_place_refuse(&member, error,
                        "\"%s\" and \"%s\" are one space: name it the same way everywhere", space,
                        before);
        return NULL;
    }
    g_hash_table_insert(builder->names, g_strdup(id), g_strdup(space));
    g_hash_table_insert(builder->spaces, g_strdup(space), g_strdup(id));
    return g_hash_table_lookup(builder->spaces, space);
}

SrJson *sr_capability_builder_resource(SrCapabilityBuilder *builder, const SrPlace *place,
                                       const char *space, const char *service, const char *path,
                                       GError **error)
{
    const char *id = find_space_id(builder, place, space, error);
    const SrPlace member = sr_place_member(place, "path");
    g_autofree char *uri = NULL;

    if (!id)
        return NULL;
    uri = sr_resource_uri_new(id, service, path, error);
    if (!uri) {
        sr_place_blame(&member, error);
        return NULL;
    }
    if (!builder->space_id && strcmp(space, ACCOUNT_SPACE) != 0)
        builder->space_id = g_strdup(id);
    return find_abilities(builder, uri);
}

/* --- encryption networks --------------------------------------------------------------------- */

static gboolean add_network_action(const SrCapabilityBuilder *builder, const SrPlace *place,
                                   const SrEncryptionNetwork *network, SrJson *abilities,
                                   const char *action, GError **error)
{
    if (g_str_has_prefix(action, NETWORK_PREFIX) && !sr_network_is_owned(network, &builder->owner))
        return sr_place_refuse(place, error,
                               "only the owner of an encryption network, here %.*s, can allow "
                               "\"%s\"",
                               (int)network->owner_did.length, network->owner_did.data, action);
    return sr_abilities_add(abilities, place, action, error);
}

/* Keep in mind that the network @id can be created, when it is one of the signer's own. */
static void note_network(SrCapabilityBuilder *builder, const char *id, SrJson *abilities)
{
    if (json_object_object_get_ex(abilities, NETWORK_CREATE, NULL) &&
        !g_ptr_array_find_with_equal_func(builder->own_networks, id, g_str_equal, NULL))
        g_ptr_array_add(builder->own_networks, g_strdup(id));
}

SrJson *sr_capability_builder_add_network(SrCapabilityBuilder *builder, const SrPlace *place,
                                          const char *id, const char *const *actions,
                                          GError **error)
{
    const SrPlace path = sr_place_member(place, "path");
    const SrPlace list = sr_place_member(place, "actions");
    SrEncryptionNetwork network;
    SrJson *abilities;

    if (!sr_network_parse((SrSlice){id, strlen(id)}, &network, error)) {
        sr_place_blame(&path, error);
        return NULL;
    }
    abilities = find_abilities(builder, id);
    for (gsize i = 0; actions[i]; i++) {
        const SrPlace element = sr_place_element(&list, i);

        if (!add_network_action(builder, &element, &network, abilities, actions[i], error))
            return NULL;
    }
    if (json_object_object_get_ex(abilities, DECRYPT, NULL) &&
        sr_network_is_owned(&network, &builder->owner) &&
        !sr_abilities_add(abilities, &list, NETWORK_CREATE, error))
        return NULL;
    note_network(builder, id, abilities);
    return abilities;
}
