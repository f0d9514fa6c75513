/*
 * What a person is asked: a model made from parsed bytes, which every prompt shows as it is.
 *
 * Texts are escaped when they are added (escape.h), so a prompt has nothing to interpret: it gets
 * printable ASCII. Wire form: one "name<TAB>text" line per entry, order kept; a person can read it,
 * and so can a program of the user's choice (docs/PROMPT.md).
 */
#pragma once

#include <glib.h>

/* The largest wire form in bytes a prompt reads; a larger model is never shown. */
#define SR_CONSENT_MODEL_MAX (256u * 1024u)

/* Title, remember and action occur at most once in a model, the others as often as needed. */
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

/* An empty model, owned by the caller. */
SrConsentModel *sr_consent_model_new(void);

/* Free @model and its entries; NULL is fine. */
void sr_consent_model_free(SrConsentModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrConsentModel, sr_consent_model_free)

/* Add an entry; the formatted text is escaped, line feeds included. */
void sr_consent_model_add(SrConsentModel *model, SrConsentKind kind, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Add @size bytes of arbitrary content as SR_CONSENT_TEXT lines: split at line feeds, each line
 * escaped, nothing left out (n line feeds make n + 1 lines). */
void sr_consent_model_add_text(SrConsentModel *model, const char *bytes, gsize size);

/* Entries in order, borrowed; of SrConsentEntry. */
const GPtrArray *sr_consent_model_entries(const SrConsentModel *model);

/* The first text of @kind, or NULL. Borrowed. */
const char *sr_consent_model_first(const SrConsentModel *model, SrConsentKind kind);

/* Number of entries of @kind. */
guint sr_consent_model_count(const SrConsentModel *model, SrConsentKind kind);

/* Number of characters in the text entries that had to be escaped. */
guint sr_consent_model_escaped(const SrConsentModel *model);

/* "title", "asker", … Static text. */
const char *sr_consent_kind_name(SrConsentKind kind);

/* The wire form. Owned by the caller. */
char *sr_consent_model_serialize(const SrConsentModel *model);

/*
 * The model of @length bytes of wire form (owned by the caller). SR_ERROR_INVALID_PARAMS with the
 * offset of the line for anything that sr_consent_model_serialize does not write: unknown names,
 * characters outside printable ASCII, a last line without its line feed, a second title, remember
 * or action, a model without title or over SR_CONSENT_MODEL_MAX.
 */
SrConsentModel *sr_consent_model_parse(const char *text, gsize length, GError **error);
