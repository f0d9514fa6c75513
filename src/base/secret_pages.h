/*
 * Pages that secrets live in: locked into memory, left out of core dumps, wiped in forked children,
 * an inaccessible page behind them. To get and give back such pages costs six system calls, and
 * stops every thread of the process; so a few that were wiped are kept for the next secret of that
 * length, locked as they are. Any thread may call these.
 */
#pragma once

#include <glib.h>

/*
 * Zeroed pages for @size bytes (not 0). *ret_mapped: their length. Given back with _free. NULL with
 * SR_ERROR_LIMIT_EXCEEDED when there is no memory, or none can be locked (RLIMIT_MEMLOCK).
 */
gpointer sr_secret_pages_new(gsize size, gsize *ret_mapped, GError **error);

/* Wipe @mapped bytes at @pages and give them back. */
void sr_secret_pages_free(gpointer pages, gsize mapped);
