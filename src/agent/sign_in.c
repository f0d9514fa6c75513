#include "agent/sign_in.h"

#include "agent/account_access.h"
#include "agent/sign_in_grant.h"
#include "agent/sign_ins.h"
#include "base/error.h"

#include <string.h>

static void on_request_gone(gpointer data)
{
    SrSignIn *sign_in = data;

    sign_in->request = NULL;
    if (!sign_in->is_saving)
        sr_sign_in_free(sign_in);
}

void sr_sign_in_attach(SrSignIn *sign_in, SrRequest *request)
{
    sr_request_clear_state(request);
    sign_in->request = request;
    request->state = sign_in;
    request->free_state = on_request_gone;
}

void sr_sign_in_detach(SrSignIn *sign_in)
{
    if (!sign_in->request)
        return;
    sign_in->request->state = NULL;
    sign_in->request->free_state = NULL;
    sign_in->request = NULL;
}

SrSignIn *sr_sign_in_new(SrRequest *request, SrSignInWay way)
{
    SrSignIn *sign_in = g_new0(SrSignIn, 1);

    sign_in->agent = request->agent;
    sign_in->way = way;
    sign_in->caller = g_strdup(sr_request_owner(request));
    sign_in->origin = g_strdup(request->origin);
    sr_sign_in_attach(sign_in, request);
    sr_sign_ins_add(request->agent->sign_ins, sign_in);
    return sign_in;
}

void sr_sign_in_free(SrSignIn *sign_in)
{
    sr_sign_in_detach(sign_in);
    sr_sign_ins_remove(sign_in->agent->sign_ins, sign_in);
    g_clear_handle_id(&sign_in->timer, g_source_remove);
    sr_redirects_free(sign_in->redirects);
    sr_providers_cancel(sign_in->provider_call);
    if (sign_in->network_call)
        sr_network_cancel(sign_in->network_call);
    sr_turn_end(sign_in->turn);
    sr_metadata_free(sign_in->metadata);
    sr_client_free(sign_in->client);
    sr_secret_free(sign_in->secret);
    sr_flow_free(sign_in->flow);
    sr_secret_free(sign_in->code);
    sr_secret_free(sign_in->dpop_key);
    sr_device_code_free(sign_in->device);
    sr_tokens_free(sign_in->tokens);
    sr_id_token_free(sign_in->id_token);
    sr_account_free(sign_in->account);
    g_free(sign_in->dpop_nonce);
    g_free(sign_in->caller);
    g_free(sign_in->origin);
    g_free(sign_in->issuer);
    g_free(sign_in->client_id);
    g_free(sign_in->scope);
    g_free(sign_in->login_hint);
    g_free(sign_in->redirect_uri);
    g_free(sign_in->turn_at);
    g_free(sign_in);
}

void sr_sign_in_fail(SrSignIn *sign_in, GError *error)
{
    SrRequest *request = sign_in->request;

    sr_sign_in_free(sign_in);
    if (request)
        sr_request_fail(request, error);
    else
        g_error_free(error);
}

gboolean sr_sign_in_is_allowed(const SrSignIn *sign_in)
{
    return strcmp(sign_in->caller, SR_OWNER_CLI) == 0 ||
           sr_sign_in_grant_covers(sign_in->agent->grants, sign_in->caller, sign_in->origin,
                                   sign_in->issuer, sign_in->client_id, sign_in->scope);
}

gboolean sr_sign_in_check_allowed(const SrSignIn *sign_in, GError **error)
{
    if (sr_sign_in_is_allowed(sign_in))
        return TRUE;
    sr_error_set(error, SR_ERROR_NOT_GRANTED, "the permission to sign in was taken back meanwhile");
    return FALSE;
}

/* --- the client's record
 * ------------------------------------------------------------------------------ */

static void free_query(gpointer query)
{
    sr_client_query_free(query);
}

/* The client that is registered for an extension has the extension's redirect URI. */
SrClientQuery *sr_sign_in_client_query(const SrSignIn *sign_in, const char *client_id)
{
    SrClientQuery *query = g_new0(SrClientQuery, 1);

    query->issuer = g_strdup(sign_in->issuer);
    query->client_id = g_strdup(client_id);
    if (!client_id && sign_in->way == SR_SIGN_IN_EXTENSION)
        query->redirect_uri = g_strdup(sign_in->redirect_uri);
    return query;
}

void sr_sign_in_save_client(SrSignIn *sign_in, const char *client_id, SrRequestStep next)
{
    SrClientQuery *query = sr_sign_in_client_query(sign_in, client_id);
    GError *error = NULL;

    query->client = sr_client_copy(sign_in->client, &error);
    if (query->client) {
        sr_request_on_store(sign_in->request, sr_client_put_job, query, free_query, NULL,
                            SR_STORE_DEADLINE_MS, next);
        return;
    }
    sr_client_query_free(query);
    sr_sign_in_fail(sign_in, error);
}
