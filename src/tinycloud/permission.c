#include "tinycloud/permission.h"

#include "tinycloud/service.h"

#include <string.h>

/* The actions of the vault and the action of kv that each one is. */
static const char *const vault_actions[][2] = {
    {"read", "tinycloud.kv/get"},          {"get", "tinycloud.kv/get"},
    {"head", "tinycloud.kv/get"},          {"write", "tinycloud.kv/put"},
    {"put", "tinycloud.kv/put"},           {"delete", "tinycloud.kv/del"},
    {"del", "tinycloud.kv/del"},           {"list", "tinycloud.kv/list"},
    {"metadata", "tinycloud.kv/metadata"},
};

static const char *const encryption_actions[][2] = {
    {"decrypt", "tinycloud.encryption/decrypt"},
    {"network.create", "tinycloud.encryption/network.create"},
    {"network.revoke", "tinycloud.encryption/network.revoke"},
};

/* @text behind "@service/", NULL when it does not start with that. */
static const char *strip_service(const char *text, const char *service)
{
    const gsize length = strlen(service);

    return strncmp(text, service, length) == 0 && text[length] == '/' ? text + length + 1 : NULL;
}

/* The action in the second column that @name stands for, NULL when there is none. */
static const char *translate(const char *const (*table)[2], gsize count, const char *name)
{
    for (gsize i = 0; i < count; i++)
        if (strcmp(table[i][0], name) == 0)
            return table[i][1];
    return NULL;
}

static const char *vault_action(const char *action)
{
    const char *name = strip_service(action, SR_SERVICE_VAULT);

    if (!name)
        name = strip_service(action, "tinycloud.kv");
    return translate(vault_actions, G_N_ELEMENTS(vault_actions), name ? name : action);
}

static const char *encryption_action(const char *action)
{
    const char *name = strip_service(action, SR_SERVICE_ENCRYPTION);

    return translate(encryption_actions, G_N_ELEMENTS(encryption_actions), name ? name : action);
}

static gsize count_actions(const SrPermission *permission)
{
    gsize count = 0;

    while (permission->actions[count])
        count++;
    return count;
}

/* The abilities that the actions stand for, by @rule; NULL when one stands for none. Owned. */
static const char **translate_all(const SrPermission *permission, const SrPlace *place,
                                  const char *(*rule)(const char *action), const char *names,
                                  GError **error)
{
    const gsize count = count_actions(permission);
    const SrPlace list = sr_place_member(place, "actions");
    g_autofree const char **abilities = g_new0(const char *, count + 1);

    for (gsize i = 0; i < count; i++) {
        const SrPlace element = sr_place_element(&list, i);

        abilities[i] = rule(permission->actions[i]);
        if (!abilities[i]) {
            sr_place_refuse(&element, error, "\"%s\" is none of %s's actions: %s",
                            permission->actions[i], permission->service, names);
            return NULL;
        }
    }
    return g_steal_pointer(&abilities);
}

static SrJson *add_network(const SrPermission *permission, const SrPlace *place,
                           SrCapabilityBuilder *builder, GError **error)
{
    g_autofree const char **abilities = translate_all(
        permission, place, encryption_action, "decrypt, network.create and network.revoke", error);

    return abilities ? sr_capability_builder_add_network(builder, place, permission->path,
                                                         abilities, error)
                     : NULL;
}

/* Add @actions on what is at @path of @service ("kv"), with "@prefix/" before short ones. */
static SrJson *add_resource(const SrPermission *permission, const SrPlace *place,
                            const char *service, SrCapabilityBuilder *builder, GError **error)
{
    const SrPlace list = sr_place_member(place, "actions");
    SrJson *abilities = sr_capability_builder_resource(builder, place, permission->space, service,
                                                       permission->path, error);

    for (gsize i = 0; abilities && permission->actions[i]; i++) {
        const char *action = permission->actions[i];
        const SrPlace element = sr_place_element(&list, i);
        g_autofree char *ability =
            strchr(action, '/') ? NULL : g_strconcat(permission->service, "/", action, NULL);

        if (!sr_abilities_add(abilities, &element, ability ? ability : action, error))
            return NULL;
    }
    return abilities;
}

static SrJson *add_vault(const SrPermission *permission, const SrPlace *place,
                         SrCapabilityBuilder *builder, GError **error)
{
    const char *path = permission->path[0] == '/' ? permission->path + 1 : permission->path;
    g_autofree char *vault_path = g_strconcat("vault/", path, NULL);
    g_autofree const char **abilities =
        translate_all(permission, place, vault_action,
                      "read, write, delete, get, put, del, list, head and metadata", error);
    const SrPermission entries = {"tinycloud.kv", permission->space, vault_path, abilities};

    return abilities ? add_resource(&entries, place, "kv", builder, error) : NULL;
}

SrJson *sr_permission_add(const SrPermission *permission, const SrPlace *place,
                          SrCapabilityBuilder *builder, GError **error)
{
    const char *service = sr_service_short_name(permission->service);
    const SrPlace member = sr_place_member(place, "service");

    if (service)
        return add_resource(permission, place, service, builder, error);
    if (strcmp(permission->service, SR_SERVICE_VAULT) == 0)
        return add_vault(permission, place, builder, error);
    if (strcmp(permission->service, SR_SERVICE_ENCRYPTION) == 0)
        return add_network(permission, place, builder, error);
    sr_place_refuse(&member, error,
                    "\"%s\" is no service of TinyCloud; its services are tinycloud.kv, .sql, "
                    ".duckdb, .capabilities, .delegation, .hooks, .space, .encryption and .vault",
                    permission->service);
    return NULL;
}

gboolean sr_permissions_add(const SrPermission *permissions, const char *space,
                            const SrPlace *place, SrCapabilityBuilder *builder, GError **error)
{
    for (; permissions->service; permissions++) {
        SrPermission permission = *permissions;

        if (!permission.space)
            permission.space = space;
        if (!sr_permission_add(&permission, place, builder, error))
            return FALSE;
    }
    return TRUE;
}
