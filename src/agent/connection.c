#include "agent/connection.h"

#include "agent/dispatch.h"
#include "agent/limits.h"
#include "agent/program_connection.h"
#include "agent/request.h"
#include "base/error.h"
#include "wire/frame.h"
#include "wire/socket.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_SIZE (64u * 1024u)
#define READS_MAX 4u                    /* before what was read is answered */
#define OUT_PAUSE (1024u * 1024u)       /* bytes waiting: stop reading requests */
#define OUT_LIMIT (16u * 1024u * 1024u) /* bytes waiting: the client is gone for us */
#define FRAME_SECONDS 10                /* a frame that was begun must be complete by then */

/* A reply that relies on the pending transaction. */
typedef struct {
    gsize start; /* in out */
    gsize end;
    char *id;
} Recorded;

struct SrConnection {
    SrAgent *agent;
    SrCaller *caller;
    SrProgramConnection *program; /* which has the socket, then fd is -1 */
    int fd;
    int passed_fd;
    guint in_source;
    guint out_source;
    guint frame_timer;
    guint attach_timer;
    SrFrameReader reader;
    GByteArray *out;
    gsize sent;
    GArray *recorded; /* of Recorded */
    GPtrArray *requests;
    gboolean follows;
    gboolean hears_changes;
    gboolean finishing;
    gboolean dead;
};

static gboolean on_readable(int fd, GIOCondition condition, gpointer data);
static gboolean on_attach_late(gpointer data);

static void recorded_clear(gpointer data)
{
    g_free(((Recorded *)data)->id);
}

static SrConnection *connection_new(SrAgent *agent, int fd, SrCaller *caller)
{
    SrConnection *connection = g_new0(SrConnection, 1);

    connection->agent = agent;
    connection->caller = caller;
    connection->fd = fd;
    connection->passed_fd = -1;
    sr_frame_reader_init(&connection->reader, SR_FRAME_REQUEST_MAX);
    connection->out = g_byte_array_new();
    connection->recorded = g_array_new(FALSE, FALSE, sizeof(Recorded));
    g_array_set_clear_func(connection->recorded, recorded_clear);
    connection->requests = g_ptr_array_new();
    return connection;
}

SrConnection *sr_connection_new_for_program(SrAgent *agent, SrCaller *caller,
                                            SrProgramConnection *program)
{
    SrConnection *connection = connection_new(agent, -1, caller);

    connection->program = program;
    return connection;
}

SrProgramConnection *sr_connection_program(SrConnection *connection)
{
    return connection->program;
}

/*
 * GLib stops a source that may not recurse while it is dispatched and wakes its own loop for that,
 * at the price of three system calls and one more poll. No callback of the agent runs a loop, so
 * there is nothing to stop.
 */
static guint watch_socket(SrConnection *connection, GIOCondition condition, GUnixFDSourceFunc done)
{
    g_autoptr(GSource) source = g_unix_fd_source_new(connection->fd, condition);

    g_source_set_can_recurse(source, TRUE);
    g_source_set_callback(source, G_SOURCE_FUNC(done), connection, NULL);
    return g_source_attach(source, NULL);
}

SrConnection *sr_connection_new(SrAgent *agent, int fd, pid_t pid)
{
    SrConnection *connection = connection_new(agent, fd, sr_caller_new(pid));

    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    connection->in_source = watch_socket(connection, G_IO_IN, on_readable);
    connection->attach_timer = g_timeout_add_seconds(SR_ATTACH_SECONDS, on_attach_late, connection);
    return connection;
}

void sr_connection_free(SrConnection *connection)
{
    g_clear_handle_id(&connection->in_source, g_source_remove);
    g_clear_handle_id(&connection->out_source, g_source_remove);
    g_clear_handle_id(&connection->frame_timer, g_source_remove);
    g_clear_handle_id(&connection->attach_timer, g_source_remove);
    while (connection->requests->len > 0)
        sr_request_abandon(g_ptr_array_steal_index_fast(connection->requests, 0));
    g_ptr_array_unref(connection->requests);
    sr_frame_reader_clear(&connection->reader);
    g_byte_array_unref(connection->out);
    g_array_unref(connection->recorded);
    if (connection->passed_fd >= 0)
        close(connection->passed_fd);
    if (connection->fd >= 0)
        close(connection->fd);
    sr_caller_unref(connection->caller);
    g_free(connection);
}

SrAgent *sr_connection_agent(SrConnection *connection)
{
    return connection->agent;
}

SrCaller *sr_connection_caller(SrConnection *connection)
{
    return connection->caller;
}

GPtrArray *sr_connection_requests(SrConnection *connection)
{
    return connection->requests;
}

int sr_connection_take_fd(SrConnection *connection)
{
    const int fd = connection->passed_fd;

    /* The kernel ends a read after the piece that carried it: it came with the last frame there. */
    if (sr_frame_reader_is_partial(&connection->reader))
        return -1;
    connection->passed_fd = -1;
    return fd;
}

void sr_connection_set_follows(SrConnection *connection, gboolean follows)
{
    connection->follows = follows;
}

gboolean sr_connection_follows(const SrConnection *connection)
{
    return connection->follows;
}

void sr_connection_set_hears_changes(SrConnection *connection, gboolean hears)
{
    connection->hears_changes = hears;
}

gboolean sr_connection_hears_changes(const SrConnection *connection)
{
    return connection->hears_changes;
}

gboolean sr_connection_has_more(const SrConnection *connection)
{
    return connection->agent->reading && sr_frame_reader_is_partial(&connection->reader);
}

/* --- out ---------------------------------------------------------------------------------------
 */

static void append_frame(GByteArray *out, const char *const *parts)
{
    guint8 header[SR_FRAME_HEADER_SIZE];
    gsize size = 0;

    for (const char *const *part = parts; *part; part++)
        size += strlen(*part);
    sr_frame_header((guint32)size, header);
    g_byte_array_append(out, header, sizeof header);
    for (const char *const *part = parts; *part; part++)
        g_byte_array_append(out, (const guint8 *)*part, (guint)strlen(*part));
}

static void append_reply(GByteArray *out, const char *id, const char *json)
{
    const char *const parts[] = {"{\"jsonrpc\":\"2.0\",\"id\":", id, ",", json, "}", NULL};

    append_frame(out, parts);
}

void sr_connection_reply(SrConnection *connection, const char *id, const char *json,
                         gboolean recorded)
{
    const gsize start = connection->out->len;

    append_reply(connection->out, id, json);
    if (recorded) {
        const Recorded entry = {start, connection->out->len, g_strdup(id)};

        g_array_append_val(connection->recorded, entry);
    }
    sr_agent_schedule_flush(connection->agent);
}

void sr_connection_notify(SrConnection *connection, const char *method, SrJson *params)
{
    g_autofree char *text = sr_json_text(params);
    const char *const parts[] = {
        "{\"jsonrpc\":\"2.0\",\"method\":\"", method, "\",\"params\":", text, "}", NULL};

    append_frame(connection->out, parts);
    sr_agent_schedule_flush(connection->agent);
}

/* Put an error in the place of every reply whose record could not be written. */
static void replace_recorded(SrConnection *connection)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    gsize at = 0;

    for (guint i = 0; i < connection->recorded->len; i++) {
        const Recorded *entry = &g_array_index(connection->recorded, Recorded, i);

        g_byte_array_append(out, connection->out->data + at, (guint)(entry->start - at));
        append_reply(out, entry->id,
                     "\"error\":{\"code\":-32001,\"message\":\"the agent cannot write its log "
                     "(disk full?); nothing was done\",\"data\":{\"reason\":"
                     "\"STORE_UNAVAILABLE\"}}");
        at = entry->end;
    }
    g_byte_array_append(out, connection->out->data + at, (guint)(connection->out->len - at));
    g_byte_array_unref(connection->out);
    connection->out = g_steal_pointer(&out);
}

static gboolean on_writable(int fd, GIOCondition condition, gpointer data)
{
    SrConnection *connection = data;

    (void)fd;
    (void)condition;
    connection->out_source = 0;
    sr_agent_schedule_flush(connection->agent);
    return G_SOURCE_REMOVE;
}

/* Read again once the client has taken its replies. */
static void resume_reading(SrConnection *connection)
{
    if (!connection->in_source && !connection->finishing &&
        connection->out->len - connection->sent < OUT_PAUSE)
        connection->in_source = watch_socket(connection, G_IO_IN, on_readable);
}

/* Write as much as the socket takes. FALSE when the connection is broken. */
static gboolean write_out(SrConnection *connection)
{
    while (connection->sent < connection->out->len) {
        const ssize_t put =
            send(connection->fd, connection->out->data + connection->sent,
                 connection->out->len - connection->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno == EAGAIN;
        connection->sent += (gsize)put;
    }
    g_byte_array_set_size(connection->out, 0);
    connection->sent = 0;
    return TRUE;
}

void sr_connection_flush(SrConnection *connection, gboolean committed)
{
    if (connection->program) {
        sr_program_connection_flush(connection->program, committed);
        return;
    }
    if (!committed && connection->recorded->len > 0)
        replace_recorded(connection);
    g_array_set_size(connection->recorded, 0);
    if (!connection->dead &&
        (!write_out(connection) || connection->out->len - connection->sent > OUT_LIMIT))
        connection->dead = TRUE;
    if (connection->finishing && connection->out->len == 0)
        connection->dead = TRUE;
    if (connection->dead) {
        g_ptr_array_remove_fast(connection->agent->connections, connection); /* frees it */
        return;
    }
    if (connection->out->len > 0 && !connection->out_source)
        connection->out_source = watch_socket(connection, G_IO_OUT, on_writable);
    resume_reading(connection);
}

/* --- in ----------------------------------------------------------------------------------------
 */

void sr_connection_finish(SrConnection *connection)
{
    connection->finishing = TRUE;
    g_clear_handle_id(&connection->in_source, g_source_remove);
    sr_agent_schedule_flush(connection->agent);
}

static void refuse(SrConnection *connection, SrErrorCode code, const char *message)
{
    g_autoptr(GError) error = NULL;

    sr_error_set(&error, code, "%s", message);
    sr_dispatch_refuse(connection, "null", error);
    sr_connection_finish(connection);
}

static gboolean on_frame_late(gpointer data)
{
    SrConnection *connection = data;

    connection->frame_timer = 0;
    refuse(connection, SR_ERROR_INVALID_REQUEST, "a frame was begun but not finished in time");
    return G_SOURCE_REMOVE;
}

/* Who does not say who it is only takes a place from the others. */
static gboolean on_attach_late(gpointer data)
{
    SrConnection *connection = data;

    connection->attach_timer = 0;
    if (connection->caller->kind == SR_CALLER_UNKNOWN && !connection->finishing)
        refuse(connection, SR_ERROR_INVALID_REQUEST, "sealring.attach did not come in time");
    return G_SOURCE_REMOVE;
}

/* A deadline for the rest of a frame; none between frames. */
static void watch_partial_frame(SrConnection *connection)
{
    g_clear_handle_id(&connection->frame_timer, g_source_remove);
    if (!connection->finishing && sr_frame_reader_is_partial(&connection->reader))
        connection->frame_timer = g_timeout_add_seconds(FRAME_SECONDS, on_frame_late, connection);
}

static void take_frames(SrConnection *connection)
{
    const guint8 *body;
    guint32 size;
    SrFrameStatus status;

    while (!connection->finishing && !connection->dead &&
           (status = sr_frame_reader_next(&connection->reader, &body, &size)) != SR_FRAME_MORE) {
        if (status == SR_FRAME_OK)
            sr_dispatch_frame(connection, (const char *)body, size);
        else if (status == SR_FRAME_TOO_LONG)
            refuse(connection, SR_ERROR_LIMIT_EXCEEDED,
                   "a frame longer than 1048576 bytes; nothing after it can be read");
        else
            refuse(connection, SR_ERROR_INVALID_REQUEST, "a frame of length 0");
    }
}

static void take_passed_fd(SrConnection *connection, int fd)
{
    if (fd < 0)
        return;
    if (connection->passed_fd >= 0)
        close(connection->passed_fd);
    connection->passed_fd = fd;
}

/* One read; *ret_more: it took as much as there was room for. FALSE at the end of the stream. */
static gboolean receive(SrConnection *connection, gboolean *ret_more)
{
    gsize room;
    guint8 *space = sr_frame_reader_space(&connection->reader, &room);
    const gsize wanted = MIN(room, READ_SIZE);
    int passed = -1;
    ssize_t got;

    *ret_more = FALSE;
    if (!space)
        return FALSE;
    got = sr_socket_receive(connection->fd, space, wanted, &passed);
    take_passed_fd(connection, passed);
    if (got == -EAGAIN || got == -EINTR)
        return TRUE;
    if (got <= 0)
        return FALSE;
    *ret_more = (gsize)got == wanted;
    sr_frame_reader_added(&connection->reader, (gsize)got);
    take_frames(connection);
    return TRUE;
}

/* Whether the client may send more requests. */
static gboolean takes_requests(const SrConnection *connection)
{
    return !connection->dead && !connection->finishing &&
           connection->out->len - connection->sent < OUT_PAUSE;
}

/* What a client has sent at once shares a commit; but it must not keep the others waiting. */
static void receive_burst(SrConnection *connection)
{
    gboolean more;
    guint reads = 0;

    do
        connection->dead = !receive(connection, &more);
    while (more && takes_requests(connection) && ++reads < READS_MAX);
    watch_partial_frame(connection);
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer data)
{
    SrConnection *connection = data;
    SrAgent *agent = connection->agent;
    gboolean more;

    (void)fd;
    (void)condition;
    agent->reading = TRUE;
    receive_burst(connection);
    more = takes_requests(connection);
    if (!more)
        connection->in_source = 0;
    sr_agent_flush(agent); /* may free the connection */
    return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}
