#include "pkcs11/object_store.h"

#include "pkcs11/attribute_list.h"
#include "pkcs11/object_call.h"

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

/* Complete @list and make the object. */
static CK_RV finish(SrSession *session, CK_OBJECT_CLASS class, const SrPlacement *placement,
                    SrAttributeList *list, CK_OBJECT_HANDLE *ret_handle)
{
    SrSlice attributes;
    CK_RV result;

    if (placement->is_private)
        sr_attribute_list_put_bool(list, CKA_PRIVATE, true);
    result = sr_attribute_list_get(list, &attributes);
    if (result == CKR_OK)
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
