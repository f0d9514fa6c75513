#include "cli/browser_view.h"

#include "cli/output.h"

#include <string.h>

SrJson *sr_browser_view_ids(const SrHostManifest *manifest)
{
    SrJson *ids = json_object_new_array();

    for (guint i = 0; manifest && i < manifest->extensions->len; i++)
        json_object_array_add(ids,
                              json_object_new_string(g_ptr_array_index(manifest->extensions, i)));
    return ids;
}

char *sr_browser_view_join(SrJson *list)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (gsize i = 0; i < json_object_array_length(list); i++)
        g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                               json_object_get_string(json_object_array_get_idx(list, i)));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

SrJson *sr_browser_view_notes(const SrWebBrowser *browser)
{
    static const SrFlavours sandboxes[] = {SR_FLAVOUR_SNAP, SR_FLAVOUR_FLATPAK};
    const SrFlavours found = sr_web_browser_flavours(browser);
    SrJson *notes = json_object_new_array();

    for (gsize i = 0; i < G_N_ELEMENTS(sandboxes); i++)
        if ((found & sandboxes[i]) != 0) {
            g_autofree char *note = sr_web_browser_note(browser, sandboxes[i]);

            json_object_array_add(notes, json_object_new_string(note));
        }
    return notes;
}

void sr_browser_view_print_notes(SrJson *notes)
{
    for (gsize i = 0; i < json_object_array_length(notes); i++) {
        g_autofree char *line = g_strdup_printf(
            "Note: %s.", json_object_get_string(json_object_array_get_idx(notes, i)));

        sr_output_line(line);
    }
}

static const char *state_name(SrManifestState state, const SrHostManifest *manifest,
                              const char *program)
{
    static const char *const names[] = {
        [SR_MANIFEST_NONE] = "none",
        [SR_MANIFEST_OURS] = "installed",
        [SR_MANIFEST_FOREIGN] = "foreign",
        [SR_MANIFEST_DAMAGED] = "damaged",
        [SR_MANIFEST_UNREADABLE] = "not readable",
    };

    if (manifest && program && strcmp(manifest->program, program) != 0)
        return "other host";
    return names[state];
}

static SrJson *view_manifest(const SrPlace *place, SrFamily family, const char *program)
{
    g_autoptr(SrHostManifest) manifest = NULL;
    g_autofree char *problem = NULL;
    g_autofree char *path = sr_place_path(place, SR_HOST_MANIFEST_FILE);
    const SrManifestState state = sr_manifest_file_read(place, family, &manifest, &problem);
    SrJson *view = json_object_new_object();

    sr_json_add_string(view, "scope", place->system ? "system" : "user");
    sr_json_add_string(view, "path", path);
    sr_json_add_string(view, "state", state_name(state, manifest, program));
    sr_json_add(view, "extensions", sr_browser_view_ids(manifest));
    sr_json_add_string(view, "host", manifest ? manifest->program : NULL);
    sr_json_add_string(view, "problem", problem);
    return view;
}

static void add_manifests(SrJson *list, const SrWebBrowser *browser, gboolean system,
                          const char *program)
{
    const char *folders[SR_BROWSER_FOLDERS_MAX];
    const gsize count = sr_web_browser_folders(browser, system, folders);

    for (gsize i = 0; i < count; i++) {
        g_autoptr(SrPlace) place = sr_place_new(folders[i], NULL);

        if (place)
            json_object_array_add(list, view_manifest(place, browser->family, program));
    }
}

SrJson *sr_browser_view(const SrWebBrowser *browser, const char *program)
{
    static const SrFlavours all[] = {SR_FLAVOUR_PACKAGE, SR_FLAVOUR_SNAP, SR_FLAVOUR_FLATPAK};
    const SrFlavours found = sr_web_browser_flavours(browser);
    SrJson *view = json_object_new_object();
    SrJson *flavours = json_object_new_array();
    SrJson *manifests = json_object_new_array();

    sr_json_add_string(view, "browser", browser->name);
    sr_json_add_string(view, "title", browser->title);
    sr_json_add(view, "flavours", flavours);
    sr_json_add(view, "manifests", manifests);
    sr_json_add(view, "notes", sr_browser_view_notes(browser));
    for (gsize i = 0; i < G_N_ELEMENTS(all); i++)
        if ((found & all[i]) != 0)
            json_object_array_add(flavours, json_object_new_string(sr_flavour_name(all[i])));
    add_manifests(manifests, browser, FALSE, program);
    add_manifests(manifests, browser, TRUE, program);
    return view;
}

/* Whether a manifest of the user's own is there: those for all users come with a package. */
static gboolean has_user_manifest(SrJson *view)
{
    SrJson *manifests = json_object_object_get(view, "manifests");

    for (gsize i = 0; i < json_object_array_length(manifests); i++) {
        SrJson *manifest = json_object_array_get_idx(manifests, i);

        if (g_strcmp0(sr_json_string(manifest, "scope", NULL), "user") == 0 &&
            g_strcmp0(sr_json_string(manifest, "state", NULL), "none") != 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean is_first_of_its_folder(const SrWebBrowser *browser)
{
    gsize count;
    const SrWebBrowser *first = sr_web_browsers(&count);

    while (strcmp(first->user, browser->user) != 0)
        first++;
    return first == browser;
}

gboolean sr_browser_view_is_found(SrJson *view, const SrWebBrowser *browser)
{
    return json_object_array_length(json_object_object_get(view, "flavours")) > 0 ||
           (is_first_of_its_folder(browser) && has_user_manifest(view));
}
