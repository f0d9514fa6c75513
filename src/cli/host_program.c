#include "cli/host_program.h"

#include "base/error.h"
#include "browsers/host_manifest.h"
#include "cli/client.h"
#include "cli/tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *sr_host_program_find(GError **error)
{
    g_autofree char *found = sr_client_program(SR_HOST_PROGRAM);
    char *resolved = found ? realpath(found, NULL) : NULL;
    char *path;

    if (!resolved) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS,
                     SR_HOST_PROGRAM " is not beside this program, nor in " SR_LIBEXECDIR
                                     ": install it there");
        return NULL;
    }
    path = g_strdup(resolved);
    free(resolved);
    return path;
}

static gboolean refuse(const char *part, GError **error, const char *why)
{
    sr_error_set(error, SR_ERROR_INVALID_PARAMS, "%s %s", part, why);
    return FALSE;
}

/* One part of the path, @last is the program itself. */
static gboolean check_part(const char *part, gboolean last, gboolean for_all, GError **error)
{
    g_autofree char *mend = g_strdup_printf("can be written by other users: `chmod go-w %s`", part);
    struct stat found;

    if (lstat(part, &found) < 0)
        return refuse(part, error,
                      errno == ENOENT ? "is not there"
                                      : "cannot be looked at: install it elsewhere");
    if (S_ISLNK(found.st_mode))
        return refuse(part, error, "is a symbolic link: name the place it leads to");
    if (last ? !S_ISREG(found.st_mode) : !S_ISDIR(found.st_mode))
        return refuse(part, error, last ? "is no program" : "is no folder");
    if (found.st_uid != 0 && for_all)
        return refuse(part, error, "belongs to a user: for all users install sealring as root");
    if (found.st_uid != 0 && found.st_uid != geteuid())
        return refuse(part, error, "belongs to another user: install sealring elsewhere");
    if (!last && (found.st_mode & S_ISVTX) && (found.st_mode & S_IWOTH))
        return refuse(part, error, "is open to everybody: install sealring elsewhere");
    if (found.st_mode & (S_IWGRP | S_IWOTH))
        return refuse(part, error, mend);
    if (last && access(part, X_OK) < 0)
        return refuse(part, error, "is not executable: install sealring again");
    return TRUE;
}

gboolean sr_host_program_check(const char *path, gboolean for_all, GError **error)
{
    const char *end = path;

    if (!g_utf8_validate(path, -1, NULL))
        return refuse("its path", error, "is not UTF-8: install sealring elsewhere");
    if (!check_part("/", FALSE, for_all, error))
        return FALSE;
    while ((end = strchr(end + 1, '/'))) {
        g_autofree char *part = g_strndup(path, (gsize)(end - path));

        if (!check_part(part, FALSE, for_all, error))
            return FALSE;
    }
    return check_part(path, TRUE, for_all, error);
}

char *sr_host_program_version(const char *path)
{
    static const char start[] = SR_HOST_PROGRAM " ";
    const char *words[] = {path, "--version", NULL};
    g_autofree char *said = sr_tool_run(words, NULL);

    return said && g_str_has_prefix(said, start) ? g_strdup(said + strlen(start)) : NULL;
}
