/*
 * Lists of what is to be used or handed on, as the SDKs write them:
 * [{"service":"kv","space":ID,"path":"notes/","actions":["tinycloud.kv/get"]}].
 */
#pragma once

#include "base/json.h"
#include "tinycloud/place.h"

#define SR_RESOURCES_MAX 256u
#define SR_RESOURCE_ACTIONS_MAX 64u
#define SR_RESOURCE_CAVEATS_MAX 64u

/*
 * Add the element @item, which stands at @place, to @attenuations. "service" may be left out, since
 * the actions name it; so may "space" (then it is @space_id) and "path" (then it is the whole
 * service). For the service "encryption" the path is the id of a network, and "space" says nothing.
 * "caveats" are restrictions, one of which must hold for each of its actions; the same action may
 * not come again with others. SR_ERROR_INVALID_PARAMS naming the member.
 */
gboolean sr_resource_list_add(SrJson *attenuations, const SrPlace *place, SrJson *item,
                              const char *space_id, GError **error);

/* The attenuations of the array @list at @place, of 1 to SR_RESOURCES_MAX elements, which a ReCap
 * can hold. Owned by the caller. */
SrJson *sr_resource_list_read(const SrPlace *place, SrJson *list, const char *space_id,
                              GError **error);

/*
 * @attenuations as such a list, a new array: one element for each resource, or more where its
 * abilities have different restrictions; abilities that cannot be used (an empty list of them) are
 * left out. Services are the short ones; a resource that is in no space has itself as "path", and
 * "encryption" as "service" and "space", as the SDKs have it.
 */
SrJson *sr_resource_list_write(SrJson *attenuations);
