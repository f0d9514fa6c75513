#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3; required where sysctl vm.memfd_noexec is 2 */
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define STATUS_ORPHANED 2

struct SrChild {
    SrChildProgress progress;
    SrChildDone done;
    gpointer user_data;
    GPid pid;         /* 0: none was started, or it has ended */
    int input;        /* our end of a pipe, -1 with a memory file */
    int output;       /* -1: none */
    SrSecret *answer; /* what the program wrote, one byte longer than allowed */
    gsize used;
    guint child_source;
    guint output_source;
    guint timeout_source;
    guint failure_source;
};

char *sr_child_find_program(const char *name)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = self ? g_path_get_dirname(self) : NULL;
    g_autofree char *beside = folder ? g_build_filename(folder, name, NULL) : NULL;
    g_autofree char *installed = g_build_filename(SR_LIBEXECDIR, name, NULL);
    const char *candidates[] = {beside, installed};

    for (guint i = 0; i < G_N_ELEMENTS(candidates); i++)
        if (candidates[i] && access(candidates[i], X_OK) == 0)
            return g_strdup(candidates[i]);
    return NULL;
}

/* --- starting
 * ---------------------------------------------------------------------------------------- */

static gboolean write_all(int fd, const guint8 *bytes, gsize size)
{
    while (size > 0) {
        const gssize written = write(fd, bytes, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return FALSE;
        bytes += written;
        size -= (gsize)written;
    }
    return TRUE;
}

/* A memory file that nobody can change any more, read from its start; -1 if none. */
static int make_memory_file(const void *bytes, gsize size)
{
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create("sealring-input", flags | MFD_NOEXEC_SEAL);

    if (fd < 0)
        fd = memfd_create("sealring-input", flags);
    if (fd < 0)
        return -1;
    if (!write_all(fd, bytes, size) || lseek(fd, 0, SEEK_SET) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* What the child reads; our end of a pipe goes to child->input. -1 when there is none. */
static int make_input(SrChild *child, const SrChildSetup *setup)
{
    int ends[2];

    if (setup->input)
        return make_memory_file(setup->input, setup->input_size);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    child->input = ends[1];
    return ends[0];
}

/* In the child, before exec: only async-signal-safe calls. */
static void prepare_child(gpointer user_data)
{
    const pid_t agent = (pid_t)GPOINTER_TO_INT(user_data);
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != agent) /* the agent died before the line above */
        _exit(STATUS_ORPHANED);
}

/* Program and arguments as execve wants them. Free the array only. */
static GPtrArray *make_arguments(const SrChildSetup *setup)
{
    GPtrArray *arguments = g_ptr_array_new();

    g_ptr_array_add(arguments, (gpointer)(guintptr)setup->program);
    for (gsize i = 0; setup->arguments && setup->arguments[i]; i++)
        g_ptr_array_add(arguments, (gpointer)(guintptr)setup->arguments[i]);
    g_ptr_array_add(arguments, NULL);
    return arguments;
}

static gboolean spawn(SrChild *child, const SrChildSetup *setup)
{
    g_autoptr(GPtrArray) arguments = make_arguments(setup);
    const GSpawnFlags flags =
        G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL | G_SPAWN_CLOEXEC_PIPES;
    const int input = make_input(child, setup);
    gboolean started;

    if (input < 0)
        return FALSE;
    started = g_path_is_absolute(setup->program) &&
              g_spawn_async_with_pipes_and_fds("/", (const char *const *)arguments->pdata,
                                               (const char *const *)setup->environment, flags,
                                               prepare_child, GINT_TO_POINTER(getpid()), input, -1,
                                               -1, NULL, NULL, 0, &child->pid, NULL, &child->output,
                                               NULL, NULL);
    close(input);
    return started && g_unix_set_fd_nonblocking(child->output, TRUE, NULL);
}

/* --- ending
 * ------------------------------------------------------------------------------------------ */

static void reaped(G_GNUC_UNUSED GPid pid, G_GNUC_UNUSED int status,
                   G_GNUC_UNUSED gpointer user_data)
{
}

/* The program leads a session and so a process group: what it started goes with it. */
static void kill_program(SrChild *child)
{
    if (child->pid == 0)
        return;
    kill(-child->pid, SIGKILL);
    kill(child->pid, SIGKILL);
    g_child_watch_add(child->pid, reaped, NULL);
    child->pid = 0;
}

void sr_child_release(SrChild *child)
{
    if (!child)
        return;
    g_clear_handle_id(&child->child_source, g_source_remove);
    g_clear_handle_id(&child->output_source, g_source_remove);
    g_clear_handle_id(&child->timeout_source, g_source_remove);
    g_clear_handle_id(&child->failure_source, g_source_remove);
    kill_program(child);
    if (child->input >= 0)
        close(child->input);
    if (child->output >= 0)
        close(child->output);
    sr_secret_free(child->answer);
    g_free(child);
}

/* Frees @child, then calls back, so that the callback may start the next one. */
static void finish(SrChild *child, SrChildEnd end, int status)
{
    const SrChildDone done = child->done;
    const gpointer user_data = child->user_data;
    g_autoptr(SrSecret) answer = g_steal_pointer(&child->answer);

    if (answer)
        sr_secret_truncate(answer, child->used);
    sr_child_release(child);
    done(end, status, end == SR_CHILD_EXITED ? answer : NULL, user_data);
}

static gboolean is_too_long(const SrChild *child)
{
    return child->used == sr_secret_size(child->answer);
}

/* Take what the program wrote; FALSE at its end, and when it wrote more than allowed. */
static gboolean read_answer(SrChild *child)
{
    while (!is_too_long(child)) {
        const gssize got = read(child->output, sr_secret_data(child->answer) + child->used,
                                sr_secret_size(child->answer) - child->used);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return TRUE;
        if (got <= 0)
            return FALSE;
        child->used += (gsize)got;
    }
    return FALSE;
}

static gboolean output_ready(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition,
                             gpointer user_data)
{
    SrChild *child = user_data;
    const gsize before = child->used;
    const gboolean more = read_answer(child);

    if (!more)
        child->output_source = 0;
    if (is_too_long(child))
        finish(child, SR_CHILD_TOO_LONG, 0);
    else if (child->progress && child->used > before)
        child->progress(child->answer, child->used, child->user_data); /* may release it */
    return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* A process the program left behind may hold the pipe open: the exit is the end, not the EOF. */
static void program_exited(G_GNUC_UNUSED GPid pid, int status, gpointer user_data)
{
    SrChild *child = user_data;

    child->pid = 0;
    child->child_source = 0;
    read_answer(child);
    finish(child, is_too_long(child) ? SR_CHILD_TOO_LONG : SR_CHILD_EXITED, status);
}

static gboolean timed_out(gpointer user_data)
{
    SrChild *child = user_data;

    child->timeout_source = 0;
    finish(child, SR_CHILD_TIMED_OUT, 0);
    return G_SOURCE_REMOVE;
}

static gboolean not_started(gpointer user_data)
{
    SrChild *child = user_data;

    child->failure_source = 0;
    finish(child, SR_CHILD_NOT_STARTED, 0);
    return G_SOURCE_REMOVE;
}

SrChild *sr_child_start(const SrChildSetup *setup)
{
    SrChild *child = g_new0(SrChild, 1);

    child->progress = setup->progress;
    child->done = setup->done;
    child->user_data = setup->user_data;
    child->input = child->output = -1;
    child->answer = sr_secret_new(setup->output_max + 1, NULL);
    if (!child->answer || !spawn(child, setup)) {
        child->failure_source = g_idle_add(not_started, child);
        return child;
    }
    child->child_source = g_child_watch_add(child->pid, program_exited, child);
    child->output_source = g_unix_fd_add(child->output, G_IO_IN | G_IO_HUP, output_ready, child);
    if (setup->timeout_seconds)
        child->timeout_source = g_timeout_add_seconds(setup->timeout_seconds, timed_out, child);
    return child;
}
