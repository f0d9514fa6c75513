/* sealring lock|unlock|status, agent start|stop. */
#include "base/error.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/passphrase.h"
#include "cli/secret_call.h"

#include <errno.h>
#include <unistd.h>

#define LABEL_WIDTH 10u
#define STOP_TIMEOUT_MS 10000

static gint64 number(SrJson *status, const char *name)
{
    gint64 value = 0;

    sr_json_integer_optional(status, name, 0, G_MAXINT64, &value, NULL);
    return value;
}

static void print_number(const char *label, SrJson *status, const char *name)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number(status, name));

    sr_output_field(label, LABEL_WIDTH, text);
}

static void print_status(SrJson *status)
{
    SrJson *store = NULL;
    g_autofree char *running =
        g_strdup_printf("running, version %s, process %" G_GINT64_FORMAT,
                        sr_json_string(status, "version", NULL), number(status, "pid"));

    sr_output_field("Agent", LABEL_WIDTH, running);
    if (sr_json_object_optional(status, "store", &store, NULL) && store) {
        const char *detail = sr_json_string(store, "detail", NULL);
        g_autofree char *line = g_strdup_printf("%s, %s%s%s", sr_json_string(store, "name", NULL),
                                                sr_json_string(store, "state", NULL),
                                                detail ? ": " : "", detail ? detail : "");

        sr_output_field("Store", LABEL_WIDTH, line);
    }
    sr_output_field("Prompt", LABEL_WIDTH, sr_json_string(status, "prompt", NULL));
    if (json_object_object_get_ex(status, "keys", NULL))
        print_number("Keys", status, "keys");
    else
        sr_output_field("Keys", LABEL_WIDTH, "not known before it is unlocked");
    if (number(status, "damagedKeys") > 0)
        print_number("Damaged", status, "damagedKeys");
    print_number("Unlocked", status, "unlockedKeys");
    print_number("Clients", status, "clients");
    print_number("Programs", status, "programs");
    print_number("Questions", status, "promptsWaiting");
    sr_output_field("Sockets", LABEL_WIDTH, sr_json_string(status, "folder", NULL));
}

static gboolean show_status(SrCli *cli, GError **error)
{
    g_autoptr(SrJson) status = NULL;

    if (!sr_cli_call(cli, "sealring.status", NULL, -1, &status, error))
        return FALSE;
    if (!sr_cli_print_json(cli, status))
        print_status(status);
    return TRUE;
}

static gboolean run_status(SrCli *cli, const SrArguments *arguments, GError **error)
{
    (void)arguments;
    return sr_cli_connect(cli, FALSE, error) && show_status(cli, error);
}

static gboolean run_lock(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(SrJson) result = NULL;

    (void)arguments;
    /* An agent that is not running holds nothing. */
    if (sr_cli_connect(cli, FALSE, &problem) &&
        !sr_cli_call(cli, "sealring.lock", NULL, -1, &result, error))
        return FALSE;
    if (!sr_cli_print_json(cli, result))
        sr_output_line(problem ? "Nothing to lock: the agent is not running." : "Locked.");
    return TRUE;
}

/* Whether a passphrase would help, and if so, whether it is the first one. */
static gboolean needs_passphrase(SrCli *cli, gboolean *ret_needed, gboolean *ret_new,
                                 GError **error)
{
    g_autoptr(SrJson) status = NULL;
    SrJson *store = NULL;
    const char *state;

    if (!sr_cli_call(cli, "sealring.status", NULL, -1, &status, error) ||
        !sr_json_object_optional(status, "store", &store, error))
        return FALSE;
    state = store ? sr_json_string(store, "state", NULL) : NULL;
    *ret_new = g_strcmp0(state, "empty") == 0;
    *ret_needed = store && g_strcmp0(sr_json_string(store, "name", NULL), "vault") == 0 &&
                  (*ret_new || g_strcmp0(state, "locked") == 0);
    return TRUE;
}

static gboolean unlock(SrCli *cli, const SrArguments *arguments, SrJson **ret_status,
                       GError **error)
{
    g_autoptr(SrSecret) passphrase = NULL;
    gboolean needed;
    gboolean new;

    if (!needs_passphrase(cli, &needed, &new, error))
        return FALSE;
    /* A given descriptor is always used: a wrong passphrase must not look right because the vault
     * happens to be open. */
    if ((needed || sr_arguments_flag(arguments, "passphrase-fd")) &&
        !sr_passphrase_get(arguments, cli->terminal,
                           new ? "New passphrase for the vault" : "Passphrase of the vault", new,
                           &passphrase, error))
        return FALSE;
    return sr_secret_call_passphrase(cli, "sealring.unlock", json_object_new_object(), passphrase,
                                     ret_status, error);
}

static gboolean unlock_and_print(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) status = NULL;

    if (!unlock(cli, arguments, &status, error))
        return FALSE;
    if (!sr_cli_print_json(cli, status))
        print_status(status);
    return TRUE;
}

static gboolean run_unlock(SrCli *cli, const SrArguments *arguments, GError **error)
{
    return unlock_and_print(cli, arguments, error);
}

/* In the place of this process, so that service managers see the agent itself. */
static gboolean become_agent(GError **error)
{
    g_autofree char *program = sr_client_program("sealring-agent");
    char *const words[] = {program, NULL};

    if (!program) {
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "sealring-agent is not installed");
        return FALSE;
    }
    execv(program, words);
    sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "cannot start %s: %s", program,
                 g_strerror(errno));
    return FALSE;
}

static gboolean run_start(SrCli *cli, const SrArguments *arguments, GError **error)
{
    if (sr_arguments_flag(arguments, "foreground")) {
        if (sr_arguments_flag(arguments, "passphrase-fd"))
            return sr_usage_error(error, "--foreground goes without --passphrase-fd");
        return become_agent(error);
    }
    if (sr_arguments_flag(arguments, "passphrase-fd"))
        return unlock_and_print(cli, arguments, error);
    return show_status(cli, error);
}

static gboolean run_stop(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) result = NULL;

    (void)arguments;
    if (!sr_cli_connect(cli, FALSE, error) ||
        !sr_cli_call(cli, "sealring.stop", NULL, -1, &result, error))
        return FALSE;
    if (!sr_client_wait_closed(cli->client, STOP_TIMEOUT_MS)) {
        sr_error_set(error, SR_ERROR_BUSY, "the agent is still finishing what it has begun");
        return FALSE;
    }
    if (!sr_cli_print_json(cli, result))
        sr_output_line("Stopped.");
    return TRUE;
}

static const SrOption unlock_options[] = {
    SR_PASSPHRASE_OPTION,
    {NULL, NULL, NULL},
};

static const SrOption start_options[] = {
    SR_PASSPHRASE_OPTION,
    {"foreground", NULL, "become the agent instead of starting it in the background"},
    {NULL, NULL, NULL},
};

const SrCommand sr_agent_commands[] = {
    {"lock", "", 0, 0, NULL, "Forget all unlocked keys now",
     "Open questions are denied. Until `sealring unlock` the store is not read again.", run_lock},
    {"unlock", "", 0, 0, unlock_options, "Unlock the store",
     "A vault that does not exist yet is made, with this passphrase.", run_unlock},
    {"status", "", 0, 0, NULL, "Show how agent, store and prompt are", NULL, run_status},
    {"agent start", "", 0, 0, start_options, "Start the agent if it is not running",
     "Other commands start it too. With --passphrase-fd the vault is unlocked at once.", run_start},
    {"agent stop", "", 0, 0, NULL, "End the agent; what it has begun is finished first", NULL,
     run_stop},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
