/* The objects of sessions (CKA_TOKEN false), in the order in which they were made. */
#pragma once

#include "pkcs11/entry.h"

/* The halves of a key pair, which are destroyed one by one. */
#define SR_HALF_PRIVATE 1u
#define SR_HALF_PUBLIC 2u

/* Serials that fit into a handle. */
#define SR_SESSION_SERIAL_MAX (~0UL >> 2)

typedef struct SrSessionObject {
    CK_ULONG serial; /* from 1; never given again */
    CK_SESSION_HANDLE session;
    SrToken token;
    SrEntry *entry;
    uint64_t epoch; /* of the agent that has the key (sr_link_epoch), when there is one */
    bool is_private;
    unsigned halves; /* those that are there; another object: SR_HALF_PRIVATE */
    struct SrSessionObject *next;
} SrSessionObject;

typedef struct {
    SrSessionObject **objects; /* by rising serial */
    size_t count;
    size_t room;
    CK_ULONG last_serial;
} SrSessionObjects;

/* Free an object, or all of a list (next). */
void sr_session_object_free(SrSessionObject *object);

/* Free all; @objects itself is the caller's. */
void sr_session_objects_clear(SrSessionObjects *objects);

/*
 * Add @object, which gets its serial and is owned by @objects; false when out of memory, then it
 * stays the caller's.
 */
bool sr_session_objects_add(SrSessionObjects *objects, SrSessionObject *object);

/* The object with @serial; NULL. */
SrSessionObject *sr_session_objects_get(const SrSessionObjects *objects, CK_ULONG serial);

/*
 * Take out all objects for which @is_wanted says so with @data; the list of them (next) is the
 * caller's, to free.
 */
SrSessionObject *sr_session_objects_take(SrSessionObjects *objects,
                                         bool (*is_wanted)(const SrSessionObject *object,
                                                           const void *data),
                                         const void *data);
