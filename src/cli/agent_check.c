#include "cli/agent_check.h"

#include "base/error.h"
#include "cli/module_check.h"

#define NAME "agent"

static void check_store(SrCheckup *checkup, SrJson *status)
{
    static const struct {
        const char *state;
        SrCheckState verdict;
        const char *next_step;
    } rows[] = {
        {"open", SR_CHECK_OK, NULL},
        {"empty", SR_CHECK_OK, NULL},
        {"locked", SR_CHECK_WARN, "`sealring unlock`"},
        {"unavailable", SR_CHECK_FAIL,
         "start the keyring service, or choose the vault: `store = vault`"},
    };
    SrJson *store = NULL;
    const char *state;
    const char *detail;

    sr_json_object_optional(status, "store", &store, NULL);
    state = store ? sr_json_string(store, "state", NULL) : NULL;
    detail = store ? sr_json_string(store, "detail", NULL) : NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_strcmp0(rows[i].state, state) == 0)
            sr_checkup_add(checkup, rows[i].verdict, "store", rows[i].next_step, "%s, %s%s%s",
                           sr_json_string(store, "name", NULL), state, detail ? ": " : "",
                           detail ? detail : "");
}

static void check_prompt(SrCheckup *checkup, SrJson *status)
{
    const char *prompt = sr_json_string(status, "prompt", NULL);

    if (g_strcmp0(prompt, "none") == 0)
        sr_checkup_add(checkup, SR_CHECK_WARN, "prompt",
                       "install sealring-prompt, or set `prompt-command`",
                       "nobody can be asked: everything that needs consent is denied");
    else if (g_strcmp0(prompt, "terminal") == 0)
        sr_checkup_add(checkup, SR_CHECK_WARN, "prompt",
                       "for browsers install sealring-prompt, or set `prompt-command`",
                       "this terminal, for commands typed here only");
    else
        sr_checkup_add(checkup, SR_CHECK_OK, "prompt", NULL, "%s", prompt ? prompt : "unknown");
}

static void check_keys(SrCheckup *checkup, SrJson *status)
{
    gint64 keys = 0;
    gint64 damaged = 0;

    if (!json_object_object_get_ex(status, "keys", NULL)) {
        sr_checkup_add(checkup, SR_CHECK_OK, "keys", NULL, "not known before it is unlocked");
        return;
    }
    sr_json_integer_optional(status, "keys", 0, G_MAXINT64, &keys, NULL);
    sr_json_integer_optional(status, "damagedKeys", 0, G_MAXINT64, &damaged, NULL);
    if (damaged == 0)
        sr_checkup_add(checkup, SR_CHECK_OK, "keys",
                       keys == 0 ? "make one: `sealring key create`" : NULL, "%" G_GINT64_FORMAT,
                       keys);
    else
        sr_checkup_add(checkup, SR_CHECK_WARN, "keys",
                       "`sealring key list` names them; restore them from a backup, or delete them",
                       "%" G_GINT64_FORMAT ", and %" G_GINT64_FORMAT " damaged", keys, damaged);
}

/* Whether what runs is what is installed, and does what is configured. */
static void check_program(SrCheckup *checkup, SrJson *status)
{
    static const char restart[] = "`sealring agent stop`; it starts again when needed";
    const char *version = sr_json_string(status, "version", NULL);
    gboolean replaced = FALSE;
    gboolean outdated = FALSE;

    sr_json_boolean_optional(status, "replaced", &replaced, NULL);
    sr_json_boolean_optional(status, "outdated", &outdated, NULL);
    if (g_strcmp0(version, SR_VERSION) != 0)
        sr_checkup_add(checkup, SR_CHECK_WARN, NAME, restart,
                       "running, version %s, but this is " SR_VERSION, version ? version : "?");
    else if (replaced)
        sr_checkup_add(checkup, SR_CHECK_WARN, NAME, restart,
                       "still running from a file that was replaced or removed");
    else
        sr_checkup_add(checkup, SR_CHECK_OK, NAME, NULL, "running, version %s", version);
    if (outdated)
        sr_checkup_add(checkup, SR_CHECK_WARN, NAME, restart,
                       "the configuration was changed after the agent had read it");
}

gboolean sr_agent_check(SrCli *cli, SrCheckup *checkup)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrJson) status = NULL;

    if (!sr_cli_connect(cli, FALSE, &error)) {
        sr_checkup_add(checkup, SR_CHECK_WARN, NAME,
                       "nothing; it starts when needed. To look at store, prompt and keys too: "
                       "`sealring agent start`, then this again",
                       "%s", error->message);
        return FALSE;
    }
    if (!sr_client_call(cli->client, "sealring.status", NULL, -1, &status, &error)) {
        sr_checkup_add(checkup, SR_CHECK_FAIL, NAME, "`sealring agent stop`, then start it again",
                       "does not answer: %s", error->message);
        return FALSE;
    }
    check_program(checkup, status);
    check_store(checkup, status);
    check_prompt(checkup, status);
    check_keys(checkup, status);
    sr_module_check_socket(checkup);
    return TRUE;
}
