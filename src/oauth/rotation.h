/*
 * What the answer to a refresh makes of an account (OAuth 2.1 §4.3). A refresh token may be used
 * once, and a provider may sign the user out everywhere when one is used again: so it matters
 * whether it was, and whether that is known.
 */
#pragma once

#include "oauth/account.h"
#include "oauth/token_response.h"

typedef struct {
    SrVerdict verdict;
    gboolean is_lost;  /* there was no answer, and the request may have been sent */
    gboolean was_sent; /* the refresh token had been sent before, and that answer was lost */
    gint64 now;        /* seconds since 1970 */
} SrRotation;

/*
 * Let @account be as the answer leaves it; what it needs is taken out of @tokens (may be NULL).
 * TRUE when it has something now that exists nowhere else, and must not be lost.
 *
 * SR_ACCOUNT_GOOD: the refresh token is new or was not used up. SR_ACCOUNT_UNCERTAIN: it is perhaps
 * used up. SR_ACCOUNT_NEEDS_LOGIN, without tokens: it is no longer good, or it was sent twice and
 * both answers are lost; any other failure keeps it, however often it happens.
 * *inout_error: what sr_token_response_judge set, which becomes SR_ERROR_LOGIN_REQUIRED with the
 * cause, or SR_ERROR_PROVIDER_ERROR when the tokens are of another type than they were.
 */
gboolean sr_rotation_apply(SrAccount *account, const SrRotation *rotation, SrTokens *tokens,
                           GError **inout_error);

/* Set SR_ERROR_LOGIN_REQUIRED: the person must sign in to @account again, and why. */
void sr_rotation_require_login(const SrAccount *account, GError **error);
