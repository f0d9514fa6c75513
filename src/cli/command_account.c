/* sealring login, token, account list|show|logout: OAuth accounts. */
#include "base/error.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "cli/output.h"
#include "cli/secret_call.h"
#include "cli/sign_in.h"

#include <stdio.h>
#include <string.h>

#define LABEL_WIDTH 9u
#define SECRET_MAX 1024u
#define WANTED_MAX 3600

static const char *member(SrJson *object, const char *name)
{
    return sr_json_string(object, name, NULL);
}

/* --- login
 * ------------------------------------------------------------------------------------------- */

static const SrOption login_options[] = {
    {"issuer", "URL", "the provider"},
    {"client-id", "ID", "the client; left out, sealring registers one with the provider"},
    {"scope", "SCOPES", "what to ask for, between blanks (default: openid offline_access)"},
    {"login-hint", "NAME", "tell the provider who signs in"},
    {"client-secret-fd", "N", "read the secret of a confidential client from file descriptor N"},
    {"print-url", NULL, "print the address instead of opening the browser"},
    {"device", NULL, "sign in with a code on another device"},
    {"dpop", NULL, "bind the tokens to a key (RFC 9449)"},
    {NULL, NULL, NULL},
};

static void add_option(SrJson *params, const SrArguments *arguments, const char *name,
                       const char *member_name)
{
    const char *value = sr_arguments_option(arguments, name);

    if (value)
        sr_json_add_string(params, member_name, value);
}

static SrJson *login_params(const SrArguments *arguments)
{
    SrJson *params = json_object_new_object();

    add_option(params, arguments, "issuer", "issuer");
    add_option(params, arguments, "client-id", "clientId");
    add_option(params, arguments, "scope", "scope");
    add_option(params, arguments, "login-hint", "loginHint");
    if (sr_arguments_flag(arguments, "device"))
        sr_json_add_boolean(params, "device", TRUE);
    if (sr_arguments_flag(arguments, "dpop"))
        sr_json_add_boolean(params, "dpop", TRUE);
    return params;
}

/* The secret of --client-secret-fd; *ret_secret stays NULL when there is none. */
static gboolean read_secret(const SrArguments *arguments, SrSecret **ret_secret, GError **error)
{
    gint64 fd = -1;

    if (!sr_arguments_number(arguments, "client-secret-fd", 0, G_MAXINT, &fd, error))
        return FALSE;
    if (fd < 0)
        return TRUE;
    *ret_secret = sr_secret_read_fd((int)fd, SECRET_MAX, TRUE, error);
    return *ret_secret != NULL;
}

static gboolean call_login(SrCli *cli, const SrArguments *arguments, const SrSecret *secret,
                           SrJson **ret_result, GError **error)
{
    SrJson *params = login_params(arguments);

    if (!secret)
        return sr_cli_call(cli, "oauth.login", params, -1, ret_result, error);
    sr_json_add_boolean(params, "clientSecret", TRUE);
    return sr_secret_call(cli, "oauth.login", params, secret, ret_result, error);
}

static gboolean run_login(SrCli *cli, const SrArguments *arguments, GError **error)
{
    SrSignInView view = {.cli = cli, .prints = sr_arguments_flag(arguments, "print-url")};
    g_autoptr(SrSecret) secret = NULL;
    g_autoptr(SrJson) result = NULL;
    g_autofree char *line = NULL;
    SrJson *account = NULL;

    if (!sr_arguments_option(arguments, "issuer"))
        return sr_usage_error(error, "--issuer is needed");
    if (!read_secret(arguments, &secret, error) || !sr_cli_connect(cli, TRUE, error))
        return FALSE;
    sr_client_set_handler(cli->client, sr_sign_in_notified, &view);
    if (!call_login(cli, arguments, secret, &result, error) ||
        !sr_json_object_optional(result, "account", &account, error))
        return FALSE;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    line = g_strdup_printf("Signed in: %s (%s)", member(account, "name"), member(account, "id"));
    sr_output_line(line);
    return TRUE;
}

/* --- token
 * ------------------------------------------------------------------------------------------- */

static const SrOption token_options[] = {
    {"min-valid", "SECONDS", "how long it should still be good for (default 30)"},
    {NULL, NULL, NULL},
};

static gboolean run_token(SrCli *cli, const SrArguments *arguments, GError **error)
{
    const char *account = sr_arguments_operand(arguments, 0);
    g_autoptr(SrJson) result = NULL;
    SrJson *params;
    gint64 wanted = 30;
    const char *token;

    if (!sr_arguments_number(arguments, "min-valid", 0, WANTED_MAX, &wanted, error))
        return FALSE;
    params = json_object_new_object();
    if (account)
        sr_json_add_string(params, "account", account);
    sr_json_add_integer(params, "minValid", wanted);
    if (!sr_cli_call(cli, "oauth.token", params, -1, &result, error))
        return FALSE;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    token = sr_json_string(result, "accessToken", error);
    return token && puts(token) >= 0;
}

/* --- account
 * ---------------------------------------------------------------------------------------- */

static gboolean get_accounts(SrCli *cli, SrJson **ret_result, SrJson **ret_accounts, GError **error)
{
    return sr_cli_call(cli, "oauth.accounts", NULL, -1, ret_result, error) &&
           sr_json_array_optional(*ret_result, "accounts", ret_accounts, error);
}

static gboolean run_list(SrCli *cli, const SrArguments *arguments, GError **error)
{
    static const char *const headings[] = {"ID", "NAME", "SCOPE", "STATE", "FOR", NULL};
    g_autoptr(SrTable) table = sr_table_new(headings);
    g_autoptr(SrJson) result = NULL;
    SrJson *accounts = NULL;
    gsize count;

    (void)arguments;
    if (!get_accounts(cli, &result, &accounts, error))
        return FALSE;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    count = accounts ? json_object_array_length(accounts) : 0;
    for (gsize i = 0; i < count; i++) {
        SrJson *account = json_object_array_get_idx(accounts, i);
        const char *cells[] = {member(account, "id"), member(account, "name"),
                               member(account, "scope"), member(account, "state"),
                               member(account, "caller")};

        sr_table_add(table, cells);
    }
    if (count > 0)
        sr_table_print(table);
    else
        sr_output_line("No accounts. Sign in with: sealring login --issuer URL");
    return TRUE;
}

/* The account @name (id or name) of the list. Borrowed; NULL with an error. */
static SrJson *find(SrJson *accounts, const char *name, GError **error)
{
    const gsize count = accounts ? json_object_array_length(accounts) : 0;

    for (gsize i = 0; i < count; i++) {
        SrJson *account = json_object_array_get_idx(accounts, i);

        if (g_strcmp0(member(account, "id"), name) == 0 ||
            g_strcmp0(member(account, "name"), name) == 0)
            return account;
    }
    sr_error_set(error, SR_ERROR_KEY_NOT_FOUND, "there is no account %s", name);
    return NULL;
}

static gboolean run_show(SrCli *cli, const SrArguments *arguments, GError **error)
{
    static const char *const labels[][2] = {
        {"Name", "name"},       {"Id", "id"},       {"Provider", "issuer"}, {"Client", "clientId"},
        {"Subject", "subject"}, {"Scope", "scope"}, {"State", "state"},     {"Cause", "cause"},
        {"Created", "created"}, {"For", "caller"},  {"Page", "origin"},
    };
    g_autoptr(SrJson) result = NULL;
    SrJson *accounts = NULL;
    SrJson *account;

    if (!get_accounts(cli, &result, &accounts, error))
        return FALSE;
    account = find(accounts, sr_arguments_operand(arguments, 0), error);
    if (!account)
        return FALSE;
    if (sr_cli_print_json(cli, account))
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
        sr_output_field(labels[i][0], LABEL_WIDTH, member(account, labels[i][1]));
    return TRUE;
}

static gboolean run_logout(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) result = NULL;
    SrJson *params = json_object_new_object();
    const char *problem = NULL;

    sr_json_add_string(params, "account", sr_arguments_operand(arguments, 0));
    if (!sr_cli_call(cli, "oauth.logout", params, -1, &result, error) ||
        !sr_json_string_optional(result, "problem", &problem, error))
        return FALSE;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    if (problem) {
        g_autofree char *line = g_strdup_printf("Signed out here; %s", problem);

        sr_output_line(line);
    } else {
        sr_output_line("Signed out; the provider has ended the session.");
    }
    return TRUE;
}

const SrCommand sr_account_commands[] = {
    {"login", "", 0, 0, login_options, "Sign in at an OAuth provider",
     "Opens the provider's page in the browser and waits for it to come back. The refresh token\n"
     "stays in the keyring; access tokens are printed by `sealring token`.",
     run_login},
    {"token", "[ACCOUNT]", 0, 1, token_options, "Print an access token that is still good",
     "Refreshes it when it must be. ACCOUNT is an id or a name; left out, the only account.",
     run_token},
    {"account list", "", 0, 0, NULL, "List the accounts", NULL, run_list},
    {"account show", "ACCOUNT", 1, 1, NULL, "Show one account", NULL, run_show},
    {"account logout", "ACCOUNT", 1, 1, NULL, "Sign out: tell the provider, forget the tokens",
     "The tokens are forgotten also when the provider cannot be reached.", run_logout},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
