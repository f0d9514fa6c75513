/* The last steps of every sign-in: check the tokens, make the account, save it, answer. */
#include "agent/account_access.h"
#include "agent/account_saving.h"
#include "agent/sign_in.h"
#include "base/error.h"
#include "crypto/digest.h"

#include <string.h>

#define ID_LENGTH 22
#define LIFETIME_DEFAULT 300 /* of an access token whose provider does not say, in seconds */
#define LEEWAY 60

/* --- saving
 * ------------------------------------------------------------------------------------------ */

static void answer(SrSignIn *sign_in, const SrAccountInfo *info)
{
    SrRequest *request = sign_in->request;
    SrJson *more = json_object_new_object();
    SrJson *result;
    GError *error = NULL;

    sr_json_add_string(more, "account", info->id);
    sr_json_add_string(more, "provider", info->issuer);
    sr_json_add_string(more, "scope", info->scope);
    result = json_object_new_object();
    sr_json_add(result, "account", sr_account_json(request, info));
    sr_sign_in_free(sign_in);
    if (sr_request_record(request, "sign-in", more, &error)) {
        sr_request_reply(request, result);
        return;
    }
    sr_json_free(result);
    sr_request_fail(request, error);
}

static void on_saved(const GError *error, gpointer data)
{
    SrSignIn *sign_in = data;
    SrAccounts *accounts = sign_in->agent->accounts;
    g_autoptr(SrSecret) key = NULL;
    SrAccountInfo *info;
    GError *problem = NULL;

    if (error) {
        sr_sign_in_fail(sign_in, g_error_copy(error));
        return;
    }
    key = sr_accounts_key(accounts, &problem);
    info = key ? sr_account_info_new(sign_in->account, key, &problem) : NULL;
    if (!info) {
        sr_sign_in_fail(sign_in, problem);
        return;
    }
    sr_accounts_set(accounts, info);
    if (sign_in->request)
        answer(sign_in, info);
    else
        sr_sign_in_free(sign_in); /* its client is gone; the account is there all the same */
}

/* No refresh is under way that would be written over what is new. */
static void save(SrSignIn *sign_in)
{
    sign_in->is_saving = TRUE;
    sr_account_save(sign_in->agent, sign_in->account, NULL, on_saved, sign_in);
}

/* --- the account
 * ------------------------------------------------------------------------------------- */

static gboolean is_same(const SrAccountInfo *info, const SrSignIn *sign_in)
{
    return strcmp(info->issuer, sign_in->issuer) == 0 &&
           strcmp(info->client_id, sign_in->client->id) == 0 &&
           strcmp(info->caller, sign_in->caller) == 0 &&
           strcmp(info->origin, sign_in->origin) == 0 && sign_in->id_token &&
           g_strcmp0(info->subject, sign_in->id_token->subject) == 0;
}

/* The account of this person, if this caller has signed in before: it gets the new tokens. */
static const SrAccountInfo *find_before(const SrSignIn *sign_in)
{
    g_autoptr(GPtrArray) list = sr_accounts_list(sign_in->agent->accounts);

    for (guint i = 0; i < list->len; i++)
        if (is_same(list->pdata[i], sign_in))
            return list->pdata[i];
    return NULL;
}

/* "ada@example.org at id.example". Owned by the caller. */
static char *make_name(const SrSignIn *sign_in)
{
    const SrIdToken *person = sign_in->id_token;
    g_autoptr(GUri) uri = g_uri_parse(sign_in->issuer, G_URI_FLAGS_NONE, NULL);
    const char *who = !person         ? sign_in->client->id
                      : person->email ? person->email
                      : person->name  ? person->name
                                      : person->subject;

    return g_strdup_printf("%s at %s", who, uri ? g_uri_get_host(uri) : sign_in->issuer);
}

static void take_tokens(SrAccount *account, SrTokens *tokens, const char *asked)
{
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;

    account->scope = g_strdup(tokens->scope ? tokens->scope : asked);
    account->is_dpop = tokens->is_dpop;
    account->received = now;
    account->expires = now + (tokens->expires_in > 0 ? tokens->expires_in : LIFETIME_DEFAULT);
    account->access_token = g_steal_pointer(&tokens->access_token);
    account->refresh_token = g_steal_pointer(&tokens->refresh_token);
}

static SrAccount *make_account(SrSignIn *sign_in, GError **error)
{
    const SrAccountInfo *before = find_before(sign_in);
    g_autofree char *id = before ? g_strdup(before->id) : sr_random_alphanumeric(ID_LENGTH, error);
    SrAccount *account;

    if (!id)
        return NULL;
    account = sr_account_new();
    account->id = g_steal_pointer(&id);
    account->name = make_name(sign_in);
    account->issuer = g_strdup(sign_in->issuer);
    account->client_id = g_strdup(sign_in->client->id);
    account->subject = sign_in->id_token ? g_strdup(sign_in->id_token->subject) : NULL;
    account->caller = g_strdup(sign_in->caller);
    account->origin = g_strdup(sign_in->origin);
    account->generation = before ? before->generation + 1000 : 1; /* newer than any journal line */
    account->created = before ? before->created : g_get_real_time() / G_USEC_PER_SEC;
    account->dpop_key = g_steal_pointer(&sign_in->dpop_key);
    take_tokens(account, sign_in->tokens, sign_in->scope);
    return account;
}

static void on_idle(const GError *ignored, gpointer data)
{
    SrSignIn *sign_in = data;
    GError *error = NULL;

    (void)ignored;
    sign_in->wait = NULL;
    sign_in->account = make_account(sign_in, &error);
    if (sign_in->account)
        save(sign_in);
    else
        sr_sign_in_fail(sign_in, error);
}

static void on_checked(SrSignIn *sign_in)
{
    const SrAccountInfo *before = find_before(sign_in);

    sign_in->wait = sr_refresher_wait_idle(sign_in->agent->refresher, before ? before->id : "",
                                           on_idle, sign_in);
}

/* --- the id_token
 * ------------------------------------------------------------------------------------ */

static void on_keys(SrMetadata *metadata, const SrJwks *jwks, const GError *error, gpointer data)
{
    SrSignIn *sign_in = data;
    const SrIdTokenExpectation expectation = {
        .issuer = sign_in->issuer,
        .client_id = sign_in->client->id,
        .nonce = sign_in->flow ? sign_in->flow->nonce : NULL,
        .access_token = sign_in->tokens->access_token,
        .algorithms = metadata ? (const char *const *)metadata->id_token_algorithms : NULL,
        .now = g_get_real_time() / G_USEC_PER_SEC,
        .leeway = LEEWAY,
    };
    GError *problem = error ? g_error_copy(error) : NULL;

    sign_in->provider_call = NULL;
    if (!problem && !jwks)
        sr_error_set_at(&problem, SR_ERROR_ID_TOKEN_INVALID, "signature", -1,
                        "the provider publishes no keys to check it with");
    if (!problem)
        sign_in->id_token =
            sr_id_token_verify(sign_in->tokens->id_token, jwks, &expectation, &problem);
    if (sign_in->id_token)
        on_checked(sign_in);
    else
        sr_sign_in_fail(sign_in, problem);
}

static gboolean asks_openid(const SrSignIn *sign_in)
{
    g_auto(GStrv) scopes = g_strsplit(sign_in->scope, " ", -1);

    return g_strv_contains((const char *const *)scopes, "openid");
}

void sr_sign_in_finish(SrSignIn *sign_in)
{
    GError *error = NULL;

    if (sign_in->tokens->is_dpop && !sign_in->dpop_key)
        sr_error_set_at(&error, SR_ERROR_PROVIDER_ERROR, "token_type", -1,
                        "is DPoP, which was not asked for");
    else if (!sign_in->tokens->id_token && asks_openid(sign_in))
        sr_error_set_at(&error, SR_ERROR_ID_TOKEN_INVALID, "id_token", -1,
                        "is missing although openid was asked for");
    if (error)
        sr_sign_in_fail(sign_in, error);
    else if (sign_in->tokens->id_token)
        sign_in->provider_call = sr_providers_keys(sign_in->agent->providers, sign_in->issuer,
                                                   sign_in->tokens->id_token, on_keys, sign_in);
    else
        on_checked(sign_in);
}
