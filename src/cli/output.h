/*
 * Results for people: aligned tables and labelled lines on standard output, printable ASCII only
 * (names and messages may come from elsewhere; a terminal obeys what it is sent).
 */
#pragma once

#include "base/json.h"

/* One line of text, escaped. */
void sr_output_line(const char *text);

/* "Label:     value", escaped; @width is the width of the longest label. NULL: no line. */
void sr_output_field(const char *label, guint width, const char *value);

/* Rows of cells, printed with aligned columns by sr_output_table_print. */
typedef struct SrTable SrTable;

/* @headings is NULL-terminated. Owned by the caller. */
SrTable *sr_table_new(const char *const *headings);

/* Add a row; one cell (copied, escaped; NULL: "") for each heading. */
void sr_table_add(SrTable *table, const char *const *cells);

/* Print headings and rows on standard output. */
void sr_table_print(const SrTable *table);
void sr_table_free(SrTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrTable, sr_table_free)

/* @value on one line. */
void sr_output_json(SrJson *value);

/* Whether everything so far reached standard output; says so on standard error otherwise. */
gboolean sr_output_finish(void);

/*
 * Write the error and what to do about it: as {"error":…} on standard output with @json (@object
 * as it came from the agent, or NULL), else as two lines on standard error.
 */
void sr_output_error(const GError *error, SrJson *object, gboolean json);
