#include "wire/packet.h"

#include <string.h>

/* --- writing ------------------------------------------------------------------------------------
 */

static void put(SrPacketWriter *writer, const void *bytes, size_t size)
{
    if (writer->failed || size > writer->room - writer->size) {
        writer->failed = true;
        return;
    }
    if (size > 0)
        memcpy(writer->data + writer->size, bytes, size);
    writer->size += size;
}

void sr_packet_begin(SrPacketWriter *writer, void *memory, size_t room, uint32_t code,
                     uint32_t serial)
{
    const SrPacketHeader header = {.code = code, .serial = serial};

    *writer = (SrPacketWriter){.data = memory, .room = room};
    put(writer, &header, sizeof header);
}

void sr_packet_put_u8(SrPacketWriter *writer, uint8_t value)
{
    put(writer, &value, sizeof value);
}

void sr_packet_put_u32(SrPacketWriter *writer, uint32_t value)
{
    put(writer, &value, sizeof value);
}

void sr_packet_put_u64(SrPacketWriter *writer, uint64_t value)
{
    put(writer, &value, sizeof value);
}

void sr_packet_put_bytes(SrPacketWriter *writer, const void *bytes, size_t size)
{
    if (size > SR_PACKET_BODY_MAX) {
        writer->failed = true;
        return;
    }
    sr_packet_put_u32(writer, (uint32_t)size);
    put(writer, bytes, size);
}

void sr_packet_put_raw(SrPacketWriter *writer, const void *bytes, size_t size)
{
    put(writer, bytes, size);
}

void sr_packet_put_text(SrPacketWriter *writer, const char *text)
{
    sr_packet_put_bytes(writer, text, text ? strlen(text) : 0);
}

size_t sr_packet_end(SrPacketWriter *writer)
{
    uint32_t body;

    if (writer->failed || writer->size - SR_PACKET_HEADER_SIZE > SR_PACKET_BODY_MAX)
        return 0;
    body = (uint32_t)(writer->size - SR_PACKET_HEADER_SIZE);
    memcpy(writer->data + offsetof(SrPacketHeader, size), &body, sizeof body);
    return writer->size;
}

/* --- reading ------------------------------------------------------------------------------------
 */

void sr_packet_read(SrPacketReader *reader, const void *body, size_t size)
{
    reader->at = body;
    reader->end = reader->at + size;
    reader->failed = false;
}

/* @size bytes, or NULL. */
static const uint8_t *take(SrPacketReader *reader, size_t size)
{
    const uint8_t *bytes = reader->at;

    if (reader->failed || size > (size_t)(reader->end - reader->at)) {
        reader->failed = true;
        return NULL;
    }
    reader->at += size;
    return bytes;
}

uint8_t sr_packet_get_u8(SrPacketReader *reader)
{
    const uint8_t *bytes = take(reader, 1);

    return bytes ? *bytes : 0;
}

uint32_t sr_packet_get_u32(SrPacketReader *reader)
{
    const uint8_t *bytes = take(reader, sizeof(uint32_t));
    uint32_t value = 0;

    if (bytes)
        memcpy(&value, bytes, sizeof value);
    return value;
}

uint64_t sr_packet_get_u64(SrPacketReader *reader)
{
    const uint8_t *bytes = take(reader, sizeof(uint64_t));
    uint64_t value = 0;

    if (bytes)
        memcpy(&value, bytes, sizeof value);
    return value;
}

const uint8_t *sr_packet_get_bytes(SrPacketReader *reader, size_t *ret_size)
{
    static const uint8_t nothing[1];
    const size_t size = sr_packet_get_u32(reader);
    const uint8_t *bytes = take(reader, size);

    *ret_size = bytes ? size : 0;
    return bytes ? bytes : nothing;
}

bool sr_packet_is_complete(const SrPacketReader *reader)
{
    return !reader->failed && reader->at == reader->end;
}
