/* sealring doctor: what is installed, how it is set up, and what to do about it. */
#include "cli/agent_check.h"
#include "cli/browser_check.h"
#include "cli/checkup.h"
#include "cli/cli.h"
#include "cli/environment_check.h"
#include "cli/module_check.h"
#include "cli/program_check.h"
#include "cli/unit_check.h"

static gboolean run_doctor(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrCheckup) checkup = sr_checkup_new();
    g_autoptr(SrJson) result = NULL;
    SrJson *host;
    SrJson *browsers;
    gboolean running;

    (void)arguments;
    (void)error;
    sr_program_check(checkup);
    sr_environment_check(checkup);
    sr_module_check_installation(checkup);
    sr_unit_check(checkup);
    host = sr_program_check_host(checkup);
    browsers = sr_browser_check(checkup, sr_json_string(host, "path", NULL));
    running = sr_agent_check(cli, checkup);
    if (sr_checkup_has_failed(checkup))
        cli->status = SR_EXIT_FAILED;
    else if (!running)
        cli->status = SR_EXIT_UNAVAILABLE;
    result = sr_checkup_json(checkup);
    sr_json_add(result, "host", host);
    sr_json_add(result, "browsers", browsers);
    if (!sr_cli_print_json(cli, result))
        sr_checkup_print(checkup);
    return TRUE;
}

const SrCommand sr_doctor_commands[] = {
    {"doctor", "", 0, 0, NULL, "Look for what is wrong, and say what to do",
     "Looks at programs, configuration, PKCS#11 module, systemd units, browsers, agent and "
     "keyring.\n"
     "Exit status 1 when something is wrong, 4 when the agent is not running.",
     run_doctor},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
