#include "host/process.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* glibc would otherwise keep up to 2 MiB once a large frame has passed. */
#define LARGE_ALLOCATION (128 * 1024)

/* Fill the gaps among 0 to 2 and close everything above (Firefox leaks a descriptor). */
static int settle_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    return fd < 0 ? -1 : close_range(STDERR_FILENO + 1, ~0u, 0);
}

/* A non-blocking duplicate of @stream at 3 or above. */
static int take_stream(int stream)
{
    const int fd = fcntl(stream, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

    return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ? -1 : fd;
}

static int move_streams(int *ret_from_browser, int *ret_to_browser)
{
    int null;

    *ret_from_browser = take_stream(STDIN_FILENO);
    *ret_to_browser = take_stream(STDOUT_FILENO);
    if (*ret_from_browser < 0 || *ret_to_browser < 0)
        return -1;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return -1;
    return close(null);
}

int sr_process_prepare(int *ret_from_browser, int *ret_to_browser)
{
    const struct rlimit none = {0};

    if (settle_descriptors() != 0 || move_streams(ret_from_browser, ret_to_browser) != 0)
        return -errno;
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    setrlimit(RLIMIT_CORE, &none);
    mallopt(M_MMAP_THRESHOLD, LARGE_ALLOCATION);
    return 0;
}
