#include "pkcs11/entry.h"

#include <stdlib.h>

static SrEntry *entry_new(size_t size)
{
    SrEntry *entry = size <= SR_PACKET_BODY_MAX ? calloc(1, sizeof *entry + size) : NULL;

    if (entry)
        entry->size = (uint32_t)size;
    return entry;
}

void sr_entry_free(SrEntry *entry)
{
    if (entry)
        explicit_bzero(entry, sizeof *entry + entry->size);
    free(entry);
}

/* --- key pairs ----------------------------------------------------------------------------------
 */

static SrSlice get_slice(SrPacketReader *reader)
{
    SrSlice slice;

    slice.data = sr_packet_get_bytes(reader, &slice.size);
    return slice;
}

/* Copy @part behind what @entry holds already. */
static uint32_t append(SrEntry *entry, uint32_t at, SrSlice part)
{
    if (part.size > 0)
        memcpy(entry->data + at, part.data, part.size);
    return at + (uint32_t)part.size;
}

/* A key pair of @curve with these parts, and nothing else yet. NULL when out of memory. */
static SrEntry *pair_new(const SrCurve *curve, SrSlice label, SrSlice id, SrSlice public_key)
{
    SrEntry *entry = entry_new(label.size + id.size + public_key.size);
    uint32_t at;

    if (!entry)
        return NULL;
    entry->class = CKO_PRIVATE_KEY;
    entry->curve = curve;
    entry->label_size = (uint32_t)label.size;
    entry->id_size = (uint32_t)id.size;
    at = append(entry, 0, label);
    at = append(entry, at, id);
    append(entry, at, public_key);
    return entry;
}

static CK_RV read_key(SrPacketReader *reader, SrEntry **ret_entry)
{
    const uint64_t number = sr_packet_get_u64(reader);
    const SrCurve *curve = sr_curve_get(sr_packet_get_u8(reader));
    const uint8_t flags = sr_packet_get_u8(reader);
    const uint64_t created = sr_packet_get_u64(reader);
    const SrSlice label = get_slice(reader);
    const SrSlice id = get_slice(reader);
    const SrSlice public_key = get_slice(reader);
    SrEntry *entry;

    if (reader->failed || number == 0 || !curve || public_key.size != curve->point_size)
        return CKR_DEVICE_ERROR;
    entry = pair_new(curve, label, id, public_key);
    if (!entry)
        return CKR_HOST_MEMORY;
    entry->number = number;
    entry->created = created;
    entry->flags = flags;
    *ret_entry = entry;
    return CKR_OK;
}

SrEntry *sr_entry_rename(const SrEntry *pair, SrSlice label, SrSlice id)
{
    const SrSlice public_key = {sr_entry_public_key(pair), pair->curve->point_size};
    SrEntry *entry = pair_new(pair->curve, label, id, public_key);

    if (!entry)
        return NULL;
    entry->number = pair->number;
    entry->created = pair->created;
    entry->flags = pair->flags;
    return entry;
}

SrSlice sr_entry_label(const SrEntry *entry)
{
    return (SrSlice){entry->data, entry->label_size};
}

SrSlice sr_entry_id(const SrEntry *entry)
{
    return (SrSlice){entry->data + entry->label_size, entry->id_size};
}

const uint8_t *sr_entry_public_key(const SrEntry *entry)
{
    return entry->data + entry->label_size + entry->id_size;
}

/* --- other objects ------------------------------------------------------------------------------
 */

bool sr_entry_next_attribute(SrPacketReader *attributes, CK_ATTRIBUTE_TYPE *ret_type,
                             SrSlice *ret_value)
{
    if (attributes->failed || attributes->at == attributes->end)
        return false;
    *ret_type = sr_packet_get_u32(attributes);
    *ret_value = get_slice(attributes);
    return !attributes->failed;
}

static bool are_attributes(SrSlice attributes)
{
    CK_ATTRIBUTE_TYPE type;
    SrPacketReader reader;
    SrSlice value;

    sr_packet_read(&reader, attributes.data, attributes.size);
    while (sr_entry_next_attribute(&reader, &type, &value))
        ;
    return sr_packet_is_complete(&reader);
}

SrEntry *sr_entry_new(CK_OBJECT_CLASS class, SrSlice attributes)
{
    SrEntry *entry = are_attributes(attributes) ? entry_new(attributes.size) : NULL;

    if (!entry)
        return NULL;
    entry->class = class;
    append(entry, 0, attributes);
    return entry;
}

static CK_RV read_object(SrPacketReader *reader, SrEntry **ret_entry)
{
    const uint64_t number = sr_packet_get_u64(reader);
    const CK_OBJECT_CLASS class = sr_packet_get_u32(reader);
    const SrSlice attributes = get_slice(reader);

    if (reader->failed || number == 0 || !are_attributes(attributes) ||
        (class != CKO_CERTIFICATE && class != CKO_DATA && class != CKO_PUBLIC_KEY))
        return CKR_DEVICE_ERROR;
    *ret_entry = sr_entry_new(class, attributes);
    if (!*ret_entry)
        return CKR_HOST_MEMORY;
    (*ret_entry)->number = number;
    return CKR_OK;
}

SrSlice sr_entry_attributes(const SrEntry *entry)
{
    return (SrSlice){entry->data, entry->curve ? 0 : entry->size};
}

bool sr_entry_attribute(const SrEntry *entry, CK_ATTRIBUTE_TYPE type, SrSlice *ret_value)
{
    const SrSlice attributes = sr_entry_attributes(entry);
    CK_ATTRIBUTE_TYPE next;
    SrPacketReader reader;

    sr_packet_read(&reader, attributes.data, attributes.size);
    while (sr_entry_next_attribute(&reader, &next, ret_value))
        if (next == type)
            return true;
    return false;
}

CK_RV sr_entry_read(SrPacketReader *reader, SrEntry **ret_entry)
{
    switch (sr_packet_get_u8(reader)) {
    case SR_ENTRY_KEY:
        return read_key(reader, ret_entry);
    case SR_ENTRY_OBJECT:
        return read_object(reader, ret_entry);
    default:
        return CKR_DEVICE_ERROR;
    }
}
