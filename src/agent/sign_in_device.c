/* The device authorization grant (RFC 8628): the person signs in on another device. */
#include "agent/proof.h"
#include "agent/sign_in.h"
#include "base/error.h"
#include "oauth/token_request.h"

#define SLOWER 5 /* seconds more between questions after slow_down (§3.5) */

static gboolean on_turn(gpointer data);

/* Ask again after the interval, unless the code has ended. */
static void wait_turn(SrSignIn *sign_in)
{
    GError *error = NULL;

    if (g_get_monotonic_time() < sign_in->ends) {
        sign_in->timer = g_timeout_add_seconds((guint)sign_in->interval, on_turn, sign_in);
        return;
    }
    sr_error_set(&error, SR_ERROR_LOGIN_REQUIRED, "the code was not used in time; begin again");
    sr_sign_in_fail(sign_in, error);
}

/* An answer that is not there is asked for again: the code stays good (§3.5). */
static gboolean is_patient(SrVerdict verdict)
{
    return verdict == SR_VERDICT_PENDING || verdict == SR_VERDICT_SLOW_DOWN ||
           verdict == SR_VERDICT_BUSY || verdict == SR_VERDICT_DPOP_NONCE;
}

static void on_answer(SrExchangeReply *owned_reply, gpointer data)
{
    g_autoptr(SrExchangeReply) reply = owned_reply;
    SrSignIn *sign_in = data;
    g_autoptr(GError) error = NULL;
    SrVerdict verdict = SR_VERDICT_BUSY;

    sign_in->network_call = NULL;
    if (reply->outcome == SR_OUTCOME_ANSWERED)
        verdict = sr_token_response_judge(reply, &sign_in->tokens, &error);
    if (verdict == SR_VERDICT_SLOW_DOWN || reply->outcome != SR_OUTCOME_ANSWERED)
        sign_in->interval += SLOWER;
    if (verdict == SR_VERDICT_DPOP_NONCE) {
        g_free(sign_in->dpop_nonce);
        sign_in->dpop_nonce = g_strdup(reply->dpop_nonce);
    }
    if (verdict == SR_VERDICT_TOKENS)
        sr_sign_in_finish(sign_in);
    else if (is_patient(verdict))
        wait_turn(sign_in);
    else
        sr_sign_in_fail(sign_in, g_steal_pointer(&error));
}

static gboolean on_turn(gpointer data)
{
    SrSignIn *sign_in = data;
    GError *error = NULL;
    g_autoptr(SrExchange) request = NULL;

    sign_in->timer = 0;
    if (sr_sign_in_check_allowed(sign_in, &error))
        request = sr_token_request_device(sign_in->metadata, sign_in->client,
                                          sign_in->device->device_code, &error);
    if (request && sr_proof_add(request, sign_in->dpop_key, sign_in->dpop_nonce, NULL, &error))
        sign_in->network_call = sr_network_start(sign_in->agent->network, g_steal_pointer(&request),
                                                 on_answer, sign_in);
    else
        sr_sign_in_fail(sign_in, error);
    return G_SOURCE_REMOVE;
}

static void show(SrSignIn *sign_in)
{
    const SrDeviceCode *device = sign_in->device;
    g_autoptr(SrJson) json = json_object_new_object();

    sr_json_add_string(json, "userCode", device->user_code);
    sr_json_add_string(json, "verificationUri", device->verification_uri);
    if (device->verification_uri_complete)
        sr_json_add_string(json, "verificationUriComplete", device->verification_uri_complete);
    sr_json_add_integer(json, "expiresIn", device->expires_in);
    sr_connection_notify(sign_in->request->connection, "oauth.device", json);
    sr_agent_schedule_flush(sign_in->agent);
}

static void on_code(SrExchangeReply *owned_reply, gpointer data)
{
    g_autoptr(SrExchangeReply) reply = owned_reply;
    SrSignIn *sign_in = data;
    GError *error = NULL;

    sign_in->network_call = NULL;
    if (reply->outcome != SR_OUTCOME_ANSWERED)
        sr_providers_set_error(&error, reply, "the provider");
    else
        sign_in->device =
            sr_device_code_parse(reply, sign_in->agent->configuration->oauth_loopback_http, &error);
    if (!sign_in->device) {
        sr_sign_in_fail(sign_in, error);
        return;
    }
    sign_in->interval = sign_in->device->interval;
    sign_in->ends = g_get_monotonic_time() + sign_in->device->expires_in * G_USEC_PER_SEC;
    show(sign_in);
    wait_turn(sign_in);
}

void sr_sign_in_start_device(SrSignIn *sign_in)
{
    GError *error = NULL;
    SrExchange *request = NULL;

    if (!sign_in->metadata->device_authorization_endpoint)
        sr_error_set(&error, SR_ERROR_PROVIDER_ERROR,
                     "this provider has no sign-in by device code; leave --device out");
    else
        request = sr_token_request_device_code(sign_in->metadata, sign_in->client, sign_in->scope,
                                               &error);
    if (request)
        sign_in->network_call =
            sr_network_start(sign_in->agent->network, request, on_code, sign_in);
    else
        sr_sign_in_fail(sign_in, error);
}
