/*
 * Asking the user: one prompt at a time, in a child process that can be killed.
 *
 * The program gets the model on its standard input. Exit status 0 means yes, everything else, a
 * signal, a time-out or a closed pipe means no. A line "remember" on its standard output takes the
 * offer of SR_CONSENT_REMEMBER; for a passphrase, standard output is the passphrase.
 * Its environment holds only what a display needs.
 */
#pragma once

#include "base/secret.h"
#include "consent/model.h"

#include <glib.h>

#define SR_PROMPT_TIMEOUT_SECONDS 120u
#define SR_PASSPHRASE_MAX 1024u

typedef enum {
    SR_ANSWER_NO, /* the user said no, or closed the window */
    SR_ANSWER_NO_PROMPT /* none could be shown */,
    SR_ANSWER_TIMEOUT,
    SR_ANSWER_YES,
    SR_ANSWER_YES_REMEMBER,
} SrAnswer;

/* Where the asking user sits; all may be NULL. Printable text, at most 255 bytes each. */
typedef struct {
    char *display;
    char *wayland_display;
    char *xauthority;
    char *session_bus;
} SrSeat;

/* The answer. @passphrase (owned by the callback) is set when one was asked for and given. */
typedef void (*SrPromptDone)(SrAnswer answer, SrSecret *passphrase, gpointer user_data);

typedef struct SrPrompt SrPrompt;

/*
 * Start @program (absolute path) with @arguments for @model. @done is called exactly once, from the
 * main loop, unless the prompt is cancelled before. @passphrase asks for a passphrase
 * ("--passphrase").
 */
SrPrompt *sr_prompt_start(const char *program, const SrConsentModel *model, gboolean passphrase,
                          const SrSeat *seat, guint timeout_seconds, SrPromptDone done,
                          gpointer user_data);

/* Kill the program and forget the callback. */
void sr_prompt_cancel(SrPrompt *prompt);
