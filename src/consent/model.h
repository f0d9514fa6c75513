/*
 * What a person is asked: a model made from parsed bytes, which every prompt shows as it is.
 *
 * Texts are escaped when they are added (escape.h), so a prompt has nothing to interpret: it gets
 * printable ASCII. Wire form: one "name<TAB>text" line per entry, order kept; a person can read it,
 * and so can a program of the user's choice.
 */
#pragma once

#include <glib.h>

typedef enum {
    SR_CONSENT_TITLE, /* the question, one sentence */
    SR_CONSENT_ASKER, /* who asks: extension and browser, or program */
    SR_CONSENT_PAGE,  /* the page's origin, as the extension reported it */
    SR_CONSENT_KEY,   /* name and address of the key that would sign */
    SR_CONSENT_ERROR, /* a reason to say no, shown first and in red */
    SR_CONSENT_WARNING,
    SR_CONSENT_FACT,     /* "Valid until: …" */
    SR_CONSENT_GRANT,    /* one capability, in plain words */
    SR_CONSENT_TEXT,     /* one line of the full text */
    SR_CONSENT_REMEMBER, /* offer: what would be remembered, and until when */
    SR_CONSENT_ACTION,   /* label of the agreeing button: "Sign in", "Delete key" */
} SrConsentKind;

typedef struct {
    SrConsentKind kind;
    char *text;
} SrConsentEntry;

typedef struct SrConsentModel SrConsentModel;

SrConsentModel *sr_consent_model_new(void);
void sr_consent_model_free(SrConsentModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrConsentModel, sr_consent_model_free)

/* Add an entry; the formatted text is escaped. */
void sr_consent_model_add(SrConsentModel *model, SrConsentKind kind, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Add @size bytes of arbitrary content as SR_CONSENT_TEXT lines: split at line feeds, each line
 * escaped, nothing left out. */
void sr_consent_model_add_text(SrConsentModel *model, const char *bytes, gsize size);

/* Entries in order, borrowed; of SrConsentEntry. */
const GPtrArray *sr_consent_model_entries(const SrConsentModel *model);

/* The first text of @kind, or NULL. Borrowed. */
const char *sr_consent_model_first(const SrConsentModel *model, SrConsentKind kind);

/* Number of characters in the text entries that had to be escaped. */
guint sr_consent_model_escaped(const SrConsentModel *model);

/* "title", "asker", … Static text. */
const char *sr_consent_kind_name(SrConsentKind kind);

/* The wire form (owned by the caller), and back: SR_ERROR_INVALID_PARAMS for unknown names,
 * characters outside printable ASCII, or a model without title. */
char *sr_consent_model_serialize(const SrConsentModel *model);
SrConsentModel *sr_consent_model_parse(const char *text, gsize length, GError **error);

/* The model as text for a terminal, lines wrapped at @columns with a continuation mark. Owned by
 * the caller. */
char *sr_consent_model_render(const SrConsentModel *model, guint columns);
