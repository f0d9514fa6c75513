/*
 * admin.clients.*: OAuth clients of an OpenKey server, through its admin API. The admin key comes
 * with the request, from the store, or from a prompt; a new client's secret goes straight into the
 * store, or back through the passed memory file, once.
 */
#include "agent/account_jobs.h"
#include "agent/providers.h"
#include "agent/request.h"
#include "agent/vault_setup.h"
#include "base/error.h"
#include "oauth/registration.h"

#include <string.h>
#include <unistd.h>

#define ADMIN_KEY_MAX 1024u
#define ADMIN "admin-api" /* the admin key is kept like the secret of a client of this name */

typedef struct {
    SrRequest *request;
    SrAdminAction action;
    const char *server;
    const char *client_id;
    const char *issuer; /* for whom a new secret is kept */
    SrJson *fields;
    gboolean has_key;     /* in the passed memory file */
    gboolean is_key_kept; /* it comes from the store */
    gboolean remember_key;
    gboolean keep_secret;
    SrSecret *key;
    SrNetworkCall *network_call;
    SrJson *answer;   /* the client, or the list of them; NULL: the server says nothing of them */
    SrSecret *secret; /* of a new client, on its way to where it is kept; or NULL */
} Administration;

static void administration_free(gpointer data)
{
    Administration *administration = data;

    if (administration->network_call)
        sr_network_cancel(administration->network_call);
    sr_secret_free(administration->key);
    sr_secret_free(administration->secret);
    sr_json_free(administration->answer);
    g_free(administration);
}

static void free_query(gpointer query)
{
    sr_client_query_free(query);
}

static void free_client(gpointer client)
{
    sr_client_free(client);
}

/* The record of @client_id at @issuer; with @secret (taken) to be written. */
static SrClientQuery *query_new(const char *issuer, const char *client_id, SrSecret *secret)
{
    SrClientQuery *query = g_new0(SrClientQuery, 1);

    query->issuer = g_strdup(issuer);
    query->client_id = g_strdup(client_id);
    if (secret)
        query->client = sr_client_new(client_id, secret);
    return query;
}

/* --- the answer
 * -------------------------------------------------------------------------------------- */

static const char *member_name(const Administration *administration)
{
    return administration->action == SR_ADMIN_LIST ? "clients" : "client";
}

static SrJson *result_of(Administration *administration, const char *secret)
{
    SrJson *result = json_object_new_object();

    if (administration->answer && administration->action != SR_ADMIN_DELETE)
        sr_json_add(result, member_name(administration), g_steal_pointer(&administration->answer));
    if (secret)
        sr_json_add_string(result, "secret", secret);
    return result;
}

/* Of a client that was registered just now; NULL when the server does not say. Borrowed. */
static const char *new_client_id(const Administration *administration)
{
    const char *id = NULL;

    sr_json_string_optional(administration->answer, "clientId", &id, NULL);
    return id;
}

/* What changed something on the server is a line of the log. */
static void reply(SrRequest *request, const char *secret)
{
    Administration *administration = request->state;
    const char *client =
        administration->client_id ? administration->client_id : new_client_id(administration);
    SrJson *more = json_object_new_object();
    GError *error = NULL;

    sr_json_add_string(more, "provider", administration->server);
    if (client)
        sr_json_add_string(more, "client", client);
    if (sr_request_record(request, "admin", more, &error))
        sr_request_reply(request, result_of(administration, secret));
    else
        sr_request_fail(request, error);
}

static void on_kept(SrRequest *request)
{
    request->result = NULL;
    reply(request, "kept");
}

/* The secret is returned once: what fails here must say so. */
static void hand_over(Administration *administration)
{
    SrRequest *request = administration->request;
    GError *error = NULL;

    if (sr_request_has_memory_file(request) && ftruncate(request->fd, 0) == 0 &&
        lseek(request->fd, 0, SEEK_SET) == 0 &&
        sr_secret_write_fd(administration->secret, request->fd, NULL)) {
        reply(request, "passed");
        return;
    }
    sr_error_set(&error, SR_ERROR_INTERNAL,
                 "the client is registered, but its secret could not be handed over; delete it and "
                 "register another one");
    sr_request_fail(request, error);
}

static void finish(SrRequest *request)
{
    Administration *administration = request->state;
    const char *client_id = new_client_id(administration);

    request->result = NULL;
    if (!administration->secret)
        reply(request, NULL);
    else if (client_id && administration->keep_secret)
        sr_request_on_store(
            request, sr_client_put_job,
            query_new(administration->issuer, client_id, g_steal_pointer(&administration->secret)),
            free_query, NULL, SR_STORE_DEADLINE_MS, on_kept);
    else
        hand_over(administration);
}

/* The key has proved right: keep it if that was asked for. */
static void keep_key(Administration *administration)
{
    SrRequest *request = administration->request;

    if (administration->remember_key)
        sr_request_on_store(
            request, sr_client_put_job,
            query_new(administration->server, ADMIN, g_steal_pointer(&administration->key)),
            free_query, NULL, SR_STORE_DEADLINE_MS, finish);
    else
        finish(request);
}

/* The server may wrap it: {"success":true,"client":{…}}, {"clients":[…]}. */
static SrJson *unwrap(SrJson *answer, const char *name)
{
    SrJson *inside = NULL;

    if (!json_object_is_type(answer, json_type_object) ||
        !json_object_object_get_ex(answer, name, &inside))
        return answer;
    inside = inside ? json_object_get(inside) : NULL;
    sr_json_free(answer);
    return inside;
}

static void on_answer(SrExchangeReply *owned_reply, gpointer data)
{
    g_autoptr(SrExchangeReply) answer = owned_reply;
    Administration *administration = data;
    SrRequest *request = administration->request;
    GError *error = NULL;

    administration->network_call = NULL;
    if (answer->outcome != SR_OUTCOME_ANSWERED)
        sr_providers_set_error(&error, answer, "the admin API");
    else
        administration->answer = sr_admin_answer(answer, &administration->secret, &error);
    if (administration->is_key_kept && g_error_matches(error, SR_ERROR, SR_ERROR_NOT_GRANTED))
        g_prefix_error(&error, "the admin key that is kept is not good (any more); ");
    if (error || !sr_request_revalidate(request, &error)) {
        sr_request_fail(request, error);
        return;
    }
    administration->answer = unwrap(administration->answer, member_name(administration));
    keep_key(administration);
}

/* --- asking the server
 * ------------------------------------------------------------------------------ */

static void ask_server(SrRequest *request)
{
    Administration *administration = request->state;
    const gboolean loopback_http = request->agent->configuration->oauth_loopback_http;
    GError *error = NULL;
    SrExchange *exchange;

    exchange =
        sr_admin_request(administration->server, administration->action, administration->client_id,
                         administration->fields, administration->key, loopback_http, &error);
    if (exchange)
        administration->network_call =
            sr_network_start(request->agent->network, exchange, on_answer, administration);
    else
        sr_request_fail(request, error);
}

static void on_typed(SrRequest *request)
{
    Administration *administration = request->state;

    administration->key = g_steal_pointer(&request->passphrase);
    ask_server(request);
}

static void on_looked_up(SrRequest *request)
{
    Administration *administration = request->state;
    g_autoptr(SrClient) client = g_steal_pointer(&request->result);
    SrConsentModel *model;

    administration->key = g_steal_pointer(&client->secret);
    if (administration->key) {
        administration->is_key_kept = TRUE;
        ask_server(request);
        return;
    }
    model = sr_request_consent(request, "The admin key of %s", administration->server);
    sr_consent_model_add(model, SR_CONSENT_FACT, "What for: to manage its OAuth clients");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Use it");
    sr_request_prompt_passphrase(request, model, on_typed);
}

static void get_key(SrRequest *request)
{
    Administration *administration = request->state;
    GError *error = NULL;

    if (!administration->has_key) {
        sr_request_on_store(request, sr_client_get_job,
                            query_new(administration->server, ADMIN, NULL), free_query, free_client,
                            SR_STORE_DEADLINE_MS, on_looked_up);
        return;
    }
    administration->key = sr_request_read_passed(request, ADMIN_KEY_MAX, &error);
    if (administration->key)
        ask_server(request);
    else
        sr_request_fail(request, error);
}

/* A deleted client signs all its users out, and does not come back. */
static void on_store(SrRequest *request)
{
    const Administration *administration = request->state;
    SrConsentModel *model;

    if (administration->action != SR_ADMIN_DELETE) {
        get_key(request);
        return;
    }
    model = sr_request_consent(request, "Delete the OAuth client %s?", administration->client_id);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Server: %s", administration->server);
    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "Everybody who signed in with it is signed out. This cannot be undone.");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Delete");
    sr_request_ask(request, model, get_key);
}

/* --- what is asked
 * ----------------------------------------------------------------------------------- */

static gboolean read_params(SrRequest *request, Administration *administration, GError **error)
{
    static const char *const names[] = {"server",      "clientId",   "fields", "adminKey",
                                        "rememberKey", "keepSecret", "issuer", NULL};
    SrJson *params = request->params;

    administration->server = sr_request_string(request, "server", error);
    return administration->server && sr_json_only(params, names, error) &&
           sr_json_string_optional(params, "clientId", &administration->client_id, error) &&
           sr_json_string_optional(params, "issuer", &administration->issuer, error) &&
           sr_json_object_optional(params, "fields", &administration->fields, error) &&
           sr_json_boolean_optional(params, "adminKey", &administration->has_key, error) &&
           sr_json_boolean_optional(params, "rememberKey", &administration->remember_key, error) &&
           sr_json_boolean_optional(params, "keepSecret", &administration->keep_secret, error);
}

static gboolean check_params(const SrRequest *request, const Administration *administration,
                             GError **error)
{
    const gboolean loopback_http = request->agent->configuration->oauth_loopback_http;
    const gboolean is_about_one =
        administration->action != SR_ADMIN_LIST && administration->action != SR_ADMIN_REGISTER;

    if (!sr_endpoint_check(administration->server, "server", loopback_http, error))
        return FALSE;
    if (is_about_one && !administration->client_id)
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "clientId", -1, "is needed");
    else if (administration->keep_secret && !administration->issuer)
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "issuer", -1,
                        "is needed to keep the secret for its sign-ins");
    else
        return !administration->issuer ||
               sr_issuer_check(administration->issuer, loopback_http, error);
    return FALSE;
}

static void begin(SrRequest *request, SrAdminAction action)
{
    Administration *administration = g_new0(Administration, 1);
    GError *error = NULL;

    administration->request = request;
    administration->action = action;
    request->state = administration;
    request->free_state = administration_free;
    if (read_params(request, administration, &error) &&
        check_params(request, administration, &error))
        sr_request_need_store(request, on_store);
    else
        sr_request_fail(request, error);
}

static void handle_list(SrRequest *request)
{
    begin(request, SR_ADMIN_LIST);
}

static void handle_show(SrRequest *request)
{
    begin(request, SR_ADMIN_SHOW);
}

static void handle_register(SrRequest *request)
{
    begin(request, SR_ADMIN_REGISTER);
}

static void handle_update(SrRequest *request)
{
    begin(request, SR_ADMIN_UPDATE);
}

static void handle_delete(SrRequest *request)
{
    begin(request, SR_ADMIN_DELETE);
}

#define ADMIN_METHOD (SR_METHOD_CLI_ONLY | SR_METHOD_FD)

const SrMethod sr_methods_clients[] = {
    {"admin.clients.list", ADMIN_METHOD, handle_list},
    {"admin.clients.show", ADMIN_METHOD, handle_show},
    {"admin.clients.register", ADMIN_METHOD, handle_register},
    {"admin.clients.update", ADMIN_METHOD, handle_update},
    {"admin.clients.delete", ADMIN_METHOD, handle_delete},
    {NULL, 0, NULL},
};
