/*
 * One direction of the relay: frames are read from one descriptor and written to another as they
 * are. At most one burst of whole frames waits to be written; nothing is read meanwhile.
 */
#pragma once

#include "wire/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    SrFrameReader reader;
    const uint8_t *burst; /* whole adjacent frames in the reader's buffer, headers included */
    size_t burst_size;
    size_t written;    /* bytes of the burst that are out */
    unsigned frames;   /* in the burst */
    unsigned answers;  /* those among them that answer a request */
    unsigned refusals; /* those among the answers whose id is null */
} SrFlow;

/* Prepare for frames of at most @limit bytes. */
void sr_flow_init(SrFlow *flow, uint32_t limit);

/* Read once from @fd. Returns the count, 0 at the end, -EAGAIN, -errno. */
ssize_t sr_flow_read(SrFlow *flow, int fd);

/*
 * Make a burst of all whole frames that were read. SR_FRAME_MORE when there is none; errors of the
 * stream come after the frames before them.
 */
SrFrameStatus sr_flow_collect(SrFlow *flow);

/* Write once to @fd. Returns 0 when bytes went out, -EAGAIN when none could, -errno. */
int sr_flow_write(SrFlow *flow, int fd);

/* Whether a burst waits to be written. */
bool sr_flow_is_busy(const SrFlow *flow);

/* Forget the burst; what was read is overwritten unless the next frame has begun. */
void sr_flow_drop_burst(SrFlow *flow);

/* Forget and overwrite everything. */
void sr_flow_clear(SrFlow *flow);
