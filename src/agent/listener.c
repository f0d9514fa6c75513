#include "agent/listener.h"

#include "agent/connection.h"
#include "agent/limits.h"
#include "agent/programs.h"
#include "base/error.h"
#include "wire/limits.h"
#include "wire/operation.h"
#include "wire/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define RUNNING_NAME "agent.running"
#define FIRST_PASSED_FD 3
#define GIVE_WAY_SECONDS 3

/* One socket. */
typedef struct {
    SrListener *listener;
    char *path; /* NULL when systemd owns it */
    int fd;
    guint source; /* either of the two */
    guint pause_source;
    void (*take)(SrAgent *agent, int fd, pid_t pid);
} Door;

enum { DOOR_AGENT, DOOR_PKCS11, DOORS };

struct SrListener {
    SrAgent *agent;
    Door doors[DOORS];
    int running_fd; /* locked for as long as this agent owns a socket */
};

static void start_accepting(Door *door);

/* --- what systemd hands over ---------------------------------------------------------------------
 */

/* Whether @fd listens at an address whose last part is @name. */
static gboolean listens_as(int fd, const char *name)
{
    struct sockaddr_un address = {0};
    socklen_t size = sizeof address - 1;
    int listening = 0;
    socklen_t length = sizeof listening;
    g_autofree char *base = NULL;

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0 || !listening ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0 || address.sun_family != AF_UNIX)
        return FALSE;
    base = g_path_get_basename(address.sun_path);
    return strcmp(base, name) == 0;
}

SrPassedSockets sr_listener_passed(void)
{
    SrPassedSockets passed = {-1, -1, 0};
    const char *pid = g_getenv("LISTEN_PID");
    const char *count = g_getenv("LISTEN_FDS");

    if (!pid || !count || g_ascii_strtoll(pid, NULL, 10) != getpid())
        return passed;
    passed.count = (guint)CLAMP(g_ascii_strtoll(count, NULL, 10), 0, 8);
    for (int fd = FIRST_PASSED_FD; fd < FIRST_PASSED_FD + (int)passed.count; fd++) {
        if (listens_as(fd, SR_SOCKET_AGENT))
            passed.agent_fd = fd;
        else if (listens_as(fd, SR_SOCKET_PKCS11))
            passed.pkcs11_fd = fd;
    }
    return passed;
}

/* --- accepting -----------------------------------------------------------------------------------
 */

static gboolean on_pause_over(gpointer data)
{
    Door *door = data;

    door->pause_source = 0;
    start_accepting(door);
    return G_SOURCE_REMOVE;
}

/* A client that cannot be taken stays in the queue, and would wake us again at once for ever. */
static gboolean pause_accepting(Door *door)
{
    door->source = 0;
    door->pause_source = g_timeout_add(SR_ACCEPT_PAUSE_MS, on_pause_over, door);
    return G_SOURCE_REMOVE;
}

static gboolean is_shortage(int number)
{
    return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

static void take_client(SrAgent *agent, int fd, pid_t pid)
{
    if (agent->connections->len - sr_programs_connections(agent->programs) >= SR_CLIENTS_MAX)
        close(fd);
    else
        g_ptr_array_add(agent->connections, sr_connection_new(agent, fd, pid));
}

static void take_program(SrAgent *agent, int fd, pid_t pid)
{
    sr_programs_take_client(agent->programs, fd, pid);
}

static gboolean on_client(int fd, GIOCondition condition, gpointer data)
{
    Door *door = data;
    pid_t pid;
    const int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

    (void)condition;
    if (client < 0)
        return is_shortage(errno) ? pause_accepting(door) : G_SOURCE_CONTINUE;
    if (sr_socket_check_peer(client, &pid) != 0)
        close(client);
    else
        door->take(door->listener->agent, client, pid);
    return G_SOURCE_CONTINUE;
}

static void start_accepting(Door *door)
{
    door->source = g_unix_fd_add(door->fd, G_IO_IN, on_client, door);
}

/* --- listening -----------------------------------------------------------------------------------
 */

/* An agent that gives way needs a moment to finish; one that listens keeps the lock. */
static gboolean take_lock(int fd)
{
    const gint64 end = g_get_monotonic_time() + GIVE_WAY_SECONDS * G_USEC_PER_SEC;
    char path[SR_PATH_MAX];
    int client;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (sr_socket_path(SR_SOCKET_AGENT, path, sizeof path) != 0 || g_get_monotonic_time() > end)
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

/* @fd is systemd's socket, or -1. */
static gboolean open_door(Door *door, const char *name, int fd, GError **error)
{
    const char *folder = door->listener->agent->runtime_folder;

    door->fd = fd;
    if (fd < 0) {
        door->path = g_build_filename(folder, name, NULL);
        door->fd = sr_socket_listen(door->path);
    }
    if (door->fd < 0) {
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "cannot listen at %s: %s", door->path,
                     g_strerror(-door->fd));
        return FALSE;
    }
    g_unix_set_fd_nonblocking(door->fd, TRUE, NULL);
    start_accepting(door);
    return TRUE;
}

SrListener *sr_listener_new(SrAgent *agent, SrPassedSockets passed, GError **error)
{
    SrListener *listener = g_new0(SrListener, 1);

    listener->agent = agent;
    listener->running_fd = -1;
    listener->doors[DOOR_AGENT] = (Door){.listener = listener, .fd = -1, .take = take_client};
    listener->doors[DOOR_PKCS11] = (Door){.listener = listener, .fd = -1, .take = take_program};
    if (passed.agent_fd < 0)
        listener->running_fd = lock_running(agent->runtime_folder, error);
    if ((passed.agent_fd >= 0 || listener->running_fd >= 0) &&
        open_door(&listener->doors[DOOR_AGENT], SR_SOCKET_AGENT, passed.agent_fd, error) &&
        open_door(&listener->doors[DOOR_PKCS11], SR_SOCKET_PKCS11, passed.pkcs11_fd, error))
        return listener;
    sr_listener_free(listener);
    return NULL;
}

static void close_door(Door *door)
{
    g_clear_handle_id(&door->source, g_source_remove);
    g_clear_handle_id(&door->pause_source, g_source_remove);
    if (door->path && door->fd >= 0)
        unlink(door->path);
    if (door->fd >= 0)
        close(door->fd);
    door->fd = -1;
}

void sr_listener_close(SrListener *listener)
{
    for (guint i = 0; i < DOORS; i++)
        close_door(&listener->doors[i]);
}

void sr_listener_free(SrListener *listener)
{
    if (!listener)
        return;
    sr_listener_close(listener);
    if (listener->running_fd >= 0)
        close(listener->running_fd);
    for (guint i = 0; i < DOORS; i++)
        g_free(listener->doors[i].path);
    g_free(listener);
}
