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

/* The agent writes answers in exactly this form, and notifications with "method" in its place. */
static bool is_answer(const uint8_t *body, uint32_t size)
{
    static const char start[] = "{\"jsonrpc\":\"2.0\",\"id\":";

    return size >= sizeof(start) - 1 && memcmp(body, start, sizeof(start) - 1) == 0;
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
        flow->frames++;
        flow->answers += is_answer(body, size);
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
    /* Keep nothing of what went through, neither the bytes nor the memory of a large frame. */
    if (!sr_frame_reader_is_partial(&flow->reader))
        sr_frame_reader_clear(&flow->reader);
}

void sr_flow_clear(SrFlow *flow)
{
    sr_flow_drop_burst(flow);
    sr_frame_reader_clear(&flow->reader);
}
