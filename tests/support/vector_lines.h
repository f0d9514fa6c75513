/* Third-party test vectors with one JSON value a line. */
#pragma once

#include "base/json.h"

#include <glib.h>

typedef void (*SrTestLineFunc)(SrJson *line, gpointer data);

/*
 * Call @check for each line of the third-party file @path, parsed without the strictness of
 * base/json.h. How many lines there were; 0 after skipping the running test.
 */
guint sr_test_vector_lines(const char *path, SrTestLineFunc check, gpointer data);

/* The member @name of @object, NULL when it is absent or null. Borrowed. */
SrJson *sr_test_member_optional(SrJson *object, const char *name);
