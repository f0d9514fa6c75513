/* Runs real programs (shell scripts) as prompts. */
#include "consent/prompt.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *folder;
    char *script;
    char *note; /* a file the script may write to, "$NOTE" in its text */
    GMainLoop *loop;
    guint calls;
    SrAnswer answer;
    SrSecret *passphrase;
} Fixture;

static void set_up(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("sealring-prompt-XXXXXX", NULL);
    fixture->script = g_build_filename(fixture->folder, "prompt", NULL);
    fixture->note = g_build_filename(fixture->folder, "note", NULL);
    fixture->loop = g_main_loop_new(NULL, FALSE);
}

static void tear_down(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_unlink(fixture->script);
    g_unlink(fixture->note);
    g_rmdir(fixture->folder);
    g_main_loop_unref(fixture->loop);
    sr_secret_free(fixture->passphrase);
    g_free(fixture->folder);
    g_free(fixture->script);
    g_free(fixture->note);
}

static void write_script(const Fixture *fixture, const char *body)
{
    g_autofree char *text = g_strdup_printf("#!/bin/sh\nNOTE='%s'\n%s\n", fixture->note, body);

    g_assert_true(
        g_file_set_contents_full(fixture->script, text, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
}

static void done(SrAnswer answer, SrSecret *passphrase, gpointer user_data)
{
    Fixture *fixture = user_data;

    fixture->calls++;
    fixture->answer = answer;
    fixture->passphrase = passphrase;
    g_main_loop_quit(fixture->loop);
}

static SrConsentModel *make_model(void)
{
    SrConsentModel *model = sr_consent_model_new();

    sr_consent_model_add(model, SR_CONSENT_TITLE, "Agree?");
    sr_consent_model_add_text(model, "one\ntwo", 7);
    return model;
}

static SrPrompt *start(Fixture *fixture, SrPromptKind kind, guint seconds)
{
    g_autoptr(SrConsentModel) model = make_model();

    return sr_prompt_start(fixture->script, model, kind, NULL, seconds, done, fixture);
}

static void run(Fixture *fixture, const char *body, SrPromptKind kind, guint seconds)
{
    write_script(fixture, body);
    start(fixture, kind, seconds);
    g_assert_cmpuint(fixture->calls, ==, 0);
    g_main_loop_run(fixture->loop);
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    g_assert_cmpuint(fixture->calls, ==, 1);
}

typedef struct {
    const char *name;
    const char *body;
    SrPromptKind kind;
    SrAnswer answer;
    const char *passphrase;
} Row;

static const Row rows[] = {
    {"status-0-is-yes", "exit 0", SR_PROMPT_CONSENT, SR_ANSWER_YES, NULL},
    {"status-1-is-no", "exit 1", SR_PROMPT_CONSENT, SR_ANSWER_NO, NULL},
    {"status-2-is-no-prompt", "exit 2", SR_PROMPT_CONSENT, SR_ANSWER_NO_PROMPT, NULL},
    {"status-3-is-no", "exit 3", SR_PROMPT_CONSENT, SR_ANSWER_NO, NULL},
    {"status-127-is-no", "exit 127", SR_PROMPT_CONSENT, SR_ANSWER_NO, NULL},
    {"a-signal-is-no", "kill -SEGV $$", SR_PROMPT_CONSENT, SR_ANSWER_NO, NULL},
    {"remember", "echo remember", SR_PROMPT_CONSENT, SR_ANSWER_YES_REMEMBER, NULL},
    {"remember-without-line-break", "printf remember", SR_PROMPT_CONSENT, SR_ANSWER_YES_REMEMBER,
     NULL},
    {"remember-and-more-is-not-remember", "echo remember me", SR_PROMPT_CONSENT, SR_ANSWER_YES,
     NULL},
    {"remember-with-status-1-is-no", "echo remember; exit 1", SR_PROMPT_CONSENT, SR_ANSWER_NO,
     NULL},
    {"too-much-output-is-no", "head -c 2000 /dev/zero", SR_PROMPT_CONSENT, SR_ANSWER_NO, NULL},
    {"endless-output-is-no", "cat /dev/zero", SR_PROMPT_CONSENT, SR_ANSWER_NO, NULL},
    {"closed-output-then-yes", "exec >&-; sleep 0.2; exit 0", SR_PROMPT_CONSENT, SR_ANSWER_YES,
     NULL},
    {"model-on-standard-input",
     "test \"$(cat)\" = \"$(printf 'title\\tAgree?\\ntext\\tone\\ntext\\ttwo\\n')\"",
     SR_PROMPT_CONSENT, SR_ANSWER_YES, NULL},
    {"model-can-be-opened-twice", "cat > /dev/null; grep -q Agree /dev/stdin", SR_PROMPT_CONSENT,
     SR_ANSWER_YES, NULL},
    {"model-cannot-be-changed", "echo x > /dev/stdin", SR_PROMPT_CONSENT, SR_ANSWER_NO_PROMPT,
     NULL},
    {"no-arguments", "test $# = 0", SR_PROMPT_CONSENT, SR_ANSWER_YES, NULL},
    {"leads-a-session", "test $(ps -o sid= -p $$) = $$", SR_PROMPT_CONSENT, SR_ANSWER_YES, NULL},
    {"no-other-file-of-the-agent-is-open", "test ! -e /proc/$$/fd/77", SR_PROMPT_CONSENT,
     SR_ANSWER_YES, NULL},
    {"errors-go-nowhere", "test $(readlink /proc/$$/fd/2) = /dev/null", SR_PROMPT_CONSENT,
     SR_ANSWER_YES, NULL},
    {"passphrase", "printf 'p\\303\\244ss word '", SR_PROMPT_PASSPHRASE, SR_ANSWER_YES,
     "p\xc3\xa4ss word "},
    {"passphrase-line-break-is-dropped", "echo abc", SR_PROMPT_PASSPHRASE, SR_ANSWER_YES, "abc"},
    {"passphrase-crlf-is-dropped", "printf 'abc\\r\\n'", SR_PROMPT_PASSPHRASE, SR_ANSWER_YES,
     "abc"},
    {"passphrase-only-one-line-break-is-dropped", "printf 'abc\\n\\n'", SR_PROMPT_PASSPHRASE,
     SR_ANSWER_YES, "abc\n"},
    {"passphrase-empty-is-no", "exit 0", SR_PROMPT_PASSPHRASE, SR_ANSWER_NO, NULL},
    {"passphrase-empty-line-is-no", "echo", SR_PROMPT_PASSPHRASE, SR_ANSWER_NO, NULL},
    {"passphrase-with-status-1-is-no", "echo abc; exit 1", SR_PROMPT_PASSPHRASE, SR_ANSWER_NO,
     NULL},
    {"passphrase-remember-is-a-passphrase", "echo remember", SR_PROMPT_PASSPHRASE, SR_ANSWER_YES,
     "remember"},
    {"passphrase-argument", "test \"$*\" = --passphrase && echo a", SR_PROMPT_PASSPHRASE,
     SR_ANSWER_YES, "a"},
    {"passphrase-new-argument", "test \"$*\" = '--passphrase --new' && echo a",
     SR_PROMPT_NEW_PASSPHRASE, SR_ANSWER_YES, "a"},
};

static void test_row(Fixture *fixture, gconstpointer data)
{
    const Row *row = data;

    run(fixture, row->body, row->kind, 10);
    g_assert_cmpint(fixture->answer, ==, row->answer);
    if (!row->passphrase) {
        g_assert_null(fixture->passphrase);
        return;
    }
    g_assert_cmpuint(sr_secret_size(fixture->passphrase), ==, strlen(row->passphrase));
    g_assert_cmpstr((const char *)sr_secret_peek(fixture->passphrase), ==, row->passphrase);
}

static void test_longest_passphrase(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    run(fixture, "head -c 1024 /dev/zero | tr '\\0' a; echo", SR_PROMPT_PASSPHRASE, 10);
    g_assert_cmpint(fixture->answer, ==, SR_ANSWER_YES);
    g_assert_cmpuint(sr_secret_size(fixture->passphrase), ==, SR_PASSPHRASE_MAX);
}

static void test_too_long_passphrase(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    run(fixture, "head -c 1025 /dev/zero | tr '\\0' a", SR_PROMPT_PASSPHRASE, 10);
    g_assert_cmpint(fixture->answer, ==, SR_ANSWER_NO);
    g_assert_null(fixture->passphrase);
}

/* The process id that the script wrote, 0 while it has not. */
static pid_t read_pid(const Fixture *fixture)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(fixture->note, &text, NULL, NULL) || !strchr(text, '\n'))
        return 0;
    return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

static pid_t noted_pid(const Fixture *fixture)
{
    for (int i = 0; i < 1500; i++) {
        const pid_t pid = read_pid(fixture);

        if (pid != 0)
            return pid;
        g_usleep(20000);
    }
    g_error("the script wrote no process id");
}

/* A zombie of another parent counts as gone. */
static gboolean is_running(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", pid);
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) && !strstr(text, ") Z ");
}

static void assert_gone(pid_t pid)
{
    for (int i = 0; i < 1500 && is_running(pid); i++) {
        g_main_context_iteration(NULL, FALSE);
        g_usleep(20000);
    }
    g_assert_false(is_running(pid));
}

/* Run a script that writes a process id until its time is out: a second, or more on a machine where
 * it does not come so far. Returns the id. */
static pid_t run_out(Fixture *fixture, const char *body)
{
    for (guint seconds = 1; read_pid(fixture) == 0; seconds *= 3) {
        const gint64 begin = g_get_monotonic_time();

        g_assert_cmpuint(seconds, <, 30);
        fixture->calls = 0;
        run(fixture, body, SR_PROMPT_CONSENT, seconds);
        g_assert_cmpint(fixture->answer, ==, SR_ANSWER_TIMEOUT);
        g_assert_cmpint(g_get_monotonic_time() - begin, <, (seconds + 20) * G_USEC_PER_SEC);
    }
    return read_pid(fixture);
}

static void test_time_out(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_gone(run_out(fixture, "echo $$ > $NOTE; exec sleep 60"));
}

/* What the program started is on the screen too. */
static void test_time_out_kills_the_children(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    assert_gone(run_out(fixture, "sleep 60 & echo $! > $NOTE; wait"));
}

static void test_pipe_held_open(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    const gint64 begin = g_get_monotonic_time();
    pid_t left_behind;

    run(fixture, "sleep 60 & echo $! > $NOTE; echo remember", SR_PROMPT_CONSENT, 30);
    left_behind = noted_pid(fixture);
    kill(left_behind, SIGKILL);
    g_assert_cmpint(fixture->answer, ==, SR_ANSWER_YES_REMEMBER);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 25 * G_USEC_PER_SEC);
}

static void test_cancel(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    SrPrompt *prompt;
    pid_t pid;

    write_script(fixture, "echo $$ > $NOTE; exec sleep 60");
    prompt = start(fixture, SR_PROMPT_CONSENT, 30);
    pid = noted_pid(fixture);
    sr_prompt_cancel(prompt);
    assert_gone(pid);
    g_assert_cmpuint(fixture->calls, ==, 0);
}

static void test_cancel_before_it_failed(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    sr_prompt_cancel(start(fixture, SR_PROMPT_CONSENT, 30));
    while (g_main_context_iteration(NULL, FALSE))
        continue;
    g_assert_cmpuint(fixture->calls, ==, 0);
}

static void test_missing(Fixture *fixture, gconstpointer data)
{
    g_autoptr(SrConsentModel) model = make_model();
    const char *program = data ? data : fixture->script;

    sr_prompt_start(program, model, SR_PROMPT_CONSENT, NULL, 10, done, fixture);
    g_assert_cmpuint(fixture->calls, ==, 0);
    g_main_loop_run(fixture->loop);
    g_assert_cmpint(fixture->answer, ==, SR_ANSWER_NO_PROMPT);
}

static void test_too_large_model(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autoptr(SrConsentModel) model = make_model();
    g_autofree char *text = g_strnfill(SR_CONSENT_MODEL_MAX, 'a');

    sr_consent_model_add_text(model, text, SR_CONSENT_MODEL_MAX);
    write_script(fixture, "exit 0");
    sr_prompt_start(fixture->script, model, SR_PROMPT_CONSENT, NULL, 10, done, fixture);
    g_main_loop_run(fixture->loop);
    g_assert_cmpint(fixture->answer, ==, SR_ANSWER_NO_PROMPT);
}

static char *noted_environment(Fixture *fixture, const SrSeat *seat)
{
    g_autoptr(SrConsentModel) model = make_model();
    char *text = NULL;

    write_script(fixture, "env | grep -v -e ^PWD= -e ^_= -e ^OLDPWD= -e ^SHLVL= "
                          "-e ^LANG -e ^LC_ALL | LC_ALL=C sort > $NOTE");
    sr_prompt_start(fixture->script, model, SR_PROMPT_CONSENT, seat, 10, done, fixture);
    g_main_loop_run(fixture->loop);
    g_assert_true(g_file_get_contents(fixture->note, &text, NULL, NULL));
    return text;
}

static void set_own_environment(void)
{
    g_setenv("SECRET_OF_THE_AGENT", "x", TRUE);
    g_setenv("LD_PRELOAD", "", TRUE);
    g_setenv("GTK_MODULES", "evil", TRUE);
    g_setenv("DISPLAY", ":own", TRUE);
    g_setenv("WAYLAND_DISPLAY", "wayland-own", TRUE);
    g_setenv("XAUTHORITY", "/own/authority", TRUE);
    g_setenv("XDG_RUNTIME_DIR", "/own/run", TRUE);
    g_setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/own/bus", TRUE);
    g_setenv("HOME", "/own/home", TRUE);
    g_unsetenv("GTK_A11Y");
}

static void test_environment(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    g_autofree char *text = noted_environment(fixture, NULL);

    g_assert_cmpstr(text, ==,
                    "DBUS_SESSION_BUS_ADDRESS=unix:path=/own/bus\n"
                    "DISPLAY=:own\n"
                    "HOME=/own/home\n"
                    "PATH=/usr/bin:/bin\n"
                    "WAYLAND_DISPLAY=wayland-own\n"
                    "XAUTHORITY=/own/authority\n"
                    "XDG_RUNTIME_DIR=/own/run\n");
}

/* A seat with an X display must not end up on the agent's Wayland display. */
static void test_environment_of_a_seat(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    char display[] = ":seat";
    char bus[] = "unix:path=/seat/bus";
    const SrSeat seat = {.display = display, .session_bus = bus};
    g_autofree char *text = noted_environment(fixture, &seat);

    g_assert_cmpstr(text, ==,
                    "DBUS_SESSION_BUS_ADDRESS=unix:path=/seat/bus\n"
                    "DISPLAY=:seat\n"
                    "HOME=/own/home\n"
                    "PATH=/usr/bin:/bin\n"
                    "XDG_RUNTIME_DIR=/own/run\n");
}

/* This program as the agent: starts the script as a prompt and waits. */
static int be_agent(const char *script)
{
    g_autoptr(SrConsentModel) model = make_model();
    Fixture fixture = {.loop = g_main_loop_new(NULL, FALSE)};

    sr_prompt_start(script, model, SR_PROMPT_CONSENT, NULL, 60, done, &fixture);
    g_main_loop_run(fixture.loop);
    return 0;
}

static void test_dies_with_the_agent(Fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
    char self[] = "/proc/self/exe";
    char mode[] = "--agent";
    char *arguments[] = {self, mode, fixture->script, NULL};
    GPid agent;
    pid_t prompt;

    write_script(fixture, "echo $$ > $NOTE; exec sleep 60");
    g_assert_true(g_spawn_async(NULL, arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, &agent, NULL));
    prompt = noted_pid(fixture);
    g_assert_true(is_running(prompt));
    kill(agent, SIGKILL);
    assert_gone(prompt);
}

static void add(const char *name, gconstpointer data, void (*test)(Fixture *, gconstpointer))
{
    g_autofree char *path = g_strdup_printf("/prompt-runner/%s", name);

    g_test_add(path, Fixture, data, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--agent") == 0)
        return be_agent(argv[2]);
    g_test_init(&argc, &argv, NULL);
    set_own_environment();
    g_assert_cmpint(dup2(STDERR_FILENO, 77), ==, 77); /* would be inherited */
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        add(rows[i].name, &rows[i], test_row);
    add("passphrase-of-1024-bytes", NULL, test_longest_passphrase);
    add("passphrase-of-1025-bytes-is-no", NULL, test_too_long_passphrase);
    add("time-out-kills", NULL, test_time_out);
    add("time-out-kills-the-children", NULL, test_time_out_kills_the_children);
    add("exit-counts-when-the-pipe-stays-open", NULL, test_pipe_held_open);
    add("cancel-kills-and-never-calls-back", NULL, test_cancel);
    add("cancel-before-a-failed-start-is-reported", NULL, test_cancel_before_it_failed);
    add("missing-program-is-no-prompt", NULL, test_missing);
    add("folder-is-no-prompt", "/usr", test_missing);
    add("relative-path-is-no-prompt", "true", test_missing);
    add("too-large-model-is-never-shown", NULL, test_too_large_model);
    add("environment-is-reduced", NULL, test_environment);
    add("environment-of-a-seat", NULL, test_environment_of_a_seat);
    add("dies-with-the-agent", NULL, test_dies_with_the_agent);
    return g_test_run();
}
