#include "cli/unit_check.h"

#include "cli/tool.h"

#include <string.h>

/* The value of @property in the lines of systemctl's answer. Owned by the caller. */
static char *value_of(const char *answer, const char *property)
{
    g_auto(GStrv) lines = g_strsplit(answer, "\n", -1);
    const gsize length = strlen(property);

    for (gsize i = 0; lines[i]; i++)
        if (strncmp(lines[i], property, length) == 0 && lines[i][length] == '=')
            return g_strdup(lines[i] + length + 1);
    return g_strdup("unknown");
}

/* A socket that is not enabled is no fault: browsers and commands start the agent themselves. */
static void note_socket(SrCheckup *checkup, const char *unit, const char *answer)
{
    g_autofree char *load = value_of(answer, "LoadState");
    g_autofree char *file = value_of(answer, "UnitFileState");
    g_autofree char *active = value_of(answer, "ActiveState");
    g_autofree char *enable = g_strdup_printf("`systemctl --user enable --now %s`", unit);
    g_autofree char *start =
        g_strdup_printf("`systemctl --user reset-failed; systemctl --user restart %s`", unit);
    const gboolean enabled = strcmp(file, "enabled") == 0;

    if (strcmp(load, "not-found") == 0)
        sr_checkup_add(checkup, SR_CHECK_OK, unit, NULL,
                       "not installed; the agent is started when it is needed");
    else if (strcmp(load, "loaded") != 0)
        sr_checkup_add(checkup, SR_CHECK_WARN, unit, "install sealring again", "systemd says %s",
                       load);
    else if (strcmp(active, "failed") == 0 || (enabled && strcmp(active, "active") != 0))
        sr_checkup_add(checkup, SR_CHECK_WARN, unit, start, "%s, but %s", file, active);
    else if (!enabled)
        sr_checkup_add(checkup, SR_CHECK_OK, unit, enable,
                       "installed, %s, %s: the agent is started when it is needed", file, active);
    else
        sr_checkup_add(checkup, SR_CHECK_OK, unit, NULL, "installed, enabled, %s", active);
}

static void check_socket(SrCheckup *checkup, const char *unit)
{
    const char *words[] = {"systemctl", "--user",
                           "show",      "--property=LoadState,UnitFileState,ActiveState",
                           unit,        NULL};
    int status;
    g_autofree char *answer = sr_tool_run(words, &status);

    if (answer && status == 0)
        note_socket(checkup, unit, answer);
    else
        sr_checkup_add(checkup, SR_CHECK_OK, unit, NULL,
                       "no systemd for this user; the agent is started when it is needed");
}

void sr_unit_check(SrCheckup *checkup)
{
    check_socket(checkup, "sealring-agent.socket");
    check_socket(checkup, "sealring-pkcs11.socket");
}
