#include "consent/model.h"

#include "base/error.h"
#include "consent/escape.h"

#include <string.h>

struct SrConsentModel {
    GPtrArray *entries;
};

static const struct {
    const char *name;
    gboolean once;
} kinds[] = {
    [SR_CONSENT_TITLE] = {"title", TRUE},   [SR_CONSENT_ASKER] = {"asker", FALSE},
    [SR_CONSENT_PAGE] = {"page", FALSE},    [SR_CONSENT_KEY] = {"key", FALSE},
    [SR_CONSENT_ERROR] = {"error", FALSE},  [SR_CONSENT_WARNING] = {"warning", FALSE},
    [SR_CONSENT_FACT] = {"fact", FALSE},    [SR_CONSENT_GRANT] = {"grant", FALSE},
    [SR_CONSENT_TEXT] = {"text", FALSE},    [SR_CONSENT_REMEMBER] = {"remember", TRUE},
    [SR_CONSENT_ACTION] = {"action", TRUE},
};

static void entry_free(gpointer data)
{
    SrConsentEntry *entry = data;

    g_free(entry->text);
    g_free(entry);
}

/* Takes @text, which is printable ASCII already. */
static void add_entry(SrConsentModel *model, SrConsentKind kind, char *text)
{
    SrConsentEntry *entry = g_new(SrConsentEntry, 1);

    entry->kind = kind;
    entry->text = text;
    g_ptr_array_add(model->entries, entry);
}

SrConsentModel *sr_consent_model_new(void)
{
    SrConsentModel *model = g_new(SrConsentModel, 1);

    model->entries = g_ptr_array_new_with_free_func(entry_free);
    return model;
}

void sr_consent_model_free(SrConsentModel *model)
{
    if (!model)
        return;
    g_ptr_array_unref(model->entries);
    g_free(model);
}

void sr_consent_model_add(SrConsentModel *model, SrConsentKind kind, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    add_entry(model, kind, sr_escape(text, strlen(text), NULL));
}

void sr_consent_model_add_text(SrConsentModel *model, const char *bytes, gsize size)
{
    gsize start = 0;

    for (gsize i = 0; i <= size; i++) {
        if (i < size && bytes[i] != '\n')
            continue;
        add_entry(model, SR_CONSENT_TEXT, sr_escape(bytes + start, i - start, NULL));
        start = i + 1;
    }
}

const GPtrArray *sr_consent_model_entries(const SrConsentModel *model)
{
    return model->entries;
}

const char *sr_consent_model_first(const SrConsentModel *model, SrConsentKind kind)
{
    for (guint i = 0; i < model->entries->len; i++) {
        const SrConsentEntry *entry = g_ptr_array_index(model->entries, i);

        if (entry->kind == kind)
            return entry->text;
    }
    return NULL;
}

guint sr_consent_model_count(const SrConsentModel *model, SrConsentKind kind)
{
    guint count = 0;

    for (guint i = 0; i < model->entries->len; i++) {
        const SrConsentEntry *entry = g_ptr_array_index(model->entries, i);

        count += entry->kind == kind;
    }
    return count;
}

/* Escapes are unambiguous (escape.h), so they can be counted in the escaped text. */
static guint escapes_in(const char *text)
{
    guint count = 0;

    for (const char *at = strchr(text, '<'); at; at = strchr(at + 1, '<'))
        count += g_str_has_prefix(at, "<U+") || g_str_has_prefix(at, "<0x");
    return count;
}

guint sr_consent_model_escaped(const SrConsentModel *model)
{
    guint count = 0;

    for (guint i = 0; i < model->entries->len; i++) {
        const SrConsentEntry *entry = g_ptr_array_index(model->entries, i);

        if (entry->kind == SR_CONSENT_TEXT)
            count += escapes_in(entry->text);
    }
    return count;
}

const char *sr_consent_kind_name(SrConsentKind kind)
{
    return kinds[kind].name;
}

char *sr_consent_model_serialize(const SrConsentModel *model)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < model->entries->len; i++) {
        const SrConsentEntry *entry = g_ptr_array_index(model->entries, i);

        g_string_append_printf(text, "%s\t%s\n", kinds[entry->kind].name, entry->text);
    }
    return g_string_free(text, FALSE);
}

static gboolean fail_at(GError **error, gsize offset, const char *what)
{
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "model", (gint64)offset, "%s", what);
    return FALSE;
}

static gboolean kind_from_name(const char *name, gsize length, SrConsentKind *ret_kind)
{
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strlen(kinds[i].name) == length && memcmp(kinds[i].name, name, length) == 0) {
            *ret_kind = (SrConsentKind)i;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean is_printable(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isprint(text[i]))
            return FALSE;
    }
    return TRUE;
}

/* One line without its line feed; @offset is where it starts. */
static gboolean parse_line(SrConsentModel *model, const char *line, gsize length, gsize offset,
                           GError **error)
{
    const char *tab = memchr(line, '\t', length);
    const gsize name_length = tab ? (gsize)(tab - line) : 0;
    SrConsentKind kind;

    if (!tab)
        return fail_at(error, offset, "a line needs a name, a tab and a text");
    if (!kind_from_name(line, name_length, &kind))
        return fail_at(error, offset, "unknown name before the tab");
    if (!is_printable(tab + 1, length - name_length - 1))
        return fail_at(error, offset, "texts are printable ASCII");
    if (kinds[kind].once && sr_consent_model_first(model, kind))
        return fail_at(error, offset, "title, remember and action occur once");
    add_entry(model, kind, g_strndup(tab + 1, length - name_length - 1));
    return TRUE;
}

SrConsentModel *sr_consent_model_parse(const char *text, gsize length, GError **error)
{
    g_autoptr(SrConsentModel) model = sr_consent_model_new();
    const char *title;

    if (length > SR_CONSENT_MODEL_MAX) {
        fail_at(error, SR_CONSENT_MODEL_MAX, "longer than a prompt shows");
        return NULL;
    }
    for (gsize offset = 0; offset < length;) {
        const char *line = text + offset;
        const char *end = memchr(line, '\n', length - offset);

        if (!end) {
            fail_at(error, offset, "the last line has no line feed");
            return NULL;
        }
        if (!parse_line(model, line, (gsize)(end - line), offset, error))
            return NULL;
        offset += (gsize)(end - line) + 1;
    }
    title = sr_consent_model_first(model, SR_CONSENT_TITLE);
    if (!title || !*title) {
        fail_at(error, length, "no title");
        return NULL;
    }
    return g_steal_pointer(&model);
}
