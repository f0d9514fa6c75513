/* sealring store show|move: where the keys are kept. */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/passphrase.h"
#include "cli/secret_call.h"

#include <string.h>

#define LABEL_WIDTH 10u

static gboolean run_show(SrCli *cli, const SrArguments *arguments, GError **error)
{
    static const char *const labels[][2] = {
        {"Configured", "configured"},
        {"Active", "active"},
        {"State", "state"},
        {"Detail", "detail"},
    };
    g_autoptr(SrJson) result = NULL;

    (void)arguments;
    if (!sr_cli_call(cli, "store.show", NULL, -1, &result, error))
        return FALSE;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
        sr_output_field(labels[i][0], LABEL_WIDTH, sr_json_string(result, labels[i][1], NULL));
    return TRUE;
}

/* Kind and id are all that can be said of a damaged record. */
static void print_left(SrJson *damaged)
{
    const gsize count = damaged ? json_object_array_length(damaged) : 0;

    for (gsize i = 0; i < count; i++) {
        SrJson *entry = json_object_array_get_idx(damaged, i);
        g_autofree char *line =
            g_strdup_printf("Left where it was, because it is damaged: %s %s",
                            sr_json_string(entry, "kind", NULL), sr_json_string(entry, "id", NULL));

        sr_output_line(line);
    }
}

static const SrOption move_options[] = {
    {"passphrase-fd", "N", "read the vault's passphrase from file descriptor N"},
    {NULL, NULL, NULL},
};

static gboolean run_move(SrCli *cli, const SrArguments *arguments, GError **error)
{
    const char *to = sr_arguments_operand(arguments, 0);
    g_autoptr(SrSecret) passphrase = NULL;
    g_autoptr(SrJson) result = NULL;
    g_autofree char *line = NULL;
    SrJson *damaged = NULL;
    SrJson *params;
    gint64 moved = 0;

    if (strcmp(to, "secret-service") != 0 && strcmp(to, "vault") != 0)
        return sr_usage_error(error, "the place is secret-service or vault");
    /* Whether a passphrase is needed depends on both stores: unless it was given, the agent asks
     * when it comes to that. */
    if (sr_arguments_flag(arguments, "passphrase-fd") &&
        !sr_passphrase_get(arguments, NULL, "", FALSE, &passphrase, error))
        return FALSE;
    params = json_object_new_object();
    sr_json_add_string(params, "to", to);
    if (!sr_secret_call_passphrase(cli, "store.move", params, passphrase, &result, error) ||
        !sr_json_integer_optional(result, "moved", 0, G_MAXINT64, &moved, error) ||
        !sr_json_array_optional(result, "damaged", &damaged, error))
        return FALSE;
    if (sr_cli_print_json(cli, result))
        return TRUE;
    line = g_strdup_printf("%" G_GINT64_FORMAT " records moved; the keys are now kept in: %s",
                           moved, to);
    sr_output_line(line);
    print_left(damaged);
    return TRUE;
}

const SrCommand sr_store_commands[] = {
    {"store show", "", 0, 0, NULL, "Show where the keys are kept", NULL, run_show},
    {"store move", "secret-service|vault", 1, 1, move_options, "Keep the keys somewhere else",
     "Everything is copied, read back and compared before the old copy goes. When it is\n"
     "interrupted, nothing is lost; run it again to complete it. Damaged records stay where they\n"
     "are, and are named.",
     run_move},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
