/* sealring pkcs11 status|pin: the programs that use keys over PKCS#11, and the PIN they may ask. */
#include "base/error.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/passphrase.h"
#include "cli/secret_call.h"

#include <string.h>

#define LABEL_WIDTH 8u

/* --- status
 * -------------------------------------------------------------------------------------------- */

static gint64 number(SrJson *object, const char *name)
{
    gint64 value = 0;

    sr_json_integer_optional(object, name, 0, G_MAXINT64, &value, NULL);
    return value;
}

static gboolean flag(SrJson *object, const char *name)
{
    gboolean value = FALSE;

    sr_json_boolean_optional(object, name, &value, NULL);
    return value;
}

static void print_pin(SrJson *pin)
{
    const char *state = sr_json_string(pin, "state", NULL);

    if (g_strcmp0(state, "locked") == 0)
        sr_output_field("PIN", LABEL_WIDTH,
                        "locked after wrong tries; set another one: sealring pkcs11 pin change");
    else if (g_strcmp0(state, "set") == 0)
        sr_output_field("PIN", LABEL_WIDTH,
                        number(pin, "failures") > 0 ? "set; the last tries were wrong" : "set");
    else
        sr_output_field("PIN", LABEL_WIDTH, "none: you are asked when a program wants in");
}

/* "accounts, keys", or "-". Owned by the caller. */
static char *logins_text(SrJson *program)
{
    SrJson *logins = NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    if (sr_json_array_optional(program, "loggedIn", &logins, NULL) && logins)
        for (gsize i = 0; i < json_object_array_length(logins); i++) {
            const char *name = json_object_get_string(json_object_array_get_idx(logins, i));

            g_ptr_array_add(names, (gpointer)(guintptr)name);
        }
    if (names->len == 0)
        return g_strdup("-");
    g_ptr_array_add(names, NULL);
    return g_strjoinv(", ", (char **)names->pdata);
}

static void print_programs(SrJson *programs)
{
    static const char *const headings[] = {"PROGRAM",   "CONFIRMED",   "PROCESS",
                                           "LOGGED IN", "KEYS IN USE", NULL};
    g_autoptr(SrTable) table = sr_table_new(headings);
    const gsize count = programs ? json_object_array_length(programs) : 0;

    if (count == 0) {
        sr_output_line("No program is connected.");
        return;
    }
    for (gsize i = 0; i < count; i++) {
        SrJson *program = json_object_array_get_idx(programs, i);
        g_autofree char *process = g_strdup_printf("%" G_GINT64_FORMAT, number(program, "pid"));
        g_autofree char *in_use =
            g_strdup_printf("%" G_GINT64_FORMAT, number(program, "keysInUse"));
        g_autofree char *logins = logins_text(program);
        const char *cells[] = {sr_json_string(program, "program", NULL),
                               flag(program, "confirmed") ? "yes" : "no", process, logins, in_use};

        sr_table_add(table, cells);
    }
    sr_table_print(table);
}

static gboolean run_status(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) result = NULL;
    SrJson *pin = NULL;
    SrJson *programs = NULL;

    (void)arguments;
    if (!sr_cli_call(cli, "pkcs11.status", NULL, -1, &result, error) ||
        !sr_json_object_optional(result, "pin", &pin, error) ||
        !sr_json_array_optional(result, "programs", &programs, error))
        return FALSE;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    if (pin)
        print_pin(pin);
    print_programs(programs);
    return TRUE;
}

/* --- pin
 * -----------------------------------------------------------------------------------------------
 */

static const SrOption pin_options[] = {
    SR_PASSPHRASE_OPTION,
    {NULL, NULL, NULL},
};

static gboolean set_pin(SrCli *cli, const SrArguments *arguments, gboolean replace, GError **error)
{
    g_autoptr(SrSecret) pin = NULL;
    g_autoptr(SrJson) result = NULL;
    SrJson *params;

    if (!sr_passphrase_get(arguments, cli->terminal, "New PIN", TRUE, &pin, error))
        return FALSE;
    params = json_object_new_object();
    sr_json_add_boolean(params, "replace", replace);
    if (!sr_secret_call_passphrase(cli, "pkcs11.setPin", params, pin, &result, error))
        return FALSE;
    if (!sr_cli_print_json(cli, result))
        sr_output_line("The PIN is set.");
    return TRUE;
}

static gboolean remove_pin(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrJson) result = NULL;

    if (sr_arguments_flag(arguments, "passphrase-fd"))
        return sr_usage_error(error, "--passphrase-fd is for set and change");
    if (!sr_cli_call(cli, "pkcs11.removePin", NULL, -1, &result, error))
        return FALSE;
    if (!sr_cli_print_json(cli, result))
        sr_output_line("The PIN is removed.");
    return TRUE;
}

static gboolean run_pin(SrCli *cli, const SrArguments *arguments, GError **error)
{
    const char *what = sr_arguments_operand(arguments, 0);

    if (strcmp(what, "set") == 0)
        return set_pin(cli, arguments, FALSE, error);
    if (strcmp(what, "change") == 0)
        return set_pin(cli, arguments, TRUE, error);
    if (strcmp(what, "remove") == 0)
        return remove_pin(cli, arguments, error);
    return sr_usage_error(error, "%.64s is none of set, change, remove", what);
}

const SrCommand sr_pkcs11_commands[] = {
    {"pkcs11 status", "", 0, 0, NULL, "Show the programs that use keys over PKCS#11", NULL,
     run_status},
    {"pkcs11 pin", "set|change|remove", 1, 1, pin_options,
     "Let programs in by a PIN instead of a question",
     "Without a PIN you are asked when a program wants to use your keys. With one, it asks for\n"
     "the PIN itself. After five wrong ones no PIN is taken until you change it.",
     run_pin},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
