/* Files named on the command line; "-" is standard input. */
#pragma once

#include "base/secret.h"

#include <glib.h>

/*
 * All bytes of @path, at most @max (SR_ERROR_LIMIT_EXCEEDED beyond it, nothing is cut off).
 * SR_ERROR_INVALID_PARAMS when it cannot be read. Owned by the caller; NUL follows the last byte.
 */
GByteArray *sr_file_read(const char *path, gsize max, GError **error);

/* The same for a secret; one final line break is dropped. */
SrSecret *sr_file_read_secret(const char *path, gsize max, GError **error);

/*
 * Write @secret and a line break to a new file @path (0600, must not exist) or, when @path is NULL,
 * to standard output. A file that could not be written completely is removed again.
 */
gboolean sr_file_write_secret(const char *path, const SrSecret *secret, GError **error);
