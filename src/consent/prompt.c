#include "consent/prompt.h"

#include "base/child.h"

#include <string.h>
#include <sys/wait.h>

#define STATUS_NO_PROMPT 2
#define OUTPUT_MAX (SR_PASSPHRASE_MAX + 2) /* a passphrase and its line break */

struct SrPrompt {
    SrPromptKind kind;
    SrPromptDone done;
    gpointer user_data;
    SrChild *child;
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

void sr_prompt_cancel(SrPrompt *prompt)
{
    sr_child_release(prompt->child);
    g_free(prompt);
}

static gsize without_line_break(const char *text, gsize length)
{
    if (length && text[length - 1] == '\n')
        length -= length > 1 && text[length - 2] == '\r' ? 2 : 1;
    return length;
}

/* The program said yes: what else it wrote decides. */
static SrAnswer read_yes(SrPromptKind kind, const SrSecret *output, SrSecret **ret_passphrase)
{
    const char *text = (const char *)sr_secret_peek(output);
    const gsize length = without_line_break(text, sr_secret_size(output));

    if (kind == SR_PROMPT_CONSENT)
        return length == 8 && memcmp(text, "remember", 8) == 0 ? SR_ANSWER_YES_REMEMBER
                                                               : SR_ANSWER_YES;
    if (length == 0 || length > SR_PASSPHRASE_MAX)
        return SR_ANSWER_NO;
    *ret_passphrase = sr_secret_new_copy(text, length, NULL);
    return *ret_passphrase ? SR_ANSWER_YES : SR_ANSWER_NO;
}

static SrAnswer read_answer(SrPromptKind kind, SrChildEnd end, int status, const SrSecret *output,
                            SrSecret **ret_passphrase)
{
    if (end == SR_CHILD_TIMED_OUT)
        return SR_ANSWER_TIMEOUT;
    if (end == SR_CHILD_NOT_STARTED ||
        (end == SR_CHILD_EXITED && WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NO_PROMPT))
        return SR_ANSWER_NO_PROMPT;
    if (end != SR_CHILD_EXITED || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return SR_ANSWER_NO;
    return read_yes(kind, output, ret_passphrase);
}

static void on_ended(SrChildEnd end, int status, const SrSecret *output, gpointer user_data)
{
    g_autofree SrPrompt *prompt = user_data;
    SrSecret *passphrase = NULL;
    const SrAnswer answer = read_answer(prompt->kind, end, status, output, &passphrase);

    prompt->done(answer, passphrase, prompt->user_data);
}

/* The wire form, or nothing that a program could show when it is too long. Owned by the caller. */
static char *serialize(const SrConsentModel *model)
{
    g_autofree char *text = sr_consent_model_serialize(model);

    return strlen(text) > SR_CONSENT_MODEL_MAX ? NULL : g_steal_pointer(&text);
}

SrPrompt *sr_prompt_start(const char *program, const SrConsentModel *model, SrPromptKind kind,
                          const SrSeat *seat, guint timeout_seconds, SrPromptDone done,
                          gpointer user_data)
{
    SrPrompt *prompt = g_new0(SrPrompt, 1);
    g_autofree char *text = serialize(model);
    g_auto(GStrv) environment = make_environment(seat);
    const char *const arguments[] = {
        kind == SR_PROMPT_CONSENT ? NULL : "--passphrase",
        kind == SR_PROMPT_NEW_PASSPHRASE ? "--new" : NULL,
        NULL,
    };
    const SrChildSetup setup = {
        .program = text ? program : "", /* "" is never started */
        .arguments = arguments,
        .environment = environment,
        .input = text ? text : "",
        .input_size = text ? strlen(text) : 0,
        .output_max = OUTPUT_MAX,
        .timeout_seconds = timeout_seconds,
        .done = on_ended,
        .user_data = prompt,
    };

    prompt->kind = kind;
    prompt->done = done;
    prompt->user_data = user_data;
    prompt->child = sr_child_start(&setup);
    return prompt;
}
