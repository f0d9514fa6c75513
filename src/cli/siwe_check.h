/*
 * `sealring siwe check --jsonl`: a filter over any number of lines, with bounded memory. A bad line
 * gets its answer like any other and never ends the run.
 */
#pragma once

#include <glib.h>

/* Bytes of one line; longer ones are answered as bad and skipped. */
#define SR_SIWE_CHECK_LINE_MAX 1048576u

/*
 * Answer the lines of @path ("-": standard input) on standard output. @recap checks ReCaps too.
 * FALSE when the file cannot be read; output errors are left to sr_output_finish.
 */
gboolean sr_siwe_check_file(const char *path, gboolean recap, GError **error);
