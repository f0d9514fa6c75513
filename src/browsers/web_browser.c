#include "browsers/web_browser.h"

#include "browsers/host_manifest.h"
#include "browsers/place.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SCRIPT_MAX 4096u /* bytes that tell what a script starts */

#define CHROME_SYSTEM "/etc/opt/chrome/native-messaging-hosts"
#define CHROME_POLICIES "/etc/opt/chrome/policies/managed"
#define MOZILLA_USER "~/.mozilla/native-messaging-hosts"
#define MOZILLA_SYSTEM "/usr/lib/mozilla/native-messaging-hosts"
#define MOZILLA_SYSTEM_64 "/usr/lib64/mozilla/native-messaging-hosts"
#define TOR_DATA "~/.local/share/torbrowser/tbb/x86_64/tor-browser/Browser/TorBrowser/Data/Browser"

/* Where two browsers share a folder, one manifest serves both. */
static const SrWebBrowser browsers[] = {
    {
        .name = "chrome",
        .title = "Google Chrome",
        .family = SR_FAMILY_CHROMIUM,
        .user = "@/google-chrome/NativeMessagingHosts",
        .system = CHROME_SYSTEM,
        .profiles = {"@/google-chrome"},
        .programs = {"google-chrome", "google-chrome-stable"},
        .flatpak = "com.google.Chrome",
        .policies = CHROME_POLICIES,
    },
    {
        .name = "chrome-beta",
        .title = "Google Chrome beta",
        .family = SR_FAMILY_CHROMIUM,
        .user = "@/google-chrome-beta/NativeMessagingHosts",
        .system = CHROME_SYSTEM,
        .profiles = {"@/google-chrome-beta"},
        .programs = {"google-chrome-beta"},
        .policies = CHROME_POLICIES,
    },
    {
        .name = "chrome-unstable",
        .title = "Google Chrome unstable",
        .family = SR_FAMILY_CHROMIUM,
        .user = "@/google-chrome-unstable/NativeMessagingHosts",
        .system = CHROME_SYSTEM,
        .profiles = {"@/google-chrome-unstable"},
        .programs = {"google-chrome-unstable"},
        .flatpak = "com.google.ChromeDev",
        .policies = CHROME_POLICIES,
    },
    {
        .name = "chromium",
        .title = "Chromium",
        .family = SR_FAMILY_CHROMIUM,
        .user = "@/chromium/NativeMessagingHosts",
        .system = "/etc/chromium/native-messaging-hosts",
        .profiles = {"@/chromium"},
        .programs = {"chromium", "chromium-browser"},
        .snap = "chromium",
        .flatpak = "org.chromium.Chromium",
        .policies = "/etc/chromium/policies/managed",
    },
    {
        .name = "brave",
        .title = "Brave",
        .family = SR_FAMILY_CHROMIUM,
        .user = "@/BraveSoftware/Brave-Browser/NativeMessagingHosts",
        .system = CHROME_SYSTEM,
        .profiles = {"@/BraveSoftware/Brave-Browser"},
        .programs = {"brave-browser", "brave-browser-stable", "brave"},
        .snap = "brave",
        .flatpak = "com.brave.Browser",
        .policies = "/etc/brave/policies/managed",
    },
    {
        .name = "edge",
        .title = "Microsoft Edge",
        .family = SR_FAMILY_CHROMIUM,
        .user = "@/microsoft-edge/NativeMessagingHosts",
        .system = "/etc/opt/edge/native-messaging-hosts",
        .profiles = {"@/microsoft-edge"},
        .programs = {"microsoft-edge", "microsoft-edge-stable"},
        .flatpak = "com.microsoft.Edge",
        .policies = "/etc/opt/edge/policies/managed",
    },
    {
        .name = "vivaldi",
        .title = "Vivaldi",
        .family = SR_FAMILY_CHROMIUM,
        .user = "@/vivaldi/NativeMessagingHosts",
        .system = "/etc/opt/vivaldi/native-messaging-hosts",
        .profiles = {"@/vivaldi"},
        .programs = {"vivaldi", "vivaldi-stable"},
        .snap = "vivaldi",
        .flatpak = "com.vivaldi.Vivaldi",
    },
    {
        .name = "opera",
        .title = "Opera",
        .family = SR_FAMILY_CHROMIUM,
        .user = "@/opera/NativeMessagingHosts",
        .system = CHROME_SYSTEM,
        .profiles = {"@/opera"},
        .programs = {"opera", "opera-stable"},
        .snap = "opera",
        .flatpak = "com.opera.Opera",
    },
    {
        .name = "helium",
        .title = "Helium",
        .family = SR_FAMILY_CHROMIUM,
        .user = "@/net.imput.helium/NativeMessagingHosts",
        .profiles = {"@/net.imput.helium"},
        .programs = {"helium", "helium-browser"},
    },
    {
        .name = "firefox",
        .title = "Firefox",
        .family = SR_FAMILY_FIREFOX,
        .user = MOZILLA_USER,
        .system = MOZILLA_SYSTEM,
        .system_64 = MOZILLA_SYSTEM_64,
        .profiles = {"~/.mozilla/firefox", "@/mozilla/firefox"},
        .programs = {"firefox", "firefox-esr"},
        .snap = "firefox",
        .flatpak = "org.mozilla.firefox",
        .snap_can_host = TRUE,
    },
    {
        .name = "zen",
        .title = "Zen",
        .family = SR_FAMILY_FIREFOX,
        .user = MOZILLA_USER,
        .system = MOZILLA_SYSTEM,
        .system_64 = MOZILLA_SYSTEM_64,
        .profiles = {"~/.zen"},
        .programs = {"zen", "zen-browser"},
        .flatpak = "app.zen_browser.zen",
    },
    {
        .name = "thunderbird",
        .title = "Thunderbird",
        .family = SR_FAMILY_FIREFOX,
        .user = MOZILLA_USER,
        .system = MOZILLA_SYSTEM,
        .system_64 = MOZILLA_SYSTEM_64,
        .profiles = {"~/.thunderbird"},
        .programs = {"thunderbird"},
        .snap = "thunderbird",
        .flatpak = "org.mozilla.Thunderbird",
        .snap_can_host = TRUE,
    },
    {
        .name = "librewolf",
        .title = "LibreWolf",
        .family = SR_FAMILY_FIREFOX,
        .user = "~/.librewolf/native-messaging-hosts",
        .system = "/usr/lib/librewolf/native-messaging-hosts",
        .profiles = {"~/.librewolf"},
        .programs = {"librewolf"},
        .flatpak = "io.gitlab.librewolf-community",
    },
    {
        .name = "waterfox",
        .title = "Waterfox",
        .family = SR_FAMILY_FIREFOX,
        .user = "~/.waterfox/native-messaging-hosts",
        .system = MOZILLA_SYSTEM,
        .system_64 = MOZILLA_SYSTEM_64,
        .profiles = {"~/.waterfox"},
        .programs = {"waterfox"},
        .flatpak = "net.waterfox.waterfox",
    },
    {
        .name = "tor-browser",
        .title = "Tor Browser",
        .family = SR_FAMILY_FIREFOX,
        .user = TOR_DATA "/.mozilla/native-messaging-hosts",
        .profiles = {TOR_DATA "/profile.default"},
        .flatpak = "org.torproject.torbrowser-launcher",
        .only_named = TRUE,
    },
};

const SrWebBrowser *sr_web_browsers(gsize *ret_count)
{
    *ret_count = G_N_ELEMENTS(browsers);
    return browsers;
}

const SrWebBrowser *sr_web_browser_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(browsers); i++)
        if (strcmp(browsers[i].name, name) == 0)
            return &browsers[i];
    return NULL;
}

/* Browsers of a distribution that has /usr/lib64 look there, those of their makers do not. */
static gboolean has_folder_above(const char *folder)
{
    g_autofree char *above = g_path_get_dirname(folder);

    return g_file_test(above, G_FILE_TEST_IS_DIR);
}

gsize sr_web_browser_folders(const SrWebBrowser *browser, gboolean system,
                             const char *ret_folders[SR_BROWSER_FOLDERS_MAX])
{
    gsize count = 0;

    if (!system)
        ret_folders[count++] = browser->user;
    if (system && browser->system)
        ret_folders[count++] = browser->system;
    if (system && browser->system_64 && has_folder_above(browser->system_64))
        ret_folders[count++] = browser->system_64;
    return count;
}

/* --- how a browser is installed
 * --------------------------------------------------------------------------------- */

/* Ubuntu's packages of browsers are scripts that start the snap. */
static gboolean starts_a_snap(const char *program)
{
    char text[SCRIPT_MAX];
    const int fd = open(program, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t length;

    if (fd < 0)
        return FALSE;
    length = read(fd, text, sizeof text);
    close(fd);
    return length > 2 && memcmp(text, "#!", 2) == 0 && memmem(text, (gsize)length, "/snap/", 6);
}

static gboolean is_store_folder(const char *folder)
{
    return g_str_has_suffix(folder, "/snap/bin") ||
           g_str_has_suffix(folder, "/flatpak/exports/bin");
}

/* Whether a program of the browser that is no snap or Flatpak is on the PATH. */
static gboolean has_program(const SrWebBrowser *browser)
{
    g_auto(GStrv) folders = g_strsplit(g_getenv("PATH") ? g_getenv("PATH") : "", ":", -1);

    for (gsize i = 0; folders[i]; i++) {
        if (!g_path_is_absolute(folders[i]) || is_store_folder(folders[i]))
            continue;
        for (gsize j = 0; j < G_N_ELEMENTS(browser->programs) && browser->programs[j]; j++) {
            g_autofree char *path = g_build_filename(folders[i], browser->programs[j], NULL);

            if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE) && !starts_a_snap(path))
                return TRUE;
        }
    }
    return FALSE;
}

/* What a manifest alone has left in a folder of profiles is no sign of a browser. */
static gboolean has_profile(const SrWebBrowser *browser)
{
    const char *own = strrchr(browser->user, '/') + 1;

    for (gsize i = 0; i < G_N_ELEMENTS(browser->profiles) && browser->profiles[i]; i++) {
        g_autoptr(SrPlace) place = sr_place_new(browser->profiles[i], NULL);

        if (place && sr_place_is_used(place, own))
            return TRUE;
    }
    return FALSE;
}

/* Whether @name, if any, is in one of these folders of the home or the system. */
static gboolean is_in(const char *const *folders, gsize count, const char *name)
{
    for (gsize i = 0; name && i < count; i++) {
        const gboolean in_home = folders[i][0] != '/';
        g_autofree char *path =
            g_build_filename(in_home ? g_get_home_dir() : "/", folders[i], name, NULL);

        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return TRUE;
    }
    return FALSE;
}

SrFlavours sr_web_browser_flavours(const SrWebBrowser *browser)
{
    static const char *const snaps[] = {"/snap/bin", "/var/lib/snapd/snap/bin", "snap"};
    static const char *const flatpaks[] = {"/var/lib/flatpak/app", ".local/share/flatpak/app",
                                           ".var/app"};
    SrFlavours found = 0;

    if (is_in(snaps, G_N_ELEMENTS(snaps), browser->snap))
        found |= SR_FLAVOUR_SNAP;
    if (is_in(flatpaks, G_N_ELEMENTS(flatpaks), browser->flatpak))
        found |= SR_FLAVOUR_FLATPAK;
    if (has_program(browser) || has_profile(browser))
        found |= SR_FLAVOUR_PACKAGE;
    return found;
}

const char *sr_flavour_name(SrFlavours flavour)
{
    if (flavour == SR_FLAVOUR_SNAP)
        return "snap";
    return flavour == SR_FLAVOUR_FLATPAK ? "flatpak" : "package";
}

gboolean sr_web_browser_can_host(const SrWebBrowser *browser, SrFlavours flavour)
{
    return flavour == SR_FLAVOUR_PACKAGE || (flavour == SR_FLAVOUR_SNAP && browser->snap_can_host);
}

gboolean sr_web_browser_is_able(const SrWebBrowser *browser)
{
    const SrFlavours found = sr_web_browser_flavours(browser);

    return (found & SR_FLAVOUR_PACKAGE) != 0 ||
           ((found & SR_FLAVOUR_SNAP) != 0 && browser->snap_can_host);
}

char *sr_web_browser_note(const SrWebBrowser *browser, SrFlavours flavour)
{
    if (flavour == SR_FLAVOUR_PACKAGE)
        return NULL;
    if (flavour == SR_FLAVOUR_SNAP && browser->snap_can_host)
        return g_strdup_printf(
            "the snap uses the same manifest and asks once whether it may; to undo a wrong no: "
            "`flatpak permission-set webextensions " SR_HOST_NAME " snap.%s yes`",
            browser->snap);
    if (flavour == SR_FLAVOUR_SNAP)
        return g_strdup_printf("the snap %s may not start programs outside its sandbox: use this "
                               "browser as a package of your distribution or its makers",
                               browser->snap);
    return g_strdup_printf(
        "the Flatpak %s cannot start sealring-host; it would need a manifest and a script with "
        "`flatpak-spawn --host` in ~/.var/app/%s, and `flatpak override --user "
        "--talk-name=org.freedesktop.Flatpak %s`, but with that it may run everything, so sealring "
        "does not do it: use this browser as a package",
        browser->flatpak, browser->flatpak, browser->flatpak);
}
