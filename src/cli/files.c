#include "cli/files.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static gboolean failed(GError **error, const char *what, const char *path)
{
    sr_error_set(error, SR_ERROR_INVALID_PARAMS, "cannot %s %s: %s", what, path, g_strerror(errno));
    return FALSE;
}

static int open_input(const char *path, GError **error)
{
    int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                    : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        failed(error, "open", path);
    return fd;
}

/* Read until the end, or until more than @max bytes are there. */
static gboolean read_all(int fd, const char *path, gsize max, GByteArray *bytes, GError **error)
{
    guint8 chunk[8192];
    ssize_t count;

    while ((count = read(fd, chunk, sizeof chunk)) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return failed(error, "read", path);
        g_byte_array_append(bytes, chunk, (guint)count);
        if (bytes->len > max) {
            sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "%s has more than %zu bytes", path, max);
            return FALSE;
        }
    }
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    g_byte_array_set_size(bytes, bytes->len - 1);
    return TRUE;
}

GByteArray *sr_file_read(const char *path, gsize max, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    int fd = open_input(path, error);
    gboolean done;

    if (fd < 0)
        return NULL;
    done = read_all(fd, path, max, bytes, error);
    close(fd);
    return done ? g_steal_pointer(&bytes) : NULL;
}

SrSecret *sr_file_read_secret(const char *path, gsize max, GError **error)
{
    int fd = open_input(path, error);
    SrSecret *secret;

    if (fd < 0)
        return NULL;
    secret = sr_secret_read_fd(fd, max, TRUE, error);
    if (!secret)
        g_prefix_error(error, "%s: ", path);
    close(fd);
    return secret;
}

static gboolean write_line(int fd, const SrSecret *secret, const char *path, GError **error)
{
    if (!sr_secret_write_fd(secret, fd, error)) {
        g_prefix_error(error, "%s: ", path);
        return FALSE;
    }
    return write(fd, "\n", 1) == 1 || failed(error, "write", path);
}

/* A rename is not needed: the file is new, and is removed unless all of it is on the disk. */
static gboolean write_file(const char *path, const SrSecret *secret, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    gboolean written;

    if (fd < 0)
        return failed(error, "create", path);
    written = write_line(fd, secret, path, error);
    if (written && fsync(fd) < 0)
        written = failed(error, "write", path);
    if (close(fd) < 0 && written)
        written = failed(error, "write", path);
    if (!written)
        unlink(path);
    return written;
}

gboolean sr_file_write_secret(const char *path, const SrSecret *secret, GError **error)
{
    return path ? write_file(path, secret, error)
                : write_line(STDOUT_FILENO, secret, "standard output", error);
}
