#include "cli/program_check.h"

#include "cli/client.h"
#include "cli/host_program.h"

#include <string.h>
#include <sys/stat.h>

static void check_programs(SrCheckup *checkup)
{
    static const struct {
        const char *name;
        SrCheckState without;
        const char *next_step;
    } programs[] = {
        {"sealring-agent", SR_CHECK_FAIL, "install it beside sealring; nothing works without it"},
        {"sealring-prompt", SR_CHECK_WARN,
         "install it beside sealring, or set `prompt-command`; browsers cannot ask otherwise"},
        {"sealring-net", SR_CHECK_WARN,
         "install it beside sealring; OAuth accounts cannot be reached otherwise"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
        g_autofree char *path = sr_client_program(programs[i].name);

        if (path)
            sr_checkup_add(checkup, SR_CHECK_OK, programs[i].name, NULL, "%s", path);
        else
            sr_checkup_add(checkup, programs[i].without, programs[i].name, programs[i].next_step,
                           "not found beside this program, nor in " SR_LIBEXECDIR);
    }
}

static void note_host(SrCheckup *checkup, SrJson *host, const char *path)
{
    static const char name[] = "sealring-host";
    const char *version = sr_json_string(host, "version", NULL);
    const char *mode = sr_json_string(host, "mode", NULL);

    if (g_strcmp0(version, SR_VERSION) == 0)
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "%s, mode %s, version %s", path, mode,
                       version);
    else
        sr_checkup_add(checkup, SR_CHECK_FAIL, name, "install sealring again",
                       "%s, mode %s, version %s, but this is " SR_VERSION, path, mode,
                       version ? version : "unknown");
}

SrJson *sr_program_check_host(SrCheckup *checkup)
{
    static const char name[] = "sealring-host";
    g_autoptr(GError) error = NULL;
    g_autofree char *path = sr_host_program_find(&error);
    const gboolean safe = path && sr_host_program_check(path, FALSE, &error);
    g_autofree char *version = safe ? sr_host_program_version(path) : NULL;
    g_autofree char *mode = NULL;
    struct stat found;
    SrJson *host = json_object_new_object();

    if (path && stat(path, &found) == 0)
        mode = g_strdup_printf("%03o", found.st_mode & 07777);
    sr_json_add_string(host, "path", path);
    sr_json_add_string(host, "mode", mode);
    sr_json_add_string(host, "version", version);
    if (safe)
        note_host(checkup, host, path);
    else
        sr_checkup_add(checkup, SR_CHECK_WARN, name,
                       "mend that; until then no browser can be told of it", "%s", error->message);
    return host;
}

/* The agent itself reads its configuration; this program only asks for the verdict. */
static void check_configuration(SrCheckup *checkup)
{
    g_autofree char *program = sr_client_program("sealring-agent");
    char option[] = "--check-config";
    char *words[] = {program, option, NULL};
    g_autofree char *said = NULL;
    g_autoptr(GError) error = NULL;
    int status = 0;

    if (!program)
        return;
    if (!g_spawn_sync(NULL, words, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &said,
                      &status, &error))
        sr_checkup_add(checkup, SR_CHECK_FAIL, "configuration", "install sealring-agent again",
                       "cannot be checked: %s", error->message);
    else if (g_spawn_check_wait_status(status, NULL))
        sr_checkup_add(checkup, SR_CHECK_OK, "configuration", NULL, "readable");
    else
        sr_checkup_add(checkup, SR_CHECK_FAIL, "configuration",
                       "correct the file; until then the agent does not start", "%s",
                       *g_strstrip(said) ? said : "sealring-agent --check-config failed");
}

void sr_program_check(SrCheckup *checkup)
{
    check_programs(checkup);
    check_configuration(checkup);
}
