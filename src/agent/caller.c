#include "agent/caller.h"

#include "base/error.h"
#include "wire/extension_form.h"

#include <string.h>
#include <unistd.h>

#define SEAT_TEXT_MAX 255

SrCaller *sr_caller_new(pid_t pid)
{
    SrCaller *caller = g_rc_box_new0(SrCaller);
    char link[64];
    char path[1024];
    ssize_t length;

    caller->pid = pid;
    g_snprintf(link, sizeof link, "/proc/%ld/exe", (long)pid);
    length = readlink(link, path, sizeof path - 1);
    if (length > 0)
        caller->program = g_strndup(path, (gsize)length);
    return caller;
}

static void clear_caller(gpointer data)
{
    SrCaller *caller = data;

    g_free(caller->extension);
    g_free(caller->browser);
    g_free(caller->program);
    g_free(caller->seat.display);
    g_free(caller->seat.wayland_display);
    g_free(caller->seat.xauthority);
    g_free(caller->seat.session_bus);
}

SrCaller *sr_caller_ref(SrCaller *caller)
{
    return g_rc_box_acquire(caller);
}

void sr_caller_unref(SrCaller *caller)
{
    g_rc_box_release_full(caller, clear_caller);
}

/* An optional member that goes into a child's environment: printable ASCII only. */
static gboolean take_text(SrJson *params, const char *name, char **ret_text, GError **error)
{
    const char *text;

    if (!sr_json_string_optional(params, name, &text, error))
        return FALSE;
    if (!text)
        return TRUE;
    for (const char *c = text; *c; c++) {
        if (*c < 0x20 || *c > 0x7e || c - text >= SEAT_TEXT_MAX) {
            sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, name, -1,
                            "must be at most %d printable characters", SEAT_TEXT_MAX);
            return FALSE;
        }
    }
    *ret_text = g_strdup(text);
    return TRUE;
}

static gboolean take_kind(SrCaller *caller, const char *client, GError **error)
{
    if (strcmp(client, "cli") == 0 && !caller->extension)
        caller->kind = SR_CALLER_CLI;
    else if (strcmp(client, "native-messaging") == 0)
        caller->kind = SR_CALLER_EXTENSION;
    if (caller->kind != SR_CALLER_EXTENSION || (caller->extension && caller->browser)) {
        if (caller->kind != SR_CALLER_UNKNOWN)
            return TRUE;
    }
    caller->kind = SR_CALLER_UNKNOWN;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "client", -1,
                    "must be cli, or native-messaging with extension and browser");
    return FALSE;
}

static gboolean check_version(SrJson *params, GError **error)
{
    const char *version = sr_json_string(params, "version", error);

    if (!version)
        return FALSE;
    if (strcmp(version, SR_VERSION) == 0)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_AGENT_UNAVAILABLE, "version", -1,
                    "this agent is version " SR_VERSION " and makes room for another one");
    return FALSE;
}

gboolean sr_caller_attach(SrCaller *caller, SrJson *params, GError **error)
{
    static const char *const names[] = {
        "version",        "client",     "browser",    "extension", "display",
        "waylandDisplay", "xauthority", "sessionBus", "terminal",  NULL};
    const char *client;

    if (caller->kind != SR_CALLER_UNKNOWN) {
        sr_error_set(error, SR_ERROR_INVALID_REQUEST, "this connection is attached already");
        return FALSE;
    }
    client = sr_json_string(params, "client", error);
    return client && check_version(params, error) && sr_json_only(params, names, error) &&
           take_text(params, "extension", &caller->extension, error) &&
           take_text(params, "browser", &caller->browser, error) &&
           take_text(params, "display", &caller->seat.display, error) &&
           take_text(params, "waylandDisplay", &caller->seat.wayland_display, error) &&
           take_text(params, "xauthority", &caller->seat.xauthority, error) &&
           take_text(params, "sessionBus", &caller->seat.session_bus, error) &&
           sr_json_boolean_optional(params, "terminal", &caller->terminal, error) &&
           take_kind(caller, client, error);
}

static char *printable(const char *text)
{
    const gsize length = strlen(text);

    if (length == 0 || length > SEAT_TEXT_MAX)
        return NULL;
    for (const char *c = text; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            return NULL;
    return g_strdup(text);
}

void sr_caller_introduce(SrCaller *caller, const char *program, gboolean is_confirmed,
                         char *const seat[4])
{
    caller->kind = SR_CALLER_PROGRAM;
    g_free(caller->program);
    caller->program = g_strdup(program);
    caller->is_confirmed = is_confirmed;
    caller->seat =
        (SrSeat){printable(seat[0]), printable(seat[1]), printable(seat[2]), printable(seat[3])};
}

static gboolean is_companion(const SrCaller *caller)
{
    return g_strcmp0(caller->extension, "chrome-extension://" SR_COMPANION_CHROMIUM) == 0 ||
           g_strcmp0(caller->extension, SR_COMPANION_FIREFOX) == 0;
}

char *sr_caller_describe(const SrCaller *caller)
{
    if (caller->kind == SR_CALLER_CLI)
        return g_strdup(caller->terminal ? "The sealring command, at a terminal"
                                         : "The sealring command, without a terminal");
    if (caller->kind == SR_CALLER_PROGRAM)
        return g_strdup_printf("%s%s (process %ld)", caller->program,
                               caller->is_confirmed ? "" : ", as reported by the program itself",
                               (long)caller->pid);
    if (is_companion(caller))
        return g_strdup_printf("sealring's companion extension in %s", caller->browser);
    return g_strdup_printf("Extension %s in %s", caller->extension, caller->browser);
}
