#include "agent/prompter.h"

#include "agent/connection.h"
#include "agent/limits.h"
#include "base/child.h"
#include "base/error.h"

#include <string.h>

#define DENIALS 3u
#define DENIAL_WINDOW (60 * G_USEC_PER_SEC)

struct SrTicket {
    SrPrompter *prompter;
    SrConnection *connection;
    char *origin;
    SrConsentModel *model;
    SrPromptKind kind;
    SrPromptDone done;
    gpointer user_data;
    gint64 id;
    SrPrompt *prompt;     /* while a program shows it */
    gboolean in_terminal; /* while the CLI shows it */
    guint timer;
};

/* What a caller was refused lately. */
typedef struct {
    gint64 times[DENIALS]; /* monotonic, newest first */
    gint64 silent_until;
} Denials;

struct SrPrompter {
    SrAgent *agent;
    char *window_program; /* sealring-prompt, NULL when it is not installed */
    GQueue waiting;       /* of SrTicket; the head is the one shown */
    GHashTable *denials;  /* caller and origin → Denials */
    gint64 last_id;
    guint start_source;
};

static void schedule(SrPrompter *prompter);

SrPrompter *sr_prompter_new(SrAgent *agent)
{
    SrPrompter *prompter = g_new0(SrPrompter, 1);

    prompter->agent = agent;
    prompter->window_program = sr_child_find_program("sealring-prompt");
    prompter->denials = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_queue_init(&prompter->waiting);
    return prompter;
}

static void ticket_free(SrTicket *ticket)
{
    g_clear_handle_id(&ticket->timer, g_source_remove);
    if (ticket->prompt)
        sr_prompt_cancel(ticket->prompt);
    sr_consent_model_free(ticket->model);
    g_free(ticket->origin);
    g_free(ticket);
}

void sr_prompter_free(SrPrompter *prompter)
{
    if (!prompter)
        return;
    g_queue_clear_full(&prompter->waiting, (GDestroyNotify)ticket_free);
    g_clear_handle_id(&prompter->start_source, g_source_remove);
    g_hash_table_unref(prompter->denials);
    g_free(prompter->window_program);
    g_free(prompter);
}

guint sr_prompter_waiting(const SrPrompter *prompter)
{
    return prompter->waiting.length;
}

/* --- which prompt --------------------------------------------------------------------------------
 */

static gboolean has_display(const SrCaller *caller)
{
    return caller->seat.display || caller->seat.wayland_display || g_getenv("DISPLAY") ||
           g_getenv("WAYLAND_DISPLAY");
}

const char *sr_prompter_kind(const SrPrompter *prompter, const SrCaller *caller)
{
    if (prompter->agent->configuration->prompt_command)
        return "command";
    if (prompter->window_program && has_display(caller))
        return "window";
    return caller->terminal ? "terminal" : "none";
}

/* --- refusals
 * -------------------------------------------------------------------------------------- */

static char *caller_key(SrConnection *connection, const char *origin)
{
    const SrCaller *caller = sr_connection_caller(connection);

    return g_strconcat(caller->extension                   ? caller->extension
                       : caller->kind == SR_CALLER_PROGRAM ? caller->program
                                                           : "cli",
                       "|", origin, NULL);
}

static gboolean is_silenced(SrPrompter *prompter, const char *key)
{
    const Denials *denials = g_hash_table_lookup(prompter->denials, key);

    return denials && g_get_monotonic_time() < denials->silent_until;
}

static void note_answer(SrPrompter *prompter, const SrTicket *ticket, SrAnswer answer)
{
    g_autofree char *key = caller_key(ticket->connection, ticket->origin);
    const gint64 now = g_get_monotonic_time();
    Denials *denials;

    /* The person at a terminal refuses only themselves. */
    if (sr_connection_caller(ticket->connection)->kind == SR_CALLER_CLI)
        return;
    if (answer != SR_ANSWER_NO) {
        if (answer == SR_ANSWER_YES || answer == SR_ANSWER_YES_REMEMBER)
            g_hash_table_remove(prompter->denials, key);
        return;
    }
    denials = g_hash_table_lookup(prompter->denials, key);
    if (!denials) {
        denials = g_new0(Denials, 1);
        g_hash_table_insert(prompter->denials, g_steal_pointer(&key), denials);
    }
    memmove(denials->times + 1, denials->times, (DENIALS - 1) * sizeof denials->times[0]);
    denials->times[0] = now;
    if (denials->times[DENIALS - 1] && now - denials->times[DENIALS - 1] < DENIAL_WINDOW)
        denials->silent_until = now + DENIAL_WINDOW;
}

/* --- showing
 * --------------------------------------------------------------------------------------- */

/* The answer to the head of the queue. Takes @passphrase. */
static void finish(SrTicket *ticket, SrAnswer answer, SrSecret *passphrase)
{
    SrPrompter *prompter = ticket->prompter;
    const SrPromptDone done = ticket->done;
    const gpointer user_data = ticket->user_data;

    note_answer(prompter, ticket, answer);
    g_queue_remove(&prompter->waiting, ticket);
    ticket->prompt = NULL;
    ticket_free(ticket);
    schedule(prompter);
    done(answer, passphrase, user_data);
}

static void close_terminal(const SrTicket *ticket)
{
    g_autoptr(SrJson) params = json_object_new_object();

    sr_json_add_integer(params, "prompt", ticket->id);
    sr_connection_notify(ticket->connection, "prompt.close", params);
}

static gboolean on_terminal_late(gpointer data)
{
    SrTicket *ticket = data;

    ticket->timer = 0;
    close_terminal(ticket);
    finish(ticket, SR_ANSWER_TIMEOUT, NULL);
    return G_SOURCE_REMOVE;
}

static void show_in_terminal(SrTicket *ticket)
{
    static const char *const wishes[] = {"none", "ask", "new"};
    g_autoptr(SrJson) params = json_object_new_object();
    g_autofree char *model = sr_consent_model_serialize(ticket->model);

    ticket->in_terminal = TRUE;
    ticket->timer =
        g_timeout_add_seconds((guint)ticket->prompter->agent->configuration->prompt_timeout_seconds,
                              on_terminal_late, ticket);
    sr_json_add_integer(params, "prompt", ticket->id);
    sr_json_add_string(params, "model", model);
    sr_json_add_string(params, "passphrase", wishes[ticket->kind]);
    sr_connection_notify(ticket->connection, "prompt.show", params);
}

static void on_prompt_done(SrAnswer answer, SrSecret *passphrase, gpointer data)
{
    SrTicket *ticket = data;

    ticket->prompt = NULL;
    /* The display could not be opened after all: a person at a terminal can still be asked there.
     */
    if (answer == SR_ANSWER_NO_PROMPT && sr_connection_caller(ticket->connection)->terminal)
        show_in_terminal(ticket);
    else
        finish(ticket, answer, passphrase);
}

static void show(SrTicket *ticket)
{
    const SrAgent *agent = ticket->prompter->agent;
    const SrCaller *caller = sr_connection_caller(ticket->connection);
    const char *program = agent->configuration->prompt_command;

    if (!program && has_display(caller))
        program = ticket->prompter->window_program;
    if (!program) {
        show_in_terminal(ticket);
        return;
    }
    ticket->prompt = sr_prompt_start(program, ticket->model, ticket->kind, &caller->seat,
                                     (guint)agent->configuration->prompt_timeout_seconds,
                                     on_prompt_done, ticket);
}

static gboolean start_head(gpointer data)
{
    SrPrompter *prompter = data;
    SrTicket *head = g_queue_peek_head(&prompter->waiting);

    prompter->start_source = 0;
    if (head && !head->prompt && !head->in_terminal)
        show(head);
    return G_SOURCE_REMOVE;
}

static void schedule(SrPrompter *prompter)
{
    if (!prompter->start_source)
        prompter->start_source = g_idle_add_full(G_PRIORITY_DEFAULT, start_head, prompter, NULL);
}

/* --- asking
 * ------------------------------------------------------------------------------------------ */

/*
 * An extension counts with all its ports together; @origin (may be NULL) narrows it to one page. A
 * program counts with all connections of its process.
 */
static guint waiting_for(const SrPrompter *prompter, SrConnection *connection, const char *origin)
{
    const SrCaller *caller = sr_connection_caller(connection);
    const char *extension = caller->extension;
    guint count = 0;

    for (const GList *link = prompter->waiting.head; link; link = link->next) {
        const SrTicket *ticket = link->data;
        const SrCaller *other = sr_connection_caller(ticket->connection);

        if (extension)
            count += g_strcmp0(other->extension, extension) == 0 &&
                     (!origin || g_str_equal(ticket->origin, origin));
        else if (caller->kind == SR_CALLER_PROGRAM)
            count += other->kind == SR_CALLER_PROGRAM && other->pid == caller->pid;
        else
            count += ticket->connection == connection;
    }
    return count;
}

guint sr_prompter_waiting_for(const SrPrompter *prompter, SrConnection *connection)
{
    return waiting_for(prompter, connection, NULL);
}

static guint waiting_for_programs(const SrPrompter *prompter)
{
    guint count = 0;

    for (const GList *link = prompter->waiting.head; link; link = link->next) {
        const SrTicket *ticket = link->data;

        count += sr_connection_caller(ticket->connection)->kind == SR_CALLER_PROGRAM;
    }
    return count;
}

static gboolean has_room(const SrPrompter *prompter, SrConnection *connection, const char *origin)
{
    return waiting_for(prompter, connection, origin) < SR_PROMPTS_PER_CALLER &&
           waiting_for(prompter, connection, NULL) < SR_PROMPTS_PER_EXTENSION &&
           (sr_connection_caller(connection)->kind != SR_CALLER_PROGRAM ||
            waiting_for_programs(prompter) < SR_PROMPTS_OF_PROGRAMS) &&
           prompter->waiting.length < SR_PROMPTS_MAX;
}

static gboolean is_too_long(const SrConsentModel *model)
{
    g_autofree char *text = sr_consent_model_serialize(model);

    return strlen(text) > SR_CONSENT_MODEL_MAX;
}

static gboolean may_ask(SrPrompter *prompter, SrConnection *connection, const char *origin,
                        const SrConsentModel *model, GError **error)
{
    g_autofree char *key = caller_key(connection, origin);

    if (is_too_long(model))
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED,
                     "the text would be more than %u bytes as the user must see it",
                     SR_CONSENT_MODEL_MAX);
    else if (g_str_equal(sr_prompter_kind(prompter, sr_connection_caller(connection)), "none"))
        sr_error_set(error, SR_ERROR_NO_PROMPT,
                     "the user cannot be asked: no display and no prompt-command; see sealring "
                     "doctor");
    else if (is_silenced(prompter, key))
        sr_error_set(error, SR_ERROR_BUSY,
                     "the user said no several times; asking again is possible in a minute");
    else if (!has_room(prompter, connection, origin))
        sr_error_set(error, SR_ERROR_BUSY, "too many questions are waiting for the user");
    else
        return TRUE;
    return FALSE;
}

SrTicket *sr_prompter_ask(SrPrompter *prompter, SrConnection *connection, const char *origin,
                          SrConsentModel *model, SrPromptKind kind, SrPromptDone done,
                          gpointer user_data, GError **error)
{
    SrTicket *ticket;

    if (!may_ask(prompter, connection, origin, model, error)) {
        sr_consent_model_free(model);
        return NULL;
    }
    ticket = g_new0(SrTicket, 1);
    ticket->prompter = prompter;
    ticket->connection = connection;
    ticket->origin = g_strdup(origin);
    ticket->model = model;
    ticket->kind = kind;
    ticket->done = done;
    ticket->user_data = user_data;
    ticket->id = ++prompter->last_id;
    g_queue_push_tail(&prompter->waiting, ticket);
    schedule(prompter);
    return ticket;
}

void sr_prompter_cancel(SrPrompter *prompter, SrTicket *ticket)
{
    g_queue_remove(&prompter->waiting, ticket);
    if (ticket->in_terminal)
        close_terminal(ticket);
    ticket_free(ticket);
    schedule(prompter);
}

void sr_prompter_withdraw(SrPrompter *prompter, SrTicket *ticket)
{
    if (ticket->prompt)
        note_answer(prompter, ticket, SR_ANSWER_NO);
    sr_prompter_cancel(prompter, ticket);
}

gboolean sr_prompter_answer(SrPrompter *prompter, SrConnection *connection, gint64 id,
                            SrAnswer answer, SrSecret *passphrase)
{
    SrTicket *head = g_queue_peek_head(&prompter->waiting);

    if (!head || !head->in_terminal || head->connection != connection || head->id != id) {
        sr_secret_free(passphrase);
        return FALSE;
    }
    finish(head, answer, passphrase);
    return TRUE;
}
