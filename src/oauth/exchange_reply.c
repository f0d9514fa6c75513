#include "base/error.h"
#include "oauth/ascii.h"
#include "oauth/exchange.h"
#include "oauth/head_text.h"
#include "oauth/provider.h"

#include <string.h>

#define HEADER_MAX 1024u /* bytes of a header's value */
#define RETRY_AFTER_MAX 86400
#define NOT_SENT "not-sent "
#define UNKNOWN "unknown "
#define NO_REASON "no reason was given"

SrExchangeReply *sr_exchange_reply_new(SrOutcome outcome, const char *problem)
{
    SrExchangeReply *reply = g_new0(SrExchangeReply, 1);

    reply->outcome = outcome;
    reply->retry_after = -1;
    if (outcome != SR_OUTCOME_ANSWERED)
        reply->problem = sr_provider_text(problem && *problem ? problem : NO_REASON);
    return reply;
}

void sr_exchange_reply_free(SrExchangeReply *reply)
{
    if (!reply)
        return;
    g_free(reply->problem);
    g_free(reply->content_type);
    g_free(reply->dpop_nonce);
    sr_secret_free(reply->body);
    g_free(reply);
}

/* @value when it can be a header; a reply is not lost for a header that is of no use. */
static const char *usable(const char *value)
{
    return value && strlen(value) <= HEADER_MAX && sr_ascii_is_printable(value, strlen(value))
               ? value
               : NULL;
}

static void put_answer(SrHeadWriter *writer, const SrExchangeReply *reply)
{
    g_autofree char *status = g_strdup_printf("%u\n", reply->status);
    g_autofree char *seconds =
        reply->retry_after >= 0
            ? g_strdup_printf("%d", (int)MIN(reply->retry_after, RETRY_AFTER_MAX))
            : NULL;

    sr_head_add_text(writer, status);
    sr_head_add_header(writer, "Content-Type", usable(reply->content_type));
    sr_head_add_header(writer, "Retry-After", seconds);
    sr_head_add_header(writer, "DPoP-Nonce", usable(reply->dpop_nonce));
    sr_head_add_body(writer, reply->body);
}

static void put(SrHeadWriter *writer, const SrExchangeReply *reply)
{
    if (reply->outcome == SR_OUTCOME_ANSWERED) {
        put_answer(writer, reply);
        return;
    }
    sr_head_add_text(writer, reply->outcome == SR_OUTCOME_NOT_SENT ? NOT_SENT : UNKNOWN);
    sr_head_add_text(writer, reply->problem ? reply->problem : NO_REASON);
    sr_head_add_text(writer, "\n");
}

SrSecret *sr_exchange_reply_write(const SrExchangeReply *reply, GError **error)
{
    SrHeadWriter counter = {NULL, 0};
    SrHeadWriter writer = {NULL, 0};

    if (reply->outcome == SR_OUTCOME_ANSWERED && (reply->status < 100 || reply->status > 599)) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "status", -1, "must be from 100 to 599");
        return NULL;
    }
    if (reply->body && sr_secret_size(reply->body) > SR_EXCHANGE_BODY_MAX) {
        sr_error_set_at(error, SR_ERROR_LIMIT_EXCEEDED, "body", -1,
                        "an answer of more than %u bytes", SR_EXCHANGE_BODY_MAX);
        return NULL;
    }
    put(&counter, reply);
    writer.text = sr_secret_new(counter.length, error);
    if (writer.text)
        put(&writer, reply);
    return writer.text;
}

/* --- reading -------------------------------------------------------------------------------- */

/* The problem behind @prefix when the whole text is one such line; else NULL. */
static SrExchangeReply *read_problem(SrSlice line, const char *prefix, SrOutcome outcome)
{
    const gsize length = strlen(prefix);
    g_autofree char *problem = NULL;

    if (line.length <= length || line.length > length + SR_PROVIDER_TEXT_MAX ||
        memcmp(line.data, prefix, length) != 0 ||
        !sr_ascii_is_printable(line.data + length, line.length - length))
        return NULL;
    problem = g_strndup(line.data + length, line.length - length);
    return sr_exchange_reply_new(outcome, problem);
}

/* Decimal digits without leading zeros as a number up to @maximum; FALSE when it is none. */
static gboolean read_number(SrSlice digits, gint64 maximum, gint64 *ret_number)
{
    gint64 number = 0;

    if (digits.length < 1 || digits.length > 6 || (digits.length > 1 && digits.data[0] == '0'))
        return FALSE;
    for (gsize i = 0; i < digits.length; i++) {
        if (!g_ascii_isdigit(digits.data[i]))
            return FALSE;
        number = number * 10 + (digits.data[i] - '0');
    }
    *ret_number = number;
    return number <= maximum;
}

static SrExchangeReply *read_status(SrSlice line)
{
    gint64 status;
    SrExchangeReply *reply;

    if (!read_number(line, 599, &status) || status < 100)
        return NULL;
    reply = sr_exchange_reply_new(SR_OUTCOME_ANSWERED, NULL);
    reply->status = (guint)status;
    return reply;
}

static gboolean read_text(SrHeadReader *reader, const char *name, char **ret_text)
{
    SrSlice value;

    if (!sr_head_read_header(reader, name, &value))
        return TRUE;
    *ret_text = g_strndup(value.data, value.length);
    return value.length <= HEADER_MAX;
}

/* What follows the status. FALSE without an error: it is not such a text. */
static gboolean read_answer(SrHeadReader *reader, SrExchangeReply *reply, GError **error)
{
    SrSlice value;

    if (!read_text(reader, "Content-Type", &reply->content_type))
        return FALSE;
    if (sr_head_read_header(reader, "Retry-After", &value) &&
        !read_number(value, RETRY_AFTER_MAX, &reply->retry_after))
        return FALSE;
    if (!read_text(reader, "DPoP-Nonce", &reply->dpop_nonce) ||
        !sr_head_read_body(reader, &value) || value.length > SR_EXCHANGE_BODY_MAX)
        return FALSE;
    if (value.data)
        reply->body = sr_secret_new_copy(value.data, value.length, error);
    return !value.data || reply->body;
}

static SrExchangeReply *read_first_line(SrHeadReader *reader)
{
    SrExchangeReply *reply;
    SrSlice line;

    if (!sr_head_read_line(reader, &line))
        return NULL;
    reply = read_problem(line, NOT_SENT, SR_OUTCOME_NOT_SENT);
    if (!reply)
        reply = read_problem(line, UNKNOWN, SR_OUTCOME_UNKNOWN);
    return reply ? reply : read_status(line);
}

SrExchangeReply *sr_exchange_reply_read(const SrSecret *text, GError **error)
{
    SrHeadReader reader = {(const char *)sr_secret_peek(text), sr_secret_size(text), 0};
    g_autoptr(SrExchangeReply) reply = read_first_line(&reader);
    g_autoptr(GError) cause = NULL;
    gboolean good = FALSE;

    if (reply && reply->outcome == SR_OUTCOME_ANSWERED)
        good = read_answer(&reader, reply, &cause);
    else if (reply)
        good = reader.at == reader.length;
    if (good)
        return g_steal_pointer(&reply);
    if (cause)
        g_propagate_error(error, g_steal_pointer(&cause));
    else
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "reply", (gint64)reader.at,
                        "not a complete reply; sealring-net has perhaps ended in the middle");
    return NULL;
}
