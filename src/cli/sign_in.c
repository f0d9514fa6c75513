#include "cli/sign_in.h"

#include "cli/consent.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

/* Start @command, words as of a shell, with @url in the place of its word "%s" or at its end. */
static gboolean start_browser(const char *command, const char *url)
{
    const GSpawnFlags flags =
        G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL;
    g_auto(GStrv) words = NULL;
    g_autoptr(GPtrArray) arguments = g_ptr_array_new();
    gboolean has_place = FALSE;

    if (!g_shell_parse_argv(command, NULL, &words, NULL))
        return FALSE;
    for (char **word = words; *word; word++) {
        const gboolean is_place = strcmp(*word, "%s") == 0;

        g_ptr_array_add(arguments, is_place ? (gpointer)(guintptr)url : *word);
        has_place |= is_place;
    }
    if (!has_place)
        g_ptr_array_add(arguments, (gpointer)(guintptr)url);
    g_ptr_array_add(arguments, NULL);
    return g_spawn_async(NULL, (char **)arguments->pdata, NULL, flags, NULL, NULL, NULL, NULL);
}

/* The user's browser: the first in $BROWSER that starts, else xdg-open. */
static gboolean open_browser(const char *url)
{
    const char *chosen = g_getenv("BROWSER");
    g_auto(GStrv) commands = g_strsplit(chosen && *chosen ? chosen : "xdg-open", ":", -1);

    for (char **command = commands; *command; command++)
        if (start_browser(*command, url))
            return TRUE;
    return FALSE;
}

/* At once, also into a pipe: whoever reads it is to open it. */
static void print_now(const SrSignInView *view, SrJson *params, const char *line)
{
    if (view->cli->json)
        sr_output_json(params);
    else
        sr_output_line(line);
    fflush(stdout);
}

static gboolean show_address(const SrSignInView *view, SrJson *params, GError **error)
{
    const char *url = sr_json_string(params, "url", error);

    if (!url)
        return FALSE;
    if (view->prints)
        print_now(view, params, url);
    else /* a program that starts may still find no window to open */
        fprintf(stderr, "%s\n%s\n",
                open_browser(url)
                    ? "Your browser opens the provider's page. If it does not, open this address:"
                    : "Open this address in a browser on this computer:",
                url);
    return TRUE;
}

static gboolean show_code(const SrSignInView *view, SrJson *params, GError **error)
{
    const char *code = sr_json_string(params, "userCode", error);
    const char *address = code ? sr_json_string(params, "verificationUri", error) : NULL;
    g_autofree char *line = NULL;

    if (!address)
        return FALSE;
    line = g_strdup_printf("Open %s on any device and enter the code %s", address, code);
    print_now(view, params, line);
    return TRUE;
}

gboolean sr_sign_in_notified(SrClient *client, const char *method, SrJson *params,
                             gpointer user_data, GError **error)
{
    const SrSignInView *view = user_data;

    if (strcmp(method, "oauth.open") == 0)
        return show_address(view, params, error);
    if (strcmp(method, "oauth.device") == 0)
        return show_code(view, params, error);
    return !view->cli->terminal ||
           sr_consent_notified(client, method, params, view->cli->terminal, error);
}
