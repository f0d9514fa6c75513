/*
 * The stored objects of both tokens as the agent knows them, and the lists that programs read:
 * keys with what programs said of them, then the other objects. For the main loop.
 */
#pragma once

#include "agent/key_ring.h"
#include "agent/program_body.h"
#include "store/token_object.h"

/* Bytes of entries in one page of a list (a single longer entry makes a page of its own). */
#define SR_PAGE_MAX (60u * 1024u)

typedef struct SrTokenObjects SrTokenObjects;

/* None known yet; keys come from @keys (borrowed). Owned by the caller. */
SrTokenObjects *sr_token_objects_new(SrKeyRing *keys);

/* NULL is fine. */
void sr_token_objects_free(SrTokenObjects *objects);

/* Whether they are known; forget them (the store was locked or replaced). */
gboolean sr_token_objects_is_loaded(const SrTokenObjects *objects);
void sr_token_objects_clear(SrTokenObjects *objects);

/* Take over all objects (of SrTokenObject, taken). */
void sr_token_objects_load(SrTokenObjects *objects, GPtrArray *loaded);

/* Add or replace (taken), remove. */
void sr_token_objects_put(SrTokenObjects *objects, SrTokenObject *object);
void sr_token_objects_remove(SrTokenObjects *objects, guint64 number);

/* The object @number, or what belongs to the key of that number; NULL. Borrowed. */
const SrTokenObject *sr_token_objects_find(const SrTokenObjects *objects, guint64 number);

/* How many there are. */
guint sr_token_objects_count(const SrTokenObjects *objects);

/* All of @token that are not about a key; of SrTokenObject, borrowed. Free the array. */
GPtrArray *sr_token_objects_of(const SrTokenObjects *objects, SrToken token);

/* Changes with every change of an object or key, also over restarts of the agent. Never 0. */
guint64 sr_token_objects_generation(const SrTokenObjects *objects);

/* Something changed. */
void sr_token_objects_touch(SrTokenObjects *objects);

/* --- keys --------------------------------------------------------------------------------------
 */

/* The object number of the key @id, the id of the key @number (owned by the caller), and the token
 * of keys of @type. */
guint64 sr_token_key_number(const char *id);
char *sr_token_key_id(guint64 number);
SrToken sr_token_of_type(SrKeyType type);

/* SR_ENTRY_ALWAYS_AUTH and SR_ENTRY_LOCAL of the key @number. */
guint8 sr_token_objects_key_flags(const SrTokenObjects *objects, guint64 number);

/* --- entries -----------------------------------------------------------------------------------
 */

/* Append the entry of a key or object (wire/operation.h) to @writer. */
void sr_token_objects_write_key(const SrTokenObjects *objects, const SrKeyInfo *info,
                                SrPacketWriter *writer);
void sr_token_object_write(const SrTokenObject *object, SrPacketWriter *writer);

/* Room that any one entry needs, in bytes. */
#define SR_ENTRY_MAX (SR_ATTRIBUTES_MAX + 1024u)

/* What a program does not see of a token; a mask. */
typedef enum {
    SR_HIDES_ED25519 = 1, /* keys of that type */
    SR_HIDES_PRIVATE = 2, /* other objects with CKA_PRIVATE: nobody has logged in */
} SrTokenHides;

/*
 * Append the page of @token that begins with the entry @from to @writer: u32 next, u32 count,
 * entries; without what is hidden. Its room must be SR_PAGE_MAX + SR_ENTRY_MAX more.
 */
void sr_token_objects_write_page(SrTokenObjects *objects, SrToken token, SrTokenHides hides,
                                 guint32 from, SrPacketWriter *writer);
