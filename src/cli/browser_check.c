#include "cli/browser_check.h"

#include "browsers/place.h"
#include "cli/browser_policy.h"
#include "cli/browser_view.h"
#include "cli/host_program.h"

#include <string.h>
#include <unistd.h>

/* One browser while it is looked at. */
typedef struct {
    SrCheckup *checkup;
    const SrWebBrowser *browser;
    SrJson *view;
    char *install;          /* the command that mends most */
    gboolean user_served;   /* a manifest of the user's own is in order, … */
    gboolean system_served; /* … or one for all users */
} Look;

/* --- manifests
 * -------------------------------------------------------------------------------------------- */

/* A manifest for a sealring-host that is not ours: another installation, or one that is gone. */
static void note_other_host(const Look *look, const char *path, const char *host)
{
    g_autoptr(GError) error = NULL;
    const gboolean safe = sr_host_program_check(host, FALSE, &error);
    g_autofree char *version = safe ? sr_host_program_version(host) : NULL;

    if (safe)
        sr_checkup_add(look->checkup, SR_CHECK_WARN, look->browser->name, look->install,
                       "%s names %s (version %s), not the host of this installation", path, host,
                       version ? version : "unknown");
    else
        sr_checkup_add(look->checkup, SR_CHECK_FAIL, look->browser->name, look->install,
                       "%s names a host that cannot be used: %s", path, error->message);
}

static void note_bad(const Look *look, const char *path, const char *state, const char *problem)
{
    g_autofree char *next_step = NULL;

    if (strcmp(state, "not readable") == 0)
        next_step =
            g_strdup_printf("make it a plain file of yours, or remove it; then %s", look->install);
    else
        next_step = g_strdup_printf("`mv %s %s.old`, then %s", path, path, look->install);
    sr_checkup_add(look->checkup, SR_CHECK_FAIL, look->browser->name, next_step, "%s is %s: %s",
                   path, state, problem);
}

static void note_installed(Look *look, SrJson *manifest, const char *path)
{
    SrJson *extensions = json_object_object_get(manifest, "extensions");
    g_autofree char *ids = sr_browser_view_join(extensions);
    const char *scope = sr_json_string(manifest, "scope", NULL);

    sr_checkup_add(look->checkup, SR_CHECK_OK, look->browser->name, NULL, "%s, for %s", path,
                   ids[0] ? ids : "no extension");
    if (strcmp(scope, "system") == 0)
        look->system_served = TRUE;
    else
        look->user_served = TRUE;
}

static void note_manifest(Look *look, SrJson *manifest)
{
    const char *path = sr_json_string(manifest, "path", NULL);
    const char *state = sr_json_string(manifest, "state", NULL);

    if (strcmp(state, "installed") == 0)
        note_installed(look, manifest, path);
    else if (strcmp(state, "other host") == 0)
        note_other_host(look, path, sr_json_string(manifest, "host", NULL));
    else if (strcmp(state, "none") != 0)
        note_bad(look, path, state, sr_json_string(manifest, "problem", NULL));
}

static gboolean has_any(SrJson *manifests)
{
    for (gsize i = 0; i < json_object_array_length(manifests); i++)
        if (g_strcmp0(sr_json_string(json_object_array_get_idx(manifests, i), "state", NULL),
                      "none") != 0)
            return TRUE;
    return FALSE;
}

/* Whether others could put another manifest into the user's folder. */
static void check_folder(const Look *look)
{
    g_autoptr(SrPlace) place = sr_place_new(look->browser->user, NULL);
    g_autoptr(GError) error = NULL;
    int fd = -1;

    if (!place || !look->user_served)
        return;
    if (!sr_place_open(place, SR_PLACE_CHANGE, &fd, &error))
        sr_checkup_add(look->checkup, SR_CHECK_FAIL, look->browser->name,
                       "mend that; another manifest could be put there", "%s", error->message);
    else if (fd >= 0)
        close(fd);
}

static void check_manifests(Look *look)
{
    SrJson *manifests = json_object_object_get(look->view, "manifests");
    const gboolean hosts = sr_web_browser_is_able(look->browser);

    for (gsize i = 0; i < json_object_array_length(manifests); i++)
        note_manifest(look, json_object_array_get_idx(manifests, i));
    if (!has_any(manifests) && hosts)
        sr_checkup_add(look->checkup, SR_CHECK_WARN, look->browser->name, look->install,
                       "has no manifest of sealring's");
    check_folder(look);
}

/* --- sandboxes, policies
 * ------------------------------------------------------------------------------------ */

static void note_sandboxes(const Look *look)
{
    static const SrFlavours sandboxes[] = {SR_FLAVOUR_SNAP, SR_FLAVOUR_FLATPAK};
    const SrFlavours found = sr_web_browser_flavours(look->browser);

    for (gsize i = 0; i < G_N_ELEMENTS(sandboxes); i++) {
        g_autofree char *note = sr_web_browser_note(look->browser, sandboxes[i]);
        const gboolean hosts = sr_web_browser_can_host(look->browser, sandboxes[i]);

        if ((found & sandboxes[i]) != 0)
            sr_checkup_add(look->checkup, hosts ? SR_CHECK_OK : SR_CHECK_WARN, look->browser->name,
                           note, "is installed as a %s%s", sr_flavour_name(sandboxes[i]),
                           hosts ? "" : ", whose sandbox keeps it from sealring-host");
    }
}

static void check_policies(const Look *look)
{
    g_autoptr(SrBrowserPolicy) policy =
        sr_browser_policy_read(look->browser->policies, SR_HOST_NAME);
    g_autofree char *for_all =
        g_strdup_printf("`sudo sealring browser install --system %s`", look->browser->name);

    if (policy->blocked_by)
        sr_checkup_add(look->checkup, SR_CHECK_FAIL, look->browser->name,
                       "who manages this computer must add " SR_HOST_NAME
                       " to NativeMessagingAllowlist",
                       "the policy %s blocks " SR_HOST_NAME, policy->blocked_by);
    if (policy->user_level_by && !look->system_served)
        sr_checkup_add(look->checkup, SR_CHECK_FAIL, look->browser->name, for_all,
                       "by the policy %s only manifests for all users count",
                       policy->user_level_by);
    if (policy->unreadable)
        sr_checkup_add(look->checkup, SR_CHECK_WARN, look->browser->name,
                       "see what the browser makes of it: chrome://policy",
                       "the policy %s cannot be read here", policy->unreadable);
}

static void check_browser(SrCheckup *checkup, const SrWebBrowser *browser, SrJson *view)
{
    g_autofree char *install = g_strdup_printf("`sealring browser install %s`", browser->name);
    Look look = {.checkup = checkup, .browser = browser, .view = view, .install = install};

    check_manifests(&look);
    note_sandboxes(&look);
    check_policies(&look);
}

SrJson *sr_browser_check(SrCheckup *checkup, const char *program)
{
    SrJson *views = json_object_new_array();
    gsize count;
    const SrWebBrowser *browsers = sr_web_browsers(&count);

    for (gsize i = 0; i < count; i++) {
        g_autoptr(SrJson) view = sr_browser_view(&browsers[i], program);

        if (!sr_browser_view_is_found(view, &browsers[i]))
            continue;
        check_browser(checkup, &browsers[i], view);
        json_object_array_add(views, g_steal_pointer(&view));
    }
    if (json_object_array_length(views) == 0)
        sr_checkup_add(checkup, SR_CHECK_OK, "browsers", NULL, "none was found");
    return views;
}
