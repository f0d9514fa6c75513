/* The steps of request.h that need the store open: knowing the keys, opening one. */
#include "agent/connection.h"
#include "agent/prompter.h"
#include "agent/request.h"
#include "base/error.h"
#include "crypto/seal.h"
#include "ethereum/address.h"

#include <string.h>

#define ATTEMPTS_MAX 3u

/* What a job returns instead of an error when the passphrase was wrong: the user may try again. */
static const char wrong_passphrase[] = "";

static void fail_locked(SrRequest *request)
{
    GError *error = NULL;

    sr_error_set(&error, SR_ERROR_STORE_LOCKED,
                 "sealring is locked; unlock it with: sealring unlock");
    sr_request_fail(request, error);
}

/* --- the vault's passphrase
 * ----------------------------------------------------------------------- */

static void start_load(SrRequest *request);

static SrConsentModel *unlock_model(SrRequest *request)
{
    SrConsentModel *model = sr_request_consent(request, "Unlock your sealring vault");

    if (request->attempts > 0)
        sr_consent_model_add(model, SR_CONSENT_ERROR, "That passphrase does not open the vault.");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Unlock");
    return model;
}

void sr_request_resume_waiting(SrAgent *agent)
{
    for (guint i = 0; i < agent->connections->len; i++) {
        GPtrArray *requests = sr_connection_requests(agent->connections->pdata[i]);

        for (guint j = 0; j < requests->len; j++) {
            SrRequest *request = requests->pdata[j];

            if (!request->unlocking || !request->ticket)
                continue;
            sr_prompter_cancel(agent->prompter, g_steal_pointer(&request->ticket));
            request->unlocking = FALSE;
            start_load(request);
        }
    }
}

static gpointer unlock_job(SrStore *store, gpointer passphrase, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (sr_store_unlock(store, passphrase, &problem))
        return store;
    if (g_error_matches(problem, SR_ERROR, SR_ERROR_WRONG_PASSPHRASE))
        return (gpointer)(guintptr)wrong_passphrase;
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static void ask_unlock(SrRequest *request);

static void on_unlocked(SrRequest *request)
{
    request->unlocking = FALSE;
    if (request->result == wrong_passphrase) {
        request->attempts++;
        ask_unlock(request);
        return;
    }
    request->attempts = 0;
    if (request->locks != request->agent->locks) { /* locked again meanwhile: that counts */
        fail_locked(request);
        return;
    }
    request->agent->locked = FALSE;
    sr_request_resume_waiting(request->agent);
    start_load(request);
}

static void on_unlock_passphrase(SrRequest *request)
{
    sr_request_change_store(request, unlock_job, g_steal_pointer(&request->passphrase),
                            (GDestroyNotify)sr_secret_free, 0, on_unlocked);
}

static void ask_unlock(SrRequest *request)
{
    GError *error = NULL;

    if (request->attempts < ATTEMPTS_MAX) {
        request->unlocking = TRUE;
        sr_request_prompt_passphrase(request, unlock_model(request), on_unlock_passphrase);
        return;
    }
    sr_error_set(&error, SR_ERROR_WRONG_PASSPHRASE, "the passphrase was wrong %u times",
                 ATTEMPTS_MAX);
    sr_request_fail(request, error);
}

/* --- knowing the keys
 * ------------------------------------------------------------------------------ */

/* The list of all keys, or the sentinel below when the store is locked. */
static const char store_locked[] = "";

static gpointer load_job(SrStore *store, gpointer data, GError **error)
{
    g_autofree char *detail = NULL;
    const SrStoreState state = sr_store_state(store, &detail);

    (void)data;
    if (state == SR_STORE_UNAVAILABLE) {
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "%s", detail);
        return NULL;
    }
    if (state == SR_STORE_LOCKED)
        return (gpointer)(guintptr)store_locked;
    return state == SR_STORE_EMPTY ? sr_key_list_new() : sr_key_list_read(store, error);
}

static gboolean is_vault(const SrAgent *agent)
{
    return strcmp(sr_store_thread_store_name(agent->store), "vault") == 0;
}

static void on_locked(SrRequest *request)
{
    const gboolean can_ask =
        strcmp(sr_prompter_kind(request->agent->prompter, request->caller), "none") != 0;

    if (is_vault(request->agent) && request->may_ask && can_ask)
        ask_unlock(request);
    else
        fail_locked(request);
}

static void on_loaded(SrRequest *request)
{
    SrAgent *agent = request->agent;
    gpointer list = g_steal_pointer(&request->result);
    g_autofree char *default_id = NULL;

    if (list == store_locked) {
        on_locked(request);
        return;
    }
    if (agent->locked) {
        sr_key_list_free(list);
        fail_locked(request);
        return;
    }
    if (sr_key_ring_is_loaded(agent->keys)) { /* another request was faster */
        sr_key_list_free(list);
    } else {
        default_id = sr_database_setting(agent->database, SR_SETTING_DEFAULT_KEY);
        sr_key_ring_load(agent->keys, list, default_id);
    }
    request->after_keys(request);
}

static void free_list(gpointer result)
{
    if (result != store_locked)
        sr_key_list_free(result);
}

static void start_load(SrRequest *request)
{
    sr_request_on_store(request, load_job, NULL, NULL, free_list, SR_STORE_DEADLINE_MS, on_loaded);
}

void sr_request_need_keys(SrRequest *request, gboolean ask, SrRequestStep next)
{
    request->after_keys = next;
    request->may_ask = ask;
    request->needs_store = TRUE;
    if (request->agent->locked)
        on_locked(request);
    else if (sr_key_ring_is_loaded(request->agent->keys))
        next(request);
    else
        start_load(request);
}

/* --- opening a key
 * ---------------------------------------------------------------------------------- */

/* Keep the opened key and go on, if it is the one that was asked for. */
static void opened(SrRequest *request, SrKey *key)
{
    GError *error = NULL;

    if (memcmp(sr_key_public(key, NULL), request->key->public_key,
               sr_key_public_size(request->key->type)) != 0) {
        sr_key_free(key);
        sr_error_set(&error, SR_ERROR_CORRUPT, "the stored key %s is not the key it was",
                     request->key->id);
        sr_request_fail(request, error);
        return;
    }
    request->private_key = sr_key_ring_keep(request->agent->keys, request->key->id, key);
    request->after_open(request);
}

/* A sealed key on its way through the worker. */
typedef struct {
    SrKeyType type;
    guint8 public_key[65];
    char *seal;
    SrSecret *passphrase;
} Unsealing;

static void unsealing_free(gpointer data)
{
    Unsealing *unsealing = data;

    g_free(unsealing->seal);
    sr_secret_free(unsealing->passphrase);
    g_free(unsealing);
}

static gpointer unseal_work(gpointer data, GError **error)
{
    const Unsealing *unsealing = data;
    g_autoptr(GError) problem = NULL;
    SrKey *key = sr_unseal_key(unsealing->type, unsealing->public_key, unsealing->seal,
                               unsealing->passphrase, &problem);

    if (key)
        return key;
    if (g_error_matches(problem, SR_ERROR, SR_ERROR_WRONG_PASSPHRASE))
        return (gpointer)(guintptr)wrong_passphrase;
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static void free_unsealed(gpointer result)
{
    if (result != wrong_passphrase)
        sr_key_free(result);
}

static void ask_unseal(SrRequest *request);

static void on_unsealed(SrRequest *request)
{
    gpointer key = g_steal_pointer(&request->result);

    if (key == wrong_passphrase) {
        request->attempts++;
        ask_unseal(request);
        return;
    }
    opened(request, key);
}

static void on_unseal_passphrase(SrRequest *request)
{
    Unsealing *unsealing = g_new0(Unsealing, 1);

    unsealing->type = request->key->type;
    memcpy(unsealing->public_key, request->key->public_key, sizeof unsealing->public_key);
    unsealing->seal = g_strdup(request->seal);
    unsealing->passphrase = g_steal_pointer(&request->passphrase);
    sr_request_on_worker(request, unseal_work, unsealing, unsealing_free, free_unsealed,
                         on_unsealed);
}

/* What the key is opened for, NULL when its window says it all. */
static const char *purpose_of(const SrRequest *request)
{
    static const struct {
        const char *method;
        const char *purpose;
    } rows[] = {
        {"siwe.sign", "signing in"},
        {"session.signIn", "signing in"},
        {"personal_sign", "a signature"},
        {"eth_signTypedData_v4", "a signature"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (g_str_equal(rows[i].method, request->method->name))
            return rows[i].purpose;
    return NULL;
}

static SrConsentModel *unseal_model(const SrRequest *request)
{
    SrConsentModel *model =
        sr_request_consent(request, "Passphrase of the key \"%s\"", request->key->name);
    const char *purpose = purpose_of(request);

    if (request->attempts > 0)
        sr_consent_model_add(model, SR_CONSENT_ERROR, "That passphrase does not open the key.");
    if (purpose)
        sr_consent_model_add(model, SR_CONSENT_FACT, "Needed for: %s", purpose);
    sr_consent_model_add(model, SR_CONSENT_FACT, "Stays in: sealring; who asks does not get it");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Open the key");
    return model;
}

static void ask_unseal(SrRequest *request)
{
    GError *error = NULL;

    /* A passphrase that came with the request is not asked for again. */
    if (request->attempts >= ATTEMPTS_MAX || (request->attempts > 0 && request->fd >= 0)) {
        sr_error_set(&error, SR_ERROR_WRONG_PASSPHRASE,
                     "the passphrase does not open the key \"%s\"", request->key->name);
        sr_request_fail(request, error);
        return;
    }
    sr_request_passphrase(request, unseal_model(request), FALSE, on_unseal_passphrase);
}

static void on_record(SrRequest *request)
{
    g_autoptr(SrRecord) record = g_steal_pointer(&request->result);
    GError *error = NULL;
    SrKey *key;

    g_free(request->seal);
    request->seal = sr_key_record_seal(record);
    if (request->seal) {
        request->attempts = 0;
        ask_unseal(request);
        return;
    }
    key = sr_key_record_key(record, &error);
    if (key)
        opened(request, key);
    else
        sr_request_fail(request, error);
}

static gpointer get_job(SrStore *store, gpointer id, GError **error)
{
    return sr_store_get(store, SR_RECORD_KEY, id, error);
}

void sr_request_open_key(SrRequest *request, SrRequestStep next)
{
    request->private_key = sr_key_ring_private(request->agent->keys, request->key->id);
    if (request->private_key) {
        next(request);
        return;
    }
    request->after_open = next;
    sr_request_on_store(request, get_job, g_strdup(request->key->id), g_free,
                        (GDestroyNotify)sr_record_free, SR_STORE_DEADLINE_MS, on_record);
}
