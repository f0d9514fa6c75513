/* `sealring help`, made from the command tables. */
#pragma once

#include "cli/cli.h"

/* All commands of @groups (NULL-terminated), one line each. */
void sr_help_all(const SrCommand *const *groups);

/* The commands whose name starts with the words of @prefix ("key", "key create"): one in full, or a
 * list. FALSE when there is none. */
gboolean sr_help_some(const SrCommand *const *groups, const char *prefix);

/* One command in full. */
void sr_help_command(const SrCommand *command);
