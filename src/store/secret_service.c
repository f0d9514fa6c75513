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

/* Of @items those whose id is @id, or, when that is NULL, starts with @prefix. */
static void keep_matching(GPtrArray *items, const char *id, const char *prefix)
{
    for (guint i = items->len; i > 0; i--) {
        const SrItem *item = items->pdata[i - 1];

        if (id ? !g_str_equal(item->id, id) : !g_str_has_prefix(item->id, prefix))
            g_ptr_array_remove_index(items, i - 1);
    }
}

/* The items of @kind with that @id, or, when that is NULL, with ids that start with @prefix;
 * without their secrets, sorted, newest only. */
static GPtrArray *find_items(ServiceStore *self, const char *collection, SrRecordKind kind,
                             const char *id, const char *prefix, GError **error)
{
    const SrBusTarget target = sr_provider_target(self->provider, NULL, "Item");
    const char *searched = id && !sr_item_has_no_id(id) ? id : NULL;
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(free_item);
    g_autoptr(GPtrArray) properties = NULL;
    g_autoptr(GPtrArray) paths = sr_provider_search(
        self->provider, collection, sr_item_attributes(kind, searched, NULL), error);

    if (!paths)
        return NULL;
    properties =
        sr_bus_get_all_properties(&target, paths, sr_provider_deadline(self->provider), error);
    if (!properties)
        return NULL;
    for (guint i = 0; i < paths->len; i++)
        g_ptr_array_add(items, sr_item_new(paths->pdata[i], properties->pdata[i]));
    keep_matching(items, id, prefix);
    sr_item_keep_newest(items);
    return g_steal_pointer(&items);
}

static void free_record(gpointer record)
{
    sr_record_free(record);
}

static SrRecord *new_entry(SrRecordKind kind, const SrItem *item)
{
    return sr_record_new(kind, item->id, item->algorithm, item->label, NULL);
}

/* The record of @item, whose encrypted secret is in @fetched; SR_ERROR_CORRUPT when just this one
 * is damaged. */
static SrRecord *open_item(ServiceStore *self, SrRecordKind kind, const SrItem *item,
                           GVariant *fetched, GError **error)
{
    g_autoptr(SrSecret) text = NULL;
    SrSecret *secret;
    SrRecord *record;

    if (!item->whole) {
        sr_error_set(error, SR_ERROR_CORRUPT,
                     "%s \"%s\" of the keyring is not whole: its attributes were changed",
                     sr_record_kind_name(kind), item->id);
        return NULL;
    }
    text = sr_provider_open_secret(self->provider, fetched, item->path, error);
    secret = text ? sr_item_decode_secret(text, error) : NULL;
    if (!secret) {
        if (error && *error)
            g_prefix_error(error, "%s \"%s\": ", sr_record_kind_name(kind), item->id);
        return NULL;
    }
    record = new_entry(kind, item);
    record->secret = secret;
    return record;
}

typedef struct {
    SrRecordKind kind;
    const char *id;
    const char *prefix;
    const SrRecord *record; /* to put */
    SrRecord *found;        /* result of get */
    GPtrArray *entries;     /* result of list */
    SrRecordVisit visit;
    gpointer visit_data;
    GError *stop; /* what visit ended with: no failure of the keyring, so nothing is tried again */
    char *seen;   /* id of the last record that visit saw; a second try goes on behind it */
} Request;

static gboolean get_operation(ServiceStore *self, const char *collection, gpointer data,
                              GError **error)
{
    Request *request = data;
    g_autoptr(GPtrArray) items =
        find_items(self, collection, request->kind, request->id, NULL, error);
    g_autoptr(GVariant) fetched = NULL;
    const SrItem *item;

    if (!items)
        return FALSE;
    if (items->len == 0) {
        sr_error_set(error, SR_ERROR_KEY_NOT_FOUND, "there is no %s \"%s\" in the keyring",
                     sr_record_kind_name(request->kind), request->id);
        return FALSE;
    }
    item = items->pdata[0];
    fetched = sr_provider_fetch_secrets(self->provider, (const char *const *)&item->path, 1, error);
    request->found = fetched ? open_item(self, request->kind, item, fetched, error) : NULL;
    return request->found != NULL;
}

static gboolean list_operation(ServiceStore *self, const char *collection, gpointer data,
                               GError **error)
{
    Request *request = data;
    g_autoptr(GPtrArray) items =
        find_items(self, collection, request->kind, NULL, request->prefix, error);

    if (!items)
        return FALSE;
    request->entries = g_ptr_array_new_with_free_func(free_record);
    for (guint i = 0; i < items->len; i++)
        g_ptr_array_add(request->entries, new_entry(request->kind, items->pdata[i]));
    return TRUE;
}

/* Show the record of @item; FALSE only when the keyring failed. */
static gboolean visit_item(ServiceStore *self, Request *request, const SrItem *item,
                           GVariant *fetched, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autoptr(SrRecord) record = open_item(self, request->kind, item, fetched, &failure);

    if (failure && !g_error_matches(failure, SR_ERROR, SR_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (!record)
        record = new_entry(request->kind, item);
    g_free(request->seen);
    request->seen = g_strdup(item->id);
    request->visit(record, failure, request->visit_data, &request->stop);
    return TRUE;
}

/* Show the records of @count @items from @from on. */
static gboolean visit_batch(ServiceStore *self, Request *request, const GPtrArray *items,
                            guint from, guint count, GError **error)
{
    const char *paths[SR_PROVIDER_FETCH_MAX];
    g_autoptr(GVariant) fetched = NULL;

    for (guint i = 0; i < count; i++)
        paths[i] = ((const SrItem *)items->pdata[from + i])->path;
    fetched = sr_provider_fetch_secrets(self->provider, paths, count, error);
    for (guint i = 0; fetched && i < count && !request->stop; i++)
        if (!visit_item(self, request, items->pdata[from + i], fetched, error))
            return FALSE;
    return fetched != NULL;
}

static gboolean visit_operation(ServiceStore *self, const char *collection, gpointer data,
                                GError **error)
{
    Request *request = data;
    g_autoptr(GPtrArray) items =
        find_items(self, collection, request->kind, NULL, request->prefix, error);
    guint from = 0;

    if (!items)
        return FALSE;
    while (request->seen && from < items->len &&
           strcmp(((const SrItem *)items->pdata[from])->id, request->seen) <= 0)
        from++;
    for (; from < items->len && !request->stop; from += SR_PROVIDER_FETCH_MAX)
        if (!visit_batch(self, request, items, from, MIN(SR_PROVIDER_FETCH_MAX, items->len - from),
                         error))
            return FALSE;
    return TRUE;
}

/* The paths of all items of @kind and @id, also of older ones. */
static GPtrArray *find_paths(ServiceStore *self, const char *collection, SrRecordKind kind,
                             const char *id, GError **error)
{
    g_autoptr(GPtrArray) items = NULL;
    GPtrArray *paths;

    if (!sr_item_has_no_id(id))
        return sr_provider_search(self->provider, collection, sr_item_attributes(kind, id, NULL),
                                  error);
    items = find_items(self, collection, kind, id, NULL, error);
    if (!items)
        return NULL;
    paths = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < items->len; i++)
        g_ptr_array_add(paths, g_strdup(((const SrItem *)items->pdata[i])->path));
    return paths;
}

/* Delete the items of @kind and @id, except the one at @kept (NULL: all). */
static gboolean delete_items(ServiceStore *self, const char *collection, SrRecordKind kind,
                             const char *id, const char *kept, GError **error)
{
    g_autoptr(GPtrArray) paths = find_paths(self, collection, kind, id, error);

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
    g_autoptr(SrRecord) found = NULL;
    gboolean same;

    if (!get_operation(self, collection, &request, error))
        return FALSE;
    found = request.found;
    same = sr_record_equal(found, record);
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

    return run((ServiceStore *)store, get_operation, &request, error) ? request.found : NULL;
}

static GPtrArray *service_list_entries(SrStore *store, SrRecordKind kind, const char *prefix,
                                       GError **error)
{
    Request request = {.kind = kind, .prefix = prefix};

    return run((ServiceStore *)store, list_operation, &request, error) ? request.entries : NULL;
}

static gboolean service_visit(SrStore *store, SrRecordKind kind, const char *prefix,
                              SrRecordVisit visit, gpointer data, GError **error)
{
    Request request = {.kind = kind, .prefix = prefix, .visit = visit, .visit_data = data};
    const gboolean done = run((ServiceStore *)store, visit_operation, &request, error);

    g_free(request.seen);
    if (!request.stop)
        return done;
    g_propagate_error(error, request.stop);
    return FALSE;
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
        *ret_detail =
            seen ? sr_provider_describe(self->provider, collection) : g_strdup(failure->message);
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
    .list_entries = service_list_entries,
    .visit = service_visit,
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
