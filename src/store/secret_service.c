#include "store/secret_service.h"

#include "base/error.h"
#include "store/item.h"
#include "store/provider.h"

#include <string.h>

/* Less than this before the deadline a second try has no chance. */
#define RETRY_MS 50

typedef struct {
    SrStore store;
    char *bus_address; /* as given */
    SrProvider *provider;
} ServiceStore;

/* What one operation does in the unlocked default collection. */
typedef gboolean (*Operation)(ServiceStore *self, const char *collection, gpointer data,
                              GError **error);

/* An address found late (the session bus of a user who logs in later) is used as well. */
static SrProvider *get_provider(ServiceStore *self)
{
    if (!self->provider) {
        g_autofree char *address = sr_bus_find_address(self->bus_address);

        self->provider = sr_provider_new(address);
    }
    return self->provider;
}

static void forget_provider(ServiceStore *self)
{
    g_clear_pointer(&self->provider, sr_provider_free);
}

static gint64 new_deadline(void)
{
    return g_get_monotonic_time() + SR_STORE_DEADLINE_MS * (gint64)1000;
}

/* The state of the default collection; *ret_collection is set unless SR_STORE_EMPTY. */
static gboolean look(ServiceStore *self, gint64 deadline, SrStoreState *ret_state,
                     char **ret_collection, GError **error)
{
    SrProvider *provider = get_provider(self);
    gboolean locked = FALSE;

    *ret_state = SR_STORE_EMPTY;
    if (!sr_provider_connect(provider, deadline, error) ||
        !sr_provider_find_collection(provider, ret_collection, error))
        return FALSE;
    if (!*ret_collection)
        return TRUE;
    if (!sr_provider_is_locked(provider, *ret_collection, &locked, error))
        return FALSE;
    *ret_state = locked ? SR_STORE_LOCKED : SR_STORE_OPEN;
    return TRUE;
}

static gboolean try_operation(ServiceStore *self, gint64 deadline, Operation operation,
                              gpointer data, GError **error)
{
    g_autofree char *collection = NULL;
    SrStoreState state;

    if (!look(self, deadline, &state, &collection, error))
        return FALSE;
    if (state == SR_STORE_OPEN)
        return operation(self, collection, data, error);
    if (state == SR_STORE_LOCKED)
        sr_error_set(error, SR_ERROR_STORE_LOCKED, "the keyring is locked: unlock it first");
    else
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE,
                     "the keyring service has no default keyring: create one, or use the vault");
    return FALSE;
}

/* A failure on the way makes everything known about bus and provider doubtful. */
static gboolean may_retry(ServiceStore *self, const GError *failure, gint64 deadline)
{
    if (!g_error_matches(failure, SR_ERROR, SR_ERROR_STORE_UNAVAILABLE))
        return FALSE;
    forget_provider(self);
    return sr_bus_remaining_ms(deadline) > RETRY_MS;
}

static gboolean run(ServiceStore *self, Operation operation, gpointer data, GError **error)
{
    const gint64 deadline = new_deadline();
    g_autoptr(GError) failure = NULL;

    if (try_operation(self, deadline, operation, data, &failure))
        return TRUE;
    if (!may_retry(self, failure, deadline)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (try_operation(self, deadline, operation, data, error))
        return TRUE;
    forget_provider(self);
    return FALSE;
}

static void free_item(gpointer item)
{
    sr_item_free(item);
}

/* The items of @kind (and @id, unless NULL) without their secrets, sorted, newest only. */
static GPtrArray *find_items(ServiceStore *self, const char *collection, SrRecordKind kind,
                             const char *id, GError **error)
{
    const SrBusTarget target = sr_provider_target(self->provider, NULL, "Item");
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(free_item);
    g_autoptr(GPtrArray) properties = NULL;
    g_autoptr(GPtrArray) paths =
        sr_provider_search(self->provider, collection, sr_item_attributes(kind, id, NULL), error);

    if (!paths)
        return NULL;
    properties =
        sr_bus_get_all_properties(&target, paths, sr_provider_deadline(self->provider), error);
    if (!properties)
        return NULL;
    for (guint i = 0; i < paths->len; i++) {
        SrItem *item = sr_item_new(paths->pdata[i], kind, properties->pdata[i], error);

        if (!item)
            return NULL;
        g_ptr_array_add(items, item);
    }
    sr_item_keep_newest(items);
    return g_steal_pointer(&items);
}

static void free_record(gpointer record)
{
    sr_record_free(record);
}

/* Fetch the secrets of @items. */
static GPtrArray *load_records(ServiceStore *self, SrRecordKind kind, const GPtrArray *items,
                               GError **error)
{
    g_autoptr(GPtrArray) records = g_ptr_array_new_with_free_func(free_record);
    g_autoptr(GPtrArray) paths = g_ptr_array_new();
    g_autoptr(GPtrArray) texts = NULL;

    for (guint i = 0; i < items->len; i++)
        g_ptr_array_add(paths, ((SrItem *)items->pdata[i])->path);
    if (paths->len == 0)
        return g_steal_pointer(&records);
    texts = sr_provider_get_secrets(self->provider, paths, error);
    for (guint i = 0; texts && i < items->len; i++) {
        const SrItem *item = items->pdata[i];
        SrSecret *secret = sr_item_decode_secret(texts->pdata[i], error);

        if (!secret)
            return NULL;
        /* Locked memory is scarce: hold no secret twice. */
        sr_secret_free(g_steal_pointer(&texts->pdata[i]));
        g_ptr_array_add(records,
                        sr_record_new(kind, item->id, item->algorithm, item->label, secret));
    }
    return texts ? g_steal_pointer(&records) : NULL;
}

typedef struct {
    SrRecordKind kind;
    const char *id;
    const char *prefix;
    const SrRecord *record; /* to put */
    GPtrArray *records;     /* result */
} Request;

static gboolean get_operation(ServiceStore *self, const char *collection, gpointer data,
                              GError **error)
{
    Request *request = data;
    g_autoptr(GPtrArray) items = find_items(self, collection, request->kind, request->id, error);

    if (!items)
        return FALSE;
    if (items->len == 0) {
        sr_error_set(error, SR_ERROR_KEY_NOT_FOUND, "there is no %s \"%s\" in the keyring",
                     sr_record_kind_name(request->kind), request->id);
        return FALSE;
    }
    request->records = load_records(self, request->kind, items, error);
    return request->records != NULL;
}

static gboolean list_operation(ServiceStore *self, const char *collection, gpointer data,
                               GError **error)
{
    Request *request = data;
    g_autoptr(GPtrArray) items = find_items(self, collection, request->kind, NULL, error);

    if (!items)
        return FALSE;
    for (guint i = items->len; i > 0; i--)
        if (!g_str_has_prefix(((SrItem *)items->pdata[i - 1])->id, request->prefix))
            g_ptr_array_remove_index(items, i - 1);
    request->records = load_records(self, request->kind, items, error);
    return request->records != NULL;
}

/* Delete the items of @kind and @id, except the one at @kept (NULL: all). */
static gboolean delete_items(ServiceStore *self, const char *collection, SrRecordKind kind,
                             const char *id, const char *kept, GError **error)
{
    g_autoptr(GPtrArray) paths =
        sr_provider_search(self->provider, collection, sr_item_attributes(kind, id, NULL), error);

    if (!paths)
        return FALSE;
    for (guint i = 0; i < paths->len; i++)
        if (g_strcmp0(paths->pdata[i], kept) != 0 &&
            !sr_provider_delete(self->provider, collection, paths->pdata[i],
                                sr_item_attributes(kind, id, NULL), error))
            return FALSE;
    return TRUE;
}

static gboolean remove_operation(ServiceStore *self, const char *collection, gpointer data,
                                 GError **error)
{
    const Request *request = data;

    return delete_items(self, collection, request->kind, request->id, NULL, error);
}

static gboolean read_back(ServiceStore *self, const char *collection, const SrRecord *record,
                          GError **error)
{
    Request request = {.kind = record->kind, .id = record->id};
    g_autoptr(GPtrArray) records = NULL;
    gboolean same;

    if (!get_operation(self, collection, &request, error))
        return FALSE;
    records = request.records;
    same = sr_record_equal(records->pdata[0], record);
    if (!same)
        sr_error_set(error, SR_ERROR_STORE_UNAVAILABLE,
                     "the keyring acknowledged %s \"%s\" but does not give it back unchanged",
                     sr_record_kind_name(record->kind), record->id);
    return same;
}

static gboolean put_operation(ServiceStore *self, const char *collection, gpointer data,
                              GError **error)
{
    const SrRecord *record = ((Request *)data)->record;
    g_autoptr(SrSecret) text = sr_item_encode_secret(record->secret, error);
    g_autofree char *item = NULL;

    if (!text)
        return FALSE;
    item = sr_provider_create(self->provider, collection, record->label,
                              sr_item_attributes(record->kind, record->id, record->algorithm), text,
                              error);
    /* An older item whose algorithm was another is not what CreateItem replaces. */
    return item && delete_items(self, collection, record->kind, record->id, item, error) &&
           read_back(self, collection, record, error);
}

static gboolean service_put(SrStore *store, const SrRecord *record, GError **error)
{
    Request request = {.record = record};

    return run((ServiceStore *)store, put_operation, &request, error);
}

static SrRecord *service_get(SrStore *store, SrRecordKind kind, const char *id, GError **error)
{
    Request request = {.kind = kind, .id = id};
    g_autoptr(GPtrArray) records = NULL;

    if (!run((ServiceStore *)store, get_operation, &request, error))
        return NULL;
    records = request.records;
    return g_ptr_array_steal_index(records, 0);
}

static GPtrArray *service_list(SrStore *store, SrRecordKind kind, const char *prefix,
                               GError **error)
{
    Request request = {.kind = kind, .prefix = prefix};

    return run((ServiceStore *)store, list_operation, &request, error) ? request.records : NULL;
}

static gboolean service_remove(SrStore *store, SrRecordKind kind, const char *id, GError **error)
{
    Request request = {.kind = kind, .id = id};

    return run((ServiceStore *)store, remove_operation, &request, error);
}

static SrStoreState service_state(SrStore *store, char **ret_detail)
{
    ServiceStore *self = (ServiceStore *)store;
    const gint64 deadline = new_deadline();
    g_autoptr(GError) failure = NULL;
    g_autofree char *collection = NULL;
    SrStoreState state;
    gboolean seen = look(self, deadline, &state, &collection, &failure);

    if (!seen && may_retry(self, failure, deadline)) {
        g_clear_error(&failure);
        g_clear_pointer(&collection, g_free);
        seen = look(self, deadline, &state, &collection, &failure);
    }
    if (ret_detail)
        *ret_detail = seen ? g_strdup_printf("default keyring %s", collection ? collection : "none")
                           : g_strdup(failure->message);
    return seen ? state : SR_STORE_UNAVAILABLE;
}

/* Unlocking without a dialog does for a keyring without a password; other keyrings answer with a
 * dialog to be shown, which is sent away. */
static gboolean unlock_silently(ServiceStore *self, GError **error)
{
    g_autofree char *collection = NULL;
    g_autofree char *prompt = NULL;
    SrStoreState state;

    if (!look(self, new_deadline(), &state, &collection, error))
        return FALSE;
    if (state == SR_STORE_OPEN)
        return TRUE;
    if (state == SR_STORE_LOCKED && !sr_provider_unlock(self->provider, collection, &prompt, error))
        return FALSE;
    if (state == SR_STORE_LOCKED && !prompt)
        return TRUE;
    if (prompt)
        sr_provider_dismiss(self->provider, prompt);
    sr_error_set(error, SR_ERROR_STORE_LOCKED,
                 "only the keyring's own dialog can unlock it, not a passphrase");
    return FALSE;
}

static gboolean service_unlock(SrStore *store, const SrSecret *passphrase, GError **error)
{
    (void)passphrase;
    return unlock_silently((ServiceStore *)store, error);
}

/* Locking the user's keyring is not ours to do; nothing is kept here but the session. */
static void service_lock(SrStore *store)
{
    forget_provider((ServiceStore *)store);
}

static void service_free(SrStore *store)
{
    ServiceStore *self = (ServiceStore *)store;

    forget_provider(self);
    g_free(self->bus_address);
    g_free(self);
}

static const SrStoreClass service_class = {
    .name = "secret-service",
    .state = service_state,
    .put = service_put,
    .get = service_get,
    .list = service_list,
    .remove = service_remove,
    .unlock = service_unlock,
    .lock = service_lock,
    .free = service_free,
};

SrStore *sr_secret_service_new(const char *bus_address)
{
    ServiceStore *self = g_new0(ServiceStore, 1);

    self->store.class = &service_class;
    self->bus_address = g_strdup(bus_address);
    return &self->store;
}
