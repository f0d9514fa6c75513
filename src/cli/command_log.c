/* sealring log: the audit log. */
#include "cli/cli.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

#define PAGE 1000
#define LIMIT_DEFAULT 100

static const SrOption log_options[] = {
    {"limit", "N", "only the last N entries (default 100; 0: all)"},
    {"follow", NULL, "then wait for new entries"},
    {"verify", NULL, "instead, check that no entry was changed, removed or put in between"},
    {NULL, NULL, NULL},
};

static gint64 sequence(SrJson *entry)
{
    gint64 number = 0;

    sr_json_integer_optional(entry, "seq", 0, G_MAXINT64, &number, NULL);
    return number;
}

/* "7  2026-11-24T10:00:00Z  siwe.sign  decision=yes …": what every entry has, then the rest. */
static void print_entry(SrJson *entry)
{
    GString *line = g_string_new(NULL);
    const char *time = sr_json_string(entry, "time", NULL);
    const char *event = sr_json_string(entry, "event", NULL);

    g_string_printf(line, "%5" G_GINT64_FORMAT "  %s  %-18s", sequence(entry), time ? time : "",
                    event ? event : "");
    json_object_object_foreach (entry, name, value) {
        static const char *const shown[] = {"seq", "time", "event", "hash", NULL};

        if (!g_strv_contains(shown, name) && value)
            g_string_append_printf(line, " %s=%s", name, json_object_get_string(value));
    }
    sr_output_line(line->str);
    g_string_free(line, TRUE);
}

static void show_entry(const SrCli *cli, SrJson *entry)
{
    if (!sr_cli_print_json(cli, entry))
        print_entry(entry);
}

/* The last @limit entries of the whole log (0: all), read page by page. */
static gboolean read_entries(SrCli *cli, gint64 limit, GQueue *entries, GError **error)
{
    gint64 after = 0;

    for (;;) {
        SrJson *params = json_object_new_object();
        g_autoptr(SrJson) result = NULL;
        SrJson *page = NULL;

        sr_json_add_integer(params, "after", after);
        sr_json_add_integer(params, "limit", PAGE);
        if (!sr_cli_call(cli, "audit.list", params, -1, &result, error) ||
            !sr_json_array_optional(result, "entries", &page, error))
            return FALSE;
        if (!page || json_object_array_length(page) == 0)
            return TRUE;
        for (gsize i = 0; i < json_object_array_length(page); i++) {
            SrJson *entry = json_object_array_get_idx(page, i);

            after = MAX(after, sequence(entry));
            g_queue_push_tail(entries, json_object_get(entry));
            if (limit > 0 && entries->length > (guint64)limit)
                sr_json_free(g_queue_pop_head(entries));
        }
        if (json_object_array_length(page) < PAGE)
            return TRUE;
    }
}

static void print_entries(const SrCli *cli, GQueue *entries, gboolean as_lines)
{
    if (cli->json && !as_lines) {
        g_autoptr(SrJson) result = json_object_new_object();
        SrJson *list = json_object_new_array();

        for (GList *link = entries->head; link; link = link->next)
            json_object_array_add(list, json_object_get(link->data));
        sr_json_add(result, "entries", list);
        sr_output_json(result);
        return;
    }
    for (GList *link = entries->head; link; link = link->next)
        show_entry(cli, link->data);
}

typedef struct {
    const SrCli *cli;
    gint64 last; /* shown already */
} Follower;

static gboolean on_entry(SrClient *client, const char *method, SrJson *params, gpointer user_data,
                         GError **error)
{
    Follower *follower = user_data;

    (void)client;
    (void)error;
    if (strcmp(method, "audit.entry") != 0 || sequence(params) <= follower->last)
        return TRUE;
    follower->last = sequence(params);
    show_entry(follower->cli, params);
    return TRUE;
}

/* Until Ctrl-C, or until the agent or the reader of the output goes away. */
static gboolean follow(SrCli *cli, gint64 last, GError **error)
{
    Follower follower = {cli, last};

    sr_client_set_handler(cli->client, on_entry, &follower);
    while (fflush(stdout) == 0)
        if (!sr_client_wait(cli->client, error))
            return FALSE;
    return TRUE;
}

static gboolean verify(SrCli *cli, GError **error)
{
    g_autoptr(SrJson) result = NULL;
    g_autofree char *line = NULL;
    gboolean valid = FALSE;
    gint64 entries = 0;
    gint64 broken_at = 0;

    if (!sr_cli_call(cli, "audit.verify", NULL, -1, &result, error) ||
        !sr_json_boolean_optional(result, "valid", &valid, error) ||
        !sr_json_integer_optional(result, "entries", 0, G_MAXINT64, &entries, error) ||
        !sr_json_integer_optional(result, "brokenAt", 0, G_MAXINT64, &broken_at, error))
        return FALSE;
    if (!valid)
        cli->status = SR_EXIT_FAILED;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    line = valid ? g_strdup_printf("%" G_GINT64_FORMAT " entries, none changed.", entries)
                 : g_strdup_printf("The log was changed: entry %" G_GINT64_FORMAT
                                   " does not fit to the one before it.",
                                   broken_at);
    sr_output_line(line);
    return TRUE;
}

static gboolean show(SrCli *cli, gint64 limit, gboolean follows, GError **error)
{
    GQueue entries = G_QUEUE_INIT;
    /* First follow, then read: nothing falls between the two. */
    gboolean done = (!follows || sr_cli_call(cli, "audit.follow", NULL, -1, NULL, error)) &&
                    read_entries(cli, limit, &entries, error);
    gint64 last = entries.tail ? sequence(entries.tail->data) : 0;

    if (done)
        print_entries(cli, &entries, follows);
    g_queue_clear_full(&entries, (GDestroyNotify)sr_json_free);
    return done && (!follows || follow(cli, last, error));
}

static gboolean run_log(SrCli *cli, const SrArguments *arguments, GError **error)
{
    gint64 limit = LIMIT_DEFAULT;
    gboolean follows = sr_arguments_flag(arguments, "follow");

    if (!sr_arguments_number(arguments, "limit", 0, G_MAXINT, &limit, error))
        return FALSE;
    if (!sr_arguments_flag(arguments, "verify"))
        return show(cli, limit, follows, error);
    if (follows || sr_arguments_flag(arguments, "limit"))
        return sr_usage_error(error, "--verify goes alone");
    return verify(cli, error);
}

const SrCommand sr_log_commands[] = {
    {"log", "", 0, 0, log_options, "Show what was decided and signed",
     "Messages appear as their SHA-256, secrets never. With --follow and --json, one entry a line.",
     run_log},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
