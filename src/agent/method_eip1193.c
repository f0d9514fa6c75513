/* The wallet methods of EIP-1193 libraries: accounts, personal_sign, typed data, permissions. */
#include "agent/message_param.h"
#include "agent/request.h"
#include "agent/signing.h"
#include "base/error.h"
#include "ethereum/address.h"
#include "ethereum/message.h"
#include "ethereum/typed_data.h"

#include <string.h>

/* The addresses connected to the caller, the default key first; a new array. */
static SrJson *connected_addresses(const SrRequest *request)
{
    g_autoptr(GPtrArray) keys = sr_key_ring_list(request->agent->keys);
    SrJson *addresses = json_object_new_array();

    for (guint i = 0; i < keys->len; i++) {
        const SrKeyInfo *info = keys->pdata[i];
        char text[SR_ADDRESS_TEXT_SIZE];

        if (info->type != SR_KEY_SECP256K1 || !sr_request_is_connected(request, info->id))
            continue;
        sr_address_text(info->address, text);
        json_object_array_add(addresses, json_object_new_string(text));
    }
    return addresses;
}

/* Element @index of the params, which must be a string; NULL with an error otherwise. */
static const char *string_at(const SrRequest *request, size_t index, const char *name,
                             GError **error)
{
    SrJson *value = request->params && index < json_object_array_length(request->params)
                        ? json_object_array_get_idx(request->params, index)
                        : NULL;

    if (json_object_is_type(value, json_type_string))
        return json_object_get_string(value);
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, name, -1, "must be a string");
    return NULL;
}

/* --- accounts and permissions
 * ------------------------------------------------------------------------- */

static void reply_accounts(SrRequest *request)
{
    sr_request_reply(request, connected_addresses(request));
}

/* [{invoker, parentCapability, caveats}] of EIP-2255, empty when nothing is connected. */
static void reply_permissions(SrRequest *request)
{
    SrJson *addresses = connected_addresses(request);
    SrJson *result = json_object_new_array();
    SrJson *permission;
    SrJson *caveats;
    SrJson *caveat;

    if (json_object_array_length(addresses) == 0) {
        sr_json_free(addresses);
        sr_request_reply(request, result);
        return;
    }
    caveat = json_object_new_object();
    sr_json_add_string(caveat, "type", "restrictReturnedAccounts");
    sr_json_add(caveat, "value", addresses);
    caveats = json_object_new_array();
    json_object_array_add(caveats, caveat);
    permission = json_object_new_object();
    sr_json_add_string(permission, "invoker", request->origin);
    sr_json_add_string(permission, "parentCapability", "eth_accounts");
    sr_json_add(permission, "caveats", caveats);
    json_object_array_add(result, permission);
    sr_request_reply(request, result);
}

static void reply_connected(SrRequest *request)
{
    if (strcmp(request->method->name, "eth_requestAccounts") == 0)
        reply_accounts(request);
    else
        reply_permissions(request);
}

static void on_connect_agreed(SrRequest *request)
{
    GError *error = NULL;

    if (sr_grants_connect(request->agent->grants, request->caller->extension, request->origin,
                          request->key->id, &error) &&
        sr_request_record(request, "connect", NULL, &error))
        reply_connected(request);
    else
        sr_request_fail(request, error);
}

static void ask_connect(SrRequest *request)
{
    SrConsentModel *model = sr_request_consent(
        request, "Connect to %s?", request->is_page ? request->origin : "this extension");

    sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_GRANT, "See your address");
    sr_consent_model_add(model, SR_CONSENT_GRANT, "Ask for signatures; you are asked each time");
    sr_consent_model_add(model, SR_CONSENT_FACT, "Valid until: you disconnect it");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Connect");
    sr_request_ask(request, model, on_connect_agreed);
}

static gboolean any_connected(const SrRequest *request)
{
    g_autoptr(SrJson) addresses = connected_addresses(request);

    return json_object_array_length(addresses) > 0;
}

static void on_keys_to_connect(SrRequest *request)
{
    const SrKeyInfo *info;
    GError *error = NULL;

    if (any_connected(request)) {
        reply_connected(request);
        return;
    }
    info = sr_key_ring_find(request->agent->keys, NULL, &error);
    if (!info) {
        sr_request_fail(request, error);
        return;
    }
    sr_request_set_key(request, info);
    ask_connect(request);
}

static void handle_request_accounts(SrRequest *request)
{
    sr_request_need_keys(request, TRUE, on_keys_to_connect);
}

static void handle_accounts(SrRequest *request)
{
    sr_request_need_keys(request, FALSE, reply_accounts);
}

static void handle_get_permissions(SrRequest *request)
{
    sr_request_need_keys(request, FALSE, reply_permissions);
}

/* EIP-2255: [{"eth_accounts": {}}], the only capability there is. */
static gboolean asks_for_accounts(const SrRequest *request, GError **error)
{
    SrJson *first = request->params && json_object_array_length(request->params) == 1
                        ? json_object_array_get_idx(request->params, 0)
                        : NULL;

    if (json_object_is_type(first, json_type_object) && json_object_object_length(first) == 1 &&
        json_object_object_get_ex(first, "eth_accounts", NULL))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "params", -1,
                    "must be [{\"eth_accounts\":{}}]");
    return FALSE;
}

static void handle_request_permissions(SrRequest *request)
{
    GError *error = NULL;

    if (asks_for_accounts(request, &error))
        handle_request_accounts(request);
    else
        sr_request_fail(request, error);
}

static gboolean disconnect(SrRequest *request, GError **error)
{
    SrGrants *grants = request->agent->grants;
    const char *extension = request->caller->extension;

    /* Nothing connected, nothing to log: a page cannot fill the log with this. */
    if (sr_request_is_cli(request) || !sr_grants_knows_caller(grants, extension, request->origin))
        return TRUE;
    return sr_grants_revoke_caller(grants, extension, request->origin, error) &&
           sr_request_record(request, "disconnect", NULL, error);
}

static void handle_revoke_permissions(SrRequest *request)
{
    GError *error = NULL;

    if (asks_for_accounts(request, &error) && disconnect(request, &error))
        sr_request_reply(request, NULL);
    else
        sr_request_fail(request, error);
}

static void handle_chain_id(SrRequest *request)
{
    g_autofree char *text = g_strdup_printf("0x%" G_GINT64_MODIFIER "x",
                                            (guint64)request->agent->configuration->chain_id);

    sr_request_reply(request, json_object_new_string(text));
}

/* --- signatures
 * ------------------------------------------------------------------------------------------ */

static gboolean is_address(const char *text)
{
    return sr_address_read(text, strlen(text), NULL);
}

/* [message, address], or the other way round as some pages send it. */
static void handle_personal_sign(SrRequest *request)
{
    GError *error = NULL;
    const char *message = string_at(request, 0, "message", &error);
    const char *address = message ? string_at(request, 1, "address", &error) : NULL;

    if (address && !is_address(address) && is_address(message)) {
        const char *swapped = message;

        message = address;
        address = swapped;
    }
    if (address && !is_address(address))
        sr_error_set_at(&error, SR_ERROR_INVALID_PARAMS, "address", -1, "is not an address");
    if (error || !message) {
        sr_request_fail(request, error);
        return;
    }
    sr_signing_start(request, sr_message_from_wallet_text(message, strlen(message)), address, FALSE,
                     sr_signing_plain_result);
}

/* The typed data as an object, whether it came as one or as JSON text. A new reference. */
static SrJson *typed_data_param(const SrRequest *request, GError **error)
{
    SrJson *value = request->params && json_object_array_length(request->params) > 1
                        ? json_object_array_get_idx(request->params, 1)
                        : NULL;

    if (json_object_is_type(value, json_type_object))
        return json_object_get(value);
    if (json_object_is_type(value, json_type_string))
        return sr_json_parse(json_object_get_string(value),
                             (gsize)json_object_get_string_len(value), error);
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "typedData", -1,
                    "must be an object or its JSON text");
    return NULL;
}

static void add_typed_data(const SrRequest *request, SrConsentModel *model, const SrTypedData *data)
{
    const char *const facts[][2] = {{"For", data->domain_name},
                                    {"Version", data->domain_version},
                                    {"Chain", data->chain_id},
                                    {"Contract", data->verifying_contract},
                                    {"Type", data->primary_type}};
    g_autofree char *chain =
        g_strdup_printf("%" G_GINT64_FORMAT, request->agent->configuration->chain_id);

    for (gsize i = 0; i < G_N_ELEMENTS(facts); i++)
        if (facts[i][1])
            sr_consent_model_add(model, SR_CONSENT_FACT, "%s: %s", facts[i][0], facts[i][1]);
    if (data->chain_id && strcmp(data->chain_id, chain) != 0)
        sr_consent_model_add(model, SR_CONSENT_WARNING, "This is for chain %s, not for yours (%s).",
                             data->chain_id, chain);
    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "Typed data can allow a contract to move what you own.");
    for (guint i = 0; i < data->lines->len; i++) {
        const char *line = data->lines->pdata[i];

        if (sr_message_resembles_siwe((const guint8 *)line, strlen(line)))
            sr_consent_model_add(model, SR_CONSENT_ERROR,
                                 "A field holds the text of a sign-in. Do not sign this to sign in "
                                 "anywhere.");
        sr_consent_model_add(model, SR_CONSENT_TEXT, "%s", line);
    }
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Sign");
}

static void on_keys_for_typed_data(SrRequest *request)
{
    GError *error = NULL;
    const SrTypedData *data = request->state;
    SrConsentModel *model;
    guint8 digest[32];

    if (sr_request_choose_key(request, string_at(request, 0, "address", NULL), &error) &&
        request->key->type != SR_KEY_SECP256K1)
        sr_error_set_at(&error, SR_ERROR_INVALID_PARAMS, "address", -1, "is not an Ethereum key");
    if (error) {
        sr_request_fail(request, error);
        return;
    }
    model = sr_request_consent(request, "Sign this typed data?");
    add_typed_data(request, model, data);
    memcpy(digest, data->digest, sizeof digest);
    sr_request_clear_state(request);
    sr_signing_start_digest(request, digest, model, "sign-typed-data", sr_signing_plain_result);
}

static void handle_sign_typed_data(SrRequest *request)
{
    GError *error = NULL;
    const char *address = string_at(request, 0, "address", &error);
    g_autoptr(SrJson) json = NULL;
    SrTypedData *data = NULL;

    if (address && !is_address(address))
        sr_error_set_at(&error, SR_ERROR_INVALID_PARAMS, "address", -1, "is not an address");
    else if (address)
        json = typed_data_param(request, &error);
    if (json)
        data = sr_typed_data_new(json, &error);
    if (!data) {
        sr_request_fail(request, error);
        return;
    }
    request->state = data;
    request->free_state = (GDestroyNotify)sr_typed_data_free;
    sr_request_need_keys(request, TRUE, on_keys_for_typed_data);
}

const SrMethod sr_methods_eip1193[] = {
    {"eth_requestAccounts", SR_METHOD_ARRAY, handle_request_accounts},
    {"eth_accounts", SR_METHOD_ARRAY, handle_accounts},
    {"eth_chainId", SR_METHOD_ARRAY, handle_chain_id},
    {"personal_sign", SR_METHOD_ARRAY | SR_METHOD_SIGN, handle_personal_sign},
    {"eth_signTypedData_v4", SR_METHOD_ARRAY, handle_sign_typed_data},
    {"wallet_getPermissions", SR_METHOD_ARRAY, handle_get_permissions},
    {"wallet_requestPermissions", SR_METHOD_ARRAY, handle_request_permissions},
    {"wallet_revokePermissions", SR_METHOD_ARRAY, handle_revoke_permissions},
    {NULL, 0, NULL},
};
