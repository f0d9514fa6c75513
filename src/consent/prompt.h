/*
 * Asking the user: a child process that can be killed, one prompt at a time (the caller's rule).
 *
 * The program gets the model on its standard input (a sealed memory file, so that it can be read
 * again or opened as /dev/stdin). Exit status 0 means yes, everything else, a signal or a time-out
 * means no; status 2 means that no prompt could be shown. A line "remember" on its standard output
 * takes the offer of SR_CONSENT_REMEMBER; for a passphrase, standard output is the passphrase, with
 * or without a line break. Its environment holds only what a display needs. It leads a session of
 * its own, is killed with it, and dies with the agent. docs/PROMPT.md is the same for users.
 */
#pragma once

#include "base/secret.h"
#include "consent/model.h"

#include <glib.h>

#define SR_PROMPT_TIMEOUT_SECONDS 120u
#define SR_PASSPHRASE_MAX 1024u /* bytes */

typedef enum {
    SR_ANSWER_NO,        /* the user said no, closed the window, or the program broke the rules */
    SR_ANSWER_NO_PROMPT, /* none could be shown */
    SR_ANSWER_TIMEOUT,
    SR_ANSWER_YES,
    SR_ANSWER_YES_REMEMBER,
} SrAnswer;

typedef enum {
    SR_PROMPT_CONSENT = 0,    /* yes or no */
    SR_PROMPT_PASSPHRASE = 1, /* "--passphrase": of something that has one */
    SR_PROMPT_NEW_PASSPHRASE, /* "--passphrase --new": asked for twice */
} SrPromptKind;

/*
 * Where the asking user sits; all may be NULL. Printable text, at most 255 bytes each. When one of
 * the two displays is given, both and the authority file are taken from here; what is not given
 * comes from the agent's own environment.
 */
typedef struct {
    char *display;
    char *wayland_display;
    char *xauthority;
    char *session_bus;
} SrSeat;

/* The answer. @passphrase (owned by the callback, never empty) is set when one was asked for and
 * the answer is SR_ANSWER_YES. The SrPrompt is gone already. */
typedef void (*SrPromptDone)(SrAnswer answer, SrSecret *passphrase, gpointer user_data);

typedef struct SrPrompt SrPrompt;

/*
 * Start @program (absolute path) for @model. @done is called exactly once, from the main loop
 * (never from here), unless the prompt is cancelled before. @seat may be NULL. To be called in the
 * thread of the default main context.
 */
SrPrompt *sr_prompt_start(const char *program, const SrConsentModel *model, SrPromptKind kind,
                          const SrSeat *seat, guint timeout_seconds, SrPromptDone done,
                          gpointer user_data);

/* Kill the program and forget the callback. */
void sr_prompt_cancel(SrPrompt *prompt);
