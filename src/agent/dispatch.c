#include "agent/dispatch.h"

#include "agent/request.h"
#include "agent/sign_batch.h"
#include "base/error.h"

#include <string.h>

#define ERROR_TEXT_MAX 512
#define REQUESTS_MAX 64u /* begun and not answered, on one connection */

GHashTable *sr_dispatch_table(void)
{
    static const SrMethod *const groups[] = {
        sr_methods_service, sr_methods_eip1193, sr_methods_keys,     sr_methods_key_transfer,
        sr_methods_siwe,    sr_methods_storage, sr_methods_grants,   sr_methods_management,
        sr_methods_pkcs11,  sr_methods_oauth,   sr_methods_accounts, sr_methods_clients,
        sr_methods_session,
    };
    GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
        for (const SrMethod *method = groups[i]; method->name; method++)
            g_hash_table_insert(table, (gpointer)(guintptr)method->name,
                                (gpointer)(guintptr)method);
    return table;
}

static gboolean may_call(const SrCaller *caller, const SrMethod *method)
{
    return caller->kind == SR_CALLER_CLI || !(method->flags & SR_METHOD_CLI_ONLY);
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

SrJson *sr_dispatch_names(const SrAgent *agent, const SrCaller *caller)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    SrJson *array = json_object_new_array();
    GHashTableIter iterator;
    gpointer method;

    g_hash_table_iter_init(&iterator, agent->methods);
    while (g_hash_table_iter_next(&iterator, NULL, &method))
        if (may_call(caller, method))
            g_ptr_array_add(names, (gpointer)(guintptr)((const SrMethod *)method)->name);
    g_ptr_array_sort(names, by_text);
    for (guint i = 0; i < names->len; i++)
        json_object_array_add(array, json_object_new_string(names->pdata[i]));
    return array;
}

/* --- errors
 * ----------------------------------------------------------------------------------------- */

/* An error is for a person or a log: what a caller sent in excess is cut. Owned by the caller. */
static char *cut(const char *text)
{
    const gsize length = strlen(text);

    if (length <= ERROR_TEXT_MAX)
        return g_strdup(text);
    return g_strdup_printf("%.*s...",
                           (int)(g_utf8_find_prev_char(text, text + ERROR_TEXT_MAX) - text), text);
}

char *sr_dispatch_error_text(const GError *error)
{
    const SrErrorDetail *detail = sr_error_detail(error);
    g_autoptr(SrJson) object = json_object_new_object();
    SrJson *data = json_object_new_object();
    g_autofree char *message = cut(error->message);
    g_autofree char *field = detail && detail->field ? cut(detail->field) : NULL;
    g_autofree char *text = NULL;

    sr_json_add_integer(object, "code", sr_error_rpc_code(error));
    sr_json_add_string(object, "message", message);
    sr_json_add_string(data, "reason", sr_error_reason(error));
    if (field)
        sr_json_add_string(data, "field", field);
    if (detail && detail->offset >= 0)
        sr_json_add_integer(data, "offset", detail->offset);
    sr_json_add(object, "data", data);
    text = sr_json_text(object);
    return g_strconcat("\"error\":", text, NULL);
}

void sr_dispatch_refuse(SrConnection *connection, const char *id, const GError *error)
{
    g_autofree char *json = sr_dispatch_error_text(error);

    sr_connection_reply(connection, id, json, FALSE);
}

/* --- the envelope
 * ------------------------------------------------------------------------------------ */

char *sr_dispatch_id(SrJson *object)
{
    SrJson *id = NULL;

    if (!json_object_is_type(object, json_type_object) ||
        !json_object_object_get_ex(object, "id", &id))
        return NULL;
    if (json_object_is_type(id, json_type_int) ||
        (json_object_is_type(id, json_type_string) &&
         json_object_get_string_len(id) <= SR_REQUEST_ID_MAX))
        return sr_json_text(id);
    return NULL;
}

static gboolean check_envelope(SrJson *envelope, GError **error)
{
    static const char *const names[] = {"jsonrpc", "id", "method", "params", "origin", NULL};
    g_autoptr(GError) problem = NULL;
    const char *version;

    if (!json_object_is_type(envelope, json_type_object)) {
        sr_error_set(error, SR_ERROR_INVALID_REQUEST, "a request must be a JSON object");
        return FALSE;
    }
    version = sr_json_string(envelope, "jsonrpc", &problem);
    if (version && strcmp(version, "2.0") != 0)
        sr_error_set_at(&problem, SR_ERROR_INVALID_REQUEST, "jsonrpc", -1, "must be \"2.0\"");
    if (!problem)
        sr_json_string(envelope, "method", &problem);
    if (!problem)
        sr_json_only(envelope, names, &problem);
    if (!problem)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_REQUEST, sr_error_detail(problem)->field, -1, "%s",
                    strchr(problem->message, ' ') + 1);
    return FALSE;
}

static const SrMethod *find_method(SrConnection *connection, SrJson *envelope, GError **error)
{
    const SrAgent *agent = sr_connection_agent(connection);
    const char *name = sr_json_string(envelope, "method", error);
    const SrMethod *method = name ? g_hash_table_lookup(agent->methods, name) : NULL;

    if (!name)
        return NULL;
    if (!method) {
        const gboolean wallet = g_str_has_prefix(name, "eth_") ||
                                g_str_has_prefix(name, "wallet_") ||
                                g_str_has_prefix(name, "net_") || g_str_has_prefix(name, "web3_");

        sr_error_set_at(error, wallet ? SR_ERROR_UNSUPPORTED_METHOD : SR_ERROR_METHOD_NOT_FOUND,
                        "method", -1, "%s",
                        wallet ? "sealring does not offer this wallet method" : "is not known");
        return NULL;
    }
    if (!may_call(sr_connection_caller(connection), method)) {
        sr_error_set_at(error, SR_ERROR_NOT_GRANTED, "method", -1, "is for the command line only");
        return NULL;
    }
    return method;
}

/* An extension's page origin in *ret_origin, NULL there when the extension acts for itself. */
static gboolean read_origin(SrConnection *connection, SrJson *envelope, const char **ret_origin,
                            GError **error)
{
    const SrCaller *caller = sr_connection_caller(connection);
    const SrOriginPolicy policy = sr_agent_origin_policy(sr_connection_agent(connection));

    if (!json_object_object_get_ex(envelope, "origin", NULL))
        return TRUE;
    /* Also null is refused: a page whose origin is unknown must not pass for the extension. */
    *ret_origin = sr_json_string(envelope, "origin", error);
    if (!*ret_origin)
        return FALSE;
    if (caller->kind == SR_CALLER_CLI) {
        sr_error_set_at(error, SR_ERROR_INVALID_REQUEST, "origin", -1, "is for extensions only");
        return FALSE;
    }
    if (!sr_origin_check(*ret_origin, &policy, error))
        return FALSE;
    /* A Chromium extension's own origin is its id: it is the extension acting for itself. */
    if (g_str_equal(*ret_origin, caller->extension)) {
        *ret_origin = NULL;
    } else if (g_str_has_prefix(*ret_origin, "chrome-extension://")) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "origin", -1,
                        "is that of another extension");
        return FALSE;
    }
    return TRUE;
}

static gboolean may_be_page(const SrMethod *method, const char *origin, GError **error)
{
    if (!origin || !(method->flags & SR_METHOD_NO_PAGE))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_NOT_GRANTED, "method", -1,
                    "is for the extension itself, not for its pages");
    return FALSE;
}

static gboolean read_params(const SrMethod *method, SrJson *envelope, SrJson **ret_params,
                            GError **error)
{
    return method->flags & SR_METHOD_ARRAY
               ? sr_json_array_optional(envelope, "params", ret_params, error)
               : sr_json_object_optional(envelope, "params", ret_params, error);
}

/* A client that asks faster than it is answered must not keep the others waiting. */
static gboolean has_room(SrConnection *connection, GError **error)
{
    const SrAgent *agent = sr_connection_agent(connection);
    /* Those that wait for nothing but a signature are not in anybody's way. */
    const guint waiting =
        sr_connection_requests(connection)->len - sr_sign_batch_size(agent->batch);

    if (agent->stopping)
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "the agent is ending; connect again");
    else if (waiting >= REQUESTS_MAX)
        sr_error_set(error, SR_ERROR_BUSY, "%u requests of this connection are under way",
                     REQUESTS_MAX);
    else
        return TRUE;
    return FALSE;
}

static void start_request(SrConnection *connection, SrJson *envelope, const char *id)
{
    GError *problem = NULL;
    const SrMethod *method =
        has_room(connection, &problem) ? find_method(connection, envelope, &problem) : NULL;
    const char *origin = NULL;
    SrJson *params = NULL;

    if (method && read_params(method, envelope, &params, &problem) &&
        read_origin(connection, envelope, &origin, &problem) &&
        may_be_page(method, origin, &problem)) {
        if (!(method->flags & SR_METHOD_SIGN))
            sr_sign_batch_finish(sr_connection_agent(connection)->batch);
        method->handle(sr_request_new(connection, method, id, params, origin));
        return;
    }
    sr_dispatch_refuse(connection, id, problem);
    g_error_free(problem);
}

/* --- the first frame
 * ----------------------------------------------------------------------------------- */

/* The introduction. A client of another version is told so; the agent then makes room. */
static void attach(SrConnection *connection, SrJson *envelope)
{
    SrAgent *agent = sr_connection_agent(connection);
    g_autoptr(GError) error = NULL;
    SrJson *params = NULL;

    if (g_strcmp0(sr_json_string(envelope, "method", NULL), "sealring.attach") != 0)
        sr_error_set(&error, SR_ERROR_INVALID_REQUEST, "the first frame must be sealring.attach");
    else if (sr_json_object_optional(envelope, "params", &params, &error))
        sr_caller_attach(sr_connection_caller(connection), params, &error);
    if (!error)
        return;
    sr_dispatch_refuse(connection, "null", error);
    sr_connection_finish(connection);
    if (g_error_matches(error, SR_ERROR, SR_ERROR_AGENT_UNAVAILABLE))
        sr_agent_stop(agent);
}

void sr_dispatch_frame(SrConnection *connection, const char *text, gsize size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SrJson) envelope = sr_json_parse(text, size, &error);
    g_autofree char *id = NULL;

    if (envelope && sr_connection_caller(connection)->kind == SR_CALLER_UNKNOWN) {
        attach(connection, envelope);
        return;
    }
    if (envelope)
        id = sr_dispatch_id(envelope);
    if (!envelope || !check_envelope(envelope, &error)) {
        sr_dispatch_refuse(connection, id ? id : "null", error);
        return;
    }
    if (!id) {
        sr_error_set_at(&error, SR_ERROR_INVALID_REQUEST, "id", -1,
                        "must be an integer or a string of at most %d bytes", SR_REQUEST_ID_MAX);
        sr_dispatch_refuse(connection, "null", error);
        return;
    }
    start_request(connection, envelope, id);
}
