#include "pkcs11/token_objects.h"

#include <stdlib.h>

void sr_token_objects_clear(SrTokenObjects *objects)
{
    for (uint32_t i = 0; i < objects->count; i++)
        sr_entry_free(objects->objects[i].entry);
    free(objects->objects);
    free(objects->buckets);
    *objects = (SrTokenObjects){0};
}

/* The bucket where an object is, or the empty one where it would be. */
static uint32_t *find(const SrTokenObjects *objects, SrToken token, uint64_t number)
{
    const uint32_t mask = objects->bucket_count - 1;
    uint32_t at = (uint32_t)((number + token) * 0x9e3779b97f4a7c15u >> 32) & mask;

    for (;; at = (at + 1) & mask) {
        const SrTokenObject *object;

        if (objects->buckets[at] == 0)
            return &objects->buckets[at];
        object = &objects->objects[objects->buckets[at] - 1];
        if (object->number == number && object->token == token)
            return &objects->buckets[at];
    }
}

/* Make room for one object more, with at most half of the buckets taken. */
static bool grow(SrTokenObjects *objects)
{
    const uint32_t room = objects->room ? objects->room * 2 : 16;
    SrTokenObject *array;
    uint32_t *buckets;

    if (objects->count < objects->room)
        return true;
    if (objects->count >= SR_TOKEN_OBJECTS_MAX)
        return false;
    array = realloc(objects->objects, room * sizeof *array);
    if (!array)
        return false;
    objects->objects = array;
    buckets = calloc(2 * (size_t)room, sizeof *buckets);
    if (!buckets)
        return false;
    free(objects->buckets);
    objects->buckets = buckets;
    objects->bucket_count = 2 * room;
    objects->room = room;
    for (uint32_t i = 0; i < objects->count; i++)
        if (array[i].number != 0)
            *find(objects, array[i].token, array[i].number) = i + 1;
    return true;
}

SrTokenObject *sr_token_objects_get(SrTokenObjects *objects, SrToken token, uint64_t number)
{
    uint32_t *bucket = objects->bucket_count > 0 ? find(objects, token, number) : NULL;

    if (bucket && *bucket > 0)
        return &objects->objects[*bucket - 1];
    if (!grow(objects))
        return NULL;
    objects->objects[objects->count++] = (SrTokenObject){.number = number, .token = token};
    *find(objects, token, number) = objects->count;
    return &objects->objects[objects->count - 1];
}

bool sr_token_objects_add(SrTokenObjects *objects, SrToken token, SrEntry *entry)
{
    if (!grow(objects))
        return false;
    objects->objects[objects->count] = (SrTokenObject){.entry = entry, .token = token};
    objects->count++;
    return true;
}

/* CKA_PRIVATE of an entry that is no key pair. */
static bool is_private(const SrEntry *entry)
{
    SrSlice value;

    return sr_entry_attribute(entry, CKA_PRIVATE, &value) && value.size == sizeof(CK_BBOOL) &&
           value.data[0] != CK_FALSE;
}

void sr_token_object_set(SrTokenObject *object, SrEntry *entry)
{
    sr_entry_free(object->entry);
    object->entry = entry;
    object->is_private = entry && (entry->class == CKO_PRIVATE_KEY || is_private(entry));
}
