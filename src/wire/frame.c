#include "wire/frame.h"

#include <stdlib.h>
#include <string.h>

/* Room for a burst of small frames in one read, and the size an idle reader keeps. */
#define INITIAL_CAPACITY 16384u

void sr_frame_reader_init(SrFrameReader *reader, uint32_t limit)
{
    *reader = (SrFrameReader){.limit = limit};
}

static size_t unread(const SrFrameReader *reader)
{
    return reader->end - reader->start;
}

/* Look at the header of the next frame without consuming it. */
static SrFrameStatus peek_size(const SrFrameReader *reader, uint32_t *ret_size)
{
    if (unread(reader) < SR_FRAME_HEADER_SIZE)
        return SR_FRAME_MORE;
    memcpy(ret_size, reader->buffer + reader->start, sizeof(*ret_size));
    if (*ret_size == 0)
        return SR_FRAME_EMPTY;
    return *ret_size > reader->limit ? SR_FRAME_TOO_LONG : SR_FRAME_OK;
}

/* Move the unread bytes to the front and overwrite what is left behind them. */
static void compact(SrFrameReader *reader)
{
    const size_t size = unread(reader);

    if (reader->start == 0)
        return;
    memmove(reader->buffer, reader->buffer + reader->start, size);
    explicit_bzero(reader->buffer + size, reader->end - size);
    reader->start = 0;
    reader->end = size;
}

/* Not realloc: it would leave a readable copy behind. */
static bool grow(SrFrameReader *reader, size_t capacity)
{
    uint8_t *buffer = malloc(capacity);

    if (!buffer)
        return false;
    if (reader->buffer) {
        memcpy(buffer, reader->buffer, reader->end);
        explicit_bzero(reader->buffer, reader->end);
        free(reader->buffer);
    }
    reader->buffer = buffer;
    reader->capacity = capacity;
    return true;
}

uint8_t *sr_frame_reader_space(SrFrameReader *reader, size_t *ret_room)
{
    size_t wanted = INITIAL_CAPACITY;
    uint32_t size;
    const SrFrameStatus status = peek_size(reader, &size);

    *ret_room = 0;
    if (status == SR_FRAME_EMPTY || status == SR_FRAME_TOO_LONG)
        return NULL;
    if (status == SR_FRAME_OK && size > INITIAL_CAPACITY - SR_FRAME_HEADER_SIZE)
        wanted = SR_FRAME_HEADER_SIZE + (size_t)size;
    if (unread(reader) == 0 && reader->capacity > INITIAL_CAPACITY)
        sr_frame_reader_clear(reader);
    compact(reader);
    if (reader->capacity < wanted && !grow(reader, wanted))
        return NULL;
    *ret_room = reader->capacity - reader->end;
    return *ret_room ? reader->buffer + reader->end : NULL;
}

void sr_frame_reader_added(SrFrameReader *reader, size_t size)
{
    reader->end += size;
}

SrFrameStatus sr_frame_reader_next(SrFrameReader *reader, const uint8_t **ret_body,
                                   uint32_t *ret_size)
{
    uint32_t size;
    const SrFrameStatus status = peek_size(reader, &size);

    if (status != SR_FRAME_OK)
        return status;
    if (unread(reader) - SR_FRAME_HEADER_SIZE < size)
        return SR_FRAME_MORE;
    *ret_body = reader->buffer + reader->start + SR_FRAME_HEADER_SIZE;
    *ret_size = size;
    reader->start += SR_FRAME_HEADER_SIZE + (size_t)size;
    return SR_FRAME_OK;
}

bool sr_frame_reader_is_partial(const SrFrameReader *reader)
{
    return unread(reader) > 0;
}

void sr_frame_reader_clear(SrFrameReader *reader)
{
    if (reader->buffer)
        explicit_bzero(reader->buffer, reader->end);
    free(reader->buffer);
    sr_frame_reader_init(reader, reader->limit);
}

void sr_frame_header(uint32_t size, uint8_t ret_header[SR_FRAME_HEADER_SIZE])
{
    memcpy(ret_header, &size, SR_FRAME_HEADER_SIZE);
}
