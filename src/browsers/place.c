#include "browsers/place.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY)

/* --- names
 * -----------------------------------------------------------------------------------------------
 */

static guint count_parts(const char *path)
{
    guint parts = 1;

    for (; *path; path++)
        parts += *path == '/';
    return parts;
}

static SrPlace *place_of(const char *base, const char *below, guint removable)
{
    SrPlace *place = g_new0(SrPlace, 1);

    place->base = g_strdup(base);
    place->below = g_strdup(below);
    place->removable = removable;
    return place;
}

SrPlace *sr_place_new(const char *text, GError **error)
{
    const char *home = g_getenv("HOME");
    const char *configuration = g_getenv("XDG_CONFIG_HOME");
    const guint parts = count_parts(text + 2);
    g_autofree char *below = NULL;
    SrPlace *place;

    if (text[0] == '/') {
        place = place_of("/", text + 1, 1);
        place->system = TRUE;
        return place;
    }
    if (text[0] == '@' && configuration && g_path_is_absolute(configuration))
        return place_of(configuration, text + 2, parts);
    if (!home || !g_path_is_absolute(home)) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS,
                     "HOME is not an absolute path; set it to your home folder");
        return NULL;
    }
    below = g_strconcat(text[0] == '@' ? ".config/" : "", text + 2, NULL);
    return place_of(home, below, parts);
}

char *sr_place_path(const SrPlace *place, const char *file)
{
    return g_build_filename(place->base, place->below, file, NULL);
}

void sr_place_free(SrPlace *place)
{
    if (!place)
        return;
    g_free(place->base);
    g_free(place->below);
    g_free(place);
}

/* --- opening
 * --------------------------------------------------------------------------------------------- */

/* The path of the first @parts parts below the base, for messages. Owned by the caller. */
static char *path_until(const SrPlace *place, guint parts)
{
    g_auto(GStrv) names = g_strsplit(place->below, "/", -1);
    GString *path = g_string_new(place->base);

    for (guint i = 0; i < parts && names[i]; i++)
        g_string_append_printf(path, "%s%s", g_str_has_suffix(path->str, "/") ? "" : "/", names[i]);
    return g_string_free(path, FALSE);
}

static gboolean refuse(const char *path, GError **error, const char *why)
{
    sr_error_set(error, SR_ERROR_INVALID_PARAMS, "%s %s", path, why);
    return FALSE;
}

/* Whether only the user and root can change what is in the folder @fd. */
static gboolean check_folder(const SrPlace *place, int fd, guint part, GError **error)
{
    g_autofree char *path = path_until(place, part);
    g_autofree char *mend = g_strdup_printf("can be written by other users: `chmod go-w %s`", path);
    struct stat found;

    if (fstat(fd, &found) < 0)
        return refuse(path, error, g_strerror(errno));
    if (found.st_uid != 0 && (place->system || found.st_uid != geteuid()))
        return refuse(path, error,
                      place->system ? "belongs to a user, not to root: give it to root"
                                    : "belongs to another user: run this as that user, or take it");
    if (found.st_mode & (S_IWGRP | S_IWOTH))
        return refuse(path, error, mend);
    return TRUE;
}

static gboolean explain(const SrPlace *place, int folder, const char *name, guint part,
                        GError **error)
{
    const int cause = errno;
    g_autofree char *path = path_until(place, part);
    struct stat found;

    if (fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(found.st_mode))
        return refuse(path, error,
                      "is a symbolic link, and none is followed here: put a folder in its place");
    if (cause == ENOTDIR)
        return refuse(path, error, "is no folder: move it away");
    sr_error_set(error, SR_ERROR_INVALID_PARAMS, "%s cannot be %s: %s%s", path,
                 cause == ENOENT ? "made" : "opened", g_strerror(cause),
                 cause == EACCES ? "; give yourself the right to use it" : "");
    return FALSE;
}

/* Make the folder @name; FALSE with errno. Another process may be faster. */
static gboolean make_folder(const SrPlace *place, int folder, const char *name)
{
    const mode_t mode = place->system ? 0755 : 0700;

    if (mkdirat(folder, name, mode) < 0)
        return errno == EEXIST;
    /* The umask of root must not hide it from the others. */
    return !place->system || fchmodat(folder, name, mode, 0) == 0;
}

/* The folder @name of @folder, -1 with errno. */
static int open_part(const SrPlace *place, SrPlaceUse use, int folder, const char *name)
{
    int fd = openat(folder, name, OPEN_FOLDER | O_NOFOLLOW);

    if (fd < 0 && errno == ENOENT && use == SR_PLACE_MAKE && make_folder(place, folder, name))
        fd = openat(folder, name, OPEN_FOLDER | O_NOFOLLOW);
    return fd;
}

/* Go from *inout_fd to the folder @name in it. FALSE with @error; *inout_fd -1 when it is not
 * there. */
static gboolean enter(const SrPlace *place, SrPlaceUse use, const char *name, guint part,
                      int *inout_fd, GError **error)
{
    const int folder = *inout_fd;
    gboolean good = TRUE;

    *inout_fd = open_part(place, use, folder, name);
    if (*inout_fd < 0 && (errno != ENOENT || use == SR_PLACE_MAKE))
        good = explain(place, folder, name, part, error);
    else if (*inout_fd >= 0 && use != SR_PLACE_READ)
        good = check_folder(place, *inout_fd, part, error);
    close(folder);
    if (!good && *inout_fd >= 0) {
        close(*inout_fd);
        *inout_fd = -1;
    }
    return good;
}

static gboolean open_base(const SrPlace *place, SrPlaceUse use, int *ret_fd, GError **error)
{
    *ret_fd = open(place->base, OPEN_FOLDER);
    if (*ret_fd < 0 && errno == ENOENT && use == SR_PLACE_READ)
        return TRUE;
    if (*ret_fd < 0) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS, "%s cannot be opened: %s; make that folder",
                     place->base, g_strerror(errno));
        return FALSE;
    }
    if (use == SR_PLACE_READ || check_folder(place, *ret_fd, 0, error))
        return TRUE;
    close(*ret_fd);
    *ret_fd = -1;
    return FALSE;
}

/* The first @parts folders below the base. */
static gboolean open_parts(const SrPlace *place, SrPlaceUse use, guint parts, int *ret_fd,
                           GError **error)
{
    g_auto(GStrv) names = g_strsplit(place->below, "/", -1);

    if (!open_base(place, use, ret_fd, error))
        return FALSE;
    for (guint i = 0; i < parts && *ret_fd >= 0; i++)
        if (!enter(place, use, names[i], i + 1, ret_fd, error))
            return FALSE;
    return TRUE;
}

gboolean sr_place_open(const SrPlace *place, SrPlaceUse use, int *ret_fd, GError **error)
{
    return open_parts(place, use, count_parts(place->below), ret_fd, error);
}

/* --- empty folders
 * --------------------------------------------------------------------------------------- */

void sr_place_remove_empty(const SrPlace *place)
{
    g_auto(GStrv) names = g_strsplit(place->below, "/", -1);
    const guint parts = g_strv_length(names);

    for (guint i = parts; i > parts - place->removable; i--) {
        int fd = -1;
        int result;

        if (!open_parts(place, SR_PLACE_CHANGE, i - 1, &fd, NULL) || fd < 0)
            return;
        result = unlinkat(fd, names[i - 1], AT_REMOVEDIR);
        close(fd);
        if (result < 0)
            return;
    }
}

gboolean sr_place_is_used(const SrPlace *place, const char *except)
{
    g_autofree char *path = sr_place_path(place, NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;

    while (folder && (name = g_dir_read_name(folder)))
        if (g_strcmp0(name, except) != 0)
            return TRUE;
    return FALSE;
}
