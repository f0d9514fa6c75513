/*
 * Native-messaging frames: a 4-byte length in the machine's byte order, then that many bytes.
 * A SrFrameReader collects frames from any number of reads, of any size. Frames may hold
 * passphrases and tokens, so a reader overwrites what it no longer needs.
 */
#pragma once

#include "wire/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    SR_FRAME_OK = 0,
    SR_FRAME_MORE = -1,     /* not complete yet */
    SR_FRAME_EMPTY = -2,    /* a length of 0: the stream cannot be trusted any further */
    SR_FRAME_TOO_LONG = -3, /* over the limit: likewise */
} SrFrameStatus;

typedef struct {
    uint32_t limit;  /* largest body accepted */
    uint8_t *buffer; /* unread bytes, header included */
    size_t capacity;
    size_t start; /* first unread byte */
    size_t end;
} SrFrameReader;

/* Prepare a reader for bodies of at most @limit bytes. No memory is taken yet. */
void sr_frame_reader_init(SrFrameReader *reader, uint32_t limit);

/*
 * To call when sr_frame_reader_next said SR_FRAME_MORE (or at the start). Room for at least one
 * more byte: returns where to read to and how much (*ret_room). What was consumed is overwritten.
 * The buffer grows only as far as the announced length of the frame, and only after that was
 * checked; a large one is given back once it is empty. NULL when memory is short, or when the
 * stream is past trusting (sr_frame_reader_next says so).
 */
uint8_t *sr_frame_reader_space(SrFrameReader *reader, size_t *ret_room);

/* Say that @size bytes were put there. */
void sr_frame_reader_added(SrFrameReader *reader, size_t size);

/*
 * The next whole frame: *ret_body points into the reader (valid until the next call of
 * sr_frame_reader_space) and the frame is consumed. Its header stands right before the body, and
 * frames taken one after the other without a call of sr_frame_reader_space are adjacent, so that a
 * relay can pass them on in one write. SR_FRAME_MORE when none is complete; an error stays.
 */
SrFrameStatus sr_frame_reader_next(SrFrameReader *reader, const uint8_t **ret_body,
                                   uint32_t *ret_size);

/* Whether the stream stopped inside a frame. */
bool sr_frame_reader_is_partial(const SrFrameReader *reader);

/* Overwrite and free the buffer; the reader is as after sr_frame_reader_init. */
void sr_frame_reader_clear(SrFrameReader *reader);

/* Write the header for a body of @size bytes. */
void sr_frame_header(uint32_t size, uint8_t ret_header[SR_FRAME_HEADER_SIZE]);
