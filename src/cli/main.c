#include "cli/cli.h"

#include "base/error.h"
#include "cli/consent.h"
#include "cli/help.h"
#include "cli/output.h"

#include <stdio.h>
#include <sys/resource.h>

/* In the order of the help. */
static const SrCommand *const groups[] = {
    sr_key_commands,     sr_key_secret_commands,   sr_siwe_commands,
    sr_sign_commands,    sr_grant_commands,        sr_session_commands,
    sr_account_commands, sr_oauth_client_commands, sr_log_commands,
    sr_agent_commands,   sr_store_commands,        sr_browser_commands,
    sr_pkcs11_commands,  sr_doctor_commands,       NULL,
};

gboolean sr_cli_connect(SrCli *cli, gboolean start, GError **error)
{
    if (cli->client)
        return TRUE;
    cli->client = sr_client_new(start, cli->terminal != NULL, error);
    if (!cli->client)
        return FALSE;
    if (cli->terminal)
        sr_client_set_handler(cli->client, sr_consent_notified, cli->terminal);
    return TRUE;
}

gboolean sr_cli_call(SrCli *cli, const char *method, SrJson *params, int passed_fd,
                     SrJson **ret_result, GError **error)
{
    if (!sr_cli_connect(cli, TRUE, error)) {
        sr_json_free(params);
        return FALSE;
    }
    return sr_client_call(cli->client, method, params, passed_fd, ret_result, error);
}

gboolean sr_cli_print_json(const SrCli *cli, SrJson *result)
{
    if (cli->json)
        sr_output_json(result);
    return cli->json;
}

/* The command of the first two words, or of the first one; *ret_rest is what follows. */
static const SrCommand *find_command(char **words, char ***ret_rest)
{
    g_autofree char *two =
        words[0] && words[1] ? g_strdup_printf("%s %s", words[0], words[1]) : NULL;

    for (const SrCommand *const *group = groups; *group; group++) {
        for (const SrCommand *command = *group; command->name; command++) {
            gboolean is_two = g_strcmp0(command->name, two) == 0;

            if (is_two || g_strcmp0(command->name, words[0]) == 0) {
                *ret_rest = words + (is_two ? 2 : 1);
                return command;
            }
        }
    }
    return NULL;
}

static SrExit status_of(const GError *error)
{
    if (error->domain == SR_USAGE_ERROR)
        return SR_EXIT_USAGE;
    if (error->domain != SR_ERROR)
        return SR_EXIT_FAILED;
    switch ((SrErrorCode)error->code) {
    case SR_ERROR_USER_REJECTED:
    case SR_ERROR_NO_PROMPT:
    case SR_ERROR_NOT_GRANTED:
        return SR_EXIT_DENIED;
    case SR_ERROR_STORE_LOCKED:
    case SR_ERROR_STORE_UNAVAILABLE:
    case SR_ERROR_AGENT_UNAVAILABLE:
        return SR_EXIT_UNAVAILABLE;
    default:
        return SR_EXIT_FAILED;
    }
}

static SrExit fail(const SrCli *cli, const GError *error, const SrCommand *command)
{
    SrExit status = status_of(error);

    sr_output_error(error, cli->client ? sr_client_error(cli->client) : NULL, cli->json);
    if (status == SR_EXIT_USAGE && !cli->json)
        fprintf(stderr, "  see `sealring help%s%s`\n", command ? " " : "",
                command ? command->name : "");
    return status;
}

static SrExit run_command(SrCli *cli, const SrCommand *command, char *const *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrArguments) arguments =
        sr_arguments_parse(words, command->options, command->least, command->most, &error);

    if (arguments && sr_arguments_flag(arguments, "help")) {
        sr_help_command(command);
        return SR_EXIT_DONE;
    }
    if (!arguments || !command->run(cli, arguments, &error))
        return fail(cli, error, command);
    return cli->status;
}

/* `sealring help [COMMAND]`, `sealring key --help`. */
static SrExit run_help(const SrCli *cli, const char *prefix)
{
    g_autoptr(GError) error = NULL;

    if (prefix[0] == '\0') {
        sr_help_all(groups);
        return SR_EXIT_DONE;
    }
    if (sr_help_some(groups, prefix))
        return SR_EXIT_DONE;
    sr_usage_error(&error, "there is no command %.64s", prefix);
    return fail(cli, error, NULL);
}

static SrExit run_unknown(const SrCli *cli, char **words)
{
    g_autoptr(GError) error = NULL;

    if (!words[0])
        sr_usage_error(&error, "a command is missing");
    else
        sr_usage_error(&error, "there is no command %.64s%s%.64s", words[0], words[1] ? " " : "",
                       words[1] ? words[1] : "");
    return fail(cli, error, NULL);
}

static gboolean is_help(const char *word)
{
    return g_strcmp0(word, "--help") == 0 || g_strcmp0(word, "-h") == 0;
}

static SrExit dispatch(SrCli *cli, char **words)
{
    char **rest = NULL;
    const SrCommand *command;

    while (g_strcmp0(words[0], "--json") == 0)
        words++;
    if (g_strcmp0(words[0], "--version") == 0) {
        printf("sealring %s\n", SR_VERSION);
        return SR_EXIT_DONE;
    }
    if (is_help(words[0]))
        return run_help(cli, "");
    if (g_strcmp0(words[0], "help") == 0) {
        g_autofree char *prefix = g_strjoinv(" ", words + 1);

        return run_help(cli, prefix);
    }
    command = find_command(words, &rest);
    if (command)
        return run_command(cli, command, rest);
    return words[0] && is_help(words[1]) ? run_help(cli, words[0]) : run_unknown(cli, words);
}

int main(int argc, char **argv)
{
    static const struct rlimit no_core = {0, 0};
    SrCli cli = {.status = SR_EXIT_DONE};
    SrExit status;

    /* A passphrase may pass through: leave no core file. */
    setrlimit(RLIMIT_CORE, &no_core);
    /* Before the options are read: their errors are JSON too. */
    cli.json = argc > 1 && g_strv_contains((const char *const *)argv + 1, "--json");
    cli.terminal = sr_terminal_open();
    status = dispatch(&cli, argc > 0 ? argv + 1 : argv);
    if (!sr_output_finish() && status == SR_EXIT_DONE)
        status = SR_EXIT_FAILED;
    sr_client_free(cli.client);
    sr_terminal_free(cli.terminal);
    return (int)status;
}
