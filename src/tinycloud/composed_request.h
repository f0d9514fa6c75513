/*
 * Requests that TinyCloud's SDK composed from manifests itself (its ComposedManifestRequest):
 * {manifests, resources, delegationTargets, registryRecords, expiryMs, includePublicSpace}. Only
 * resources and expiryMs matter here: what is asked for is in them.
 */
#pragma once

#include "tinycloud/capability_builder.h"

#include <glib.h>

/*
 * Check @request, which stands at @place, and add its resources to @builder as they are written:
 * each has service, space, path and actions with their long names. *ret_expiry_ms is 0 when it does
 * not say.
 */
gboolean sr_composed_request_add(SrJson *request, const SrPlace *place,
                                 SrCapabilityBuilder *builder, gint64 *ret_expiry_ms,
                                 GError **error);
