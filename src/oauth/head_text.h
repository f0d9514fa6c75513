/*
 * Texts that look like an HTTP message, in locked memory: a first line, headers in a fixed order,
 * the length of the body, an empty line, the body. One text for one meaning: what is read and
 * written again is the same. Lines end in "\n"; a text that was cut anywhere is none.
 */
#pragma once

#include "base/secret.h"
#include "base/slice.h"

#include <glib.h>

/* A text being written: with @text NULL its length is only counted. */
typedef struct {
    SrSecret *text;
    gsize length;
} SrHeadWriter;

/* Add @size bytes. */
void sr_head_add(SrHeadWriter *writer, const void *bytes, gsize size);

/* Add a string. */
void sr_head_add_text(SrHeadWriter *writer, const char *text);

/* Add "NAME: VALUE\n", nothing for a @value of NULL. */
void sr_head_add_header(SrHeadWriter *writer, const char *name, const char *value);
void sr_head_add_secret_header(SrHeadWriter *writer, const char *name, const SrSecret *value);

/* Add the length of @body (NULL or empty: no length), the empty line and the body. */
void sr_head_add_body(SrHeadWriter *writer, const SrSecret *body);

/* A text being read. */
typedef struct {
    const char *text;
    gsize length;
    gsize at; /* what is before it has been read */
} SrHeadReader;

/* The next line, without its "\n"; FALSE when there is none. */
gboolean sr_head_read_line(SrHeadReader *reader, SrSlice *ret_line);

/* The value of the next line if it is a header called @name: printable ASCII, not empty. */
gboolean sr_head_read_header(SrHeadReader *reader, const char *name, SrSlice *ret_value);

/*
 * The rest: the length of the body, the empty line, the body (NULL data without one). FALSE when
 * there is something else.
 */
gboolean sr_head_read_body(SrHeadReader *reader, SrSlice *ret_body);
