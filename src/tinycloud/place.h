/*
 * Where a value stands in what an application sent, for errors that say it: "manifest",
 * "manifest.permissions[2].actions". A place is a link on the stack of its reader; the text is made
 * only when there is something to say.
 *
 * The readers below check type and length. They take null for a value of another type, and have
 * SR_ERROR_INVALID_PARAMS with the text of the place as its field.
 */
#pragma once

#include "base/json.h"

#include <glib.h>

typedef struct SrPlace {
    const struct SrPlace *outer; /* NULL at the top */
    const char *name;            /* a member's, NULL for an element of an array */
    gsize index;
} SrPlace;

/* The member @name of what stands at @outer (NULL: the top); both are borrowed. */
SrPlace sr_place_member(const SrPlace *outer, const char *name);

/* The element @index of the array at @outer. */
SrPlace sr_place_element(const SrPlace *outer, gsize index);

/* "manifest.permissions[2]"; a member whose name is no plain word in brackets and quotes. Owned by
 * the caller. */
char *sr_place_text(const SrPlace *place);

/* Say what is wrong at @place. Always FALSE, for the caller to return. */
gboolean sr_place_refuse(const SrPlace *place, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Set the field of *@error, which has none, to @place. Always FALSE. */
gboolean sr_place_blame(const SrPlace *place, GError **error);

/* Make sure that @value is an object with no members but @names (NULL-terminated). */
gboolean sr_place_check_object(const SrPlace *place, SrJson *value, const char *const *names,
                               GError **error);

/* Make sure that @value is an array of at most @maximum elements. */
gboolean sr_place_check_array(const SrPlace *place, SrJson *value, gsize maximum, GError **error);

typedef enum {
    SR_TEXT_OPTIONAL,       /* when it is there, it is not empty */
    SR_TEXT_OPTIONAL_EMPTY, /* it may be empty too */
    SR_TEXT_REQUIRED,
    SR_TEXT_REQUIRED_EMPTY, /* it must be there, perhaps empty */
} SrTextRule;

/*
 * The text @value, of at most @maximum bytes and not empty; NULL when it is anything else. Borrowed
 * from @value.
 */
const char *sr_place_get_text(const SrPlace *place, SrJson *value, gsize maximum, GError **error);

/* The text member @name of @object, which stands at @place; *ret_text is NULL when it is absent. */
gboolean sr_place_get_text_member(const SrPlace *place, SrJson *object, const char *name,
                                  SrTextRule rule, gsize maximum, const char **ret_text,
                                  GError **error);

/* The boolean member @name of @object; *inout_value stays when it is absent. */
gboolean sr_place_get_boolean_member(const SrPlace *place, SrJson *object, const char *name,
                                     gboolean *inout_value, GError **error);
