/*
 * Durations as manifests write them, "30d", "2 hours", "90": the texts that the npm package "ms"
 * reads, which TinyCloud's SDK uses.
 */
#pragma once

#include <glib.h>

#define SR_DURATION_TEXT_MAX 100u /* characters */

/*
 * The milliseconds of @text: digits, perhaps with a point, then a unit (ms, s, m, h, d, w, y, or
 * their names in English, whatever their case; none: ms; a year has 365.25 days), spaces between
 * them allowed. FALSE when it is something else, less than a millisecond or more than 2^53 - 1 of
 * them. A fraction of a millisecond is dropped.
 */
gboolean sr_duration_parse(const char *text, gint64 *ret_ms);
