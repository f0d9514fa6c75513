#include "pkcs11/attribute_list.h"

#include "pkcs11/attribute.h"

#include <stdlib.h>

#define EACH 8u /* bytes of an attribute beside its value: type and count */

void sr_attribute_list_begin(SrAttributeList *list, size_t count, size_t size)
{
    const size_t room = SR_PACKET_HEADER_SIZE + count * EACH + size;

    list->memory = malloc(room);
    sr_packet_begin(&list->writer, list->memory, list->memory ? room : 0, 0, 0);
}

void sr_attribute_list_put(SrAttributeList *list, CK_ATTRIBUTE_TYPE type, SrSlice value)
{
    sr_packet_put_u32(&list->writer, (uint32_t)type);
    sr_packet_put_bytes(&list->writer, value.data, value.size);
}

void sr_attribute_list_put_bool(SrAttributeList *list, CK_ATTRIBUTE_TYPE type, bool value)
{
    const CK_BBOOL flag = value ? CK_TRUE : CK_FALSE;

    sr_attribute_list_put(list, type, (SrSlice){&flag, sizeof flag});
}

void sr_attribute_list_put_kept(SrAttributeList *list, CK_OBJECT_CLASS class,
                                const SrTemplate *template)
{
    for (CK_ULONG i = 0; i < template->count; i++) {
        const CK_ATTRIBUTE *given = &template->attributes[i];
        const SrAttribute *row = sr_attribute_find(class, given->type);

        if (row && row->rule == SR_RULE_KEEP)
            sr_attribute_list_put(list, given->type, (SrSlice){given->pValue, given->ulValueLen});
    }
}

size_t sr_attribute_list_size(const SrTemplate *template)
{
    size_t size = 0;

    for (CK_ULONG i = 0; i < template->count; i++)
        size += template->attributes[i].ulValueLen;
    return size;
}

CK_RV sr_attribute_list_get(const SrAttributeList *list, SrSlice *ret_attributes)
{
    if (!list->memory || list->writer.failed)
        return CKR_HOST_MEMORY;
    *ret_attributes =
        (SrSlice){list->memory + SR_PACKET_HEADER_SIZE, list->writer.size - SR_PACKET_HEADER_SIZE};
    return CKR_OK;
}

void sr_attribute_list_end(SrAttributeList *list)
{
    if (list->memory)
        explicit_bzero(list->memory, list->writer.room);
    free(list->memory);
    list->memory = NULL;
}
