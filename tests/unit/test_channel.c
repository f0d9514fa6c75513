#include "wire/channel.h"

#include <errno.h>
#include <glib.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

typedef struct {
    int fds[2];
    SrChannel ends[2];
} Pair;

static void pair_open(Pair *pair)
{
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair->fds), ==, 0);
    for (guint i = 0; i < 2; i++)
        sr_channel_init(&pair->ends[i], pair->fds[i]);
}

static void pair_close(Pair *pair)
{
    close(pair->fds[0]);
    if (pair->fds[1] >= 0)
        close(pair->fds[1]);
}

/* A packet whose body is @size bytes of @fill. Owned by the caller. */
static guint8 *packet(guint8 fill, guint32 size, guint32 serial, gsize *ret_size)
{
    const SrPacketHeader header = {.size = size, .code = 1, .serial = serial};
    guint8 *bytes = g_malloc(sizeof header + size);

    memcpy(bytes, &header, sizeof header);
    memset(bytes + sizeof header, fill, size);
    *ret_size = sizeof header + size;
    return bytes;
}

static void assert_received(SrChannel *channel, guint8 fill, guint32 size, guint32 serial)
{
    g_autofree guint8 *body = g_malloc0(size + 1);
    SrPacketHeader header;

    g_assert_cmpint(sr_channel_receive(channel, &header, body, size, 5000), ==, 0);
    g_assert_cmpuint(header.size, ==, size);
    g_assert_cmpuint(header.serial, ==, serial);
    for (guint32 i = 0; i < size; i++)
        g_assert_cmpuint(body[i], ==, fill);
    g_assert_cmpuint(body[size], ==, 0);
}

/* A stream of bytes to be sent in pieces. */
typedef struct {
    SrChannel *channel;
    const GByteArray *stream;
    guint piece;
} Sending;

static gpointer send_pieces(gpointer data)
{
    const Sending *sending = data;

    for (guint at = 0; at < sending->stream->len; at += sending->piece)
        g_assert_cmpint(sr_channel_send(sending->channel, sending->stream->data + at,
                                        MIN(sending->piece, sending->stream->len - at), 5000),
                        ==, 0);
    return NULL;
}

/* Sizes around the read-ahead buffer, several packets in one write, one byte at a time. */
static void test_packets_arrive_whole_however_they_are_cut(void)
{
    const guint32 sizes[] = {0,
                             1,
                             100,
                             SR_CHANNEL_AHEAD - 13,
                             SR_CHANNEL_AHEAD - 12,
                             SR_CHANNEL_AHEAD - 11,
                             SR_CHANNEL_AHEAD,
                             5000};
    g_autoptr(GByteArray) stream = g_byte_array_new();
    Pair pair;

    pair_open(&pair);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        gsize size;
        g_autofree guint8 *bytes = packet((guint8)(i + 1), sizes[i], i, &size);

        g_byte_array_append(stream, bytes, (guint)size);
    }
    for (guint piece = 1; piece < 3000; piece = piece * 3 + 1) {
        Sending sending = {&pair.ends[0], stream, piece};
        GThread *sender = g_thread_new("sender", send_pieces, &sending);

        for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
            assert_received(&pair.ends[1], (guint8)(i + 1), sizes[i], i);
        g_thread_join(sender);
    }
    pair_close(&pair);
}

static gpointer send_large(gpointer data)
{
    Pair *pair = data;
    gsize size;
    g_autofree guint8 *bytes = packet(3, 1000000, 5, &size);

    g_assert_cmpint(sr_channel_send(&pair->ends[0], bytes, size, 5000), ==, 0);
    return NULL;
}

static void test_a_packet_larger_than_the_socket_buffer_passes(void)
{
    Pair pair;
    GThread *sender;

    pair_open(&pair);
    sender = g_thread_new("sender", send_large, &pair);
    assert_received(&pair.ends[1], 3, 1000000, 5);
    g_thread_join(sender);
    pair_close(&pair);
}

static void test_waiting_ends_with_its_deadline(void)
{
    Pair pair;
    SrPacketHeader header;
    guint8 body[4];
    gint64 start;

    pair_open(&pair);
    start = g_get_monotonic_time();
    g_assert_cmpint(sr_channel_receive(&pair.ends[1], &header, body, sizeof body, 50), ==,
                    -ETIMEDOUT);
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 50000);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 20 * G_USEC_PER_SEC);
    /* Nothing was lost: the channel goes on. */
    g_autofree guint8 *bytes = packet(1, 4, 1, &(gsize){0});

    g_assert_cmpint(sr_channel_send(&pair.ends[0], bytes, 16, 1000), ==, 0);
    assert_received(&pair.ends[1], 1, 4, 1);
    pair_close(&pair);
}

static void test_sending_to_a_peer_that_does_not_read_ends(void)
{
    Pair pair;
    gsize size;
    g_autofree guint8 *bytes = packet(1, 1000000, 1, &size);

    pair_open(&pair);
    g_assert_cmpint(sr_channel_send(&pair.ends[0], bytes, size, 50), ==, -ETIMEDOUT);
    pair_close(&pair);
}

static void test_the_end_of_the_peer_is_told_apart(void)
{
    for (gsize sent = 0; sent < 16; sent++) {
        g_autofree guint8 *bytes = packet(1, 4, 1, &(gsize){0});
        SrPacketHeader header;
        guint8 body[4];
        Pair pair;

        pair_open(&pair);
        if (sent > 0)
            g_assert_cmpint(sr_channel_send(&pair.ends[1], bytes, sent, 1000), ==, 0);
        close(pair.fds[1]);
        pair.fds[1] = -1;
        g_assert_cmpint(sr_channel_receive(&pair.ends[0], &header, body, sizeof body, 1000), ==,
                        sent == 0 ? -ENODATA : -EPROTO);
        pair_close(&pair);
    }
}

static void test_a_body_that_is_too_long_is_refused_unread(void)
{
    const guint32 sizes[] = {5, SR_PACKET_BODY_MAX, SR_PACKET_BODY_MAX + 1, G_MAXUINT32};

    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        const SrPacketHeader sent = {.size = sizes[i], .code = 1, .serial = 1};
        SrPacketHeader header;
        guint8 body[4] = {9, 9, 9, 9};
        Pair pair;

        pair_open(&pair);
        g_assert_cmpint(sr_channel_send(&pair.ends[0], &sent, sizeof sent, 1000), ==, 0);
        g_assert_cmpint(sr_channel_receive(&pair.ends[1], &header, body, sizeof body, 1000), ==,
                        -EMSGSIZE);
        g_assert_cmpuint(header.size, ==, sizes[i]);
        g_assert_cmpuint(body[0], ==, 9);
        pair_close(&pair);
    }
}

static gpointer answer(gpointer data)
{
    SrChannel *channel = data;
    SrPacketHeader header;
    guint8 body[64];

    while (sr_channel_receive(channel, &header, body, sizeof body, 5000) == 0) {
        guint8 reply[sizeof header + sizeof body];

        memcpy(reply, &header, sizeof header);
        memcpy(reply + sizeof header, body, header.size);
        g_assert_cmpint(sr_channel_send(channel, reply, sizeof header + header.size, 1000), ==, 0);
    }
    return NULL;
}

static void exchange(SrChannel *channel, guint rounds)
{
    gsize size;
    g_autofree guint8 *bytes = packet(1, 64, 1, &size);

    for (guint i = 0; i < rounds; i++) {
        g_assert_cmpint(sr_channel_send(channel, bytes, size, 1000), ==, 0);
        assert_received(channel, 1, 64, 1);
    }
}

static gdouble cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (gdouble)usage.ru_utime.tv_sec + (gdouble)usage.ru_stime.tv_sec +
           (gdouble)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* After a burst of exchanges both ends look for more only for a moment. */
static void test_nobody_burns_time_while_idle(void)
{
    Pair pair;
    GThread *peer;
    gdouble before;

    pair_open(&pair);
    peer = g_thread_new("peer", answer, &pair.ends[1]);
    exchange(&pair.ends[0], 1000);
    before = cpu_seconds();
    g_usleep(300000);
    g_assert_cmpfloat(cpu_seconds() - before, <, 0.05);
    exchange(&pair.ends[0], 10);
    shutdown(pair.fds[0], SHUT_WR);
    g_thread_join(peer);
    pair_close(&pair);
}

/* From now on this thread runs on the @number-th of @allowed only. FALSE when there are fewer. */
static gboolean stay_on_cpu(const cpu_set_t *allowed, gint number)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    for (gsize cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, allowed) || number-- > 0)
            continue;
        CPU_SET(cpu, &one);
        return sched_setaffinity(0, sizeof one, &one) == 0;
    }
    return FALSE;
}

/* The CPU time of 2000 exchanges between two threads that share a CPU. */
static gdouble seconds_on_one_cpu(gboolean may_look)
{
    cpu_set_t all;
    Pair pair;
    GThread *peer;
    gdouble seconds;

    pair_open(&pair); /* with all CPUs */
    pair.ends[0].may_look = pair.ends[1].may_look = may_look;
    g_assert_cmpint(sched_getaffinity(0, sizeof all, &all), ==, 0);
    g_assert_true(stay_on_cpu(&all, 0));
    peer = g_thread_new("peer", answer, &pair.ends[1]);
    seconds = cpu_seconds();
    exchange(&pair.ends[0], 2000);
    seconds = cpu_seconds() - seconds;
    shutdown(pair.fds[0], SHUT_WR);
    g_thread_join(peer);
    g_assert_cmpint(sched_setaffinity(0, sizeof all, &all), ==, 0);
    pair_close(&pair);
    return seconds;
}

/* As on a busy machine: there looking only keeps the other end from answering. */
static void test_looking_ends_where_both_share_a_cpu(void)
{
    gdouble sleeping = G_MAXDOUBLE;
    gdouble looking = G_MAXDOUBLE;

    /* The least of a few: a machine that others use is not equally fast all the time. */
    for (guint i = 0; i < 5 && !(looking < 2 * sleeping + 0.02); i++) {
        sleeping = MIN(sleeping, seconds_on_one_cpu(FALSE));
        looking = MIN(looking, seconds_on_one_cpu(TRUE));
    }
    g_assert_cmpfloat(looking, <, 2 * sleeping + 0.02);
}

/* Two programs on one CPU, their peers on another, which the work of these fills. */
typedef struct {
    const cpu_set_t *cpus;
    Pair pair;
    gdouble seconds; /* the program's CPU time */
} Program;

static gpointer answer_after_work(gpointer data)
{
    Program *program = data;
    SrPacketHeader header;
    guint8 reply[sizeof header + 64];

    stay_on_cpu(program->cpus, 1);
    while (sr_channel_receive(&program->pair.ends[1], &header, reply + sizeof header, 64, 5000) ==
           0) {
        const gint64 end = g_get_monotonic_time() + 30;

        while (g_get_monotonic_time() < end)
            ;
        memcpy(reply, &header, sizeof header);
        g_assert_cmpint(sr_channel_send(&program->pair.ends[1], reply, sizeof reply, 1000), ==, 0);
    }
    return NULL;
}

static gpointer ask(gpointer data)
{
    Program *program = data;
    struct rusage usage;

    stay_on_cpu(program->cpus, 0);
    exchange(&program->pair.ends[0], 5000);
    shutdown(program->pair.fds[0], SHUT_WR);
    getrusage(RUSAGE_THREAD, &usage);
    program->seconds = (gdouble)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (gdouble)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    return NULL;
}

/* Looking is in time here, but the CPU that it takes could have done half of the work. */
static void test_looking_ends_where_threads_wait_for_cpus(void)
{
    const gint64 start = g_get_monotonic_time();
    Program programs[2];
    GThread *threads[4];
    gdouble seconds;
    cpu_set_t all;

    g_assert_cmpint(sched_getaffinity(0, sizeof all, &all), ==, 0);
    if (CPU_COUNT(&all) < 2) {
        g_test_skip("there is only one CPU");
        return;
    }
    for (guint i = 0; i < 2; i++) {
        programs[i].cpus = &all;
        pair_open(&programs[i].pair);
        threads[i] = g_thread_new("peer", answer_after_work, &programs[i]);
    }
    for (guint i = 0; i < 2; i++)
        threads[2 + i] = g_thread_new("program", ask, &programs[i]);
    for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    seconds = (gdouble)(g_get_monotonic_time() - start) / 1e6;
    g_test_message("looked %.0f %% of the time",
                   (programs[0].seconds + programs[1].seconds) / seconds * 100);
    g_assert_cmpfloat(programs[0].seconds + programs[1].seconds, <, 0.7 * seconds);
    for (guint i = 0; i < 2; i++)
        pair_close(&programs[i].pair);
}

/* What may have been a PIN does not stay behind. */
static void test_what_was_read_ahead_is_wiped(void)
{
    Pair pair;
    gsize size;
    g_autofree guint8 *bytes = packet(0xa5, 100, 1, &size);

    pair_open(&pair);
    g_assert_cmpint(sr_channel_send(&pair.ends[0], bytes, size, 1000), ==, 0);
    assert_received(&pair.ends[1], 0xa5, 100, 1);
    for (gsize i = 0; i < SR_CHANNEL_AHEAD; i++)
        g_assert_cmpuint(pair.ends[1].ahead[i], ==, 0);
    pair_close(&pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/channel/cuts", test_packets_arrive_whole_however_they_are_cut);
    g_test_add_func("/channel/large", test_a_packet_larger_than_the_socket_buffer_passes);
    g_test_add_func("/channel/deadline", test_waiting_ends_with_its_deadline);
    g_test_add_func("/channel/no-reader", test_sending_to_a_peer_that_does_not_read_ends);
    g_test_add_func("/channel/end", test_the_end_of_the_peer_is_told_apart);
    g_test_add_func("/channel/too-long", test_a_body_that_is_too_long_is_refused_unread);
    g_test_add_func("/channel/idle", test_nobody_burns_time_while_idle);
    g_test_add_func("/channel/one-cpu", test_looking_ends_where_both_share_a_cpu);
    g_test_add_func("/channel/crowded", test_looking_ends_where_threads_wait_for_cpus);
    g_test_add_func("/channel/wiped", test_what_was_read_ahead_is_wiped);
    return g_test_run();
}
