/*
 * What there is to know of an object, in one piece of memory: a key pair (both objects of it), or
 * the stored attributes of any other object. Decoded from the agent's replies (wire/operation.h),
 * of which nothing is believed, or made by the module.
 */
#pragma once

#include "pkcs11/cryptoki.h"
#include "pkcs11/curve.h"
#include "wire/packet.h"

typedef struct {
    uint64_t number;       /* the agent's name for it; 0: the agent does not know it */
    uint64_t created;      /* seconds since 1970 */
    CK_OBJECT_CLASS class; /* CKO_PRIVATE_KEY: a key pair */
    const SrCurve *curve;  /* of a key pair; else NULL */
    uint8_t flags;         /* SR_ENTRY_… of a key pair */
    uint32_t label_size;
    uint32_t id_size;
    uint32_t size; /* of data: label, id and public key; or attributes */
    uint8_t data[];
} SrEntry;

/*
 * The next entry in @reader. CKR_DEVICE_ERROR when it is none; CKR_HOST_MEMORY. Owned by the caller
 * (sr_entry_free).
 */
CK_RV sr_entry_read(SrPacketReader *reader, SrEntry **ret_entry);

/*
 * An entry of attributes for the module's own objects: @attributes as in operation.h. NULL when out
 * of memory or when they are malformed. Owned by the caller.
 */
SrEntry *sr_entry_new(CK_OBJECT_CLASS class, SrSlice attributes);

/* Wipe and free: it may be a secret key. NULL is fine. */
void sr_entry_free(SrEntry *entry);

/* The key pair @pair with another label and id. NULL when out of memory. Owned by the caller. */
SrEntry *sr_entry_rename(const SrEntry *pair, SrSlice label, SrSlice id);

/* Parts of a key pair; borrowed. */
SrSlice sr_entry_label(const SrEntry *entry);
SrSlice sr_entry_id(const SrEntry *entry);
const uint8_t *sr_entry_public_key(const SrEntry *entry);

/* All stored attributes of another object, and one of them (false: not stored); borrowed. */
SrSlice sr_entry_attributes(const SrEntry *entry);
bool sr_entry_attribute(const SrEntry *entry, CK_ATTRIBUTE_TYPE type, SrSlice *ret_value);

/* The next of @attributes, which moves behind it; false at the end or when they are malformed. */
bool sr_entry_next_attribute(SrPacketReader *attributes, CK_ATTRIBUTE_TYPE *ret_type,
                             SrSlice *ret_value);
