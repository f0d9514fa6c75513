/* sealring key create|list|show|rename|default|delete: what needs no secret from the user. */
#include "cli/cli.h"
#include "cli/key_view.h"
#include "cli/output.h"
#include "cli/passphrase.h"

/* A call whose result is {"key":…}, printed. */
static gboolean call_and_print(SrCli *cli, const char *method, SrJson *params, GError **error)
{
    g_autoptr(SrJson) result = NULL;

    if (!sr_cli_call(cli, method, params, -1, &result, error))
        return FALSE;
    return sr_cli_print_json(cli, result) || sr_key_view_print_result(result, error);
}

static SrJson *key_params(const SrArguments *arguments)
{
    SrJson *params = json_object_new_object();

    sr_json_add_string(params, "key", sr_arguments_operand(arguments, 0));
    return params;
}

static const SrOption create_options[] = {
    {"name", "NAME", "what to call the key (default: Key 1, Key 2, ...)"},
    {"type", "TYPE", "secp256k1 (default), p256 or ed25519"},
    {"seal", NULL, "give the key a passphrase of its own at once"},
    SR_PASSPHRASE_OPTION,
    {NULL, NULL, NULL},
};

static gboolean run_create(SrCli *cli, const SrArguments *arguments, GError **error)
{
    SrJson *params;
    g_autoptr(SrSecret) passphrase = NULL;
    g_autoptr(SrJson) result = NULL;
    gboolean seal = sr_arguments_flag(arguments, "seal");

    if (!seal && sr_arguments_flag(arguments, "passphrase-fd"))
        return sr_usage_error(error, "--passphrase-fd goes with --seal");
    if (seal && !sr_passphrase_get(arguments, cli->terminal, "Passphrase for the key", TRUE,
                                   &passphrase, error))
        return FALSE;
    params = json_object_new_object();
    sr_key_view_add_options(params, arguments);
    if (!sr_cli_call(cli, "keys.create", params, -1, &result, error))
        return FALSE;
    if (seal && !sr_key_view_seal(cli, passphrase, &result, error))
        return FALSE;
    return sr_cli_print_json(cli, result) || sr_key_view_print_result(result, error);
}

static gboolean run_list(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) result = NULL;

    (void)arguments;
    if (!sr_cli_call(cli, "keys.list", NULL, -1, &result, error))
        return FALSE;
    return sr_cli_print_json(cli, result) || sr_key_view_print_list(result, error);
}

static gboolean run_show(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) key = sr_key_view_find(cli, sr_arguments_operand(arguments, 0), error);

    if (!key)
        return FALSE;
    if (!sr_cli_print_json(cli, key))
        sr_key_view_print(key);
    return TRUE;
}

static gboolean run_rename(SrCli *cli, const SrArguments *arguments, GError **error)
{
    SrJson *params = key_params(arguments);

    sr_json_add_string(params, "name", sr_arguments_operand(arguments, 1));
    return call_and_print(cli, "keys.rename", params, error);
}

static gboolean run_default(SrCli *cli, const SrArguments *arguments, GError **error)
{
    return call_and_print(cli, "keys.setDefault", key_params(arguments), error);
}

static gboolean run_delete(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) result = NULL;

    if (!sr_cli_call(cli, "keys.delete", key_params(arguments), -1, &result, error))
        return FALSE;
    if (!sr_cli_print_json(cli, result))
        sr_output_line("Deleted.");
    return TRUE;
}

const SrCommand sr_key_commands[] = {
    {"key create", "", 0, 0, create_options, "Make a new random key",
     "The first secp256k1 key becomes the default key.", run_create},
    {"key list", "", 0, 0, NULL, "List all keys; * marks the default",
     "A damaged key is listed without a type. It is never used or overwritten: restore it from a\n"
     "backup, or delete it by its id.",
     run_list},
    {"key show", "[KEY]", 0, 1, NULL, "Show one key, without its secret",
     "KEY is an id, a name or an address; left out, it is the default key.", run_show},
    {"key rename", "KEY NAME", 2, 2, NULL, "Give a key another name", NULL, run_rename},
    {"key default", "KEY", 1, 1, NULL, "Use this key when none is named",
     "Only a secp256k1 key can be the default.", run_default},
    {"key delete", "KEY", 1, 1, NULL, "Delete a key for ever; asks first",
     "The grants for the key go with it. Export the key first when it may be needed again.\n"
     "KEY can be the id of a damaged key.",
     run_delete},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
