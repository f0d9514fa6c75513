#include "store/vault_file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean fail(const char *what, const char *path, int number, GError **error)
{
    sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "cannot %s %s: %s", what, path,
                 g_strerror(number));
    return FALSE;
}

static gboolean refuse(const char *path, const char *why, GError **error)
{
    sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "the vault is not used: %s %s", path, why);
    return FALSE;
}

static gboolean check_folder(const char *folder, GError **error)
{
    struct stat info;

    if (stat(folder, &info) != 0)
        return errno == ENOENT || fail("look at", folder, errno, error);
    if (!S_ISDIR(info.st_mode))
        return refuse(folder, "is not a folder", error);
    if (info.st_uid != geteuid())
        return refuse(folder, "belongs to another user", error);
    if (info.st_mode & 022)
        return refuse(folder, "can be changed by others; run chmod 700 on it", error);
    return TRUE;
}

gboolean sr_vault_file_check(const char *path, gboolean *ret_exists, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    struct stat info;

    *ret_exists = FALSE;
    if (!check_folder(folder, error))
        return FALSE;
    if (lstat(path, &info) != 0)
        return errno == ENOENT || fail("look at", path, errno, error);
    if (S_ISLNK(info.st_mode))
        return refuse(path, "is a symbolic link; put the file itself there", error);
    if (!S_ISREG(info.st_mode))
        return refuse(path, "is not a regular file", error);
    if (info.st_uid != geteuid())
        return refuse(path, "belongs to another user", error);
    if (info.st_mode & 077)
        return refuse(path, "is accessible to others; run chmod 600 on it", error);
    *ret_exists = TRUE;
    return TRUE;
}

gboolean sr_vault_file_create(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    gboolean exists;
    int fd;

    if (g_mkdir_with_parents(folder, 0700) != 0)
        return fail("make the folder", folder, errno, error);
    if (!sr_vault_file_check(path, &exists, error))
        return FALSE;
    if (exists)
        return TRUE;
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return fail("create", path, errno, error);
    if (fd >= 0)
        close(fd);
    return TRUE;
}

char *sr_vault_file_resolve(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    char *resolved = realpath(folder, NULL);
    char *result;

    if (!resolved) {
        fail("find the folder", folder, errno, error);
        return NULL;
    }
    result = g_build_filename(resolved, name, NULL);
    free(resolved);
    return result;
}
