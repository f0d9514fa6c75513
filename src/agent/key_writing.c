#include "agent/key_writing.h"

#include "agent/limits.h"
#include "base/encoding.h"
#include "base/error.h"
#include "ethereum/address.h"

#include <string.h>

typedef struct {
    SrKeyInfo *info;
    const char *event;
    gboolean is_new;
} Writing;

static void writing_free(gpointer data)
{
    Writing *writing = data;

    sr_key_info_free(writing->info);
    g_free(writing);
}

/* A name must not stand for another key. */
static gboolean looks_like_id(const char *name)
{
    guint8 id[8];

    return sr_address_read(name, strlen(name), NULL) ||
           sr_hex_decode_fixed(name, strlen(name), id, sizeof id);
}

gboolean sr_key_writing_check_name(const SrRequest *request, const char *name, GError **error)
{
    const glong length = g_utf8_strlen(name, -1);
    gboolean printable = TRUE;

    for (const char *at = name; *at; at += g_utf8_skip[(guchar)*at])
        printable = printable && g_unichar_isprint(g_utf8_get_char(at));
    if (length < 1 || length > (glong)SR_KEY_NAME_MAX || !printable) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "name", -1,
                        "must be 1 to %u printable characters", SR_KEY_NAME_MAX);
        return FALSE;
    }
    if (looks_like_id(name)) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "name", -1,
                        "must not look like an address or a key's id");
        return FALSE;
    }
    if (!sr_key_ring_has_name(request->agent->keys, name))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_KEY_EXISTS, "name", -1, "a key \"%s\" is there already", name);
    return FALSE;
}

gboolean sr_key_writing_claim_name(const SrRequest *request, const char *name, GError **error)
{
    if (!sr_key_writing_check_name(request, name, error))
        return FALSE;
    if (sr_key_claims_take_name(request->agent->claims, name, request))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_KEY_EXISTS, "name", -1,
                    "another request is making a key \"%s\"", name);
    return FALSE;
}

/* The names of all keys, borrowed from @keys. */
static GHashTable *names_of(const SrKeyRing *keys)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) list = sr_key_ring_list(keys);
    const GPtrArray *damaged = sr_key_ring_damaged(keys);

    for (guint i = 0; i < list->len; i++)
        g_hash_table_add(names, ((SrKeyInfo *)list->pdata[i])->name);
    for (guint i = 0; i < damaged->len; i++)
        g_hash_table_add(names, ((SrDamagedKey *)damaged->pdata[i])->name);
    return names;
}

char *sr_key_writing_claim_free_name(const SrRequest *request)
{
    SrKeyClaims *claims = request->agent->claims;
    g_autoptr(GHashTable) names = names_of(request->agent->keys);

    for (guint i = 1;; i++) {
        g_autofree char *name = g_strdup_printf("Key %u", i);

        if (!g_hash_table_contains(names, name) && sr_key_claims_take_name(claims, name, request))
            return g_steal_pointer(&name);
    }
}

/* "auto" stays with the store that holds the first key. */
static gboolean keep_store_choice(const SrAgent *agent, GError **error)
{
    g_autofree char *kept = sr_database_setting(agent->database, SR_SETTING_STORE);
    const char *name = sr_store_thread_store_name(agent->store);

    return g_strcmp0(kept, name) == 0 ||
           sr_database_set_setting(agent->database, SR_SETTING_STORE, name, error);
}

/* A page's new key is connected to it; the first account becomes the default. */
static gboolean settle_new_key(SrRequest *request, const SrKeyInfo *info, gboolean had_default,
                               GError **error)
{
    SrAgent *agent = request->agent;

    if (!keep_store_choice(agent, error))
        return FALSE;
    if (sr_request_is_extension(request) &&
        !sr_grants_connect(agent->grants, request->caller->extension, request->origin, info->id,
                           error))
        return FALSE;
    /* Locked meanwhile, the ring is empty and tells nothing. */
    if (info->type != SR_KEY_SECP256K1 || !sr_key_ring_is_loaded(agent->keys) || had_default)
        return TRUE;
    return sr_database_set_setting(agent->database, SR_SETTING_DEFAULT_KEY, info->id, error);
}

static void on_written(SrRequest *request)
{
    Writing *writing = request->state;
    SrKeyRing *keys = request->agent->keys;
    const SrKeyInfo *info = writing->info;
    const gboolean had_default = sr_key_ring_has_default(keys);
    GError *error = NULL;
    SrJson *result;

    request->result = NULL;
    /* The ring says what the store has, whether or not the log can be written. */
    if (sr_key_ring_is_loaded(keys))
        sr_key_ring_add(keys, sr_key_info_copy(info));
    if ((writing->is_new && !settle_new_key(request, info, had_default, &error)) ||
        !sr_request_record(request, writing->event, NULL, &error)) {
        sr_request_fail(request, error);
        return;
    }
    if (!had_default && request->key->type == SR_KEY_SECP256K1)
        sr_key_ring_set_default(keys, request->key->id);
    result = json_object_new_object();
    sr_json_add(result, "key", sr_request_key_json(request, request->key));
    sr_request_reply(request, result);
}

static gpointer put_job(SrStore *store, gpointer record, GError **error)
{
    return sr_store_put(store, record, error) ? store : NULL;
}

void sr_key_writing_start(SrRequest *request, SrKeyInfo *info, SrKey *key, char *seal,
                          gboolean is_new, const char *event)
{
    Writing *writing = g_new0(Writing, 1);
    GError *error = NULL;
    SrRecord *record;

    info->sealed = key == NULL;
    writing->info = info;
    writing->event = event;
    writing->is_new = is_new;
    sr_request_clear_state(request);
    request->state = writing;
    request->free_state = writing_free;
    sr_request_set_key(request, info);
    record =
        key ? sr_key_record_plain(info, key, &error) : sr_key_record_sealed(info, seal, &error);
    sr_key_free(key);
    g_free(seal);
    if (record)
        sr_request_change_store(request, put_job, record, (GDestroyNotify)sr_record_free,
                                SR_STORE_DEADLINE_MS, on_written);
    else
        sr_request_fail(request, error);
}
