#include "oauth/token_response.h"

#include "base/error.h"
#include "base/json.h"
#include "base/json_take.h"
#include "oauth/ascii.h"
#include "oauth/provider.h"

#include <string.h>

#define SECONDS_MAX 31536000
#define SCOPE_MAX 4096u /* bytes */

void sr_tokens_free(SrTokens *tokens)
{
    if (!tokens)
        return;
    sr_secret_free(tokens->access_token);
    sr_secret_free(tokens->refresh_token);
    sr_secret_free(tokens->id_token);
    g_free(tokens->scope);
    g_free(tokens);
}

/* --- reading -------------------------------------------------------------------------------- */

static gboolean refuse(GError **error, const char *name, const char *problem)
{
    sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, name, -1, "%s", problem);
    return FALSE;
}

/* Take the token @name out of @text; *ret_token is NULL when it is not there or empty. */
static gboolean take_token(SrSecret *text, const char *name, SrSecret **ret_token, GError **error)
{
    g_autoptr(SrSecret) token = NULL;

    if (!sr_json_take_string(text, NULL, name, &token, error)) {
        sr_provider_blame(error);
        return FALSE;
    }
    if (!token || sr_secret_size(token) == 0)
        return TRUE;
    if (!sr_ascii_is_token(token, SR_TOKEN_MAX))
        return refuse(error, name, "must be visible ASCII characters, not too many");
    *ret_token = g_steal_pointer(&token);
    return TRUE;
}

/*
 * Take the tokens out of the body into @tokens, the refresh token first: it must not be lost
 * because of another member. The rest as JSON, or NULL.
 */
static SrJson *read_body(SrExchangeReply *reply, SrTokens *tokens, GError **error)
{
    SrSecret *text = reply->body;
    SrJson *rest;

    if (!text) {
        refuse(error, "body", "is empty");
        return NULL;
    }
    sr_json_clamp_integers(text);
    if (!take_token(text, "refresh_token", &tokens->refresh_token, error) ||
        !take_token(text, "access_token", &tokens->access_token, error) ||
        !take_token(text, "id_token", &tokens->id_token, error))
        return NULL;
    rest = sr_json_parse((const char *)sr_secret_peek(text), sr_secret_size(text), error);
    if (rest && json_object_is_type(rest, json_type_object))
        return rest;
    if (rest)
        refuse(error, "body", "must be a JSON object");
    sr_json_free(rest);
    sr_provider_blame(error);
    return NULL;
}

static gboolean read_type(SrJson *rest, gboolean *ret_is_dpop, GError **error)
{
    const char *type = NULL;

    if (!sr_json_string_optional(rest, "token_type", &type, NULL) || !type)
        return refuse(error, "token_type", "is missing");
    *ret_is_dpop = g_ascii_strcasecmp(type, "DPoP") == 0;
    return *ret_is_dpop || g_ascii_strcasecmp(type, "Bearer") == 0 ||
           refuse(error, "token_type", "must be Bearer or DPoP");
}

/* The words of @scope with one space between them. Owned by the caller. */
static char *tidy_scope(const char *scope)
{
    g_auto(GStrv) words = g_strsplit(scope, " ", -1);
    GString *text = g_string_new(NULL);

    for (char **word = words; *word; word++)
        if (**word)
            g_string_append_printf(text, "%s%s", text->len ? " " : "", *word);
    return g_string_free(text, FALSE);
}

static gboolean read_scope(SrJson *rest, char **ret_scope, GError **error)
{
    g_autofree char *tidy = NULL;
    const char *scope = NULL;

    if (!sr_json_string_optional(rest, "scope", &scope, NULL))
        return refuse(error, "scope", "must be a string");
    if (!scope)
        return TRUE;
    tidy = tidy_scope(scope);
    if (*tidy && (strlen(tidy) > SCOPE_MAX || !sr_ascii_is_unquoted(tidy, strlen(tidy), TRUE)))
        return refuse(error, "scope", "must be words with spaces between them");
    *ret_scope = g_steal_pointer(&tidy);
    return TRUE;
}

/* Seconds, -1 for everything that is no usable number of them. */
static gint64 read_lifetime(SrJson *rest)
{
    gint64 seconds = -1;

    /* An error leaves the default, which says that nothing is known. */
    if (!sr_json_integer_optional(rest, "expires_in", 1, SECONDS_MAX, &seconds, NULL))
        return -1;
    return seconds;
}

/* Complete @tokens with what is not secret; FALSE when this is no success (RFC 6749 §5.1). */
static gboolean read_success(SrTokens *tokens, SrJson *rest, GError **error)
{
    if (!tokens->access_token)
        return refuse(error, "access_token", "is missing");
    tokens->expires_in = read_lifetime(rest);
    return read_type(rest, &tokens->is_dpop, error) && read_scope(rest, &tokens->scope, error);
}

/* --- judging -------------------------------------------------------------------------------- */

static SrVerdict verdict_of_status(guint status)
{
    if (status == 429 || status == 503)
        return SR_VERDICT_BUSY;
    if (status == 408 || status >= 500)
        return SR_VERDICT_UNKNOWN;
    return status >= 400 || status == 200 ? SR_VERDICT_REFUSED : SR_VERDICT_UNKNOWN;
}

static SrVerdict verdict_of_error(const char *problem, const SrExchangeReply *reply)
{
    static const struct {
        const char *problem;
        SrVerdict verdict;
    } rows[] = {
        {"invalid_grant", SR_VERDICT_INVALID_GRANT}, {"authorization_pending", SR_VERDICT_PENDING},
        {"slow_down", SR_VERDICT_SLOW_DOWN},         {"access_denied", SR_VERDICT_DENIED},
        {"expired_token", SR_VERDICT_EXPIRED},       {"temporarily_unavailable", SR_VERDICT_BUSY},
        {"server_error", SR_VERDICT_UNKNOWN},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(problem, rows[i].problem) == 0)
            return rows[i].verdict;
    if (strcmp(problem, "use_dpop_nonce") == 0 && reply->dpop_nonce)
        return SR_VERDICT_DPOP_NONCE;
    return verdict_of_status(reply->status);
}

static void explain(SrVerdict verdict, const char *problem, GError **error)
{
    switch (verdict) {
    case SR_VERDICT_INVALID_GRANT:
        sr_error_set(error, SR_ERROR_LOGIN_REQUIRED,
                     "the provider no longer accepts this sign-in: %s; sign in again", problem);
        break;
    case SR_VERDICT_DENIED:
        sr_error_set(error, SR_ERROR_USER_REJECTED, "the sign-in was denied at the provider: %s",
                     problem);
        break;
    case SR_VERDICT_EXPIRED:
        sr_error_set(error, SR_ERROR_LOGIN_REQUIRED,
                     "the code was not used in time: %s; begin again", problem);
        break;
    case SR_VERDICT_BUSY:
        sr_error_set(error, SR_ERROR_PROVIDER_ERROR, "the provider is busy: %s; try again later",
                     problem);
        break;
    case SR_VERDICT_UNKNOWN:
        sr_error_set(error, SR_ERROR_PROVIDER_ERROR, "the provider failed: %s", problem);
        break;
    default:
        sr_error_set(error, SR_ERROR_PROVIDER_ERROR, "the provider refused: %s", problem);
    }
}

/* What a success that makes no sense still leaves: the refresh token, if it has one. */
static SrTokens *save_refresh_token(SrTokens *tokens)
{
    SrTokens *saved;

    if (!tokens->refresh_token)
        return NULL;
    saved = g_new0(SrTokens, 1);
    saved->refresh_token = g_steal_pointer(&tokens->refresh_token);
    saved->expires_in = -1;
    return saved;
}

/* Without an answer: what may have been sent is perhaps used up. */
static SrVerdict judge_failure(const SrExchangeReply *reply, GError **error)
{
    const gboolean not_sent = reply->outcome == SR_OUTCOME_NOT_SENT;

    sr_error_set(error, SR_ERROR_NETWORK_ERROR, "no answer from the provider: %s", reply->problem);
    return not_sent ? SR_VERDICT_BUSY : SR_VERDICT_UNKNOWN;
}

static SrVerdict judge_answer(SrExchangeReply *reply, SrTokens **ret_tokens, GError **error)
{
    g_autoptr(SrTokens) tokens = g_new0(SrTokens, 1);
    g_autoptr(GError) shape = NULL;
    g_autoptr(SrJson) rest = read_body(reply, tokens, &shape);
    const char *problem = NULL;
    g_autofree char *text = NULL;
    SrVerdict verdict;

    if (rest && sr_json_string_optional(rest, "error", &problem, NULL) && problem) {
        verdict = verdict_of_error(problem, reply);
    } else if (reply->status != 200) {
        verdict = verdict_of_status(reply->status);
    } else if (rest && read_success(tokens, rest, &shape)) {
        *ret_tokens = g_steal_pointer(&tokens);
        return SR_VERDICT_TOKENS;
    } else {
        *ret_tokens = save_refresh_token(tokens);
        g_propagate_error(error, g_steal_pointer(&shape));
        return SR_VERDICT_UNKNOWN;
    }
    text = sr_provider_problem(rest, reply->status);
    explain(verdict, text, error);
    return verdict;
}

SrVerdict sr_token_response_judge(SrExchangeReply *reply, SrTokens **ret_tokens, GError **error)
{
    *ret_tokens = NULL;
    return reply->outcome == SR_OUTCOME_ANSWERED ? judge_answer(reply, ret_tokens, error)
                                                 : judge_failure(reply, error);
}
