/*
 * Both texts between agent and sealring-net. The first byte chooses: even: a request, odd: a reply.
 * What is read and written again is the same text.
 */
#include "oauth/exchange.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_request(const SrSecret *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrExchange) exchange = sr_exchange_read(text, &error);
    g_autoptr(SrSecret) again = NULL;

    g_assert(!exchange == !!error);
    if (!exchange)
        return;
    again = sr_exchange_write(exchange, &error);
    g_assert_no_error(error);
    g_assert(sr_secret_equal(text, again));
}

static void check_reply(const SrSecret *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrExchangeReply) reply = sr_exchange_reply_read(text, &error);
    g_autoptr(SrSecret) again = NULL;

    g_assert(!reply == !!error);
    if (!reply)
        return;
    g_assert((reply->outcome == SR_OUTCOME_ANSWERED) == !reply->problem);
    again = sr_exchange_reply_write(reply, &error);
    g_assert_no_error(error);
    g_assert(sr_secret_equal(text, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(SrSecret) text = size ? sr_secret_new_copy(data + 1, size - 1, NULL) : NULL;

    if (!text)
        return 0;
    if (data[0] % 2)
        check_reply(text);
    else
        check_request(text);
    return 0;
}
