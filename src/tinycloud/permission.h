/* Permissions as manifests have them, and those that TinyCloud's SDK asks for by itself. */
#pragma once

#include "tinycloud/capability_builder.h"

#include <glib.h>

typedef struct {
    const char *service;        /* long name */
    const char *space;          /* a short name or an id; unused for encryption networks */
    const char *path;           /* "": the whole service; the id of an encryption network */
    const char *const *actions; /* NULL-terminated: "get", or "tinycloud.kv/get" */
} SrPermission;

/*
 * Add @permission, which stands at @place, to @builder. Short actions get the service in front; the
 * actions of the vault become those of kv below "vault/", and those of encryption are checked. The
 * abilities it was added to (borrowed), NULL when it is refused: its members are blamed.
 */
SrJson *sr_permission_add(const SrPermission *permission, const SrPlace *place,
                          SrCapabilityBuilder *builder, GError **error);

/* Add all of @permissions up to one without a service; @space stands in for a space that is NULL.
 */
gboolean sr_permissions_add(const SrPermission *permissions, const char *space,
                            const SrPlace *place, SrCapabilityBuilder *builder, GError **error);

/* What every session may do with the registry of applications and spaces in "account". */
extern const SrPermission sr_account_permissions[];

/* What a plain sign-in may do in its primary space; the space is NULL. */
extern const SrPermission sr_primary_permissions[];

/* What a plain sign-in may do with the secrets in the vault. */
extern const SrPermission sr_vault_permissions[];

/* What a manifest has by default, by its member "defaults": true, "admin", "all". */
extern const SrPermission sr_standard_permissions[];
extern const SrPermission sr_admin_permissions[];
extern const SrPermission sr_all_permissions[];
