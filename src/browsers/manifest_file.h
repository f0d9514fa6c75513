/*
 * The manifest in a browser's folder: looked at, written and removed so that a browser sees the old
 * one or the new one, whatever else happens, and nothing that is not sealring's is touched.
 */
#pragma once

#include "browsers/host_manifest.h"
#include "browsers/place.h"

typedef enum {
    SR_MANIFEST_NONE,
    SR_MANIFEST_OURS,
    SR_MANIFEST_FOREIGN,    /* of another host or program */
    SR_MANIFEST_DAMAGED,    /* no manifest that this browser reads */
    SR_MANIFEST_UNREADABLE, /* no right to read it, another user's, no regular file, or a link */
} SrManifestState;

/*
 * Look at the manifest in @place. *ret_manifest is set when it is ours, *ret_problem (a line for
 * people) unless it is ours or there is none; both owned by the caller.
 */
SrManifestState sr_manifest_file_read(const SrPlace *place, SrFamily family,
                                      SrHostManifest **ret_manifest, char **ret_problem);

typedef enum { SR_MANIFEST_UNCHANGED, SR_MANIFEST_WRITTEN, SR_MANIFEST_REMOVED } SrManifestChange;

/*
 * Let the browser start @program for @ids (NULL-terminated) and for the extensions that a manifest
 * of ours has already. *ret_manifest is how it is now, owned by the caller. FALSE with an error
 * that says what is in the way and what to do; then all is as it was.
 */
gboolean sr_manifest_file_install(const SrPlace *place, SrFamily family, const char *program,
                                  const char *const *ids, SrManifestChange *ret_change,
                                  SrHostManifest **ret_manifest, GError **error);

/*
 * Take @ids out of the manifest, or all of them (NULL); without ids left the file goes, and with it
 * the folders that are empty then. SR_MANIFEST_UNCHANGED when there is nothing to take out.
 * *ret_manifest is what is left, NULL when nothing is. FALSE as above.
 */
gboolean sr_manifest_file_remove(const SrPlace *place, SrFamily family, const char *const *ids,
                                 SrManifestChange *ret_change, SrHostManifest **ret_manifest,
                                 GError **error);
