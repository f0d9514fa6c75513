/*
 * storage.*: small records for each (extension, origin), one store item each. The item's id is
 * made of hashes, its text holds owner, key and value in base64url, so that attributes tell nothing
 * and one owner can never read another's.
 */
#include "agent/limits.h"
#include "agent/request.h"
#include "agent/vault_setup.h"
#include "base/encoding.h"
#include "base/error.h"
#include "crypto/digest.h"

#include <string.h>

#define OWNER_ID_LENGTH 16 /* hexadecimal digits of the owner's hash in front of an id */

/* Who owns the records of this request: caller and origin. Owned by the caller. */
static char *owner_of(const SrRequest *request)
{
    return g_strconcat(sr_request_owner(request), " ", request->origin, NULL);
}

static char *hash_text(const char *text, gsize digits)
{
    guint8 digest[SR_SHA256_SIZE];

    sr_sha256(text, strlen(text), digest);
    return sr_hex_encode(digest, digits / 2, FALSE);
}

/* "OWNERHASH-KEYHASH", or the part up to the dash when @key is NULL. Owned by the caller. */
static char *record_id(const char *owner, const char *key)
{
    g_autofree char *owner_hash = hash_text(owner, OWNER_ID_LENGTH);
    g_autofree char *key_hash = key ? hash_text(key, 32) : NULL;

    return g_strconcat(owner_hash, "-", key_hash, NULL);
}

static const char *read_key(SrRequest *request, GError **error)
{
    const char *key = sr_request_string(request, "key", error);
    const gsize length = key ? strlen(key) : 0;

    if (!key)
        return NULL;
    if (length > 0 && length <= SR_STORAGE_KEY_MAX)
        return key;
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "key", -1, "must be 1 to %u bytes",
                    SR_STORAGE_KEY_MAX);
    return NULL;
}

/* --- the text of a record: OWNER.KEY.VALUE
 * ----------------------------------------------------------- */

static SrSecret *encode(const char *owner, const char *key, const char *value, GError **error)
{
    g_autofree char *owner_text = sr_base64url_encode((const guint8 *)owner, strlen(owner));
    g_autofree char *key_text = sr_base64url_encode((const guint8 *)key, strlen(key));
    g_autofree char *head = g_strconcat(owner_text, ".", key_text, ".", NULL);
    g_autoptr(SrSecret) body =
        sr_base64url_encode_secret((const guint8 *)value, strlen(value), error);
    SrSecret *text = body ? sr_secret_new(strlen(head) + sr_secret_size(body), error) : NULL;

    if (!text)
        return NULL;
    memcpy(sr_secret_data(text), head, strlen(head));
    memcpy(sr_secret_data(text) + strlen(head), sr_secret_peek(body), sr_secret_size(body));
    return text;
}

/* Start and length of field @index (0 owner, 1 key, 2 value). */
static gboolean find_field(const SrRecord *record, guint index, const char **ret_start,
                           gsize *ret_length)
{
    const char *at = (const char *)sr_secret_peek(record->secret);
    const char *end = at + sr_secret_size(record->secret);

    for (; index > 0; index--) {
        at = memchr(at, '.', (gsize)(end - at));
        if (!at)
            return FALSE;
        at++;
    }
    const char *dot = memchr(at, '.', (gsize)(end - at));

    *ret_start = at;
    *ret_length = (gsize)((dot ? dot : end) - at);
    return TRUE;
}

static gboolean corrupt(const SrRecord *record, GError **error)
{
    sr_error_set(error, SR_ERROR_CORRUPT, "the stored record %s is damaged", record->id);
    return FALSE;
}

/* Owner or key as text (owned by the caller); NULL when the record is damaged. */
static char *decode_text(const SrRecord *record, guint index)
{
    const char *start;
    gsize length;
    GByteArray *bytes = find_field(record, index, &start, &length)
                            ? sr_base64url_decode(start, length, NULL)
                            : NULL;

    if (!bytes)
        return NULL;
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(bytes, FALSE);
}

/* Hashes could be made to collide in their short form; the text itself decides. */
static gboolean belongs_to(const SrRecord *record, const char *owner)
{
    g_autofree char *text = decode_text(record, 0);

    return g_strcmp0(text, owner) == 0;
}

/* --- set
 * ------------------------------------------------------------------------------------------------
 */

/* Whether there is a record @id, damaged or not. */
static gboolean look_for(SrStore *store, const char *id, gboolean *ret_found, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(SrRecord) record = sr_store_get(store, SR_RECORD_RECORD, id, &problem);

    *ret_found = record || g_error_matches(problem, SR_ERROR, SR_ERROR_CORRUPT);
    if (*ret_found || g_error_matches(problem, SR_ERROR, SR_ERROR_KEY_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&problem));
    return FALSE;
}

/* Whether the owner of the new record @id may have one more. */
static gboolean check_count(SrStore *store, const char *id, GError **error)
{
    g_autofree char *prefix = g_strndup(id, OWNER_ID_LENGTH + 1);
    g_autoptr(GPtrArray) entries = sr_store_list_entries(store, SR_RECORD_RECORD, prefix, error);

    if (!entries)
        return FALSE;
    if (entries->len < SR_STORAGE_RECORDS_MAX)
        return TRUE;
    sr_error_set(error, SR_ERROR_LIMIT_EXCEEDED, "more than %u records; delete some",
                 SR_STORAGE_RECORDS_MAX);
    return FALSE;
}

/* A damaged record is replaced like any other: its owner gives it a new value. */
static gpointer set_job(SrStore *store, gpointer data, GError **error)
{
    const SrRecord *record = data;
    gboolean found;

    return look_for(store, record->id, &found, error) &&
                   (found || check_count(store, record->id, error)) &&
                   sr_store_put(store, record, error)
               ? store
               : NULL;
}

static void reply_done(SrRequest *request)
{
    request->result = NULL;
    sr_request_reply(request, NULL);
}

static void set_record(SrRequest *request)
{
    GError *error = NULL;
    const char *key = read_key(request, &error);
    const char *value = key ? sr_request_string(request, "value", &error) : NULL;
    g_autofree char *owner = owner_of(request);
    g_autofree char *id = key ? record_id(owner, key) : NULL;
    g_autofree char *label = g_strconcat("sealring record for ", request->origin, NULL);
    SrSecret *text = NULL;

    if (value && strlen(value) > SR_STORAGE_VALUE_MAX)
        sr_error_set_at(&error, SR_ERROR_LIMIT_EXCEEDED, "value", -1, "is longer than %u bytes",
                        SR_STORAGE_VALUE_MAX);
    else if (value)
        text = encode(owner, key, value, &error);
    if (!text) {
        sr_request_fail(request, error);
        return;
    }
    sr_request_change_store(request, set_job,
                            sr_record_new(SR_RECORD_RECORD, id, NULL, label, text),
                            (GDestroyNotify)sr_record_free, SR_STORE_DEADLINE_MS, reply_done);
}

static void handle_set(SrRequest *request)
{
    if (sr_request_check_known(request))
        sr_request_need_store(request, set_record);
}

/* --- get
 * ------------------------------------------------------------------------------------------------
 */

/* A record that may not be there: the sentinel tells "none" from an error. */
static const char no_record[] = "";

static gpointer get_job(SrStore *store, gpointer id, GError **error)
{
    g_autoptr(GError) problem = NULL;
    SrRecord *record = sr_store_get(store, SR_RECORD_RECORD, id, &problem);

    if (record)
        return record;
    if (g_error_matches(problem, SR_ERROR, SR_ERROR_KEY_NOT_FOUND))
        return (gpointer)(guintptr)no_record;
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static void free_got(gpointer result)
{
    if (result != no_record)
        sr_record_free(result);
}

static SrJson *value_json(const SrRecord *record, GError **error)
{
    SrJson *result;
    const char *start;
    gsize length;
    g_autoptr(SrSecret) value = find_field(record, 2, &start, &length)
                                    ? sr_base64url_decode_secret(start, length, NULL)
                                    : NULL;

    if (!value) {
        corrupt(record, error);
        return NULL;
    }
    result = json_object_new_object();
    sr_json_add(result, "value",
                json_object_new_string_len((const char *)sr_secret_peek(value),
                                           (int)sr_secret_size(value)));
    return result;
}

static void reply_value(SrRequest *request)
{
    gpointer got = g_steal_pointer(&request->result);
    g_autofree char *owner = owner_of(request);
    g_autoptr(SrRecord) record = got == no_record ? NULL : got;
    GError *error = NULL;
    SrJson *result;

    if (!record || !belongs_to(record, owner)) {
        result = json_object_new_object();
        sr_json_add(result, "value", NULL);
        sr_request_reply(request, result);
        return;
    }
    result = value_json(record, &error);
    if (result)
        sr_request_reply(request, result);
    else
        sr_request_fail(request, error);
}

static void get_record(SrRequest *request)
{
    GError *error = NULL;
    const char *key = read_key(request, &error);
    g_autofree char *owner = owner_of(request);

    if (key)
        sr_request_on_store(request, get_job, record_id(owner, key), g_free, free_got,
                            SR_STORE_DEADLINE_MS, reply_value);
    else
        sr_request_fail(request, error);
}

static void handle_get(SrRequest *request)
{
    if (sr_request_check_known(request))
        sr_request_need_keys(request, TRUE, get_record);
}

/* --- delete, list
 * ----------------------------------------------------------------------------------------- */

static gpointer delete_job(SrStore *store, gpointer id, GError **error)
{
    return sr_store_remove(store, SR_RECORD_RECORD, id, error) ? store : NULL;
}

static void delete_record(SrRequest *request)
{
    GError *error = NULL;
    const char *key = read_key(request, &error);
    g_autofree char *owner = owner_of(request);

    if (key)
        sr_request_change_store(request, delete_job, record_id(owner, key), g_free,
                                SR_STORE_DEADLINE_MS, reply_done);
    else
        sr_request_fail(request, error);
}

static void handle_delete(SrRequest *request)
{
    if (sr_request_check_known(request))
        sr_request_need_keys(request, TRUE, delete_record);
}

/* The names are inside the records' texts: each is read, and gone before the next one comes. */
typedef struct {
    char *owner;
    char *prefix; /* of the names, or NULL */
    GPtrArray *names;
} Listing;

static void listing_free(gpointer data)
{
    Listing *listing = data;

    g_free(listing->owner);
    g_free(listing->prefix);
    g_ptr_array_unref(listing->names);
    g_free(listing);
}

/* A damaged record has lost its name; asked for by it, it says that it is damaged. */
static gboolean add_name(const SrRecord *record, const GError *damage, gpointer data,
                         GError **error)
{
    const Listing *listing = data;
    g_autofree char *name =
        !damage && belongs_to(record, listing->owner) ? decode_text(record, 1) : NULL;

    (void)error;
    if (name && g_str_has_prefix(name, listing->prefix ? listing->prefix : ""))
        g_ptr_array_add(listing->names, g_steal_pointer(&name));
    return TRUE;
}

static gpointer list_job(SrStore *store, gpointer data, GError **error)
{
    const Listing *listing = data;
    g_autofree char *ids = record_id(listing->owner, NULL);

    return sr_store_visit(store, SR_RECORD_RECORD, ids, add_name, data, error)
               ? g_ptr_array_ref(listing->names)
               : NULL;
}

static gint by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void reply_names(SrRequest *request)
{
    g_autoptr(GPtrArray) names = g_steal_pointer(&request->result);
    SrJson *array = json_object_new_array();
    SrJson *result = json_object_new_object();

    g_ptr_array_sort(names, by_text);
    for (guint i = 0; i < names->len; i++)
        json_object_array_add(array, json_object_new_string(names->pdata[i]));
    sr_json_add(result, "keys", array);
    sr_request_reply(request, result);
}

static void list_records(SrRequest *request)
{
    const char *prefix = NULL;
    GError *error = NULL;
    Listing *listing;

    if (!sr_json_string_optional(request->params, "prefix", &prefix, &error)) {
        sr_request_fail(request, error);
        return;
    }
    listing = g_new0(Listing, 1);
    listing->owner = owner_of(request);
    listing->prefix = g_strdup(prefix);
    listing->names = g_ptr_array_new_with_free_func(g_free);
    sr_request_on_store(request, list_job, listing, listing_free, (GDestroyNotify)g_ptr_array_unref,
                        SR_STORE_DEADLINE_MS, reply_names);
}

static void handle_list(SrRequest *request)
{
    if (sr_request_check_known(request))
        sr_request_need_keys(request, TRUE, list_records);
}

const SrMethod sr_methods_storage[] = {
    {"storage.set", SR_METHOD_OPEN, handle_set},
    {"storage.get", SR_METHOD_OPEN, handle_get},
    {"storage.delete", SR_METHOD_OPEN, handle_delete},
    {"storage.list", SR_METHOD_OPEN, handle_list},
    {NULL, 0, NULL},
};
