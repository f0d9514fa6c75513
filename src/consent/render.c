#include "consent/render.h"

#include <string.h>

#define COLUMNS_MIN 40u

/* Append @text cut into rows of @columns characters, the first after @first, the others after
 * @other (as long as @first). */
static void append_wrapped(GString *out, const char *text, const char *first, const char *other,
                           guint columns)
{
    const gsize width = columns - strlen(first);
    gsize left = strlen(text);

    g_string_append_printf(out, "%s%.*s\n", first, (int)MIN(left, width), text);
    while (left > width) {
        text += width;
        left -= width;
        g_string_append_printf(out, "%s%.*s\n", other, (int)MIN(left, width), text);
    }
}

/* All entries of @kind in their order. */
static void append_kind(GString *out, const SrConsentModel *model, SrConsentKind kind,
                        const char *first, guint columns)
{
    const GPtrArray *entries = sr_consent_model_entries(model);
    g_autofree char *indent = g_strnfill(strlen(first), ' ');

    for (guint i = 0; i < entries->len; i++) {
        const SrConsentEntry *entry = g_ptr_array_index(entries, i);

        if (entry->kind == kind)
            append_wrapped(out, entry->text, first, kind == SR_CONSENT_TEXT ? "  + " : indent,
                           columns);
    }
}

static void append_text(GString *out, const SrConsentModel *model, guint columns)
{
    const guint lines = sr_consent_model_count(model, SR_CONSENT_TEXT);
    const guint escaped = sr_consent_model_escaped(model);

    if (lines == 0)
        return;
    g_string_append_printf(out, "\nFull text (%u %s", lines, lines == 1 ? "line" : "lines");
    if (escaped)
        g_string_append_printf(out, ", %u shown as <U+...>", escaped);
    g_string_append(out, "):\n");
    append_kind(out, model, SR_CONSENT_TEXT, "  | ", columns);
}

char *sr_consent_model_render(const SrConsentModel *model, guint columns)
{
    const guint width = MAX(columns, COLUMNS_MIN);
    GString *out = g_string_new(NULL);

    append_kind(out, model, SR_CONSENT_ERROR, "ERROR: ", width);
    append_kind(out, model, SR_CONSENT_TITLE, "", width);
    append_kind(out, model, SR_CONSENT_PAGE, "  Page:     ", width);
    append_kind(out, model, SR_CONSENT_ASKER, "  Asked by: ", width);
    append_kind(out, model, SR_CONSENT_KEY, "  Key:      ", width);
    append_kind(out, model, SR_CONSENT_WARNING, "  Warning:  ", width);
    append_kind(out, model, SR_CONSENT_FACT, "  ", width);
    if (sr_consent_model_first(model, SR_CONSENT_GRANT))
        g_string_append(out, "\nThis allows:\n");
    append_kind(out, model, SR_CONSENT_GRANT, "  * ", width);
    append_text(out, model, width);
    return g_string_free(out, FALSE);
}
