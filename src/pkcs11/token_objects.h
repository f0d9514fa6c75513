/*
 * The objects of the tokens, by place and by the agent's number. A place is never given to another
 * object: handles are made of it.
 */
#pragma once

#include "pkcs11/entry.h"

/* More than this no agent has; what claims to is none. */
#define SR_TOKEN_OBJECTS_MAX 1000000u

typedef struct {
    SrEntry *entry;  /* NULL: not there now */
    uint64_t number; /* the agent's; 0: one of the module's own */
    uint64_t change; /* when this application changed it last, by object_table.c's count */
    uint64_t round;  /* the listing that showed it last */
    SrToken token;
    bool is_private; /* CKA_PRIVATE; of a key pair, the private key's */
} SrTokenObject;

typedef struct {
    SrTokenObject *objects;
    uint32_t count;
    uint32_t room;
    uint32_t *buckets; /* places + 1, by hash of token and number; 0: empty */
    uint32_t bucket_count;
} SrTokenObjects;

/* Free all; @objects itself is the caller's. */
void sr_token_objects_clear(SrTokenObjects *objects);

/* The object of @token with @number (not 0), added without an entry when it is new; NULL when out
 * of memory or when there are too many. Valid until the next call. */
SrTokenObject *sr_token_objects_get(SrTokenObjects *objects, SrToken token, uint64_t number);

/* Add an object of the module's own; false when out of memory, then @entry stays the caller's. */
bool sr_token_objects_add(SrTokenObjects *objects, SrToken token, SrEntry *entry);

/* Put @entry (NULL: nothing) in place of the object's entry. */
void sr_token_object_set(SrTokenObject *object, SrEntry *entry);
