/* sealring doctor: what is installed, how it is set up, and what to do about it. */
#include "base/error.h"
#include "base/secret.h"
#include "cli/checkup.h"
#include "cli/cli.h"
#include "cli/module_check.h"
#include "wire/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_programs(SrCheckup *checkup)
{
    static const struct {
        const char *name;
        SrCheckState without;
        const char *next_step;
    } programs[] = {
        {"sealring-agent", SR_CHECK_FAIL, "install it beside sealring; nothing works without it"},
        {"sealring-host", SR_CHECK_WARN, "install it beside sealring; browsers need it"},
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

static void check_folder(SrCheckup *checkup)
{
    static const char name[] = "socket folder";
    char path[SR_PATH_MAX];
    struct stat information;
    int result = sr_socket_folder(path, sizeof path);

    if (result < 0)
        sr_checkup_add(checkup, SR_CHECK_FAIL, name,
                       "set XDG_RUNTIME_DIR (or SEALRING_RUNTIME_DIR) to a short absolute path",
                       "cannot be determined: %s", g_strerror(-result));
    else if (lstat(path, &information) < 0 && errno == ENOENT)
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "%s (not there yet)", path);
    else if (lstat(path, &information) < 0)
        sr_checkup_add(checkup, SR_CHECK_FAIL, name, "make the folder accessible", "%s: %s", path,
                       g_strerror(errno));
    else if (!S_ISDIR(information.st_mode) || information.st_uid != geteuid())
        sr_checkup_add(checkup, SR_CHECK_FAIL, name, "remove it; it is made again when needed",
                       "%s is not a folder of yours", path);
    else if (information.st_mode & 077)
        sr_checkup_add(checkup, SR_CHECK_FAIL, name, "chmod 700 the folder",
                       "%s is open to others (mode %03o)", path, information.st_mode & 0777);
    else
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "%s", path);
}

/* An agent started from here may lock as much as this program. */
static void check_memory(SrCheckup *checkup)
{
    static const char name[] = "locked memory";
    g_autoptr(GError) error = NULL;
    g_autoptr(SrSecret) largest = sr_secret_new(SR_SECRET_MAX, &error);

    if (largest)
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "available");
    else
        sr_checkup_add(checkup, SR_CHECK_FAIL, name,
                       "raise the limit (ulimit -l, LimitMEMLOCK=); no key is opened without it",
                       "%s", error->message);
}

static gboolean is_socket(const char *path)
{
    struct stat information;

    return path && stat(path, &information) == 0 && S_ISSOCK(information.st_mode);
}

/* Browsers set "disabled:" for their children when they have no bus themselves. */
static void check_bus(SrCheckup *checkup)
{
    static const char name[] = "session bus";
    static const char next_step[] =
        "without one the keys live in the vault; log in with a desktop session to use its keyring";
    const char *address = g_getenv("DBUS_SESSION_BUS_ADDRESS");
    const char *runtime = g_getenv("XDG_RUNTIME_DIR");
    g_autofree char *usual = runtime ? g_build_filename(runtime, "bus", NULL) : NULL;

    if (address && strchr(address, ':') && !g_str_has_prefix(address, "disabled:"))
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "%s", address);
    else if (is_socket(usual))
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "%s", usual);
    else if (!address || !*address)
        sr_checkup_add(checkup, SR_CHECK_WARN, name, next_step,
                       "DBUS_SESSION_BUS_ADDRESS is not set");
    else
        sr_checkup_add(checkup, SR_CHECK_WARN, name, next_step,
                       "DBUS_SESSION_BUS_ADDRESS is \"%s\"", address);
}

static void check_store(SrCheckup *checkup, SrJson *status)
{
    static const struct {
        const char *state;
        SrCheckState verdict;
        const char *next_step;
    } rows[] = {
        {"open", SR_CHECK_OK, NULL},
        {"empty", SR_CHECK_OK, "make a key: `sealring key create`"},
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

    sr_json_integer_optional(status, "keys", 0, G_MAXINT64, &keys, NULL);
    sr_json_integer_optional(status, "damagedKeys", 0, G_MAXINT64, &damaged, NULL);
    if (damaged == 0)
        sr_checkup_add(checkup, SR_CHECK_OK, "keys", NULL, "%" G_GINT64_FORMAT, keys);
    else
        sr_checkup_add(checkup, SR_CHECK_WARN, "keys",
                       "`sealring key list` names them; restore them from a backup, or delete them",
                       "%" G_GINT64_FORMAT ", and %" G_GINT64_FORMAT " damaged", keys, damaged);
}

/* An agent that is not running is no fault (commands start it), but then nothing is known of it. */
static gboolean check_agent(SrCli *cli, SrCheckup *checkup)
{
    static const char name[] = "agent";
    g_autoptr(GError) error = NULL;
    g_autoptr(SrJson) status = NULL;
    const char *version;

    if (!sr_cli_connect(cli, FALSE, &error)) {
        sr_checkup_add(checkup, SR_CHECK_WARN, name, "`sealring agent start`, then look again",
                       "%s", error->message);
        return FALSE;
    }
    if (!sr_client_call(cli->client, "sealring.status", NULL, -1, &status, &error)) {
        sr_checkup_add(checkup, SR_CHECK_FAIL, name, "`sealring agent stop`, then start it again",
                       "does not answer: %s", error->message);
        return FALSE;
    }
    version = sr_json_string(status, "version", NULL);
    if (g_strcmp0(version, SR_VERSION) == 0)
        sr_checkup_add(checkup, SR_CHECK_OK, name, NULL, "running, version %s", version);
    else
        sr_checkup_add(checkup, SR_CHECK_WARN, name, "`sealring agent stop`; it starts when needed",
                       "running, version %s, but this is " SR_VERSION, version ? version : "?");
    check_store(checkup, status);
    check_prompt(checkup, status);
    check_keys(checkup, status);
    sr_module_check_socket(checkup);
    return TRUE;
}

static gboolean run_doctor(SrCli *cli, const SrArguments *arguments, GError **error)
{
    g_autoptr(SrCheckup) checkup = sr_checkup_new();
    g_autoptr(SrJson) result = NULL;
    gboolean running;

    (void)arguments;
    (void)error;
    check_programs(checkup);
    check_configuration(checkup);
    check_folder(checkup);
    check_memory(checkup);
    check_bus(checkup);
    sr_module_check_installation(checkup);
    running = check_agent(cli, checkup);
    if (sr_checkup_has_failed(checkup))
        cli->status = SR_EXIT_FAILED;
    else if (!running)
        cli->status = SR_EXIT_UNAVAILABLE;
    result = sr_checkup_json(checkup);
    if (!sr_cli_print_json(cli, result))
        sr_checkup_print(checkup);
    return TRUE;
}

const SrCommand sr_doctor_commands[] = {
    {"doctor", "", 0, 0, NULL, "Look for what is wrong, and say what to do",
     "Exit status 1 when something is wrong, 4 when the agent is not running.", run_doctor},
    {NULL, NULL, 0, 0, NULL, NULL, NULL, NULL},
};
