#include "cli/browser_target.h"

#include <string.h>

/* --- choosing
 * -------------------------------------------------------------------------------------------- */

static gboolean is_chosen(const SrWebBrowser *browser, SrBrowserChoice choice)
{
    if (choice == SR_CHOOSE_EVERY)
        return TRUE;
    return !browser->only_named && (choice == SR_CHOOSE_USUAL || sr_web_browser_is_able(browser));
}

static void add_browser(GPtrArray *browsers, const SrWebBrowser *browser)
{
    g_ptr_array_add(browsers, (gpointer)(guintptr)browser);
}

/* "chrome, chromium, …". Owned by the caller. */
static char *all_names(void)
{
    g_autoptr(GString) names = g_string_new(NULL);
    gsize count;
    const SrWebBrowser *browsers = sr_web_browsers(&count);

    for (gsize i = 0; i < count; i++)
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", browsers[i].name);
    return g_string_free(g_steal_pointer(&names), FALSE);
}

static gboolean add_named(GPtrArray *chosen, const SrArguments *arguments, GError **error)
{
    const char *name;

    for (guint i = 0; (name = sr_arguments_operand(arguments, i)); i++) {
        const SrWebBrowser *browser = sr_web_browser_find(name);
        g_autofree char *known = browser ? NULL : all_names();

        if (!browser)
            return sr_usage_error(error, "%.64s is none of %s", name, known);
        add_browser(chosen, browser);
    }
    return TRUE;
}

GPtrArray *sr_browser_choose(const SrArguments *arguments, SrBrowserChoice otherwise,
                             GError **error)
{
    g_autoptr(GPtrArray) chosen = g_ptr_array_new();
    gsize count;
    const SrWebBrowser *browsers = sr_web_browsers(&count);

    if (!add_named(chosen, arguments, error))
        return NULL;
    for (gsize i = 0; i < count && !sr_arguments_operand(arguments, 0); i++)
        if (is_chosen(&browsers[i], otherwise))
            add_browser(chosen, &browsers[i]);
    return g_steal_pointer(&chosen);
}

/* --- their folders
 * ---------------------------------------------------------------------------------------- */

static void free_target(gpointer data)
{
    SrBrowserTarget *target = data;

    sr_place_free(target->place);
    g_ptr_array_unref(target->names);
    g_free(target);
}

static gboolean reads(const SrWebBrowser *browser, gboolean system, const char *folder)
{
    const char *folders[SR_BROWSER_FOLDERS_MAX];
    const gsize count = sr_web_browser_folders(browser, system, folders);

    for (gsize i = 0; i < count; i++)
        if (strcmp(folders[i], folder) == 0)
            return TRUE;
    return FALSE;
}

static SrBrowserTarget *new_target(SrFamily family, gboolean system, const char *folder,
                                   SrPlace *place)
{
    SrBrowserTarget *target = g_new0(SrBrowserTarget, 1);
    gsize count;
    const SrWebBrowser *browsers = sr_web_browsers(&count);

    target->folder = folder;
    target->place = place;
    target->family = family;
    target->names = g_ptr_array_new();
    for (gsize i = 0; i < count; i++)
        if (reads(&browsers[i], system, folder))
            g_ptr_array_add(target->names, (gpointer)(guintptr)browsers[i].name);
    g_ptr_array_add(target->names, NULL);
    return target;
}

static gboolean has_target(const GPtrArray *targets, const char *folder)
{
    for (guint i = 0; i < targets->len; i++)
        if (strcmp(((const SrBrowserTarget *)targets->pdata[i])->folder, folder) == 0)
            return TRUE;
    return FALSE;
}

GPtrArray *sr_browser_targets(const GPtrArray *browsers, gboolean system, GError **error)
{
    g_autoptr(GPtrArray) targets = g_ptr_array_new_with_free_func(free_target);

    for (guint i = 0; i < browsers->len; i++) {
        const SrWebBrowser *browser = g_ptr_array_index(browsers, i);
        const char *folders[SR_BROWSER_FOLDERS_MAX];
        const gsize count = sr_web_browser_folders(browser, system, folders);

        for (gsize j = 0; j < count; j++) {
            SrPlace *place;

            if (has_target(targets, folders[j]))
                continue;
            place = sr_place_new(folders[j], error);
            if (!place)
                return NULL;
            g_ptr_array_add(targets, new_target(browser->family, system, folders[j], place));
        }
    }
    return g_steal_pointer(&targets);
}
