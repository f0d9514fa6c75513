#include "oauth/registration.h"

#include "base/error.h"
#include "oauth/answer.h"
#include "oauth/ascii.h"
#include "oauth/provider.h"

#include <string.h>

#define JSON_TYPE "application/json"
#define DEVICE_GRANT "urn:ietf:params:oauth:grant-type:device_code"
#define SECRET_MAX 4096u /* bytes */

/* --- dynamic registration ------------------------------------------------------------------- */

/* A list of those texts that are not NULL. */
static SrJson *list(const char *first, const char *second, const char *third)
{
    const char *const texts[] = {first, second, third};
    SrJson *array = json_object_new_array();

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i])
            json_object_array_add(array, json_object_new_string(texts[i]));
    return array;
}

/* Give @exchange the JSON @value as its body. */
static gboolean set_json(SrExchange *exchange, SrJson *value, GError **error)
{
    g_autofree char *text = sr_json_text(value);

    exchange->content_type = g_strdup(JSON_TYPE);
    exchange->body = sr_secret_new_copy(text, strlen(text), error);
    return exchange->body != NULL;
}

SrExchange *sr_registration_request(const SrMetadata *metadata, const char *name,
                                    const char *redirect_uri, const char *scope,
                                    gboolean with_device, GError **error)
{
    g_autoptr(SrJson) client = NULL;
    g_autoptr(SrExchange) exchange = NULL;

    if (!metadata->registration_endpoint) {
        sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "registration_endpoint", -1,
                        "the provider has none; ask its administrator for a client");
        return NULL;
    }
    client = json_object_new_object();
    sr_json_add_string(client, "client_name", name);
    sr_json_add(client, "redirect_uris", list(redirect_uri, NULL, NULL));
    sr_json_add_string(client, "token_endpoint_auth_method", "none");
    sr_json_add_string(client, "application_type", "native");
    sr_json_add(client, "grant_types",
                list("authorization_code", "refresh_token", with_device ? DEVICE_GRANT : NULL));
    sr_json_add(client, "response_types", list("code", NULL, NULL));
    if (scope)
        sr_json_add_string(client, "scope", scope);
    exchange = sr_exchange_new("POST", metadata->registration_endpoint);
    return set_json(exchange, client, error) ? g_steal_pointer(&exchange) : NULL;
}

/* The secret that the server gave, unless it says that there is none to send. */
static gboolean check_secret(SrSecret **secret, SrJson *answer, GError **error)
{
    const char *method = NULL;

    if (!sr_json_string_optional(answer, "token_endpoint_auth_method", &method, error))
        return FALSE;
    if (method && strcmp(method, "none") == 0)
        g_clear_pointer(secret, sr_secret_free);
    if (!*secret || sr_secret_size(*secret) == 0 ||
        (sr_secret_size(*secret) <= SECRET_MAX &&
         sr_ascii_is_printable((const char *)sr_secret_peek(*secret), sr_secret_size(*secret))))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, "client_secret", -1,
                    "must be printable ASCII characters");
    return FALSE;
}

static SrClient *read_client(SrExchangeReply *reply, GError **error)
{
    g_autoptr(SrSecret) secret = NULL;
    g_autoptr(SrSecret) unused = NULL;
    g_autoptr(SrJson) answer = NULL;
    const char *id;

    /* The second one manages the registration (RFC 7592), which we never do. */
    if (!sr_answer_take(reply, NULL, "client_secret", &secret, error) ||
        !sr_answer_take(reply, NULL, "registration_access_token", &unused, error))
        return NULL;
    answer = sr_answer_parse(reply, "the provider did not register the client", FALSE, error);
    id = answer ? sr_json_string(answer, "client_id", error) : NULL;
    if (!id || !sr_client_check_id(id, error) || !check_secret(&secret, answer, error))
        return NULL;
    return sr_client_new(id, g_steal_pointer(&secret));
}

SrClient *sr_registration_answer(SrExchangeReply *reply, GError **error)
{
    SrClient *client = read_client(reply, error);

    if (!client)
        sr_provider_blame(error);
    return client;
}

/* --- OpenKey's admin API -------------------------------------------------------------------- */

static const char *const admin_methods[] = {
    [SR_ADMIN_LIST] = "GET",     [SR_ADMIN_SHOW] = "GET",      [SR_ADMIN_REGISTER] = "POST",
    [SR_ADMIN_UPDATE] = "PATCH", [SR_ADMIN_DELETE] = "DELETE",
};

static char *admin_url(const char *server, SrAdminAction action, const char *client_id)
{
    g_autofree char *base = g_strdup(server);
    g_autofree char *id = client_id ? sr_form_escape(client_id) : NULL;

    if (g_str_has_suffix(base, "/"))
        base[strlen(base) - 1] = '\0';
    if (action == SR_ADMIN_LIST || action == SR_ADMIN_REGISTER)
        return g_strconcat(base, "/api/admin/oauth/clients", NULL);
    return g_strconcat(base, "/api/admin/oauth/clients/", id, NULL);
}

static gboolean check_admin(const char *server, SrAdminAction action, const char *client_id,
                            const SrSecret *admin_key, gboolean loopback_http, GError **error)
{
    const char *problem = NULL;
    const char *field = "server";

    if (!sr_endpoint_check(server, "server", loopback_http, error))
        return FALSE;
    if (strchr(server, '?')) {
        problem = "must have no query";
    } else if (!sr_ascii_is_token(admin_key, SECRET_MAX)) {
        field = "adminKey";
        problem = "must be visible ASCII characters";
    } else if (action == SR_ADMIN_LIST || action == SR_ADMIN_REGISTER) {
        return TRUE;
    } else if (!client_id || strcmp(client_id, ".") == 0 || strcmp(client_id, "..") == 0) {
        /* An address with dots as its last part is another address. */
        field = "clientId";
        problem = "must name a client";
    } else {
        return sr_client_check_id(client_id, error);
    }
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, field, -1, "%s", problem);
    return FALSE;
}

static SrSecret *bearer(const SrSecret *key, GError **error)
{
    static const char prefix[] = "Bearer ";
    SrSecret *value = sr_secret_new(strlen(prefix) + sr_secret_size(key), error);

    if (!value)
        return NULL;
    memcpy(sr_secret_data(value), prefix, strlen(prefix));
    memcpy(sr_secret_data(value) + strlen(prefix), sr_secret_peek(key), sr_secret_size(key));
    return value;
}

SrExchange *sr_admin_request(const char *server, SrAdminAction action, const char *client_id,
                             SrJson *fields, const SrSecret *admin_key, gboolean loopback_http,
                             GError **error)
{
    g_autoptr(SrExchange) exchange = NULL;
    g_autofree char *url = NULL;

    if (!check_admin(server, action, client_id, admin_key, loopback_http, error))
        return NULL;
    url = admin_url(server, action, client_id);
    exchange = sr_exchange_new(admin_methods[action], url);
    exchange->authorization = bearer(admin_key, error);
    if (!exchange->authorization || (fields && !set_json(exchange, fields, error)))
        return NULL;
    return g_steal_pointer(&exchange);
}

/* The first secret of the four places where servers put it; all are emptied. */
static gboolean take_secret(SrExchangeReply *reply, SrSecret **ret_secret, GError **error)
{
    static const char *const names[] = {"clientSecret", "client_secret"};

    for (gsize i = 0; i < 2 * G_N_ELEMENTS(names); i++) {
        g_autoptr(SrSecret) secret = NULL;

        if (!sr_answer_take(reply, i % 2 ? "client" : NULL, names[i / 2], &secret, error))
            return FALSE;
        if (!*ret_secret && secret && sr_secret_size(secret))
            *ret_secret = g_steal_pointer(&secret);
    }
    return TRUE;
}

/* What is left of it has no place for the secret. */
static void remove_secret(SrJson *answer)
{
    if (!json_object_is_type(answer, json_type_object))
        return;
    json_object_object_del(answer, "clientSecret");
    json_object_object_del(answer, "client_secret");
}

static SrJson *parse_admin(const SrExchangeReply *reply, GError **error)
{
    SrJson *answer = sr_answer_parse(reply, "the server refused", TRUE, error);
    SrJson *client = NULL;

    if (!answer)
        return NULL;
    remove_secret(answer);
    if (json_object_is_type(answer, json_type_object) &&
        json_object_object_get_ex(answer, "client", &client))
        remove_secret(client);
    return answer;
}

SrJson *sr_admin_answer(SrExchangeReply *reply, SrSecret **ret_secret, GError **error)
{
    g_autoptr(SrSecret) secret = NULL;
    g_autoptr(GError) problem = NULL;
    SrJson *answer = NULL;

    *ret_secret = NULL;
    if (take_secret(reply, &secret, &problem))
        answer = parse_admin(reply, &problem);
    if (answer) {
        *ret_secret = g_steal_pointer(&secret);
        return answer;
    }
    if (reply->outcome == SR_OUTCOME_ANSWERED && (reply->status == 401 || reply->status == 403))
        problem->code = SR_ERROR_NOT_GRANTED;
    else if (reply->outcome == SR_OUTCOME_ANSWERED && reply->status == 404)
        problem->code = SR_ERROR_KEY_NOT_FOUND;
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}
