#include "consent/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3; required where sysctl vm.memfd_noexec is 2 */
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define STATUS_NO_PROMPT 2
#define OUTPUT_MAX (SR_PASSPHRASE_MAX + 2) /* a passphrase and its line break */

struct SrPrompt {
    SrPromptKind kind;
    SrPromptDone done;
    gpointer user_data;
    GPid pid; /* 0: none was started */
    int output;
    SrSecret *answer; /* what the program wrote, one byte longer than allowed */
    gsize used;
    guint child_source;
    guint output_source;
    guint timeout_source;
    guint failure_source;
};

/* What the program may know of the agent's environment beside where to draw. */
static const char *const inherited[] = {"XDG_RUNTIME_DIR", "HOME", "LANG", "LC_ALL", "GTK_A11Y"};

static char **set_if(char **environment, const char *name, const char *value)
{
    return value ? g_environ_setenv(environment, name, value, TRUE) : environment;
}

static char **make_environment(const SrSeat *seat)
{
    static const SrSeat nowhere = {0};
    const SrSeat *where = seat ? seat : &nowhere;
    const gboolean own = !where->display && !where->wayland_display;
    const char *bus =
        where->session_bus ? where->session_bus : g_getenv("DBUS_SESSION_BUS_ADDRESS");
    char **environment = g_environ_setenv(NULL, "PATH", "/usr/bin:/bin", TRUE);

    for (guint i = 0; i < G_N_ELEMENTS(inherited); i++)
        environment = set_if(environment, inherited[i], g_getenv(inherited[i]));
    environment = set_if(environment, "DISPLAY", own ? g_getenv("DISPLAY") : where->display);
    environment = set_if(environment, "WAYLAND_DISPLAY",
                         own ? g_getenv("WAYLAND_DISPLAY") : where->wayland_display);
    environment =
        set_if(environment, "XAUTHORITY", own ? g_getenv("XAUTHORITY") : where->xauthority);
    return set_if(environment, "DBUS_SESSION_BUS_ADDRESS", bus);
}

/* The model in a memory file that nobody can change any more, read from its start; -1 if none. */
static int make_input(const SrConsentModel *model)
{
    g_autofree char *text = sr_consent_model_serialize(model);
    const gsize length = strlen(text);
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create("sealring-consent", flags | MFD_NOEXEC_SEAL);

    if (fd < 0)
        fd = memfd_create("sealring-consent", flags);
    if (fd < 0)
        return -1;
    if (length > SR_CONSENT_MODEL_MAX || write(fd, text, length) != (gssize)length ||
        lseek(fd, 0, SEEK_SET) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
        close(fd);
        return -1;
    }
    return fd;
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
        _exit(STATUS_NO_PROMPT);
}

static gboolean spawn(SrPrompt *prompt, const char *program, const SrConsentModel *model,
                      const SrSeat *seat)
{
    g_autofree char *path = g_strdup(program);
    char passphrase[] = "--passphrase";
    char new_one[] = "--new";
    char *arguments[] = {path, prompt->kind == SR_PROMPT_CONSENT ? NULL : passphrase,
                         prompt->kind == SR_PROMPT_NEW_PASSPHRASE ? new_one : NULL, NULL};
    g_auto(GStrv) environment = make_environment(seat);
    const GSpawnFlags flags =
        G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL | G_SPAWN_CLOEXEC_PIPES;
    const int input = make_input(model);
    gboolean started;

    if (input < 0)
        return FALSE;
    started = g_path_is_absolute(program) &&
              g_spawn_async_with_pipes_and_fds(
                  "/", (const char *const *)arguments, (const char *const *)environment, flags,
                  prepare_child, GINT_TO_POINTER(getpid()), input, -1, -1, NULL, NULL, 0,
                  &prompt->pid, NULL, &prompt->output, NULL, NULL);
    close(input);
    return started && g_unix_set_fd_nonblocking(prompt->output, TRUE, NULL);
}

static void clear_source(guint *source)
{
    if (*source)
        g_source_remove(*source);
    *source = 0;
}

static void reaped(G_GNUC_UNUSED GPid pid, G_GNUC_UNUSED int status,
                   G_GNUC_UNUSED gpointer user_data)
{
}

/* The program leads a session and so a process group: what it started goes with it. */
static void kill_program(SrPrompt *prompt)
{
    if (prompt->pid == 0)
        return;
    kill(-prompt->pid, SIGKILL);
    kill(prompt->pid, SIGKILL);
    g_child_watch_add(prompt->pid, reaped, NULL);
    prompt->pid = 0;
}

void sr_prompt_cancel(SrPrompt *prompt)
{
    clear_source(&prompt->child_source);
    clear_source(&prompt->output_source);
    clear_source(&prompt->timeout_source);
    clear_source(&prompt->failure_source);
    kill_program(prompt);
    if (prompt->output >= 0)
        close(prompt->output);
    sr_secret_free(prompt->answer);
    g_free(prompt);
}

/* Frees @prompt, then calls back, so that the callback may start the next one. */
static void finish(SrPrompt *prompt, SrAnswer answer, SrSecret *passphrase)
{
    const SrPromptDone done = prompt->done;
    const gpointer user_data = prompt->user_data;

    sr_prompt_cancel(prompt);
    done(answer, passphrase, user_data);
}

static gsize without_line_break(const char *text, gsize length)
{
    if (length && text[length - 1] == '\n')
        length -= length > 1 && text[length - 2] == '\r' ? 2 : 1;
    return length;
}

/* The program said yes: what else it wrote decides. */
static void finish_yes(SrPrompt *prompt)
{
    const char *text = (const char *)sr_secret_peek(prompt->answer);
    const gsize length = without_line_break(text, prompt->used);

    if (prompt->kind == SR_PROMPT_CONSENT) {
        const gboolean remember = length == 8 && memcmp(text, "remember", 8) == 0;

        finish(prompt, remember ? SR_ANSWER_YES_REMEMBER : SR_ANSWER_YES, NULL);
        return;
    }
    if (length == 0 || length > SR_PASSPHRASE_MAX) {
        finish(prompt, SR_ANSWER_NO, NULL);
        return;
    }
    sr_secret_truncate(prompt->answer, length);
    finish(prompt, SR_ANSWER_YES, g_steal_pointer(&prompt->answer));
}

/* Take what the program wrote; FALSE at its end, and when it wrote more than allowed. */
static gboolean read_answer(SrPrompt *prompt)
{
    for (;;) {
        const gsize room = sr_secret_size(prompt->answer) - prompt->used;
        const gssize got =
            read(prompt->output, sr_secret_data(prompt->answer) + prompt->used, room);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return TRUE;
        if (got <= 0)
            return FALSE;
        prompt->used += (gsize)got;
        if (prompt->used > OUTPUT_MAX)
            return FALSE;
    }
}

static gboolean output_ready(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition,
                             gpointer user_data)
{
    SrPrompt *prompt = user_data;

    if (read_answer(prompt))
        return G_SOURCE_CONTINUE;
    prompt->output_source = 0;
    if (prompt->used > OUTPUT_MAX)
        finish(prompt, SR_ANSWER_NO, NULL);
    return G_SOURCE_REMOVE;
}

/* A process the program left behind may hold the pipe open: the exit is the end, not the EOF. */
static void program_exited(G_GNUC_UNUSED GPid pid, int status, gpointer user_data)
{
    SrPrompt *prompt = user_data;

    prompt->pid = 0;
    prompt->child_source = 0;
    read_answer(prompt);
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NO_PROMPT)
        finish(prompt, SR_ANSWER_NO_PROMPT, NULL);
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || prompt->used > OUTPUT_MAX)
        finish(prompt, SR_ANSWER_NO, NULL);
    else
        finish_yes(prompt);
}

static gboolean timed_out(gpointer user_data)
{
    SrPrompt *prompt = user_data;

    prompt->timeout_source = 0;
    finish(prompt, SR_ANSWER_TIMEOUT, NULL);
    return G_SOURCE_REMOVE;
}

static gboolean not_started(gpointer user_data)
{
    SrPrompt *prompt = user_data;

    prompt->failure_source = 0;
    finish(prompt, SR_ANSWER_NO_PROMPT, NULL);
    return G_SOURCE_REMOVE;
}

SrPrompt *sr_prompt_start(const char *program, const SrConsentModel *model, SrPromptKind kind,
                          const SrSeat *seat, guint timeout_seconds, SrPromptDone done,
                          gpointer user_data)
{
    SrPrompt *prompt = g_new0(SrPrompt, 1);

    prompt->kind = kind;
    prompt->done = done;
    prompt->user_data = user_data;
    prompt->output = -1;
    prompt->answer = sr_secret_new(OUTPUT_MAX + 1, NULL);
    if (!prompt->answer || !spawn(prompt, program, model, seat)) {
        prompt->failure_source = g_idle_add(not_started, prompt);
        return prompt;
    }
    prompt->child_source = g_child_watch_add(prompt->pid, program_exited, prompt);
    prompt->output_source = g_unix_fd_add(prompt->output, G_IO_IN | G_IO_HUP, output_ready, prompt);
    prompt->timeout_source = g_timeout_add_seconds(timeout_seconds, timed_out, prompt);
    return prompt;
}
