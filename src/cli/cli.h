/*
 * What every command gets, and the table its group exports.
 *
 * A command returns TRUE when it did its work; it sets cli->status itself only for an answer that
 * is bad news but no error ("the signature does not verify"). The dispatcher prints errors and
 * turns them into the exit status.
 */
#pragma once

#include "base/json.h"
#include "cli/arguments.h"
#include "cli/client.h"
#include "cli/terminal.h"

typedef enum {
    SR_EXIT_DONE = 0,
    SR_EXIT_FAILED = 1,
    SR_EXIT_USAGE = 2,
    SR_EXIT_DENIED = 3,
    SR_EXIT_UNAVAILABLE = 4, /* locked, or the agent or the store cannot be reached */
} SrExit;

typedef struct {
    gboolean json;        /* print results and errors as JSON */
    SrTerminal *terminal; /* NULL when nobody can be asked */
    SrClient *client;     /* NULL until something is asked of the agent */
    SrExit status;
} SrCli;

typedef gboolean (*SrCommandRun)(SrCli *cli, const SrArguments *arguments, GError **error);

typedef struct {
    const char *name;     /* "key create"; NULL ends a table */
    const char *operands; /* for the help: "KEY NAME", "[FILE|-]", or "" */
    guint least, most;    /* how many operands */
    const SrOption *options;
    const char *summary; /* one line */
    const char *about;   /* more for `sealring help`; may be NULL */
    SrCommandRun run;
} SrCommand;

extern const SrCommand sr_key_commands[];
extern const SrCommand sr_key_secret_commands[];
extern const SrCommand sr_siwe_commands[];
extern const SrCommand sr_sign_commands[];
extern const SrCommand sr_grant_commands[];
extern const SrCommand sr_session_commands[];
extern const SrCommand sr_account_commands[];
extern const SrCommand sr_oauth_client_commands[];
extern const SrCommand sr_log_commands[];
extern const SrCommand sr_agent_commands[];
extern const SrCommand sr_store_commands[];
extern const SrCommand sr_browser_commands[];
extern const SrCommand sr_pkcs11_commands[];
extern const SrCommand sr_doctor_commands[];

/* Connect to the agent, starting it when @start is set and nobody listens. Once is enough. */
gboolean sr_cli_connect(SrCli *cli, gboolean start, GError **error);

/*
 * Ask the agent, starting it when needed, and answer the questions it puts to the person at the
 * terminal meanwhile. Takes @params (may be NULL). @passed_fd goes along (-1: none). *ret_result is
 * a new reference, NULL for JSON's null; @ret_result may be NULL.
 */
gboolean sr_cli_call(SrCli *cli, const char *method, SrJson *params, int passed_fd,
                     SrJson **ret_result, GError **error);

/* Print @result as JSON when that was asked for; FALSE when the command is to print for people. */
gboolean sr_cli_print_json(const SrCli *cli, SrJson *result);
