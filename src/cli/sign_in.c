#include "cli/sign_in.h"

#include "cli/consent.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

/* The user's browser: $BROWSER as the others understand it, else xdg-open. */
static gboolean open_browser(const char *url)
{
    const char *chosen = g_getenv("BROWSER");
    g_auto(GStrv) names = g_strsplit(chosen && *chosen ? chosen : "xdg-open", ":", -1);
    const GSpawnFlags flags =
        G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL;

    for (char **name = names; *name; name++) {
        char *words[] = {*name, (char *)(guintptr)url, NULL};

        if (**name && g_spawn_async(NULL, words, NULL, flags, NULL, NULL, NULL, NULL))
            return TRUE;
    }
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
    else if (open_browser(url))
        fputs("The provider's page is open in your browser.\n", stderr);
    else
        fprintf(stderr, "Open this address in a browser on this computer:\n%s\n", url);
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
