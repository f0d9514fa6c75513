/*
 * What comes on a connection of the PKCS#11 module: the input is all that the agent sends before it
 * closes, in pieces of the size that the first byte says. Whatever it is, an exchange ends with an
 * answer that was there, or as a fault.
 */
#include "pkcs11/connection.h"
#include "wire/packet.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define EXCHANGES 4u

/* The connected ends: [0] the module's, [1] the agent's, on which all has been sent. */
static void connect_ends(int ends[2], const uint8_t *data, size_t size, size_t piece)
{
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    while (size > 0) {
        const ssize_t sent = send(ends[1], data, size < piece ? size : piece, MSG_DONTWAIT);

        if (sent <= 0)
            break;
        data += sent;
        size -= (size_t)sent;
    }
    CHECK(shutdown(ends[1], SHUT_WR) == 0);
}

static void open_on(SrConnection *connection, int fd)
{
    struct stat status;

    CHECK(fstat(fd, &status) == 0);
    connection->device = status.st_dev;
    connection->inode = status.st_ino;
    connection->serial = 0;
    sr_channel_init(&connection->channel, fd);
    connection->channel.may_look = false;
    atomic_store(&connection->fd, fd);
}

/* Whether the exchange ended with an answer. */
static bool exchange(SrConnection *connection)
{
    uint8_t request[SR_PACKET_HEADER_SIZE] = {0};
    uint8_t room[16];
    SrAnswer answer = {.body = room, .size = sizeof room};
    const SrExchange result = sr_connection_exchange(connection, request, sizeof request, &answer);
    uint8_t sum = 0;

    if (result == SR_EXCHANGE_DONE) {
        CHECK(answer.code == 0 || answer.size == 0);
        CHECK(answer.allocated || answer.size <= sizeof room);
        for (size_t i = 0; i < answer.size; i++)
            sum ^= answer.body[i];
    }
    if (answer.allocated)
        free(answer.body);
    return result == SR_EXCHANGE_DONE || sum != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    SrConnection connection;
    int ends[2];

    if (size < 1)
        return 0;
    connect_ends(ends, data + 1, size - 1, (size_t)data[0] + 1);
    open_on(&connection, ends[0]);
    for (unsigned i = 0; i < EXCHANGES && exchange(&connection); i++)
        continue;
    sr_connection_close(&connection);
    CHECK(atomic_load(&connection.fd) == -1);
    close(ends[1]);
    return 0;
}
