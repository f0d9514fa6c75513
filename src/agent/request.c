#include "agent/request.h"

#include "agent/program_call.h"
#include "agent/program_connection.h"
#include "agent/prompter.h"
#include "base/encoding.h"
#include "base/error.h"
#include "ethereum/address.h"
#include "ethereum/siwe.h"
#include "wire/limits.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define LARGE_REPLY 32768u /* bytes */

SrRequest *sr_request_new(SrConnection *connection, const SrMethod *method, const char *id,
                          SrJson *params, const char *origin)
{
    SrRequest *request = g_new0(SrRequest, 1);
    SrCaller *caller = sr_connection_caller(connection);

    request->agent = sr_connection_agent(connection);
    request->connection = connection;
    request->locks = request->agent->locks;
    request->caller = sr_caller_ref(caller);
    request->method = method;
    request->id = g_strdup(id);
    request->params = params ? json_object_get(params) : NULL;
    request->is_page = origin != NULL;
    request->origin = g_strdup(origin                                ? origin
                               : caller->kind == SR_CALLER_CLI       ? "cli"
                               : caller->kind == SR_CALLER_EXTENSION ? caller->extension
                                                                     : "program");
    request->fd = method->flags & SR_METHOD_FD ? sr_connection_take_fd(connection) : -1;
    g_ptr_array_add(sr_connection_requests(connection), request);
    return request;
}

void sr_request_clear_state(SrRequest *request)
{
    if (request->free_state)
        request->free_state(request->state);
    request->free_state = NULL;
    request->state = NULL;
}

void sr_request_free(SrRequest *request)
{
    sr_key_claims_release(request->agent->claims, request);
    sr_request_clear_state(request);
    if (request->fd >= 0)
        close(request->fd);
    sr_secret_free(request->passphrase);
    sr_key_info_free(request->key);
    sr_json_free(request->params);
    sr_caller_unref(request->caller);
    sr_program_call_unref(request->call);
    g_free(request->seal);
    g_free(request->origin);
    g_free(request->id);
    g_free(request);
}

static void finish(SrRequest *request)
{
    if (request->connection)
        g_ptr_array_remove_fast(sr_connection_requests(request->connection), request);
    else
        g_ptr_array_remove_fast(request->agent->unattended, request);
    sr_request_free(request);
}

void sr_request_abandon(SrRequest *request)
{
    if (request->ticket)
        sr_prompter_cancel(request->agent->prompter, g_steal_pointer(&request->ticket));
    request->connection = NULL; /* it is no longer in the connection's list */
    if (request->has_job)
        g_ptr_array_add(request->agent->unattended, request);
    else
        sr_request_free(request);
}

static void answer(SrRequest *request, const char *json)
{
    SrAgent *agent = request->agent;

    if (request->connection)
        sr_connection_reply(request->connection, request->id, json, request->recorded);
    finish(request);
    /* Also without a client: what it wrote is to be committed. */
    sr_agent_schedule_flush(agent);
}

void sr_request_finish_call(SrRequest *request)
{
    SrAgent *agent = request->agent;

    if (request->connection)
        sr_program_connection_answered(sr_connection_program(request->connection), request->call,
                                       request->recorded);
    finish(request);
    sr_agent_schedule_flush(agent);
}

void sr_request_fail(SrRequest *request, GError *error)
{
    g_autoptr(GError) owned = error;
    g_autofree char *json = NULL;

    sr_agent_undo(request->agent); /* a change without its line in the log */
    if (request->call) {
        if (sr_program_call_failed(request, owned))
            sr_request_finish_call(request);
        return;
    }
    json = sr_dispatch_error_text(owned);
    answer(request, json);
}

void sr_request_reply(SrRequest *request, SrJson *result)
{
    g_autoptr(SrJson) owned = result;
    g_autofree char *text = NULL;
    g_autofree char *json = NULL;

    if (request->call) {
        sr_program_call_succeeded(request);
        sr_request_finish_call(request);
        return;
    }
    text = owned ? sr_json_text(owned) : g_strdup("null");
    if (strlen(text) > SR_FRAME_REPLY_MAX - 256) {
        g_autoptr(GError) error = NULL;

        sr_error_set(&error, SR_ERROR_LIMIT_EXCEEDED, "the reply is longer than 1048576 bytes");
        json = sr_dispatch_error_text(error);
    } else {
        json = g_strconcat("\"result\":", text, NULL);
    }
    if (strlen(text) > LARGE_REPLY)
        sr_agent_trim(request->agent);
    answer(request, json);
}

/* --- jobs on other threads
 * ------------------------------------------------------------------------ */

gboolean sr_request_revalidate(const SrRequest *request, GError **error)
{
    const SrAgent *agent = request->agent;

    if (!request->connection)
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "the client is gone");
    else if (agent->stopping)
        sr_error_set(error, SR_ERROR_AGENT_UNAVAILABLE, "the agent is ending; connect again");
    else if (request->needs_store && request->locks != agent->locks)
        sr_error_set(error, SR_ERROR_STORE_LOCKED,
                     "sealring was locked meanwhile; unlock it with: sealring unlock");
    else if (request->key && !sr_key_ring_is_loaded(agent->keys))
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "the store was changed; ask again");
    else if (request->key && !sr_key_ring_find(agent->keys, request->key->id, NULL))
        sr_error_set_at(error, SR_ERROR_KEY_NOT_FOUND, "key", -1, "is not there any more");
    else
        return TRUE;
    return FALSE;
}

/* The outcome of a job, for the next function if what the request relies on still holds. */
static void after_job(SrRequest *request, gpointer result, GError *error)
{
    request->has_job = FALSE;
    if (!error && !sr_request_revalidate(request, &error) && request->free_result)
        request->free_result(result);
    if (error) {
        sr_request_fail(request, error);
        return;
    }
    request->result = result;
    request->next(request);
}

static void on_store_done(gpointer result, const GError *error, gpointer data)
{
    after_job(data, result, error ? g_error_copy(error) : NULL);
}

void sr_request_on_store(SrRequest *request, SrStoreJob job, gpointer data,
                         GDestroyNotify free_data, GDestroyNotify free_result, guint deadline_ms,
                         SrRequestStep next)
{
    request->next = next;
    request->has_job = TRUE;
    request->free_result = free_result;
    sr_store_thread_run(request->agent->store, job, data, free_data, free_result, deadline_ms,
                        on_store_done, request);
}

typedef struct {
    SrWork work;
    gpointer data;
    GDestroyNotify free_data;
} Work;

static void work_free(gpointer data)
{
    Work *work = data;

    if (work->free_data)
        work->free_data(work->data);
    g_free(work);
}

static void run_work(GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
    const Work *work = task_data;
    GError *error = NULL;
    gpointer result = work->work(work->data, &error);

    (void)source;
    (void)cancellable;
    if (error)
        g_task_return_error(task, error);
    else
        g_task_return_pointer(task, result, NULL);
}

static void on_work_done(GObject *source, GAsyncResult *result, gpointer data)
{
    GError *error = NULL;
    gpointer outcome = g_task_propagate_pointer(G_TASK(result), &error);

    (void)source;
    after_job(data, outcome, error);
}

void sr_request_on_worker(SrRequest *request, SrWork work, gpointer data, GDestroyNotify free_data,
                          GDestroyNotify free_result, SrRequestStep next)
{
    g_autoptr(GTask) task = g_task_new(NULL, NULL, on_work_done, request);
    Work *carried = g_new0(Work, 1);

    request->next = next;
    request->has_job = TRUE;
    request->free_result = free_result;
    carried->work = work;
    carried->data = data;
    carried->free_data = free_data;
    g_task_set_task_data(task, carried, work_free);
    g_task_run_in_thread(task, run_work);
}

/* --- turns
 * ----------------------------------------------------------------------------------------- */

/* A key is written as it is now, not as it was when the request came. */
static void on_turn(gpointer data)
{
    SrRequest *request = data;
    GError *error = NULL;

    if (!sr_request_revalidate(request, &error)) {
        sr_request_fail(request, error);
        return;
    }
    if (request->key)
        sr_request_set_key(request, sr_key_ring_find(request->agent->keys, request->key->id, NULL));
    request->next(request);
}

void sr_request_take_key(SrRequest *request, const char *id, SrRequestStep next)
{
    request->next = next;
    if (sr_key_claims_take_key(request->agent->claims, id, request, on_turn))
        on_turn(request);
}

/* --- helpers
 * --------------------------------------------------------------------------------------- */

gboolean sr_request_is_cli(const SrRequest *request)
{
    return request->caller->kind == SR_CALLER_CLI;
}

gboolean sr_request_is_extension(const SrRequest *request)
{
    return request->caller->kind == SR_CALLER_EXTENSION;
}

const char *sr_request_owner(const SrRequest *request)
{
    return request->caller->extension ? request->caller->extension : SR_OWNER_CLI;
}

gboolean sr_request_is_known(const SrRequest *request)
{
    return !request->is_page || sr_grants_knows_caller(request->agent->grants,
                                                       request->caller->extension, request->origin);
}

gboolean sr_request_check_known(SrRequest *request)
{
    GError *error = NULL;

    if (sr_request_is_known(request))
        return TRUE;
    sr_error_set(&error, SR_ERROR_NOT_GRANTED,
                 "this page is not connected; call eth_requestAccounts first");
    sr_request_fail(request, error);
    return FALSE;
}

gboolean sr_request_is_connected(const SrRequest *request, const char *key_id)
{
    return !sr_request_is_extension(request) ||
           sr_grants_is_connected(request->agent->grants, request->caller->extension,
                                  request->origin, key_id);
}

void sr_request_set_key(SrRequest *request, const SrKeyInfo *info)
{
    sr_key_info_free(request->key);
    request->key = sr_key_info_copy(info);
}

gboolean sr_request_choose_key(SrRequest *request, const char *name, GError **error)
{
    const SrKeyInfo *info = sr_key_ring_find(request->agent->keys, name, NULL);

    /* A page must not find out which keys there are: not there and not connected look alike. */
    if (sr_request_is_extension(request) &&
        (!info || !sr_request_is_connected(request, info->id))) {
        sr_error_set_at(error, SR_ERROR_NOT_GRANTED, "key", -1,
                        "no such key is connected to this page; call eth_requestAccounts first");
        return FALSE;
    }
    if (!info)
        info = sr_key_ring_find(request->agent->keys, name, error);
    if (!info)
        return FALSE;
    sr_request_set_key(request, info);
    return TRUE;
}

const char *sr_request_string(SrRequest *request, const char *name, GError **error)
{
    return sr_json_string(request->params, name, error);
}

SrConsentModel *sr_request_consent(const SrRequest *request, const char *title_format, ...)
{
    SrConsentModel *model = sr_consent_model_new();
    g_autofree char *asker = sr_caller_describe(request->caller);
    g_autofree char *title = NULL;
    va_list arguments;

    va_start(arguments, title_format);
    title = g_strdup_vprintf(title_format, arguments);
    va_end(arguments);
    sr_consent_model_add(model, SR_CONSENT_TITLE, "%s", title);
    if (request->is_page)
        sr_consent_model_add(model, SR_CONSENT_PAGE, "%s", request->origin);
    sr_consent_model_add(model, SR_CONSENT_ASKER, "%s", asker);
    return model;
}

/* The address of @info as text; FALSE for a key that has none. */
static gboolean address_of(const SrKeyInfo *info, char text[SR_ADDRESS_TEXT_SIZE])
{
    if (info->type != SR_KEY_SECP256K1)
        return FALSE;
    sr_address_text(info->address, text);
    return TRUE;
}

void sr_request_add_key(const SrRequest *request, SrConsentModel *model)
{
    char address[SR_ADDRESS_TEXT_SIZE];

    if (address_of(request->key, address))
        sr_consent_model_add(model, SR_CONSENT_KEY, "%s (%s)", request->key->name, address);
    else
        sr_consent_model_add(model, SR_CONSENT_KEY, "%s (%s)", request->key->name,
                             sr_key_type_name(request->key->type));
}

gboolean sr_request_record(SrRequest *request, const char *event, SrJson *more, GError **error)
{
    g_autoptr(SrJson) entry = json_object_new_object();
    g_autoptr(SrJson) members = more;

    sr_json_add_string(entry, "event", event);
    sr_json_add_string(entry, "method", request->method->name);
    if (request->caller->extension)
        sr_json_add_string(entry, "extension", request->caller->extension);
    if (request->caller->kind == SR_CALLER_PROGRAM)
        sr_json_add_string(entry, "program", request->caller->program);
    sr_json_add_string(entry, "origin", request->origin);
    if (request->key)
        sr_json_add_string(entry, "key", request->key->id);
    if (members) {
        json_object_object_foreach (members, name, value)
            sr_json_add(entry, name, value ? json_object_get(value) : NULL);
    }
    request->recorded = TRUE;
    if (!sr_audit_append(request->agent->audit, entry, error))
        return FALSE;
    sr_database_settle(request->agent->database);
    return TRUE;
}

SrJson *sr_request_key_json(const SrRequest *request, const SrKeyInfo *info)
{
    SrJson *json = json_object_new_object();
    const char *default_id = sr_key_ring_default(request->agent->keys);
    char address[SR_ADDRESS_TEXT_SIZE];
    g_autofree char *public_key =
        sr_hex_encode(info->public_key, sr_key_public_size(info->type), TRUE);
    g_autofree char *did = sr_key_did(info->type, info->public_key);
    g_autofree char *created = sr_siwe_time_text(info->created * G_USEC_PER_SEC);

    sr_json_add_string(json, "id", info->id);
    sr_json_add_string(json, "name", info->name);
    sr_json_add_string(json, "type", sr_key_type_name(info->type));
    if (address_of(info, address))
        sr_json_add_string(json, "address", address);
    sr_json_add_string(json, "publicKey", public_key);
    sr_json_add_string(json, "did", did);
    sr_json_add_boolean(json, "sealed", info->sealed);
    sr_json_add_boolean(json, "default", g_strcmp0(info->id, default_id) == 0);
    sr_json_add_string(json, "created", created);
    return json;
}

gboolean sr_request_has_memory_file(const SrRequest *request)
{
    /* Only memory files have seals; reading anything else might wait for ever. */
    return request->fd >= 0 && fcntl(request->fd, F_GET_SEALS) >= 0;
}

SrSecret *sr_request_read_passed(SrRequest *request, gsize max, GError **error)
{
    if (!sr_request_has_memory_file(request) || lseek(request->fd, 0, SEEK_SET) < 0) {
        sr_error_set(error, SR_ERROR_INVALID_PARAMS,
                     "a memory file with the secret must be passed with this request");
        return NULL;
    }
    return sr_secret_read_fd(request->fd, max, FALSE, error);
}
