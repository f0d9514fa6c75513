/*
 * Signatures a second through a native-messaging host, pipelined on one connection.
 *
 *     bench_pipeline [-n COUNT] [-w WINDOW] TEMPLATE ADDRESS ORIGIN PROGRAM ARGUMENTS…
 *     bench_pipeline [-n COUNT] [-w WINDOW] -m METHOD PARAMS - ORIGIN PROGRAM ARGUMENTS…
 *
 * TEMPLATE is a file with a sign-in message whose nonce ends in "00000000"; each personal_sign
 * carries it with the next number there. With -m each request is METHOD with the text in the file
 * PARAMS. At most WINDOW requests are under way. Every reply must be a result. One line a figure:
 * name, value, unit.
 */
#include "base/encoding.h"
#include "wire/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define NUMBER_DIGITS 8
#define FRAME_MAX 16384

typedef struct {
    const char *method; /* with -m */
    char *message;      /* or its params */
    gsize length;
    gsize number_at; /* where the digits of the nonce are */
    const char *address;
    const char *origin;
    unsigned count;
    unsigned window;
    pid_t process;
    int to;
    int from;
    SrFrameReader reader;
} Bench;

_Noreturn static void die(const char *what)
{
    perror(what);
    exit(1);
}

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void load_template(Bench *bench, const char *path)
{
    char *number;

    if (!g_file_get_contents(path, &bench->message, &bench->length, NULL))
        die(path);
    if (bench->method)
        return;
    number = strstr(bench->message, "00000000\n");
    if (!number)
        die("the template has no nonce that ends in 00000000");
    bench->number_at = (gsize)(number - bench->message);
}

static void start_host(Bench *bench, char **program)
{
    posix_spawn_file_actions_t actions;
    int in[2];
    int out[2];

    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        die("pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    if (posix_spawn(&bench->process, program[0], &actions, NULL, program, environ) != 0)
        die(program[0]);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    bench->to = in[1];
    bench->from = out[0];
    fcntl(bench->to, F_SETFL, O_NONBLOCK);
    fcntl(bench->from, F_SETFL, O_NONBLOCK);
    sr_frame_reader_init(&bench->reader, 1024 * 1024);
}

/* The request with the params of -m. */
static gsize make_other_frame(const Bench *bench, unsigned number, guint8 *frame)
{
    const int length =
        g_snprintf((char *)frame + SR_FRAME_HEADER_SIZE, FRAME_MAX - SR_FRAME_HEADER_SIZE,
                   "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"%s\",\"params\":%s,"
                   "\"origin\":\"%s\"}",
                   number, bench->method, bench->message, bench->origin);

    sr_frame_header((guint32)length, frame);
    return SR_FRAME_HEADER_SIZE + (gsize)length;
}

/* The request with @number in its nonce, header included. Returns its size. */
static gsize make_frame(Bench *bench, unsigned number, guint8 *frame)
{
    char digits[NUMBER_DIGITS + 1];
    char *hex;
    int length;

    g_snprintf(digits, sizeof digits, "%08u", number);
    memcpy(bench->message + bench->number_at, digits, NUMBER_DIGITS);
    hex = sr_hex_encode((const guint8 *)bench->message, bench->length, TRUE);
    length = g_snprintf((char *)frame + SR_FRAME_HEADER_SIZE, FRAME_MAX,
                        "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"personal_sign\",\"params\":"
                        "[\"%s\",\"%s\"],\"origin\":\"%s\"}",
                        number, hex, bench->address, bench->origin);
    g_free(hex);
    sr_frame_header((guint32)length, frame);
    return SR_FRAME_HEADER_SIZE + (gsize)length;
}

/* Count the replies that are there; ends the program at the first error among them. */
static unsigned read_replies(Bench *bench)
{
    const guint8 *body;
    guint32 size;
    gsize room;
    guint8 *space = sr_frame_reader_space(&bench->reader, &room);
    const ssize_t got = read(bench->from, space, room);
    unsigned count = 0;

    if (got == 0)
        die("the host closed the stream");
    if (got < 0)
        return 0;
    sr_frame_reader_added(&bench->reader, (gsize)got);
    while (sr_frame_reader_next(&bench->reader, &body, &size) == SR_FRAME_OK) {
        if (!memmem(body, size, "\"result\":", 9)) {
            fprintf(stderr, "bench_pipeline: %.*s\n", (int)size, (const char *)body);
            exit(1);
        }
        count++;
    }
    return count;
}

static double run(Bench *bench, unsigned first)
{
    guint8 frame[FRAME_MAX];
    gsize size = 0;
    gsize written = 0;
    unsigned sent = 0;
    unsigned received = 0;
    const double begin = now_seconds();

    while (received < bench->count) {
        const gboolean may_send = sent < bench->count && sent - received < bench->window;
        struct pollfd fds[2] = {{bench->from, POLLIN, 0}, {bench->to, may_send ? POLLOUT : 0, 0}};

        poll(fds, 2, -1);
        if (fds[1].revents & POLLOUT) {
            ssize_t put;

            if (written == size) {
                size = bench->method ? make_other_frame(bench, first + sent, frame)
                                     : make_frame(bench, first + sent, frame);
                written = 0;
            }
            put = write(bench->to, frame + written, size - written);
            written += put > 0 ? (gsize)put : 0;
            sent += written == size;
        }
        if (fds[0].revents)
            received += read_replies(bench);
    }
    return now_seconds() - begin;
}

int main(int argc, char **argv)
{
    Bench bench = {.count = 5000, .window = 64};
    int option;

    while ((option = getopt(argc, argv, "+n:w:m:")) != -1) {
        if (option == 'n')
            bench.count = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'w')
            bench.window = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'm')
            bench.method = optarg;
    }
    if (argc - optind < 4)
        die("usage: bench_pipeline [-n COUNT] [-w WINDOW] TEMPLATE ADDRESS ORIGIN PROGRAM…");
    signal(SIGPIPE, SIG_IGN);
    load_template(&bench, argv[optind]);
    bench.address = argv[optind + 1];
    bench.origin = argv[optind + 2];
    start_host(&bench, argv + optind + 3);
    const unsigned first = (unsigned)(time(NULL) % 100000) * 100;
    const unsigned whole = bench.count;
    const unsigned window = bench.window;

    /* A few first, so that the key is unlocked: until then only so many requests may wait. */
    bench.count = MIN(whole, 200);
    bench.window = 1;
    run(&bench, first);
    bench.count = whole;
    bench.window = window;
    printf("sign-through-host %.0f /s\n", whole / run(&bench, first + 200));
    close(bench.to);
    close(bench.from);
    waitpid(bench.process, NULL, 0);
    sr_frame_reader_clear(&bench.reader);
    g_free(bench.message);
    return 0;
}
