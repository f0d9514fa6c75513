/*
 * What a token endpoint answers (OAuth 2.1 §3.2.3, §3.2.4). Tokens go from the reply's locked
 * memory straight into secrets of their own; what is left of the text is read as JSON.
 */
#pragma once

#include "oauth/exchange.h"

#define SR_TOKEN_MAX 16384u /* bytes of one token */

typedef struct {
    SrSecret *access_token;  /* visible ASCII (RFC 6750 §2.1) */
    gboolean is_dpop;        /* token_type "DPoP" (RFC 9449 §5), else "Bearer" */
    SrSecret *refresh_token; /* NULL: none was sent, the old one stays */
    SrSecret *id_token;      /* or NULL */
    char *scope;             /* what was granted, NULL: as asked for */
    gint64 expires_in;       /* seconds, 1 … 31 536 000; -1: it does not say, or says nonsense (0,
                                negative, a string, a fraction, more) */
} SrTokens;

void sr_tokens_free(SrTokens *tokens);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrTokens, sr_tokens_free)

typedef enum {
    SR_VERDICT_TOKENS,
    SR_VERDICT_INVALID_GRANT, /* the code or refresh token is no longer good */
    SR_VERDICT_PENDING,       /* device flow: authorization_pending */
    SR_VERDICT_SLOW_DOWN,     /* device flow */
    SR_VERDICT_DENIED,        /* access_denied */
    SR_VERDICT_EXPIRED,       /* device flow: expired_token */
    SR_VERDICT_DPOP_NONCE,    /* use_dpop_nonce: reply->dpop_nonce has it (RFC 9449 §8) */
    SR_VERDICT_REFUSED,       /* another error of the provider: the token was not used up */
    SR_VERDICT_BUSY,          /* 429, 503, not sent: come back later; not used up */
    SR_VERDICT_UNKNOWN,       /* other 5xx, 408, a reply that makes no sense: perhaps used up */
} SrVerdict;

/*
 * Judge @reply, by its error member when there is one, else by its status (400 and 401 alike); one
 * that was not sent is SR_VERDICT_BUSY, one with an unknown outcome SR_VERDICT_UNKNOWN (both
 * SR_ERROR_NETWORK_ERROR). Tokens are taken out of the reply's body.
 * SR_VERDICT_TOKENS: *ret_tokens, owned by the caller. Every other verdict sets @error:
 * SR_ERROR_LOGIN_REQUIRED (invalid grant, expired code), _USER_REJECTED (denied), _PROVIDER_ERROR,
 * each with the provider's error and description, printable and at most 200 bytes long.
 * A success is refused (SR_VERDICT_UNKNOWN) that is not JSON of a known shape, has no access token,
 * a token with other than visible ASCII, or a token_type that is neither Bearer nor DPoP; if such a
 * reply has a well-formed refresh token, it is still handed out in *ret_tokens (access_token NULL).
 */
SrVerdict sr_token_response_judge(SrExchangeReply *reply, SrTokens **ret_tokens, GError **error);
