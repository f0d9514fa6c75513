/*
 * Capabilities that are being collected: resources of spaces and encryption networks, with what may
 * be done with each. Spaces are given by short names, which are the signer's own spaces, or by ids.
 */
#pragma once

#include "base/json.h"
#include "tinycloud/place.h"
#include "tinycloud/space.h"

#include <glib.h>

typedef struct {
    SrSpaceOwner owner;      /* the signer */
    SrJson *attenuations;    /* {resource URI: {"ns/ability": [{}]}} */
    GHashTable *spaces;      /* how a space is named: its id */
    GHashTable *names;       /* the id of a space: how it is named */
    GPtrArray *own_networks; /* of char *: the signer's networks that may be created */
    char *space_id;          /* the first space that is not named "account"; NULL: none yet */
} SrCapabilityBuilder;

/* Nothing collected yet; the signer is @owner. Owned by the caller. */
SrCapabilityBuilder *sr_capability_builder_new(const SrSpaceOwner *owner);

/* NULL is fine. */
void sr_capability_builder_free(SrCapabilityBuilder *builder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrCapabilityBuilder, sr_capability_builder_free)

/* The id of the space that is named @space. Owned by the caller; NULL when that is no name. */
char *sr_capability_builder_space_id(const SrCapabilityBuilder *builder, const char *space,
                                     GError **error);

/*
 * The abilities ({"ns/ability": [{}]}, borrowed) on @path (may be "") of @service ("kv") in the
 * space that is named @space. NULL when that is no resource, or the space was named otherwise
 * before: the SDKs would forget one of the two. The members "space" and "path" of @place are
 * blamed.
 */
SrJson *sr_capability_builder_resource(SrCapabilityBuilder *builder, const SrPlace *place,
                                       const char *space, const char *service, const char *path,
                                       GError **error);

/*
 * Add what @actions (NULL-terminated, "tinycloud.encryption/decrypt" …) allow on the encryption
 * network @id, and network.create with decrypt on an own network. Administration of somebody else's
 * network is refused. The abilities on it (borrowed); NULL when it is refused: the members "path"
 * and "actions" of @place are blamed.
 */
SrJson *sr_capability_builder_add_network(SrCapabilityBuilder *builder, const SrPlace *place,
                                          const char *id, const char *const *actions,
                                          GError **error);

/* Add the ability @ability ("ns/name", ERC-5573) to @abilities. Blames @place when it is none. */
gboolean sr_abilities_add(SrJson *abilities, const SrPlace *place, const char *ability,
                          GError **error);
