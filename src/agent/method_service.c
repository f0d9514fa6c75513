/* sealring.*: versions and state, lock and unlock, the end, answers from a terminal. */
#include "agent/connection.h"
#include "agent/limits.h"
#include "agent/programs.h"
#include "agent/prompter.h"
#include "agent/request.h"
#include "agent/store_view.h"
#include "base/error.h"
#include "base/json.h"
#include "consent/prompt.h"
#include "ethereum/siwe.h"
#include "store/secret_service.h"
#include "wire/limits.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define PROTOCOL_VERSION 1
#define KEYRING_DIALOG_MS 120000

/* --- hello, status
 * ---------------------------------------------------------------------------------- */

/* For extensions a store without any key is an empty one; a page learns nothing of keys. */
static gboolean has_no_key(const SrRequest *request)
{
    const SrKeyRing *keys = request->agent->keys;

    return sr_request_is_extension(request) && !request->is_page && sr_key_ring_is_loaded(keys) &&
           sr_key_ring_size(keys) == 0 && sr_key_ring_damaged(keys)->len == 0;
}

static SrJson *store_json(const SrRequest *request, const SrStoreView *view, gboolean with_detail)
{
    SrJson *store = json_object_new_object();
    const gboolean locked = request->agent->locked && view->state == SR_STORE_OPEN;
    const SrStoreState state = locked ? SR_STORE_LOCKED
                               : view->state == SR_STORE_OPEN && has_no_key(request)
                                   ? SR_STORE_EMPTY
                                   : view->state;

    sr_json_add_string(store, "name", sr_store_thread_store_name(request->agent->store));
    sr_json_add_string(store, "state", sr_store_state_name(state));
    if (with_detail)
        sr_json_add_string(store, "detail",
                           locked ? "by sealring itself, until `sealring unlock`" : view->detail);
    return store;
}

static SrJson *limits_json(void)
{
    SrJson *limits = json_object_new_object();

    sr_json_add_integer(limits, "requestBytes", SR_FRAME_REQUEST_MAX);
    sr_json_add_integer(limits, "replyBytes", SR_FRAME_REPLY_MAX);
    sr_json_add_integer(limits, "depth", SR_JSON_DEPTH_MAX);
    sr_json_add_integer(limits, "siweBytes", SR_SIWE_MESSAGE_MAX);
    sr_json_add_integer(limits, "messageBytes", SR_MESSAGE_MAX);
    sr_json_add_integer(limits, "recordBytes", SR_STORAGE_VALUE_MAX);
    sr_json_add_integer(limits, "promptsWaiting", SR_PROMPTS_PER_CALLER);
    return limits;
}

static void reply_hello(SrRequest *request)
{
    g_autoptr(SrStoreView) view = g_steal_pointer(&request->result);
    SrJson *result = json_object_new_object();

    sr_json_add_integer(result, "protocol", PROTOCOL_VERSION);
    sr_json_add_string(result, "version", SR_VERSION);
    sr_json_add(result, "methods", sr_dispatch_names(request->agent, request->caller));
    sr_json_add(result, "limits", limits_json());
    sr_json_add(result, "store", store_json(request, view, FALSE));
    sr_json_add_string(result, "prompt",
                       sr_prompter_kind(request->agent->prompter, request->caller));
    sr_store_view_keep(request->agent, g_steal_pointer(&view));
    sr_request_reply(request, result);
}

/* Only who asks for them gets notifications: browsers take the first frame after a single message
 * for its reply. */
static void handle_hello(SrRequest *request)
{
    static const char *const names[] = {"changes", NULL};
    GError *error = NULL;
    gboolean changes = FALSE;

    if (request->params &&
        (!sr_json_only(request->params, names, &error) ||
         !sr_json_boolean_optional(request->params, "changes", &changes, &error))) {
        sr_request_fail(request, error);
        return;
    }
    if (changes && !request->is_page)
        sr_connection_set_hears_changes(request->connection, TRUE);
    sr_store_view_take_recent(request, reply_hello);
}

/* Whether this program's file was replaced or removed since it was started. */
static gboolean is_replaced(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);

    return program && g_str_has_suffix(program, " (deleted)");
}

static void add_counts(const SrAgent *agent, SrJson *result)
{
    if (sr_key_ring_is_loaded(agent->keys)) { /* else nobody knows how many there are */
        sr_json_add_integer(result, "keys", sr_key_ring_size(agent->keys));
        sr_json_add_integer(result, "damagedKeys", sr_key_ring_damaged(agent->keys)->len);
    }
    sr_json_add_integer(result, "unlockedKeys", sr_key_ring_unlocked(agent->keys));
    sr_json_add_integer(result, "clients",
                        agent->connections->len - sr_programs_connections(agent->programs));
    sr_json_add_integer(result, "programs", sr_programs_applications(agent->programs)->len);
    sr_json_add_integer(result, "promptsWaiting", sr_prompter_waiting(agent->prompter));
}

static void reply_status(SrRequest *request)
{
    const SrAgent *agent = request->agent;
    g_autoptr(SrStoreView) view = g_steal_pointer(&request->result);
    SrJson *result = json_object_new_object();

    sr_json_add_string(result, "version", SR_VERSION);
    sr_json_add(result, "store", store_json(request, view, sr_request_is_cli(request)));
    sr_json_add_string(result, "prompt", sr_prompter_kind(agent->prompter, request->caller));
    if (sr_request_is_extension(request) && !request->is_page)
        sr_json_add_integer(result, "promptsWaiting",
                            sr_prompter_waiting_for(agent->prompter, request->connection));
    if (sr_request_is_cli(request)) {
        add_counts(agent, result);
        sr_json_add_integer(result, "pid", getpid());
        sr_json_add_string(result, "folder", agent->runtime_folder);
        sr_json_add_boolean(result, "replaced", is_replaced());
        sr_json_add_boolean(result, "outdated", sr_configuration_is_outdated(agent->configuration));
    }
    sr_request_reply(request, result);
}

/* Status counts the keys if they can be known without asking anyone. */
static void look_for_status(SrRequest *request)
{
    request->needs_store = FALSE; /* it says what is, whatever that is */
    sr_store_view_take(request, reply_status);
}

static void on_looked(SrRequest *request)
{
    g_autoptr(SrStoreView) view = g_steal_pointer(&request->result);

    if (view->state == SR_STORE_OPEN && !request->agent->locked)
        sr_request_need_keys(request, FALSE, look_for_status);
    else
        look_for_status(request);
}

static void handle_status(SrRequest *request)
{
    if (sr_key_ring_is_loaded(request->agent->keys))
        look_for_status(request);
    else
        sr_store_view_take(request, on_looked);
}

/* --- lock, unlock
 * -------------------------------------------------------------------------------------- */

static void handle_lock(SrRequest *request)
{
    GError *error = NULL;

    const gboolean changed = !request->agent->locked;

    sr_agent_lock(request->agent, TRUE);
    if (!changed || sr_request_record(request, "lock", NULL, &error))
        sr_request_reply(request, NULL);
    else
        sr_request_fail(request, error);
}

static void on_unlocked(SrRequest *request)
{
    request->result = NULL;
    if (request->locks == request->agent->locks) { /* else it was locked again meanwhile */
        request->agent->locked = FALSE;
        sr_request_resume_waiting(request->agent);
    }
    sr_request_need_keys(request, FALSE, look_for_status);
}

static gpointer unlock_job(SrStore *store, gpointer passphrase, GError **error)
{
    return sr_store_unlock(store, passphrase, error) ? store : NULL;
}

static void unlock_vault(SrRequest *request)
{
    sr_request_change_store(request, unlock_job, g_steal_pointer(&request->passphrase),
                            (GDestroyNotify)sr_secret_free, 0, on_unlocked);
}

static void ask_vault_passphrase(SrRequest *request, gboolean is_new)
{
    SrConsentModel *model =
        sr_request_consent(request, is_new ? "Choose a passphrase for your new sealring vault"
                                           : "Unlock your sealring vault");

    sr_consent_model_add(model, SR_CONSENT_ACTION, is_new ? "Create the vault" : "Unlock");
    sr_request_passphrase(request, model, is_new, unlock_vault);
}

/* What no passphrase protects: an extension must not undo by itself what the user locked. */
static void ask_to_unlock(SrRequest *request, SrRequestStep next)
{
    SrConsentModel *model;

    if (sr_request_is_cli(request) || !request->agent->locked) {
        next(request);
        return;
    }
    model = sr_request_consent(request, "Unlock sealring?");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Unlock");
    sr_request_ask(request, model, next);
}

/* Some keyrings open without a dialog (no password): try that first. */
static gpointer try_unlock_job(SrStore *store, gpointer data, GError **error)
{
    (void)data;
    (void)error;
    return GINT_TO_POINTER(sr_store_unlock(store, NULL, NULL) ? 2 : 1);
}

/* The keyring service shows a dialog of its own; nothing of ours waits for it. */
static gpointer unlock_service(gpointer data, GError **error)
{
    return sr_secret_service_unlock_with_prompt(NULL, KEYRING_DIALOG_MS, error) ? data : NULL;
}

static void on_unlock_tried(SrRequest *request)
{
    if (GPOINTER_TO_INT(request->result) == 2)
        on_unlocked(request);
    else
        sr_request_on_worker(request, unlock_service, request, NULL, NULL, on_unlocked);
}

static void try_unlock(SrRequest *request)
{
    sr_request_on_store(request, try_unlock_job, NULL, NULL, NULL, SR_STORE_DEADLINE_MS,
                        on_unlock_tried);
}

static void on_viewed(SrRequest *request)
{
    g_autoptr(SrStoreView) view = g_steal_pointer(&request->result);
    const SrStoreState state = view->state;
    const gboolean vault = strcmp(sr_store_thread_store_name(request->agent->store), "vault") == 0;
    GError *error = NULL;

    if (state == SR_STORE_UNAVAILABLE) {
        sr_error_set(&error, SR_ERROR_STORE_UNAVAILABLE, "%s", view->detail);
        sr_request_fail(request, error);
    } else if (vault && (state == SR_STORE_LOCKED || state == SR_STORE_EMPTY)) {
        ask_vault_passphrase(request, state == SR_STORE_EMPTY);
    } else {
        ask_to_unlock(request, state == SR_STORE_LOCKED ? try_unlock : on_unlocked);
    }
}

static void handle_unlock(SrRequest *request)
{
    static const char *const none[] = {NULL};
    GError *error = NULL;

    if (!sr_request_is_cli(request) && request->params &&
        !sr_json_only(request->params, none, &error)) {
        sr_request_fail(request, error);
        return;
    }
    request->needs_store = TRUE;
    sr_store_view_take(request, on_viewed);
}

/* --- questions that nobody waits for
 * ------------------------------------------------------------- */

/* Another request of the same client, NULL when it is answered. */
static SrRequest *find_other(const SrRequest *request, const char *id)
{
    const GPtrArray *all = sr_connection_requests(request->connection);

    for (guint i = 0; i < all->len; i++) {
        SrRequest *other = all->pdata[i];

        if (other != request && g_str_equal(other->id, id))
            return other;
    }
    return NULL;
}

/* Its answer may be on its way already; then there is nothing to do. */
static void handle_cancel(SrRequest *request)
{
    static const char *const names[] = {"id", NULL};
    g_autofree char *id = sr_dispatch_id(request->params);
    GError *error = NULL;
    SrRequest *other;

    if (!id || !sr_json_only(request->params, names, &error)) {
        if (!error)
            sr_error_set_at(&error, SR_ERROR_INVALID_PARAMS, "id", -1,
                            "must be that of a request: an integer or a string");
        sr_request_fail(request, error);
        return;
    }
    other = find_other(request, id);
    if (other)
        sr_request_withdraw(other);
    sr_request_reply(request, NULL);
}

/* --- the end, terminals
 * --------------------------------------------------------------------------------- */

static void handle_stop(SrRequest *request)
{
    SrAgent *agent = request->agent;

    sr_request_reply(request, NULL);
    sr_agent_stop(agent);
}

static void handle_prompt_answer(SrRequest *request)
{
    gint64 id = 0;
    gboolean allow = FALSE;
    gboolean remember = FALSE;
    SrSecret *passphrase = NULL;
    GError *error = NULL;

    if (!sr_json_integer_optional(request->params, "prompt", 1, G_MAXINT64, &id, &error) ||
        !sr_json_boolean_optional(request->params, "allow", &allow, &error) ||
        !sr_json_boolean_optional(request->params, "remember", &remember, &error)) {
        sr_request_fail(request, error);
        return;
    }
    if (allow && request->fd >= 0)
        passphrase = sr_request_read_passed(request, SR_PASSPHRASE_MAX, NULL);
    if (!sr_prompter_answer(request->agent->prompter, request->connection, id,
                            !allow     ? SR_ANSWER_NO
                            : remember ? SR_ANSWER_YES_REMEMBER
                                       : SR_ANSWER_YES,
                            passphrase)) {
        sr_error_set_at(&error, SR_ERROR_INVALID_PARAMS, "prompt", -1,
                        "no such question is open here");
        sr_request_fail(request, error);
        return;
    }
    sr_request_reply(request, NULL);
}

const SrMethod sr_methods_service[] = {
    {"sealring.hello", SR_METHOD_OPEN, handle_hello},
    {"sealring.status", SR_METHOD_OPEN, handle_status},
    {"sealring.lock", SR_METHOD_OPEN, handle_lock},
    {"sealring.unlock", SR_METHOD_NO_PAGE | SR_METHOD_FD, handle_unlock},
    {"sealring.cancel", SR_METHOD_NO_PAGE, handle_cancel},
    {"sealring.stop", SR_METHOD_CLI_ONLY, handle_stop},
    {"prompt.answer", SR_METHOD_CLI_ONLY | SR_METHOD_FD, handle_prompt_answer},
    {NULL, 0, NULL},
};
