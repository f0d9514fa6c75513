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

/* One unit, and what its check is called. */
typedef struct {
    const char *check;
    const char *unit;
} Unit;

static void add(SrCheckup *checkup, const Unit *unit, SrCheckState state, const char *next_step,
                const char *found)
{
    sr_checkup_add(checkup, state, unit->check, next_step, "%s: %s", unit->unit, found);
}

/* A socket that is not enabled is no fault: browsers and commands start the agent themselves. */
static void note_unit(SrCheckup *checkup, const Unit *unit, const char *answer)
{
    g_autofree char *load = value_of(answer, "LoadState");
    g_autofree char *file = value_of(answer, "UnitFileState");
    g_autofree char *active = value_of(answer, "ActiveState");
    g_autofree char *state = g_strdup_printf("%s, %s, %s", load, file, active);
    g_autofree char *enable = g_strdup_printf(
        "to have it listen from login on: `systemctl --user enable --now %s`", unit->unit);
    g_autofree char *start =
        g_strdup_printf("`systemctl --user reset-failed; systemctl --user restart %s`", unit->unit);
    const gboolean enabled = strcmp(file, "enabled") == 0;

    if (strcmp(load, "not-found") == 0)
        add(checkup, unit, SR_CHECK_OK, NULL, "not installed; the agent starts when it is needed");
    else if (strcmp(load, "loaded") != 0)
        add(checkup, unit, SR_CHECK_WARN, "install sealring again, or unmask it", state);
    else if (strcmp(active, "failed") == 0 || (enabled && strcmp(active, "active") != 0))
        add(checkup, unit, SR_CHECK_WARN, start, state);
    else
        add(checkup, unit, SR_CHECK_OK, enabled ? NULL : enable, state);
}

static void check_unit(SrCheckup *checkup, const Unit *unit)
{
    const char *words[] = {"systemctl", "--user",
                           "show",      "--property=LoadState,UnitFileState,ActiveState",
                           unit->unit,  NULL};
    int status;
    g_autofree char *answer = sr_tool_run(words, &status);

    if (answer && status == 0)
        note_unit(checkup, unit, answer);
    else
        add(checkup, unit, SR_CHECK_OK, NULL,
            "no systemd for this user; the agent starts when it is needed");
}

void sr_unit_check(SrCheckup *checkup)
{
    static const Unit units[] = {
        {"agent unit", "sealring-agent.socket"},
        {"PKCS#11 unit", "sealring-pkcs11.socket"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        check_unit(checkup, &units[i]);
}
