/*
 * What an application asks for when it signs in to TinyCloud, as the attenuations of a ReCap: the
 * same ones, from the same input, as TinyCloud's js-sdk composes. Pure: no I/O, no clock.
 *
 * The input is a manifest (or several), or a request that the SDK composed already, or neither:
 * then it is the SDK's plain sign-in, which has full use of the primary space, the account
 * registry, the secrets of the vault and the user's default encryption network.
 *
 * Where the SDK drops what it cannot read, or leaves open what is meant, this refuses: unknown
 * members, other types, resources that are no URI or have a "%", one space under two names, one
 * permission with two expiries, somebody else's network with network.create. The error is
 * SR_ERROR_INVALID_PARAMS, and its field the place: "manifest.permissions[2].actions[0]",
 * "manifest[1].expiry", "capabilityRequest.resources[0].path".
 */
#pragma once

#include "base/json.h"
#include "ethereum/recap.h"
#include "tinycloud/request_limits.h"
#include "tinycloud/space.h"

#include <glib.h>

typedef struct {
    SrJson *attenuations; /* {resource URI: {"ns/ability": [{}]}}, for sr_recap_encode */
    char *space_id;       /* the primary space: what the session is for */
    SrJson *spaces;       /* {"public": space id}, as "spaces" of the SDK's session has them */
    char **own_networks;  /* NULL-terminated: the signer's networks that network.create is for */
    gint64 expiry_ms;     /* how long the manifests want it to hold (the longest one), 0: no wish */
} SrCapabilityRequest;

/*
 * Compose the request of @owner. @space_prefix is the name of the primary space of a plain sign-in
 * (NULL or "": "default") and unused with a manifest. At most one of @manifest (an object, or an
 * array of them) and @capability_request (the SDK's ComposedManifestRequest) is given; both are
 * borrowed. Owned by the caller.
 */
SrCapabilityRequest *sr_capability_request_new(const SrSpaceOwner *owner, const char *space_prefix,
                                               SrJson *manifest, SrJson *capability_request,
                                               GError **error);

/* NULL is fine. */
void sr_capability_request_free(SrCapabilityRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrCapabilityRequest, sr_capability_request_free)

/*
 * Whether a ReCap gives so much that it is to be shown as such and never remembered: an ability
 * with
 * "*", a resource with "*" where the space, the service or all of the path would stand, or "*" in a
 * resource that is not TinyCloud's. For messages that somebody else built; and the same for
 * attenuations ({resource: {ability: […]}}).
 */
gboolean sr_recap_is_too_wide(const SrRecap *recap);
gboolean sr_attenuations_are_too_wide(SrJson *attenuations);
