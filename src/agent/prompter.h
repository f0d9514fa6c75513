/*
 * The queue before the user: one prompt at a time, at most four for each (extension, origin) or
 * connection of the CLI, eight for each extension over all its ports, and a minute of silence for a
 * caller that was refused three times within a minute (or withdrew what was shown).
 *
 * Which prompt: the configured command; sealring-prompt where there is a display; the terminal of
 * the CLI that asks; none.
 */
#pragma once

#include "agent/agent.h"
#include "agent/caller.h"
#include "consent/model.h"
#include "consent/prompt.h"

typedef struct SrTicket SrTicket;

/* A queue for @agent (borrowed). Owned by the caller. */
SrPrompter *sr_prompter_new(SrAgent *agent);
void sr_prompter_free(SrPrompter *prompter);

/*
 * Ask on behalf of @connection; @done is called exactly once, never from inside this call, unless
 * the ticket is cancelled. Takes @model. NULL with SR_ERROR_BUSY or SR_ERROR_NO_PROMPT.
 * @origin names the caller together with its identity.
 */
SrTicket *sr_prompter_ask(SrPrompter *prompter, SrConnection *connection, const char *origin,
                          SrConsentModel *model, SrPromptKind kind, SrPromptDone done,
                          gpointer user_data, GError **error);

/* Take back a question: its prompt is closed, @done is not called. */
void sr_prompter_cancel(SrPrompter *prompter, SrTicket *ticket);

/* The same because the caller took it back. If it was being shown, this counts as a refusal: a page
 * that comes and goes must not have the window come and go with it. */
void sr_prompter_withdraw(SrPrompter *prompter, SrTicket *ticket);

/* prompt.answer from a terminal. Takes @passphrase. FALSE when no such question is open there. */
gboolean sr_prompter_answer(SrPrompter *prompter, SrConnection *connection, gint64 id,
                            SrAnswer answer, SrSecret *passphrase);

/* "window", "command", "terminal", "none" for this caller. Static text. */
const char *sr_prompter_kind(const SrPrompter *prompter, const SrCaller *caller);

/* Questions that wait or are shown. */
guint sr_prompter_waiting(const SrPrompter *prompter);

/* Those of the same caller as @connection: of an extension over all its ports, of a program's
 * process, of one connection of the CLI. */
guint sr_prompter_waiting_for(const SrPrompter *prompter, SrConnection *connection);
