/*
 * The keys the agent knows: public parts of all, private parts of those that were unlocked. Damaged
 * keys are known by id and name alone: none of the functions that find keys to use gives one out.
 *
 * Private keys stay for the configured time after their last use and go at once when the ring is
 * locked. Used from the main loop only.
 */
#pragma once

#include "store/key_list.h"

#include <glib.h>

typedef struct SrKeyRing SrKeyRing;

/* @cache_seconds: how long an unlocked key stays after its last use; 0: not at all. */
SrKeyRing *sr_key_ring_new(guint cache_seconds);
void sr_key_ring_free(SrKeyRing *ring);

/* Whether the public parts are known. */
gboolean sr_key_ring_is_loaded(const SrKeyRing *ring);

/* Know the keys of @list (taken); @default_id is the id of the chosen default key, or NULL. */
void sr_key_ring_load(SrKeyRing *ring, SrKeyList *list, const char *default_id);

/* Forget everything, private keys first (wiped). */
void sr_key_ring_clear(SrKeyRing *ring);

/* Forget the private keys only. */
void sr_key_ring_drop_private(SrKeyRing *ring);

/* All keys, the default first, then by name; of SrKeyInfo, borrowed. Free the array. */
GPtrArray *sr_key_ring_list(const SrKeyRing *ring);
guint sr_key_ring_size(const SrKeyRing *ring);

/*
 * A key by id, name or address; NULL as @name is the default key. SR_ERROR_KEY_NOT_FOUND, with the
 * next step, when there is none, SR_ERROR_CORRUPT when it is damaged. Borrowed.
 */
const SrKeyInfo *sr_key_ring_find(const SrKeyRing *ring, const char *name, GError **error);

/* The id of the default key, NULL when there is none. Borrowed. While the chosen one is damaged
 * there is none: another key must not sign in its place without having been chosen. */
const char *sr_key_ring_default(const SrKeyRing *ring);

/* Whether a default key is there or was chosen, damaged or not. */
gboolean sr_key_ring_has_default(const SrKeyRing *ring);

/* Whether @id is the key that was chosen as the default, damaged or not. */
gboolean sr_key_ring_is_chosen(const SrKeyRing *ring, const char *id);

/* Make @id the default; NULL or an unknown id unsets it. */
void sr_key_ring_set_default(SrKeyRing *ring, const char *id);

/* Whether a key of this name is there, damaged or not. */
gboolean sr_key_ring_has_name(const SrKeyRing *ring, const char *name);

/* The damaged keys, of SrDamagedKey; array and elements borrowed. */
const GPtrArray *sr_key_ring_damaged(const SrKeyRing *ring);

/* The damaged key of that id, or the only one of that name; NULL when there is none. Borrowed. */
const SrDamagedKey *sr_key_ring_find_damaged(const SrKeyRing *ring, const char *name);

/* Forget the damaged key @id, which must not be that of a key that can be used. */
void sr_key_ring_remove_damaged(SrKeyRing *ring, const char *id);

/* Add or replace (@info is taken), or remove with its private part. */
void sr_key_ring_add(SrKeyRing *ring, SrKeyInfo *info);
void sr_key_ring_remove(SrKeyRing *ring, const char *id);

/* The unlocked private key of @id, or NULL; its time starts again. Borrowed until the main loop. */
SrKey *sr_key_ring_private(SrKeyRing *ring, const char *id);

/* Keep the private key (taken) of @id. Returned borrowed, valid until the main loop runs. */
SrKey *sr_key_ring_keep(SrKeyRing *ring, const char *id, SrKey *key);

/*
 * Hear of every change: @id is the key that was added, changed or removed; NULL means all of them
 * (their private parts were dropped, or the ring was filled or cleared).
 */
typedef void (*SrKeyRingChanged)(const char *id, gpointer user_data);
void sr_key_ring_watch(SrKeyRing *ring, SrKeyRingChanged changed, gpointer user_data);

/* Another number after every change of what the ring has but the private parts. */
guint sr_key_ring_revision(const SrKeyRing *ring);

/* How many private keys are unlocked. */
guint sr_key_ring_unlocked(const SrKeyRing *ring);
