#include "store/vault.h"

#include "base/error.h"
#include "crypto/digest.h"
#include "store/vault_database.h"
#include "store/vault_file.h"

#include <string.h>
#include <sys/stat.h>

typedef struct {
    SrStore store;
    char *path;
    SrScryptCost cost;
    SrSecret *data_key; /* NULL: locked */
    guint8 id[SR_VAULT_ID_SIZE];
    struct stat seen; /* the file when vault_state last found it to be the one of data_key */
} Vault;

static void vault_lock(SrStore *store)
{
    g_clear_pointer(&((Vault *)store)->data_key, sr_secret_free);
}

/* Open the file when there is one; *ret_database is NULL for a vault that was never set up. */
static gboolean open_file(Vault *self, SrVaultDatabase **ret_database, GError **error)
{
    g_autoptr(SrVaultDatabase) database = NULL;
    gboolean ready;

    *ret_database = NULL;
    if (!sr_vault_file_check(self->path, &ready, error))
        return FALSE;
    if (!ready)
        return TRUE;
    database = sr_vault_database_open(self->path, error);
    if (!database || !sr_vault_database_is_ready(database, &ready, error))
        return FALSE;
    if (ready)
        *ret_database = g_steal_pointer(&database);
    return TRUE;
}

/* Whether the file is the one the data key was unlocked for. */
static gboolean is_unlocked_for(Vault *self, SrVaultDatabase *database, gboolean *ret_unlocked,
                                GError **error)
{
    guint8 id[SR_VAULT_ID_SIZE];

    if (!sr_vault_database_get_id(database, id, error))
        return FALSE;
    *ret_unlocked = self->data_key && memcmp(id, self->id, sizeof id) == 0;
    return TRUE;
}

static gboolean is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Whether nobody has touched the file; whoever writes, moves or opens it to others changes one of
 * these. */
static gboolean is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           is_same_time(&a->st_mtim, &b->st_mtim) && is_same_time(&a->st_ctim, &b->st_ctim);
}

/* What the file says. */
static SrStoreState look_into_file(Vault *self, char **ret_detail)
{
    g_autoptr(SrVaultDatabase) database = NULL;
    g_autoptr(GError) failure = NULL;
    gboolean unlocked = FALSE;

    if (!open_file(self, &database, &failure) ||
        (database && !is_unlocked_for(self, database, &unlocked, &failure))) {
        if (ret_detail)
            *ret_detail = g_strdup(failure->message);
        return SR_STORE_UNAVAILABLE;
    }
    if (ret_detail)
        *ret_detail = g_strdup_printf("vault %s", self->path);
    if (!database)
        return SR_STORE_EMPTY;
    return unlocked ? SR_STORE_OPEN : SR_STORE_LOCKED;
}

/*
 * Every sealring.hello asks, so an unlocked file that nobody has touched is not opened again. Only
 * what is shown relies on it: whoever reads or writes looks at the file itself (begin).
 */
static SrStoreState vault_state(SrStore *store, char **ret_detail)
{
    Vault *self = (Vault *)store;
    struct stat now;
    SrStoreState state;

    if (lstat(self->path, &now) != 0)
        return look_into_file(self, ret_detail);
    if (self->data_key && is_same_file(&now, &self->seen)) {
        if (ret_detail)
            *ret_detail = g_strdup_printf("vault %s", self->path);
        return SR_STORE_OPEN;
    }
    state = look_into_file(self, ret_detail);
    self->seen = state == SR_STORE_OPEN ? now : (struct stat){0};
    return state;
}

/* The database of an unlocked vault, in a transaction. */
static SrVaultDatabase *begin(Vault *self, gboolean write, GError **error)
{
    g_autoptr(SrVaultDatabase) database = NULL;
    gboolean unlocked = FALSE;

    if (!open_file(self, &database, error))
        return NULL;
    if (!database) {
        sr_error_set(error, self->data_key ? SR_ERROR_STORE_UNAVAILABLE : SR_ERROR_STORE_LOCKED,
                     self->data_key ? "the vault %s is not there any more"
                                    : "the vault %s was not set up yet: unlock it to create it",
                     self->path);
        return NULL;
    }
    if (!sr_vault_database_begin(database, write, error) ||
        !is_unlocked_for(self, database, &unlocked, error))
        return NULL;
    if (unlocked)
        return g_steal_pointer(&database);
    sr_error_set(error, SR_ERROR_STORE_LOCKED, "the vault %s is locked: unlock it first",
                 self->path);
    return NULL;
}

/* The one record, opened, or NULL with SR_ERROR_KEY_NOT_FOUND. */
static SrRecord *load(Vault *self, SrVaultDatabase *database, SrRecordKind kind, const char *id,
                      GError **error)
{
    g_autoptr(GPtrArray) rows = sr_vault_database_find(database, kind, id, error);

    if (!rows)
        return NULL;
    if (rows->len > 0)
        return sr_vault_row_open(self->data_key, rows->pdata[0], error);
    sr_error_set(error, SR_ERROR_KEY_NOT_FOUND, "there is no %s \"%s\" in the vault",
                 sr_record_kind_name(kind), id);
    return NULL;
}

static SrRecord *vault_get(SrStore *store, SrRecordKind kind, const char *id, GError **error)
{
    Vault *self = (Vault *)store;
    g_autoptr(SrVaultDatabase) database = begin(self, FALSE, error);

    return database ? load(self, database, kind, id, error) : NULL;
}

static gboolean write_record(Vault *self, SrVaultDatabase *database, const SrRecord *record,
                             GError **error)
{
    g_autoptr(SrVaultRow) row = NULL;
    gint64 generation;

    if (!sr_vault_database_next_generation(database, &generation, error))
        return FALSE;
    row = sr_vault_row_seal(self->data_key, record, generation, error);
    return row && sr_vault_database_put(database, row, error);
}

/* Write what @source has, and take down the ids in @ids. */
static gboolean write_records(Vault *self, SrVaultDatabase *database, const SrRecordSource *source,
                              GPtrArray *ids, GError **error)
{
    for (guint i = 0; i < source->count; i++) {
        g_autoptr(SrRecord) record = source->make(i, source->data, error);

        if (!record || !write_record(self, database, record, error))
            return FALSE;
        g_ptr_array_add(ids, g_strdup(record->id));
    }
    return TRUE;
}

static gboolean write_all(Vault *self, const SrRecordSource *source, const GPtrArray *surplus,
                          GPtrArray *ids, GError **error)
{
    g_autoptr(SrVaultDatabase) database = begin(self, TRUE, error);

    for (guint i = 0; database && i < surplus->len; i++)
        if (!sr_vault_database_remove(database, source->kind, surplus->pdata[i], error))
            return FALSE;
    return database && write_records(self, database, source, ids, error) &&
           sr_vault_database_commit(database, error);
}

/* Reads from the file again, not from the writer's cache. Another process may have replaced a
 * record in between; that it opens is what counts then. */
static gboolean read_all(Vault *self, SrRecordKind kind, const GPtrArray *ids, GError **error)
{
    g_autoptr(SrVaultDatabase) database = begin(self, FALSE, error);

    for (guint i = 0; database && i < ids->len; i++) {
        g_autoptr(SrRecord) found = load(self, database, kind, ids->pdata[i], error);

        if (!found)
            return FALSE;
    }
    return database != NULL;
}

static gboolean vault_put_all(SrStore *store, const SrRecordSource *source,
                              const GPtrArray *surplus, GError **error)
{
    Vault *self = (Vault *)store;
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);

    return write_all(self, source, surplus, ids, error) && read_all(self, source->kind, ids, error);
}

static gboolean vault_put(SrStore *store, const SrRecord *record, GError **error)
{
    Vault *self = (Vault *)store;
    gpointer only = record->id;
    const GPtrArray ids = {&only, 1};
    g_autoptr(SrVaultDatabase) database = begin(self, TRUE, error);

    if (!database || !write_record(self, database, record, error) ||
        !sr_vault_database_commit(database, error))
        return FALSE;
    g_clear_pointer(&database, sr_vault_database_free);
    return read_all(self, record->kind, &ids, error);
}

static void free_record(gpointer record)
{
    sr_record_free(record);
}

static GPtrArray *vault_list_entries(SrStore *store, SrRecordKind kind, const char *prefix,
                                     GError **error)
{
    g_autoptr(SrVaultDatabase) database = begin((Vault *)store, FALSE, error);
    g_autoptr(GPtrArray) rows = NULL;
    GPtrArray *entries;

    if (!database)
        return NULL;
    rows = sr_vault_database_list(database, kind, prefix, error);
    if (!rows)
        return NULL;
    entries = g_ptr_array_new_with_free_func(free_record);
    for (guint i = 0; i < rows->len; i++) {
        const SrVaultRow *row = rows->pdata[i];

        g_ptr_array_add(entries,
                        sr_record_new(row->kind, row->id, row->algorithm, row->label, NULL));
    }
    return entries;
}

/* Show @row to @visit: opened, or as damaged when just its seal does not open. */
static gboolean visit_row(Vault *self, const SrVaultRow *row, SrRecordVisit visit, gpointer data,
                          GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(SrRecord) record = sr_vault_row_open(self->data_key, row, &failure);

    if (record)
        return visit(record, NULL, data, error);
    if (!g_error_matches(failure, SR_ERROR, SR_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    record = sr_record_new(row->kind, row->id, row->algorithm, row->label, NULL);
    return visit(record, failure, data, error);
}

/* One transaction, so that the records are those of one moment; row by row, since each is large. */
static gboolean vault_visit(SrStore *store, SrRecordKind kind, const char *prefix,
                            SrRecordVisit visit, gpointer data, GError **error)
{
    Vault *self = (Vault *)store;
    g_autoptr(SrVaultDatabase) database = begin(self, FALSE, error);
    g_autoptr(GPtrArray) entries = NULL;

    if (!database)
        return FALSE;
    entries = sr_vault_database_list(database, kind, prefix, error);
    for (guint i = 0; entries && i < entries->len; i++) {
        const SrVaultRow *entry = entries->pdata[i];
        g_autoptr(GPtrArray) rows = sr_vault_database_find(database, kind, entry->id, error);

        if (!rows || (rows->len > 0 && !visit_row(self, rows->pdata[0], visit, data, error)))
            return FALSE;
    }
    return entries != NULL;
}

static gboolean vault_remove(SrStore *store, SrRecordKind kind, const char *id, GError **error)
{
    g_autoptr(SrVaultDatabase) database = begin((Vault *)store, TRUE, error);

    return database && sr_vault_database_remove(database, kind, id, error) &&
           sr_vault_database_commit(database, error);
}

/* Fresh keys and one slot, in one transaction. Somebody else may set the vault up meanwhile: then
 * nothing is done, and the caller unlocks what is there. */
static gboolean set_up(Vault *self, const SrSecret *passphrase, GError **error)
{
    g_autoptr(SrVaultDatabase) database = NULL;
    g_autoptr(SrSecret) data_key = sr_secret_new(SR_VAULT_KEY_SIZE, error);
    g_autoptr(SrVaultSlot) slot = NULL;
    guint8 id[SR_VAULT_ID_SIZE];
    gboolean ready;

    if (!data_key || !sr_random_bytes(sr_secret_data(data_key), SR_VAULT_KEY_SIZE, error) ||
        !sr_random_bytes(id, sizeof id, error))
        return FALSE;
    slot = sr_vault_slot_new_passphrase(id, data_key, passphrase, self->cost, error);
    if (!slot || !sr_vault_file_create(self->path, error))
        return FALSE;
    database = sr_vault_database_open(self->path, error);
    if (!database || !sr_vault_database_begin(database, TRUE, error) ||
        !sr_vault_database_is_ready(database, &ready, error))
        return FALSE;
    return ready || (sr_vault_database_set_up(database, id, error) &&
                     sr_vault_database_add_slot(database, slot, error) &&
                     sr_vault_database_commit(database, error));
}

/* The place for further kinds of slots is here. */
static SrSecret *open_slot(const SrVaultSlot *slot, const guint8 *id, const SrSecret *passphrase,
                           GError **error)
{
    if (strcmp(slot->kind, SR_VAULT_SLOT_PASSPHRASE) == 0)
        return sr_vault_slot_open_passphrase(slot, id, passphrase, error);
    sr_error_set(error, SR_ERROR_WRONG_PASSPHRASE, "the vault has no slot for a passphrase");
    return NULL;
}

/* The error of the last slot is as good as any other's. */
static SrSecret *open_any_slot(const GPtrArray *slots, const guint8 *id, const SrSecret *passphrase,
                               GError **error)
{
    SrSecret *data_key = NULL;

    for (guint i = 0; i < slots->len && !data_key; i++) {
        g_clear_error(error);
        data_key = open_slot(slots->pdata[i], id, passphrase, error);
    }
    return data_key;
}

static gboolean open_slots(Vault *self, SrVaultDatabase *database, const SrSecret *passphrase,
                           GError **error)
{
    g_autoptr(GPtrArray) slots = sr_vault_database_get_slots(database, error);
    g_autoptr(GError) failure = NULL;
    guint8 id[SR_VAULT_ID_SIZE];
    SrSecret *data_key;

    if (!slots || !sr_vault_database_get_id(database, id, error))
        return FALSE;
    data_key = open_any_slot(slots, id, passphrase, &failure);
    if (!data_key) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    sr_secret_free(self->data_key);
    self->data_key = data_key;
    memcpy(self->id, id, sizeof id);
    return TRUE;
}

static gboolean vault_unlock(SrStore *store, const SrSecret *passphrase, GError **error)
{
    Vault *self = (Vault *)store;
    g_autoptr(SrVaultDatabase) database = NULL;

    if (sr_secret_size(passphrase) == 0) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "passphrase", -1,
                        "is empty: a vault needs one");
        return FALSE;
    }
    if (!open_file(self, &database, error))
        return FALSE;
    if (!database && (!set_up(self, passphrase, error) || !open_file(self, &database, error)))
        return FALSE;
    if (database)
        return open_slots(self, database, passphrase, error);
    sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE, "the vault %s went away", self->path);
    return FALSE;
}

static void vault_free(SrStore *store)
{
    Vault *self = (Vault *)store;

    vault_lock(store);
    g_free(self->path);
    g_free(self);
}

static const SrStoreClass vault_class = {
    .name = "vault",
    .state = vault_state,
    .put = vault_put,
    .put_all = vault_put_all,
    .get = vault_get,
    .list_entries = vault_list_entries,
    .visit = vault_visit,
    .remove = vault_remove,
    .unlock = vault_unlock,
    .lock = vault_lock,
    .free = vault_free,
};

SrStore *sr_vault_new(const char *path, SrScryptCost cost)
{
    Vault *self = g_new0(Vault, 1);

    self->store.class = &vault_class;
    self->path = g_strdup(path);
    self->cost = cost;
    return &self->store;
}
