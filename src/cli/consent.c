#include "cli/consent.h"

#include "base/error.h"
#include "cli/passphrase.h"
#include "consent/model.h"
#include "consent/render.h"

#include <string.h>
#include <unistd.h>

typedef struct {
    SrClient *client;
    SrTerminal *terminal;
    SrJson *id; /* of the prompt, borrowed */
    const SrConsentModel *model;
    gboolean settled; /* the agent wants no answer any more */
    gboolean allow;
    gboolean remember;
    SrSecret *passphrase;
} Question;

/* While the user thinks the agent may close the prompt (time-out, lock) or go away. */
static gboolean look_at_agent(gpointer user_data)
{
    Question *question = user_data;

    question->settled = !sr_client_receive(question->client, NULL) ||
                        sr_client_is_settled(question->client, "prompt.close", question->id);
    return question->settled;
}

static SrTerminalWatch watch_agent(Question *question)
{
    return (SrTerminalWatch){sr_client_descriptor(question->client), look_at_agent, question};
}

static gboolean ask_yes(Question *question, const char *text)
{
    SrTerminalWatch watch = watch_agent(question);
    g_autoptr(SrSecret) line = NULL;

    if (sr_terminal_ask(question->terminal, text, FALSE, &watch, &line) != SR_LINE_READ)
        return FALSE;
    return g_ascii_strcasecmp((const char *)sr_secret_peek(line), "yes") == 0;
}

static void ask_decision(Question *question)
{
    const char *action = sr_consent_model_first(question->model, SR_CONSENT_ACTION);
    const char *offer = sr_consent_model_first(question->model, SR_CONSENT_REMEMBER);
    g_autofree char *decide =
        g_strdup_printf("Type yes to agree (%s): ", action ? action : "do this");

    question->allow = ask_yes(question, decide);
    if (question->allow && offer) {
        g_autofree char *remember =
            g_strdup_printf("%s\nType yes to remember this, Enter for this time only: ", offer);

        question->remember = ask_yes(question, remember);
    }
}

static void ask_passphrase(Question *question, gboolean new)
{
    SrTerminalWatch watch = watch_agent(question);

    question->passphrase = sr_passphrase_ask(question->terminal, "Passphrase", new, &watch, NULL);
    question->allow = question->passphrase != NULL;
}

static gboolean send_answer(Question *question, GError **error)
{
    SrJson *params = json_object_new_object();
    int fd = -1;
    gboolean sent;

    if (question->passphrase) {
        fd = sr_passphrase_to_file(question->passphrase, error);
        if (fd < 0) {
            sr_json_free(params);
            return FALSE;
        }
    }
    sr_json_add(params, "prompt", json_object_get(question->id));
    sr_json_add_boolean(params, "allow", question->allow);
    sr_json_add_boolean(params, "remember", question->remember);
    sent = sr_client_send(question->client, "prompt.answer", params, fd, error);
    if (fd >= 0)
        close(fd);
    return sent;
}

static void show(const Question *question)
{
    g_autofree char *text =
        sr_consent_model_render(question->model, sr_terminal_columns(question->terminal));

    sr_terminal_write(question->terminal, "\n");
    sr_terminal_write(question->terminal, text);
    if (!g_str_has_suffix(text, "\n"))
        sr_terminal_write(question->terminal, "\n");
}

static gboolean ask(Question *question, const char *passphrase, GError **error)
{
    show(question);
    if (strcmp(passphrase, "none") == 0)
        ask_decision(question);
    else
        ask_passphrase(question, strcmp(passphrase, "new") == 0);
    if (question->settled) {
        sr_terminal_write(question->terminal, "The question was withdrawn.\n");
        return TRUE;
    }
    return send_answer(question, error);
}

gboolean sr_consent_notified(SrClient *client, const char *method, SrJson *params,
                             gpointer user_data, GError **error)
{
    Question question = {.client = client, .terminal = user_data};
    g_autoptr(SrConsentModel) model = NULL;
    const char *text;
    const char *passphrase;
    gboolean done;

    if (strcmp(method, "prompt.show") != 0)
        return TRUE;
    text = sr_json_string(params, "model", error);
    passphrase = text ? sr_json_string(params, "passphrase", error) : NULL;
    if (!passphrase || !json_object_object_get_ex(params, "prompt", &question.id))
        return FALSE;
    /* Withdrawn before it could be shown. */
    if (sr_client_is_settled(client, "prompt.close", question.id))
        return TRUE;
    model = sr_consent_model_parse(text, strlen(text), error);
    if (!model)
        return FALSE;
    question.model = model;
    done = ask(&question, passphrase, error);
    sr_secret_free(question.passphrase);
    return done;
}
