#include "agent/token_objects.h"

#include "agent/program_result.h"
#include "base/encoding.h"

#include <string.h>

#define KEY_ID_BYTES 8u

/* All entries of a token, ready to be sent. */
typedef struct {
    guint64 generation; /* for which it was made; 0: never */
    GByteArray *bytes;
    GArray *ends; /* of gsize: where each entry ends in bytes */
} Listing;

/* Those of both tokens, by SrToken, for each way in which programs may see less (SrTokenHides). */
#define LISTINGS (4 * SR_TOKENS)

struct SrTokenObjects {
    SrKeyRing *keys;
    GHashTable *by_number; /* guint64 → SrTokenObject, owned */
    guint64 generation;
    gboolean loaded;
    Listing listings[LISTINGS];
};

SrTokenObjects *sr_token_objects_new(SrKeyRing *keys)
{
    SrTokenObjects *objects = g_new0(SrTokenObjects, 1);

    objects->keys = keys;
    objects->by_number = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
                                               (GDestroyNotify)sr_token_object_free);
    /* Counting on from the time, no later agent repeats a number. */
    objects->generation = (guint64)g_get_real_time();
    for (guint i = 0; i < LISTINGS; i++) {
        objects->listings[i].bytes = g_byte_array_new();
        objects->listings[i].ends = g_array_new(FALSE, FALSE, sizeof(gsize));
    }
    return objects;
}

void sr_token_objects_free(SrTokenObjects *objects)
{
    if (!objects)
        return;
    for (guint i = 0; i < LISTINGS; i++) {
        g_byte_array_unref(objects->listings[i].bytes);
        g_array_unref(objects->listings[i].ends);
    }
    g_hash_table_unref(objects->by_number);
    g_free(objects);
}

void sr_token_objects_touch(SrTokenObjects *objects)
{
    objects->generation++;
}

guint64 sr_token_objects_generation(const SrTokenObjects *objects)
{
    return objects->generation;
}

gboolean sr_token_objects_is_loaded(const SrTokenObjects *objects)
{
    return objects->loaded;
}

void sr_token_objects_clear(SrTokenObjects *objects)
{
    g_hash_table_remove_all(objects->by_number);
    objects->loaded = FALSE;
    sr_token_objects_touch(objects);
}

void sr_token_objects_put(SrTokenObjects *objects, SrTokenObject *object)
{
    g_hash_table_replace(objects->by_number, &object->number, object);
    sr_token_objects_touch(objects);
}

void sr_token_objects_load(SrTokenObjects *objects, GPtrArray *loaded)
{
    for (guint i = 0; i < loaded->len; i++)
        sr_token_objects_put(objects, loaded->pdata[i]);
    g_ptr_array_set_free_func(loaded, NULL);
    g_ptr_array_unref(loaded);
    objects->loaded = TRUE;
    sr_token_objects_touch(objects);
}

void sr_token_objects_remove(SrTokenObjects *objects, guint64 number)
{
    g_hash_table_remove(objects->by_number, &number);
    sr_token_objects_touch(objects);
}

const SrTokenObject *sr_token_objects_find(const SrTokenObjects *objects, guint64 number)
{
    return g_hash_table_lookup(objects->by_number, &number);
}

guint sr_token_objects_count(const SrTokenObjects *objects)
{
    GHashTableIter iterator;
    gpointer object;
    guint count = 0;

    g_hash_table_iter_init(&iterator, objects->by_number);
    while (g_hash_table_iter_next(&iterator, NULL, &object))
        count += ((const SrTokenObject *)object)->class != SR_CKO_PRIVATE_KEY;
    return count;
}

static gint by_number(gconstpointer a, gconstpointer b)
{
    const SrTokenObject *left = *(const SrTokenObject *const *)a;
    const SrTokenObject *right = *(const SrTokenObject *const *)b;

    return left->number < right->number ? -1 : left->number > right->number;
}

GPtrArray *sr_token_objects_of(const SrTokenObjects *objects, SrToken token)
{
    GPtrArray *list = g_ptr_array_new();
    GHashTableIter iterator;
    gpointer value;

    g_hash_table_iter_init(&iterator, objects->by_number);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const SrTokenObject *object = value;

        if (object->token == token && object->class != SR_CKO_PRIVATE_KEY)
            g_ptr_array_add(list, value);
    }
    g_ptr_array_sort(list, by_number);
    return list;
}

/* --- keys --------------------------------------------------------------------------------------
 */

guint64 sr_token_key_number(const char *id)
{
    return g_ascii_strtoull(id, NULL, 16);
}

char *sr_token_key_id(guint64 number)
{
    return g_strdup_printf("%016" G_GINT64_MODIFIER "x", number);
}

SrToken sr_token_of_type(SrKeyType type)
{
    return type == SR_KEY_SECP256K1 ? SR_TOKEN_ACCOUNTS : SR_TOKEN_KEYS;
}

/* The attribute @type that a program gave the key @number. */
static gboolean key_attribute(const SrTokenObjects *objects, guint64 number, guint32 type,
                              SrBytes *ret_value)
{
    const SrTokenObject *object = sr_token_objects_find(objects, number);
    SrBytes attributes = {(const guint8 *)"", 0};

    if (!object || object->class != SR_CKO_PRIVATE_KEY)
        return FALSE;
    if (g_bytes_get_size(object->attributes) > 0)
        attributes.data = g_bytes_get_data(object->attributes, &attributes.size);
    return sr_program_attribute(attributes, type, ret_value);
}

static gboolean key_is(const SrTokenObjects *objects, guint64 number, guint32 type)
{
    SrBytes value;

    return key_attribute(objects, number, type, &value) && value.size == 1 && value.data[0] == 1;
}

guint8 sr_token_objects_key_flags(const SrTokenObjects *objects, guint64 number)
{
    guint8 flags = 0;

    if (key_is(objects, number, SR_CKA_ALWAYS_AUTHENTICATE))
        flags |= SR_ENTRY_ALWAYS_AUTH;
    if (key_is(objects, number, SR_CKA_LOCAL))
        flags |= SR_ENTRY_LOCAL;
    return flags;
}

/* --- entries -----------------------------------------------------------------------------------
 */

void sr_token_objects_write_key(const SrTokenObjects *objects, const SrKeyInfo *info,
                                SrPacketWriter *writer)
{
    const guint64 number = sr_token_key_number(info->id);
    const guint8 sealed = info->sealed ? SR_ENTRY_SEALED : 0;
    guint8 id[KEY_ID_BYTES];
    SrBytes value;

    sr_packet_put_u8(writer, SR_ENTRY_KEY);
    sr_packet_put_u64(writer, number);
    sr_packet_put_u8(writer, (guint8)info->type);
    sr_packet_put_u8(writer, sealed | sr_token_objects_key_flags(objects, number));
    sr_packet_put_u64(writer, (guint64)info->created);
    if (key_attribute(objects, number, SR_CKA_LABEL, &value))
        sr_packet_put_bytes(writer, value.data, value.size);
    else
        sr_packet_put_text(writer, info->name);
    if (key_attribute(objects, number, SR_CKA_ID, &value) && value.size > 0) {
        sr_packet_put_bytes(writer, value.data, value.size);
    } else {
        sr_hex_decode_fixed(info->id, strlen(info->id), id, sizeof id);
        sr_packet_put_bytes(writer, id, sizeof id);
    }
    sr_packet_put_bytes(writer, info->public_key, sr_key_public_size(info->type));
}

void sr_token_object_write(const SrTokenObject *object, SrPacketWriter *writer)
{
    gsize size;
    const void *attributes = g_bytes_get_data(object->attributes, &size);

    sr_packet_put_u8(writer, SR_ENTRY_OBJECT);
    sr_packet_put_u64(writer, object->number);
    sr_packet_put_u32(writer, object->class);
    sr_packet_put_bytes(writer, attributes, size);
}

/* CKA_PRIVATE: to be seen by those only who have logged in. */
static gboolean is_private(const SrTokenObject *object)
{
    SrBytes attributes = {(const guint8 *)"", 0};
    SrBytes value;

    if (g_bytes_get_size(object->attributes) > 0)
        attributes.data = g_bytes_get_data(object->attributes, &attributes.size);
    return sr_program_attribute(attributes, SR_CKA_PRIVATE, &value) &&
           !(value.size == 1 && value.data[0] == 0);
}

static void add_entry(Listing *listing, const SrPacketWriter *writer)
{
    gsize end;

    g_byte_array_append(listing->bytes, writer->data + SR_PACKET_HEADER_SIZE,
                        (guint)(writer->size - SR_PACKET_HEADER_SIZE));
    end = listing->bytes->len;
    g_array_append_val(listing->ends, end);
}

/* Make the list of @token without what is hidden anew if anything has changed. */
static const Listing *listing_of(SrTokenObjects *objects, SrToken token, SrTokenHides hides)
{
    Listing *listing = &objects->listings[hides * SR_TOKENS + token];
    g_autofree guint8 *memory = NULL;
    g_autoptr(GPtrArray) keys = NULL;
    g_autoptr(GPtrArray) others = NULL;
    SrPacketWriter writer;

    if (listing->generation == objects->generation)
        return listing;
    memory = g_malloc(SR_ENTRY_MAX);
    keys = sr_key_ring_list(objects->keys);
    others = sr_token_objects_of(objects, token);
    g_byte_array_set_size(listing->bytes, 0);
    g_array_set_size(listing->ends, 0);
    for (guint i = 0; i < keys->len; i++) {
        const SrKeyInfo *info = keys->pdata[i];

        if (sr_token_of_type(info->type) != token ||
            (hides & SR_HIDES_ED25519 && info->type == SR_KEY_ED25519))
            continue;
        sr_packet_begin(&writer, memory, SR_ENTRY_MAX, 0, 0);
        sr_token_objects_write_key(objects, info, &writer);
        add_entry(listing, &writer);
    }
    for (guint i = 0; i < others->len; i++) {
        if (hides & SR_HIDES_PRIVATE && is_private(others->pdata[i]))
            continue;
        sr_packet_begin(&writer, memory, SR_ENTRY_MAX, 0, 0);
        sr_token_object_write(others->pdata[i], &writer);
        add_entry(listing, &writer);
    }
    listing->generation = objects->generation;
    return listing;
}

static gsize end_of(const Listing *listing, guint32 index)
{
    return index == 0 ? 0 : g_array_index(listing->ends, gsize, index - 1);
}

void sr_token_objects_write_page(SrTokenObjects *objects, SrToken token, SrTokenHides hides,
                                 guint32 from, SrPacketWriter *writer)
{
    const Listing *listing = listing_of(objects, token, hides);
    const guint32 total = listing->ends->len;
    const guint32 first = MIN(from, total);
    guint32 next = first;
    gsize begin = end_of(listing, first);

    while (next < total && (next == first || end_of(listing, next + 1) - begin <= SR_PAGE_MAX))
        next++;
    sr_packet_put_u32(writer, next < total ? next : 0);
    sr_packet_put_u32(writer, next - first);
    sr_packet_put_raw(writer, listing->bytes->data + begin, end_of(listing, next) - begin);
}
