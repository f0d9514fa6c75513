#include "agent/account_lock.h"

#include "base/error.h"
#include "crypto/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Accounts that happen to share a place only wait for each other. */
static off_t place_of(const char *account)
{
    guint8 digest[SR_SHA256_SIZE];
    guint32 place;

    sr_sha256(account, strlen(account), digest);
    memcpy(&place, digest, sizeof place);
    return (off_t)place;
}

int sr_account_lock_try(const char *folder, const char *account, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "refresh.lock", NULL);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = place_of(account), .l_len = 1};
    int problem;

    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return fd;
    problem = errno;
    if (fd >= 0)
        close(fd);
    if (fd < 0 || (problem != EAGAIN && problem != EACCES))
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "cannot lock %s: %s", path,
                     g_strerror(problem));
    return -1;
}
