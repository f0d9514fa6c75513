#include "oauth/exchange.h"

#include "base/error.h"
#include "oauth/ascii.h"
#include "oauth/head_text.h"
#include "oauth/metadata.h"

#include <string.h>

#define CONTENT_TYPE_MAX 256u

static const char *const methods[] = {"GET", "POST", "PATCH", "DELETE", NULL};

SrExchange *sr_exchange_new(const char *method, const char *url)
{
    SrExchange *exchange = g_new0(SrExchange, 1);

    exchange->method = g_strdup(method);
    exchange->url = g_strdup(url);
    return exchange;
}

void sr_exchange_free(SrExchange *exchange)
{
    if (!exchange)
        return;
    g_free(exchange->method);
    g_free(exchange->url);
    g_free(exchange->content_type);
    sr_secret_free(exchange->authorization);
    g_free(exchange->dpop);
    sr_secret_free(exchange->body);
    g_free(exchange);
}

static gboolean fail_member(GError **error, const char *name)
{
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, name, -1,
                    "cannot be sent in a request (characters or length)");
    return FALSE;
}

static gboolean check(const SrExchange *exchange, GError **error)
{
    const SrSecret *authorization = exchange->authorization;

    if (!g_strv_contains(methods, exchange->method))
        return fail_member(error, "method");
    if (!sr_endpoint_check(exchange->url, "url", TRUE, error))
        return FALSE;
    if (exchange->content_type &&
        (strlen(exchange->content_type) > CONTENT_TYPE_MAX ||
         !sr_ascii_is_printable(exchange->content_type, strlen(exchange->content_type))))
        return fail_member(error, "contentType");
    if (authorization && !sr_ascii_is_printable((const char *)sr_secret_peek(authorization),
                                                sr_secret_size(authorization)))
        return fail_member(error, "authorization");
    if (exchange->dpop && !sr_ascii_is_visible(exchange->dpop, strlen(exchange->dpop)))
        return fail_member(error, "dpop");
    return TRUE;
}

static void put(SrHeadWriter *writer, const SrExchange *exchange)
{
    sr_head_add_text(writer, exchange->method);
    sr_head_add_text(writer, " ");
    sr_head_add_text(writer, exchange->url);
    sr_head_add_text(writer, "\n");
    sr_head_add_secret_header(writer, "Authorization", exchange->authorization);
    sr_head_add_header(writer, "Content-Type", exchange->content_type);
    sr_head_add_header(writer, "DPoP", exchange->dpop);
    sr_head_add_body(writer, exchange->body);
}

SrSecret *sr_exchange_write(const SrExchange *exchange, GError **error)
{
    SrHeadWriter counter = {NULL, 0};
    SrHeadWriter writer = {NULL, 0};

    if (!check(exchange, error))
        return NULL;
    put(&counter, exchange);
    if (counter.length > SR_EXCHANGE_REQUEST_MAX) {
        fail_member(error, "body");
        return NULL;
    }
    writer.text = sr_secret_new(counter.length, error);
    if (writer.text)
        put(&writer, exchange);
    return writer.text;
}

/* "METHOD URL" */
static SrExchange *read_first_line(SrHeadReader *reader)
{
    g_autofree char *method = NULL;
    g_autofree char *url = NULL;
    const char *space;
    SrSlice line;

    if (!sr_head_read_line(reader, &line))
        return NULL;
    space = memchr(line.data, ' ', line.length);
    if (!space)
        return NULL;
    method = g_strndup(line.data, (gsize)(space - line.data));
    url = g_strndup(space + 1, line.length - (gsize)(space - line.data) - 1);
    /* No NUL in between, which would hide what follows it. */
    if (strlen(method) + 1 + strlen(url) != line.length)
        return NULL;
    return sr_exchange_new(method, url);
}

/* What follows the first line. FALSE without an error: it is not such a text. */
static gboolean read_rest(SrHeadReader *reader, SrExchange *exchange, GError **error)
{
    SrSlice value;

    if (sr_head_read_header(reader, "Authorization", &value)) {
        exchange->authorization = sr_secret_new_copy(value.data, value.length, error);
        if (!exchange->authorization)
            return FALSE;
    }
    if (sr_head_read_header(reader, "Content-Type", &value))
        exchange->content_type = g_strndup(value.data, value.length);
    if (sr_head_read_header(reader, "DPoP", &value))
        exchange->dpop = g_strndup(value.data, value.length);
    if (!sr_head_read_body(reader, &value))
        return FALSE;
    if (value.data)
        exchange->body = sr_secret_new_copy(value.data, value.length, error);
    return !value.data || exchange->body;
}

SrExchange *sr_exchange_read(const SrSecret *text, GError **error)
{
    SrHeadReader reader = {(const char *)sr_secret_peek(text), sr_secret_size(text), 0};
    g_autoptr(SrExchange) exchange = NULL;
    g_autoptr(GError) cause = NULL;

    if (reader.length <= SR_EXCHANGE_REQUEST_MAX)
        exchange = read_first_line(&reader);
    if (exchange && read_rest(&reader, exchange, &cause) && check(exchange, &cause))
        return g_steal_pointer(&exchange);
    if (cause)
        g_propagate_error(error, g_steal_pointer(&cause));
    else
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "exchange", (gint64)reader.at,
                        "not the text of a request; the agent and sealring-net must be of one "
                        "version");
    return NULL;
}
