#include "oauth/rotation.h"

#include "base/error.h"

#define LIFETIME_DEFAULT 300 /* of an access token whose provider does not say, in seconds */

void sr_rotation_require_login(const SrAccount *account, GError **error)
{
    sr_error_set(error, SR_ERROR_LOGIN_REQUIRED, "sign in to %s again: %s", account->name,
                 account->cause ? account->cause : "it has no refresh token, and its time is over");
}

static void set_state(SrAccount *account, SrAccountState state)
{
    account->state = state;
    g_clear_pointer(&account->cause, g_free);
    account->generation++;
}

static void end_session(SrAccount *account, const char *cause, GError **inout_error)
{
    set_state(account, SR_ACCOUNT_NEEDS_LOGIN);
    account->cause = g_strdup(cause);
    g_clear_pointer(&account->access_token, sr_secret_free);
    g_clear_pointer(&account->refresh_token, sr_secret_free);
    g_clear_error(inout_error);
    sr_rotation_require_login(account, inout_error);
}

/* A new refresh token, if there is one: the old one is used up then. */
static gboolean take_refresh_token(SrAccount *account, SrTokens *tokens)
{
    if (!tokens || !tokens->refresh_token)
        return FALSE;
    sr_secret_free(account->refresh_token);
    account->refresh_token = g_steal_pointer(&tokens->refresh_token);
    return TRUE;
}

static void take_access_token(SrAccount *account, SrTokens *tokens, gint64 now)
{
    sr_secret_free(account->access_token);
    account->access_token = g_steal_pointer(&tokens->access_token);
    account->received = now;
    account->expires = now + (tokens->expires_in > 0 ? tokens->expires_in : LIFETIME_DEFAULT);
    if (!tokens->scope)
        return;
    g_free(account->scope);
    account->scope = g_strdup(tokens->scope);
}

static void take_tokens(SrAccount *account, SrTokens *tokens, gint64 now, GError **error)
{
    take_refresh_token(account, tokens);
    set_state(account, SR_ACCOUNT_GOOD);
    if (tokens->is_dpop == account->is_dpop) {
        take_access_token(account, tokens, now);
        return;
    }
    g_clear_pointer(&account->access_token, sr_secret_free);
    sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "token_type", -1,
                    account->is_dpop ? "is no longer DPoP" : "is DPoP, which was not asked for");
}

/* The answer is lost, or makes no sense. */
static void apply_unknown(SrAccount *account, const SrRotation *rotation, GError **inout_error)
{
    if (rotation->is_lost && rotation->was_sent)
        end_session(account, "the provider's answers to two refreshes were lost", inout_error);
    else
        set_state(account, SR_ACCOUNT_UNCERTAIN);
}

gboolean sr_rotation_apply(SrAccount *account, const SrRotation *rotation, SrTokens *tokens,
                           GError **inout_error)
{
    switch (rotation->verdict) {
    case SR_VERDICT_TOKENS:
        take_tokens(account, tokens, rotation->now, inout_error);
        return TRUE;
    case SR_VERDICT_INVALID_GRANT:
        end_session(account,
                    rotation->was_sent ? "the provider's answer to a refresh was lost"
                                       : "the provider has ended the session",
                    inout_error);
        return FALSE;
    case SR_VERDICT_UNKNOWN:
        /* A new one in an answer that is otherwise wrong is worth more than the old one. */
        if (take_refresh_token(account, tokens)) {
            set_state(account, SR_ACCOUNT_GOOD);
            return TRUE;
        }
        apply_unknown(account, rotation, inout_error);
        return FALSE;
    default:
        set_state(account, rotation->was_sent ? SR_ACCOUNT_UNCERTAIN : SR_ACCOUNT_GOOD);
        return FALSE;
    }
}
