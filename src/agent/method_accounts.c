/* oauth.accounts, .token, .userinfo, .logout: what is done with accounts that are signed in. */
#include "agent/account_access.h"
#include "agent/account_jobs.h"
#include "agent/account_token.h"
#include "agent/providers.h"
#include "agent/refresher.h"
#include "agent/userinfo.h"
#include "base/error.h"
#include "oauth/token_request.h"
#include "policy/journal.h"

#include <string.h>

#define WANTED_DEFAULT 30 /* seconds that a token should still be good for */
#define WANTED_MAX 3600
#define EARLY_MAX                                                                                  \
    60 /* seconds before its end that a token is refreshed, or a fifth of its life                 \
        */

/* --- accounts
 * --------------------------------------------------------------------------------------- */

static void reply_accounts(SrRequest *request)
{
    g_autoptr(GPtrArray) list = sr_accounts_list(request->agent->accounts);
    SrJson *array = json_object_new_array();
    SrJson *result = json_object_new_object();

    for (guint i = 0; i < list->len; i++)
        if (sr_request_is_cli(request) || sr_account_is_granted(request, list->pdata[i]))
            json_object_array_add(array, sr_account_json(request, list->pdata[i]));
    sr_json_add(result, "accounts", array);
    sr_request_reply(request, result);
}

static void handle_accounts(SrRequest *request)
{
    static const char *const names[] = {NULL};
    GError *error = NULL;

    if (!request->params || sr_json_only(request->params, names, &error))
        sr_request_need_accounts(request, TRUE, reply_accounts);
    else
        sr_request_fail(request, error);
}

/* --- token
 * ------------------------------------------------------------------------------------------ */

static SrJson *token_json(const SrRequest *request, const SrAccountInfo *info,
                          const SrSecret *token)
{
    SrJson *result = json_object_new_object();

    sr_json_add(result, "accessToken",
                json_object_new_string_len((const char *)sr_secret_peek(token),
                                           (int)sr_secret_size(token)));
    sr_json_add_string(result, "tokenType", info->is_dpop ? "DPoP" : "Bearer");
    sr_json_add_integer(result, "expiresIn", sr_account_info_remaining(info));
    sr_json_add_string(result, "scope", info->scope);
    sr_json_add(result, "account", sr_account_json(request, info));
    return result;
}

/* Each token that is handed out is a line of the log. */
static void issue(SrRequest *request)
{
    const SrAccountInfo *info = sr_request_account(request);
    GError *error = NULL;
    g_autoptr(SrSecret) token = sr_accounts_token(request->agent->accounts, info, &error);
    SrJson *more = json_object_new_object();

    sr_json_add_string(more, "account", info->id);
    sr_json_add_string(more, "provider", info->issuer);
    sr_json_add_string(more, "scope", info->scope);
    if (!token)
        sr_json_free(more);
    if (token && sr_request_record(request, "token", more, &error))
        sr_request_reply(request, token_json(request, info, token));
    else
        sr_request_fail(request, error);
}

static void on_account_for_token(SrRequest *request)
{
    gint64 wanted = WANTED_DEFAULT;
    GError *error = NULL;

    if (sr_json_integer_optional(request->params, "minValid", 0, WANTED_MAX, &wanted, &error))
        sr_request_need_token(request, wanted, issue);
    else
        sr_request_fail(request, error);
}

static void on_accounts_for_token(SrRequest *request)
{
    sr_request_need_account(request, on_account_for_token);
}

static void handle_token(SrRequest *request)
{
    static const char *const names[] = {"account", "issuer", "minValid", NULL};
    GError *error = NULL;

    if (!request->params || sr_json_only(request->params, names, &error))
        sr_request_need_accounts(request, TRUE, on_accounts_for_token);
    else
        sr_request_fail(request, error);
}

/* --- logout
 * ------------------------------------------------------------------------------------------ */

/* A sign-out: the account as the store has it, and what is asked of the provider. */
typedef struct {
    SrRequest *request;
    char *account;
    char *issuer;
    SrRefreshWait *wait;
    SrProviderCall *provider_call;
    SrNetworkCall *network_call;
    SrPrepared *prepared;
    gboolean revoked;
    GError *problem;
} Leaving;

static void leaving_free(gpointer data)
{
    Leaving *leaving = data;

    if (leaving->wait)
        sr_refresher_forget(leaving->wait);
    sr_providers_cancel(leaving->provider_call);
    if (leaving->network_call)
        sr_network_cancel(leaving->network_call);
    sr_prepared_free(leaving->prepared);
    g_clear_error(&leaving->problem);
    g_free(leaving->account);
    g_free(leaving->issuer);
    g_free(leaving);
}

static void reply_left(SrRequest *request)
{
    const Leaving *leaving = request->state;
    SrAgent *agent = request->agent;
    SrJson *more = json_object_new_object();
    SrJson *result = json_object_new_object();
    GError *error = NULL;

    request->result = NULL;
    sr_accounts_remove(agent->accounts, leaving->account);
    sr_grants_revoke_key(agent->grants, leaving->account, NULL);
    sr_journal_remove(agent->database, leaving->account, NULL);
    sr_json_add_string(more, "account", leaving->account);
    sr_json_add_boolean(more, "revoked", leaving->revoked);
    sr_json_add_boolean(result, "revoked", leaving->revoked);
    if (leaving->problem)
        sr_json_add_string(result, "problem", leaving->problem->message);
    if (sr_request_record(request, "sign-out", more, &error)) {
        sr_request_reply(request, result);
        return;
    }
    sr_json_free(result);
    sr_request_fail(request, error);
}

/* Whatever the provider says, the tokens go. */
static void remove_account(Leaving *leaving)
{
    sr_request_change_store(leaving->request, sr_account_remove_job, g_strdup(leaving->account),
                            g_free, SR_STORE_DEADLINE_MS, reply_left);
}

/* RFC 7009 §2.2: a token that is not known is a token that is revoked; some servers say 400. */
static void on_revoked(SrExchangeReply *owned_reply, gpointer data)
{
    g_autoptr(SrExchangeReply) reply = owned_reply;
    Leaving *leaving = data;

    leaving->network_call = NULL;
    leaving->revoked =
        reply->outcome == SR_OUTCOME_ANSWERED && (reply->status == 200 || reply->status == 400);
    if (!leaving->revoked)
        sr_providers_set_error(&leaving->problem, reply, "the provider was not told");
    remove_account(leaving);
}

static void on_metadata_to_leave(SrMetadata *metadata, const SrJwks *jwks, const GError *error,
                                 gpointer data)
{
    Leaving *leaving = data;
    const SrAccount *account = leaving->prepared->account;
    const SrSecret *token = account->refresh_token ? account->refresh_token : account->access_token;
    g_autoptr(SrExchange) request = NULL;

    (void)jwks;
    leaving->provider_call = NULL;
    if (error)
        leaving->problem = g_error_copy(error);
    else if (!metadata->revocation_endpoint)
        sr_error_set(&leaving->problem, SR_ERROR_PROVIDER_ERROR,
                     "the provider cannot be told (no revocation endpoint)");
    else
        request = sr_token_request_revoke(metadata, leaving->prepared->client, token,
                                          account->refresh_token ? "refresh_token" : "access_token",
                                          &leaving->problem);
    if (request)
        leaving->network_call = sr_network_start(leaving->request->agent->network,
                                                 g_steal_pointer(&request), on_revoked, leaving);
    else
        remove_account(leaving);
}

static void on_read_to_leave(SrRequest *request)
{
    Leaving *leaving = request->state;
    const SrAccount *account;

    leaving->prepared = g_steal_pointer(&request->result);
    account = leaving->prepared->account;
    if (account->refresh_token || account->access_token)
        leaving->provider_call = sr_providers_metadata(request->agent->providers, leaving->issuer,
                                                       on_metadata_to_leave, leaving);
    else
        remove_account(leaving); /* the provider has ended it already */
}

static void free_preparation(gpointer preparation)
{
    sr_preparation_free(preparation);
}

static void free_prepared(gpointer prepared)
{
    sr_prepared_free(prepared);
}

/* No refresh is under way: what the store (or the journal) has is the newest there is. */
static void on_idle(const GError *ignored, gpointer data)
{
    Leaving *leaving = data;
    SrRequest *request = leaving->request;
    SrPreparation *preparation = g_new0(SrPreparation, 1);

    (void)ignored;
    leaving->wait = NULL;
    preparation->id = g_strdup(leaving->account);
    preparation->journal =
        sr_journal_read(request->agent->database, leaving->account, &preparation->journal_number);
    sr_request_on_store(request, sr_account_get_job, preparation, free_preparation, free_prepared,
                        SR_STORE_DEADLINE_MS, on_read_to_leave);
}

static void on_account_to_leave(SrRequest *request)
{
    const SrAccountInfo *info = sr_request_account(request);
    Leaving *leaving = g_new0(Leaving, 1);

    leaving->request = request;
    leaving->account = g_strdup(info->id);
    leaving->issuer = g_strdup(info->issuer);
    sr_request_clear_state(request);
    request->state = leaving;
    request->free_state = leaving_free;
    leaving->wait =
        sr_refresher_wait_idle(request->agent->refresher, leaving->account, on_idle, leaving);
}

static void on_accounts_to_leave(SrRequest *request)
{
    sr_request_own_account(request, on_account_to_leave);
}

static void handle_logout(SrRequest *request)
{
    static const char *const names[] = {"account", "issuer", NULL};
    GError *error = NULL;

    if (!request->params || sr_json_only(request->params, names, &error))
        sr_request_need_accounts(request, TRUE, on_accounts_to_leave);
    else
        sr_request_fail(request, error);
}

const SrMethod sr_methods_accounts[] = {
    {"oauth.accounts", SR_METHOD_OPEN, handle_accounts},
    {"oauth.token", SR_METHOD_OPEN, handle_token},
    {"oauth.userinfo", SR_METHOD_OPEN, sr_userinfo_handle},
    {"oauth.logout", SR_METHOD_OPEN, handle_logout},
    {NULL, 0, NULL},
};
