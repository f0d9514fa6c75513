/*
 * The binary messages between the PKCS#11 module and the agent: reading and writing them within
 * bounds. What each message holds is in operation.h.
 *
 * A packet is a header of three 32-bit numbers and a body. Both ends run on one machine, so numbers
 * have its byte order. Nothing here allocates.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SR_PACKET_HEADER_SIZE 12u

/* The longest body, in bytes: data of 1 MiB and what comes with it. */
#define SR_PACKET_BODY_MAX (1048576u + 65536u)

typedef struct {
    uint32_t size;   /* of the body */
    uint32_t code;   /* a request's SrOperation; a reply's CKR value or SR_PACKET_WAIT */
    uint32_t serial; /* a reply repeats that of its request */
} SrPacketHeader;

/* A reply's code that says: not yet, the user is being asked; the reply comes in another packet. */
#define SR_PACKET_WAIT 0x7ffffffeu

/* --- writing ------------------------------------------------------------------------------------
 */

/* A packet being written into the caller's memory. What does not fit makes it fail as a whole. */
typedef struct {
    uint8_t *data;
    size_t size; /* written so far, header included */
    size_t room;
    bool failed;
} SrPacketWriter;

/* Begin a packet in @memory of @room bytes, which may be too small even for a header. */
void sr_packet_begin(SrPacketWriter *writer, void *memory, size_t room, uint32_t code,
                     uint32_t serial);

/* Append a number; bytes preceded by their 32-bit count (@bytes NULL only with @size 0). */
void sr_packet_put_u8(SrPacketWriter *writer, uint8_t value);
void sr_packet_put_u32(SrPacketWriter *writer, uint32_t value);
void sr_packet_put_u64(SrPacketWriter *writer, uint64_t value);
void sr_packet_put_bytes(SrPacketWriter *writer, const void *bytes, size_t size);

/* Append bytes as they are, without a count: fields that were written before. */
void sr_packet_put_raw(SrPacketWriter *writer, const void *bytes, size_t size);

/* Append @text as bytes without its NUL; NULL is "". */
void sr_packet_put_text(SrPacketWriter *writer, const char *text);

/* Complete the header. The packet's size in bytes, 0 when it did not fit. */
size_t sr_packet_end(SrPacketWriter *writer);

/* --- reading ------------------------------------------------------------------------------------
 */

/* A body being read. After the first thing that is not there everything reads as 0 or empty. */
typedef struct {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
} SrPacketReader;

/* Read @size bytes at @body, borrowed. */
void sr_packet_read(SrPacketReader *reader, const void *body, size_t size);

/* The next number. */
uint8_t sr_packet_get_u8(SrPacketReader *reader);
uint32_t sr_packet_get_u32(SrPacketReader *reader);
uint64_t sr_packet_get_u64(SrPacketReader *reader);

/* Bytes with their count before them; borrowed from the body. Never NULL. */
const uint8_t *sr_packet_get_bytes(SrPacketReader *reader, size_t *ret_size);

/* Whether all that was asked for was there, and nothing is left. */
bool sr_packet_is_complete(const SrPacketReader *reader);
