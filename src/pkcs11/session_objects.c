#include "pkcs11/session_objects.h"

#include <stdlib.h>

void sr_session_object_free(SrSessionObject *object)
{
    while (object) {
        SrSessionObject *next = object->next;

        sr_entry_free(object->entry);
        free(object);
        object = next;
    }
}

void sr_session_objects_clear(SrSessionObjects *objects)
{
    for (size_t i = 0; i < objects->count; i++)
        sr_session_object_free(objects->objects[i]);
    free(objects->objects);
    *objects = (SrSessionObjects){0};
}

bool sr_session_objects_add(SrSessionObjects *objects, SrSessionObject *object)
{
    if (objects->last_serial == SR_SESSION_SERIAL_MAX)
        return false;
    if (objects->count == objects->room) {
        const size_t room = objects->room ? objects->room * 2 : 16;
        SrSessionObject **array = realloc(objects->objects, room * sizeof(SrSessionObject *));

        if (!array)
            return false;
        objects->objects = array;
        objects->room = room;
    }
    object->serial = ++objects->last_serial;
    objects->objects[objects->count++] = object;
    return true;
}

SrSessionObject *sr_session_objects_get(const SrSessionObjects *objects, CK_ULONG serial)
{
    size_t low = 0;
    size_t high = objects->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        SrSessionObject *object = objects->objects[middle];

        if (object->serial == serial)
            return object;
        if (object->serial < serial)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

SrSessionObject *sr_session_objects_take(SrSessionObjects *objects,
                                         bool (*is_wanted)(const SrSessionObject *object,
                                                           const void *data),
                                         const void *data)
{
    SrSessionObject *taken = NULL;
    size_t kept = 0;

    for (size_t i = 0; i < objects->count; i++) {
        SrSessionObject *object = objects->objects[i];

        if (is_wanted(object, data)) {
            object->next = taken;
            taken = object;
        } else {
            objects->objects[kept++] = object;
        }
    }
    objects->count = kept;
    return taken;
}
