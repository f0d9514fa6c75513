#include "store/store.h"

#include "base/error.h"

#include <string.h>

#define ID_MAX 64u
#define ALGORITHM_MAX 32u

static const char *const kind_names[SR_RECORD_KINDS] = {
    [SR_RECORD_KEY] = "key",
    [SR_RECORD_ACCOUNT] = "account",
    [SR_RECORD_SESSION] = "session",
    [SR_RECORD_RECORD] = "record",
};

static const char *const state_names[] = {
    [SR_STORE_OPEN] = "open",
    [SR_STORE_LOCKED] = "locked",
    [SR_STORE_EMPTY] = "empty",
    [SR_STORE_UNAVAILABLE] = "unavailable",
};

const char *sr_record_kind_name(SrRecordKind kind)
{
    return kind_names[kind];
}

gboolean sr_record_kind_from_name(const char *name, SrRecordKind *ret_kind)
{
    for (guint kind = 0; kind < SR_RECORD_KINDS; kind++)
        if (strcmp(kind_names[kind], name) == 0) {
            *ret_kind = (SrRecordKind)kind;
            return TRUE;
        }
    return FALSE;
}

const char *sr_store_state_name(SrStoreState state)
{
    return state_names[state];
}

SrRecord *sr_record_new(SrRecordKind kind, const char *id, const char *algorithm, const char *label,
                        SrSecret *secret)
{
    SrRecord *record = g_new0(SrRecord, 1);

    record->kind = kind;
    record->id = g_strdup(id);
    record->algorithm = g_strdup(algorithm);
    record->label = g_strdup(label ? label : "");
    record->secret = secret;
    return record;
}

gboolean sr_record_equal(const SrRecord *a, const SrRecord *b)
{
    return a->kind == b->kind && g_strcmp0(a->id, b->id) == 0 &&
           g_strcmp0(a->algorithm, b->algorithm) == 0 && g_strcmp0(a->label, b->label) == 0 &&
           sr_secret_equal(a->secret, b->secret);
}

void sr_record_free(SrRecord *record)
{
    if (!record)
        return;
    g_free(record->id);
    g_free(record->algorithm);
    g_free(record->label);
    sr_secret_free(record->secret);
    g_free(record);
}

/* Whether @text has @min to @max characters, all letters, digits or in @extra. */
static gboolean is_name(const char *text, gsize min, gsize max, const char *extra)
{
    const gsize length = strlen(text);

    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(text[i]) && !strchr(extra, text[i]))
            return FALSE;
    return length >= min && length <= max;
}

/* Damaged records may have ids that no put would take, and still can be asked for and removed;
 * except those that are not even text. */
static gboolean check_found_id(const char *id, GError **error)
{
    const gboolean is_text = id && g_utf8_validate(id, -1, NULL);

    if (is_text && *id)
        return TRUE;
    if (id && !is_text)
        sr_error_set(error, SR_ERROR_CORRUPT, "an id that is not UTF-8 was never written by us");
    else
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "id", -1, "is empty");
    return FALSE;
}

static gboolean check_id(const char *id, GError **error)
{
    if (id && is_name(id, 1, ID_MAX, "_-"))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "id", -1,
                    "1 to %u letters, digits, '_' or '-' are allowed", ID_MAX);
    return FALSE;
}

/* Length of the longest good start of @text: UTF-8 without control characters. */
static gsize line_length(const char *text, gsize size)
{
    const char *end;
    gsize good;

    g_utf8_validate(text, (gssize)size, &end);
    good = (gsize)(end - text);
    for (gsize i = 0; i < good; i++)
        if ((guchar)text[i] < 0x20 || text[i] == 0x7f)
            return i;
    return good;
}

static gboolean check_line(const char *field, const char *text, gsize size, gsize max,
                           GError **error)
{
    gsize good;

    if (size > max) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, field, -1, "longer than %zu bytes", max);
        return FALSE;
    }
    good = line_length(text, size);
    if (good == size)
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, field, (gint64)good,
                    "one line of UTF-8 without control characters is allowed");
    return FALSE;
}

static gboolean check_record(const SrRecord *record, GError **error)
{
    const gsize size = sr_secret_size(record->secret);

    if (!check_id(record->id, error))
        return FALSE;
    if (record->algorithm && !is_name(record->algorithm, 1, ALGORITHM_MAX, "._-")) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "algorithm", -1,
                        "1 to %u letters, digits, '.', '_' or '-' are allowed", ALGORITHM_MAX);
        return FALSE;
    }
    if (!check_line("label", record->label, strlen(record->label), SR_RECORD_LABEL_MAX, error))
        return FALSE;
    if (size == 0) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "secret", -1, "is empty");
        return FALSE;
    }
    return check_line("secret", (const char *)sr_secret_peek(record->secret), size,
                      SR_RECORD_SECRET_MAX, error);
}

/* What no put would have taken was changed since: damage, wherever it was read. */
static gboolean check_read(const SrRecord *record, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (check_record(record, &cause))
        return TRUE;
    sr_error_set(error, SR_ERROR_CORRUPT, "the stored %s \"%s\" is damaged (%s)",
                 sr_record_kind_name(record->kind), record->id, cause->message);
    return FALSE;
}

const char *sr_store_name(const SrStore *store)
{
    return store->class->name;
}

SrStoreState sr_store_state(SrStore *store, char **ret_detail)
{
    if (ret_detail)
        *ret_detail = NULL;
    return store->class->state(store, ret_detail);
}

gboolean sr_store_put(SrStore *store, const SrRecord *record, GError **error)
{
    return check_record(record, error) && store->class->put(store, record, error);
}

static SrRecord *make_checked(guint index, gpointer data, GError **error)
{
    const SrRecordSource *source = data;
    g_autoptr(SrRecord) record = source->make(index, source->data, error);

    return record && check_record(record, error) ? g_steal_pointer(&record) : NULL;
}

/* A store without transactions: nothing goes before all is there. */
static gboolean put_one_by_one(SrStore *store, const SrRecordSource *source,
                               const GPtrArray *surplus, GError **error)
{
    for (guint i = 0; i < source->count; i++) {
        g_autoptr(SrRecord) record = source->make(i, source->data, error);

        if (!record || !store->class->put(store, record, error))
            return FALSE;
    }
    for (guint i = 0; i < surplus->len; i++)
        if (!store->class->remove(store, source->kind, surplus->pdata[i], error))
            return FALSE;
    return TRUE;
}

gboolean sr_store_put_all(SrStore *store, const SrRecordSource *source, const GPtrArray *surplus,
                          GError **error)
{
    const SrRecordSource checked = {source->kind, source->count, make_checked,
                                    (gpointer)(guintptr)source};

    for (guint i = 0; i < surplus->len; i++)
        if (!check_found_id(surplus->pdata[i], error))
            return FALSE;
    return store->class->put_all ? store->class->put_all(store, &checked, surplus, error)
                                 : put_one_by_one(store, &checked, surplus, error);
}

SrRecord *sr_store_get(SrStore *store, SrRecordKind kind, const char *id, GError **error)
{
    g_autoptr(SrRecord) record = NULL;

    if (!check_found_id(id, error))
        return NULL;
    record = store->class->get(store, kind, id, error);
    return record && check_read(record, error) ? g_steal_pointer(&record) : NULL;
}

static gboolean check_prefix(const char *prefix, GError **error)
{
    if (!prefix || is_name(prefix, 0, ID_MAX, "_-"))
        return TRUE;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "prefix", -1, "cannot start an id");
    return FALSE;
}

GPtrArray *sr_store_list_entries(SrStore *store, SrRecordKind kind, const char *prefix,
                                 GError **error)
{
    return check_prefix(prefix, error)
               ? store->class->list_entries(store, kind, prefix ? prefix : "", error)
               : NULL;
}

/* Who visits, behind the check below. */
typedef struct {
    SrRecordVisit visit;
    gpointer data;
} Visitor;

static gboolean visit_checked(const SrRecord *record, const GError *damage, gpointer data,
                              GError **error)
{
    const Visitor *visitor = data;
    g_autoptr(GError) failure = NULL;
    g_autoptr(SrRecord) entry = NULL;

    if (damage || check_read(record, &failure))
        return visitor->visit(record, damage, visitor->data, error);
    entry = sr_record_new(record->kind, record->id, record->algorithm, record->label, NULL);
    return visitor->visit(entry, failure, visitor->data, error);
}

gboolean sr_store_visit(SrStore *store, SrRecordKind kind, const char *prefix, SrRecordVisit visit,
                        gpointer data, GError **error)
{
    Visitor visitor = {visit, data};

    return check_prefix(prefix, error) &&
           store->class->visit(store, kind, prefix ? prefix : "", visit_checked, &visitor, error);
}

gboolean sr_store_remove(SrStore *store, SrRecordKind kind, const char *id, GError **error)
{
    return check_found_id(id, error) && store->class->remove(store, kind, id, error);
}

gboolean sr_store_unlock(SrStore *store, const SrSecret *passphrase, GError **error)
{
    return store->class->unlock(store, passphrase, error);
}

void sr_store_lock(SrStore *store)
{
    store->class->lock(store);
}

void sr_store_free(SrStore *store)
{
    if (store)
        store->class->free(store);
}
