/*
 * Manifests: what an application says of itself and which permissions it needs. The members are
 * those of js-sdk: app_id and name; optionally manifest_version, description, did, icon,
 * appVersion, expiry, space, prefix, defaults, includePublicSpace, knowledge, permissions and
 * secrets.
 */
#pragma once

#include "tinycloud/capability_builder.h"

#include <glib.h>

/* What is counted over all manifests of a request. */
typedef struct {
    guint n_permissions; /* own ones and secrets */
    gint64 expiry_ms;    /* the longest */
} SrManifestTotals;

/*
 * Check @manifest, which stands at @place, and add its permissions to @builder: the default ones,
 * its own, and those on its secrets. What must be the same for others (paths below the prefix,
 * spaces, actions) is as js-sdk has it. Refused is also what contradicts itself: one resource with
 * two expiries.
 */
gboolean sr_manifest_add(SrJson *manifest, const SrPlace *place, SrCapabilityBuilder *builder,
                         SrManifestTotals *totals, GError **error);
