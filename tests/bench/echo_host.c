/*
 * The yardstick for sealring-host: the least a native-messaging host can do. It reads what there
 * is, and writes every whole frame back in one go.
 *
 *     echo_host [anything]       echoes between stdin and stdout, as a browser would start it
 *     echo_host --relay SOCKET   the least a relay can do: sends what it reads to the agent at
 *                                SOCKET, and the answer back; no more than one request at a time,
 *                                no checks, no waiting for both sides
 *     echo_host --agent SOCKET   stands in for the agent behind either: listens at SOCKET, swallows
 *                                the first frame (attach), echoes the others; one client at a
 *                                time, until it is killed
 */
#include "wire/frame.h"
#include "wire/socket.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ECHO_LIMIT (1024u * 1024u)

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t put = write(fd, bytes, size);

        if (put <= 0)
            return -1;
        bytes += put;
        size -= (size_t)put;
    }
    return 0;
}

/* Echo the whole frames that were read, leaving out the first *skip ones. */
static int echo_frames(SrFrameReader *reader, int out, unsigned *skip)
{
    const uint8_t *first = NULL;
    const uint8_t *body;
    const uint8_t *end = NULL;
    uint32_t size;

    while (sr_frame_reader_next(reader, &body, &size) == SR_FRAME_OK) {
        if (*skip > 0) {
            (*skip)--;
            continue;
        }
        if (!first)
            first = body - SR_FRAME_HEADER_SIZE;
        end = body + size;
    }
    return first ? write_all(out, first, (size_t)(end - first)) : 0;
}

static int echo(int in, int out, unsigned skip)
{
    SrFrameReader reader;
    int result = 0;

    sr_frame_reader_init(&reader, ECHO_LIMIT);
    while (result == 0) {
        size_t room;
        uint8_t *space = sr_frame_reader_space(&reader, &room);
        const ssize_t got = space ? read(in, space, room) : -1;

        if (got <= 0)
            break;
        sr_frame_reader_added(&reader, (size_t)got);
        result = echo_frames(&reader, out, &skip);
    }
    sr_frame_reader_clear(&reader);
    return result;
}

static int relay(const char *path)
{
    static uint8_t bytes[65536];
    static const char attach[] = "{}";
    const int agent = sr_socket_connect(path);
    ssize_t got;

    if (agent < 0) {
        fprintf(stderr, "cannot connect to %s: %s\n", path, strerror(-agent));
        return 1;
    }
    sr_frame_header(sizeof(attach) - 1, bytes);
    memcpy(bytes + SR_FRAME_HEADER_SIZE, attach, sizeof(attach) - 1);
    if (write_all(agent, bytes, SR_FRAME_HEADER_SIZE + sizeof(attach) - 1) != 0)
        return 1;
    while ((got = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0) {
        if (write_all(agent, bytes, (size_t)got) != 0)
            return 1;
        got = read(agent, bytes, sizeof(bytes));
        if (got <= 0 || write_all(STDOUT_FILENO, bytes, (size_t)got) != 0)
            return 1;
    }
    return 0;
}

static int serve(const char *path)
{
    const int listener = sr_socket_listen(path);

    if (listener < 0) {
        fprintf(stderr, "cannot listen at %s: %s\n", path, strerror(-listener));
        return 1;
    }
    for (;;) {
        int client;

        /* The listener is non-blocking. */
        poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, -1);
        client = accept(listener, NULL, NULL);
        if (client < 0)
            continue;
        echo(client, client, 1);
        close(client);
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--agent") == 0)
        return serve(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--relay") == 0)
        return relay(argv[2]);
    return echo(STDIN_FILENO, STDOUT_FILENO, 0) == 0 ? 0 : 1;
}
