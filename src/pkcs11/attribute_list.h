/* Attributes being put together for an entry or for the agent, in the form of wire/operation.h. */
#pragma once

#include "pkcs11/object.h"
#include "wire/packet.h"

typedef struct {
    uint8_t *memory; /* NULL when that failed */
    SrPacketWriter writer;
} SrAttributeList;

/*
 * Begin a list with room for @count attributes of @size bytes of values altogether. Everything else
 * may follow a failure, which sr_attribute_list_get reports.
 */
void sr_attribute_list_begin(SrAttributeList *list, size_t count, size_t size);

/* Append an attribute; a CK_BBOOL. */
void sr_attribute_list_put(SrAttributeList *list, CK_ATTRIBUTE_TYPE type, SrSlice value);
void sr_attribute_list_put_bool(SrAttributeList *list, CK_ATTRIBUTE_TYPE type, bool value);

/* Append what @template says of those attributes of @class that are kept as they are. */
void sr_attribute_list_put_kept(SrAttributeList *list, CK_OBJECT_CLASS class,
                                const SrTemplate *template);

/* The bytes of all values in @template. */
size_t sr_attribute_list_size(const SrTemplate *template);

/* The list, borrowed. CKR_HOST_MEMORY when something failed. */
CK_RV sr_attribute_list_get(const SrAttributeList *list, SrSlice *ret_attributes);

/* Wipe and free. */
void sr_attribute_list_end(SrAttributeList *list);
