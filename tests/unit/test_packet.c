#include "wire/packet.h"

#include <glib.h>
#include <string.h>

static void test_what_is_written_is_read(void)
{
    guint8 memory[256];
    SrPacketWriter writer;
    SrPacketReader reader;
    SrPacketHeader header;
    const guint8 *bytes;
    gsize size;

    sr_packet_begin(&writer, memory, sizeof memory, 6, 77);
    sr_packet_put_u8(&writer, 0xfe);
    sr_packet_put_u32(&writer, 0x01020304);
    sr_packet_put_u64(&writer, G_GUINT64_CONSTANT(0x0102030405060708));
    sr_packet_put_bytes(&writer, "ab", 2);
    sr_packet_put_text(&writer, NULL);
    sr_packet_put_raw(&writer, "\x05", 1);
    size = sr_packet_end(&writer);
    g_assert_cmpuint(size, ==, SR_PACKET_HEADER_SIZE + 1 + 4 + 8 + 6 + 4 + 1);

    memcpy(&header, memory, sizeof header);
    g_assert_cmpuint(header.size, ==, size - SR_PACKET_HEADER_SIZE);
    g_assert_cmpuint(header.code, ==, 6);
    g_assert_cmpuint(header.serial, ==, 77);

    sr_packet_read(&reader, memory + SR_PACKET_HEADER_SIZE, header.size);
    g_assert_cmpuint(sr_packet_get_u8(&reader), ==, 0xfe);
    g_assert_cmpuint(sr_packet_get_u32(&reader), ==, 0x01020304);
    g_assert_cmpuint(sr_packet_get_u64(&reader), ==, G_GUINT64_CONSTANT(0x0102030405060708));
    bytes = sr_packet_get_bytes(&reader, &size);
    g_assert_cmpuint(size, ==, 2);
    g_assert_true(memcmp(bytes, "ab", 2) == 0);
    g_assert_false(sr_packet_is_complete(&reader));
    bytes = sr_packet_get_bytes(&reader, &size);
    g_assert_nonnull(bytes);
    g_assert_cmpuint(size, ==, 0);
    g_assert_cmpuint(sr_packet_get_u8(&reader), ==, 5);
    g_assert_true(sr_packet_is_complete(&reader));
}

/* Every room that is too small by one byte or more fails as a whole, and nothing is overrun. */
static void test_a_packet_that_does_not_fit_fails_as_a_whole(void)
{
    const gsize needed = SR_PACKET_HEADER_SIZE + 4 + 4 + 3;

    for (gsize room = 0; room <= needed; room++) {
        g_autofree guint8 *memory = g_malloc(room + 1);
        SrPacketWriter writer;

        memory[room] = 0x5a;
        sr_packet_begin(&writer, memory, room, 1, 1);
        sr_packet_put_u32(&writer, 1);
        sr_packet_put_bytes(&writer, "abc", 3);
        g_assert_cmpuint(sr_packet_end(&writer), ==, room == needed ? needed : 0);
        g_assert_cmpuint(memory[room], ==, 0x5a);
    }
}

/* Cut at every place: what is missing reads as nothing, and so does all that follows. */
static void test_a_cut_body_reads_as_nothing_from_the_cut_on(void)
{
    guint8 memory[64];
    SrPacketWriter writer;
    gsize size;

    sr_packet_begin(&writer, memory, sizeof memory, 1, 1);
    sr_packet_put_u64(&writer, 9);
    sr_packet_put_bytes(&writer, "abcdef", 6);
    sr_packet_put_u8(&writer, 7);
    size = sr_packet_end(&writer) - SR_PACKET_HEADER_SIZE;
    for (gsize cut = 0; cut < size; cut++) {
        SrPacketReader reader;
        gsize count;

        sr_packet_read(&reader, memory + SR_PACKET_HEADER_SIZE, cut);
        g_assert_cmpuint(sr_packet_get_u64(&reader), ==, cut >= 8 ? 9 : 0);
        sr_packet_get_bytes(&reader, &count);
        g_assert_cmpuint(count, ==, cut >= 18 ? 6 : 0);
        g_assert_cmpuint(sr_packet_get_u8(&reader), ==, 0);
        g_assert_false(sr_packet_is_complete(&reader));
    }
}

static void test_a_count_larger_than_the_body_is_refused(void)
{
    const guint32 counts[] = {4, 5, 0x7fffffff, 0xffffffff};

    for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
        guint8 body[7] = {0};
        SrPacketReader reader;
        gsize size;

        memcpy(body, &counts[i], sizeof counts[i]);
        sr_packet_read(&reader, body, sizeof body);
        sr_packet_get_bytes(&reader, &size);
        g_assert_cmpuint(size, ==, 0);
        g_assert_true(reader.failed);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/packet/round-trip", test_what_is_written_is_read);
    g_test_add_func("/packet/does-not-fit", test_a_packet_that_does_not_fit_fails_as_a_whole);
    g_test_add_func("/packet/cut", test_a_cut_body_reads_as_nothing_from_the_cut_on);
    g_test_add_func("/packet/count-too-large", test_a_count_larger_than_the_body_is_refused);
    return g_test_run();
}
