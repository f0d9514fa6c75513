#include "host/agent_link.h"

#include "host/json_text.h"
#include "wire/frame.h"
#include "wire/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AGENT_NAME "/sealring-agent"
#define VARIABLE_MAX 255u

/* --- the program ---------------------------------------------------------------------------- */

/* sealring-agent in the folder of this program; false when it is not there. */
static bool find_beside(char *ret_path, size_t size)
{
    const ssize_t length = readlink("/proc/self/exe", ret_path, size);
    char *slash;

    if (length <= 0 || (size_t)length >= size)
        return false;
    ret_path[length] = '\0';
    slash = strrchr(ret_path, '/');
    if (!slash || (size_t)(slash - ret_path) + sizeof(AGENT_NAME) > size)
        return false;
    memcpy(slash, AGENT_NAME, sizeof(AGENT_NAME));
    return access(ret_path, X_OK) == 0;
}

static void find_program(char *ret_path, size_t size)
{
    if (!find_beside(ret_path, size))
        snprintf(ret_path, size, "%s", SR_LIBEXECDIR AGENT_NAME);
}

/* --- the attach frame ----------------------------------------------------------------------- */

static bool is_plain(const char *value)
{
    const size_t length = strlen(value);

    if (length == 0 || length > VARIABLE_MAX || strcmp(value, "disabled:") == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (value[i] < ' ' || value[i] > '~')
            return false;
    return true;
}

static void add_member(SrJsonText *json, const char *name, const char *value)
{
    sr_json_text_add(json, ",\"");
    sr_json_text_add(json, name);
    sr_json_text_add(json, "\":");
    sr_json_text_add_string(json, value);
}

static void add_environment(SrJsonText *json)
{
    static const struct {
        const char *member;
        const char *variable;
    } rows[] = {
        {"display", "DISPLAY"},
        {"waylandDisplay", "WAYLAND_DISPLAY"},
        {"xauthority", "XAUTHORITY"},
        {"sessionBus", "DBUS_SESSION_BUS_ADDRESS"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *value = secure_getenv(rows[i].variable);

        if (value && is_plain(value))
            add_member(json, rows[i].member, value);
    }
}

void sr_agent_link_init(SrAgentLink *link, const SrBrowser *browser)
{
    SrJsonText json = sr_json_text_start((char *)link->attach + SR_FRAME_HEADER_SIZE,
                                         sizeof(link->attach) - SR_FRAME_HEADER_SIZE);

    find_program(link->program, sizeof(link->program));
    sr_json_text_add(&json, "{\"jsonrpc\":\"2.0\",\"method\":\"sealring.attach\",\"params\":{"
                            "\"version\":\"" SR_VERSION "\",\"client\":\"native-messaging\"");
    add_member(&json, "browser", browser->name);
    add_member(&json, "extension", browser->extension);
    add_environment(&json);
    sr_json_text_add(&json, "}}");
    sr_frame_header((uint32_t)json.used, link->attach);
    link->attach_size = SR_FRAME_HEADER_SIZE + json.used;
}

/* --- the connection ------------------------------------------------------------------------- */

int sr_agent_link_open(const SrAgentLink *link)
{
    const int fd = sr_socket_connect_agent(link->program, SR_SOCKET_START_MS);
    int result;

    if (fd < 0)
        return fd;
    result = sr_socket_send(fd, link->attach, link->attach_size, -1);
    if (result == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        result = -errno;
    if (result == 0)
        return fd;
    close(fd);
    return result;
}

void sr_agent_link_explain(const SrAgentLink *link, int result, char *ret_text, size_t size)
{
    switch (result) {
    case -ENOENT:
        snprintf(ret_text, size, "sealring-agent is not installed at %s", link->program);
        break;
    case -ETIMEDOUT:
        snprintf(ret_text, size,
                 "%s was started but does not answer; run \"sealring doctor\" to see why",
                 link->program);
        break;
    case -EPERM:
        snprintf(ret_text, size,
                 "the folder of the agent's socket belongs to another user or is "
                 "open to others; run \"sealring doctor\"");
        break;
    case -EACCES:
        snprintf(ret_text, size,
                 "the agent cannot be started, or its socket belongs to another "
                 "user; run \"sealring doctor\"");
        break;
    default:
        snprintf(ret_text, size, "cannot reach the agent: %s; run \"sealring doctor\"",
                 strerror(-result));
    }
}
