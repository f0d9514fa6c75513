#include "browsers/manifest_file.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0644
/* One name for all: what a process that was killed leaves behind is gone with the next change. */
#define NEW_FILE "." SR_HOST_MANIFEST_FILE ".new"
#define LOCK_TIMEOUT_MS 5000
#define LOCK_RETRY_MS 10
#define OPEN_TRIES 5

/* A folder that is open and, for a change, locked. */
typedef struct {
    const SrPlace *place;
    SrFamily family;
    int fd;
} Folder;

static gboolean failed(const Folder *folder, const char *what, GError **error)
{
    const int cause = errno;
    g_autofree char *path = sr_place_path(folder->place, SR_HOST_MANIFEST_FILE);

    sr_error_set(error, SR_ERROR_INVALID_PARAMS, "cannot %s %s: %s%s", what, path,
                 g_strerror(cause), cause == ENOSPC || cause == EDQUOT ? "; make room first" : "");
    return FALSE;
}

/* --- looking
 * --------------------------------------------------------------------------------------------- */

static SrManifestState unreadable(char **ret_problem, const char *problem)
{
    *ret_problem = g_strdup(problem);
    return SR_MANIFEST_UNREADABLE;
}

static SrManifestState parse(SrFamily family, const char *text, gsize length,
                             SrHostManifest **ret_manifest, char **ret_problem)
{
    g_autoptr(GError) cause = NULL;

    *ret_manifest = sr_host_manifest_parse(family, text, length, &cause);
    if (*ret_manifest)
        return SR_MANIFEST_OURS;
    *ret_problem = g_strdup(cause->message);
    return g_error_matches(cause, SR_ERROR, SR_ERROR_KEY_EXISTS) ? SR_MANIFEST_FOREIGN
                                                                 : SR_MANIFEST_DAMAGED;
}

/* At most SR_HOST_MANIFEST_MAX + 1 bytes; -1 with errno. */
static ssize_t read_text(int fd, char *ret_text)
{
    gsize length = 0;
    ssize_t got;

    do {
        got = read(fd, ret_text + length, SR_HOST_MANIFEST_MAX + 1 - length);
        if (got > 0)
            length += (gsize)got;
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got < 0 ? -1 : (ssize_t)length;
}

static SrManifestState read_file(int fd, SrFamily family, SrHostManifest **ret_manifest,
                                 char **ret_problem)
{
    g_autofree char *text = g_malloc(SR_HOST_MANIFEST_MAX + 1);
    struct stat found;
    ssize_t length;

    if (fstat(fd, &found) < 0)
        return unreadable(ret_problem, g_strerror(errno));
    if (!S_ISREG(found.st_mode))
        return unreadable(ret_problem, "it is no regular file");
    if (found.st_uid != 0 && found.st_uid != geteuid())
        return unreadable(ret_problem, "it belongs to another user");
    length = read_text(fd, text);
    if (length < 0)
        return unreadable(ret_problem, g_strerror(errno));
    if (length > (ssize_t)SR_HOST_MANIFEST_MAX)
        return unreadable(ret_problem, "it is too large for a manifest");
    return parse(family, text, (gsize)length, ret_manifest, ret_problem);
}

static SrManifestState look(const Folder *folder, SrHostManifest **ret_manifest, char **ret_problem)
{
    const int fd = openat(folder->fd, SR_HOST_MANIFEST_FILE,
                          O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    SrManifestState state;

    *ret_manifest = NULL;
    *ret_problem = NULL;
    if (fd < 0 && errno == ENOENT)
        return SR_MANIFEST_NONE;
    if (fd < 0)
        return unreadable(ret_problem, errno == ELOOP
                                           ? "it is a symbolic link, and none is followed"
                                           : g_strerror(errno));
    state = read_file(fd, folder->family, ret_manifest, ret_problem);
    close(fd);
    return state;
}

SrManifestState sr_manifest_file_read(const SrPlace *place, SrFamily family,
                                      SrHostManifest **ret_manifest, char **ret_problem)
{
    g_autoptr(GError) cause = NULL;
    Folder folder = {place, family, -1};
    SrManifestState state;

    *ret_manifest = NULL;
    *ret_problem = NULL;
    if (!sr_place_open(place, SR_PLACE_READ, &folder.fd, &cause))
        return unreadable(ret_problem, cause->message);
    if (folder.fd < 0)
        return SR_MANIFEST_NONE;
    state = look(&folder, ret_manifest, ret_problem);
    close(folder.fd);
    return state;
}

/* Whether what is there is ours (*ret_manifest) or nothing. */
static gboolean look_before_change(const Folder *folder, SrHostManifest **ret_manifest,
                                   GError **error)
{
    g_autofree char *problem = NULL;
    const SrManifestState state = look(folder, ret_manifest, &problem);
    g_autofree char *path = sr_place_path(folder->place, SR_HOST_MANIFEST_FILE);

    if (state == SR_MANIFEST_OURS || state == SR_MANIFEST_NONE)
        return TRUE;
    sr_error_set(error, SR_ERROR_INVALID_PARAMS, "%s is left alone, %s: %s; look at it, then %s",
                 path,
                 state == SR_MANIFEST_FOREIGN   ? "it is not sealring's"
                 : state == SR_MANIFEST_DAMAGED ? "it is damaged"
                                                : "it cannot be read",
                 problem, state == SR_MANIFEST_DAMAGED ? "`rm` it" : "move it away");
    return FALSE;
}

/* --- the lock
 * -------------------------------------------------------------------------------------------- */

/* A network file system without locks is no reason to do nothing. */
static gboolean lock(const Folder *folder, GError **error)
{
    const gint64 end = g_get_monotonic_time() + LOCK_TIMEOUT_MS * 1000;

    while (flock(folder->fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return TRUE;
        if (g_get_monotonic_time() > end) {
            g_autofree char *path = sr_place_path(folder->place, NULL);

            sr_error_set(error, SR_ERROR_BUSY, "another process keeps %s locked; end it", path);
            return FALSE;
        }
        g_usleep(LOCK_RETRY_MS * 1000);
    }
    return TRUE;
}

/* Whether the open folder still has a name: a process before us may have removed it. */
static gboolean is_there(const Folder *folder)
{
    struct stat found;

    return fstat(folder->fd, &found) == 0 && found.st_nlink > 0;
}

static gboolean open_once(Folder *folder, SrPlaceUse use, GError **error)
{
    if (!sr_place_open(folder->place, use, &folder->fd, error))
        return FALSE;
    if (folder->fd < 0 || lock(folder, error))
        return TRUE;
    close(folder->fd);
    folder->fd = -1;
    return FALSE;
}

/* Open the folder for a change; it may not be there unless @use makes it. The lock ends with it. */
static gboolean open_locked(Folder *folder, SrPlaceUse use, GError **error)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        if (!open_once(folder, use, error))
            return FALSE;
        if (folder->fd < 0)
            return TRUE;
        if (is_there(folder)) {
            unlinkat(folder->fd, NEW_FILE, 0);
            return TRUE;
        }
        close(folder->fd);
        folder->fd = -1;
    }
    errno = EAGAIN;
    return failed(folder, "write", error);
}

/* --- changes
 * ---------------------------------------------------------------------------------------------- */

static gboolean write_all(int fd, const char *text)
{
    gsize left = strlen(text);

    while (left > 0) {
        const ssize_t put = write(fd, text, left);

        if (put < 0 && errno != EINTR)
            return FALSE;
        if (put > 0) {
            text += put;
            left -= (gsize)put;
        }
    }
    return TRUE;
}

static gboolean write_new(const Folder *folder, const char *text)
{
    const int fd = openat(folder->fd, NEW_FILE,
                          O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    gboolean written;

    if (fd < 0)
        return FALSE;
    written = write_all(fd, text) && fchmod(fd, FILE_MODE) == 0 && fsync(fd) == 0;
    return close(fd) == 0 && written;
}

/* Some file systems know no such thing for folders. */
static gboolean sync_folder(const Folder *folder)
{
    return fsync(folder->fd) == 0 || errno == EINVAL;
}

static gboolean replace(const Folder *folder, const SrHostManifest *manifest, GError **error)
{
    g_autofree char *text = sr_host_manifest_text(manifest);

    if (!write_new(folder, text) ||
        renameat(folder->fd, NEW_FILE, folder->fd, SR_HOST_MANIFEST_FILE) < 0) {
        const int cause = errno;

        unlinkat(folder->fd, NEW_FILE, 0);
        errno = cause;
        return failed(folder, "write", error);
    }
    return sync_folder(folder) || failed(folder, "keep", error);
}

static gboolean has_mode(const Folder *folder)
{
    struct stat found;

    return fstatat(folder->fd, SR_HOST_MANIFEST_FILE, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
           (found.st_mode & 07777) == FILE_MODE;
}

/* What the manifest is to be: @old's extensions (NULL: none), and @ids. */
static SrHostManifest *merge(const Folder *folder, const SrHostManifest *old, const char *program,
                             const char *const *ids)
{
    SrHostManifest *manifest = sr_host_manifest_new(folder->family, program);

    for (guint i = 0; old && i < old->extensions->len; i++)
        sr_host_manifest_add(manifest, g_ptr_array_index(old->extensions, i));
    for (; *ids; ids++)
        sr_host_manifest_add(manifest, *ids);
    return manifest;
}

static gboolean install(const Folder *folder, const char *program, const char *const *ids,
                        SrManifestChange *ret_change, SrHostManifest **ret_manifest, GError **error)
{
    g_autoptr(SrHostManifest) old = NULL;
    g_autoptr(SrHostManifest) new = NULL;

    if (!look_before_change(folder, &old, error))
        return FALSE;
    new = merge(folder, old, program, ids);
    if (new->extensions->len > SR_HOST_MANIFEST_IDS_MAX) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED,
                     "a manifest has at most %u extensions; take some out with "
                     "`sealring browser uninstall --extension ID`",
                     SR_HOST_MANIFEST_IDS_MAX);
        return FALSE;
    }
    *ret_change = SR_MANIFEST_UNCHANGED;
    if (!old || old->extensions->len != new->extensions->len ||
        strcmp(old->program, program) != 0 || !has_mode(folder)) {
        *ret_change = SR_MANIFEST_WRITTEN;
        if (!replace(folder, new, error))
            return FALSE;
    }
    *ret_manifest = g_steal_pointer(&new);
    return TRUE;
}

gboolean sr_manifest_file_install(const SrPlace *place, SrFamily family, const char *program,
                                  const char *const *ids, SrManifestChange *ret_change,
                                  SrHostManifest **ret_manifest, GError **error)
{
    Folder folder = {place, family, -1};
    gboolean done;

    *ret_manifest = NULL;
    if (!open_locked(&folder, SR_PLACE_MAKE, error))
        return FALSE;
    done = install(&folder, program, ids, ret_change, ret_manifest, error);
    close(folder.fd);
    if (!done)
        sr_place_remove_empty(place);
    return done;
}

static gboolean remove_file(const Folder *folder, GError **error)
{
    return (unlinkat(folder->fd, SR_HOST_MANIFEST_FILE, 0) == 0 && sync_folder(folder)) ||
           failed(folder, "remove", error);
}

static gboolean take_out(const Folder *folder, const char *const *ids, SrManifestChange *ret_change,
                         SrHostManifest **ret_manifest, GError **error)
{
    g_autoptr(SrHostManifest) manifest = NULL;
    guint before;

    *ret_change = SR_MANIFEST_UNCHANGED;
    if (!look_before_change(folder, &manifest, error))
        return FALSE;
    if (!manifest)
        return TRUE;
    before = manifest->extensions->len;
    for (; ids && *ids; ids++)
        sr_host_manifest_drop(manifest, *ids);
    if (!ids || manifest->extensions->len == 0) {
        *ret_change = SR_MANIFEST_REMOVED;
        return remove_file(folder, error);
    }
    if (manifest->extensions->len != before) {
        *ret_change = SR_MANIFEST_WRITTEN;
        if (!replace(folder, manifest, error))
            return FALSE;
    }
    *ret_manifest = g_steal_pointer(&manifest);
    return TRUE;
}

gboolean sr_manifest_file_remove(const SrPlace *place, SrFamily family, const char *const *ids,
                                 SrManifestChange *ret_change, SrHostManifest **ret_manifest,
                                 GError **error)
{
    Folder folder = {place, family, -1};
    gboolean done;

    *ret_manifest = NULL;
    *ret_change = SR_MANIFEST_UNCHANGED;
    if (!open_locked(&folder, SR_PLACE_CHANGE, error))
        return FALSE;
    if (folder.fd < 0)
        return TRUE;
    done = take_out(&folder, ids, ret_change, ret_manifest, error);
    if (done && *ret_change == SR_MANIFEST_REMOVED)
        sr_place_remove_empty(place);
    close(folder.fd);
    return done;
}
