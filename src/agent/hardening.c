#include "agent/hardening.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A library that writes to a closed standard descriptor would write into the next file opened. */
static gboolean open_standard_fds(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    return fd > 2 && close(fd) == 0;
}

static gboolean close_others(guint passed)
{
    return close_range(3 + passed, ~0U, 0) == 0;
}

gboolean sr_hardening_apply(guint passed, GError **error)
{
    const struct rlimit none = {0, 0};

    if (getuid() != geteuid() || getgid() != getegid()) {
        sr_error_set(error, SR_ERROR_INTERNAL, "the agent must not run with changed privileges");
        return FALSE;
    }
    umask(077);
    signal(SIGPIPE, SIG_IGN);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !open_standard_fds() ||
        !close_others(passed) || chdir("/") != 0) {
        sr_error_set(error, SR_ERROR_INTERNAL, "cannot protect the agent's process: %s",
                     g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}
