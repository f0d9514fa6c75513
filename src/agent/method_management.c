/* audit.*, config.*, store.*: for the person who looks after the machine. */
#include "agent/connection.h"
#include "agent/request.h"
#include "agent/sessions.h"
#include "agent/store_view.h"
#include "base/error.h"
#include "store/migration.h"

#include <string.h>

#define AUDIT_LIMIT_DEFAULT 100
#define AUDIT_LIMIT_MAX 1000
#define TURNS_USEC (90 * G_USEC_PER_SEC)
#define TURNS_LOOK_MS 50u

/* --- the audit log
 * ----------------------------------------------------------------------------------------- */

static void handle_audit_list(SrRequest *request)
{
    gint64 after = 0;
    gint64 limit = AUDIT_LIMIT_DEFAULT;
    GError *error = NULL;
    SrJson *entries = NULL;
    SrJson *result;

    if (sr_json_integer_optional(request->params, "after", 0, G_MAXINT64, &after, &error) &&
        sr_json_integer_optional(request->params, "limit", 1, AUDIT_LIMIT_MAX, &limit, &error))
        entries = sr_audit_list(request->agent->audit, after, limit, &error);
    if (!entries) {
        sr_request_fail(request, error);
        return;
    }
    result = json_object_new_object();
    sr_json_add(result, "entries", entries);
    sr_request_reply(request, result);
}

static void handle_audit_verify(SrRequest *request)
{
    gint64 entries;
    gint64 broken_at;
    GError *error = NULL;
    SrJson *result;

    if (!sr_audit_verify(request->agent->audit, &entries, &broken_at, &error)) {
        sr_request_fail(request, error);
        return;
    }
    result = json_object_new_object();
    sr_json_add_integer(result, "entries", entries);
    sr_json_add_boolean(result, "valid", broken_at == 0);
    if (broken_at)
        sr_json_add_integer(result, "brokenAt", broken_at);
    sr_request_reply(request, result);
}

static void handle_audit_follow(SrRequest *request)
{
    sr_connection_set_follows(request->connection, TRUE);
    sr_request_reply(request, NULL);
}

/* --- configuration, store
 * --------------------------------------------------------------------------------------- */

static void handle_config_show(SrRequest *request)
{
    const SrConfiguration *configuration = request->agent->configuration;
    SrJson *result = json_object_new_object();

    sr_json_add_string(result, "file", configuration->file);
    sr_json_add(result, "values", sr_configuration_json(configuration));
    sr_request_reply(request, result);
}

static void reply_store(SrRequest *request)
{
    g_autoptr(SrStoreView) view = g_steal_pointer(&request->result);
    SrJson *result = json_object_new_object();

    sr_json_add_string(result, "configured",
                       sr_store_choice_name(request->agent->configuration->store));
    sr_json_add_string(result, "active", sr_store_thread_store_name(request->agent->store));
    sr_json_add_string(result, "state", sr_store_state_name(view->state));
    sr_json_add_string(result, "detail", view->detail);
    sr_request_reply(request, result);
}

static void handle_store_show(SrRequest *request)
{
    sr_store_view_take(request, reply_store);
}

/* --- moving
 * -------------------------------------------------------------------------------------------------------
 */

/*
 * What a move needs, on the store's thread. Moving to the store in use completes a move that was
 * interrupted after the choice was written: the other store may still hold the old copies.
 */
typedef struct {
    SrAgent *mover;     /* once agent->moving is this move's */
    guint turns_source; /* looks whether accounts are still being changed */
    gint64 turns_until; /* monotonic */
    SrStore *other;
    gboolean to_other;    /* else from the other store to the one in use */
    SrSecret *passphrase; /* for a vault that must be opened first */
    char *state_path;     /* state.db, where the choice is written before the old copy goes */
    guint moved;
    GPtrArray *damaged; /* entries of the records that were left */
} Moving;

static void moving_free(gpointer data)
{
    Moving *moving = data;

    g_clear_handle_id(&moving->turns_source, g_source_remove);
    if (moving->mover)
        moving->mover->moving = FALSE;
    sr_store_free(moving->other);
    sr_secret_free(moving->passphrase);
    g_free(moving->state_path);
    g_clear_pointer(&moving->damaged, g_ptr_array_unref);
    g_free(moving);
}

/* The new choice, durable, in a connection of its own: this is not the main loop's thread. */
static gboolean write_choice(gpointer data, GError **error)
{
    const Moving *moving = data;
    g_autoptr(SrDatabase) database = NULL;

    if (!moving->to_other)
        return TRUE;
    database = sr_database_open(moving->state_path, error);
    return database &&
           sr_database_set_setting(database, SR_SETTING_STORE, sr_store_name(moving->other),
                                   error) &&
           sr_database_commit(database, error);
}

static gpointer move_job(SrStore *store, gpointer data, GError **error)
{
    Moving *moving = data;
    SrStore *from = moving->to_other ? store : moving->other;
    SrStore *to = moving->to_other ? moving->other : store;

    if (moving->passphrase && !sr_store_unlock(moving->other, moving->passphrase, error))
        return NULL;
    return sr_migration_run(from, to, write_choice, moving, &moving->moved, &moving->damaged, error)
               ? moving
               : NULL;
}

static SrJson *damaged_json(const GPtrArray *entries)
{
    SrJson *array = json_object_new_array();

    for (guint i = 0; i < entries->len; i++) {
        const SrRecord *entry = entries->pdata[i];
        g_autofree char *id = g_utf8_make_valid(entry->id, -1);
        SrJson *json = json_object_new_object();

        sr_json_add_string(json, "kind", sr_record_kind_name(entry->kind));
        sr_json_add_string(json, "id", id);
        json_object_array_add(array, json);
    }
    return array;
}

/* The store in use has more than before. */
static void forget_store(SrAgent *agent)
{
    sr_key_ring_clear(agent->keys);
    sr_accounts_clear(agent->accounts);
    sr_sessions_clear(agent->sessions);
}

static void on_moved(SrRequest *request)
{
    Moving *moving = request->state;
    SrAgent *agent = request->agent;
    GError *error = NULL;
    SrJson *result;

    request->result = NULL;
    if (moving->to_other)
        sr_agent_set_store(agent, g_steal_pointer(&moving->other));
    else
        forget_store(agent);
    if (!sr_request_record(request, "move-store", NULL, &error)) {
        sr_request_fail(request, error);
        return;
    }
    result = json_object_new_object();
    sr_json_add_integer(result, "moved", moving->moved);
    sr_json_add(result, "damaged", damaged_json(moving->damaged));
    sr_json_add_string(result, "active", sr_store_thread_store_name(agent->store));
    sr_request_reply(request, result);
}

static void run_move(SrRequest *request)
{
    SrAgent *agent = request->agent;
    GError *error = NULL;

    /* The job writes to state.db itself, so nothing of ours may be pending there. */
    if (!sr_request_revalidate(request, &error) || !sr_database_commit(agent->database, &error)) {
        sr_request_fail(request, error);
        return;
    }
    agent->moving = FALSE; /* or this change of the store would be refused too */
    sr_request_change_store(request, move_job, request->state, NULL, 0, on_moved);
    agent->moving = TRUE;
}

/* A refresh token that comes from a provider now belongs where the account is: it is waited for. */
static gboolean on_look_for_turns(gpointer data)
{
    SrRequest *request = data;
    Moving *moving = request->state;
    GError *error = NULL;

    moving->turns_source = 0;
    if (request->agent->turns == 0) {
        run_move(request);
    } else if (g_get_monotonic_time() < moving->turns_until) {
        moving->turns_source = g_timeout_add(TURNS_LOOK_MS, on_look_for_turns, request);
    } else {
        sr_error_set(&error, SR_ERROR_BUSY, "an account is being refreshed; try again later");
        sr_request_fail(request, error);
    }
    return G_SOURCE_REMOVE;
}

static void start_move(SrRequest *request)
{
    SrAgent *agent = request->agent;
    Moving *moving = request->state;
    GError *error = NULL;

    moving->passphrase = g_steal_pointer(&request->passphrase);
    if (agent->moving) {
        sr_error_set(&error, SR_ERROR_BUSY, "another move is under way");
        sr_request_fail(request, error);
        return;
    }
    /* From now on: a key that is written behind the move would stay in the old store. */
    agent->moving = TRUE;
    moving->mover = agent;
    moving->turns_until = g_get_monotonic_time() + TURNS_USEC;
    moving->turns_source = g_timeout_add(0, on_look_for_turns, request);
}

static gboolean other_is_vault(const Moving *moving)
{
    return strcmp(sr_store_name(moving->other), "vault") == 0;
}

static void on_move_agreed(SrRequest *request)
{
    const Moving *moving = request->state;
    SrConsentModel *model;

    if (!other_is_vault(moving)) {
        start_move(request);
        return;
    }
    model = sr_request_consent(request, "Passphrase of the vault");
    sr_consent_model_add(model, SR_CONSENT_FACT,
                         "If there is no vault yet, it is made with this passphrase");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Use it");
    sr_request_passphrase(request, model, FALSE, start_move);
}

static gboolean check_move(SrRequest *request, GError **error)
{
    const SrStoreChoice choice = request->agent->configuration->store;
    const char *to = sr_request_string(request, "to", error);

    if (!to)
        return FALSE;
    if (strcmp(to, "vault") != 0 && strcmp(to, "secret-service") != 0)
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "to", -1,
                        "must be vault or secret-service");
    else if (choice != SR_CHOOSE_AUTO && strcmp(to, sr_store_choice_name(choice)) != 0)
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "to", -1,
                        "the configuration says store = %s; change it to auto or %s first",
                        sr_store_choice_name(choice), to);
    else
        return TRUE;
    return FALSE;
}

static void on_keys_to_move(SrRequest *request)
{
    const SrAgent *agent = request->agent;
    const char *active = sr_store_thread_store_name(agent->store);
    GError *error = NULL;
    Moving *moving;
    SrConsentModel *model;

    if (!check_move(request, &error)) {
        sr_request_fail(request, error);
        return;
    }
    moving = g_new0(Moving, 1);
    moving->to_other = strcmp(sr_json_string(request->params, "to", NULL), active) != 0;
    moving->other = strcmp(active, "vault") == 0 ? sr_agent_new_secret_service(agent)
                                                 : sr_agent_new_vault(agent);
    moving->state_path = g_build_filename(agent->state_folder, "state.db", NULL);
    request->state = moving;
    request->free_state = moving_free;
    model = sr_request_consent(request, "Move all keys and records to the %s?",
                               sr_json_string(request->params, "to", NULL));
    sr_consent_model_add(model, SR_CONSENT_FACT, "From: %s",
                         moving->to_other ? active : sr_store_name(moving->other));
    if (moving->to_other && sr_key_ring_damaged(agent->keys)->len > 0)
        sr_consent_model_add(model, SR_CONSENT_WARNING,
                             "%u damaged: what cannot be read stays where it is",
                             sr_key_ring_damaged(agent->keys)->len);
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Move");
    sr_request_ask(request, model, on_move_agreed);
}

static void handle_store_move(SrRequest *request)
{
    sr_request_need_keys(request, TRUE, on_keys_to_move);
}

const SrMethod sr_methods_management[] = {
    {"audit.list", SR_METHOD_CLI_ONLY, handle_audit_list},
    {"audit.verify", SR_METHOD_CLI_ONLY, handle_audit_verify},
    {"audit.follow", SR_METHOD_CLI_ONLY, handle_audit_follow},
    {"config.show", SR_METHOD_CLI_ONLY, handle_config_show},
    {"store.show", SR_METHOD_CLI_ONLY, handle_store_show},
    {"store.move", SR_METHOD_CLI_ONLY | SR_METHOD_FD, handle_store_move},
    {NULL, 0, NULL},
};
