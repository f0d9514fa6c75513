/*
 * A native-messaging manifest as text: which program a browser starts for org.sealring.host, and
 * for which extensions. Chromium and its relatives list origins, Firefox and its relatives add-on
 * ids; a file never has both.
 */
#pragma once

#include "browsers/extension_id.h"

#define SR_HOST_NAME "org.sealring.host"
#define SR_HOST_PROGRAM "sealring-host"
#define SR_HOST_MANIFEST_FILE SR_HOST_NAME ".json"

/* Bytes of a manifest, and ids in one: more is not of sealring's making. */
#define SR_HOST_MANIFEST_MAX 65536u
#define SR_HOST_MANIFEST_IDS_MAX 64u

typedef struct {
    SrFamily family;
    char *program;         /* absolute path */
    GPtrArray *extensions; /* of char *: ids in order, each once */
} SrHostManifest;

/* A manifest for @program (copied) without extensions. Owned by the caller. */
SrHostManifest *sr_host_manifest_new(SrFamily family, const char *program);

/*
 * Read @length bytes. NULL with SR_ERROR_CORRUPT when it is not JSON, not a manifest, or not of
 * this family; with SR_ERROR_KEY_EXISTS when it is a manifest of something else: another name, or a
 * program that is not called sealring-host. Members that are not known are ignored.
 */
SrHostManifest *sr_host_manifest_parse(SrFamily family, const char *text, gsize length,
                                       GError **error);

/* The text, the same for the same manifest. Owned by the caller. */
char *sr_host_manifest_text(const SrHostManifest *manifest);

/* Whether @id may use the host. */
gboolean sr_host_manifest_has(const SrHostManifest *manifest, const char *id);

/* Let @id in, which must have the form of this family; nothing changes when it is in already. */
void sr_host_manifest_add(SrHostManifest *manifest, const char *id);

/* Take @id out, if it is in. */
void sr_host_manifest_drop(SrHostManifest *manifest, const char *id);

void sr_host_manifest_free(SrHostManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrHostManifest, sr_host_manifest_free)
