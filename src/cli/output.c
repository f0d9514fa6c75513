#include "cli/output.h"

#include "base/error.h"
#include "cli/arguments.h"
#include "consent/escape.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define GAP 2u /* spaces between two columns */

struct SrTable {
    guint columns;
    GPtrArray *cells; /* of char *, row by row, headings first */
};

void sr_output_line(const char *text)
{
    g_autofree char *safe = sr_escape(text, strlen(text), NULL);

    fputs(safe, stdout);
    fputc('\n', stdout);
}

void sr_output_field(const char *label, guint width, const char *value)
{
    g_autofree char *safe = value ? sr_escape(value, strlen(value), NULL) : NULL;

    if (safe)
        fprintf(stdout, "%s:%*s %s\n", label, (int)(width - MIN(width, strlen(label))), "", safe);
}

SrTable *sr_table_new(const char *const *headings)
{
    SrTable *table = g_new0(SrTable, 1);

    while (headings[table->columns])
        table->columns++;
    table->cells = g_ptr_array_new_with_free_func(g_free);
    sr_table_add(table, headings);
    return table;
}

void sr_table_add(SrTable *table, const char *const *cells)
{
    for (guint i = 0; i < table->columns; i++) {
        const char *cell = cells[i] ? cells[i] : "";

        g_ptr_array_add(table->cells, sr_escape(cell, strlen(cell), NULL));
    }
}

static gsize column_width(const SrTable *table, guint column)
{
    gsize width = 0;

    for (guint i = column; i < table->cells->len; i += table->columns)
        width = MAX(width, strlen(g_ptr_array_index(table->cells, i)));
    return width;
}

void sr_table_print(const SrTable *table)
{
    g_autofree gsize *widths = g_new(gsize, table->columns);

    for (guint i = 0; i < table->columns; i++)
        widths[i] = column_width(table, i);
    for (guint i = 0; i < table->cells->len; i++) {
        guint column = i % table->columns;
        const char *cell = g_ptr_array_index(table->cells, i);

        if (column + 1 == table->columns)
            fprintf(stdout, "%s\n", cell);
        else
            fprintf(stdout, "%-*s", (int)(widths[column] + GAP), cell);
    }
}

void sr_table_free(SrTable *table)
{
    if (!table)
        return;
    g_ptr_array_unref(table->cells);
    g_free(table);
}

void sr_output_json(SrJson *value)
{
    g_autofree char *text = sr_json_text(value);

    fputs(text, stdout);
    fputc('\n', stdout);
}

gboolean sr_output_finish(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return TRUE;
    fprintf(stderr, "sealring: cannot write to standard output: %s\n", g_strerror(errno));
    return FALSE;
}

typedef struct {
    SrErrorCode code;
    const char *next_step;
} NextStep;

/* The last column of the table in docs/PROTOCOL.md, as far as it helps at the command line. */
static const NextStep next_steps[] = {
    {SR_ERROR_INTERNAL, "run `sealring doctor`; if it finds nothing, please report this"},
    {SR_ERROR_NO_PROMPT,
     "install sealring-prompt, set `prompt-command`, or run this command in a terminal"},
    {SR_ERROR_STORE_LOCKED, "unlock it with `sealring unlock`"},
    {SR_ERROR_STORE_UNAVAILABLE, "`sealring doctor` shows what is missing"},
    {SR_ERROR_AGENT_UNAVAILABLE, "start it with `sealring agent start`, or ask `sealring doctor`"},
    {SR_ERROR_BUSY, "answer or close the open prompts, or wait a minute"},
    {SR_ERROR_DOMAIN_MISMATCH, "sign in from the site itself"},
    {SR_ERROR_NONCE_REUSED, "ask the site for a message with a new nonce"},
    {SR_ERROR_EXPIRED, "ask the site for a new message"},
    {SR_ERROR_KEY_NOT_FOUND,
     "look at `sealring key list`, `session list`, `account list`, `grant list` or "
     "`client list`"},
    {SR_ERROR_CORRUPT,
     "restore it from a backup, or delete it; `sealring key list` shows damaged keys"},
    {SR_ERROR_KEY_EXISTS, "`sealring key list` shows the keys that are there"},
    {SR_ERROR_WRONG_PASSPHRASE, "try again; caps lock and keyboard layout are usual reasons"},
};

static const char *find_next_step(const GError *error)
{
    if (error->domain != SR_ERROR || strstr(error->message, "sealring unlock"))
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(next_steps); i++)
        if ((gint)next_steps[i].code == error->code)
            return next_steps[i].next_step;
    return NULL;
}

/* An error made here, in the form of those of the agent. */
static SrJson *error_object(const GError *error)
{
    gboolean usage = error->domain == SR_USAGE_ERROR;
    const SrErrorDetail *detail = sr_error_detail(error);
    SrJson *object = json_object_new_object();
    SrJson *data = json_object_new_object();

    sr_json_add_integer(object, "code", usage ? -32602 : sr_error_rpc_code(error));
    sr_json_add_string(object, "message", error->message);
    sr_json_add(object, "data", data);
    sr_json_add_string(data, "reason", usage ? "INVALID_PARAMS" : sr_error_reason(error));
    if (detail && detail->field)
        sr_json_add_string(data, "field", detail->field);
    if (detail && detail->offset >= 0)
        sr_json_add_integer(data, "offset", detail->offset);
    return object;
}

void sr_output_error(const GError *error, SrJson *object, gboolean json)
{
    if (json) {
        g_autoptr(SrJson) whole = json_object_new_object();

        sr_json_add(whole, "error", object ? json_object_get(object) : error_object(error));
        sr_output_json(whole);
    } else {
        g_autofree char *safe = sr_escape(error->message, strlen(error->message), NULL);
        const char *next_step = find_next_step(error);

        fflush(stdout);
        fprintf(stderr, "sealring: %s\n", safe);
        if (next_step)
            fprintf(stderr, "  %s\n", next_step);
    }
}
