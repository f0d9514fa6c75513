/* A sign-in by the browser: the address it opens, and what it is sent back with. */
#include "agent/proof.h"
#include "agent/sign_in.h"
#include "base/error.h"
#include "oauth/token_request.h"

#include <string.h>

/* --- the code for tokens
 * ------------------------------------------------------------------------------ */

static void exchange_code(SrSignIn *sign_in);

static void on_tokens(SrExchangeReply *owned_reply, gpointer data)
{
    g_autoptr(SrExchangeReply) reply = owned_reply;
    SrSignIn *sign_in = data;
    GError *error = NULL;
    SrVerdict verdict = SR_VERDICT_UNKNOWN;

    sign_in->network_call = NULL;
    if (reply->outcome == SR_OUTCOME_ANSWERED)
        verdict = sr_token_response_judge(reply, &sign_in->tokens, &error);
    else
        sr_providers_set_error(&error, reply, "the provider");
    if (verdict == SR_VERDICT_TOKENS) {
        sr_sign_in_finish(sign_in);
    } else if (verdict == SR_VERDICT_DPOP_NONCE && !sign_in->dpop_nonce && reply->dpop_nonce) {
        g_error_free(error);
        sign_in->dpop_nonce = g_strdup(reply->dpop_nonce);
        exchange_code(sign_in);
    } else {
        sr_sign_in_fail(sign_in, error);
    }
}

static void exchange_code(SrSignIn *sign_in)
{
    GError *error = NULL;
    g_autoptr(SrExchange) request = NULL;

    if (sr_sign_in_check_allowed(sign_in, &error))
        request = sr_token_request_code(sign_in->flow, sign_in->metadata, sign_in->client,
                                        sign_in->code, &error);
    if (request && sr_proof_add(request, sign_in->dpop_key, sign_in->dpop_nonce, NULL, &error))
        sign_in->network_call = sr_network_start(sign_in->agent->network, g_steal_pointer(&request),
                                                 on_tokens, sign_in);
    else
        sr_sign_in_fail(sign_in, error);
}

/* --- the redirect
 * ------------------------------------------------------------------------------------ */

gboolean sr_sign_in_accept(SrSignIn *sign_in, const char *url, GError **error)
{
    GError *problem = NULL;

    sign_in->code = sr_flow_accept(sign_in->flow, sign_in->metadata, url, &problem);
    if (!sign_in->code && !sign_in->flow->finished) {
        g_propagate_error(error, problem);
        return FALSE;
    }
    g_clear_handle_id(&sign_in->timer, g_source_remove);
    g_clear_pointer(&sign_in->redirects, sr_redirects_free);
    if (sign_in->code)
        exchange_code(sign_in);
    else
        sr_sign_in_fail(sign_in, problem);
    return TRUE;
}

/* Another page of this computer may send anything here: only the right state counts. */
static void on_redirect(const char *target, gpointer data)
{
    SrSignIn *sign_in = data;
    const char *query = strchr(target, '?');
    g_autofree char *url = query ? g_strconcat(sign_in->redirect_uri, query, NULL) : NULL;

    if (url && sign_in->flow)
        sr_sign_in_accept(sign_in, url, NULL);
}

/* --- the address
 * ------------------------------------------------------------------------------------- */

static gboolean on_time_over(gpointer data)
{
    SrSignIn *sign_in = data;
    GError *error = NULL;

    sign_in->timer = 0;
    sr_error_set(&error, SR_ERROR_LOGIN_REQUIRED,
                 "nobody came back from the provider in time; begin again");
    sr_sign_in_fail(sign_in, error);
    return G_SOURCE_REMOVE;
}

/* Answer begin with the address, or tell the client of oauth.login to open it. */
static void show(SrSignIn *sign_in, const char *url)
{
    SrRequest *request = sign_in->request;
    SrJson *json = json_object_new_object();

    sr_json_add_string(json, "flow", sign_in->flow->id);
    sr_json_add_string(json, "url", url);
    sr_json_add_string(json, "redirectUri", sign_in->redirect_uri);
    sr_json_add_integer(json, "expiresIn", SR_FLOW_SECONDS);
    sign_in->timer = g_timeout_add_seconds(SR_FLOW_SECONDS, on_time_over, sign_in);
    if (sign_in->way == SR_SIGN_IN_EXTENSION) {
        sr_sign_in_detach(sign_in);
        sr_request_reply(request, json);
        return;
    }
    sr_connection_notify(request->connection, "oauth.open", json);
    sr_json_free(json);
    sr_agent_schedule_flush(sign_in->agent);
}

static void on_pushed(SrExchangeReply *owned_reply, gpointer data)
{
    g_autoptr(SrExchangeReply) reply = owned_reply;
    SrSignIn *sign_in = data;
    g_autofree char *url = NULL;
    GError *error = NULL;

    sign_in->network_call = NULL;
    if (reply->outcome == SR_OUTCOME_ANSWERED && reply->body)
        url = sr_flow_pushed_url(sign_in->flow, sign_in->metadata, reply->body, &error);
    else
        sr_providers_set_error(&error, reply, "the provider's pushed request");
    if (url)
        show(sign_in, url);
    else
        sr_sign_in_fail(sign_in, error);
}

static void push(SrSignIn *sign_in)
{
    GError *error = NULL;
    SrExchange *request = sr_flow_push(sign_in->flow, sign_in->metadata, sign_in->client,
                                       sign_in->login_hint, TRUE, &error);

    if (request)
        sign_in->network_call =
            sr_network_start(sign_in->agent->network, request, on_pushed, sign_in);
    else
        sr_sign_in_fail(sign_in, error);
}

static void make_url(SrSignIn *sign_in)
{
    g_autofree char *url = NULL;
    GError *error = NULL;

    sign_in->flow = sr_flow_new(sign_in->issuer, sign_in->client->id, sign_in->redirect_uri,
                                sign_in->scope, &error);
    if (!sign_in->flow) {
        sr_sign_in_fail(sign_in, error);
        return;
    }
    if (sign_in->metadata->requires_pushed && sign_in->metadata->pushed_authorization_endpoint) {
        push(sign_in);
        return;
    }
    url = sr_flow_url(sign_in->flow, sign_in->metadata, sign_in->login_hint, TRUE);
    show(sign_in, url);
}

static void on_port(guint port, gpointer data)
{
    SrSignIn *sign_in = data;
    GError *error = NULL;

    if (port == 0) {
        sr_error_set(&error, SR_ERROR_NETWORK_ERROR, "%s",
                     sign_in->redirect_uri
                         ? "the port for the browser's answer was closed; begin again"
                         : "sealring-net cannot listen on this computer; see sealring doctor");
        sr_sign_in_fail(sign_in, error);
        return;
    }
    sign_in->redirect_uri = g_strdup_printf("http://127.0.0.1:%u/callback", port);
    make_url(sign_in);
}

void sr_sign_in_make_flow(SrSignIn *sign_in)
{
    if (sign_in->way == SR_SIGN_IN_LOOPBACK)
        sign_in->redirects = sr_redirects_start(on_port, on_redirect, sign_in);
    else
        make_url(sign_in);
}
