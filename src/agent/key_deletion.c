#include "agent/key_deletion.h"

#include "agent/programs.h"
#include "base/error.h"

/* --- a key
 * ------------------------------------------------------------------------------------------------
 */

static gpointer remove_job(SrStore *store, gpointer id, GError **error)
{
    g_autofree char *said = sr_token_object_id(sr_token_key_number(id));

    /* First what programs said of it: without a key that is nothing. */
    return sr_store_remove(store, SR_RECORD_RECORD, said, error) &&
                   sr_store_remove(store, SR_RECORD_KEY, id, error)
               ? store
               : NULL;
}

static void on_removed(SrRequest *request)
{
    GError *error = NULL;

    request->result = NULL;
    sr_key_ring_remove(request->agent->keys, request->key->id);
    sr_token_objects_remove(sr_programs_objects(request->agent->programs),
                            sr_token_key_number(request->key->id));
    if (sr_grants_revoke_key(request->agent->grants, request->key->id, &error) &&
        sr_request_record(request, "delete-key", NULL, &error))
        sr_request_reply(request, NULL);
    else
        sr_request_fail(request, error);
}

static void remove_now(SrRequest *request)
{
    sr_request_change_store(request, remove_job, g_strdup(request->key->id), g_free,
                            SR_STORE_DEADLINE_MS, on_removed);
}

void sr_key_deletion_start(SrRequest *request)
{
    sr_request_take_key(request, request->key->id, remove_now);
}

static void ask_for_key(SrRequest *request)
{
    SrConsentModel *model =
        sr_request_consent(request, "Delete the key \"%s\" for ever?", request->key->name);

    sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "Without a copy of the key, what belongs to it is lost.");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Delete");
    sr_request_ask(request, model, sr_key_deletion_start);
}

/* --- a damaged record: its id is the request's state
 * ------------------------------------------------------------------------------------------------
 */

/* What the job returns when the record can be read again: a whole key is not deleted as a damaged
 * one. */
static const char is_whole[] = "";

/* Only damage that is seen now counts: a keyring that fails, or memory that cannot be locked, says
 * nothing about the record. */
static gpointer remove_damaged_job(SrStore *store, gpointer id, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_KEY, id, &problem);
    g_autoptr(SrKeyInfo) info = record ? sr_key_record_info(record, &problem) : NULL;

    if (info)
        return (gpointer)(guintptr)is_whole;
    if (g_error_matches(problem, SR_ERROR, SR_ERROR_CORRUPT) ||
        g_error_matches(problem, SR_ERROR, SR_ERROR_KEY_NOT_FOUND))
        return sr_store_remove(store, SR_RECORD_KEY, id, error) ? store : NULL;
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static void on_damaged_removed(SrRequest *request)
{
    SrAgent *agent = request->agent;
    const char *id = request->state;
    g_autoptr(SrJson) more = json_object_new_object();
    GError *error = NULL;

    if (request->result == is_whole) {
        request->result = NULL;
        sr_key_ring_clear(agent->keys); /* so that the next request reads it anew */
        sr_error_set_at(&error, SR_ERROR_KEY_NOT_FOUND, "key", -1,
                        "can be read again, so it was not deleted");
        sr_request_fail(request, error);
        return;
    }
    request->result = NULL;
    sr_key_ring_remove_damaged(agent->keys, id);
    sr_json_add_string(more, "key", id);
    if (sr_grants_revoke_key(agent->grants, id, &error) &&
        sr_request_record(request, "delete-key", g_steal_pointer(&more), &error))
        sr_request_reply(request, NULL);
    else
        sr_request_fail(request, error);
}

/* While the question was open, the user may have deleted it, or locked everything. */
static void remove_damaged(SrRequest *request)
{
    GError *error = NULL;

    if (!sr_key_ring_find_damaged(request->agent->keys, request->state)) {
        sr_error_set_at(&error, SR_ERROR_KEY_NOT_FOUND, "key", -1, "is not there any more");
        sr_request_fail(request, error);
        return;
    }
    sr_request_change_store(request, remove_damaged_job, g_strdup(request->state), g_free,
                            SR_STORE_DEADLINE_MS, on_damaged_removed);
}

static void ask_for_damaged(SrRequest *request, const SrDamagedKey *key)
{
    SrConsentModel *model =
        sr_request_consent(request, "Delete the damaged key \"%s\" for ever?", key->name);

    request->state = g_strdup(key->id);
    request->free_state = g_free;
    sr_consent_model_add(model, SR_CONSENT_KEY, "%s (%s)", key->name, key->id);
    sr_consent_model_add(model, SR_CONSENT_WARNING,
                         "It cannot be used as it is, and nothing proves that the name is its own. "
                         "Deleting it ends the chance to repair it.");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Delete");
    sr_request_ask(request, model, remove_damaged);
}

static void on_keys_to_delete(SrRequest *request)
{
    const SrKeyRing *keys = request->agent->keys;
    GError *error = NULL;
    const char *name = sr_request_string(request, "key", &error);
    const SrDamagedKey *damaged = NULL;

    if (name && !sr_key_ring_find(keys, name, NULL))
        damaged = sr_key_ring_find_damaged(keys, name);
    if (damaged)
        ask_for_damaged(request, damaged);
    else if (name && sr_request_choose_key(request, name, &error))
        ask_for_key(request);
    else
        sr_request_fail(request, error);
}

void sr_key_deletion_handle(SrRequest *request)
{
    sr_request_need_keys(request, TRUE, on_keys_to_delete);
}
