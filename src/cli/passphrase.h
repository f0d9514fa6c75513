/*
 * Secrets on their way to the agent: from a file descriptor or the terminal into locked memory, and
 * from there as a memory file over the socket. Never from the command line or the environment.
 */
#pragma once

#include "cli/arguments.h"
#include "cli/terminal.h"

/* The option every command with a passphrase has. */
#define SR_PASSPHRASE_OPTION                                                                       \
    {                                                                                              \
        "passphrase-fd", "N", "read the passphrase from file descriptor N"                         \
    }

/*
 * Ask for "@what: ", twice when it is @new; up to three times when the two differ. NULL with
 * SR_ERROR_USER_REJECTED when nothing was entered or Ctrl-C was pressed. @watch may be NULL. Owned
 * by the caller.
 */
SrSecret *sr_passphrase_ask(SrTerminal *terminal, const char *what, gboolean new,
                            const SrTerminalWatch *watch, GError **error);

/*
 * The passphrase of a command: from --passphrase-fd, else from @terminal. *ret_passphrase stays
 * NULL, and the result is TRUE, when there is neither: the agent then asks with its own prompt.
 */
gboolean sr_passphrase_get(const SrArguments *arguments, SrTerminal *terminal, const char *what,
                           gboolean new, SrSecret **ret_passphrase, GError **error);

/* A memory file that holds @secret (NULL: empty), positioned at its start; -1 with @error. */
int sr_passphrase_to_file(const SrSecret *secret, GError **error);
