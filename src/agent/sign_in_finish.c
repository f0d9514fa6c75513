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

/* What is in the store is in the log, also when nobody waits for it any more. */
static gboolean record(const SrSignIn *sign_in, GError **error)
{
    SrAgent *agent = sign_in->agent;
    const SrAccount *account = sign_in->account;
    SrJson *entry = json_object_new_object();
    gboolean done;

    if (!sign_in->request) {
        sr_json_add_string(entry, "event", "sign-in");
        if (strcmp(account->caller, SR_OWNER_CLI) != 0)
            sr_json_add_string(entry, "extension", account->caller);
        sr_json_add_string(entry, "origin", account->origin);
    }
    sr_json_add_string(entry, "account", account->id);
    sr_json_add_string(entry, "provider", account->issuer);
    sr_json_add_string(entry, "scope", account->scope);
    if (sign_in->request)
        return sr_request_record(sign_in->request, "sign-in", entry, error);
    done = sr_audit_append(agent->audit, entry, error);
    sr_json_free(entry);
    if (done)
        sr_database_settle(agent->database);
    return done;
}

static void answer(SrSignIn *sign_in, SrJson *result, GError *error)
{
    SrAgent *agent = sign_in->agent;
    SrRequest *request = sign_in->request;

    sr_sign_in_free(sign_in);
    if (request && !error) {
        sr_request_reply(request, result);
        return;
    }
    sr_json_free(result);
    if (request)
        sr_request_fail(request, error);
    else
        g_clear_error(&error);
    sr_agent_schedule_flush(agent);
}

/* Who may use the account was asked with fewer scopes; the account is known unless all are locked.
 */
static void publish(const SrSignIn *sign_in, SrAccountInfo *info)
{
    const SrAgent *agent = sign_in->agent;
    const SrAccountInfo *before = sr_accounts_get(agent->accounts, info->id);

    if (before && !sr_flow_scope_covers(before->scope, info->scope))
        sr_grants_revoke_key(agent->grants, info->id, NULL);
    if (sr_accounts_is_loaded(agent->accounts))
        sr_accounts_set(agent->accounts, info);
    else
        sr_account_info_free(info);
}

static void on_saved(const GError *error, gpointer data)
{
    SrSignIn *sign_in = data;
    GError *problem = error ? g_error_copy(error) : NULL;
    g_autoptr(SrSecret) key = problem ? NULL : sr_accounts_key(sign_in->agent->accounts, &problem);
    SrAccountInfo *info = key ? sr_account_info_new(sign_in->account, key, &problem) : NULL;
    SrJson *result = NULL;

    sign_in->is_saving = FALSE;
    if (info) {
        result = json_object_new_object();
        if (sign_in->request)
            sr_json_add(result, "account", sr_account_json(sign_in->request, info));
        publish(sign_in, info);
        record(sign_in, &problem);
    }
    answer(sign_in, result, problem);
}

static void save(SrSignIn *sign_in)
{
    sign_in->is_saving = TRUE;
    sr_account_save(sign_in->agent, sign_in->account, NULL, NULL, on_saved, sign_in);
}

static void on_client_saved(SrRequest *request)
{
    request->result = NULL;
    save(request->state);
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

/* Its id; all those that are new take turns with each other. */
static const char *account_before(const SrSignIn *sign_in)
{
    const SrAccountInfo *before = find_before(sign_in);

    return before ? before->id : "";
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

static void wait_turn(SrSignIn *sign_in);

/* No refresh is under way that would be written over what is new. */
static void on_turn(const GError *error, gpointer data)
{
    SrSignIn *sign_in = data;
    GError *problem = error ? g_error_copy(error) : NULL;

    if (!problem && !g_str_equal(sign_in->turn_at, account_before(sign_in))) {
        wait_turn(sign_in); /* meanwhile another one signed this person in, or out */
        return;
    }
    if (!problem)
        sign_in->account = make_account(sign_in, &problem);
    if (!sign_in->account)
        sr_sign_in_fail(sign_in, problem);
    else if (sign_in->has_new_secret)
        sr_sign_in_save_client(sign_in, sign_in->client->id, on_client_saved);
    else
        save(sign_in);
}

static void wait_turn(SrSignIn *sign_in)
{
    sr_turn_end(sign_in->turn);
    g_free(sign_in->turn_at);
    sign_in->turn_at = g_strdup(account_before(sign_in));
    sign_in->turn = sr_turn_wait(sign_in->agent, sign_in->turn_at, on_turn, sign_in);
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
    if (!problem)
        sign_in->id_token =
            sr_id_token_verify(sign_in->tokens->id_token, jwks, &expectation, &problem);
    if (sign_in->id_token)
        wait_turn(sign_in);
    else
        sr_sign_in_fail(sign_in, problem);
}

static gboolean check_tokens(const SrSignIn *sign_in, GError **error)
{
    const SrTokens *tokens = sign_in->tokens;

    if (tokens->is_dpop != (sign_in->dpop_key != NULL))
        sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "token_type", -1,
                        tokens->is_dpop ? "is DPoP, which was not asked for"
                                        : "is not DPoP, which was asked for");
    else if (!tokens->id_token && sr_flow_scope_covers(sign_in->scope, "openid"))
        sr_error_set_at(error, SR_ERROR_ID_TOKEN_INVALID, "id_token", -1,
                        "is missing although openid was asked for");
    else
        return TRUE;
    return FALSE;
}

void sr_sign_in_finish(SrSignIn *sign_in)
{
    GError *error = NULL;

    if (!check_tokens(sign_in, &error))
        sr_sign_in_fail(sign_in, error);
    else if (sign_in->tokens->id_token)
        sign_in->provider_call = sr_providers_keys(sign_in->agent->providers, sign_in->issuer,
                                                   sign_in->tokens->id_token, on_keys, sign_in);
    else
        wait_turn(sign_in);
}
