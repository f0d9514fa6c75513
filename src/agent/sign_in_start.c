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

static void save_client(SrSignIn *sign_in)
{
    SrClientQuery *query = g_new0(SrClientQuery, 1);
    GError *error = NULL;

    query->issuer = g_strdup(sign_in->issuer);
    query->client = sr_client_copy(sign_in->client, &error);
    if (!query->client) {
        sr_client_query_free(query);
        sr_sign_in_fail(sign_in, error);
        return;
    }
    sr_request_on_store(sign_in->request, sr_client_put_job, query, free_query, NULL,
                        SR_STORE_DEADLINE_MS, on_client_saved);
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
    save_client(sign_in);
}

static void register_client(SrSignIn *sign_in)
{
    GError *error = NULL;
    SrExchange *request = NULL;

    if (!sign_in->metadata->registration_endpoint)
        sr_error_set_at(&error, SR_ERROR_INVALID_PARAMS, "clientId", -1,
                        "is needed: this provider registers no clients by itself");
    else
        request =
            sr_registration_request(sign_in->metadata, CLIENT_NAME, REGISTERED_REDIRECT,
                                    sign_in->scope, sign_in->way == SR_SIGN_IN_DEVICE, &error);
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
    if (sign_in->client->id)
        go_own_way(sign_in);
    else
        register_client(sign_in);
}

static void on_metadata(SrMetadata *metadata, const SrJwks *jwks, const GError *error,
                        gpointer data)
{
    SrSignIn *sign_in = data;
    SrClientQuery *query;

    (void)jwks;
    sign_in->provider_call = NULL;
    if (error) {
        sr_sign_in_fail(sign_in, g_error_copy(error));
        return;
    }
    sign_in->metadata = sr_metadata_ref(metadata);
    query = g_new0(SrClientQuery, 1);
    query->issuer = g_strdup(sign_in->issuer);
    query->client_id = g_strdup(sign_in->client_id);
    sr_request_on_store(sign_in->request, sr_client_get_job, query, free_query, free_client,
                        SR_STORE_DEADLINE_MS, on_client);
}

void sr_sign_in_start(SrSignIn *sign_in)
{
    sign_in->provider_call =
        sr_providers_metadata(sign_in->agent->providers, sign_in->issuer, on_metadata, sign_in);
}
