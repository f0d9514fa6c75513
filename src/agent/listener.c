#include "agent/listener.h"

#include "agent/connection.h"
#include "agent/limits.h"
#include "base/error.h"
#include "wire/limits.h"
#include "wire/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKET_NAME "agent.sock"
#define RUNNING_NAME "agent.running"
#define FIRST_PASSED_FD 3
#define GIVE_WAY_SECONDS 3

struct SrListener {
    SrAgent *agent;
    char *path; /* NULL when systemd owns the socket */
    int fd;
    int running_fd; /* locked for as long as this agent owns the socket */
    guint source;   /* either of the two */
    guint pause_source;
};

static void start_accepting(SrListener *listener);

int sr_listener_passed_fd(void)
{
    const char *pid = g_getenv("LISTEN_PID");
    const char *count = g_getenv("LISTEN_FDS");
    int listening = 0;
    socklen_t size = sizeof listening;

    if (!pid || !count || g_ascii_strtoll(pid, NULL, 10) != getpid() ||
        g_ascii_strtoll(count, NULL, 10) != 1 ||
        getsockopt(FIRST_PASSED_FD, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
        !listening)
        return -1;
    return FIRST_PASSED_FD;
}

static gboolean on_pause_over(gpointer data)
{
    SrListener *listener = data;

    listener->pause_source = 0;
    start_accepting(listener);
    return G_SOURCE_REMOVE;
}

/* A client that cannot be taken stays in the queue, and would wake us again at once for ever. */
static gboolean pause_accepting(SrListener *listener)
{
    listener->source = 0;
    listener->pause_source = g_timeout_add(SR_ACCEPT_PAUSE_MS, on_pause_over, listener);
    return G_SOURCE_REMOVE;
}

static gboolean is_shortage(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

static gboolean on_client(int fd, GIOCondition condition, gpointer data)
{
    SrListener *listener = data;
    SrAgent *agent = listener->agent;
    pid_t pid;
    const int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    (void)condition;
    if (client < 0)
        return is_shortage(errno) ? pause_accepting(listener) : G_SOURCE_CONTINUE;
    if (agent->connections->len >= SR_CLIENTS_MAX || sr_socket_check_peer(client, &pid) != 0) {
        close(client);
        return G_SOURCE_CONTINUE;
    }
    g_ptr_array_add(agent->connections, sr_connection_new(agent, client, pid));
    return G_SOURCE_CONTINUE;
}

static void start_accepting(SrListener *listener)
{
    listener->source = g_unix_fd_add(listener->fd, G_IO_IN, on_client, listener);
}

/* An agent that gives way needs a moment to finish; one that listens keeps the lock. */
static gboolean take_lock(int fd)
{
    const gint64 end = g_get_monotonic_time() + GIVE_WAY_SECONDS * G_USEC_PER_SEC;
    char path[SR_PATH_MAX];
    int client;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (sr_socket_path(SOCKET_NAME, path, sizeof path) != 0 || g_get_monotonic_time() > end)
            return FALSE;
        client = sr_socket_connect(path);
        if (client >= 0) {
            close(client);
            return FALSE;
        }
        g_usleep(5000);
    }
    return TRUE;
}

/* Only the holder of this lock may replace the socket: two agents never fight over it. */
static int lock_running(const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, RUNNING_NAME, NULL);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0) {
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "cannot open %s: %s", path,
                     g_strerror(errno));
        return -1;
    }
    if (take_lock(fd))
        return fd;
    sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "an agent is running already (%s is locked)",
                 path);
    close(fd);
    return -1;
}

static gboolean open_socket(SrListener *listener, GError **error)
{
    const char *folder = listener->agent->runtime_folder;

    listener->running_fd = lock_running(folder, error);
    if (listener->running_fd < 0)
        return FALSE;
    listener->path = g_build_filename(folder, SOCKET_NAME, NULL);
    listener->fd = sr_socket_listen(listener->path);
    if (listener->fd >= 0)
        return TRUE;
    sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "cannot listen at %s: %s", listener->path,
                 g_strerror(-listener->fd));
    return FALSE;
}

SrListener *sr_listener_new(SrAgent *agent, int passed_fd, GError **error)
{
    SrListener *listener = g_new0(SrListener, 1);

    listener->agent = agent;
    listener->fd = passed_fd;
    listener->running_fd = -1;
    if (passed_fd < 0 && !open_socket(listener, error)) {
        sr_listener_free(listener);
        return NULL;
    }
    g_unix_set_fd_nonblocking(listener->fd, TRUE, NULL);
    start_accepting(listener);
    return listener;
}

void sr_listener_close(SrListener *listener)
{
    g_clear_handle_id(&listener->source, g_source_remove);
    g_clear_handle_id(&listener->pause_source, g_source_remove);
    if (listener->path && listener->fd >= 0)
        unlink(listener->path);
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
}

void sr_listener_free(SrListener *listener)
{
    if (!listener)
        return;
    sr_listener_close(listener);
    if (listener->running_fd >= 0)
        close(listener->running_fd);
    g_free(listener->path);
    g_free(listener);
}
