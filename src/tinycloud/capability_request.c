#include "tinycloud/capability_request.h"

#include "tinycloud/composed_request.h"
#include "tinycloud/manifest.h"
#include "tinycloud/permission.h"

#include <string.h>

#define DEFAULT_PREFIX "default"
#define DEFAULT_SPACE "applications" /* of manifests */
#define DEFAULT_NETWORK "default"
#define PUBLIC_SPACE "public"
#define SECRETS_SPACE "secrets"

void sr_capability_request_free(SrCapabilityRequest *request)
{
    if (!request)
        return;
    sr_json_free(request->attenuations);
    g_free(request->space_id);
    sr_json_free(request->spaces);
    g_strfreev(request->own_networks);
    g_free(request);
}

/* --- a plain sign-in ------------------------------------------------------------------------- */

static gboolean add_default_network(SrCapabilityBuilder *builder, const SrPlace *place,
                                    GError **error)
{
    static const char *const actions[] = {"tinycloud.encryption/decrypt", NULL};
    g_autofree char *id = sr_network_id_new(&builder->owner, DEFAULT_NETWORK, error);

    return id && sr_capability_builder_add_network(builder, place, id, actions, error);
}

static gboolean add_plain(SrCapabilityBuilder *builder, const char *prefix, GError **error)
{
    const SrPlace place = sr_place_member(NULL, "spacePrefix");

    g_free(builder->space_id);
    builder->space_id = sr_space_id_new(&builder->owner, prefix, error);
    if (!builder->space_id)
        return sr_place_blame(&place, error);
    /* The SDK lets the vault's permissions in that space replace these, so we ask for no more. */
    if (strcmp(prefix, SECRETS_SPACE) != 0 &&
        !sr_permissions_add(sr_primary_permissions, prefix, &place, builder, error))
        return FALSE;
    return sr_permissions_add(sr_vault_permissions, NULL, &place, builder, error) &&
           sr_permissions_add(sr_account_permissions, NULL, &place, builder, error) &&
           add_default_network(builder, &place, error);
}

/* --- manifests ------------------------------------------------------------------------------- */

/* Who uses a space may see what may be done there. */
static gboolean add_capabilities_read(SrCapabilityBuilder *builder, const SrPlace *place,
                                      GError **error)
{
    g_autoptr(GList) spaces = g_hash_table_get_keys(builder->spaces);

    for (GList *space = spaces; space; space = space->next) {
        static const char *const actions[] = {"read", NULL};
        const SrPermission permission = {"tinycloud.capabilities", space->data, "", actions};

        if (!sr_permission_add(&permission, place, builder, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean add_manifest_list(SrCapabilityBuilder *builder, SrJson *list, const SrPlace *place,
                                  SrManifestTotals *totals, GError **error)
{
    if (!sr_place_check_array(place, list, SR_REQUEST_MANIFESTS_MAX, error))
        return FALSE;
    if (json_object_array_length(list) == 0)
        return sr_place_refuse(place, error, "must not be empty");
    for (gsize i = 0; i < json_object_array_length(list); i++) {
        const SrPlace element = sr_place_element(place, i);

        if (!sr_manifest_add(json_object_array_get_idx(list, i), &element, builder, totals, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean add_manifests(SrCapabilityBuilder *builder, SrJson *manifest, gint64 *ret_expiry_ms,
                              GError **error)
{
    const SrPlace place = sr_place_member(NULL, "manifest");
    SrManifestTotals totals = {0};
    const gboolean added = json_object_is_type(manifest, json_type_array)
                               ? add_manifest_list(builder, manifest, &place, &totals, error)
                               : sr_manifest_add(manifest, &place, builder, &totals, error);

    *ret_expiry_ms = totals.expiry_ms;
    return added && sr_permissions_add(sr_account_permissions, NULL, &place, builder, error) &&
           add_capabilities_read(builder, &place, error);
}

/* --- the request ----------------------------------------------------------------------------- */

static gboolean fill_builder(SrCapabilityBuilder *builder, const char *space_prefix,
                             SrJson *manifest, SrJson *capability_request, gint64 *ret_expiry_ms,
                             GError **error)
{
    const SrPlace place = sr_place_member(NULL, "capabilityRequest");

    *ret_expiry_ms = 0;
    if (manifest && capability_request)
        return sr_place_refuse(&place, error, "there is a manifest too: send one of the two");
    if (manifest)
        return add_manifests(builder, manifest, ret_expiry_ms, error);
    if (capability_request)
        return sr_composed_request_add(capability_request, &place, builder, ret_expiry_ms, error);
    return add_plain(builder, space_prefix && *space_prefix ? space_prefix : DEFAULT_PREFIX, error);
}

/* Take what was collected. */
static SrCapabilityRequest *request_new(SrCapabilityBuilder *builder, gint64 expiry_ms)
{
    SrCapabilityRequest *request = g_new0(SrCapabilityRequest, 1);
    g_autofree char *public_space = sr_space_id_new(&builder->owner, PUBLIC_SPACE, NULL);

    request->attenuations = g_steal_pointer(&builder->attenuations);
    request->space_id = builder->space_id ? g_steal_pointer(&builder->space_id)
                                          : sr_space_id_new(&builder->owner, DEFAULT_SPACE, NULL);
    request->spaces = json_object_new_object();
    sr_json_add_string(request->spaces, PUBLIC_SPACE, public_space);
    g_ptr_array_add(builder->own_networks, NULL);
    request->own_networks = (char **)g_ptr_array_steal(builder->own_networks, NULL);
    request->expiry_ms = expiry_ms;
    return request;
}

SrCapabilityRequest *sr_capability_request_new(const SrSpaceOwner *owner, const char *space_prefix,
                                               SrJson *manifest, SrJson *capability_request,
                                               GError **error)
{
    g_autoptr(SrCapabilityBuilder) builder = sr_capability_builder_new(owner);
    gint64 expiry_ms;

    if (!fill_builder(builder, space_prefix, manifest, capability_request, &expiry_ms, error))
        return NULL;
    return request_new(builder, expiry_ms);
}
