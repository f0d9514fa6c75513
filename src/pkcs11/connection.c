#include "pkcs11/connection.h"

#include "wire/clock.h"
#include "wire/packet.h"
#include "wire/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MS 5000
#define ASKING_MS (10 * 60 * 1000)
#define RETRY_MS 2
#define RETRIES 250

/* Packets that say "wait" come once a second; more than that are no agent's. */
#define WAITS_MAX (2 * ASKING_MS / 1000)

/* --- connecting ------------------------------------------------------------------------------- */

/* An agent that has more connections waiting than it takes at a time gets a moment. */
static int connect_to(const char *path)
{
    const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000L};
    int fd = sr_socket_connect(path);

    for (unsigned i = 0; fd == -EAGAIN && i < RETRIES; i++) {
        nanosleep(&pause, NULL);
        fd = sr_socket_connect(path);
    }
    return fd;
}

/*
 * Not one of the standard streams, where the application closed those: what it prints or reads
 * would come to the agent, or from it. Returns the descriptor, or -errno.
 */
static int above_streams(int fd)
{
    int moved;

    if (fd > STDERR_FILENO)
        return fd;
    moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (moved < 0)
        moved = -errno;
    close(fd);
    return moved;
}

static CK_RV connect_result(int error)
{
    switch (-error) {
    case ENOMEM:
    case ENOBUFS:
    case EMFILE:
    case ENFILE:
        return CKR_HOST_MEMORY;
    case EAGAIN:
        return CKR_DEVICE_ERROR;
    default:
        return CKR_DEVICE_REMOVED;
    }
}

CK_RV sr_connection_open(SrConnection *connection, const char *path)
{
    struct stat status;
    int fd = sr_socket_check_folder(path);

    if (fd == 0)
        fd = connect_to(path);
    if (fd >= 0)
        fd = above_streams(fd);
    if (fd < 0)
        return connect_result(fd);
    if (fstat(fd, &status) != 0) {
        close(fd);
        return CKR_DEVICE_ERROR;
    }
    connection->device = status.st_dev;
    connection->inode = status.st_ino;
    connection->serial = 0;
    sr_channel_init(&connection->channel, fd);
    atomic_store(&connection->fd, fd);
    return CKR_OK;
}

static bool is_same_socket(const SrConnection *connection, int fd)
{
    struct stat status;

    return fd >= 0 && fstat(fd, &status) == 0 && status.st_dev == connection->device &&
           status.st_ino == connection->inode;
}

bool sr_connection_is_idle(const SrConnection *connection)
{
    struct pollfd poller = {.fd = atomic_load(&connection->fd), .events = POLLIN};
    int ready;

    if (!is_same_socket(connection, poller.fd))
        return false;
    /* Even a poll that does not wait is interrupted by a signal that comes just then. */
    do
        ready = poll(&poller, 1, 0);
    while (ready < 0 && errno == EINTR);
    return ready == 0;
}

void sr_connection_close(SrConnection *connection)
{
    const int fd = atomic_exchange(&connection->fd, -1);

    if (is_same_socket(connection, fd))
        close(fd);
}

void sr_connection_cut(SrConnection *connection)
{
    const int fd = atomic_load(&connection->fd);

    if (is_same_socket(connection, fd))
        shutdown(fd, SHUT_RDWR);
}

/* --- exchanging ------------------------------------------------------------------------------- */

static SrExchange exchange_result(int error)
{
    return error == -ETIMEDOUT || error == -EMSGSIZE ? SR_EXCHANGE_FAILED : SR_EXCHANGE_LOST;
}

/*
 * Codes of answers that the agent has a say in. Others would make the application believe something
 * of this module that is not so.
 */
static bool is_agents_code(CK_RV code)
{
    switch (code) {
    case CKR_CANCEL:
    case CKR_SLOT_ID_INVALID:
    case CKR_NO_EVENT:
    case CKR_NEED_TO_CREATE_THREADS:
    case CKR_CANT_LOCK:
    case CKR_BUFFER_TOO_SMALL:
    case CKR_OPERATION_ACTIVE:
    case CKR_OPERATION_NOT_INITIALIZED:
    case CKR_SESSION_CLOSED:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_CRYPTOKI_ALREADY_INITIALIZED:
        return false;
    default:
        return code <= CKR_TOKEN_RESOURCE_EXCEEDED;
    }
}

/* Wait for the header of the answer itself. */
static SrExchange receive_header(SrConnection *connection, SrPacketHeader *ret_header)
{
    const int64_t end = sr_clock_ms() + ASKING_MS;

    for (unsigned waits = 0; waits < WAITS_MAX && sr_clock_ms() < end; waits++) {
        const int result = sr_channel_receive_header(&connection->channel, ret_header, ANSWER_MS);

        if (result != 0)
            return exchange_result(result);
        if (ret_header->serial != connection->serial)
            return SR_EXCHANGE_FAILED;
        if (ret_header->code != SR_PACKET_WAIT)
            return SR_EXCHANGE_DONE;
        if (ret_header->size != 0)
            return SR_EXCHANGE_FAILED;
    }
    return SR_EXCHANGE_FAILED;
}

/* Make room for a body of @size bytes. */
static bool make_room(SrAnswer *answer, size_t size)
{
    uint8_t *body;

    if (size > answer->size) {
        body = malloc(size);
        if (!body)
            return false;
        answer->body = body;
        answer->allocated = true;
    }
    answer->size = size;
    return true;
}

static SrExchange receive_answer(SrConnection *connection, SrAnswer *answer)
{
    SrPacketHeader header;
    SrExchange exchange = receive_header(connection, &header);
    int result;

    if (exchange != SR_EXCHANGE_DONE)
        return exchange;
    if (header.code != CKR_OK && (header.size != 0 || !is_agents_code(header.code)))
        return SR_EXCHANGE_FAILED;
    answer->code = header.code;
    if (!make_room(answer, header.size))
        return SR_EXCHANGE_FAILED;
    result = sr_channel_receive_body(&connection->channel, answer->body, header.size, ANSWER_MS);
    return result == 0 ? SR_EXCHANGE_DONE : exchange_result(result);
}

SrExchange sr_connection_exchange(SrConnection *connection, uint8_t *request, size_t size,
                                  SrAnswer *answer)
{
    int result;

    if (!is_same_socket(connection, atomic_load(&connection->fd)))
        return SR_EXCHANGE_UNSENT;
    connection->serial++;
    memcpy(request + offsetof(SrPacketHeader, serial), &connection->serial,
           sizeof connection->serial);
    result = sr_channel_send(&connection->channel, request, size, ANSWER_MS);
    if (result != 0)
        return result == -ETIMEDOUT ? SR_EXCHANGE_FAILED : SR_EXCHANGE_UNSENT;
    return receive_answer(connection, answer);
}
