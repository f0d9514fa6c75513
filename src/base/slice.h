/*
 * A piece of text that somebody else owns (no copy, no NUL at its end), and what can be wrong with
 * one.
 */
#pragma once

#include <glib.h>
#include <string.h>

/* data is NULL when there is nothing, as opposed to an empty text. */
typedef struct {
    const char *data;
    gsize length;
} SrSlice;

/* All of @text. */
static inline SrSlice sr_slice_of(const char *text)
{
    return (SrSlice){text, strlen(text)};
}

/* Whether @slice is the same text as @text. */
static inline gboolean sr_slice_is(SrSlice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.data, text, slice.length) == 0;
}

/* The first rule that a text breaks, static text, and where; rule is NULL when all is well. */
typedef struct {
    const char *rule;
    gsize offset;
} SrViolation;

/* A violation of @rule (static text) at @offset. */
static inline SrViolation sr_violation(const char *rule, gsize offset)
{
    return (SrViolation){rule, offset};
}
