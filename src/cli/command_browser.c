/* sealring browser install|uninstall|list: the manifests by which browsers find sealring-host. */
#include "base/error.h"
#include "cli/browser_target.h"
#include "cli/browser_view.h"
#include "cli/cli.h"
#include "cli/host_program.h"
#include "cli/manifest_report.h"
#include "cli/output.h"

#include <string.h>
#include <unistd.h>

#define BROWSERS_MAX 32u

#define EXTENSION_OPTION                                                                           \
    {                                                                                              \
        "extension", "ID...", "an extension, by its id; may be repeated"                           \
    }
#define SYSTEM_OPTION                                                                              \
    {                                                                                              \
        "system", NULL, "for all users of this computer; needs root"                               \
    }

/* --- what was asked for
 * ----------------------------------------------------------------------------------- */

static gboolean check_system(const SrArguments *arguments, GError **error)
{
    if (!sr_arguments_flag(arguments, "system") || geteuid() == 0)
        return TRUE;
    sr_error_set(error, SR_ERROR_INVALID_PARAMS,
                 "--system writes for all users and needs root: put `sudo` in front, or leave "
                 "--system out");
    return FALSE;
}

static gboolean check_ids(const char *const *ids, GError **error)
{
    SrFamily family;

    for (; *ids; ids++)
        if (!sr_extension_id_read(*ids, &family))
            return sr_usage_error(error,
                                  "%.64s is no extension: 32 letters from a to p, name@domain or "
                                  "{uuid}",
                                  *ids);
    return TRUE;
}

/* Those of @ids that are for @family, behind @first unless that is NULL. NULL-terminated, borrowed;
 * the array is owned by the caller. */
static const char **ids_of(SrFamily family, const char *first, const char *const *ids)
{
    GPtrArray *chosen = g_ptr_array_new();
    SrFamily found;

    if (first)
        g_ptr_array_add(chosen, (gpointer)(guintptr)first);
    for (; *ids; ids++)
        if (sr_extension_id_read(*ids, &found) && found == family)
            g_ptr_array_add(chosen, (gpointer)(guintptr)*ids);
    g_ptr_array_add(chosen, NULL);
    return (const char **)(gpointer)g_ptr_array_free(chosen, FALSE);
}

/* --- install
 * ------------------------------------------------------------------------------------------------
 */

static void install_target(const SrBrowserTarget *target, const char *program,
                           const char *const *given, SrJson *list)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(SrHostManifest) manifest = NULL;
    g_autofree const char **ids =
        ids_of(target->family, sr_extension_id_companion(target->family), given);
    SrManifestChange change = SR_MANIFEST_UNCHANGED;

    sr_manifest_file_install(target->place, target->family, program, ids, &change, &manifest,
                             &problem);
    sr_manifest_report_add(list, target, change, manifest, problem);
}

/* The host that manifests are to name; NULL with @error. */
static char *usable_host(const SrArguments *arguments, GError **error)
{
    g_autofree char *program = sr_host_program_find(error);

    if (!program ||
        !sr_host_program_check(program, sr_arguments_flag(arguments, "system"), error)) {
        g_prefix_error(error, "no manifest is written: ");
        return NULL;
    }
    return g_steal_pointer(&program);
}

static void report_install(SrCli *cli, SrJson *result)
{
    SrJson *list = json_object_object_get(result, "manifests");

    if (sr_manifest_report_has_refused(list))
        cli->status = SR_EXIT_FAILED;
    if (sr_cli_print_json(cli, result))
        return;
    if (json_object_array_length(list) > 0)
        sr_manifest_report_print(list);
    else
        sr_output_line("No browser was found that could start sealring-host. Name one, or --all.");
    sr_browser_view_print_notes(json_object_object_get(result, "notes"));
}

/* The named browsers, or all, may be in a sandbox. */
static SrJson *collect_notes(const SrArguments *arguments)
{
    g_autoptr(GPtrArray) browsers = sr_browser_choose(arguments, SR_CHOOSE_EVERY, NULL);
    SrJson *all = json_object_new_array();

    for (guint i = 0; browsers && i < browsers->len; i++) {
        g_autoptr(SrJson) notes = sr_browser_view_notes(g_ptr_array_index(browsers, i));

        for (gsize j = 0; j < json_object_array_length(notes); j++)
            json_object_array_add(all, json_object_get(json_object_array_get_idx(notes, j)));
    }
    return all;
}

static gboolean run_install(SrCli *cli, const SrArguments *arguments, GError **error)
{
    const gboolean system = sr_arguments_flag(arguments, "system");
    g_autofree const char **given = sr_arguments_options(arguments, "extension");
    g_autoptr(SrJson) result = json_object_new_object();
    g_autofree char *program = NULL;
    g_autoptr(GPtrArray) browsers = NULL;
    g_autoptr(GPtrArray) targets = NULL;
    SrJson *list;

    if (!check_ids(given, error) || !check_system(arguments, error))
        return FALSE;
    browsers = sr_browser_choose(
        arguments, sr_arguments_flag(arguments, "all") ? SR_CHOOSE_USUAL : SR_CHOOSE_FOUND, error);
    targets = browsers ? sr_browser_targets(browsers, system, error) : NULL;
    program = targets ? usable_host(arguments, error) : NULL;
    if (!program)
        return FALSE;
    list = json_object_new_array();
    for (guint i = 0; i < targets->len; i++)
        install_target(g_ptr_array_index(targets, i), program, given, list);
    sr_json_add_string(result, "host", program);
    sr_json_add(result, "manifests", list);
    sr_json_add(result, "notes", collect_notes(arguments));
    report_install(cli, result);
    return TRUE;
}

/* --- uninstall
 * ---------------------------------------------------------------------------------------------- */

static void uninstall_target(const SrBrowserTarget *target, const char *const *given, SrJson *list)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(SrHostManifest) manifest = NULL;
    g_autofree const char **ids = given[0] ? ids_of(target->family, NULL, given) : NULL;
    SrManifestChange change = SR_MANIFEST_UNCHANGED;

    sr_manifest_file_remove(target->place, target->family, ids, &change, &manifest, &problem);
    if (problem || change != SR_MANIFEST_UNCHANGED)
        sr_manifest_report_add(list, target, change, manifest, problem);
}

static gboolean run_uninstall(SrCli *cli, const SrArguments *arguments, GError **error)
{
    const gboolean system = sr_arguments_flag(arguments, "system");
    g_autofree const char **given = sr_arguments_options(arguments, "extension");
    g_autoptr(SrJson) result = json_object_new_object();
    g_autoptr(GPtrArray) browsers = NULL;
    g_autoptr(GPtrArray) targets = NULL;
    SrJson *list;

    if (!check_ids(given, error) || !check_system(arguments, error))
        return FALSE;
    browsers = sr_browser_choose(arguments, SR_CHOOSE_EVERY, error);
    targets = browsers ? sr_browser_targets(browsers, system, error) : NULL;
    if (!targets)
        return FALSE;
    list = json_object_new_array();
    sr_json_add(result, "manifests", list);
    for (guint i = 0; i < targets->len; i++)
        uninstall_target(g_ptr_array_index(targets, i), given, list);
    if (sr_manifest_report_has_refused(list))
        cli->status = SR_EXIT_FAILED;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    if (json_object_array_length(list) > 0)
        sr_manifest_report_print(list);
    else
        sr_output_line("There is nothing of sealring's to remove.");
    return TRUE;
}

/* --- list
 * ---------------------------------------------------------------------------------------------------
 */

static void add_manifest_rows(SrTable *table, SrJson *view)
{
    SrJson *manifests = json_object_object_get(view, "manifests");
    g_autofree char *flavours = sr_browser_view_join(json_object_object_get(view, "flavours"));

    for (gsize i = 0; i < json_object_array_length(manifests); i++) {
        SrJson *manifest = json_object_array_get_idx(manifests, i);
        g_autofree char *ids = sr_browser_view_join(json_object_object_get(manifest, "extensions"));
        const char *state = sr_json_string(manifest, "state", NULL);
        const char *cells[] = {i == 0 ? sr_json_string(view, "browser", NULL) : "",
                               i == 0 ? flavours : "",
                               sr_json_string(manifest, "scope", NULL),
                               state,
                               sr_json_string(manifest, "path", NULL),
                               ids};

        if (i == 0 || g_strcmp0(state, "none") != 0)
            sr_table_add(table, cells);
    }
}

static void print_views(SrJson *views)
{
    static const char *const headings[] = {"BROWSER",  "INSTALLED AS", "FOR", "STATE",
                                           "MANIFEST", "EXTENSIONS",   NULL};
    g_autoptr(SrTable) table = sr_table_new(headings);
    const gsize count = json_object_array_length(views);

    if (count == 0) {
        sr_output_line("No browser was found. `--all` shows where each would look.");
        return;
    }
    for (gsize i = 0; i < count; i++)
        add_manifest_rows(table, json_object_array_get_idx(views, i));
    sr_table_print(table);
    for (gsize i = 0; i < count; i++)
        sr_browser_view_print_notes(
            json_object_object_get(json_object_array_get_idx(views, i), "notes"));
}

static gboolean run_list(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) result = json_object_new_object();
    g_autofree char *program = sr_host_program_find(NULL);
    const gboolean all = sr_arguments_flag(arguments, "all");
    SrJson *views = json_object_new_array();
    gsize count;
    const SrWebBrowser *browsers = sr_web_browsers(&count);

    (void)error;
    sr_json_add_string(result, "host", program);
    sr_json_add(result, "browsers", views);
    for (gsize i = 0; i < count; i++) {
        g_autoptr(SrJson) view = sr_browser_view(&browsers[i], program);

        if (all || sr_browser_view_is_found(view, &browsers[i]))
            json_object_array_add(views, g_steal_pointer(&view));
    }
    if (!sr_cli_print_json(cli, result))
        print_views(views);
    return TRUE;
}

static const SrOption install_options[] = {
    EXTENSION_OPTION,
    SYSTEM_OPTION,
    {"all", NULL, "for all browsers sealring knows, not only those that are here"},
    {NULL, NULL, NULL},
};
static const SrOption uninstall_options[] = {
    EXTENSION_OPTION,
    SYSTEM_OPTION,
    {NULL, NULL, NULL},
};
static const SrOption list_options[] = {
    {"all", NULL, "also browsers that are not here"},
    {NULL, NULL, NULL},
};

const SrCommand sr_browser_commands[] = {
    {"browser install", "[BROWSER...]", 0, BROWSERS_MAX, install_options,
     "Let browsers start sealring for extensions",
     "Writes a native-messaging manifest for each BROWSER, without one for every browser that is\n"
     "here. Extensions that are in it stay; sealring's own companion is always in. Browsers:\n"
     "chrome, chrome-beta, chrome-unstable, chromium, brave, edge, vivaldi, opera, helium, "
     "firefox,\n"
     "zen, thunderbird, librewolf, waterfox, and tor-browser, which is never chosen by itself.",
     run_install},
    {"browser uninstall", "[BROWSER...]", 0, BROWSERS_MAX, uninstall_options,
     "Remove the manifests, or take extensions out",
     "Only manifests of sealring's are removed; with --extension only that extension goes.",
     run_uninstall},
    {"browser list", "", 0, 0, list_options, "Show browsers and their manifests", NULL, run_list},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
