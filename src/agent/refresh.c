#include "agent/refresh.h"

#include "agent/account_jobs.h"
#include "agent/account_saving.h"
#include "agent/account_turn.h"
#include "agent/accounts.h"
#include "agent/proof.h"
#include "agent/providers.h"
#include "base/error.h"
#include "oauth/rotation.h"
#include "oauth/token_request.h"

struct SrRefresh {
    SrAgent *agent;
    char *id;
    gint64 wanted;
    guint locks; /* agent->locks when it began */
    SrRefreshLate late;
    SrRefreshEnded ended;
    gpointer user_data;
    SrTurn *turn;
    SrProviderCall *provider_call;
    SrNetworkCall *network_call;
    SrMetadata *metadata;
    SrPrepared *prepared;
    SrRotation rotation;
    SrTokens *tokens;
    char *dpop_nonce;
    gboolean must_keep; /* the account has what exists nowhere else */
    guint save_source;  /* the next try to save it */
    GError *outcome;    /* what it will end with, once it is saved */
    gint64 retry_after;
};

void sr_refresh_free(SrRefresh *refresh)
{
    if (!refresh)
        return;
    g_clear_handle_id(&refresh->save_source, g_source_remove);
    sr_providers_cancel(refresh->provider_call);
    if (refresh->network_call)
        sr_network_cancel(refresh->network_call);
    sr_turn_end(refresh->turn);
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
    sr_turn_end(g_steal_pointer(&refresh->turn));
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

/* Until the token is sent, a refresh ends when the agent is locked or is to end. */
static gboolean may_go_on(const SrRefresh *refresh, GError **error)
{
    if (refresh->agent->stopping)
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "the agent is ending; connect again");
    else if (refresh->locks != refresh->agent->locks)
        sr_error_set(error, SR_ERROR_STORE_LOCKED,
                     "sealring was locked meanwhile; unlock it with: sealring unlock");
    else
        return TRUE;
    return FALSE;
}

static void on_late(gpointer data)
{
    const SrRefresh *refresh = data;

    refresh->late(refresh->user_data);
}

static void publish(const SrRefresh *refresh)
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

static gint64 now(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* --- saving
 * ----------------------------------------------------------------------------------------- */

/* The log says what was done for nobody in particular. */
static void record(const SrRefresh *refresh)
{
    const SrAgent *agent = refresh->agent;
    g_autoptr(SrJson) entry = json_object_new_object();

    sr_json_add_string(entry, "event", refresh->outcome ? "refresh-failed" : "refresh");
    sr_json_add_string(entry, "account", refresh->id);
    sr_json_add_string(entry, "provider", refresh->prepared->account->issuer);
    if (refresh->outcome)
        sr_json_add_string(entry, "reason", sr_error_reason(refresh->outcome));
    if (sr_audit_append(agent->audit, entry, NULL))
        sr_database_settle(agent->database);
}

static void save(SrRefresh *refresh);

static gboolean on_save_again(gpointer data)
{
    SrRefresh *refresh = data;

    refresh->save_source = 0;
    save(refresh);
    return G_SOURCE_REMOVE;
}

/* What is kept nowhere is tried again rather than shown: nobody else has its successor. */
static void on_saved(const GError *error, gpointer data)
{
    SrRefresh *refresh = data;

    if (error && refresh->must_keep) {
        on_late(refresh);
        refresh->save_source = g_timeout_add_seconds(1, on_save_again, refresh);
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
                    on_late, on_saved, refresh);
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
        .now = now(),
        .leeway = 60,
    };

    refresh->provider_call = NULL;
    if (error)
        refresh->outcome = g_error_copy(error);
    else if (!jwks)
        sr_error_set_at(&refresh->outcome, SR_ERROR_ID_TOKEN_INVALID, "signature", -1,
                        "the provider publishes no keys to check it with");
    else
        sr_id_token_free(
            sr_id_token_verify(refresh->tokens->id_token, jwks, &expectation, &refresh->outcome));
    /* The refresh token stays, or the account would be lost; the access token is not shown. */
    if (refresh->outcome)
        g_clear_pointer(&account->access_token, sr_secret_free);
    save(refresh);
}

/* What is new must be on disk before anything else is waited for, but not yet be shown. */
static void check_id_token(SrRefresh *refresh)
{
    SrAccount *account = refresh->prepared->account;
    SrSecret *unproven = g_steal_pointer(&account->access_token);

    sr_account_save_to_journal(refresh->agent, account, refresh->prepared->journal_key);
    account->access_token = unproven;
    refresh->provider_call =
        sr_providers_keys(refresh->agent->providers, account->issuer, refresh->tokens->id_token,
                          on_id_token_keys, refresh);
}

static void apply(SrRefresh *refresh)
{
    refresh->rotation.now = now();
    refresh->rotation.was_sent = refresh->prepared->was_sent;
    refresh->must_keep = sr_rotation_apply(refresh->prepared->account, &refresh->rotation,
                                           refresh->tokens, &refresh->outcome);
    if (!refresh->outcome && refresh->tokens->id_token)
        check_id_token(refresh);
    else
        save(refresh);
}

/* End with the account that is in the store (taken). */
static void adopt(SrRefresh *refresh, SrPrepared *stored)
{
    const SrAccount *account = stored->account;

    sr_prepared_free(refresh->prepared);
    refresh->prepared = stored;
    publish(refresh);
    g_clear_error(&refresh->outcome);
    if (!account->refresh_token)
        sr_rotation_require_login(account, &refresh->outcome);
    else if (sr_account_left(account, now()) == 0)
        sr_error_set(&refresh->outcome, SR_ERROR_BUSY,
                     "another program has changed the account just now; try again");
    end(refresh);
}

/* The store has no such account: another agent has signed it out. */
static void forget(SrRefresh *refresh)
{
    GError *error = NULL;

    sr_accounts_remove(refresh->agent->accounts, refresh->id);
    sr_error_set_at(&error, SR_ERROR_NOT_GRANTED, "account", -1, "is not there any more");
    fail(refresh, error);
}

static void on_read_again(gpointer result, const GError *error, gpointer data)
{
    SrRefresh *refresh = data;
    SrPrepared *stored = result;
    const SrSecret *sent = refresh->prepared->account->refresh_token;

    if (g_error_matches(error, SR_ERROR, SR_ERROR_KEY_NOT_FOUND)) {
        forget(refresh);
    } else if (!error && (!stored->account->refresh_token ||
                          !sr_secret_equal(stored->account->refresh_token, sent))) {
        adopt(refresh, stored);
    } else {
        sr_prepared_free(stored);
        apply(refresh);
    }
}

static void free_preparation(gpointer preparation)
{
    sr_preparation_free(preparation);
}

/*
 * The token that was sent is no longer good. If the store has another one by now, somebody got it
 * who does not keep to our turns, and nothing is ended.
 */
static void read_again(SrRefresh *refresh)
{
    SrPreparation *preparation = g_new0(SrPreparation, 1);

    preparation->id = g_strdup(refresh->id);
    sr_store_thread_run_to_end(refresh->agent->store, sr_account_get_job, preparation,
                               free_preparation, SR_STORE_DEADLINE_MS, on_late, on_read_again,
                               refresh);
}

static void send_token(SrRefresh *refresh);

static gboolean take_nonce(SrRefresh *refresh, const SrExchangeReply *reply)
{
    if (refresh->rotation.verdict != SR_VERDICT_DPOP_NONCE || refresh->dpop_nonce ||
        !reply->dpop_nonce)
        return FALSE;
    g_clear_error(&refresh->outcome);
    refresh->dpop_nonce = g_strdup(reply->dpop_nonce);
    return TRUE;
}

static void on_answer(SrExchangeReply *owned_reply, gpointer data)
{
    g_autoptr(SrExchangeReply) reply = owned_reply;
    SrRefresh *refresh = data;

    refresh->network_call = NULL;
    refresh->retry_after = reply->retry_after;
    refresh->rotation.is_lost = reply->outcome == SR_OUTCOME_UNKNOWN;
    refresh->rotation.verdict = sr_token_response_judge(reply, &refresh->tokens, &refresh->outcome);
    if (take_nonce(refresh, reply))
        send_token(refresh);
    else if (refresh->rotation.verdict == SR_VERDICT_INVALID_GRANT)
        read_again(refresh);
    else
        apply(refresh);
}

/* --- sending
 * ----------------------------------------------------------------------------------------- */

static void send_token(SrRefresh *refresh)
{
    const SrPrepared *prepared = refresh->prepared;
    g_autoptr(SrExchange) request = sr_token_request_refresh(
        refresh->metadata, prepared->client, prepared->account->refresh_token, &refresh->outcome);

    if (request && sr_proof_add(request, prepared->account->dpop_key, refresh->dpop_nonce, NULL,
                                &refresh->outcome)) {
        refresh->network_call = sr_network_start(refresh->agent->network, g_steal_pointer(&request),
                                                 on_answer, refresh);
        return;
    }
    refresh->rotation.verdict = SR_VERDICT_REFUSED; /* it was not sent */
    apply(refresh);
}

static void on_marked(const GError *error, gpointer data)
{
    SrRefresh *refresh = data;

    if (error)
        fail(refresh, g_error_copy(error));
    else
        send_token(refresh);
}

/* Write down that the token is going to be sent. */
static void mark(SrRefresh *refresh)
{
    SrAccount *account = refresh->prepared->account;

    account->state = refresh->prepared->was_sent ? SR_ACCOUNT_UNCERTAIN : SR_ACCOUNT_IN_FLIGHT;
    account->generation++;
    sr_account_save(refresh->agent, account, NULL, on_late, on_marked, refresh);
}

static void on_metadata(SrMetadata *metadata, const SrJwks *jwks, const GError *error,
                        gpointer data)
{
    SrRefresh *refresh = data;
    GError *problem = error ? g_error_copy(error) : NULL;

    (void)jwks;
    refresh->provider_call = NULL;
    if (problem || !may_go_on(refresh, &problem)) {
        fail(refresh, problem);
        return;
    }
    refresh->metadata = sr_metadata_ref(metadata);
    mark(refresh);
}

/* --- reading
 * ----------------------------------------------------------------------------------------- */

/* Nothing is to be sent: the account is as another process has left it, or needs a login. */
static void end_ready(SrRefresh *refresh)
{
    const SrPrepared *prepared = refresh->prepared;

    publish(refresh);
    if (prepared->left == 0)
        sr_rotation_require_login(prepared->account, &refresh->outcome);
    end(refresh);
}

static void on_prepared(gpointer result, const GError *error, gpointer data)
{
    SrRefresh *refresh = data;
    GError *problem = NULL;

    refresh->prepared = result;
    if (g_error_matches(error, SR_ERROR, SR_ERROR_KEY_NOT_FOUND))
        forget(refresh);
    else if (error)
        fail(refresh, g_error_copy(error));
    else if (!may_go_on(refresh, &problem))
        fail(refresh, problem);
    else if (refresh->prepared->is_ready)
        end_ready(refresh);
    else
        refresh->provider_call = sr_providers_metadata(
            refresh->agent->providers, refresh->prepared->account->issuer, on_metadata, refresh);
}

static void prepare(SrRefresh *refresh)
{
    SrAgent *agent = refresh->agent;
    const SrAccountInfo *info = sr_accounts_get(agent->accounts, refresh->id);
    SrPreparation *preparation = g_new0(SrPreparation, 1);

    preparation->id = g_strdup(refresh->id);
    preparation->known = info ? info->generation : 0;
    if (info && sr_account_info_has_token(info))
        preparation->known_left = MAX(1, sr_account_info_remaining(info));
    preparation->wanted = refresh->wanted;
    preparation->journal = sr_journal_read(agent->database, refresh->id);
    sr_store_thread_run_to_end(agent->store, sr_account_prepare_job, preparation, free_preparation,
                               SR_STORE_DEADLINE_MS, on_late, on_prepared, refresh);
}

static void on_turn(const GError *error, gpointer data)
{
    SrRefresh *refresh = data;
    GError *problem = error ? g_error_copy(error) : NULL;

    if (problem || !may_go_on(refresh, &problem))
        fail(refresh, problem);
    else
        prepare(refresh);
}

SrRefresh *sr_refresh_new(SrAgent *agent, const char *id, gint64 wanted, SrRefreshLate late,
                          SrRefreshEnded ended, gpointer user_data)
{
    SrRefresh *refresh = g_new0(SrRefresh, 1);

    refresh->agent = agent;
    refresh->id = g_strdup(id);
    refresh->wanted = wanted;
    refresh->locks = agent->locks;
    refresh->late = late;
    refresh->ended = ended;
    refresh->user_data = user_data;
    refresh->retry_after = -1;
    refresh->turn = sr_turn_wait(agent, id, on_turn, refresh);
    return refresh;
}
