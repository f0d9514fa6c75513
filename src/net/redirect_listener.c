#include "net/redirect_listener.h"

#include "base/error.h"
#include "net/loopback_request.h"
#include "net/page.h"
#include "wire/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 64u
#define BACKLOG 128
#define PATIENCE_MS 5000 /* for the head of a request */
#define LEAVING_MS 1000  /* for the client to take the answer */
#define LINE_START "redirect "

/* A connection waits for its request, then, once answered, for the other side to close. */
typedef struct {
    int fd; /* -1: free */
    gboolean answered;
    gint64 deadline; /* of sr_clock_ms */
    gsize used;
    char head[SR_LOOPBACK_HEAD_MAX];
} Connection;

typedef struct {
    int socket;
    int out;
    SrLoopbackTarget target;
    guint redirects;
    gboolean ended;
    Connection connections[CONNECTIONS];
} Listener;

int sr_redirect_listener_open(guint16 *ret_port, GError **error)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
        listen(fd, BACKLOG) == 0 && getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
        *ret_port = ntohs(address.sin_port);
        return fd;
    }
    sr_error_set(error, SR_ERROR_INTERNAL, "cannot listen on 127.0.0.1: %s", g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static void write_line(Listener *listener, const char *line, gsize length)
{
    while (length > 0 && !listener->ended) {
        const ssize_t put = write(listener->out, line, length);

        if (put < 0 && errno == EINTR)
            continue;
        listener->ended = put < 0;
        line += MAX(put, 0);
        length -= (gsize)MAX(put, 0);
    }
}

static void report(Listener *listener, const char *request, gsize length)
{
    char line[sizeof LINE_START + SR_LOOPBACK_HEAD_MAX] = LINE_START;
    const gsize start = strlen(LINE_START);

    memcpy(line + start, request, length);
    line[start + length] = '\n';
    write_line(listener, line, start + length + 1);
    listener->redirects++;
    listener->ended = listener->ended || listener->redirects == SR_REDIRECTS_MAX;
}

static void drop(Connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
}

/*
 * The answer fits into the buffer of a new connection. What the client still sends is read before
 * the end, else the kernel would take the answer back.
 */
static void send_page(Connection *connection, SrLoopbackStatus status)
{
    char page[SR_PAGE_MAX];
    const gsize length = sr_page_write(status, page);

    if (send(connection->fd, page, length, MSG_NOSIGNAL) < 0 ||
        shutdown(connection->fd, SHUT_WR) != 0) {
        drop(connection);
        return;
    }
    connection->answered = TRUE;
    connection->deadline = sr_clock_ms() + LEAVING_MS;
}

/* The page goes first: the agent may end this process as soon as it has the line. */
static void answer(Listener *listener, Connection *connection)
{
    const char *request = NULL;
    gsize length = 0;
    const SrLoopbackStatus status = sr_loopback_request_read(connection->head, connection->used,
                                                             &listener->target, &request, &length);

    if (status == SR_LOOPBACK_MORE)
        return;
    send_page(connection, status);
    if (status == SR_LOOPBACK_REDIRECT)
        report(listener, request, length);
    explicit_bzero(connection->head, sizeof connection->head);
}

static void receive(Listener *listener, Connection *connection)
{
    char dropped[SR_LOOPBACK_HEAD_MAX];
    char *place = connection->answered ? dropped : connection->head + connection->used;
    const gsize room = SR_LOOPBACK_HEAD_MAX - (connection->answered ? 0 : connection->used);
    const ssize_t got = recv(connection->fd, place, room, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        drop(connection);
        return;
    }
    if (connection->answered)
        return;
    connection->used += (gsize)got;
    answer(listener, connection);
}

/* A free place, or that of the connection which has to leave first. */
static Connection *find_place(Listener *listener)
{
    Connection *chosen = listener->connections;

    for (guint i = 0; i < CONNECTIONS; i++) {
        Connection *each = &listener->connections[i];

        if (each->fd < 0)
            return each;
        if (each->deadline < chosen->deadline)
            chosen = each;
    }
    drop(chosen);
    return chosen;
}

/* A browser's request is there with its connection: read at once, no crowd can push it out. */
static void accept_all(Listener *listener)
{
    for (guint i = 0; i < CONNECTIONS && !listener->ended; i++) {
        const int fd = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        Connection *connection;

        if (fd < 0)
            return;
        connection = find_place(listener);
        connection->fd = fd;
        connection->answered = FALSE;
        connection->used = 0;
        connection->deadline = sr_clock_ms() + PATIENCE_MS;
        receive(listener, connection);
    }
}

/* Milliseconds until the first deadline, all that are over being gone. */
static gint64 drop_late(Listener *listener, gint64 end)
{
    const gint64 now = sr_clock_ms();
    gint64 first = end;

    for (guint i = 0; i < CONNECTIONS; i++) {
        Connection *each = &listener->connections[i];

        if (each->fd >= 0 && each->deadline <= now)
            drop(each);
        if (each->fd >= 0)
            first = MIN(first, each->deadline);
    }
    return MAX(first - now, 0);
}

/* The agent sends nothing; the end of the stream is its word to stop. */
static gboolean is_at_end(int in)
{
    char dropped[256];
    const ssize_t got = read(in, dropped, sizeof dropped);

    return got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
}

/* Wait for something to happen, and do what there is to do. */
static void turn(Listener *listener, int in, gint64 end)
{
    struct pollfd polled[CONNECTIONS + 2] = {
        [CONNECTIONS] = {.fd = listener->socket, .events = POLLIN},
        [CONNECTIONS + 1] = {.fd = in, .events = POLLIN},
    };
    const gint64 wait = drop_late(listener, end);

    for (guint i = 0; i < CONNECTIONS; i++)
        polled[i] = (struct pollfd){.fd = listener->connections[i].fd, .events = POLLIN};
    if (poll(polled, G_N_ELEMENTS(polled), (int)wait) <= 0)
        return;
    for (guint i = 0; i < CONNECTIONS && !listener->ended; i++)
        if (polled[i].revents)
            receive(listener, &listener->connections[i]);
    if (polled[CONNECTIONS].revents)
        accept_all(listener);
    if (polled[CONNECTIONS + 1].revents && is_at_end(in))
        listener->ended = TRUE;
}

void sr_redirect_listener_run(int socket, guint16 port, const char *path, int in, int out)
{
    const gint64 end = sr_clock_ms() + SR_REDIRECT_LIFETIME_S * 1000;
    Listener listener = {.socket = socket, .out = out, .target = {path, port}};
    char line[sizeof "listening 65535\n"];

    for (guint i = 0; i < CONNECTIONS; i++)
        listener.connections[i].fd = -1;
    write_line(&listener, line, (gsize)g_snprintf(line, sizeof line, "listening %u\n", port));
    while (!listener.ended && sr_clock_ms() < end)
        turn(&listener, in, end);
}
