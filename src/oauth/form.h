/*
 * application/x-www-form-urlencoded (RFC 6749 Appendix B, URL Standard §5), built in locked memory
 * because forms carry refresh tokens, codes and verifiers; and queries read strictly.
 */
#pragma once

#include "base/secret.h"

#include <glib.h>

typedef struct SrForm SrForm;

/* An empty form of at most SR_FORM_MAX bytes. Owned by the caller. NULL: SR_ERROR_LIMIT_EXCEEDED.
 */
#define SR_FORM_MAX (32u * 1024u)
SrForm *sr_form_new(GError **error);
void sr_form_free(SrForm *form);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrForm, sr_form_free)

/*
 * Add one pair; NULL or empty as value adds nothing. A form that has become too long fails when it
 * is finished.
 */
void sr_form_add(SrForm *form, const char *name, const char *value);
void sr_form_add_secret(SrForm *form, const char *name, const SrSecret *value);

/* The text, and the end of the form's use (free it). SR_ERROR_LIMIT_EXCEEDED. */
SrSecret *sr_form_finish(SrForm *form, GError **error);

/*
 * Percent-encode all but RFC 3986's unreserved characters (A-Z a-z 0-9 - . _ ~), as a query wants
 * it and as client_secret_basic is understood by every provider measured. Owned by the caller.
 */
char *sr_form_escape(const char *text);
SrSecret *sr_form_escape_secret(const SrSecret *text, GError **error);

/*
 * The pairs of the query @text (after "?", before "#"), decoded: a table of name → value.
 * SR_ERROR_INVALID_PARAMS for a name that comes twice (RFC 6749 §3.1), bad percent-encoding, what
 * is not UTF-8 or has control characters, more than 64 pairs, more than 8192 bytes.
 */
GHashTable *sr_form_parse_query(const char *text, gsize length, GError **error);
