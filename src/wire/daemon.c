#include "wire/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

/* From here on in a forked child: async-signal-safe calls only. */

static void reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    sigemptyset(&action.sa_mask);
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &action, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int detach_streams(void)
{
    const int fd = open("/dev/null", O_RDWR);

    if (fd < 0)
        return -1;
    for (int stream = 0; stream <= 2; stream++)
        if (dup2(fd, stream) < 0)
            return -1;
    /* The starter's report pipe goes as well, but only when exec succeeds. */
    return close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
}

static void run(const char *program)
{
    /* exec takes pointers to non-const, but does not write there. */
    char *const arguments[] = {(char *)(uintptr_t)program, NULL};

    reset_signals();
    if (detach_streams() == 0 && chdir("/") == 0)
        execv(program, arguments);
}

_Noreturn static void fail(int report)
{
    const int number = errno;

    _exit(write(report, &number, sizeof(number)) == (ssize_t)sizeof(number) ? 0 : 1);
}

/* The first child makes the session and ends, so that init adopts the second. */
_Noreturn static void detach_and_run(const char *program, int report)
{
    pid_t child;

    setsid();
    child = _Fork();
    if (child < 0)
        fail(report);
    if (child > 0)
        _exit(0);
    run(program);
    fail(report);
}

/* What the children wrote: nothing when exec closed the pipe, else an errno. */
static int read_report(int report)
{
    int number = 0;
    ssize_t got;

    do
        got = read(report, &number, sizeof(number));
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof(number) ? -number : 0;
}

int sr_daemon_start(const char *program)
{
    int report[2];
    pid_t child;
    int result;

    if (pipe2(report, O_CLOEXEC) != 0)
        return -errno;
    child = fork();
    if (child == 0) {
        /* Out of the way of the standard streams, which are about to be replaced. */
        const int writer = fcntl(report[1], F_DUPFD_CLOEXEC, 3);

        detach_and_run(program, writer < 0 ? report[1] : writer);
    }
    result = child < 0 ? -errno : 0;
    close(report[1]);
    if (child > 0) {
        result = read_report(report[0]);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    close(report[0]);
    return result;
}
