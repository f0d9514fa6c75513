#include "cli/environment_check.h"

#include "base/secret.h"
#include "wire/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_folder(SrCheckup *checkup)
{
    static const char name[] = "socket folder";
    char path[SR_PATH_MAX];
    struct stat information;
    int result = sr_socket_folder(path, sizeof path);

    if (result < 0)
        sr_checkup_add(checkup, SR_CHECK_FAIL, name,
                       "set XDG_RUNTIME_DIR (or SEALRING_RUNTIME_DIR) to a short absolute path",
                       "cannot be determined: %s", g_strerror(-result));
    else if (lstat(path, &information) < 0 && errno == ENOENT)
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "%s (not there yet)", path);
    else if (lstat(path, &information) < 0)
        sr_checkup_add(checkup, SR_CHECK_FAIL, name, "make the folder accessible", "%s: %s", path,
                       g_strerror(errno));
    else if (!S_ISDIR(information.st_mode) || information.st_uid != geteuid())
        sr_checkup_add(checkup, SR_CHECK_FAIL, name, "remove it; it is made again when needed",
                       "%s is not a folder of yours", path);
    else if (information.st_mode & 077)
        sr_checkup_add(checkup, SR_CHECK_FAIL, name, "chmod 700 the folder",
                       "%s is open to others (mode %03o)", path, information.st_mode & 0777);
    else
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "%s", path);
}

/* An agent started from here may lock as much as this program. */
static void check_memory(SrCheckup *checkup)
{
    static const char name[] = "locked memory";
    g_autoptr(GError) error = NULL;
    g_autoptr(SrSecret) largest = sr_secret_new(SR_SECRET_MAX, &error);

    if (largest)
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "available");
    else
        sr_checkup_add(checkup, SR_CHECK_FAIL, name,
                       "raise the limit (ulimit -l, LimitMEMLOCK=); no key is opened without it",
                       "%s", error->message);
}

static gboolean is_socket(const char *path)
{
    struct stat information;

    return path && stat(path, &information) == 0 && S_ISSOCK(information.st_mode);
}

/* Browsers set "disabled:" for their children when they have no bus themselves. */
static void check_bus(SrCheckup *checkup)
{
    static const char name[] = "session bus";
    static const char next_step[] =
        "without one the keys live in the vault; log in with a desktop session to use its keyring";
    const char *address = g_getenv("DBUS_SESSION_BUS_ADDRESS");
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");
    g_autofree char *usual = runtime ? g_build_filename(runtime, "bus", NULL) : NULL;

    if (address && strchr(address, ':') && !g_str_has_prefix(address, "disabled:"))
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "%s", address);
    else if (is_socket(usual))
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "%s", usual);
    else if (!address || !*address)
        sr_checkup_add(checkup, SR_CHECK_WARN, name, next_step,
                       "DBUS_SESSION_BUS_ADDRESS is not set");
    else
        sr_checkup_add(checkup, SR_CHECK_WARN, name, next_step,
                       "DBUS_SESSION_BUS_ADDRESS is \"%s\"", address);
}

void sr_environment_check(SrCheckup *checkup)
{
    check_folder(checkup);
    check_memory(checkup);
    check_bus(checkup);
}
