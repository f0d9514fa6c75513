#include "pkcs11/object_store.h"

#include "pkcs11/attribute_list.h"
#include "pkcs11/listing.h"
#include "pkcs11/object_call.h"

#include <stdlib.h>

CK_RV sr_object_store_entry(SrSession *session, const SrPlacement *placement, SrEntry *entry,
                            CK_OBJECT_HANDLE *ret_handle)
{
    SrModule *module = session->module;
    const uint64_t number = entry->number;
    CK_RV result;

    if (placement->is_token)
        return sr_object_table_put(module->objects, session->token, entry, ret_handle);
    result = sr_object_table_put_session(module->objects, session, entry, placement->is_private,
                                         ret_handle);
    if (result != CKR_OK && number != 0)
        sr_object_call_destroy(module->link, number);
    return result;
}

CK_RV sr_object_store_attributes(SrSession *session, CK_OBJECT_CLASS class,
                                 const SrPlacement *placement, SrSlice attributes,
                                 CK_OBJECT_HANDLE *ret_handle)
{
    SrEntry *entry = NULL;
    CK_RV result = CKR_OK;

    if (placement->is_token)
        result =
            sr_object_call_create(session->module->link, session->token, class, attributes, &entry);
    else
        entry = sr_entry_new(class, attributes);
    if (result != CKR_OK)
        return result;
    return entry ? sr_object_store_entry(session, placement, entry, ret_handle) : CKR_HOST_MEMORY;
}

/* --- public keys --------------------------------------------------------------------------------
 */

/* What a half must have to be the public key of @attributes: at most 4, in @ret_wanted. */
static SrTemplate wanted_of(SrSlice attributes, CK_ATTRIBUTE ret_wanted[4])
{
    static const CK_BBOOL yes = CK_TRUE;
    SrTemplate wanted = {ret_wanted, 1};
    CK_ATTRIBUTE_TYPE type;
    SrPacketReader reader;
    SrSlice value;

    ret_wanted[0] = (CK_ATTRIBUTE){CKA_TOKEN, (void *)(uintptr_t)&yes, sizeof yes};
    sr_packet_read(&reader, attributes.data, attributes.size);
    while (wanted.count < 4 && sr_entry_next_attribute(&reader, &type, &value))
        if (value.size > 0 && (type == CKA_EC_POINT || type == CKA_LABEL || type == CKA_ID))
            ret_wanted[wanted.count++] =
                (CK_ATTRIBUTE){type, (void *)(uintptr_t)value.data, value.size};
    return wanted;
}

bool sr_object_store_find_half(SrSession *session, const SrPlacement *placement, SrSlice attributes,
                               CK_OBJECT_HANDLE *ret_handle)
{
    SrObjectTable *table = session->module->objects;
    CK_ATTRIBUTE memory[4];
    const SrTemplate wanted = wanted_of(attributes, memory);
    CK_OBJECT_HANDLE *handles;
    bool is_found = false;
    SrObject object;
    size_t count;

    if (!placement->is_token || placement->is_private ||
        sr_listing_refresh(table, session->module->link, session->token) != CKR_OK ||
        sr_object_table_find(table, session, &wanted, &handles, &count) != CKR_OK)
        return false;
    sr_object_table_lock(table);
    for (size_t i = 0; i < count && !is_found; i++) {
        is_found =
            sr_object_table_get(table, session, handles[i], &object) == CKR_OK && object.is_public;
        *ret_handle = handles[i];
    }
    sr_object_table_unlock(table);
    free(handles);
    return is_found;
}

/* --- by a template ------------------------------------------------------------------------------
 */

/* Complete @list and make the object. */
static CK_RV finish(SrSession *session, CK_OBJECT_CLASS class, const SrPlacement *placement,
                    SrAttributeList *list, CK_OBJECT_HANDLE *ret_handle)
{
    SrSlice attributes;
    CK_RV result;

    if (placement->is_private)
        sr_attribute_list_put_bool(list, CKA_PRIVATE, true);
    result = sr_attribute_list_get(list, &attributes);
    if (result == CKR_OK &&
        (class != CKO_PUBLIC_KEY ||
         !sr_object_store_find_half(session, placement, attributes, ret_handle)))
        result = sr_object_store_attributes(session, class, placement, attributes, ret_handle);
    sr_attribute_list_end(list);
    return result;
}

CK_RV sr_object_store(SrSession *session, CK_OBJECT_CLASS class, const SrTemplate *template,
                      const SrPlacement *placement, CK_OBJECT_HANDLE *ret_handle)
{
    SrAttributeList list;

    sr_attribute_list_begin(&list, template->count + 1,
                            sr_attribute_list_size(template) + sizeof(CK_BBOOL));
    sr_attribute_list_put_kept(&list, class, template);
    return finish(session, class, placement, &list, ret_handle);
}

CK_RV sr_object_store_public_key(SrSession *session, const SrTemplate *template,
                                 const SrPlacement *placement, const SrCurve *curve, SrSlice point,
                                 CK_OBJECT_HANDLE *ret_handle)
{
    SrAttributeList list;

    sr_attribute_list_begin(&list, template->count + 3,
                            sr_attribute_list_size(template) + curve->params.size + point.size +
                                sizeof(CK_BBOOL));
    sr_attribute_list_put_kept(&list, CKO_PUBLIC_KEY, template);
    sr_attribute_list_put(&list, CKA_EC_PARAMS, curve->params);
    sr_attribute_list_put(&list, CKA_EC_POINT, point);
    return finish(session, CKO_PUBLIC_KEY, placement, &list, ret_handle);
}
