#include "store/item.h"

#include "base/encoding.h"
#include "base/error.h"

#include <string.h>

#define NO_ID "item:" /* the colon keeps it apart from all ids that can be put */

#define ENCODED "base64url:"
#define ENCODED_SIZE (sizeof ENCODED - 1)

static const char *const schemas[SR_RECORD_KINDS] = {
    [SR_RECORD_KEY] = "org.sealring.Key",
    [SR_RECORD_ACCOUNT] = "org.sealring.Account",
    [SR_RECORD_SESSION] = "org.sealring.Session",
    [SR_RECORD_RECORD] = "org.sealring.Record",
};

GVariant *sr_item_attributes(SrRecordKind kind, const char *id, const char *algorithm)
{
    GVariantBuilder builder;

    g_variant_builder_init(&builder, G_VARIANT_TYPE("a{ss}"));
    g_variant_builder_add(&builder, "{ss}", "xdg:schema", schemas[kind]);
    g_variant_builder_add(&builder, "{ss}", "kind", sr_record_kind_name(kind));
    if (id)
        g_variant_builder_add(&builder, "{ss}", "id", id);
    if (algorithm)
        g_variant_builder_add(&builder, "{ss}", "algorithm", algorithm);
    return g_variant_builder_end(&builder);
}

gboolean sr_item_has_no_id(const char *id)
{
    return g_str_has_prefix(id, NO_ID);
}

SrItem *sr_item_new(const char *path, GVariant *properties)
{
    SrItem *item = g_new0(SrItem, 1);
    g_autoptr(GVariant) values = g_variant_get_child_value(properties, 0);
    g_autoptr(GVariant) attributes = NULL;
    const char *id = NULL;

    item->path = g_strdup(path);
    g_variant_lookup(values, "Modified", "t", &item->modified);
    if (g_variant_lookup(values, "Attributes", "@a{ss}", &attributes)) {
        g_variant_lookup(attributes, "id", "&s", &id);
        g_variant_lookup(attributes, "algorithm", "s", &item->algorithm);
    }
    item->whole = g_variant_lookup(values, "Label", "s", &item->label) && id && *id;
    if (!item->label)
        item->label = g_strdup("");
    item->id = id && *id ? g_strdup(id) : g_strconcat(NO_ID, strrchr(path, '/') + 1, NULL);
    return item;
}

void sr_item_free(SrItem *item)
{
    if (!item)
        return;
    g_free(item->path);
    g_free(item->id);
    g_free(item->algorithm);
    g_free(item->label);
    g_free(item);
}

static gboolean is_encoded(const char *text, gsize size)
{
    return size >= ENCODED_SIZE && memcmp(text, ENCODED, ENCODED_SIZE) == 0;
}

static gboolean survives(const char *text, gsize size)
{
    return size > 0 && text[0] != ' ' && text[size - 1] != ' ' && !memchr(text, '\\', size) &&
           !is_encoded(text, size);
}

SrSecret *sr_item_encode_secret(const SrSecret *secret, GError **error)
{
    const guint8 *bytes = sr_secret_peek(secret);
    const gsize size = sr_secret_size(secret);
    g_autoptr(SrSecret) base64 = NULL;
    SrSecret *text;

    if (survives((const char *)bytes, size))
        return sr_secret_new_copy(bytes, size, error);
    base64 = sr_base64url_encode_secret(bytes, size, error);
    if (!base64)
        return NULL;
    text = sr_secret_new(ENCODED_SIZE + sr_secret_size(base64), error);
    if (text) {
        memcpy(sr_secret_data(text), ENCODED, ENCODED_SIZE);
        memcpy(sr_secret_data(text) + ENCODED_SIZE, sr_secret_peek(base64), sr_secret_size(base64));
    }
    return text;
}

SrSecret *sr_item_decode_secret(const SrSecret *text, GError **error)
{
    const char *bytes = (const char *)sr_secret_peek(text);
    const gsize size = sr_secret_size(text);
    g_autoptr(GError) cause = NULL;
    SrSecret *secret;

    if (!is_encoded(bytes, size))
        return sr_secret_new_copy(bytes, size, error);
    secret = sr_base64url_decode_secret(bytes + ENCODED_SIZE, size - ENCODED_SIZE, &cause);
    if (!secret)
        sr_error_set(error, SR_ERROR_CORRUPT, "an item of the keyring holds malformed base64url");
    return secret;
}

static gint compare(gconstpointer a, gconstpointer b)
{
    const SrItem *left = *(SrItem *const *)a;
    const SrItem *right = *(SrItem *const *)b;
    const int order = strcmp(left->id, right->id);

    if (order != 0)
        return order;
    if (left->modified != right->modified)
        return left->modified > right->modified ? -1 : 1;
    return -strcmp(left->path, right->path);
}

void sr_item_keep_newest(GPtrArray *items)
{
    guint kept = 0;

    g_ptr_array_sort(items, compare);
    for (guint i = 0; i < items->len; i++) {
        SrItem *item = items->pdata[i];

        if (kept > 0 && strcmp(((SrItem *)items->pdata[kept - 1])->id, item->id) == 0) {
            sr_item_free(item);
            continue;
        }
        items->pdata[kept++] = item;
    }
    /* What lies beyond is moved or freed already. */
    for (guint i = kept; i < items->len; i++)
        items->pdata[i] = NULL;
    g_ptr_array_set_size(items, (int)kept);
}
