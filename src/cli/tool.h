/* Programs that `sealring doctor` asks: a short answer within a deadline, or none. */
#pragma once

#include <glib.h>

/*
 * Run @words (NULL-terminated; the first is an absolute path, or looked for on the PATH) and give
 * what it writes to standard output, without the final line break. NULL when it is not there, takes
 * longer than two seconds or writes more than 4 KiB; *ret_status (may be NULL) is its exit status,
 * -1 when it has none. Owned by the caller.
 */
char *sr_tool_run(const char *const *words, int *ret_status);
