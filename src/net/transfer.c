#include "net/transfer.h"

#include "net/problem.h"
#include "net/reply_head.h"
#include "net/target.h"

#include <curl/curl.h>
#include <string.h>

#define CONNECT_TIMEOUT 5L /* seconds, names and TLS included */
#define HEADERS_MAX 5u
#define STATUS_MAX 599u
#define AUTHORIZATION "Authorization: "

static const char too_large[] = "the answer is too large";

typedef struct {
    const SrExchange *exchange;
    const SrTransferOptions *options;
    SrTarget *target;
    CURL *handle;
    struct curl_slist *pinned;
    struct curl_slist headers[HEADERS_MAX];
    guint n_headers;
    GPtrArray *lines;        /* owns those that are not secret */
    SrSecret *authorization; /* the line of it, or NULL */
    SrSecret *body; /* the whole room from the start: no lack of memory can lose an answer */
    gsize received;
    SrReplyHead head;
    gboolean is_sent;    /* from here on bytes of the request may have left */
    const char *problem; /* why we stopped ourselves, or NULL */
} Transfer;

/* --- what libcurl calls --------------------------------------------------------------------- */

/* Connected, TLS done, the request not begun. */
static int on_ready(void *data, char *address, char *own_address, int port, int own_port)
{
    Transfer *transfer = data;

    (void)own_address, (void)port, (void)own_port;
    if (transfer->target->is_loopback && !g_str_has_prefix(address, "127.") &&
        strcmp(address, "::1") != 0)
        return CURL_PREREQFUNC_ABORT;
    transfer->is_sent = TRUE;
    return CURL_PREREQFUNC_OK;
}

static size_t on_header(char *line, size_t size, size_t count, void *data)
{
    Transfer *transfer = data;

    if (!sr_reply_head_take(&transfer->head, line, size * count)) {
        transfer->problem = too_large;
        return 0;
    }
    return size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    Transfer *transfer = data;
    const gsize length = size * count;

    if (length > SR_EXCHANGE_BODY_MAX - transfer->received) {
        transfer->problem = too_large;
        return 0;
    }
    memcpy(sr_secret_data(transfer->body) + transfer->received, bytes, length);
    transfer->received += length;
    return length;
}

/* --- the request ---------------------------------------------------------------------------- */

/* The list is ours, so that on our side the token stays in locked memory. */
static void add_line(Transfer *transfer, char *line)
{
    struct curl_slist *added = &transfer->headers[transfer->n_headers];

    g_assert(transfer->n_headers < HEADERS_MAX);
    *added = (struct curl_slist){line, NULL};
    if (transfer->n_headers > 0)
        transfer->headers[transfer->n_headers - 1].next = added;
    transfer->n_headers++;
}

/* Without a value libcurl leaves out what it would send of its own accord. */
static void add_header(Transfer *transfer, const char *name, const char *value)
{
    char *line = value ? g_strconcat(name, ": ", value, NULL) : g_strconcat(name, ":", NULL);

    g_ptr_array_add(transfer->lines, line);
    add_line(transfer, line);
}

static gboolean add_authorization(Transfer *transfer)
{
    const SrSecret *value = transfer->exchange->authorization;
    const gsize length = strlen(AUTHORIZATION);

    if (!value)
        return TRUE;
    transfer->authorization = sr_secret_new(length + sr_secret_size(value), NULL);
    if (!transfer->authorization)
        return FALSE;
    memcpy(sr_secret_data(transfer->authorization), AUTHORIZATION, length);
    memcpy(sr_secret_data(transfer->authorization) + length, sr_secret_peek(value),
           sr_secret_size(value));
    add_line(transfer, (char *)sr_secret_data(transfer->authorization));
    return TRUE;
}

static gboolean set_request(Transfer *transfer)
{
    const SrExchange *exchange = transfer->exchange;
    const SrSecret *body = exchange->body;
    CURL *handle = transfer->handle;

    add_header(transfer, "Accept", "application/json");
    add_header(transfer, "Expect", NULL);
    add_header(transfer, "Content-Type", exchange->content_type);
    if (exchange->dpop)
        add_header(transfer, "DPoP", exchange->dpop);
    if (!add_authorization(transfer) ||
        curl_easy_setopt(handle, CURLOPT_HTTPHEADER, transfer->headers) != CURLE_OK)
        return FALSE;
    /* Not copied: libcurl reads the body where it is. */
    if ((body || strcmp(exchange->method, "POST") == 0) &&
        (curl_easy_setopt(handle, CURLOPT_POSTFIELDS,
                          body ? (const char *)sr_secret_peek(body) : "") != CURLE_OK ||
         curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, body ? (long)sr_secret_size(body) : 0L) !=
             CURLE_OK))
        return FALSE;
    return curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, exchange->method) == CURLE_OK;
}

/* --- the connection ------------------------------------------------------------------------- */

static gboolean set_rules(Transfer *transfer)
{
    const struct {
        CURLoption option;
        long value;
    } rules[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_QUICK_EXIT, 1}, /* do not wait for a resolver that hangs */
        {CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT},
        {CURLOPT_TIMEOUT, (long)transfer->options->timeout},
        /* A request that is sent once on a connection of its own is never sent again by libcurl. */
        {CURLOPT_FRESH_CONNECT, 1},
        {CURLOPT_FORBID_REUSE, 1},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_PROXY_SSL_VERIFYPEER, 1},
        {CURLOPT_PROXY_SSL_VERIFYHOST, 2},
        {CURLOPT_SSL_SESSIONID_CACHE, 0},
        {CURLOPT_NETRC, CURL_NETRC_IGNORED},
        {CURLOPT_PATH_AS_IS, 1},
        {CURLOPT_HTTP09_ALLOWED, 0},
        {CURLOPT_HTTP_CONTENT_DECODING, 0},
        {CURLOPT_HTTPPROXYTUNNEL, 1},
        {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++)
        if (curl_easy_setopt(transfer->handle, rules[i].option, rules[i].value) != CURLE_OK)
            return FALSE;
    return TRUE;
}

/* libcurl would otherwise look for a proxy in the environment. */
static gboolean set_route(Transfer *transfer)
{
    const SrTarget *target = transfer->target;
    const char *proxy = transfer->options->proxy;
    const gboolean is_direct = !proxy || target->is_loopback;
    CURL *handle = transfer->handle;

    if (target->pinned)
        transfer->pinned = curl_slist_append(NULL, target->pinned);
    return (!target->pinned || transfer->pinned) &&
           curl_easy_setopt(handle, CURLOPT_RESOLVE, transfer->pinned) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_PROXY, is_direct ? "" : proxy) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_NOPROXY, is_direct ? "*" : "") == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_CURLU, target->url) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, target->is_https ? "https" : "http") ==
               CURLE_OK;
}

static gboolean set_trust(Transfer *transfer)
{
    const char *file = transfer->options->ca_file;

    return !file || (curl_easy_setopt(transfer->handle, CURLOPT_CAINFO, file) == CURLE_OK &&
                     curl_easy_setopt(transfer->handle, CURLOPT_PROXY_CAINFO, file) == CURLE_OK);
}

static gboolean set_callbacks(Transfer *transfer)
{
    CURL *handle = transfer->handle;

    return curl_easy_setopt(handle, CURLOPT_USERAGENT, "sealring/" SR_VERSION) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, on_ready) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_PREREQDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_HEADERDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
}

static gboolean prepare(Transfer *transfer)
{
    transfer->handle = curl_easy_init();
    transfer->body = sr_secret_new(SR_EXCHANGE_BODY_MAX, NULL);
    return transfer->handle && transfer->body && set_rules(transfer) && set_route(transfer) &&
           set_trust(transfer) && set_callbacks(transfer) && set_request(transfer);
}

/* --- the outcome ---------------------------------------------------------------------------- */

static SrExchangeReply *make_answer(Transfer *transfer)
{
    SrExchangeReply *reply = sr_exchange_reply_new(SR_OUTCOME_ANSWERED, NULL);

    reply->status = transfer->head.status;
    reply->content_type = g_steal_pointer(&transfer->head.content_type);
    reply->dpop_nonce = g_steal_pointer(&transfer->head.dpop_nonce);
    reply->retry_after = transfer->head.retry_after;
    if (transfer->received > 0) {
        sr_secret_truncate(transfer->body, transfer->received);
        reply->body = g_steal_pointer(&transfer->body);
    }
    return reply;
}

/* libcurl takes a head that ends early for a whole one. */
static SrExchangeReply *perform(Transfer *transfer)
{
    const CURLcode code = curl_easy_perform(transfer->handle);
    const char *problem = transfer->problem;
    long verification = 0;

    if (code == CURLE_OK && transfer->head.is_complete && transfer->head.status <= STATUS_MAX)
        return make_answer(transfer);
    curl_easy_getinfo(transfer->handle, CURLINFO_SSL_VERIFYRESULT, &verification);
    if (!problem)
        problem = sr_problem_text(code == CURLE_OK ? CURLE_PARTIAL_FILE : code, verification);
    return sr_exchange_reply_new(transfer->is_sent ? SR_OUTCOME_UNKNOWN : SR_OUTCOME_NOT_SENT,
                                 problem);
}

static void clear(Transfer *transfer)
{
    curl_easy_cleanup(transfer->handle);
    curl_slist_free_all(transfer->pinned);
    g_ptr_array_unref(transfer->lines);
    sr_secret_free(transfer->authorization);
    sr_secret_free(transfer->body);
    sr_reply_head_clear(&transfer->head);
    sr_target_free(transfer->target);
}

SrExchangeReply *sr_transfer_run(const SrExchange *exchange, const SrTransferOptions *options)
{
    Transfer transfer = {.exchange = exchange, .options = options};
    const char *problem = "libcurl cannot be set up";
    SrExchangeReply *reply;

    sr_reply_head_init(&transfer.head);
    transfer.lines = g_ptr_array_new_with_free_func(g_free);
    transfer.target = sr_target_new(exchange->url, options->loopback_http, &problem);
    if (transfer.target && prepare(&transfer))
        reply = perform(&transfer);
    else
        reply = sr_exchange_reply_new(SR_OUTCOME_NOT_SENT, problem);
    clear(&transfer);
    return reply;
}
