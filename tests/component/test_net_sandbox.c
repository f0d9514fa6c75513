/*
 * What the process of sealring-net can no longer do. Each attempt is made in a process of its own,
 * inside the sandbox, by the real kernel; its exit status is 0 or the errno it got.
 */
#include "net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/landlock.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLED 255
#define LONG_S 60
#define OTHERWISE 254 /* the attempt failed without an errno */

typedef enum {
    BEGIN_ONLY,
    EXCHANGE,
    LISTEN,
} Mode;

typedef int (*Attempt)(void);

static char *private_file; /* outside of what an exchange may read */
static char *named_file;   /* beside it, named to the sandbox */

static gboolean enter(Mode mode, pid_t parent)
{
    const char *const readable[] = {named_file, "/nonexistent/ca.pem", NULL};

    return sr_sandbox_begin(parent, NULL) &&
           (mode != EXCHANGE || sr_sandbox_enter_exchange(readable, NULL)) &&
           (mode != LISTEN || sr_sandbox_enter_listen(NULL));
}

/* As the program ends: a sanitizer would look for leaks first. */
static void end(int status)
{
    syscall(__NR_exit_group, status);
}

/* What came of the attempt in the sandbox: 0, an errno, or KILLED. */
static int outcome(Mode mode, Attempt attempt)
{
    const pid_t parent = getpid();
    const pid_t child = fork();
    int status = 0;

    if (child == 0)
        end(enter(mode, parent) ? attempt() : OTHERWISE);
    g_assert_cmpint(child, >, 0);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

static int as_outcome(gboolean done)
{
    return done ? 0 : errno ? errno : OTHERWISE;
}

static gboolean has_landlock(void)
{
    return syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static gboolean has_filter(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
    return prctl(PR_GET_SECCOMP) >= 0;
#else
    return FALSE;
#endif
}

/* --- attempts ------------------------------------------------------------------------------- */

static int try_exec(void)
{
    char *const arguments[] = {(char[]){"true"}, NULL};

    return as_outcome(execv("/bin/true", arguments) == 0);
}

static int try_fork(void)
{
    const pid_t child = fork();

    if (child == 0)
        _exit(0);
    return as_outcome(child > 0);
}

static gpointer do_nothing(gpointer data)
{
    return data;
}

static int try_thread(void)
{
    GThread *thread = g_thread_try_new("attempt", do_nothing, NULL, NULL);

    if (!thread)
        return OTHERWISE;
    g_thread_join(thread);
    return 0;
}

static int try_open(const char *path, int flags)
{
    return as_outcome(open(path, flags, 0600) >= 0);
}

static int try_system_file(void)
{
    return try_open("/etc/passwd", O_RDONLY);
}

static int try_named_file(void)
{
    return try_open(named_file, O_RDONLY);
}

static int try_private_file(void)
{
    return try_open(private_file, O_RDONLY);
}

static int try_other_environment(void)
{
    return try_open("/proc/1/environ", O_RDONLY);
}

static int try_writing(void)
{
    return try_open(named_file, O_WRONLY);
}

static int try_truncating(void)
{
    return try_open(named_file, O_RDONLY | O_TRUNC);
}

static int try_creating(void)
{
    g_autofree char *path = g_strconcat(private_file, ".new", NULL);

    return try_open(path, O_RDONLY | O_CREAT);
}

static int try_unlinking(void)
{
    return as_outcome(unlink(named_file) == 0);
}

static int try_renaming(void)
{
    return as_outcome(rename(named_file, private_file) == 0);
}

static int try_tracing(void)
{
    return as_outcome(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0);
}

static int try_reading_memory(void)
{
    char byte;
    struct iovec here = {&byte, 1};
    struct iovec there = {(void *)(gsize)&private_file, 1};

    return as_outcome(process_vm_readv(getppid(), &here, 1, &there, 1, 0) == 1);
}

static int try_signal(void)
{
    return as_outcome(kill(getppid(), 0) == 0);
}

static int try_thread_signal(void)
{
    return as_outcome(syscall(__NR_tgkill, getppid(), getppid(), 0) == 0);
}

static int try_own_abort(void)
{
    return as_outcome(syscall(__NR_tgkill, getpid(), gettid(), 0) == 0);
}

static int try_unix_socket(void)
{
    return as_outcome(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
}

static int try_socket_pair(void)
{
    int pair[2];

    return as_outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
}

static int try_internet_socket(void)
{
    return as_outcome(socket(AF_INET, SOCK_STREAM, 0) >= 0 && socket(AF_INET6, SOCK_DGRAM, 0) >= 0);
}

static int try_listening(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    return as_outcome(fd >= 0 && listen(fd, 1) == 0);
}

static int try_namespace(void)
{
    return as_outcome(unshare(CLONE_NEWUSER) == 0);
}

static int try_resolving(void)
{
    struct addrinfo *addresses = NULL;

    return getaddrinfo("localhost", "443", NULL, &addresses) == 0 && addresses ? 0 : OTHERWISE;
}

static int try_nothing(void)
{
    return 0;
}

static int try_output(void)
{
    const char nothing = 0;

    return as_outcome(write(STDOUT_FILENO, &nothing, 0) >= 0);
}

/* --- the process ---------------------------------------------------------------------------- */

static int see_environment(void)
{
    return environ && environ[0] ? OTHERWISE : 0;
}

static int see_descriptors(void)
{
    for (int fd = 0; fd < 64; fd++)
        if ((fcntl(fd, F_GETFD) >= 0) != (fd <= STDERR_FILENO))
            return OTHERWISE;
    return 0;
}

static int see_dumps(void)
{
    struct rlimit core;

    if (prctl(PR_GET_DUMPABLE) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return OTHERWISE;
    return as_outcome(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0);
}

static int fill_file(void)
{
    const int fd = open(named_file, O_WRONLY);

    signal(SIGXFSZ, SIG_IGN);
    return as_outcome(fd >= 0 && write(fd, "x", 1) == 1);
}

static void test_begin(void)
{
    g_assert_cmpint(outcome(BEGIN_ONLY, see_environment), ==, 0);
    g_assert_cmpint(outcome(BEGIN_ONLY, see_descriptors), ==, 0);
    g_assert_cmpint(outcome(BEGIN_ONLY, see_dumps), ==, 0);
    g_assert_cmpint(outcome(BEGIN_ONLY, fill_file), ==, EFBIG);
}

static void test_begin_without_the_parent(void)
{
    const pid_t child = fork();
    int status = 0;

    if (child == 0)
        _exit(sr_sandbox_begin(getpid(), NULL) ? 0 : OTHERWISE);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == OTHERWISE);
}

/* In a middle process: start one in the sandbox that waits for long, and end when it is there. */
static void start_and_leave(int out)
{
    const pid_t middle = getpid();
    int ready[2];
    char byte;

    if (pipe(ready) != 0)
        _exit(1);
    if (fork() == 0) {
        dup2(out, STDOUT_FILENO);
        dup2(ready[1], STDERR_FILENO);
        alarm(LONG_S);
        if (sr_sandbox_begin(middle, NULL) && write(STDERR_FILENO, "r", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    _exit(read(ready[0], &byte, 1) == 1 ? 0 : 1);
}

/* The end of the pipe shows that nobody has it any more. */
static void test_it_ends_with_the_parent(void)
{
    const gint64 start = g_get_monotonic_time();
    int held[2];
    int status = 1;
    char byte;
    pid_t middle;

    g_assert_cmpint(pipe(held), ==, 0);
    middle = fork();
    if (middle == 0) {
        close(held[0]);
        start_and_leave(held[1]);
    }
    close(held[1]);
    g_assert_cmpint(waitpid(middle, &status, 0), ==, middle);
    g_assert_cmpint(status, ==, 0);
    g_assert_cmpint(read(held[0], &byte, 1), ==, 0);
    g_assert_cmpint(g_get_monotonic_time() - start, <, LONG_S * G_USEC_PER_SEC / 2);
    close(held[0]);
}

/* --- the sandboxes -------------------------------------------------------------------------- */

static void test_exchange_can(void)
{
    g_assert_cmpint(outcome(EXCHANGE, try_nothing), ==, 0);
    g_assert_cmpint(outcome(EXCHANGE, try_system_file), ==, 0);
    g_assert_cmpint(outcome(EXCHANGE, try_named_file), ==, 0);
    g_assert_cmpint(outcome(EXCHANGE, try_internet_socket), ==, 0);
    g_assert_cmpint(outcome(EXCHANGE, try_socket_pair), ==, 0);
    g_assert_cmpint(outcome(EXCHANGE, try_thread), ==, 0);
    g_assert_cmpint(outcome(EXCHANGE, try_resolving), ==, 0);
    g_assert_cmpint(outcome(EXCHANGE, try_own_abort), ==, 0);
}

static void test_exchange_reads_no_other_file(void)
{
    if (!has_landlock()) {
        g_test_skip("the kernel has no Landlock");
        return;
    }
    g_assert_cmpint(outcome(BEGIN_ONLY, try_private_file), ==, 0);
    g_assert_cmpint(outcome(EXCHANGE, try_private_file), ==, EACCES);
    g_assert_cmpint(outcome(EXCHANGE, try_other_environment), ==, EACCES);
}

static void test_exchange_cannot(void)
{
    static const Attempt attempts[] = {
        try_exec,      try_fork,      try_writing,       try_truncating,  try_creating,
        try_unlinking, try_renaming,  try_tracing,       try_namespace,   try_reading_memory,
        try_signal,    try_listening, try_thread_signal, try_unix_socket,
    };

    if (!has_filter()) {
        g_test_skip("no filter of system calls here");
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(attempts); i++) {
        const int got = outcome(EXCHANGE, attempts[i]);

        if (got != EPERM)
            g_error("attempt %zu: %d", i, got);
    }
    g_assert_true(g_file_test(named_file, G_FILE_TEST_EXISTS));
}

static void test_listen_can(void)
{
    g_assert_cmpint(outcome(LISTEN, try_nothing), ==, 0);
    g_assert_cmpint(outcome(LISTEN, try_output), ==, 0);
}

static void test_listen_cannot(void)
{
    static const Attempt attempts[] = {
        try_exec,        try_fork,   try_system_file, try_internet_socket,
        try_unix_socket, try_signal, try_thread};

    if (!has_filter()) {
        g_test_skip("no filter of system calls here");
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(attempts); i++)
        g_assert_cmpint(outcome(LISTEN, attempts[i]), ==, KILLED);
}

static void make_files(const char *folder)
{
    private_file = g_build_filename(folder, "private", NULL);
    named_file = g_build_filename(folder, "named", NULL);
    g_assert_true(g_file_set_contents(private_file, "x", 1, NULL));
    g_assert_true(g_file_set_contents(named_file, "x", 1, NULL));
}

int main(int argc, char **argv)
{
    g_autofree char *folder = g_dir_make_tmp("sealring-sandbox-XXXXXX", NULL);
    int status;

    g_test_init(&argc, &argv, NULL);
    make_files(folder);
    g_test_add_func("/net-sandbox/the-process-has-nothing-it-does-not-need", test_begin);
    g_test_add_func("/net-sandbox/it-does-not-begin-without-its-parent",
                    test_begin_without_the_parent);
    g_test_add_func("/net-sandbox/it-ends-with-its-parent", test_it_ends_with_the_parent);
    g_test_add_func("/net-sandbox/an-exchange-can-do-its-work", test_exchange_can);
    g_test_add_func("/net-sandbox/an-exchange-reads-no-other-file",
                    test_exchange_reads_no_other_file);
    g_test_add_func("/net-sandbox/an-exchange-starts-changes-and-reaches-nothing",
                    test_exchange_cannot);
    g_test_add_func("/net-sandbox/the-listener-can-answer", test_listen_can);
    g_test_add_func("/net-sandbox/the-listener-dies-of-anything-else", test_listen_cannot);
    status = g_test_run();
    g_unlink(private_file);
    g_unlink(named_file);
    g_rmdir(folder);
    g_free(private_file);
    g_free(named_file);
    return status;
}
