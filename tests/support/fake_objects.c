#include "support/fake_objects.h"

#include "pkcs11/cryptoki.h"

#include <pthread.h>
#include <string.h>

#define UNCHANGED 0xffffffffu
#define IMPORTED_SIZE 32u

typedef struct {
    guint64 number;
    guint64 pair; /* from which the public key is made: a copy has the original's */
    guint32 token;
    gboolean is_hidden;
    gboolean is_key;
    guint8 curve;
    guint8 flags;
    GBytes *label;
    GBytes *id;
    guint32 class;
    GBytes *attributes;
} Object;

struct FakeObjects {
    pthread_mutex_t lock; /* not a GMutex, which ThreadSanitizer does not see */
    GPtrArray *all;       /* of Object */
    guint64 generation;
    guint64 last_number;
    guint32 page;
    guint listings;
    guint disturbances;
    guint8 imported[IMPORTED_SIZE];
};

static void object_free(gpointer data)
{
    Object *object = data;

    g_clear_pointer(&object->label, g_bytes_unref);
    g_clear_pointer(&object->id, g_bytes_unref);
    g_clear_pointer(&object->attributes, g_bytes_unref);
    g_free(object);
}

static Object *add(FakeObjects *objects, guint32 token)
{
    Object *object = g_new0(Object, 1);

    object->number = ++objects->last_number;
    object->pair = object->number;
    object->token = token;
    g_ptr_array_add(objects->all, object);
    objects->generation++;
    return object;
}

static Object *find(FakeObjects *objects, guint64 number)
{
    for (guint i = 0; i < objects->all->len; i++) {
        Object *object = g_ptr_array_index(objects->all, i);

        if (object->number == number && !object->is_hidden)
            return object;
    }
    return NULL;
}

static GBytes *get_bytes(SrPacketReader *request)
{
    gsize size;
    const guint8 *bytes = sr_packet_get_bytes(request, &size);

    return g_bytes_new(bytes, size);
}

static void put_bytes(SrPacketWriter *reply, GBytes *bytes)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);

    sr_packet_put_bytes(reply, data, size);
}

static void put_entry(SrPacketWriter *reply, const Object *object)
{
    guint8 point[65];

    sr_packet_put_u8(reply, object->is_key ? SR_ENTRY_KEY : SR_ENTRY_OBJECT);
    sr_packet_put_u64(reply, object->number);
    if (!object->is_key) {
        sr_packet_put_u32(reply, object->class);
        put_bytes(reply, object->attributes);
        return;
    }
    for (gsize i = 0; i < sizeof point; i++)
        point[i] = (guint8)((object->pair >> 8 * (i % 8)) + i);
    if (object->curve != SR_CURVE_ED25519)
        point[0] = 4;
    sr_packet_put_u8(reply, object->curve);
    sr_packet_put_u8(reply, object->flags);
    sr_packet_put_u64(reply, 1700000000);
    put_bytes(reply, object->label);
    put_bytes(reply, object->id);
    sr_packet_put_bytes(reply, point, object->curve == SR_CURVE_ED25519 ? 32 : 65);
}

/* --- operations --------------------------------------------------------------------------------
 */

static guint32 list(FakeObjects *objects, SrPacketReader *request, SrPacketWriter *reply)
{
    const guint32 token = sr_packet_get_u32(request);
    const guint64 known = sr_packet_get_u64(request);
    const guint32 from = sr_packet_get_u32(request);
    guint32 seen = 0;
    guint32 count = 0;
    gsize next_at;
    gsize count_at;

    sr_packet_put_u64(reply, objects->generation);
    next_at = reply->size;
    sr_packet_put_u32(reply, 0);
    count_at = reply->size;
    if (known == objects->generation) {
        sr_packet_put_u32(reply, UNCHANGED);
        return CKR_OK;
    }
    sr_packet_put_u32(reply, 0);
    objects->listings += from == 0;
    for (guint i = 0; i < objects->all->len; i++) {
        const Object *object = g_ptr_array_index(objects->all, i);

        if (object->token != token || object->is_hidden || seen++ < from)
            continue;
        if (count == objects->page) {
            const guint32 next = from + count;

            memcpy(reply->data + next_at, &next, sizeof next);
            break;
        }
        put_entry(reply, object);
        count++;
    }
    memcpy(reply->data + count_at, &count, sizeof count);
    if (objects->disturbances > 0) {
        objects->disturbances--;
        objects->generation++;
    }
    return CKR_OK;
}

/* GENERATE, and IMPORT, which brings a private key. */
static guint32 make_key(FakeObjects *objects, gboolean is_import, SrPacketReader *request,
                        SrPacketWriter *reply)
{
    Object *object = add(objects, sr_packet_get_u32(request));

    object->is_key = TRUE;
    object->curve = sr_packet_get_u8(request);
    object->flags = (guint8)(sr_packet_get_u8(request) | (is_import ? 0 : SR_ENTRY_LOCAL));
    object->label = get_bytes(request);
    object->id = get_bytes(request);
    if (g_bytes_get_size(object->id) == 0) {
        g_bytes_unref(object->id);
        object->id = g_bytes_new(&object->number, sizeof object->number);
    }
    if (is_import) {
        gsize size;
        const guint8 *scalar = sr_packet_get_bytes(request, &size);

        g_assert_cmpuint(size, ==, sizeof objects->imported);
        memcpy(objects->imported, scalar, size);
    }
    g_assert_true(sr_packet_is_complete(request));
    put_entry(reply, object);
    return CKR_OK;
}

static guint32 copy_key(FakeObjects *objects, SrPacketReader *request, SrPacketWriter *reply)
{
    const Object *original = find(objects, sr_packet_get_u64(request));
    Object *object;

    if (!original || original->token != SR_TOKEN_SESSION)
        return CKR_OBJECT_HANDLE_INVALID;
    object = add(objects, sr_packet_get_u32(request));
    object->is_key = TRUE;
    object->pair = original->pair;
    object->curve = original->curve;
    object->flags = original->flags;
    object->label = get_bytes(request);
    object->id = get_bytes(request);
    g_assert_true(sr_packet_is_complete(request));
    put_entry(reply, object);
    return CKR_OK;
}

static guint32 create(FakeObjects *objects, SrPacketReader *request, SrPacketWriter *reply)
{
    Object *object = add(objects, sr_packet_get_u32(request));

    object->class = sr_packet_get_u32(request);
    object->attributes = get_bytes(request);
    g_assert_true(sr_packet_is_complete(request));
    put_entry(reply, object);
    return CKR_OK;
}

static void change_key(Object *object, SrPacketReader *attributes)
{
    while (attributes->at < attributes->end) {
        const guint32 type = sr_packet_get_u32(attributes);
        GBytes **part = type == CKA_LABEL ? &object->label : &object->id;

        g_assert_true(type == CKA_LABEL || type == CKA_ID);
        g_bytes_unref(*part);
        *part = get_bytes(attributes);
    }
}

/* Another object: what is new comes first, and hides what is old. */
static void change_object(Object *object, GBytes *attributes)
{
    GByteArray *all = g_byte_array_new();

    g_byte_array_append(all, g_bytes_get_data(attributes, NULL),
                        (guint)g_bytes_get_size(attributes));
    g_byte_array_append(all, g_bytes_get_data(object->attributes, NULL),
                        (guint)g_bytes_get_size(object->attributes));
    g_bytes_unref(object->attributes);
    object->attributes = g_byte_array_free_to_bytes(all);
}

static guint32 change(FakeObjects *objects, SrPacketReader *request, SrPacketWriter *reply)
{
    Object *object = find(objects, sr_packet_get_u64(request));
    g_autoptr(GBytes) attributes = get_bytes(request);
    SrPacketReader reader;

    if (!object)
        return CKR_OBJECT_HANDLE_INVALID;
    sr_packet_read(&reader, g_bytes_get_data(attributes, NULL), g_bytes_get_size(attributes));
    if (object->is_key)
        change_key(object, &reader);
    else
        change_object(object, attributes);
    objects->generation++;
    put_entry(reply, object);
    return CKR_OK;
}

static guint32 destroy(FakeObjects *objects, SrPacketReader *request)
{
    Object *object = find(objects, sr_packet_get_u64(request));

    if (!object)
        return CKR_OBJECT_HANDLE_INVALID;
    g_ptr_array_remove(objects->all, object);
    objects->generation++;
    return CKR_OK;
}

const guint8 *fake_objects_shared(void)
{
    static guint8 shared[32];

    for (guint i = 0; i < sizeof shared; i++)
        shared[i] = (guint8)(i + 1);
    return shared;
}

static guint32 derive(FakeObjects *objects, SrPacketReader *request, SrPacketWriter *reply)
{
    gsize size;

    if (!find(objects, sr_packet_get_u64(request)))
        return CKR_KEY_HANDLE_INVALID;
    sr_packet_get_bytes(request, &size);
    g_assert_cmpuint(size, ==, 65);
    sr_packet_put_bytes(reply, fake_objects_shared(), 32);
    return CKR_OK;
}

static gboolean answer(FakeAgent *agent, guint32 operation, SrPacketReader *request,
                       SrPacketWriter *reply, guint32 *ret_code, gpointer data)
{
    FakeObjects *objects = data;
    gboolean is_answered = TRUE;

    (void)agent;
    pthread_mutex_lock(&objects->lock);
    switch (operation) {
    case SR_OPERATION_LIST:
        *ret_code = list(objects, request, reply);
        break;
    case SR_OPERATION_GENERATE:
    case SR_OPERATION_IMPORT:
        *ret_code = make_key(objects, operation == SR_OPERATION_IMPORT, request, reply);
        break;
    case SR_OPERATION_COPY:
        *ret_code = copy_key(objects, request, reply);
        break;
    case SR_OPERATION_CREATE:
        *ret_code = create(objects, request, reply);
        break;
    case SR_OPERATION_CHANGE:
        *ret_code = change(objects, request, reply);
        break;
    case SR_OPERATION_DESTROY:
        *ret_code = destroy(objects, request);
        break;
    case SR_OPERATION_DERIVE:
        *ret_code = derive(objects, request, reply);
        break;
    default:
        is_answered = FALSE;
    }
    pthread_mutex_unlock(&objects->lock);
    return is_answered;
}

/* --- what the test says ------------------------------------------------------------------------
 */

FakeObjects *fake_objects_new(FakeAgent *agent)
{
    FakeObjects *objects = g_new0(FakeObjects, 1);

    pthread_mutex_init(&objects->lock, NULL);
    objects->all = g_ptr_array_new_with_free_func(object_free);
    objects->generation = 1;
    objects->page = 5000;
    fake_agent_set_answer(agent, answer, objects);
    return objects;
}

void fake_objects_free(FakeObjects *objects)
{
    g_ptr_array_unref(objects->all);
    pthread_mutex_destroy(&objects->lock);
    g_free(objects);
}

guint64 fake_objects_add_key(FakeObjects *objects, guint32 token, guint8 curve, guint8 flags,
                             const char *label, const char *id)
{
    guint64 number;
    Object *object;

    pthread_mutex_lock(&objects->lock);
    object = add(objects, token);
    object->is_key = TRUE;
    object->curve = curve;
    object->flags = flags;
    object->label = g_bytes_new(label, strlen(label));
    object->id = g_bytes_new(id, strlen(id));
    number = object->number;
    pthread_mutex_unlock(&objects->lock);
    return number;
}

void fake_objects_hide(FakeObjects *objects, guint64 number, gboolean hidden)
{
    pthread_mutex_lock(&objects->lock);
    for (guint i = 0; i < objects->all->len; i++) {
        Object *object = g_ptr_array_index(objects->all, i);

        if (object->number == number)
            object->is_hidden = hidden;
    }
    objects->generation++;
    pthread_mutex_unlock(&objects->lock);
}

void fake_objects_set_page(FakeObjects *objects, guint32 page)
{
    pthread_mutex_lock(&objects->lock);
    objects->page = page;
    pthread_mutex_unlock(&objects->lock);
}

void fake_objects_disturb(FakeObjects *objects, guint times)
{
    pthread_mutex_lock(&objects->lock);
    objects->disturbances = times;
    pthread_mutex_unlock(&objects->lock);
}

guint fake_objects_listings(FakeObjects *objects)
{
    guint listings;

    pthread_mutex_lock(&objects->lock);
    listings = objects->listings;
    pthread_mutex_unlock(&objects->lock);
    return listings;
}

guint fake_objects_count(FakeObjects *objects, guint32 token)
{
    guint count = 0;

    pthread_mutex_lock(&objects->lock);
    for (guint i = 0; i < objects->all->len; i++)
        count += ((const Object *)g_ptr_array_index(objects->all, i))->token == token;
    pthread_mutex_unlock(&objects->lock);
    return count;
}

const guint8 *fake_objects_imported(const FakeObjects *objects)
{
    return objects->imported;
}
