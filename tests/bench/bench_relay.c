/*
 * Round trips through a native-messaging host, as a browser sees them.
 *
 *     bench_relay [-n ROUNDS] [-s STARTS] [-b BYTES] [-m METHOD] PROGRAM ARGUMENTS…
 *
 * starts PROGRAM with pipes STARTS times and measures the time to the first reply, then measures
 * ROUNDS serial round trips of a BYTES long request in one process. One line, times in
 * microseconds:  start_p50=… start_p99=… trip_p50=… trip_p99=… trips_per_second=…
 */
#include "wire/frame.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define REPLY_LIMIT (1024u * 1024u)
#define REQUEST_BYTES_MAX 65536u

typedef struct {
    unsigned rounds;
    unsigned starts;
    unsigned bytes;
    const char *method;
    char **program;
} Options;

typedef struct {
    pid_t process;
    int to;
    int from;
    SrFrameReader reader;
} Host;

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

_Noreturn static void die(const char *what)
{
    perror(what);
    exit(1);
}

static Host start_host(char **program)
{
    posix_spawn_file_actions_t actions;
    Host host;
    int in[2];
    int out[2];

    if (pipe(in) != 0 || pipe(out) != 0)
        die("pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    for (int end = 0; end < 2; end++) {
        posix_spawn_file_actions_addclose(&actions, in[end]);
        posix_spawn_file_actions_addclose(&actions, out[end]);
    }
    if (posix_spawn(&host.process, program[0], &actions, NULL, program, environ) != 0)
        die(program[0]);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    host.to = in[1];
    host.from = out[0];
    sr_frame_reader_init(&host.reader, REPLY_LIMIT);
    return host;
}

static void stop_host(Host *host)
{
    close(host->to);
    close(host->from);
    waitpid(host->process, NULL, 0);
    sr_frame_reader_clear(&host->reader);
}

/* A JSON-RPC request of @bytes, padded with spaces, its header in front. Returns the whole size. */
static size_t make_request(const Options *options, uint8_t *frame)
{
    char *body = (char *)frame + SR_FRAME_HEADER_SIZE;
    const int length = snprintf(body, REQUEST_BYTES_MAX,
                                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\"", options->method);

    if (length < 0 || (unsigned)length >= options->bytes)
        die("the request is longer than -b");
    memset(body + length, ' ', options->bytes - (unsigned)length);
    body[options->bytes - 1] = '}';
    sr_frame_header(options->bytes, frame);
    return SR_FRAME_HEADER_SIZE + (size_t)options->bytes;
}

static void read_reply(Host *host)
{
    const uint8_t *body;
    uint32_t size;

    while (sr_frame_reader_next(&host->reader, &body, &size) != SR_FRAME_OK) {
        size_t room;
        uint8_t *space = sr_frame_reader_space(&host->reader, &room);
        const ssize_t got = space ? read(host->from, space, room) : -1;

        if (got <= 0)
            die("the host closed the stream");
        sr_frame_reader_added(&host->reader, (size_t)got);
    }
    if (memmem(body, size, "\"error\"", 7)) {
        fprintf(stderr, "bench_relay: %.*s\n", (int)size, (const char *)body);
        exit(1);
    }
}

static double round_trip(Host *host, const uint8_t *frame, size_t size)
{
    const double begin = now_us();

    if (write(host->to, frame, size) != (ssize_t)size)
        die("write");
    read_reply(host);
    return now_us() - begin;
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;

    return (left > right) - (left < right);
}

static void print_percentiles(const char *name, double *times, unsigned count)
{
    qsort(times, count, sizeof(*times), compare);
    printf("%s_p50=%.1f %s_p99=%.1f ", name, times[count / 2], name, times[count * 99 / 100]);
}

static void measure(const Options *options)
{
    static uint8_t frame[SR_FRAME_HEADER_SIZE + REQUEST_BYTES_MAX];
    const size_t size = make_request(options, frame);
    const unsigned most = options->rounds > options->starts ? options->rounds : options->starts;
    double *times = calloc(most, sizeof(*times));
    double total = 0;
    Host host;

    if (!times)
        die("calloc");
    for (unsigned i = 0; i < options->starts; i++) {
        const double begin = now_us();

        host = start_host(options->program);
        round_trip(&host, frame, size);
        times[i] = now_us() - begin;
        stop_host(&host);
    }
    print_percentiles("start", times, options->starts);
    host = start_host(options->program);
    for (unsigned i = 0; i < options->rounds / 10; i++)
        round_trip(&host, frame, size);
    for (unsigned i = 0; i < options->rounds; i++) {
        times[i] = round_trip(&host, frame, size);
        total += times[i];
    }
    stop_host(&host);
    print_percentiles("trip", times, options->rounds);
    printf("trips_per_second=%.0f\n", options->rounds / total * 1e6);
    free(times);
}

static unsigned number_of(const char *text, unsigned most)
{
    const unsigned long value = strtoul(text, NULL, 10);

    if (value < 1 || value > most) {
        fprintf(stderr, "bench_relay: %s is not a number from 1 to %u\n", text, most);
        exit(2);
    }
    return (unsigned)value;
}

int main(int argc, char **argv)
{
    Options options = {.rounds = 10000, .starts = 100, .bytes = 230, .method = "eth_chainId"};
    int option;

    while ((option = getopt(argc, argv, "+n:s:b:m:")) != -1) {
        if (option == 'n')
            options.rounds = number_of(optarg, 10000000);
        else if (option == 's')
            options.starts = number_of(optarg, 100000);
        else if (option == 'b')
            options.bytes = number_of(optarg, REQUEST_BYTES_MAX);
        else if (option == 'm')
            options.method = optarg;
        else
            return 2;
    }
    if (optind == argc) {
        fputs("usage: bench_relay [-n ROUNDS] [-s STARTS] [-b BYTES] [-m METHOD] PROGRAM ...\n",
              stderr);
        return 2;
    }
    options.program = argv + optind;
    measure(&options);
    return 0;
}
