/*
 * All keys of a store. One damaged record must not take the others away, so the list has two
 * parts: the keys that can be used, and the records that cannot, for a person to see and decide.
 */
#pragma once

#include "store/key_record.h"
#include "store/store.h"

/*
 * A key record that cannot be used. All three are text fit for showing (UTF-8, @name cut to
 * SR_DAMAGED_NAME_MAX characters) and none is proven: whoever damaged the record chose them.
 */
typedef struct {
    char *id;      /* what sr_store_remove takes */
    char *name;    /* the record's label */
    char *problem; /* what is wrong, and what helps */
} SrDamagedKey;

#define SR_DAMAGED_NAME_MAX 64

typedef struct {
    GPtrArray *keys;    /* SrKeyInfo */
    GPtrArray *damaged; /* SrDamagedKey, in the order of their ids */
} SrKeyList;

/* A copy of the three texts. Owned by the caller. */
SrDamagedKey *sr_damaged_key_new(const char *id, const char *name, const char *problem);

/* NULL is fine. */
void sr_damaged_key_free(SrDamagedKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrDamagedKey, sr_damaged_key_free)

/* An empty list. Owned by the caller. */
SrKeyList *sr_key_list_new(void);

/*
 * All keys of @store, each checked as sr_key_record_info does. Fails when the store cannot be read
 * or no memory can be locked (sr_store_visit, sr_secret_new), not for damaged records. Owned by
 * the caller.
 */
SrKeyList *sr_key_list_read(SrStore *store, GError **error);

/* NULL is fine. */
void sr_key_list_free(SrKeyList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrKeyList, sr_key_list_free)
