/* A manifest while it is read: what its parts share. */
#pragma once

#include "tinycloud/manifest.h"
#include "tinycloud/permission.h"
#include "tinycloud/request_limits.h"

typedef struct {
    SrCapabilityBuilder *builder;
    SrManifestTotals *totals;
    const char *prefix; /* of paths; "": none */
    const char *space;  /* of permissions that name none */
    GHashTable
        *expiries; /* abilities of a resource (borrowed): its expiry in ms, 0: none of its own */
} SrManifestReader;

/*
 * Add one of the manifest's permissions. @expiry is its own one (NULL: none). Blames members of
 * @place.
 */
gboolean sr_manifest_reader_add(SrManifestReader *reader, const SrPermission *permission,
                                const char *expiry, const SrPlace *place, GError **error);

/* Read the actions in the array at @place into @ret_actions, NULL-terminated, borrowed. */
gboolean sr_manifest_read_actions(SrJson *array, const SrPlace *place,
                                  const char *ret_actions[SR_REQUEST_ACTIONS_MAX + 1],
                                  GError **error);

/* Read a duration, "30d"; blames @place. */
gboolean sr_manifest_read_expiry(const char *text, const SrPlace *place, gint64 *ret_ms,
                                 GError **error);

/* Add the permissions on the secrets in @secrets ({NAME: true | action | [action] | {…}}). */
gboolean sr_manifest_add_secrets(SrManifestReader *reader, SrJson *secrets, const SrPlace *place,
                                 GError **error);
