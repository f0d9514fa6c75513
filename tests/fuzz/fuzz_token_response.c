/* What a token endpoint answers: the first byte chooses the status, the rest is the body. */
#include "oauth/token_response.h"

#include "oauth/ascii.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tokens(SrVerdict verdict, const SrTokens *tokens)
{
    const gboolean is_success = verdict == SR_VERDICT_TOKENS;

    /* Of other answers only a refresh token is ever saved. */
    g_assert(is_success || verdict == SR_VERDICT_UNKNOWN);
    g_assert(is_success == !!tokens->access_token);
    g_assert(is_success || (tokens->refresh_token && !tokens->id_token && !tokens->scope));
    g_assert(!tokens->access_token || sr_ascii_is_token(tokens->access_token, SR_TOKEN_MAX));
    g_assert(!tokens->refresh_token || sr_ascii_is_token(tokens->refresh_token, SR_TOKEN_MAX));
    g_assert(!tokens->id_token || sr_ascii_is_token(tokens->id_token, SR_TOKEN_MAX));
    g_assert(tokens->expires_in == -1 ||
             (tokens->expires_in >= 1 && tokens->expires_in <= 31536000));
}

/* The text has lost what it gave: a second look finds no success. */
static void check_emptied(SrExchangeReply *reply)
{
    g_autoptr(SrTokens) tokens = NULL;

    g_assert(sr_token_response_judge(reply, &tokens, NULL) != SR_VERDICT_TOKENS);
    g_assert(!tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const guint statuses[] = {200, 200, 400, 401, 429, 500, 503, 302};
    g_autoptr(SrExchangeReply) reply = sr_exchange_reply_new(SR_OUTCOME_ANSWERED, NULL);
    g_autoptr(SrTokens) tokens = NULL;
    g_autoptr(GError) error = NULL;
    SrVerdict verdict;

    if (size == 0)
        return 0;
    reply->status = statuses[data[0] % G_N_ELEMENTS(statuses)];
    reply->body = size > 1 ? sr_secret_new_copy(data + 1, size - 1, NULL) : NULL;
    verdict = sr_token_response_judge(reply, &tokens, &error);
    g_assert((verdict == SR_VERDICT_TOKENS) == !error);
    if (tokens)
        check_tokens(verdict, tokens);
    if (error)
        g_assert(sr_ascii_is_printable(error->message, strlen(error->message)) &&
                 strlen(error->message) < 300);
    if (tokens)
        check_emptied(reply);
    return 0;
}
