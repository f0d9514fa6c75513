#include "wire/frame.h"

#include <glib.h>
#include <string.h>

#define LIMIT 100000u

/* Put @size bytes into the reader as if they had been read, in pieces of at most @piece. */
static void feed(SrFrameReader *reader, const guint8 *bytes, gsize size, gsize piece)
{
    while (size > 0) {
        gsize room;
        guint8 *space = sr_frame_reader_space(reader, &room);
        const gsize now = MIN(MIN(room, piece), size);

        g_assert_nonnull(space);
        g_assert_cmpuint(room, >, 0);
        memcpy(space, bytes, now);
        sr_frame_reader_added(reader, now);
        bytes += now;
        size -= now;
    }
}

static void append_frame(GByteArray *stream, guint8 fill, guint32 size)
{
    guint8 header[SR_FRAME_HEADER_SIZE];
    const guint at = stream->len + (guint)sizeof(header);

    sr_frame_header(size, header);
    g_byte_array_append(stream, header, sizeof(header));
    g_byte_array_set_size(stream, at + size);
    memset(stream->data + at, fill, size);
}

static void assert_next(SrFrameReader *reader, guint8 fill, guint32 size)
{
    const guint8 *body = NULL;
    guint32 got = 0;

    g_assert_cmpint(sr_frame_reader_next(reader, &body, &got), ==, SR_FRAME_OK);
    g_assert_cmpuint(got, ==, size);
    for (guint32 i = 0; i < size; i++)
        g_assert_cmpuint(body[i], ==, fill);
}

static SrFrameStatus next_status(SrFrameReader *reader)
{
    const guint8 *body;
    guint32 size;

    return sr_frame_reader_next(reader, &body, &size);
}

static void test_header_is_native_order(void)
{
    guint8 header[SR_FRAME_HEADER_SIZE];
    guint32 value;

    sr_frame_header(0x01020304, header);
    memcpy(&value, header, sizeof(value));
    g_assert_cmpuint(value, ==, 0x01020304);
}

/* Every length around the edges of the buffer, whole and byte by byte. */
static void test_any_size_in_any_pieces(void)
{
    static const guint32 sizes[] = {1, 2, 230, 4096, 16379, 16380, 16381, 16384, 70000, LIMIT};
    static const gsize pieces[] = {1, 2, 3, 4, 5, 1000, 16384, G_MAXSIZE};

    for (gsize s = 0; s < G_N_ELEMENTS(sizes); s++) {
        for (gsize p = 0; p < G_N_ELEMENTS(pieces); p++) {
            g_autoptr(GByteArray) stream = g_byte_array_new();
            SrFrameReader reader;

            sr_frame_reader_init(&reader, LIMIT);
            append_frame(stream, 'x', sizes[s]);
            feed(&reader, stream->data, stream->len - 1, pieces[p]);
            g_assert_cmpint(next_status(&reader), ==, SR_FRAME_MORE);
            g_assert_true(sr_frame_reader_is_partial(&reader));
            feed(&reader, stream->data + stream->len - 1, 1, 1);
            assert_next(&reader, 'x', sizes[s]);
            g_assert_false(sr_frame_reader_is_partial(&reader));
            g_assert_cmpint(next_status(&reader), ==, SR_FRAME_MORE);
            sr_frame_reader_clear(&reader);
        }
    }
}

static void test_many_frames_in_one_write_are_adjacent(void)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    SrFrameReader reader;
    const guint8 *first = NULL;

    sr_frame_reader_init(&reader, LIMIT);
    for (guint i = 0; i < 10; i++)
        append_frame(stream, (guint8)('a' + i), 100 + i);
    feed(&reader, stream->data, stream->len, G_MAXSIZE);
    for (guint i = 0; i < 10; i++) {
        const guint8 *body;
        guint32 size;

        g_assert_cmpint(sr_frame_reader_next(&reader, &body, &size), ==, SR_FRAME_OK);
        if (!first)
            first = body - SR_FRAME_HEADER_SIZE;
    }
    g_assert_true(memcmp(first, stream->data, stream->len) == 0);
    sr_frame_reader_clear(&reader);
}

static void test_a_thousand_frames_cut_anywhere(void)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(GRand) random = g_rand_new_with_seed(4361);
    SrFrameReader reader;
    gsize at = 0;
    guint expected = 0;

    for (guint i = 0; i < 1000; i++)
        append_frame(stream, (guint8)i, 1 + i * 7 % 2000);
    sr_frame_reader_init(&reader, LIMIT);
    while (at < stream->len) {
        const gsize size = MIN((gsize)g_rand_int_range(random, 1, 9000), stream->len - at);
        const guint8 *body;
        guint32 got;

        for (gsize done = 0; done < size;) {
            gsize room;
            guint8 *space = sr_frame_reader_space(&reader, &room);
            const gsize now = MIN(room, size - done);

            memcpy(space, stream->data + at + done, now);
            sr_frame_reader_added(&reader, now);
            done += now;
            while (sr_frame_reader_next(&reader, &body, &got) == SR_FRAME_OK) {
                g_assert_cmpuint(got, ==, 1 + expected * 7 % 2000);
                g_assert_cmpuint(body[0], ==, (guint8)expected);
                g_assert_cmpuint(body[got - 1], ==, (guint8)expected);
                expected++;
            }
        }
        at += size;
    }
    g_assert_cmpuint(expected, ==, 1000);
    g_assert_false(sr_frame_reader_is_partial(&reader));
    sr_frame_reader_clear(&reader);
}

/* What cannot be trusted is refused before any memory is taken for it, and stays refused. */
static void test_bad_lengths(void)
{
    static const struct {
        guint32 size;
        SrFrameStatus status;
    } rows[] = {
        {0, SR_FRAME_EMPTY},
        {LIMIT + 1, SR_FRAME_TOO_LONG},
        {0x7FFFFFFF, SR_FRAME_TOO_LONG},
        {0x80000000, SR_FRAME_TOO_LONG},
        {0xFFFFFFFB, SR_FRAME_TOO_LONG},
        {0xFFFFFFFF, SR_FRAME_TOO_LONG},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint8 header[SR_FRAME_HEADER_SIZE];
        SrFrameReader reader;
        gsize room;

        sr_frame_reader_init(&reader, LIMIT);
        sr_frame_header(rows[i].size, header);
        feed(&reader, header, sizeof(header), G_MAXSIZE);
        g_assert_cmpint(next_status(&reader), ==, rows[i].status);
        g_assert_null(sr_frame_reader_space(&reader, &room));
        g_assert_cmpuint(room, ==, 0);
        g_assert_cmpint(next_status(&reader), ==, rows[i].status);
        g_assert_cmpuint(reader.capacity, <=, 16384);
        sr_frame_reader_clear(&reader);
    }
}

static void test_frames_before_a_bad_one_are_delivered(void)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    SrFrameReader reader;

    sr_frame_reader_init(&reader, LIMIT);
    append_frame(stream, 'a', 5);
    append_frame(stream, 'b', 6);
    append_frame(stream, 'c', 0);
    feed(&reader, stream->data, stream->len, G_MAXSIZE);
    assert_next(&reader, 'a', 5);
    assert_next(&reader, 'b', 6);
    g_assert_cmpint(next_status(&reader), ==, SR_FRAME_EMPTY);
    sr_frame_reader_clear(&reader);
}

static void test_large_buffer_is_given_back(void)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    SrFrameReader reader;
    gsize room;

    sr_frame_reader_init(&reader, LIMIT);
    g_assert_null(reader.buffer);
    append_frame(stream, 'x', LIMIT);
    feed(&reader, stream->data, stream->len, 4096);
    g_assert_cmpuint(reader.capacity, ==, LIMIT + SR_FRAME_HEADER_SIZE);
    assert_next(&reader, 'x', LIMIT);
    g_assert_nonnull(sr_frame_reader_space(&reader, &room));
    g_assert_cmpuint(reader.capacity, <=, 16384);
    sr_frame_reader_clear(&reader);
    g_assert_null(reader.buffer);
    g_assert_cmpuint(reader.limit, ==, LIMIT);
}

static void test_consumed_bytes_are_overwritten(void)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    SrFrameReader reader;
    gsize room;

    sr_frame_reader_init(&reader, LIMIT);
    append_frame(stream, 'S', 300);
    append_frame(stream, 'T', 300);
    feed(&reader, stream->data, 304 + 10, G_MAXSIZE);
    assert_next(&reader, 'S', 300);
    g_assert_cmpint(next_status(&reader), ==, SR_FRAME_MORE);
    sr_frame_reader_space(&reader, &room);
    g_assert_null(memchr(reader.buffer, 'S', 304 + 10));
    feed(&reader, stream->data + 304 + 10, stream->len - 304 - 10, G_MAXSIZE);
    assert_next(&reader, 'T', 300);
    sr_frame_reader_clear(&reader);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame/header-is-in-native-byte-order", test_header_is_native_order);
    g_test_add_func("/frame/any-size-arrives-whole-in-any-pieces", test_any_size_in_any_pieces);
    g_test_add_func("/frame/ten-in-one-write-are-adjacent",
                    test_many_frames_in_one_write_are_adjacent);
    g_test_add_func("/frame/a-thousand-frames-cut-anywhere", test_a_thousand_frames_cut_anywhere);
    g_test_add_func("/frame/bad-lengths-are-refused-without-memory", test_bad_lengths);
    g_test_add_func("/frame/frames-before-a-bad-one-are-delivered",
                    test_frames_before_a_bad_one_are_delivered);
    g_test_add_func("/frame/large-buffer-is-given-back", test_large_buffer_is_given_back);
    g_test_add_func("/frame/consumed-bytes-are-overwritten", test_consumed_bytes_are_overwritten);
    return g_test_run();
}
