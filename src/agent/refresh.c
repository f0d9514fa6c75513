#include "agent/refresh.h"

#include "agent/account_jobs.h"
#include "agent/account_lock.h"
#include "agent/account_saving.h"
#include "agent/accounts.h"
#include "agent/proof.h"
#include "agent/providers.h"
#include "base/error.h"
#include "oauth/token_request.h"
#include "oauth/token_response.h"
#include "policy/journal.h"

#include <unistd.h>

#define LOCK_TRY_MS 50u
#define LOCK_USEC (35 * G_USEC_PER_SEC)
#define LIFETIME_DEFAULT 300 /* of an access token whose provider does not say, in seconds */

struct SrRefresh {
    SrAgent *agent;
    char *id;
    gint64 wanted;
    SrRefreshEnded ended;
    gpointer user_data;
    int lock;
    guint source; /* the next try for the lock, or to save */
    gint64 lock_until;
    SrProviderCall *provider_call;
    SrNetworkCall *network_call;
    SrMetadata *metadata;
    SrPrepared *prepared;
    SrTokens *tokens;
    char *dpop_nonce;
    GError *outcome; /* what it will end with, once it is saved */
    gint64 retry_after;
};

void sr_refresh_free(SrRefresh *refresh)
{
    if (!refresh)
        return;
    g_clear_handle_id(&refresh->source, g_source_remove);
    sr_providers_cancel(refresh->provider_call);
    if (refresh->network_call)
        sr_network_cancel(refresh->network_call);
    if (refresh->lock >= 0)
        close(refresh->lock);
    sr_metadata_free(refresh->metadata);
    sr_prepared_free(refresh->prepared);
    sr_tokens_free(refresh->tokens);
    g_clear_error(&refresh->outcome);
    g_free(refresh->dpop_nonce);
    g_free(refresh->id);
    g_free(refresh);
}

static void end(SrRefresh *refresh)
{
    g_autoptr(GError) error = g_steal_pointer(&refresh->outcome);
    SrAgent *agent = refresh->agent;

    /* Before anyone is told: the next one may begin in the callback. */
    if (refresh->lock >= 0)
        close(refresh->lock);
    refresh->lock = -1;
    refresh->ended(error, refresh->retry_after, refresh->user_data);
    sr_agent_schedule_flush(agent);
}

/* End with @error (taken): nothing was sent. */
static void fail(SrRefresh *refresh, GError *error)
{
    g_clear_error(&refresh->outcome);
    refresh->outcome = error;
    end(refresh);
}

static void publish(SrRefresh *refresh)
{
    SrAgent *agent = refresh->agent;
    g_autoptr(SrSecret) key = sr_accounts_key(agent->accounts, NULL);
    SrAccountInfo *info = key ? sr_account_info_new(refresh->prepared->account, key, NULL) : NULL;

    /* Not after a lock: then nothing is known, and the store is read again. */
    if (info && sr_accounts_is_loaded(agent->accounts))
        sr_accounts_set(agent->accounts, info);
    else
        sr_account_info_free(info);
}

static void set_login_required(GError **error, const SrAccount *account)
{
    sr_error_set(error, SR_ERROR_LOGIN_REQUIRED, "sign in to %s again: %s", account->name,
                 account->cause ? account->cause : "it has no refresh token, and its time is over");
}

/* --- saving
 * ----------------------------------------------------------------------------------------- */

/* The log says what was done for nobody in particular. */
static void record(const SrRefresh *refresh)
{
    const SrAgent *agent = refresh->agent;
    const SrAccount *account = refresh->prepared->account;
    g_autoptr(SrJson) entry = json_object_new_object();

    sr_json_add_string(entry, "event", refresh->outcome ? "refresh-failed" : "refresh");
    sr_json_add_string(entry, "account", refresh->id);
    sr_json_add_string(entry, "provider", account->issuer);
    if (refresh->outcome)
        sr_json_add_string(entry, "reason", sr_error_reason(refresh->outcome));
    if (sr_audit_append(agent->audit, entry, NULL))
        sr_database_settle(agent->database);
}

static void save(SrRefresh *refresh);

static gboolean on_save_again(gpointer data)
{
    SrRefresh *refresh = data;

    refresh->source = 0;
    save(refresh);
    return G_SOURCE_REMOVE;
}

/* Kept nowhere: try again rather than show a token whose successor nobody has. */
static void on_saved(const GError *error, gpointer data)
{
    SrRefresh *refresh = data;

    if (error) {
        refresh->source = g_timeout_add_seconds(1, on_save_again, refresh);
        return;
    }
    publish(refresh);
    record(refresh);
    end(refresh);
}

/* Write the account as it is now, then end. */
static void save(SrRefresh *refresh)
{
    sr_account_save(refresh->agent, refresh->prepared->account, refresh->prepared->journal_key,
                    on_saved, refresh);
}

static void set_state(SrRefresh *refresh, SrAccountState state, const char *cause)
{
    SrAccount *account = refresh->prepared->account;

    account->state = state;
    g_free(account->cause);
    account->cause = g_strdup(cause);
    account->generation++;
    if (state != SR_ACCOUNT_NEEDS_LOGIN)
        return;
    g_clear_pointer(&account->access_token, sr_secret_free);
    g_clear_pointer(&account->refresh_token, sr_secret_free);
}

/* --- the provider's answer
 * --------------------------------------------------------------------------- */

static void on_id_token_keys(SrMetadata *metadata, const SrJwks *jwks, const GError *error,
                             gpointer data)
{
    SrRefresh *refresh = data;
    SrAccount *account = refresh->prepared->account;
    const SrIdTokenExpectation expectation = {
        .issuer = account->issuer,
        .client_id = account->client_id,
        .subject = account->subject,
        .access_token = account->access_token,
        .algorithms = metadata ? (const char *const *)metadata->id_token_algorithms : NULL,
        .now = g_get_real_time() / G_USEC_PER_SEC,
        .leeway = 60,
    };
    g_autoptr(SrIdToken) id_token = NULL;

    refresh->provider_call = NULL;
    if (error)
        refresh->outcome = g_error_copy(error);
    else
        id_token =
            sr_id_token_verify(refresh->tokens->id_token, jwks, &expectation, &refresh->outcome);
    /* The refresh token stays, or the account would be lost; the access token is not shown. */
    if (refresh->outcome)
        g_clear_pointer(&account->access_token, sr_secret_free);
    save(refresh);
}

static void take_tokens(SrRefresh *refresh)
{
    SrAccount *account = refresh->prepared->account;
    SrTokens *tokens = refresh->tokens;
    const gint64 lifetime = tokens->expires_in > 0 ? tokens->expires_in : LIFETIME_DEFAULT;

    sr_secret_free(account->access_token);
    account->access_token = g_steal_pointer(&tokens->access_token);
    account->is_dpop = tokens->is_dpop;
    account->received = g_get_real_time() / G_USEC_PER_SEC;
    account->expires = account->received + lifetime;
    if (tokens->refresh_token) {
        sr_secret_free(account->refresh_token);
        account->refresh_token = g_steal_pointer(&tokens->refresh_token);
    }
    if (tokens->scope) {
        g_free(account->scope);
        account->scope = g_strdup(tokens->scope);
    }
    set_state(refresh, SR_ACCOUNT_GOOD, NULL);
}

static void on_tokens(SrRefresh *refresh)
{
    take_tokens(refresh);
    if (!refresh->tokens->id_token) {
        save(refresh);
        return;
    }
    /* What is new must be on disk before anything else is waited for. */
    sr_account_save_to_journal(refresh->agent, refresh->prepared->account,
                               refresh->prepared->journal_key);
    refresh->provider_call =
        sr_providers_keys(refresh->agent->providers, refresh->prepared->account->issuer,
                          refresh->tokens->id_token, on_id_token_keys, refresh);
}

/* The answer is lost, or makes no sense: the token is perhaps used up. */
static void on_unknown(SrRefresh *refresh)
{
    SrAccount *account = refresh->prepared->account;

    if (refresh->prepared->was_sent) {
        set_state(refresh, SR_ACCOUNT_NEEDS_LOGIN, "the provider's answers were lost twice");
        g_clear_error(&refresh->outcome);
        set_login_required(&refresh->outcome, account);
    } else {
        set_state(refresh, SR_ACCOUNT_UNCERTAIN, NULL);
    }
    /* A new refresh token in an answer that is otherwise wrong is worth more than the old one. */
    if (refresh->tokens && refresh->tokens->refresh_token) {
        sr_secret_free(account->refresh_token);
        account->refresh_token = g_steal_pointer(&refresh->tokens->refresh_token);
        set_state(refresh, SR_ACCOUNT_GOOD, NULL);
    }
    save(refresh);
}

static void on_invalid_grant(SrRefresh *refresh)
{
    set_state(refresh, SR_ACCOUNT_NEEDS_LOGIN,
              refresh->prepared->was_sent ? "the provider's answer to a refresh was lost"
                                          : "the provider has ended the session");
    g_clear_error(&refresh->outcome);
    set_login_required(&refresh->outcome, refresh->prepared->account);
    save(refresh);
}

/* Nothing was used up: the account is as it was before. */
static void on_unused(SrRefresh *refresh)
{
    set_state(refresh, refresh->prepared->was_sent ? SR_ACCOUNT_UNCERTAIN : SR_ACCOUNT_GOOD, NULL);
    save(refresh);
}

static void send_token(SrRefresh *refresh);

static void judge(SrRefresh *refresh, SrExchangeReply *reply)
{
    const SrVerdict verdict = sr_token_response_judge(reply, &refresh->tokens, &refresh->outcome);

    refresh->retry_after = reply->retry_after;
    switch (verdict) {
    case SR_VERDICT_TOKENS:
        on_tokens(refresh);
        return;
    case SR_VERDICT_INVALID_GRANT:
        on_invalid_grant(refresh);
        return;
    case SR_VERDICT_UNKNOWN:
        on_unknown(refresh);
        return;
    case SR_VERDICT_DPOP_NONCE:
        if (!refresh->dpop_nonce && reply->dpop_nonce) {
            g_clear_error(&refresh->outcome);
            refresh->dpop_nonce = g_strdup(reply->dpop_nonce);
            send_token(refresh);
            return;
        }
        break;
    default:
        break;
    }
    on_unused(refresh);
}

static void on_answer(SrExchangeReply *owned_reply, gpointer data)
{
    g_autoptr(SrExchangeReply) reply = owned_reply;
    SrRefresh *refresh = data;

    refresh->network_call = NULL;
    if (reply->outcome == SR_OUTCOME_ANSWERED) {
        judge(refresh, reply);
        return;
    }
    sr_providers_set_error(&refresh->outcome, reply, "the provider");
    if (reply->outcome == SR_OUTCOME_NOT_SENT)
        on_unused(refresh);
    else
        on_unknown(refresh);
}

/* --- sending
 * ----------------------------------------------------------------------------------------- */

static void send_token(SrRefresh *refresh)
{
    const SrPrepared *prepared = refresh->prepared;
    g_autoptr(SrExchange) request = sr_token_request_refresh(
        refresh->metadata, prepared->client, prepared->account->refresh_token, &refresh->outcome);

    if (request && sr_proof_add(request, prepared->account->dpop_key, refresh->dpop_nonce, NULL,
                                &refresh->outcome))
        refresh->network_call = sr_network_start(refresh->agent->network, g_steal_pointer(&request),
                                                 on_answer, refresh);
    else
        on_unused(refresh);
}

static void on_prepared(gpointer result, const GError *error, gpointer data)
{
    SrRefresh *refresh = data;

    if (error) {
        fail(refresh, g_error_copy(error));
        return;
    }
    refresh->prepared = result;
    if (!refresh->prepared->is_ready) {
        send_token(refresh);
        return;
    }
    publish(refresh);
    if (!refresh->prepared->account->access_token)
        set_login_required(&refresh->outcome, refresh->prepared->account);
    end(refresh);
}

static void free_prepared(gpointer prepared)
{
    sr_prepared_free(prepared);
}

static void free_preparation(gpointer preparation)
{
    sr_preparation_free(preparation);
}

/* Read the account anew and write down that its token is going to be sent. */
static void prepare(SrRefresh *refresh)
{
    SrAgent *agent = refresh->agent;
    const SrAccountInfo *info = sr_accounts_get(agent->accounts, refresh->id);
    SrPreparation *preparation = g_new0(SrPreparation, 1);

    preparation->id = g_strdup(refresh->id);
    preparation->known = info ? info->generation : 0;
    preparation->wanted = refresh->wanted;
    preparation->journal =
        sr_journal_read(agent->database, refresh->id, &preparation->journal_number);
    sr_store_thread_run(agent->store, sr_account_prepare_job, preparation, free_preparation,
                        free_prepared, SR_STORE_DEADLINE_MS, on_prepared, refresh);
}

static void on_metadata(SrMetadata *metadata, const SrJwks *jwks, const GError *error,
                        gpointer data)
{
    SrRefresh *refresh = data;

    (void)jwks;
    refresh->provider_call = NULL;
    if (error) {
        fail(refresh, g_error_copy(error));
        return;
    }
    refresh->metadata = sr_metadata_ref(metadata);
    prepare(refresh);
}

/* --- the lock
 * ---------------------------------------------------------------------------------------- */

static void on_locked(SrRefresh *refresh)
{
    SrAgent *agent = refresh->agent;
    const SrAccountInfo *info = sr_accounts_get(agent->accounts, refresh->id);

    if (info) {
        refresh->provider_call =
            sr_providers_metadata(agent->providers, info->issuer, on_metadata, refresh);
        return;
    }
    sr_error_set(&refresh->outcome, SR_ERROR_STORE_LOCKED, "sealring was locked meanwhile");
    end(refresh);
}

static gboolean try_lock(gpointer data)
{
    SrRefresh *refresh = data;
    g_autofree char *folder = sr_agent_lock_folder(refresh->agent);
    GError *error = NULL;

    refresh->source = 0;
    refresh->lock = sr_account_lock_try(folder, refresh->id, &error);
    if (refresh->lock < 0 && !error && g_get_monotonic_time() > refresh->lock_until)
        sr_error_set(&error, SR_ERROR_BUSY, "another agent is refreshing this account; try again");
    if (error)
        fail(refresh, error);
    else if (refresh->lock >= 0)
        on_locked(refresh);
    else
        refresh->source = g_timeout_add(LOCK_TRY_MS, try_lock, refresh);
    return G_SOURCE_REMOVE;
}

SrRefresh *sr_refresh_new(SrAgent *agent, const char *id, gint64 wanted, SrRefreshEnded ended,
                          gpointer user_data)
{
    SrRefresh *refresh = g_new0(SrRefresh, 1);

    refresh->agent = agent;
    refresh->id = g_strdup(id);
    refresh->wanted = wanted;
    refresh->ended = ended;
    refresh->user_data = user_data;
    refresh->lock = -1;
    refresh->retry_after = -1;
    refresh->lock_until = g_get_monotonic_time() + LOCK_USEC;
    refresh->source = g_idle_add(try_lock, refresh);
    return refresh;
}
