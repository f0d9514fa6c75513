#include "agent/sign_in.h"

#include "agent/account_access.h"
#include "agent/sign_ins.h"

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
    sign_in->caller = g_strdup(sr_account_caller(request));
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
    if (sign_in->wait)
        sr_refresher_forget(sign_in->wait);
    sr_metadata_free(sign_in->metadata);
    sr_client_free(sign_in->client);
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
