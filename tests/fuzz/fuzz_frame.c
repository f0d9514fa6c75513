/*
 * The frame reader against a plain reading of the same bytes. The first byte chooses the limit, the
 * second the sizes of the pieces; the rest is the stream.
 */
#include "wire/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

typedef struct {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    uint32_t limit;
} Plain;

/* What the next frame is when everything up to @arrived is known. */
static SrFrameStatus plain_next(const Plain *plain, size_t arrived, uint32_t *ret_size)
{
    if (arrived - plain->at < SR_FRAME_HEADER_SIZE)
        return SR_FRAME_MORE;
    memcpy(ret_size, plain->bytes + plain->at, SR_FRAME_HEADER_SIZE);
    if (*ret_size == 0)
        return SR_FRAME_EMPTY;
    if (*ret_size > plain->limit)
        return SR_FRAME_TOO_LONG;
    return arrived - plain->at - SR_FRAME_HEADER_SIZE < *ret_size ? SR_FRAME_MORE : SR_FRAME_OK;
}

/* Take all frames there are; the status that ends them. */
static SrFrameStatus take_frames(SrFrameReader *reader, Plain *plain, size_t arrived)
{
    for (;;) {
        const uint8_t *body = NULL;
        uint32_t size = 0;
        uint32_t expected = 0;
        const SrFrameStatus status = sr_frame_reader_next(reader, &body, &size);

        CHECK(status == plain_next(plain, arrived, &expected));
        if (status != SR_FRAME_OK)
            return status;
        CHECK(size == expected);
        CHECK(memcmp(body - SR_FRAME_HEADER_SIZE, plain->bytes + plain->at,
                     SR_FRAME_HEADER_SIZE + size) == 0);
        plain->at += SR_FRAME_HEADER_SIZE + size;
        CHECK(sr_frame_reader_is_partial(reader) == (arrived > plain->at));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t limits[] = {1, 16, 1000, 20000, SR_FRAME_REQUEST_MAX};
    SrFrameReader reader;
    Plain plain;
    size_t piece;
    size_t arrived = 0;
    SrFrameStatus status = SR_FRAME_MORE;

    if (size < 2)
        return 0;
    plain = (Plain){data + 2, size - 2, 0, limits[data[0] % (sizeof(limits) / sizeof(*limits))]};
    piece = (size_t)data[1] * data[1] + 1;
    sr_frame_reader_init(&reader, plain.limit);
    while (arrived < plain.size && status == SR_FRAME_MORE) {
        size_t room;
        uint8_t *space = sr_frame_reader_space(&reader, &room);
        size_t now = piece < room ? piece : room;

        CHECK(space && room > 0);
        CHECK(reader.capacity <= 16384 || reader.capacity <= plain.limit + SR_FRAME_HEADER_SIZE);
        now = now < plain.size - arrived ? now : plain.size - arrived;
        memcpy(space, plain.bytes + arrived, now);
        sr_frame_reader_added(&reader, now);
        arrived += now;
        status = take_frames(&reader, &plain, arrived);
    }
    sr_frame_reader_clear(&reader);
    return 0;
}
