#include "oauth/client.h"

#include "base/encoding.h"
#include "base/error.h"
#include "oauth/ascii.h"

#include <string.h>

#define BASIC "Basic "

SrClient *sr_client_new(const char *id, SrSecret *secret)
{
    SrClient *client = g_new0(SrClient, 1);

    client->id = g_strdup(id);
    if (secret && sr_secret_size(secret) == 0)
        g_clear_pointer(&secret, sr_secret_free);
    client->secret = secret;
    return client;
}

SrClient *sr_client_copy(const SrClient *client, GError **error)
{
    SrSecret *secret = NULL;

    if (client->secret) {
        secret = sr_secret_new_copy(sr_secret_peek(client->secret), sr_secret_size(client->secret),
                                    error);
        if (!secret)
            return NULL;
    }
    return sr_client_new(client->id, secret);
}

void sr_client_free(SrClient *client)
{
    if (!client)
        return;
    g_free(client->id);
    sr_secret_free(client->secret);
    g_free(client);
}

gboolean sr_client_check_id(const char *id, GError **error)
{
    if (strlen(id) <= SR_CLIENT_ID_MAX && sr_ascii_is_printable(id, strlen(id)))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "clientId", -1,
                    "must be 1 to %u printable ASCII characters", SR_CLIENT_ID_MAX);
    return FALSE;
}

/* "id:secret", both escaped. */
static SrSecret *join_credentials(const SrClient *client, GError **error)
{
    g_autofree char *id = sr_form_escape(client->id);
    g_autoptr(SrSecret) secret = sr_form_escape_secret(client->secret, error);
    const gsize length = strlen(id);
    SrSecret *joined = secret ? sr_secret_new(length + 1 + sr_secret_size(secret), error) : NULL;

    if (!joined)
        return NULL;
    memcpy(sr_secret_data(joined), id, length);
    sr_secret_data(joined)[length] = ':';
    memcpy(sr_secret_data(joined) + length + 1, sr_secret_peek(secret), sr_secret_size(secret));
    return joined;
}

/* The value of HTTP Basic (RFC 7617 §2). */
static SrSecret *basic(const SrClient *client, GError **error)
{
    g_autoptr(SrSecret) joined = join_credentials(client, error);
    g_autoptr(SrSecret) encoded =
        joined ? sr_base64_encode_secret(sr_secret_peek(joined), sr_secret_size(joined), error)
               : NULL;
    SrSecret *value =
        encoded ? sr_secret_new(strlen(BASIC) + sr_secret_size(encoded), error) : NULL;

    if (!value)
        return NULL;
    memcpy(sr_secret_data(value), BASIC, strlen(BASIC));
    memcpy(sr_secret_data(value) + strlen(BASIC), sr_secret_peek(encoded), sr_secret_size(encoded));
    return value;
}

SrExchange *sr_client_request(const SrClient *client, const SrMetadata *metadata, const char *url,
                              SrForm *form, GError **error)
{
    g_autoptr(SrForm) taken = form;
    g_autoptr(SrExchange) exchange = sr_exchange_new("POST", url);

    if (client->secret && !metadata->takes_secret_in_body) {
        exchange->authorization = basic(client, error);
        if (!exchange->authorization)
            return NULL;
    } else {
        sr_form_add(taken, "client_id", client->id);
        sr_form_add_secret(taken, "client_secret", client->secret);
    }
    exchange->content_type = g_strdup("application/x-www-form-urlencoded");
    exchange->body = sr_form_finish(taken, error);
    return exchange->body ? g_steal_pointer(&exchange) : NULL;
}
