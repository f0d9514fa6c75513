#include "agent/key_ring.h"

#include "base/error.h"
#include "ethereum/address.h"

#include <string.h>

typedef struct {
    SrKey *key;
    gint64 expires; /* monotonic, microseconds */
} Unlocked;

struct SrKeyRing {
    GHashTable *infos;    /* id → SrKeyInfo */
    GPtrArray *damaged;   /* SrDamagedKey */
    GHashTable *unlocked; /* id → Unlocked */
    char *default_id;
    gint64 cache_time; /* microseconds */
    guint timer;
    gboolean loaded;
    guint revision;
    SrKeyRingChanged changed;
    gpointer changed_data;
};

static void tell(const SrKeyRing *ring, const char *id)
{
    if (ring->changed)
        ring->changed(id, ring->changed_data);
}

void sr_key_ring_watch(SrKeyRing *ring, SrKeyRingChanged changed, gpointer user_data)
{
    ring->changed = changed;
    ring->changed_data = user_data;
}

static void unlocked_free(gpointer data)
{
    Unlocked *unlocked = data;

    sr_key_free(unlocked->key);
    g_free(unlocked);
}

SrKeyRing *sr_key_ring_new(guint cache_seconds)
{
    SrKeyRing *ring = g_new0(SrKeyRing, 1);

    ring->infos =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)sr_key_info_free);
    ring->damaged = g_ptr_array_new();
    ring->unlocked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unlocked_free);
    ring->cache_time = (gint64)cache_seconds * G_USEC_PER_SEC;
    return ring;
}

static void drop_private(SrKeyRing *ring)
{
    g_hash_table_remove_all(ring->unlocked);
    g_clear_handle_id(&ring->timer, g_source_remove);
}

void sr_key_ring_drop_private(SrKeyRing *ring)
{
    drop_private(ring);
    tell(ring, NULL);
}

void sr_key_ring_clear(SrKeyRing *ring)
{
    drop_private(ring);
    g_hash_table_remove_all(ring->infos);
    g_ptr_array_set_size(ring->damaged, 0);
    g_clear_pointer(&ring->default_id, g_free);
    ring->loaded = FALSE;
    ring->revision++;
    tell(ring, NULL);
}

void sr_key_ring_free(SrKeyRing *ring)
{
    if (!ring)
        return;
    sr_key_ring_clear(ring);
    g_hash_table_unref(ring->infos);
    g_ptr_array_unref(ring->damaged);
    g_hash_table_unref(ring->unlocked);
    g_free(ring);
}

guint sr_key_ring_revision(const SrKeyRing *ring)
{
    return ring->revision;
}

gboolean sr_key_ring_is_loaded(const SrKeyRing *ring)
{
    return ring->loaded;
}

static void add(SrKeyRing *ring, SrKeyInfo *info)
{
    g_hash_table_replace(ring->infos, info->id, info);
    ring->revision++;
}

void sr_key_ring_load(SrKeyRing *ring, SrKeyList *list, const char *default_id)
{
    while (list->keys->len > 0)
        add(ring, g_ptr_array_steal_index_fast(list->keys, 0));
    g_ptr_array_unref(ring->damaged);
    ring->damaged = g_ptr_array_ref(list->damaged);
    sr_key_list_free(list);
    sr_key_ring_set_default(ring, default_id);
    ring->loaded = TRUE;
    tell(ring, NULL);
}

void sr_key_ring_add(SrKeyRing *ring, SrKeyInfo *info)
{
    add(ring, info);
    tell(ring, info->id);
}

void sr_key_ring_remove(SrKeyRing *ring, const char *id)
{
    g_hash_table_remove(ring->unlocked, id);
    tell(ring, id);
    if (g_strcmp0(ring->default_id, id) == 0)
        g_clear_pointer(&ring->default_id, g_free);
    g_hash_table_remove(ring->infos, id);
    ring->revision++;
}

static const SrDamagedKey *damaged_by_id(const SrKeyRing *ring, const char *id)
{
    for (guint i = 0; i < ring->damaged->len; i++) {
        const SrDamagedKey *key = ring->damaged->pdata[i];

        if (strcmp(key->id, id) == 0)
            return key;
    }
    return NULL;
}

void sr_key_ring_set_default(SrKeyRing *ring, const char *id)
{
    const gboolean known =
        id && (g_hash_table_contains(ring->infos, id) || damaged_by_id(ring, id));
    char *copy = known ? g_strdup(id) : NULL;

    g_free(ring->default_id);
    ring->default_id = copy;
    ring->revision++;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
    const SrKeyInfo *left = *(const SrKeyInfo *const *)a;
    const SrKeyInfo *right = *(const SrKeyInfo *const *)b;
    const int order = strcmp(left->name, right->name);

    return order ? order : strcmp(left->id, right->id);
}

GPtrArray *sr_key_ring_list(const SrKeyRing *ring)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, ring->infos);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        g_ptr_array_add(list, value);
    g_ptr_array_sort(list, by_name);
    for (guint i = 1; i < list->len; i++) {
        gpointer info = list->pdata[i];

        if (g_strcmp0(((const SrKeyInfo *)info)->id, sr_key_ring_default(ring)) != 0)
            continue;
        memmove(list->pdata + 1, list->pdata, i * sizeof(gpointer));
        list->pdata[0] = info;
        break;
    }
    return list;
}

guint sr_key_ring_size(const SrKeyRing *ring)
{
    return g_hash_table_size(ring->infos);
}

/* Without a chosen default the only secp256k1 key, or the oldest, serves. */
const char *sr_key_ring_default(const SrKeyRing *ring)
{
    const SrKeyInfo *oldest = NULL;
    GHashTableIter iterator;
    gpointer value;

    if (ring->default_id)
        return damaged_by_id(ring, ring->default_id) ? NULL : ring->default_id;
    g_hash_table_iter_init(&iterator, ring->infos);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const SrKeyInfo *info = value;

        if (info->type == SR_KEY_SECP256K1 && (!oldest || info->created < oldest->created))
            oldest = info;
    }
    return oldest ? oldest->id : NULL;
}

gboolean sr_key_ring_has_default(const SrKeyRing *ring)
{
    return ring->default_id || sr_key_ring_default(ring);
}

gboolean sr_key_ring_is_chosen(const SrKeyRing *ring, const char *id)
{
    return g_strcmp0(ring->default_id, id) == 0;
}

static gboolean has_address(const SrKeyInfo *info, const guint8 address[SR_ADDRESS_SIZE])
{
    return info->type == SR_KEY_SECP256K1 && memcmp(info->address, address, SR_ADDRESS_SIZE) == 0;
}

static const SrKeyInfo *find(const SrKeyRing *ring, const char *name)
{
    guint8 address[SR_ADDRESS_SIZE];
    const gboolean is_address = sr_address_read(name, strlen(name), address);
    const SrKeyInfo *info = g_hash_table_lookup(ring->infos, name);
    GHashTableIter iterator;
    gpointer value;

    if (info)
        return info;
    g_hash_table_iter_init(&iterator, ring->infos);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        info = value;
        if (strcmp(info->name, name) == 0 || (is_address && has_address(info, address)))
            return info;
    }
    return NULL;
}

const SrKeyInfo *sr_key_ring_find(const SrKeyRing *ring, const char *name, GError **error)
{
    const char *wanted = name ? name : sr_key_ring_default(ring);
    const SrKeyInfo *info = wanted ? find(ring, wanted) : NULL;

    if (info)
        return info;
    /* A page may ask for the default key, so this tells nothing about it. */
    if (!name && ring->default_id)
        sr_error_set_at(error, SR_ERROR_CORRUPT, "key", -1,
                        "the default key is damaged; restore it, or choose another default key");
    else if (name && sr_key_ring_find_damaged(ring, name))
        sr_error_set_at(error, SR_ERROR_CORRUPT, "key", -1, "the key \"%s\" is damaged", name);
    else if (name)
        sr_error_set_at(error, SR_ERROR_KEY_NOT_FOUND, "key", -1, "there is no key \"%s\"", name);
    else
        sr_error_set_at(error, SR_ERROR_KEY_NOT_FOUND, "key", -1,
                        "there is no Ethereum key yet; make one with: sealring key create");
    return NULL;
}

gboolean sr_key_ring_has_name(const SrKeyRing *ring, const char *name)
{
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, ring->infos);
    while (g_hash_table_iter_next(&iterator, NULL, &value))
        if (strcmp(((const SrKeyInfo *)value)->name, name) == 0)
            return TRUE;
    for (guint i = 0; i < ring->damaged->len; i++)
        if (strcmp(((const SrDamagedKey *)ring->damaged->pdata[i])->name, name) == 0)
            return TRUE;
    return FALSE;
}

const GPtrArray *sr_key_ring_damaged(const SrKeyRing *ring)
{
    return ring->damaged;
}

/* Names of damaged keys are not proven, so two may be the same: then neither is meant. */
const SrDamagedKey *sr_key_ring_find_damaged(const SrKeyRing *ring, const char *name)
{
    const SrDamagedKey *found = damaged_by_id(ring, name);
    const SrDamagedKey *named = NULL;
    guint count = 0;

    for (guint i = 0; i < ring->damaged->len; i++) {
        const SrDamagedKey *key = ring->damaged->pdata[i];

        if (strcmp(key->name, name) == 0) {
            named = key;
            count++;
        }
    }
    return found || count != 1 ? found : named;
}

void sr_key_ring_remove_damaged(SrKeyRing *ring, const char *id)
{
    if (g_strcmp0(ring->default_id, id) == 0)
        g_clear_pointer(&ring->default_id, g_free);
    ring->revision++;
    for (guint i = ring->damaged->len; i > 0; i--)
        if (strcmp(((const SrDamagedKey *)ring->damaged->pdata[i - 1])->id, id) == 0)
            g_ptr_array_remove_index(ring->damaged, i - 1);
}

/* --- private keys ------------------------------------------------------------------------------
 */

static gboolean is_stale(gpointer id, gpointer value, gpointer now)
{
    (void)id;
    return ((Unlocked *)value)->expires <= *(gint64 *)now;
}

/* Once a second while there are unlocked keys: a key is gone at most that much late. */
static gboolean drop_stale(gpointer data)
{
    SrKeyRing *ring = data;
    gint64 now = g_get_monotonic_time();

    g_hash_table_foreach_remove(ring->unlocked, is_stale, &now);
    if (g_hash_table_size(ring->unlocked) > 0)
        return G_SOURCE_CONTINUE;
    ring->timer = 0;
    return G_SOURCE_REMOVE;
}

/* With no cache time at all, the key goes as soon as the main loop is reached. */
static gboolean drop_at_once(gpointer data)
{
    SrKeyRing *ring = data;

    ring->timer = 0;
    g_hash_table_remove_all(ring->unlocked);
    return G_SOURCE_REMOVE;
}

SrKey *sr_key_ring_private(SrKeyRing *ring, const char *id)
{
    Unlocked *unlocked = g_hash_table_lookup(ring->unlocked, id);

    if (!unlocked)
        return NULL;
    unlocked->expires = g_get_monotonic_time() + ring->cache_time;
    return unlocked->key;
}

SrKey *sr_key_ring_keep(SrKeyRing *ring, const char *id, SrKey *key)
{
    Unlocked *unlocked = g_new0(Unlocked, 1);

    unlocked->key = key;
    unlocked->expires = g_get_monotonic_time() + ring->cache_time;
    g_hash_table_replace(ring->unlocked, g_strdup(id), unlocked);
    if (!ring->timer)
        ring->timer = ring->cache_time ? g_timeout_add_seconds(1, drop_stale, ring)
                                       : g_idle_add_full(G_PRIORITY_HIGH, drop_at_once, ring, NULL);
    return key;
}

guint sr_key_ring_unlocked(const SrKeyRing *ring)
{
    return g_hash_table_size(ring->unlocked);
}
