/* Where the vault's file may be and to whom it must be closed, checked before SQLite touches it. */
#pragma once

#include <glib.h>

/*
 * Whether there is a file at @path (*ret_exists). SR_ERROR_STORE_UNAVAILABLE when it, or the folder
 * it is in, is not safe: a symbolic link or another kind of file, somebody else's, accessible to
 * others (file: mode beyond 0600; folder: writable by others).
 */
gboolean sr_vault_file_check(const char *path, gboolean *ret_exists, GError **error);

/* Make the folder (0700) and an empty file (0600); fine when both are there already. */
gboolean sr_vault_file_create(const char *path, GError **error);

/* @path with the symbolic links of its folder (not of the file) resolved. Owned by the caller. */
char *sr_vault_file_resolve(const char *path, GError **error);
