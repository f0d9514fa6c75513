/*
 * sealring-net: the only program of sealring on the network, started by sealring-agent for one
 * HTTPS exchange or one loopback redirect. It holds no key, keeps nothing, and decides nothing but
 * whether a certificate is good. What is secret comes and goes by standard input and output; on
 * standard error it says only how it is used.
 */
#include "net/loopback_request.h"
#include "net/redirect_listener.h"
#include "net/sandbox.h"
#include "net/target.h"
#include "net/transfer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
};

typedef struct {
    gboolean listens;
    SrTransferOptions transfer;
    const char *path;
} SrOptions;

static const char usage[] =
    "usage: sealring-net exchange [--ca-file FILE] [--proxy URL] [--loopback-http]\n"
    "                             [--timeout SECONDS]  < REQUEST\n"
    "       sealring-net listen [--path /PATH]\n"
    "       sealring-net --version | --help\n"
    "\n"
    "sealring-agent starts this program for one HTTPS exchange, or to wait for the redirect\n"
    "of one login; people use \"sealring\".\n";

/* --- options -------------------------------------------------------------------------------- */

/* An option of "exchange" with a value; the working folder changes, so a file's path is whole. */
static gboolean take_exchange_option(SrOptions *options, const char *name, const char *value)
{
    guint64 seconds;

    if (strcmp(name, "--ca-file") == 0) {
        options->transfer.ca_file = value;
        return value[0] == '/';
    }
    if (strcmp(name, "--proxy") == 0) {
        options->transfer.proxy = value;
        return sr_target_is_proxy(value);
    }
    if (strcmp(name, "--timeout") != 0 ||
        !g_ascii_string_to_unsigned(value, 10, 1, SR_TRANSFER_TIMEOUT_MAX, &seconds, NULL))
        return FALSE;
    options->transfer.timeout = (guint)seconds;
    return TRUE;
}

static gboolean take_listen_option(SrOptions *options, const char *name, const char *value)
{
    options->path = value;
    return strcmp(name, "--path") == 0 && sr_loopback_path_is_valid(value);
}

static gboolean parse_options(int argc, char **argv, SrOptions *options)
{
    if (argc < 2)
        return FALSE;
    options->listens = strcmp(argv[1], "listen") == 0;
    if (!options->listens && strcmp(argv[1], "exchange") != 0)
        return FALSE;
    for (int i = 2; i < argc; i++) {
        if (!options->listens && strcmp(argv[i], "--loopback-http") == 0) {
            options->transfer.loopback_http = TRUE;
            continue;
        }
        if (i + 1 == argc || !(options->listens ? take_listen_option : take_exchange_option)(
                                 options, argv[i], argv[i + 1]))
            return FALSE;
        i++;
    }
    return TRUE;
}

/* --- exchange ------------------------------------------------------------------------------- */

/* The files with which libcurl was built to trust are where the system wants them. */
static gboolean enter_sandbox(pid_t parent, const SrTransferOptions *options, GError **error)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    const char *readable[4] = {NULL};
    guint count = 0;

    if (options->ca_file)
        readable[count++] = options->ca_file;
    if (curl->cainfo)
        readable[count++] = curl->cainfo;
    if (curl->capath)
        readable[count++] = curl->capath;
    return sr_sandbox_begin(parent, error) && sr_sandbox_enter_exchange(readable, error);
}

static int write_reply(const SrExchangeReply *reply)
{
    g_autoptr(SrSecret) text = sr_exchange_reply_write(reply, NULL);

    return text && sr_secret_write_fd(text, STDOUT_FILENO, NULL) ? STATUS_DONE : STATUS_FAILED;
}

static int refuse(const char *problem)
{
    g_autoptr(SrExchangeReply) reply = sr_exchange_reply_new(SR_OUTCOME_NOT_SENT, problem);

    return write_reply(reply);
}

static SrExchange *read_request(void)
{
    g_autoptr(SrSecret) text =
        sr_secret_read_fd(STDIN_FILENO, SR_EXCHANGE_REQUEST_MAX, FALSE, NULL);

    return text ? sr_exchange_read(text, NULL) : NULL;
}

static int exchange(pid_t parent, const SrTransferOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrExchange) request = NULL;
    g_autoptr(SrExchangeReply) reply = NULL;

    if (!enter_sandbox(parent, options, &error))
        return refuse(error->message);
    request = read_request();
    if (!request) {
        fputs("sealring-net: standard input is not the text of a request\n", stderr);
        return STATUS_USAGE;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return refuse("libcurl cannot be set up");
    reply = sr_transfer_run(request, options);
    return write_reply(reply);
}

/* --- listen --------------------------------------------------------------------------------- */

static int wait_for_redirect(pid_t parent, const char *path)
{
    g_autoptr(GError) error = NULL;
    guint16 port = 0;
    int socket = -1;

    if (sr_sandbox_begin(parent, &error))
        socket = sr_redirect_listener_open(&port, &error);
    if (socket < 0 || !sr_sandbox_enter_listen(&error))
        return STATUS_FAILED;
    sr_redirect_listener_run(socket, port, path, STDIN_FILENO, STDOUT_FILENO);
    return STATUS_DONE;
}

/* The sandbox has no file written, not even this one; better said before the exchange. */
static gboolean output_is_file(void)
{
    struct stat status;

    return fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
}

/* Straight to the kernel: what libraries and sanitizers do at the end knows nothing of the sandbox.
 */
_Noreturn static void end(int status)
{
    for (;;)
        syscall(__NR_exit_group, status);
}

int main(int argc, char **argv)
{
    const pid_t parent = getppid();
    SrOptions options = {.transfer.timeout = SR_TRANSFER_TIMEOUT, .path = "/callback"};

    if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "--help") == 0)) {
        fputs(argv[1][2] == 'h' ? usage : "sealring-net " SR_VERSION "\n", stdout);
        return fflush(stdout) == 0 ? STATUS_DONE : STATUS_FAILED;
    }
    if (!parse_options(argc, argv, &options)) {
        fputs(usage, stderr);
        return STATUS_USAGE;
    }
    if (output_is_file()) {
        fputs("sealring-net: standard output must be a pipe or a socket, not a file\n", stderr);
        return STATUS_USAGE;
    }
    end(options.listens ? wait_for_redirect(parent, options.path)
                        : exchange(parent, &options.transfer));
}
