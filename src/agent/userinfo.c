#include "agent/userinfo.h"

#include "agent/account_access.h"
#include "agent/account_jobs.h"
#include "agent/account_token.h"
#include "agent/proof.h"
#include "agent/providers.h"
#include "base/error.h"

#include <string.h>

#define WANTED 10 /* seconds that the token must be good for */

typedef struct {
    SrRequest *request;
    char *issuer;
    char *subject;
    SrSecret *token;
    SrAccount *account; /* its proof key is used when the token is bound to it */
    char *endpoint;
    char *dpop_nonce; /* that the provider asked for, or NULL */
    SrProviderCall *provider_call;
    SrNetworkCall *network_call;
} Asking;

static void asking_free(gpointer data)
{
    Asking *asking = data;

    sr_providers_cancel(asking->provider_call);
    if (asking->network_call)
        sr_network_cancel(asking->network_call);
    sr_secret_free(asking->token);
    sr_account_free(asking->account);
    g_free(asking->endpoint);
    g_free(asking->dpop_nonce);
    g_free(asking->subject);
    g_free(asking->issuer);
    g_free(asking);
}

/* "Bearer …" or "DPoP …". Owned by the caller. */
static SrSecret *authorization(const char *scheme, const SrSecret *token, GError **error)
{
    const gsize head = strlen(scheme);
    SrSecret *header = sr_secret_new(head + sr_secret_size(token), error);

    if (!header)
        return NULL;
    memcpy(sr_secret_data(header), scheme, head);
    memcpy(sr_secret_data(header) + head, sr_secret_peek(token), sr_secret_size(token));
    return header;
}

/* The claims, whose subject must be there and the account's (OpenID Connect Core §5.3.2). */
static SrJson *read_claims(const Asking *asking, const SrExchangeReply *reply, GError **error)
{
    g_autoptr(SrJson) claims = NULL;
    const char *subject = NULL;

    if (reply->outcome != SR_OUTCOME_ANSWERED || reply->status != 200 || !reply->body) {
        sr_providers_set_error(error, reply, "userinfo");
        return NULL;
    }
    claims =
        sr_json_parse((const char *)sr_secret_peek(reply->body), sr_secret_size(reply->body), NULL);
    if (!json_object_is_type(claims, json_type_object) ||
        !sr_json_string_optional(claims, "sub", &subject, NULL)) {
        sr_error_set(error, SR_ERROR_PROVIDER_ERROR, "userinfo: the answer is not a JSON object");
        return NULL;
    }
    if (!subject || strcmp(subject, asking->subject) != 0) {
        sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "sub", -1,
                        "the provider answered about somebody else");
        return NULL;
    }
    return g_steal_pointer(&claims);
}

static void ask(Asking *asking);

/* RFC 9449 §9: the provider wants a nonce of its own in the proof, and says which. */
static gboolean wants_nonce(const Asking *asking, const SrExchangeReply *reply)
{
    return reply->outcome == SR_OUTCOME_ANSWERED && reply->status == 401 && reply->dpop_nonce &&
           asking->account->is_dpop && !asking->dpop_nonce;
}

static void on_claims(SrExchangeReply *owned_reply, gpointer data)
{
    g_autoptr(SrExchangeReply) reply = owned_reply;
    Asking *asking = data;
    SrRequest *request = asking->request;
    GError *error = NULL;
    SrJson *claims = NULL;

    asking->network_call = NULL;
    if (wants_nonce(asking, reply)) {
        asking->dpop_nonce = g_strdup(reply->dpop_nonce);
        ask(asking);
        return;
    }
    if (sr_request_revalidate(request, &error))
        claims = read_claims(asking, reply, &error);
    if (claims)
        sr_request_reply(request, claims);
    else
        sr_request_fail(request, error);
}

static SrExchange *make_exchange(const Asking *asking, GError **error)
{
    const gboolean is_dpop = asking->account->is_dpop;
    g_autoptr(SrExchange) exchange = sr_exchange_new("GET", asking->endpoint);

    exchange->authorization = authorization(is_dpop ? "DPoP " : "Bearer ", asking->token, error);
    if (!exchange->authorization ||
        (is_dpop && !sr_proof_add(exchange, asking->account->dpop_key, asking->dpop_nonce,
                                  asking->token, error)))
        return NULL;
    return g_steal_pointer(&exchange);
}

static void ask(Asking *asking)
{
    SrRequest *request = asking->request;
    GError *error = NULL;
    SrExchange *exchange = make_exchange(asking, &error);

    if (exchange)
        asking->network_call =
            sr_network_start(request->agent->network, exchange, on_claims, asking);
    else
        sr_request_fail(request, error);
}

static void on_metadata(SrMetadata *metadata, const SrJwks *jwks, const GError *error,
                        gpointer data)
{
    Asking *asking = data;
    SrRequest *request = asking->request;
    GError *problem = error ? g_error_copy(error) : NULL;

    (void)jwks;
    asking->provider_call = NULL;
    if (!problem && !metadata->userinfo_endpoint)
        sr_error_set(&problem, SR_ERROR_PROVIDER_ERROR, "the provider has no userinfo endpoint");
    if (problem || !sr_request_revalidate(request, &problem)) {
        sr_request_fail(request, problem);
        return;
    }
    asking->endpoint = g_strdup(metadata->userinfo_endpoint);
    ask(asking);
}

/* The store has the key of proofs. */
static void on_read(SrRequest *request)
{
    g_autoptr(SrPrepared) prepared = g_steal_pointer(&request->result);
    Asking *asking = request->state;

    asking->account = g_steal_pointer(&prepared->account);
    asking->provider_call =
        sr_providers_metadata(request->agent->providers, asking->issuer, on_metadata, asking);
}

static void free_preparation(gpointer preparation)
{
    sr_preparation_free(preparation);
}

static void free_prepared(gpointer prepared)
{
    sr_prepared_free(prepared);
}

static void on_token(SrRequest *request)
{
    const SrAccountInfo *info = sr_request_account(request);
    Asking *asking = g_new0(Asking, 1);
    SrPreparation *preparation = g_new0(SrPreparation, 1);
    GError *error = NULL;

    preparation->id = g_strdup(info->id);
    asking->request = request;
    asking->issuer = g_strdup(info->issuer);
    asking->subject = g_strdup(info->subject);
    asking->token = sr_accounts_token(request->agent->accounts, info, &error);
    sr_request_clear_state(request);
    request->state = asking;
    request->free_state = asking_free;
    if (asking->token) {
        sr_request_on_store(request, sr_account_get_job, preparation, free_preparation,
                            free_prepared, SR_STORE_DEADLINE_MS, on_read);
        return;
    }
    sr_preparation_free(preparation);
    sr_request_fail(request, error);
}

/* Without a subject to compare, any address the provider names would be read for the caller. */
static void on_account(SrRequest *request)
{
    GError *error = NULL;

    if (sr_request_account(request)->subject) {
        sr_request_need_token(request, WANTED, on_token);
        return;
    }
    sr_error_set_at(&error, SR_ERROR_INVALID_PARAMS, "account", -1,
                    "was signed in without the scope openid: the provider does not say who it is");
    sr_request_fail(request, error);
}

static void on_accounts(SrRequest *request)
{
    sr_request_need_account(request, on_account);
}

void sr_userinfo_handle(SrRequest *request)
{
    static const char *const names[] = {"account", "issuer", NULL};
    GError *error = NULL;

    if (!request->params || sr_json_only(request->params, names, &error))
        sr_request_need_accounts(request, TRUE, on_accounts);
    else
        sr_request_fail(request, error);
}
