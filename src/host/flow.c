#include "host/flow.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void sr_flow_init(SrFlow *flow, uint32_t limit)
{
    *flow = (SrFlow){0};
    sr_frame_reader_init(&flow->reader, limit);
}

ssize_t sr_flow_read(SrFlow *flow, int fd)
{
    size_t room;
    uint8_t *space = sr_frame_reader_space(&flow->reader, &room);
    ssize_t got;

    if (!space)
        return -ENOMEM;
    do
        got = read(fd, space, room);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    sr_frame_reader_added(&flow->reader, (size_t)got);
    return got;
}

static bool starts_with(const uint8_t *body, uint32_t size, const char *start)
{
    const size_t length = strlen(start);

    return size >= length && memcmp(body, start, length) == 0;
}

/* The agent writes answers in exactly this form, and notifications with "method" in its place. */
static void count(SrFlow *flow, const uint8_t *body, uint32_t size)
{
    flow->frames++;
    flow->answers += starts_with(body, size, "{\"jsonrpc\":\"2.0\",\"id\":");
    flow->refusals += starts_with(body, size, "{\"jsonrpc\":\"2.0\",\"id\":null,");
}

SrFrameStatus sr_flow_collect(SrFlow *flow)
{
    const uint8_t *body;
    uint32_t size;
    SrFrameStatus status;

    while ((status = sr_frame_reader_next(&flow->reader, &body, &size)) == SR_FRAME_OK) {
        if (!flow->burst)
            flow->burst = body - SR_FRAME_HEADER_SIZE;
        flow->burst_size = (size_t)(body - flow->burst) + size;
        count(flow, body, size);
    }
    return flow->burst ? SR_FRAME_OK : status;
}

int sr_flow_write(SrFlow *flow, int fd)
{
    ssize_t put;

    do
        put = write(fd, flow->burst + flow->written, flow->burst_size - flow->written);
    while (put < 0 && errno == EINTR);
    if (put < 0)
        return -errno;
    flow->written += (size_t)put;
    if (flow->written == flow->burst_size)
        sr_flow_drop_burst(flow);
    return 0;
}

bool sr_flow_is_busy(const SrFlow *flow)
{
    return flow->burst;
}

void sr_flow_drop_burst(SrFlow *flow)
{
    flow->burst = NULL;
    flow->burst_size = 0;
    flow->written = 0;
    flow->frames = 0;
    flow->answers = 0;
    flow->refusals = 0;
    /* Keep nothing of what went through, neither the bytes nor the memory of a large frame. */
    if (!sr_frame_reader_is_partial(&flow->reader))
        sr_frame_reader_clear(&flow->reader);
}

void sr_flow_clear(SrFlow *flow)
{
    sr_flow_drop_burst(flow);
    sr_frame_reader_clear(&flow->reader);
}
