/*
 * What applications ask for. The input is JSON: {"spacePrefix", "manifest", "capabilityRequest"}.
 * What is composed must have resources and networks that can be read again, no administration of
 * somebody else's network, and a ReCap, unless it is too long for one.
 */
#include "base/error.h"
#include "tinycloud/capability_request.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ADDRESS "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

static SrJson *member(SrJson *object, const char *name)
{
    SrJson *value = NULL;

    json_object_object_get_ex(object, name, &value);
    return value;
}

static const char *text_member(SrJson *object, const char *name)
{
    SrJson *value = member(object, name);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static void check_resource(const char *uri, SrJson *abilities, const SrSpaceOwner *owner)
{
    const SrSlice text = {uri, strlen(uri)};
    g_autofree char *again = NULL;
    SrResource resource;
    SrEncryptionNetwork network;

    if (sr_resource_parse(text, &resource, NULL)) {
        again = sr_resource_text(&resource);
        g_assert_cmpstr(again, ==, uri);
        g_assert_true(sr_resource_covers(&resource, &resource));
        return;
    }
    g_assert_true(sr_network_parse(text, &network, NULL));
    if (!sr_network_is_owned(&network, owner))
        g_assert_null(member(abilities, "tinycloud.encryption/network.create"));
}

static void check_recap(SrJson *attenuations)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *uri = sr_recap_encode(attenuations, NULL, &error);
    g_autoptr(SrRecap) recap = NULL;

    if (!uri) {
        g_assert_error(error, SR_ERROR, SR_ERROR_UNSUPPORTED_RECAP);
        g_assert_nonnull(strstr(error->message, "at most"));
        return;
    }
    recap = sr_recap_decode(uri, strlen(uri), NULL);
    g_assert_cmpint(sr_recap_is_too_wide(recap), ==, sr_attenuations_are_too_wide(attenuations));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(SrJson) input = sr_json_parse((const char *)data, size, NULL);
    g_autoptr(SrCapabilityRequest) request = NULL;
    g_autoptr(GError) error = NULL;
    SrSpaceOwner owner;
    SrSpace space;

    if (!json_object_is_type(input, json_type_object))
        return 0;
    g_assert_true(sr_space_owner_init(&owner, ADDRESS, 1, NULL));
    request = sr_capability_request_new(&owner, text_member(input, "spacePrefix"),
                                        member(input, "manifest"),
                                        member(input, "capabilityRequest"), &error);
    g_assert_true((request == NULL) == (error != NULL));
    if (!request) {
        g_assert_error(error, SR_ERROR, SR_ERROR_INVALID_PARAMS);
        g_assert_nonnull(sr_error_detail(error)->field);
        return 0;
    }
    g_assert_true(
        sr_space_parse((SrSlice){request->space_id, strlen(request->space_id)}, &space, NULL));
    json_object_object_foreach (request->attenuations, uri, abilities)
        check_resource(uri, abilities, &owner);
    check_recap(request->attenuations);
    return 0;
}
