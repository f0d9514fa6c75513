#include "agent/agent.h"

#include "agent/connection.h"
#include "agent/dispatch.h"
#include "agent/limits.h"
#include "agent/listener.h"
#include "agent/programs.h"
#include "agent/prompter.h"
#include "agent/providers.h"
#include "agent/refresher.h"
#include "agent/request.h"
#include "agent/sessions.h"
#include "agent/sign_batch.h"
#include "agent/sign_ins.h"
#include "agent/store_view.h"
#include "agent/watcher.h"
#include "base/error.h"
#include "policy/nonces.h"
#include "store/secret_service.h"
#include "store/vault.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static gboolean on_first_prune(gpointer data);

static char *make_folder(const char *base, GError **error)
{
    g_autofree char *folder = g_build_filename(base, "sealring", NULL);

    if (g_mkdir_with_parents(folder, 0700) == 0)
        return g_steal_pointer(&folder);
    sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "cannot create %s: %s", folder,
                 g_strerror(errno));
    return NULL;
}

SrStore *sr_agent_new_vault(const SrAgent *agent)
{
    g_autofree char *path = g_build_filename(agent->data_folder, "vault.db", NULL);

    return sr_vault_new(path, sr_configuration_scrypt_cost(agent->configuration));
}

SrStore *sr_agent_new_secret_service(const SrAgent *agent)
{
    (void)agent;
    return sr_secret_service_new(NULL);
}

/*
 * "auto" is decided once, by what there is when the first key could be made, and then kept: a
 * keyring that is missing today must not make keys appear lost, or new ones land elsewhere.
 */
static SrStoreChoice resolve_choice(const SrAgent *agent)
{
    g_autofree char *kept = sr_database_setting(agent->database, SR_SETTING_STORE);
    g_autoptr(SrStore) service = NULL;

    if (agent->configuration->store != SR_CHOOSE_AUTO)
        return agent->configuration->store;
    if (kept)
        return strcmp(kept, "vault") == 0 ? SR_CHOOSE_VAULT : SR_CHOOSE_SECRET_SERVICE;
    service = sr_agent_new_secret_service(agent);
    return sr_store_state(service, NULL) == SR_STORE_UNAVAILABLE ? SR_CHOOSE_VAULT
                                                                 : SR_CHOOSE_SECRET_SERVICE;
}

static void open_store(SrAgent *agent)
{
    SrStore *store = resolve_choice(agent) == SR_CHOOSE_VAULT ? sr_agent_new_vault(agent)
                                                              : sr_agent_new_secret_service(agent);

    agent->store = sr_store_thread_new(store);
}

void sr_agent_set_store(SrAgent *agent, SrStore *store)
{
    g_ptr_array_add(agent->former_stores, agent->store);
    agent->store = sr_store_thread_new(store);
    g_clear_pointer(&agent->store_view, sr_store_view_free);
    sr_key_ring_clear(agent->keys);
    sr_accounts_clear(agent->accounts);
    sr_sessions_clear(agent->sessions);
}

/* A vault is locked beside its file; a keyring is one for each session, also for an agent that was
 * started without the session's environment. */
char *sr_agent_lock_folder(const SrAgent *agent)
{
    const char *session = g_getenv("XDG_RUNTIME_DIR");
    g_autofree char *usual = g_strdup_printf("/run/user/%u", getuid());

    if (g_str_equal(sr_store_thread_store_name(agent->store), "vault"))
        return g_strdup(agent->data_folder);
    if (session && *session)
        return g_strdup(session);
    return g_strdup(access(usual, W_OK) == 0 ? usual : agent->state_folder);
}

static gboolean open_state(SrAgent *agent, GError **error)
{
    g_autofree char *path = NULL;

    agent->state_folder = make_folder(g_get_user_state_dir(), error);
    agent->data_folder = agent->state_folder ? make_folder(g_get_user_data_dir(), error) : NULL;
    if (!agent->data_folder)
        return FALSE;
    path = g_build_filename(agent->state_folder, "state.db", NULL);
    agent->database = sr_database_open(path, error);
    agent->audit = agent->database ? sr_audit_new(agent->database, error) : NULL;
    agent->grants = agent->audit ? sr_grants_new(agent->database, error) : NULL;
    return agent->grants != NULL;
}

/* Another number after every change of keys and grants, and after every lock. */
static guint revision_of(const SrAgent *agent)
{
    return sr_key_ring_revision(agent->keys) + sr_grants_revision(agent->grants) + agent->locks;
}

SrAgent *sr_agent_new(SrConfiguration *configuration, const char *runtime_folder, GError **error)
{
    g_autoptr(SrAgent) agent = g_new0(SrAgent, 1);

    agent->configuration = configuration;
    agent->runtime_folder = g_strdup(runtime_folder);
    agent->loop = g_main_loop_new(NULL, FALSE);
    agent->connections = g_ptr_array_new_with_free_func((GDestroyNotify)sr_connection_free);
    agent->former_stores = g_ptr_array_new_with_free_func((GDestroyNotify)sr_store_thread_free);
    agent->methods = sr_dispatch_table();
    agent->unattended = g_ptr_array_new();
    agent->claims = sr_key_claims_new();
    agent->batch = sr_sign_batch_new();
    agent->keys = sr_key_ring_new((guint)configuration->key_cache_seconds);
    agent->prompter = sr_prompter_new(agent);
    agent->network = sr_network_new(configuration);
    agent->providers = sr_providers_new(agent->network, configuration);
    agent->refresher = sr_refresher_new(agent);
    agent->sign_ins = sr_sign_ins_new();
    agent->accounts = sr_accounts_new();
    agent->sessions = sr_sessions_new((guint)configuration->key_cache_seconds);
    if (!open_state(agent, error))
        return NULL;
    agent->audit_sent = sr_audit_last(agent->audit);
    agent->revision = revision_of(agent);
    open_store(agent);
    agent->programs = sr_programs_new(agent);
    agent->watcher = sr_watcher_new(agent);
    agent->prune_source = g_idle_add(on_first_prune, agent);
    return g_steal_pointer(&agent);
}

void sr_agent_free(SrAgent *agent)
{
    if (!agent)
        return;
    sr_watcher_free(agent->watcher);
    g_clear_handle_id(&agent->prune_source, g_source_remove);
    g_clear_handle_id(&agent->trim_source, g_source_remove);
    sr_programs_free(agent->programs);
    g_ptr_array_unref(agent->connections);
    sr_prompter_free(agent->prompter);
    sr_sign_ins_free(agent->sign_ins);
    sr_refresher_free(agent->refresher);
    sr_providers_free(agent->providers);
    sr_network_free(agent->network);
    if (agent->store)
        sr_store_thread_free(agent->store);
    g_ptr_array_unref(agent->former_stores);
    sr_store_view_free(agent->store_view);
    g_ptr_array_foreach(agent->unattended, (GFunc)(void (*)(void))sr_request_free, NULL);
    g_ptr_array_unref(agent->unattended);
    sr_key_claims_free(agent->claims);
    sr_sign_batch_free(agent->batch);
    g_clear_handle_id(&agent->flush_source, g_source_remove);
    sr_key_ring_free(agent->keys);
    sr_accounts_free(agent->accounts);
    sr_sessions_free(agent->sessions);
    sr_grants_free(agent->grants);
    sr_audit_free(agent->audit);
    sr_database_free(agent->database);
    sr_listener_free(agent->listener); /* last: the next agent reads what was written */
    g_hash_table_unref(agent->methods);
    g_main_loop_unref(agent->loop);
    sr_configuration_free(agent->configuration);
    g_free(agent->runtime_folder);
    g_free(agent->state_folder);
    g_free(agent->data_folder);
    g_free(agent);
}

SrOriginPolicy sr_agent_origin_policy(const SrAgent *agent)
{
    return (SrOriginPolicy){.allow_http_loopback = agent->configuration->developer_mode};
}

/* --- replies -------------------------------------------------------------------------------------
 */

static gboolean has_followers(const SrAgent *agent)
{
    for (guint i = 0; i < agent->connections->len; i++)
        if (sr_connection_follows(agent->connections->pdata[i]))
            return TRUE;
    return FALSE;
}

/* New audit entries to the clients that follow the log. */
static void notify_followers(SrAgent *agent)
{
    const gint64 last = sr_audit_last(agent->audit);
    g_autoptr(SrJson) entries = NULL;

    if (last == agent->audit_sent)
        return;
    if (has_followers(agent))
        entries = sr_audit_list(agent->audit, agent->audit_sent, last - agent->audit_sent, NULL);
    agent->audit_sent = last;
    for (size_t i = 0; entries && i < json_object_array_length(entries); i++)
        for (guint j = 0; j < agent->connections->len; j++)
            if (sr_connection_follows(agent->connections->pdata[j]))
                sr_connection_notify(agent->connections->pdata[j], "audit.entry",
                                     json_object_array_get_idx(entries, i));
}

/*
 * To who wants to hear it: what it was told of keys and connections may not be so any more. Without
 * a word of what changed: each asks again, as the pages that it serves, and learns what is theirs.
 */
static void notify_of_changes(SrAgent *agent)
{
    const guint revision = revision_of(agent);
    g_autoptr(SrJson) params = NULL;

    if (revision == agent->revision)
        return;
    agent->revision = revision;
    params = json_object_new_object();
    for (guint i = 0; i < agent->connections->len; i++)
        if (sr_connection_hears_changes(agent->connections->pdata[i]))
            sr_connection_notify(agent->connections->pdata[i], "sealring.changed", params);
}

/* What is held in memory of state.db, as it is there. */
static void reload_state(SrAgent *agent)
{
    sr_audit_reset(agent->audit);
    sr_grants_reload(agent->grants, NULL);
}

static gboolean commit(SrAgent *agent)
{
    if (sr_database_commit(agent->database, NULL))
        return TRUE;
    reload_state(agent);
    return FALSE;
}

void sr_agent_undo(SrAgent *agent)
{
    if (sr_database_undo(agent->database))
        reload_state(agent);
}

static gboolean has_open_requests(const SrAgent *agent)
{
    for (guint i = 0; i < agent->connections->len; i++)
        if (sr_connection_requests(agent->connections->pdata[i])->len > 0)
            return TRUE;
    for (guint i = 0; i < agent->unattended->len; i++)
        if (!((const SrRequest *)agent->unattended->pdata[i])->late)
            return TRUE;
    /* What comes back must be written down. */
    return sr_refresher_is_busy(agent->refresher) || sr_sign_ins_is_saving(agent->sign_ins);
}

gboolean sr_agent_flush(SrAgent *agent)
{
    gboolean committed;

    sr_sign_batch_finish(agent->batch);
    committed = commit(agent);
    agent->reading = FALSE;
    notify_followers(agent);
    notify_of_changes(agent);
    for (guint i = agent->connections->len; i > 0; i--)
        sr_connection_flush(agent->connections->pdata[i - 1], committed);
    if (agent->stopping && !has_open_requests(agent))
        g_main_loop_quit(agent->loop);
    return committed;
}

static gboolean on_flush(gpointer data)
{
    SrAgent *agent = data;

    agent->flush_source = 0;
    sr_agent_flush(agent);
    return G_SOURCE_REMOVE;
}

void sr_agent_schedule_flush(SrAgent *agent)
{
    if (!agent->reading && !agent->flush_source)
        agent->flush_source = g_idle_add_full(G_PRIORITY_HIGH, on_flush, agent, NULL);
}

/* --- memory
 * ------------------------------------------------------------------------------------------ */

static gboolean on_trim(gpointer data)
{
    ((SrAgent *)data)->trim_source = 0;
    malloc_trim(0); /* between what lives long, malloc keeps it */
    return G_SOURCE_REMOVE;
}

void sr_agent_trim(SrAgent *agent)
{
    if (!agent->trim_source)
        agent->trim_source = g_timeout_add_seconds(1, on_trim, agent);
}

/* --- pruning
 * -----------------------------------------------------------------------------------------
 */

static gboolean on_prune(gpointer data)
{
    SrAgent *agent = data;
    const gint64 now = g_get_real_time() / G_USEC_PER_SEC;

    if (sr_grants_prune(agent->grants, now, NULL) && sr_nonces_prune(agent->database, now, NULL))
        sr_database_settle(agent->database);
    else
        sr_agent_undo(agent);
    sr_agent_schedule_flush(agent);
    return G_SOURCE_CONTINUE;
}

/* Once the main loop runs: only then is it certain that no other agent is there. */
static gboolean on_first_prune(gpointer data)
{
    SrAgent *agent = data;

    on_prune(agent);
    agent->prune_source = g_timeout_add_seconds(SR_PRUNE_SECONDS, on_prune, agent);
    return G_SOURCE_REMOVE;
}

/* --- lock, stop
 * ------------------------------------------------------------------------------------ */

static gpointer lock_job(SrStore *store, gpointer data, GError **error)
{
    (void)data;
    (void)error;
    sr_store_lock(store);
    return store;
}

static void on_store_locked(gpointer result, const GError *error, gpointer data)
{
    const SrAgent *agent = data;

    (void)result;
    (void)error;
    sr_watcher_locked(agent->watcher);
}

static void deny_open_prompts(SrAgent *agent, SrErrorCode code, const char *why)
{
    for (guint i = 0; i < agent->connections->len; i++) {
        g_autoptr(GPtrArray) requests =
            g_ptr_array_copy(sr_connection_requests(agent->connections->pdata[i]), NULL, NULL);

        for (guint j = 0; j < requests->len; j++) {
            GError *error = NULL;

            sr_error_set(&error, code, "%s", why);
            sr_request_cancel_prompt(requests->pdata[j], error);
        }
    }
}

void sr_agent_lock(SrAgent *agent, gboolean sticky)
{
    agent->locked = agent->locked || sticky;
    agent->locks++;
    sr_key_ring_clear(agent->keys);
    sr_accounts_clear(agent->accounts);
    sr_sessions_clear(agent->sessions);
    sr_agent_schedule_flush(agent); /* extensions hear of it */
    sr_sign_ins_end(agent->sign_ins, SR_ERROR_STORE_LOCKED, "sealring was locked meanwhile");
    deny_open_prompts(agent, SR_ERROR_STORE_LOCKED, "sealring was locked meanwhile");
    sr_store_thread_run(agent->store, lock_job, NULL, NULL, NULL, 0, on_store_locked, agent);
}

void sr_agent_stop(SrAgent *agent)
{
    agent->stopping = TRUE;
    if (agent->listener)
        sr_listener_close(agent->listener);
    sr_sign_ins_end(agent->sign_ins, SR_ERROR_AGENT_UNAVAILABLE,
                    "the agent is ending; connect again");
    deny_open_prompts(agent, SR_ERROR_AGENT_UNAVAILABLE, "the agent is ending; connect again");
    sr_agent_schedule_flush(agent);
}
