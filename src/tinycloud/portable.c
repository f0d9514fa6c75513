#include "tinycloud/portable.h"

#include "base/error.h"
#include "ethereum/siwe.h"
#include "ethereum/siwe_time.h"
#include "tinycloud/attenuation.h"
#include "tinycloud/did.h"
#include "tinycloud/resource_list.h"
#include "tinycloud/space.h"

#include <string.h>

#define PARAM "delegation"

void sr_portable_free(SrPortable *portable)
{
    if (!portable)
        return;
    sr_delegation_free(portable->delegation);
    g_free(portable->space_id);
    g_free(portable->expires_at);
    g_free(portable);
}

/* --- reading -------------------------------------------------------------------------------- */

/* A text that must be there. Borrowed. */
static const char *get(const SrPlace *top, SrJson *json, const char *name, GError **error)
{
    const char *text = NULL;

    sr_place_get_text_member(top, json, name, SR_TEXT_REQUIRED, SR_PORTABLE_TEXT_MAX, &text, error);
    return text;
}

static gboolean differs(const SrPlace *top, const char *name, GError **error)
{
    const SrPlace place = sr_place_member(top, name);

    return sr_place_refuse(&place, error, "is not what the signed delegation says");
}

static SrDelegation *read_header(const SrPlace *top, SrJson *json, GError **error)
{
    static const char *const names[] = {"Authorization", NULL};
    const SrPlace place = sr_place_member(top, "delegationHeader");
    const SrPlace inner = sr_place_member(&place, "Authorization");
    SrJson *header = json_object_object_get(json, "delegationHeader");
    g_autoptr(GError) problem = NULL;
    SrDelegation *delegation;
    const char *text = NULL;

    if (!sr_place_check_object(&place, header, names, error) ||
        !sr_place_get_text_member(&place, header, "Authorization", SR_TEXT_REQUIRED,
                                  SR_DELEGATION_MAX, &text, error))
        return NULL;
    delegation = sr_delegation_read(text, &problem);
    if (!delegation)
        sr_place_refuse(&inner, error, "%s", problem->message);
    return delegation;
}

static gboolean check_parties(const SrPlace *top, SrJson *json, const SrDelegation *delegation,
                              GError **error)
{
    const char *cid = get(top, json, "cid", error);
    const char *delegate = cid ? get(top, json, "delegateDID", error) : NULL;
    const char *delegator = NULL;
    const char *parent = NULL;

    if (!delegate ||
        !sr_place_get_text_member(top, json, "delegatorDID", SR_TEXT_OPTIONAL, SR_PORTABLE_TEXT_MAX,
                                  &delegator, error) ||
        !sr_place_get_text_member(top, json, "parentCid", SR_TEXT_OPTIONAL, SR_PORTABLE_TEXT_MAX,
                                  &parent, error))
        return FALSE;
    if (strcmp(cid, delegation->cid) != 0)
        return differs(top, "cid", error);
    if (!sr_did_equal(sr_slice_of(delegate), sr_slice_of(delegation->audience)))
        return differs(top, "delegateDID", error);
    if (delegator && !sr_did_equal(sr_slice_of(delegator), sr_slice_of(delegation->issuer)))
        return differs(top, "delegatorDID", error);
    if (parent && !g_ptr_array_find_with_equal_func(delegation->proofs, parent, g_str_equal, NULL))
        return differs(top, "parentCid", error);
    return TRUE;
}

/* The end: the same second, or the next one where a writer rounded up. */
static gboolean check_end(const SrPlace *top, SrJson *json, SrPortable *portable, GError **error)
{
    const SrPlace place = sr_place_member(top, "expiry");
    const char *text = get(top, json, "expiry", error);
    SrSiweTime time;
    guint oddities = 0;

    if (!text)
        return FALSE;
    if (portable->delegation->expires == 0)
        return sr_place_refuse(&place, error, "cannot be: the signed delegation has no end");
    if (sr_siwe_time_parse(sr_slice_of(text), &time, &oddities).rule)
        return sr_place_refuse(&place, error, "is not a time (RFC 3339)");
    if (time.seconds < portable->delegation->expires ||
        time.seconds > portable->delegation->expires + 1)
        return differs(top, "expiry", error);
    portable->expires_at = sr_siwe_time_text(portable->delegation->expires * G_USEC_PER_SEC);
    return TRUE;
}

static gboolean read_chain_id(const SrPlace *top, SrJson *json, gint64 *ret_chain_id,
                              GError **error)
{
    const SrPlace place = sr_place_member(top, "chainId");
    SrJson *value;

    if (!json_object_object_get_ex(json, "chainId", &value))
        return sr_place_refuse(&place, error, "is missing");
    *ret_chain_id = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : 0;
    if (*ret_chain_id < 1 || *ret_chain_id > SR_CHAIN_ID_MAX)
        return sr_place_refuse(&place, error, "must be a number from 1 to 2^53 - 1");
    return TRUE;
}

static gboolean check_owner(const SrPlace *top, SrJson *json, const SrSpace *space, GError **error)
{
    const SrPlace address_place = sr_place_member(top, "ownerAddress");
    const SrPlace chain_place = sr_place_member(top, "chainId");
    const char *address = get(top, json, "ownerAddress", error);
    gint64 chain_id = 0;
    SrSpaceOwner owner;

    if (!address || !read_chain_id(top, json, &chain_id, error))
        return FALSE;
    if (!sr_space_owner_init(&owner, address, chain_id, error))
        return sr_place_blame(&address_place, error);
    if (strcmp(owner.address, space->owner.address) != 0)
        return sr_place_refuse(&address_place, error, "is not the owner of the space");
    if (owner.chain_id != space->owner.chain_id)
        return sr_place_refuse(&chain_place, error, "is not that of the space");
    return TRUE;
}

static gboolean check_space(const SrPlace *top, SrJson *json, SrPortable *portable, GError **error)
{
    const SrPlace place = sr_place_member(top, "spaceId");
    const char *id = get(top, json, "spaceId", error);
    SrSpace space;

    if (!id)
        return FALSE;
    if (!sr_space_parse(sr_slice_of(id), &space, error))
        return sr_place_blame(&place, error);
    if (!sr_attenuation_has_space(portable->delegation->attenuations, id))
        return differs(top, "spaceId", error);
    portable->space_id = sr_space_text(&space);
    return check_owner(top, json, &space, error);
}

/* What stands at the top of the JSON: the capabilities in the space, for readers of no lists. */
static SrJson *read_primary(const SrPlace *top, SrJson *json, const char *space_id, GError **error)
{
    static const char *const names[] = {"path", "actions", "caveats"};
    g_autoptr(SrJson) primary = json_object_new_object();
    g_autoptr(SrJson) given = json_object_new_object();
    const char *path;
    SrJson *member;

    if (!sr_place_get_text_member(top, json, "path", SR_TEXT_REQUIRED_EMPTY, SR_RESOURCE_PATH_MAX,
                                  &path, error))
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (json_object_object_get_ex(json, names[i], &member))
            sr_json_add(primary, names[i], json_object_get(member));
    return sr_resource_list_add(given, top, primary, space_id, error) ? g_steal_pointer(&given)
                                                                      : NULL;
}

static gboolean check_given(const SrPlace *top, const char *name, SrJson *given,
                            const SrPortable *portable, GError **error)
{
    if (!given)
        return FALSE;
    return sr_attenuation_check(portable->delegation->attenuations, given, NULL) ||
           differs(top, name, error);
}

/* At its top and in "resources": neither says more than what is signed. */
static gboolean check_capabilities(const SrPlace *top, SrJson *json, const SrPortable *portable,
                                   GError **error)
{
    const SrPlace place = sr_place_member(top, "resources");
    g_autoptr(SrJson) primary = read_primary(top, json, portable->space_id, error);
    g_autoptr(SrJson) listed = NULL;
    SrJson *resources;

    if (!check_given(top, "actions", primary, portable, error))
        return FALSE;
    if (!json_object_object_get_ex(json, "resources", &resources))
        return TRUE;
    listed = sr_resource_list_read(&place, resources, portable->space_id, error);
    return check_given(top, "resources", listed, portable, error);
}

SrPortable *sr_portable_read(SrJson *json, GError **error)
{
    static const char *const names[] = {"cid",
                                        "delegationHeader",
                                        "ownerAddress",
                                        "chainId",
                                        "host",
                                        "spaceId",
                                        "path",
                                        "actions",
                                        "caveats",
                                        "expiry",
                                        "delegateDID",
                                        "delegatorDID",
                                        "parentCid",
                                        "resources",
                                        "disableSubDelegation",
                                        NULL};
    const SrPlace top = sr_place_member(NULL, PARAM);
    g_autoptr(SrPortable) portable = g_new0(SrPortable, 1);
    const char *host; /* where the node is; nobody here goes there */

    if (!sr_place_check_object(&top, json, names, error) ||
        !sr_place_get_text_member(&top, json, "host", SR_TEXT_OPTIONAL, SR_PORTABLE_TEXT_MAX, &host,
                                  error) ||
        !sr_place_get_boolean_member(&top, json, "disableSubDelegation",
                                     &portable->no_subdelegation, error))
        return NULL;
    portable->delegation = read_header(&top, json, error);
    if (!portable->delegation || !check_parties(&top, json, portable->delegation, error) ||
        !check_end(&top, json, portable, error) || !check_space(&top, json, portable, error) ||
        !check_capabilities(&top, json, portable, error))
        return NULL;
    portable->no_subdelegation |= portable->delegation->is_terminal;
    return g_steal_pointer(&portable);
}

gboolean sr_portable_is_last(SrJson *json)
{
    return json_object_get_boolean(json_object_object_get(json, "disableSubDelegation"));
}

/* --- writing -------------------------------------------------------------------------------- */

/* The element of @list for the top: one in the space @space_id, else one in any, else any. */
static SrJson *find_primary(SrJson *list, const char *space_id)
{
    SrJson *primary = json_object_array_get_idx(list, 0);
    gboolean has_space = FALSE;

    for (gsize i = 0; i < json_object_array_length(list); i++) {
        SrJson *item = json_object_array_get_idx(list, i);
        const char *space = sr_json_string(item, "space", NULL);
        SrSpace found;

        if (strcmp(space, space_id) == 0)
            return item;
        if (!has_space && sr_space_parse(sr_slice_of(space), &found, NULL)) {
            has_space = TRUE;
            primary = item;
        }
    }
    return primary;
}

/* One resource stands at the top too, for readers that know no lists, and its space. */
static void add_capabilities(SrJson *json, const SrDelegation *delegation, const char *space_id)
{
    static const char *const names[] = {"path", "actions", "caveats"};
    SrJson *list = sr_resource_list_write(delegation->attenuations);
    SrJson *primary = find_primary(list, space_id);
    const char *space_text = sr_json_string(primary, "space", NULL);
    SrJson *member;
    SrSpace space;

    if (!space_text || !sr_space_parse(sr_slice_of(space_text), &space, NULL))
        space_text = space_id; /* networks alone */
    if (sr_space_parse(sr_slice_of(space_text), &space, NULL)) {
        sr_json_add_string(json, "ownerAddress", space.owner.address);
        sr_json_add_integer(json, "chainId", space.owner.chain_id);
    }
    sr_json_add_string(json, "spaceId", space_text);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (json_object_object_get_ex(primary, names[i], &member))
            sr_json_add(json, names[i], json_object_get(member));
    sr_json_add(json, "resources", list);
}

SrJson *sr_portable_write(const SrDelegation *delegation, const char *authorization,
                          const char *space_id, const char *host, gboolean no_subdelegation)
{
    g_autofree char *expiry = sr_siwe_time_text(delegation->expires * G_USEC_PER_SEC);
    SrJson *json = json_object_new_object();
    SrJson *header = json_object_new_object();

    sr_json_add_string(header, "Authorization", authorization);
    sr_json_add_string(json, "cid", delegation->cid);
    sr_json_add(json, "delegationHeader", header);
    if (host)
        sr_json_add_string(json, "host", host);
    add_capabilities(json, delegation, space_id);
    sr_json_add_string(json, "expiry", expiry);
    sr_json_add_string(json, "delegateDID", delegation->audience);
    sr_json_add_string(json, "delegatorDID", delegation->issuer);
    if (delegation->proofs->len > 0)
        sr_json_add_string(json, "parentCid", delegation->proofs->pdata[0]);
    if (no_subdelegation)
        sr_json_add_boolean(json, "disableSubDelegation", TRUE);
    return json;
}
