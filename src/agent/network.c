#include "agent/network.h"

#include "base/child.h"

#include <string.h>
#include <sys/wait.h>

#define PROGRAM "sealring-net"
#define STATUS_USAGE 2       /* before anything was sent */
#define EXCHANGE_SECONDS 40u /* sealring-net gives up after 30 */

struct SrNetwork {
    const SrConfiguration *configuration;
    GPtrArray *running; /* of SrNetworkCall */
    GQueue waiting;     /* of SrNetworkCall */
};

struct SrNetworkCall {
    SrNetwork *network;
    SrExchange *request;
    SrNetworkDone done;
    gpointer user_data;
    SrChild *child; /* NULL while it waits */
};

SrNetwork *sr_network_new(const SrConfiguration *configuration)
{
    SrNetwork *network = g_new0(SrNetwork, 1);

    network->configuration = configuration;
    network->running = g_ptr_array_new();
    g_queue_init(&network->waiting);
    return network;
}

gboolean sr_network_is_busy(const SrNetwork *network)
{
    return network->running->len > 0 || network->waiting.length > 0;
}

static void call_free(SrNetworkCall *call)
{
    sr_child_release(call->child);
    sr_exchange_free(call->request);
    g_free(call);
}

void sr_network_free(SrNetwork *network)
{
    if (!network)
        return;
    g_queue_clear_full(&network->waiting, (GDestroyNotify)call_free);
    for (guint i = 0; i < network->running->len; i++)
        call_free(network->running->pdata[i]);
    g_ptr_array_unref(network->running);
    g_free(network);
}

/* --- exchanges
 * --------------------------------------------------------------------------------------- */

/* What the browser or the session has set for programs that ask the network. */
static const char *proxy_of(const SrConfiguration *configuration)
{
    const char *proxy =
        configuration->oauth_proxy ? configuration->oauth_proxy : g_getenv("https_proxy");

    if (!proxy)
        proxy = g_getenv("HTTPS_PROXY");
    return proxy && *proxy && !strchr(proxy, '@') ? proxy : NULL;
}

/* The arguments of an exchange; the array alone is to be freed. */
static GPtrArray *exchange_arguments(const SrConfiguration *configuration)
{
    const char *proxy = proxy_of(configuration);
    const char *const words[] = {
        "exchange",
        configuration->oauth_loopback_http ? "--loopback-http" : NULL,
        configuration->oauth_ca_file ? "--ca-file" : NULL,
        configuration->oauth_ca_file,
        proxy ? "--proxy" : NULL,
        proxy,
    };
    GPtrArray *arguments = g_ptr_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (words[i])
            g_ptr_array_add(arguments, (gpointer)(guintptr)words[i]);
    g_ptr_array_add(arguments, NULL);
    return arguments;
}

static void start_next(SrNetwork *network);

static SrExchangeReply *read_reply(SrChildEnd end, int status, const SrSecret *output)
{
    SrExchangeReply *reply = NULL;

    if (end == SR_CHILD_NOT_STARTED)
        return sr_exchange_reply_new(SR_OUTCOME_NOT_SENT, PROGRAM " cannot be started");
    if (end == SR_CHILD_EXITED && WIFEXITED(status) && WEXITSTATUS(status) == STATUS_USAGE)
        return sr_exchange_reply_new(SR_OUTCOME_NOT_SENT, PROGRAM
                                     " refuses its settings: see oauth-ca-file, oauth-proxy");
    if (end == SR_CHILD_EXITED && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        reply = sr_exchange_reply_read(output, NULL);
    return reply ? reply : sr_exchange_reply_new(SR_OUTCOME_UNKNOWN, PROGRAM " ended early");
}

static void on_exchange_ended(SrChildEnd end, int status, const SrSecret *output,
                              gpointer user_data)
{
    SrNetworkCall *call = user_data;
    SrNetwork *network = call->network;
    const SrNetworkDone done = call->done;
    const gpointer data = call->user_data;

    call->child = NULL;
    g_ptr_array_remove_fast(network->running, call);
    call_free(call);
    start_next(network);
    done(read_reply(end, status, output), data);
}

static void start_call(SrNetworkCall *call)
{
    g_autofree char *program = sr_child_find_program(PROGRAM);
    g_autoptr(GPtrArray) arguments = exchange_arguments(call->network->configuration);
    g_autoptr(SrSecret) text = sr_exchange_write(call->request, NULL);
    char *environment[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
    const SrChildSetup setup = {
        .program = text && program ? program : "", /* "" is never started */
        .arguments = (const char *const *)arguments->pdata,
        .environment = environment,
        .input = text ? (const char *)sr_secret_peek(text) : "",
        .input_size = text ? sr_secret_size(text) : 0,
        .output_max = SR_EXCHANGE_REPLY_MAX,
        .timeout_seconds = EXCHANGE_SECONDS,
        .done = on_exchange_ended,
        .user_data = call,
    };

    g_ptr_array_add(call->network->running, call);
    call->child = sr_child_start(&setup);
}

/* Scheme, host and port of @url: how many bytes they are. */
static gsize server_length(const char *url)
{
    const char *authority = strstr(url, "://");

    return authority ? strcspn(authority + 3, "/?#") + (gsize)(authority + 3 - url) : strlen(url);
}

static gboolean is_same_server(const char *url, const char *other)
{
    const gsize length = server_length(url);

    return length == server_length(other) && strncmp(url, other, length) == 0;
}

static gboolean may_start(const SrNetwork *network, const SrNetworkCall *call)
{
    guint own = 0;

    for (guint i = 0; i < network->running->len; i++) {
        const SrNetworkCall *other = network->running->pdata[i];

        if (is_same_server(call->request->url, other->request->url))
            own++;
    }
    return own < SR_NETWORK_CALLS_OF_SERVER;
}

static void start_next(SrNetwork *network)
{
    GList *link = network->waiting.head;

    while (link && network->running->len < SR_NETWORK_CALLS) {
        SrNetworkCall *call = link->data;
        GList *next = link->next;

        if (may_start(network, call)) {
            g_queue_delete_link(&network->waiting, link);
            start_call(call);
        }
        link = next;
    }
}

SrNetworkCall *sr_network_start(SrNetwork *network, SrExchange *request, SrNetworkDone done,
                                gpointer user_data)
{
    SrNetworkCall *call = g_new0(SrNetworkCall, 1);

    call->network = network;
    call->request = request;
    call->done = done;
    call->user_data = user_data;
    g_queue_push_tail(&network->waiting, call);
    start_next(network);
    return call;
}

void sr_network_cancel(SrNetworkCall *call)
{
    SrNetwork *network = call->network;

    g_queue_remove(&network->waiting, call);
    g_ptr_array_remove_fast(network->running, call);
    call_free(call);
    start_next(network);
}

/* --- redirects
 * --------------------------------------------------------------------------------------- */

#define LISTENING_MAX (256u * 1024u) /* bytes of all lines that a listener writes in its life */

struct SrRedirects {
    SrRedirectPort ready;
    SrRedirectCame came;
    gpointer user_data;
    SrChild *child;
    gsize seen;        /* bytes of its output that have been read */
    GQueue lines;      /* of text, complete and not yet taken */
    guint line_source; /* takes the first of them; each may be the last, so one at a time */
    gboolean is_ready;
};

/* May free @redirects. */
static void take_line(SrRedirects *redirects, const char *line)
{
    guint64 port;

    if (!redirects->is_ready && g_str_has_prefix(line, "listening ") &&
        g_ascii_string_to_unsigned(line + 10, 10, 1, 65535, &port, NULL)) {
        redirects->is_ready = TRUE;
        redirects->ready((guint)port, redirects->user_data);
    } else if (redirects->is_ready && g_str_has_prefix(line, "redirect ")) {
        redirects->came(line + 9, redirects->user_data);
    }
}

static gboolean on_line(gpointer user_data)
{
    SrRedirects *redirects = user_data;
    g_autofree char *line = g_queue_pop_head(&redirects->lines);

    redirects->line_source = redirects->lines.length > 0 ? g_idle_add(on_line, redirects) : 0;
    take_line(redirects, line);
    return G_SOURCE_REMOVE;
}

static void on_listener_output(const SrSecret *output, gsize size, gpointer user_data)
{
    SrRedirects *redirects = user_data;
    const char *text = (const char *)sr_secret_peek(output);
    const char *end;

    while ((end = memchr(text + redirects->seen, '\n', size - redirects->seen))) {
        g_queue_push_tail(&redirects->lines,
                          g_strndup(text + redirects->seen, (gsize)(end - text) - redirects->seen));
        redirects->seen = (gsize)(end + 1 - text);
    }
    if (redirects->lines.length > 0 && !redirects->line_source)
        redirects->line_source = g_idle_add(on_line, redirects);
}

static void on_listener_ended(SrChildEnd end, int status, const SrSecret *output,
                              gpointer user_data)
{
    SrRedirects *redirects = user_data;

    (void)end;
    (void)status;
    (void)output;
    redirects->child = NULL;
    redirects->ready(0, redirects->user_data);
}

SrRedirects *sr_redirects_start(SrRedirectPort ready, SrRedirectCame came, gpointer user_data)
{
    static const char *const arguments[] = {"listen", "--path", "/callback", NULL};
    g_autofree char *program = sr_child_find_program(PROGRAM);
    char *environment[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
    SrRedirects *redirects = g_new0(SrRedirects, 1);
    const SrChildSetup setup = {
        .program = program ? program : "",
        .arguments = arguments,
        .environment = environment,
        .output_max = LISTENING_MAX,
        .progress = on_listener_output,
        .done = on_listener_ended,
        .user_data = redirects,
    };

    redirects->ready = ready;
    redirects->came = came;
    redirects->user_data = user_data;
    g_queue_init(&redirects->lines);
    redirects->child = sr_child_start(&setup);
    return redirects;
}

void sr_redirects_free(SrRedirects *redirects)
{
    if (!redirects)
        return;
    g_clear_handle_id(&redirects->line_source, g_source_remove);
    g_queue_clear_full(&redirects->lines, g_free);
    sr_child_release(redirects->child);
    g_free(redirects);
}
