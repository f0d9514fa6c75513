/*
 * The person's terminal: /dev/tty, or standard input and error when they are one. Questions never
 * go through standard output, so that a pipe gets results only.
 */
#pragma once

#include "base/secret.h"

typedef struct SrTerminal SrTerminal;

/* The terminal, or NULL when there is none or this program runs in its background. */
SrTerminal *sr_terminal_open(void);

/* Width in characters, from 40 to 200. */
guint sr_terminal_columns(const SrTerminal *terminal);

/* Show text. */
void sr_terminal_write(SrTerminal *terminal, const char *text);

typedef enum {
    SR_LINE_READ,
    SR_LINE_END,         /* end of input, or the terminal went away */
    SR_LINE_INTERRUPTED, /* Ctrl-C */
    SR_LINE_STOPPED,     /* the watch said so */
} SrLine;

/* Something else to look after while the user thinks: @stop is called when @fd is readable and
 * returns TRUE to give up waiting. */
typedef struct {
    int fd;
    gboolean (*stop)(gpointer user_data);
    gpointer user_data;
} SrTerminalWatch;

#define SR_TERMINAL_LINE_MAX 1024u

/*
 * Ask @question and read one line of at most SR_TERMINAL_LINE_MAX bytes, without its line break,
 * into *ret_line (owned by the caller, NULL unless SR_LINE_READ). What was typed before the
 * question does not count. With @hidden nothing is shown; the terminal is put back whatever
 * happens, also when a signal ends or stops the program. @watch may be NULL. A longer line is asked
 * for again.
 */
SrLine sr_terminal_ask(SrTerminal *terminal, const char *question, gboolean hidden,
                       const SrTerminalWatch *watch, SrSecret **ret_line);

void sr_terminal_free(SrTerminal *terminal);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrTerminal, sr_terminal_free)
