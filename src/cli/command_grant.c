/* sealring grant list|add|revoke: what is signed without asking, and who sees which key. */
#include "base/error.h"
#include "browsers/extension_id.h"
#include "cli/cli.h"
#include "cli/files.h"
#include "cli/output.h"
#include "ethereum/siwe.h"

#include <string.h>

#define SECONDS_A_DAY 86400
#define DAYS_DEFAULT 30
#define DAYS_MAX 365

static const char *text(SrJson *grant, const char *name)
{
    return sr_json_string(grant, name, NULL);
}

/* What is granted: a key, all keys of a token, an account, a provider. Owned by the caller. */
static char *target(SrJson *grant)
{
    const char *token = text(grant, "token");
    const char *account = text(grant, "account");
    const char *provider = text(grant, "provider");

    if (token)
        return g_strdup_printf("all %s", token);
    return g_strdup(account ? account : provider ? provider : text(grant, "key"));
}

static void print_grants(SrJson *grants)
{
    static const char *const headings[] = {"ID",  "KIND",    "FOR",          "ORIGIN",
                                           "KEY", "EXPIRES", "CAPABILITIES", NULL};
    g_autoptr(SrTable) table = sr_table_new(headings);
    gsize count = grants ? json_object_array_length(grants) : 0;

    if (count == 0) {
        sr_output_line("No grants.");
        return;
    }
    for (gsize i = 0; i < count; i++) {
        SrJson *grant = json_object_array_get_idx(grants, i);
        const char *extension = text(grant, "extension");
        const char *expires = text(grant, "expires");
        g_autofree char *key = target(grant);
        const char *cells[] = {
            text(grant, "id"),
            text(grant, "kind"),
            extension ? extension : text(grant, "program"),
            text(grant, "origin"),
            key,
            expires ? expires : "never",
            text(grant, "capabilities"),
        };

        sr_table_add(table, cells);
    }
    sr_table_print(table);
}

static gboolean run_list(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) result = NULL;
    SrJson *grants = NULL;

    (void)arguments;
    if (!sr_cli_call(cli, "grants.list", NULL, -1, &result, error) ||
        !sr_json_array_optional(result, "grants", &grants, error))
        return FALSE;
    if (!sr_cli_print_json(cli, result))
        print_grants(grants);
    return TRUE;
}

static const SrOption add_options[] = {
    {"extension", "ID", "the extension: its id, or chrome-extension://ID"},
    {"origin", "ORIGIN", "the page's origin (default: the extension itself)"},
    {"program", "PATH", "a program on this computer, instead of an extension"},
    {"key", "KEY", "the key"},
    {"token", "NAME", "all accounts or all keys (accounts, keys), for a program"},
    {"like", "FILE", "sign messages like the one in FILE without asking"},
    {"days", "N", "how long: 1 to 365 days (default 30; a program: until revoked)"},
    {NULL, NULL, NULL},
};

/* Extensions are named as the agent names them; the bare id of a Chromium extension will do. */
static void add_extension(SrJson *params, const char *extension)
{
    SrFamily family;
    gboolean bare = sr_extension_id_read(extension, &family) && family == SR_FAMILY_CHROMIUM;
    g_autofree char *full = g_strconcat(bare ? "chrome-extension://" : "", extension, NULL);

    sr_json_add_string(params, "extension", full);
}

static gboolean add_like(SrJson *params, const SrArguments *arguments, GError **error)
{
    const char *path = sr_arguments_option(arguments, "like");
    gint64 days = DAYS_DEFAULT;
    g_autoptr(GByteArray) message = NULL;

    if (!path && sr_arguments_flag(arguments, "days"))
        return sr_usage_error(error, "--days goes with --like");
    sr_json_add_string(params, "kind", path ? "siwe" : "accounts");
    if (!path)
        return TRUE;
    if (!sr_arguments_number(arguments, "days", 1, DAYS_MAX, &days, error))
        return FALSE;
    message = sr_file_read(path, SR_SIWE_MESSAGE_MAX, error);
    if (!message)
        return FALSE;
    if (!g_utf8_validate((const char *)message->data, (gssize)message->len, NULL)) {
        sr_error_set(error, SR_ERROR_MALFORMED_SIWE, "%s is not text", path);
        return FALSE;
    }
    sr_json_add_string(params, "message", (const char *)message->data);
    sr_json_add_integer(params, "seconds", days * SECONDS_A_DAY);
    return TRUE;
}

static gboolean add_grant(SrCli *cli, SrJson *params, GError **error)
{
    g_autoptr(SrJson) result = NULL;
    SrJson *grant = NULL;

    if (!sr_cli_call(cli, "grants.add", params, -1, &result, error) ||
        !sr_json_object_optional(result, "grant", &grant, error))
        return FALSE;
    if (!sr_cli_print_json(cli, result))
        sr_output_field("Granted", 0, grant ? text(grant, "id") : "");
    return TRUE;
}

static gboolean add_program(SrCli *cli, const SrArguments *arguments, GError **error)
{
    const char *key = sr_arguments_option(arguments, "key");
    const char *token = sr_arguments_option(arguments, "token");
    g_autoptr(SrJson) params = json_object_new_object();
    gint64 days = 0;

    if (sr_arguments_flag(arguments, "extension") || sr_arguments_flag(arguments, "origin") ||
        sr_arguments_flag(arguments, "like"))
        return sr_usage_error(error, "--extension, --origin and --like do not go with --program");
    if (!key == !token)
        return sr_usage_error(error, "with --program, either --key or --token is needed");
    if (!sr_arguments_number(arguments, "days", 1, DAYS_MAX, &days, error))
        return FALSE;
    sr_json_add_string(params, "kind", "program");
    sr_json_add_string(params, "program", sr_arguments_option(arguments, "program"));
    sr_json_add_string(params, key ? "key" : "token", key ? key : token);
    if (days > 0)
        sr_json_add_integer(params, "seconds", days * SECONDS_A_DAY);
    return add_grant(cli, g_steal_pointer(&params), error);
}

static gboolean run_add(SrCli *cli, const SrArguments *arguments, GError **error)
{
    const char *extension = sr_arguments_option(arguments, "extension");
    const char *origin = sr_arguments_option(arguments, "origin");
    const char *key = sr_arguments_option(arguments, "key");
    g_autoptr(SrJson) params = NULL;

    if (sr_arguments_flag(arguments, "program"))
        return add_program(cli, arguments, error);
    if (!extension || !key)
        return sr_usage_error(error, "--extension (or --program) and --key are needed");
    if (sr_arguments_flag(arguments, "token"))
        return sr_usage_error(error, "--token goes with --program");
    params = json_object_new_object();
    if (!add_like(params, arguments, error))
        return FALSE;
    add_extension(params, extension);
    if (origin)
        sr_json_add_string(params, "origin", origin);
    sr_json_add_string(params, "key", key);
    return add_grant(cli, g_steal_pointer(&params), error);
}

static gboolean run_revoke(SrCli *cli, const SrArguments *arguments, GError **error)
{
    SrJson *params = json_object_new_object();
    g_autoptr(SrJson) result = NULL;

    sr_json_add_string(params, "id", sr_arguments_operand(arguments, 0));
    if (!sr_cli_call(cli, "grants.revoke", params, -1, &result, error))
        return FALSE;
    if (!sr_cli_print_json(cli, result))
        sr_output_line("Revoked.");
    return TRUE;
}

const SrCommand sr_grant_commands[] = {
    {"grant list", "", 0, 0, NULL, "List connected keys and remembered sign-ins", NULL, run_list},
    {"grant add", "", 0, 0, add_options, "Connect a key, or remember a sign-in; asks first",
     "Without --like the extension (or the page, with --origin) may see the key and ask for\n"
     "signatures. With --like, sign-ins that differ from FILE only in nonce and times are signed\n"
     "without asking. With --program, that program uses the key over PKCS#11 without asking;\n"
     "scripts are run by their interpreter, which is the program then.",
     run_add},
    {"grant revoke", "ID", 1, 1, NULL, "Take a grant back", NULL, run_revoke},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
