#include "host/browser.h"

#include "wire/extension_form.h"

#include <stddef.h>
#include <string.h>

#define CHROMIUM_PREFIX "chrome-extension://"
#define CHROMIUM_ID_LENGTH 32u

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

static bool read_firefox(const char *manifest, const char *id, SrBrowser *ret_browser)
{
    if (!is_manifest_path(manifest) || !sr_extension_form_is_firefox(id))
        return false;
    *ret_browser = (SrBrowser){.name = "firefox"};
    memcpy(ret_browser->extension, id, strlen(id));
    return true;
}

bool sr_browser_read(int argc, char *const *argv, SrBrowser *ret_browser)
{
    if (argc == 2)
        return read_chromium(argv[1], ret_browser);
    return argc == 3 && read_firefox(argv[1], argv[2], ret_browser);
}
