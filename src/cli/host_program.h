/* sealring-host, which browsers start: where it is, and whether a manifest may name it. */
#pragma once

#include <glib.h>

/*
 * The absolute path of the sealring-host of this package, without symbolic links. NULL with
 * SR_ERROR_INVALID_PARAMS when there is none. Owned by the caller.
 */
char *sr_host_program_find(GError **error);

/*
 * Whether nobody else can change what @path (absolute) runs: it is an executable file without links
 * in its path, and it and every folder above it belong to root or (not with @for_all) the user and
 * can be written by their owner only. SR_ERROR_INVALID_PARAMS names the part that is not so.
 */
gboolean sr_host_program_check(const char *path, gboolean for_all, GError **error);

/* The version that @path, which is safe to run, says; NULL when it says none within two seconds.
 * Owned by the caller. */
char *sr_host_program_version(const char *path);
