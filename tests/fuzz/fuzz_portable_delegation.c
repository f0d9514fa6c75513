/*
 * Portable delegations. What is read gives all that it says: written from the signed delegation,
 * it is read as the same. The text of the delegation is often the seed's, the rest the fuzzer's.
 */
#include "base/error.h"
#include "tinycloud/attenuation.h"
#include "tinycloud/portable.h"
#include "tinycloud/resource_list.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const SrPortable *portable, const char *authorization)
{
    g_autoptr(SrJson) json = sr_portable_write(
        portable->delegation, authorization, portable->space_id, NULL, portable->no_subdelegation);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrPortable) again = sr_portable_read(json, &error);

    /* Signed delegations may be odd in ways that no list can say. */
    if (!again) {
        g_assert(g_error_matches(error, SR_ERROR, SR_ERROR_INVALID_PARAMS));
        return;
    }
    g_assert_cmpstr(again->delegation->cid, ==, portable->delegation->cid);
    g_assert_cmpstr(again->space_id, ==, portable->space_id);
    g_assert_cmpstr(again->expires_at, ==, portable->expires_at);
    g_assert_cmpint(again->no_subdelegation, ==, portable->no_subdelegation);
}

static void check_list(SrJson *list)
{
    const SrPlace place = sr_place_member(NULL, "resources");
    const char *space = "tinycloud:pkh:eip155:1:0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf:default";
    g_autoptr(SrJson) attenuations = sr_resource_list_read(&place, list, space, NULL);
    g_autoptr(SrJson) written = NULL;
    g_autoptr(SrJson) again = NULL;

    if (!attenuations)
        return;
    written = sr_resource_list_write(attenuations);
    if (json_object_array_length(written) > SR_RESOURCES_MAX)
        return;
    again = sr_resource_list_read(&place, written, space, NULL);
    g_assert(again && sr_attenuation_check(attenuations, again, NULL));
    g_assert(sr_attenuation_check(again, attenuations, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(SrJson) json = sr_json_parse((const char *)data, size, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(SrPortable) portable = NULL;

    if (!json)
        return 0;
    check_list(json_object_object_get(json, "resources"));
    portable = sr_portable_read(json, &error);
    g_assert((portable != NULL) == (error == NULL));
    if (!portable) {
        g_assert(g_error_matches(error, SR_ERROR, SR_ERROR_INVALID_PARAMS));
        return 0;
    }
    g_assert(portable->delegation->expires > 0);
    check_again(portable, sr_json_string(json_object_object_get(json, "delegationHeader"),
                                         "Authorization", NULL));
    return 0;
}
