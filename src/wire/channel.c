#include "wire/channel.h"

#include "wire/clock.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>

#define PATIENCE_US 100u
#define LOOKS_PER_CLOCK 4u
#define PAUSE_MAX 1023u
#define PAUSE_CROWDED 127u /* the first one on a crowded machine */
#define TRIAL 128u         /* looks after which the machine is judged */
#define PREEMPTIONS_MAX 1  /* in that time; a system at rest has some of its own */

static int64_t deadline_after(int timeout_ms)
{
    return timeout_ms < 0 ? INT64_MAX : sr_clock_us() + (int64_t)timeout_ms * 1000;
}

void sr_channel_init(SrChannel *channel, int fd)
{
    cpu_set_t cpus;

    *channel = (SrChannel){.fd = fd};
    channel->may_look = sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) > 1;
}

/* Sleep until the socket is ready for @events. */
static int sleep_until(const SrChannel *channel, short events, int64_t deadline)
{
    struct pollfd poller = {.fd = channel->fd, .events = events};

    for (;;) {
        const int64_t left = deadline == INT64_MAX ? -1 : (deadline - sr_clock_us() + 999) / 1000;
        int ready;

        if (deadline != INT64_MAX && left <= 0)
            return -ETIMEDOUT;
        ready = poll(&poller, 1, left > 3600000 ? 3600000 : (int)left);
        if (ready > 0)
            return 0;
        if (ready < 0 && errno != EINTR)
            return -errno;
    }
}

int sr_channel_send(SrChannel *channel, const void *bytes, size_t size, int timeout_ms)
{
    const uint8_t *at = bytes;
    int64_t deadline = 0;

    while (size > 0) {
        const ssize_t sent = send(channel->fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent >= 0) {
            at += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN) {
            if (deadline == 0)
                deadline = deadline_after(timeout_ms);
            const int result = sleep_until(channel, POLLOUT, deadline);

            if (result != 0)
                return result;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    channel->hurried = true;
    return 0;
}

/* Look for bytes again and again for a moment. -EAGAIN when none came. */
static ssize_t look(SrChannel *channel, uint8_t *at, size_t size)
{
    const int64_t end = sr_clock_us() + PATIENCE_US;
    ssize_t got;

    do {
        for (unsigned i = 0; i < LOOKS_PER_CLOCK; i++) {
            got = recv(channel->fd, at, size, MSG_DONTWAIT);
            if (got >= 0 || errno != EAGAIN)
                return got;
        }
    } while (sr_clock_us() < end);
    return got;
}

/* How often this thread was made to give its CPU to another one. */
static long preemptions(void)
{
    struct rusage usage = {0};

    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
}

/*
 * Sleep at once the next times, at least @at_least of them, and about twice as many as after the
 * last failure.
 */
static void pause_looking(SrChannel *channel, uint32_t at_least)
{
    const uint32_t longer = channel->pause * 2 + 1;

    channel->pause = longer > PAUSE_MAX ? PAUSE_MAX : longer < at_least ? at_least : longer;
    channel->paused = channel->pause;
    channel->looked = 0;
}

/*
 * What looking taught. It was in vain: whoever looks on the CPU that the peer waits for keeps it
 * from answering, and only sleeping gives that CPU away. Or it was in time, but other threads had
 * to take the CPU by force: there are more of them than CPUs, and the time spent on looking would
 * have been another one's to work.
 */
static void learn(SrChannel *channel, bool in_time)
{
    if (!in_time) {
        pause_looking(channel, 1);
        return;
    }
    if (channel->looked++ == 0) {
        channel->looker = pthread_self();
        channel->preempted = preemptions();
    }
    if (channel->looked < TRIAL)
        return;
    if (pthread_equal(channel->looker, pthread_self()) &&
        preemptions() - channel->preempted > PREEMPTIONS_MAX)
        pause_looking(channel, PAUSE_CROWDED);
    else
        channel->pause = 0;
    channel->looked = 0;
}

/* One read, waiting until something is there. */
static ssize_t receive_some(SrChannel *channel, uint8_t *at, size_t size, int64_t *deadline,
                            int timeout_ms)
{
    const bool hurried = channel->hurried;
    const bool looks = hurried && channel->may_look && channel->paused == 0;
    ssize_t got = looks ? look(channel, at, size) : recv(channel->fd, at, size, MSG_DONTWAIT);

    channel->hurried = false;
    if (looks)
        learn(channel, got > 0);
    else if (hurried && channel->paused > 0)
        channel->paused--;
    while (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        int result;

        if (*deadline == 0)
            *deadline = deadline_after(timeout_ms);
        result = sleep_until(channel, POLLIN, *deadline);
        if (result != 0)
            return result;
        got = recv(channel->fd, at, size, MSG_DONTWAIT);
    }
    return got >= 0 ? got : -errno;
}

/* Move what was read ahead, at most @size bytes, to @at. */
static size_t take_ahead(SrChannel *channel, uint8_t *at, size_t size)
{
    const size_t have = channel->end - channel->begin;
    const size_t count = have < size ? have : size;

    memcpy(at, channel->ahead + channel->begin, count);
    explicit_bzero(channel->ahead + channel->begin, count);
    channel->begin += (uint32_t)count;
    return count;
}

/* Some of @size bytes: large pieces go where they belong, small ones are read with what follows. */
static ssize_t receive_piece(SrChannel *channel, uint8_t *at, size_t size, int64_t *deadline,
                             int timeout_ms)
{
    ssize_t got;

    if (channel->begin == channel->end && size >= sizeof channel->ahead)
        return receive_some(channel, at, size, deadline, timeout_ms);
    if (channel->begin == channel->end) {
        got = receive_some(channel, channel->ahead, sizeof channel->ahead, deadline, timeout_ms);
        if (got <= 0)
            return got;
        channel->begin = 0;
        channel->end = (uint32_t)got;
    }
    return (ssize_t)take_ahead(channel, at, size);
}

/* @size bytes; -ENODATA when the peer closed before the first one. */
static int receive_all(SrChannel *channel, uint8_t *at, size_t size, int timeout_ms)
{
    const uint8_t *start = at;
    int64_t deadline = 0;

    while (size > 0) {
        const ssize_t got = receive_piece(channel, at, size, &deadline, timeout_ms);

        if (got == 0 || got == -ECONNRESET)
            return at == start ? -ENODATA : -EPROTO;
        if (got < 0)
            return got == -ETIMEDOUT && at != start ? -EPROTO : (int)got;
        at += got;
        size -= (size_t)got;
    }
    return 0;
}

int sr_channel_receive_header(SrChannel *channel, SrPacketHeader *ret_header, int timeout_ms)
{
    SrPacketHeader header;
    const int result = receive_all(channel, (uint8_t *)&header, sizeof header, timeout_ms);

    if (result != 0)
        return result;
    *ret_header = header;
    return header.size > SR_PACKET_BODY_MAX ? -EMSGSIZE : 0;
}

int sr_channel_receive_body(SrChannel *channel, void *body, size_t size, int timeout_ms)
{
    const int result = receive_all(channel, body, size, timeout_ms);

    return result == -ENODATA || result == -ETIMEDOUT ? -EPROTO : result;
}

int sr_channel_receive(SrChannel *channel, SrPacketHeader *ret_header, void *body, size_t room,
                       int timeout_ms)
{
    const int result = sr_channel_receive_header(channel, ret_header, timeout_ms);

    if (result != 0)
        return result;
    if (ret_header->size > room)
        return -EMSGSIZE;
    return sr_channel_receive_body(channel, body, ret_header->size, timeout_ms);
}
