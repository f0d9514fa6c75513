#include "cli/client.h"

#include "base/error.h"
#include "wire/frame.h"
#include "wire/socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define RETRY_MS 20
#define ENVIRONMENT_MAX 255u

struct SrClient {
    int fd;
    SrFrameReader reader;
    gint64 last_id;
    gint64 awaited; /* id of the call under way, 0: none */
    SrJson *reply;  /* to that */
    SrJson *error;
    gboolean start; /* how to connect again */
    gboolean terminal;
    gboolean refused;     /* the agent did not take the attach frame, nor anything after it */
    GQueue notifications; /* of SrJson */
    SrClientNotified notified;
    gpointer user_data;
};

static gboolean went_away(GError **error)
{
    sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "the agent ended the connection");
    return FALSE;
}

static gboolean send_frame(SrClient *client, SrJson *request, int passed_fd, GError **error)
{
    g_autofree char *text = sr_json_text(request);
    gsize size = strlen(text);
    g_autoptr(GByteArray) frame = g_byte_array_sized_new((guint)MIN(size, SR_FRAME_REQUEST_MAX));
    guint8 header[SR_FRAME_HEADER_SIZE];
    int result;

    if (size > SR_FRAME_REQUEST_MAX) {
        sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED,
                     "the request has %zu bytes; the agent takes at most %u", size,
                     SR_FRAME_REQUEST_MAX);
        return FALSE;
    }
    sr_frame_header((guint32)size, header);
    g_byte_array_append(frame, header, sizeof header);
    g_byte_array_append(frame, (const guint8 *)text, (guint)size);
    result = sr_socket_send(client->fd, frame->data, frame->len, passed_fd);
    if (result < 0)
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "cannot send to the agent: %s",
                     g_strerror(-result));
    return result >= 0;
}

/* Values of the environment are passed on so that a window can open where the user sits. */
static void add_environment(SrJson *params, const char *name, const char *variable)
{
    const char *value = g_getenv(variable);
    gsize length = value ? strlen(value) : 0;

    if (length == 0 || length > ENVIRONMENT_MAX)
        return;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isprint(value[i]))
            return;
    sr_json_add_string(params, name, value);
}

static gboolean attach(SrClient *client, GError **error)
{
    g_autoptr(SrJson) frame = json_object_new_object();
    SrJson *params = json_object_new_object();

    sr_json_add_string(frame, "jsonrpc", "2.0");
    sr_json_add_string(frame, "method", "sealring.attach");
    sr_json_add(frame, "params", params);
    sr_json_add_string(params, "version", SR_VERSION);
    sr_json_add_string(params, "client", "cli");
    sr_json_add_boolean(params, "terminal", client->terminal);
    add_environment(params, "display", "DISPLAY");
    add_environment(params, "waylandDisplay", "WAYLAND_DISPLAY");
    add_environment(params, "xauthority", "XAUTHORITY");
    add_environment(params, "sessionBus", "DBUS_SESSION_BUS_ADDRESS");
    return send_frame(client, frame, -1, error);
}

char *sr_client_find(const char *name, const char *folder, GFileTest test)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *own_folder = self ? g_path_get_dirname(self) : NULL;
    g_autofree char *beside = own_folder ? g_build_filename(own_folder, name, NULL) : NULL;
    g_autofree char *installed = g_build_filename(folder, name, NULL);

    if (beside && g_file_test(beside, test))
        return g_steal_pointer(&beside);
    if (g_file_test(installed, test))
        return g_steal_pointer(&installed);
    return NULL;
}

char *sr_client_program(const char *name)
{
    return sr_client_find(name, SR_LIBEXECDIR, G_FILE_TEST_IS_EXECUTABLE);
}

static int connect_agent(gboolean start, GError **error)
{
    g_autofree char *program = start ? sr_client_program("sealring-agent") : NULL;
    int fd = sr_socket_connect_agent(program, SR_SOCKET_START_MS);

    if (fd >= 0)
        return fd;
    if (fd == -ENOENT || fd == -ECONNREFUSED)
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "the agent is not running%s",
                     start ? ", and sealring-agent is not installed beside this program" : "");
    else if (fd == -ETIMEDOUT)
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE,
                     "the agent was started, but does not listen");
    else
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "cannot reach the agent: %s",
                     g_strerror(-fd));
    return -1;
}

static gboolean connect_and_attach(SrClient *client, GError **error)
{
    client->fd = connect_agent(client->start, error);
    return client->fd >= 0 && attach(client, error);
}

SrClient *sr_client_new(gboolean start, gboolean terminal, GError **error)
{
    g_autoptr(SrClient) client = g_new0(SrClient, 1);

    client->start = start;
    client->terminal = terminal;
    sr_frame_reader_init(&client->reader, SR_FRAME_REPLY_MAX);
    g_queue_init(&client->notifications);
    return connect_and_attach(client, error) ? g_steal_pointer(&client) : NULL;
}

void sr_client_set_handler(SrClient *client, SrClientNotified notified, gpointer user_data)
{
    client->notified = notified;
    client->user_data = user_data;
}

/*
 * Sort a message in: the awaited reply, a notification, or the reply to a sr_client_send. An error
 * without id is about what the agent could not read: with one request at a time, that request or
 * the attach frame before it.
 */
static void sort_in(SrClient *client, SrJson *message /* taken */)
{
    SrJson *id = NULL;
    gboolean has_id = json_object_object_get_ex(message, "id", &id);

    client->refused = has_id && !id;
    if (!has_id)
        g_queue_push_tail(&client->notifications, message);
    else if (client->awaited && !client->reply &&
             (!id || json_object_get_int64(id) == client->awaited))
        client->reply = message;
    else
        sr_json_free(message);
}

static gboolean take_frames(SrClient *client, GError **error)
{
    const guint8 *body;
    guint32 size;
    SrFrameStatus status;

    while ((status = sr_frame_reader_next(&client->reader, &body, &size)) == SR_FRAME_OK) {
        SrJson *message = sr_json_parse((const char *)body, size, error);

        if (!message) {
            g_prefix_error(error, "the agent's answer: ");
            return FALSE;
        }
        sort_in(client, message);
    }
    if (status != SR_FRAME_MORE) {
        sr_error_set(error, SR_ERROR_INTERNAL, "the agent sent a frame that is out of bounds");
        return FALSE;
    }
    return TRUE;
}

gboolean sr_client_receive(SrClient *client, GError **error)
{
    gsize room;
    guint8 *space = sr_frame_reader_space(&client->reader, &room);
    int passed_fd = -1;
    ssize_t count;

    if (!space) {
        sr_error_set(error, SR_ERROR_INTERNAL, "out of memory");
        return FALSE;
    }
    do
        count = sr_socket_receive(client->fd, space, room, &passed_fd);
    while (count == -EINTR);
    if (passed_fd >= 0)
        close(passed_fd);
    if (count <= 0)
        return went_away(error);
    sr_frame_reader_added(&client->reader, (gsize)count);
    return take_frames(client, error);
}

static SrJson *new_request(SrClient *client, const char *method, SrJson *params /* taken */)
{
    SrJson *request = json_object_new_object();

    sr_json_add_string(request, "jsonrpc", "2.0");
    sr_json_add_integer(request, "id", ++client->last_id);
    sr_json_add_string(request, "method", method);
    if (params)
        sr_json_add(request, "params", params);
    return request;
}

gboolean sr_client_send(SrClient *client, const char *method, SrJson *params, int passed_fd,
                        GError **error)
{
    g_autoptr(SrJson) request = new_request(client, method, params);

    return send_frame(client, request, passed_fd, error);
}

static gboolean handle_notification(SrClient *client, GError **error)
{
    g_autoptr(SrJson) notification = g_queue_pop_head(&client->notifications);
    const char *method = sr_json_string(notification, "method", NULL);
    SrJson *params = NULL;

    if (!method || !client->notified)
        return TRUE;
    json_object_object_get_ex(notification, "params", &params);
    return client->notified(client, method, params, client->user_data, error);
}

/* The agent's error as a GError; the object itself stays for --json. */
static void take_error(SrClient *client, SrJson *object, GError **error)
{
    const char *message = sr_json_string(object, "message", NULL);
    SrJson *data = NULL;
    const char *reason = NULL;

    json_object_object_get_ex(object, "data", &data);
    if (data)
        reason = sr_json_string(data, "reason", NULL);
    sr_error_set(error, sr_error_code_from_reason(reason), "%s",
                 message ? message : "the agent reported an error without a message");
    client->error = json_object_get(object);
}

/* Wait for the awaited reply. */
static gboolean wait_for_reply(SrClient *client, GError **error)
{
    while (!client->reply)
        if (!(g_queue_is_empty(&client->notifications) ? sr_client_receive(client, error)
                                                       : handle_notification(client, error)))
            return FALSE;
    return TRUE;
}

/* One attempt: the reply to @request is taken apart. */
static gboolean exchange(SrClient *client, SrJson *request, int passed_fd, SrJson **ret_result,
                         GError **error)
{
    g_autoptr(SrJson) reply = NULL;
    g_autoptr(GError) unsent = NULL;
    SrJson *member = NULL;
    gboolean arrived;

    g_clear_pointer(&client->error, sr_json_free);
    client->awaited = client->last_id;
    /* An agent that refused us has closed its end, and its reason is there to be read. */
    arrived = (send_frame(client, request, passed_fd, &unsent) ||
               g_error_matches(unsent, SR_ERROR, SR_ERROR_AGENT_UNAVAILABLE)) &&
              wait_for_reply(client, unsent ? NULL : error);
    client->awaited = 0;
    reply = g_steal_pointer(&client->reply);
    if (!arrived) {
        if (unsent)
            g_propagate_error(error, g_steal_pointer(&unsent));
        return FALSE;
    }
    if (json_object_object_get_ex(reply, "error", &member)) {
        take_error(client, member, error);
        return FALSE;
    }
    json_object_object_get_ex(reply, "result", &member);
    if (ret_result)
        *ret_result = json_object_get(member);
    return TRUE;
}

/* An agent of another version says so, does nothing of what it was asked, and makes room. */
static gboolean connect_again(SrClient *client, GError **error)
{
    g_usleep(RETRY_MS * 1000);
    close(client->fd);
    sr_frame_reader_clear(&client->reader);
    sr_frame_reader_init(&client->reader, SR_FRAME_REPLY_MAX);
    return connect_and_attach(client, error);
}

gboolean sr_client_call(SrClient *client, const char *method, SrJson *params, int passed_fd,
                        SrJson **ret_result, GError **error)
{
    g_autoptr(SrJson) request = new_request(client, method, params);
    gint64 end = g_get_monotonic_time() + SR_SOCKET_START_MS * 1000;

    for (;;) {
        g_autoptr(GError) problem = NULL;

        if (exchange(client, request, passed_fd, ret_result, &problem))
            return TRUE;
        if (!client->refused || !client->start || g_get_monotonic_time() > end ||
            !g_error_matches(problem, SR_ERROR, SR_ERROR_AGENT_UNAVAILABLE)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return FALSE;
        }
        if (!connect_again(client, error))
            return FALSE;
    }
}

gboolean sr_client_wait(SrClient *client, GError **error)
{
    while (g_queue_is_empty(&client->notifications))
        if (!sr_client_receive(client, error))
            return FALSE;
    return handle_notification(client, error);
}

gboolean sr_client_wait_closed(SrClient *client, int timeout_ms)
{
    gint64 end = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    struct pollfd descriptor = {.fd = client->fd, .events = POLLIN};
    gint64 left;

    while ((left = end - g_get_monotonic_time()) > 0)
        if (poll(&descriptor, 1, (int)(left / 1000) + 1) > 0 && !sr_client_receive(client, NULL))
            return TRUE;
    return FALSE;
}

int sr_client_descriptor(const SrClient *client)
{
    return client->fd;
}

gboolean sr_client_is_settled(const SrClient *client, const char *method, SrJson *id)
{
    if (client->reply)
        return TRUE;
    for (GList *link = client->notifications.head; link; link = link->next) {
        SrJson *params = NULL;
        SrJson *prompt = NULL;

        json_object_object_get_ex(link->data, "params", &params);
        if (params && g_strcmp0(sr_json_string(link->data, "method", NULL), method) == 0 &&
            json_object_object_get_ex(params, "prompt", &prompt) && json_object_equal(prompt, id))
            return TRUE;
    }
    return FALSE;
}

SrJson *sr_client_error(const SrClient *client)
{
    return client->error;
}

void sr_client_free(SrClient *client)
{
    if (!client)
        return;
    if (client->fd >= 0)
        close(client->fd);
    sr_frame_reader_clear(&client->reader);
    g_queue_clear_full(&client->notifications, (GDestroyNotify)sr_json_free);
    sr_json_free(client->reply);
    sr_json_free(client->error);
    g_free(client);
}
