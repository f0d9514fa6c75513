#include "host/browser.h"

#include <stddef.h>
#include <string.h>

#define CHROMIUM_PREFIX "chrome-extension://"
#define CHROMIUM_ID_LENGTH 32u
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool read_chromium(const char *origin, SrBrowser *ret_browser)
{
    const size_t prefix = strlen(CHROMIUM_PREFIX);
    const size_t length = prefix + CHROMIUM_ID_LENGTH;

    if (strncmp(origin, CHROMIUM_PREFIX, prefix) != 0 ||
        strspn(origin + prefix, "abcdefghijklmnop") != CHROMIUM_ID_LENGTH ||
        strcmp(origin + length, "/") != 0)
        return false;
    *ret_browser = (SrBrowser){.name = "chromium"};
    memcpy(ret_browser->extension, origin, length);
    return true;
}

static bool is_manifest_path(const char *path)
{
    static const char suffix[] = ".json";
    const size_t length = strlen(path);

    return path[0] == '/' && length > strlen(suffix) &&
           strcmp(path + length - strlen(suffix), suffix) == 0;
}

/* "name@domain"; the name may be empty (Firefox's rule for add-on ids). */
static bool is_mail_like_id(const char *id)
{
    static const char allowed[] = LETTERS CAPITALS DIGITS "-._";
    const size_t name = strspn(id, allowed);

    return id[name] == '@' && id[name + 1] != '\0' &&
           id[name + 1 + strspn(id + name + 1, allowed)] == '\0';
}

/* "{8-4-4-4-12}" hexadecimal digits. */
static bool is_uuid_id(const char *id)
{
    static const char form[] = "{hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh}";

    if (strlen(id) != strlen(form))
        return false;
    for (size_t i = 0; form[i]; i++) {
        const char *allowed = form[i] == 'h' ? DIGITS "abcdefABCDEF" : (char[]){form[i], '\0'};

        if (!strchr(allowed, id[i]))
            return false;
    }
    return true;
}

static bool read_firefox(const char *manifest, const char *id, SrBrowser *ret_browser)
{
    const size_t length = strlen(id);

    if (!is_manifest_path(manifest) || length >= SR_BROWSER_EXTENSION_MAX ||
        !(is_mail_like_id(id) || is_uuid_id(id)))
        return false;
    *ret_browser = (SrBrowser){.name = "firefox"};
    memcpy(ret_browser->extension, id, length);
    return true;
}

bool sr_browser_read(int argc, char *const *argv, SrBrowser *ret_browser)
{
    if (argc == 2)
        return read_chromium(argv[1], ret_browser);
    return argc == 3 && read_firefox(argv[1], argv[2], ret_browser);
}
