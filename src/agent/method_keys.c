/* keys.*: list, create, rename, default, seal, unseal. */
#include "agent/key_deletion.h"
#include "agent/key_writing.h"
#include "agent/request.h"
#include "agent/vault_setup.h"
#include "base/error.h"
#include "crypto/seal.h"
#include "ethereum/address.h"

#include <string.h>

/* --- list
 * ------------------------------------------------------------------------------------------------
 */

/* Pages are not told: nothing proves which key a damaged record was, so it is connected to none. */
static SrJson *damaged_json(const SrRequest *request)
{
    const GPtrArray *damaged = sr_key_ring_damaged(request->agent->keys);
    SrJson *array = json_object_new_array();

    for (guint i = 0; i < damaged->len; i++) {
        const SrDamagedKey *key = damaged->pdata[i];
        SrJson *json = json_object_new_object();

        sr_json_add_string(json, "id", key->id);
        sr_json_add_string(json, "name", key->name);
        sr_json_add_string(json, "problem", key->problem);
        sr_json_add_boolean(json, "default", sr_key_ring_is_chosen(request->agent->keys, key->id));
        json_object_array_add(array, json);
    }
    return array;
}

static void reply_list(SrRequest *request)
{
    g_autoptr(GPtrArray) keys = sr_key_ring_list(request->agent->keys);
    SrJson *array = json_object_new_array();
    SrJson *result = json_object_new_object();

    for (guint i = 0; i < keys->len; i++) {
        const SrKeyInfo *info = keys->pdata[i];

        if (sr_request_is_connected(request, info->id))
            json_object_array_add(array, sr_request_key_json(request, info));
    }
    sr_json_add(result, "keys", array);
    if (sr_request_is_cli(request))
        sr_json_add(result, "damaged", damaged_json(request));
    sr_request_reply(request, result);
}

static void handle_list(SrRequest *request)
{
    sr_request_need_keys(request, sr_request_is_cli(request), reply_list);
}

/* --- create
 * ------------------------------------------------------------------------------------------------
 */

static gboolean read_type(SrRequest *request, SrKeyType *ret_type, GError **error)
{
    const char *name;

    *ret_type = SR_KEY_SECP256K1;
    if (!sr_json_string_optional(request->params, "type", &name, error))
        return FALSE;
    if (!name || sr_key_type_from_name(name, ret_type))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "type", -1,
                    "must be secp256k1, p256 or ed25519");
    return FALSE;
}

/* The name asked for if it can be one, else a free one; owned by the caller. */
static char *read_name(SrRequest *request, GError **error)
{
    const char *name;

    if (!sr_json_string_optional(request->params, "name", &name, error))
        return NULL;
    if (!name)
        return sr_key_writing_claim_free_name(request);
    return sr_key_writing_claim_name(request, name, error) ? g_strdup(name) : NULL;
}

static void create(SrRequest *request)
{
    GError *error = NULL;
    SrKeyType type;
    g_autofree char *name = read_name(request, &error);
    SrKey *key = name && read_type(request, &type, &error) ? sr_key_generate(type, &error) : NULL;

    if (!key) {
        sr_request_fail(request, error);
        return;
    }
    sr_key_writing_start(request, sr_key_info_new(key, name, g_get_real_time() / G_USEC_PER_SEC),
                         key, NULL, TRUE, "create-key");
}

static void on_store_to_create(SrRequest *request)
{
    const char *name = NULL;
    GError *error = NULL;
    SrConsentModel *model;

    if (sr_request_is_cli(request)) {
        create(request);
        return;
    }
    /* Whether a name is free is for those who may make keys to know: it is checked afterwards. */
    if (!sr_json_string_optional(request->params, "name", &name, &error)) {
        sr_request_fail(request, error);
        return;
    }
    model = sr_request_consent(request, "Create a new key?");
    if (name)
        sr_consent_model_add(model, SR_CONSENT_FACT, "Name: %s", name);
    sr_consent_model_add(model, SR_CONSENT_GRANT, "See the key's address, ask for signatures");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Create");
    sr_request_ask(request, model, create);
}

static void handle_create(SrRequest *request)
{
    static const char *const names[] = {"name", "type", NULL};
    GError *error = NULL;
    SrKeyType type;

    if (request->params && !sr_json_only(request->params, names, &error))
        sr_request_fail(request, error);
    else if (read_type(request, &type, &error))
        sr_request_need_store(request, on_store_to_create);
    else
        sr_request_fail(request, error);
}

/* --- rename, default
 * ------------------------------------------------------------------------------------------ */

/* Choose the key of the "key" param, which must be there. */
static gboolean choose_named(SrRequest *request, GError **error)
{
    const char *name = sr_request_string(request, "key", error);

    return name && sr_request_choose_key(request, name, error);
}

static gpointer rename_job(SrStore *store, gpointer data, GError **error)
{
    const SrKeyInfo *info = data;
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_KEY, info->id, error);

    if (!record)
        return NULL;
    g_free(record->label);
    record->label = g_strdup(info->name);
    return sr_store_put(store, record, error) ? store : NULL;
}

static void reply_key(SrRequest *request)
{
    SrJson *result = json_object_new_object();

    sr_json_add(result, "key", sr_request_key_json(request, request->key));
    sr_request_reply(request, result);
}

static void on_renamed(SrRequest *request)
{
    SrKeyRing *keys = request->agent->keys;
    GError *error = NULL;

    request->result = NULL;
    if (sr_key_ring_is_loaded(keys))
        sr_key_ring_add(keys, sr_key_info_copy(request->key));
    if (sr_request_record(request, "rename-key", NULL, &error))
        reply_key(request);
    else
        sr_request_fail(request, error);
}

static void rename_now(SrRequest *request)
{
    GError *error = NULL;
    const char *name = sr_request_string(request, "name", &error);

    if (!name || !sr_key_writing_claim_name(request, name, &error)) {
        sr_request_fail(request, error);
        return;
    }
    g_free(request->key->name);
    request->key->name = g_strdup(name);
    sr_request_change_store(request, rename_job, sr_key_info_copy(request->key),
                            (GDestroyNotify)sr_key_info_free, SR_STORE_DEADLINE_MS, on_renamed);
}

static void rename_key(SrRequest *request)
{
    sr_request_take_key(request, request->key->id, rename_now);
}

static void set_default(SrRequest *request)
{
    SrAgent *agent = request->agent;
    GError *error = NULL;

    if (request->key->type != SR_KEY_SECP256K1)
        sr_error_set_at(&error, SR_ERROR_INVALID_PARAMS, "key", -1,
                        "only an Ethereum (secp256k1) key can be the default");
    if (error ||
        !sr_database_set_setting(agent->database, SR_SETTING_DEFAULT_KEY, request->key->id,
                                 &error) ||
        !sr_request_record(request, "default-key", NULL, &error)) {
        sr_request_fail(request, error);
        return;
    }
    sr_key_ring_set_default(agent->keys, request->key->id);
    reply_key(request);
}

/* Go on with @next, after asking when it is an extension that wants it. */
static void confirm_for_extension(SrRequest *request, const char *title, SrRequestStep next)
{
    SrConsentModel *model;

    if (sr_request_is_cli(request)) {
        next(request);
        return;
    }
    model = sr_request_consent(request, "%s", title);
    sr_request_add_key(request, model);
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Allow");
    sr_request_ask(request, model, next);
}

static void on_keys_to_rename(SrRequest *request)
{
    GError *error = NULL;
    const char *name = sr_request_string(request, "name", &error);
    g_autofree char *title = NULL;

    if (!name || !choose_named(request, &error) ||
        !sr_key_writing_check_name(request, name, &error)) {
        sr_request_fail(request, error);
        return;
    }
    title = g_strdup_printf("Rename the key \"%s\" to \"%s\"?", request->key->name, name);
    confirm_for_extension(request, title, rename_key);
}

static void handle_rename(SrRequest *request)
{
    sr_request_need_keys(request, TRUE, on_keys_to_rename);
}

static void on_keys_to_default(SrRequest *request)
{
    GError *error = NULL;

    if (choose_named(request, &error))
        confirm_for_extension(request, "Use this key when no key is named?", set_default);
    else
        sr_request_fail(request, error);
}

static void handle_set_default(SrRequest *request)
{
    sr_request_need_keys(request, TRUE, on_keys_to_default);
}

/* --- seal, unseal
 * ---------------------------------------------------------------------------------------------------
 */

/* A key on its way through the worker: copies, because the ring may forget its own meanwhile. */
typedef struct {
    SrKey *key;
    SrSecret *passphrase;
    SrScryptCost cost;
} Sealing;

static void sealing_free(gpointer data)
{
    Sealing *sealing = data;

    sr_key_free(sealing->key);
    sr_secret_free(sealing->passphrase);
    g_free(sealing);
}

static gpointer seal_work(gpointer data, GError **error)
{
    const Sealing *sealing = data;

    return sr_seal_key(sealing->key, sealing->passphrase, sealing->cost, error);
}

static void on_sealed(SrRequest *request)
{
    char *seal = g_steal_pointer(&request->result);

    sr_key_ring_drop_private(request->agent->keys);
    sr_key_writing_start(request, sr_key_info_copy(request->key), NULL, seal, FALSE, "seal-key");
}

static void seal(SrRequest *request)
{
    GError *error = NULL;
    SrKey *copy = sr_key_copy(request->private_key, &error);
    Sealing *sealing;

    if (!copy) {
        sr_request_fail(request, error);
        return;
    }
    sealing = g_new0(Sealing, 1);
    sealing->key = copy;
    sealing->passphrase = g_steal_pointer(&request->passphrase);
    sealing->cost = sr_configuration_scrypt_cost(request->agent->configuration);
    sr_request_on_worker(request, seal_work, sealing, sealing_free, g_free, on_sealed);
}

/* Whether the key is (not) sealed, as this method needs it: before the user is asked and after. */
static gboolean check_sealed(const SrRequest *request, gboolean wanted, GError **error)
{
    if (request->key->sealed == wanted)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "key", -1, "%s",
                    wanted ? "is not sealed" : "is sealed already");
    return FALSE;
}

static void seal_now(SrRequest *request)
{
    GError *error = NULL;

    if (check_sealed(request, FALSE, &error))
        sr_request_open_key(request, seal);
    else
        sr_request_fail(request, error);
}

static void take_to_seal(SrRequest *request)
{
    sr_request_take_key(request, request->key->id, seal_now);
}

static void on_keys_to_seal(SrRequest *request)
{
    GError *error = NULL;
    SrConsentModel *model;

    if (!choose_named(request, &error) || !check_sealed(request, FALSE, &error)) {
        sr_request_fail(request, error);
        return;
    }
    model =
        sr_request_consent(request, "Choose a passphrase for the key \"%s\"", request->key->name);
    sr_consent_model_add(model, SR_CONSENT_WARNING, "Whoever forgets it loses the key.");
    sr_consent_model_add(model, SR_CONSENT_ACTION, "Seal the key");
    sr_request_passphrase(request, model, TRUE, take_to_seal);
}

static void handle_seal(SrRequest *request)
{
    sr_request_need_keys(request, TRUE, on_keys_to_seal);
}

static void unseal_now(SrRequest *request)
{
    GError *error = NULL;
    SrKey *key;

    if (!check_sealed(request, TRUE, &error)) {
        sr_request_fail(request, error);
        return;
    }
    key = g_steal_pointer(&request->state);
    request->free_state = NULL;
    sr_key_writing_start(request, sr_key_info_copy(request->key), key, NULL, FALSE, "unseal-key");
}

/* The ring's own key may be gone when the turn comes: a copy. */
static void take_to_unseal(SrRequest *request)
{
    GError *error = NULL;

    request->state = sr_key_copy(request->private_key, &error);
    request->free_state = (GDestroyNotify)sr_key_free;
    if (request->state)
        sr_request_take_key(request, request->key->id, unseal_now);
    else
        sr_request_fail(request, error);
}

static void on_keys_to_unseal(SrRequest *request)
{
    GError *error = NULL;

    if (!choose_named(request, &error) || !check_sealed(request, TRUE, &error)) {
        sr_request_fail(request, error);
        return;
    }
    /* The passphrase is the consent: it is asked for even if the key happens to be open. */
    sr_key_ring_drop_private(request->agent->keys);
    sr_request_open_key(request, take_to_unseal);
}

static void handle_unseal(SrRequest *request)
{
    sr_request_need_keys(request, TRUE, on_keys_to_unseal);
}

const SrMethod sr_methods_keys[] = {
    {"keys.list", SR_METHOD_OPEN, handle_list},
    {"keys.create", SR_METHOD_OPEN, handle_create},
    {"keys.rename", SR_METHOD_OPEN, handle_rename},
    {"keys.setDefault", SR_METHOD_OPEN, handle_set_default},
    {"keys.delete", SR_METHOD_CLI_ONLY, sr_key_deletion_handle},
    {"keys.seal", SR_METHOD_CLI_ONLY | SR_METHOD_FD, handle_seal},
    {"keys.unseal", SR_METHOD_CLI_ONLY | SR_METHOD_FD, handle_unseal},
    {NULL, 0, NULL},
};
