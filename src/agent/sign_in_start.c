/* The first steps of every sign-in: the provider's metadata and the client. */
#include "agent/sign_in.h"
#include "base/error.h"
#include "oauth/registration.h"

#define CLIENT_NAME "sealring"
#define REGISTERED_REDIRECT "http://127.0.0.1/callback"

static void free_query(gpointer query)
{
    sr_client_query_free(query);
}

static void free_client(gpointer client)
{
    sr_client_free(client);
}

static void go_own_way(SrSignIn *sign_in)
{
    if (sign_in->way == SR_SIGN_IN_DEVICE)
        sr_sign_in_start_device(sign_in);
    else
        sr_sign_in_make_flow(sign_in);
}

/* --- registration (RFC 7591)
 * ----------------------------------------------------------------------
 */

static void on_client_saved(SrRequest *request)
{
    request->result = NULL;
    go_own_way(request->state);
}

static void on_registered(SrExchangeReply *owned_reply, gpointer data)
{
    g_autoptr(SrExchangeReply) reply = owned_reply;
    SrSignIn *sign_in = data;
    GError *error = NULL;
    SrClient *client = NULL;

    sign_in->network_call = NULL;
    if (reply->outcome == SR_OUTCOME_ANSWERED)
        client = sr_registration_answer(reply, &error);
    else
        sr_providers_set_error(&error, reply, "registration");
    if (!client) {
        sr_sign_in_fail(sign_in, error);
        return;
    }
    sr_client_free(sign_in->client);
    sign_in->client = client;
    sr_sign_in_save_client(sign_in, NULL, on_client_saved);
}

/* For every way and scope there is: later sign-ins use the same client. */
static void register_client(SrSignIn *sign_in)
{
    const SrMetadata *metadata = sign_in->metadata;
    const gboolean is_extension = sign_in->way == SR_SIGN_IN_EXTENSION;
    GError *error = NULL;
    SrExchange *request = NULL;

    if (!metadata->registration_endpoint)
        sr_error_set_at(&error, SR_ERROR_INVALID_PARAMS, "clientId", -1,
                        "is needed: this provider registers no clients by itself");
    else
        request = sr_registration_request(
            metadata, CLIENT_NAME, is_extension ? sign_in->redirect_uri : REGISTERED_REDIRECT, NULL,
            !is_extension && metadata->device_authorization_endpoint, &error);
    if (request)
        sign_in->network_call =
            sr_network_start(sign_in->agent->network, request, on_registered, sign_in);
    else
        sr_sign_in_fail(sign_in, error);
}

/* --- client and metadata
 * ------------------------------------------------------------------------------ */

static void on_client(SrRequest *request)
{
    SrSignIn *sign_in = request->state;

    sign_in->client = g_steal_pointer(&request->result);
    if (sign_in->secret) { /* kept when it has proved right */
        sr_secret_free(sign_in->client->secret);
        sign_in->client->secret = g_steal_pointer(&sign_in->secret);
        sign_in->has_new_secret = TRUE;
    }
    if (sign_in->client->id)
        go_own_way(sign_in);
    else
        register_client(sign_in);
}

/* Whether tokens can be bound to a key if that is wanted (RFC 9449 §5.1). */
static gboolean check_dpop(const SrSignIn *sign_in, GError **error)
{
    const char *const *algorithms = (const char *const *)sign_in->metadata->dpop_algorithms;

    if (!sign_in->dpop_key || g_strv_contains(algorithms, "ES256"))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "dpop", -1,
                    "the provider does not bind tokens to keys (DPoP with ES256)");
    return FALSE;
}

static void get_client(SrSignIn *sign_in)
{
    sr_request_on_store(sign_in->request, sr_client_get_job,
                        sr_sign_in_client_query(sign_in, sign_in->client_id), free_query,
                        free_client, SR_STORE_DEADLINE_MS, on_client);
}

static void on_metadata(SrMetadata *metadata, const SrJwks *jwks, const GError *error,
                        gpointer data)
{
    SrSignIn *sign_in = data;
    GError *problem = error ? g_error_copy(error) : NULL;

    (void)jwks;
    sign_in->provider_call = NULL;
    if (!problem) {
        sign_in->metadata = sr_metadata_ref(metadata);
        check_dpop(sign_in, &problem);
    }
    if (problem)
        sr_sign_in_fail(sign_in, problem);
    else
        get_client(sign_in);
}

void sr_sign_in_start(SrSignIn *sign_in)
{
    sign_in->provider_call =
        sr_providers_metadata(sign_in->agent->providers, sign_in->issuer, on_metadata, sign_in);
}
