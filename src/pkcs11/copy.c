/* C_CopyObject (§5.7.2): of public keys, certificates and data. Other keys cannot be copied. */
#include "pkcs11/attribute.h"
#include "pkcs11/attribute_list.h"
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/object_store.h"

/* What a copy may have otherwise: its place, and what C_SetAttributeValue could change. */
static CK_RV check_changes(CK_OBJECT_CLASS class, const SrTemplate *changes)
{
    CK_RV result = sr_attribute_check_template(class, changes);

    if (result == CKR_OK)
        result = sr_placement_check_class(changes, class);
    for (CK_ULONG i = 0; i < changes->count && result == CKR_OK; i++) {
        const CK_ATTRIBUTE_TYPE type = changes->attributes[i].type;
        const SrAttribute *row = sr_attribute_find(class, type);

        if (row->rule == SR_RULE_KEEP && !row->is_modifiable)
            result = CKR_ATTRIBUTE_READ_ONLY;
        else if (row->rule == SR_RULE_READ && type != CKA_TOKEN && type != CKA_PRIVATE &&
                 type != CKA_CLASS)
            result = CKR_ATTRIBUTE_READ_ONLY;
    }
    return result;
}

/* Append what is stored of @object and not changed. */
static void put_stored(SrAttributeList *list, const SrObject *object, const SrTemplate *changes)
{
    const SrSlice stored = sr_entry_attributes(object->entry);
    SrSlice value, changed;
    CK_ATTRIBUTE_TYPE type;
    SrPacketReader reader;

    sr_packet_read(&reader, stored.data, stored.size);
    while (sr_entry_next_attribute(&reader, &type, &value))
        if (type != CKA_PRIVATE && !sr_template_get(changes, type, &changed))
            sr_attribute_list_put(list, type, value);
}

/* The public half of a key pair becomes a public key that stands alone. */
static void put_half(SrAttributeList *list, const SrObject *object, const SrTemplate *changes)
{
    static const CK_ATTRIBUTE_TYPE types[] = {CKA_EC_PARAMS, CKA_EC_POINT, CKA_LABEL, CKA_ID};
    SrSlice changed;

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        SrValue value;

        if (!sr_template_get(changes, types[i], &changed) &&
            sr_object_get(object, types[i], &value) == CKR_OK)
            sr_attribute_list_put(list, types[i], value.bytes);
    }
}

static void begin_list(SrAttributeList *list, const SrObject *object, const SrTemplate *changes)
{
    sr_attribute_list_begin(list, changes->count + 8,
                            object->entry->size + SR_VALUE_ROOM + sr_attribute_list_size(changes));
    if (object->is_public)
        put_half(list, object, changes);
    else
        put_stored(list, object, changes);
    sr_attribute_list_put_kept(list, sr_object_class(object), changes);
}

/* The attributes of the copy (@list is to be ended in every case), and where it goes. */
static CK_RV prepare(SrSession *session, CK_OBJECT_HANDLE handle, const SrTemplate *changes,
                     SrAttributeList *list, SrPlacement *ret_placement, CK_OBJECT_CLASS *ret_class)
{
    SrObject object;
    CK_RV result = sr_object_table_get(session->module->objects, session, handle, &object);

    *list = (SrAttributeList){0};
    if (result != CKR_OK)
        return result;
    *ret_class = sr_object_class(&object);
    if (*ret_class != CKO_PUBLIC_KEY && *ret_class != CKO_CERTIFICATE && *ret_class != CKO_DATA)
        return CKR_ACTION_PROHIBITED;
    *ret_placement = (SrPlacement){!object.is_session, object.is_private};
    result = check_changes(*ret_class, changes);
    if (result == CKR_OK)
        result = sr_placement_read(session, changes, ret_placement);
    if (result != CKR_OK)
        return result;
    if (object.is_private && !ret_placement->is_private)
        return CKR_TEMPLATE_INCONSISTENT;
    begin_list(list, &object, changes);
    if (ret_placement->is_private)
        sr_attribute_list_put_bool(list, CKA_PRIVATE, true);
    return CKR_OK;
}

static CK_RV copy(SrSession *session, CK_OBJECT_HANDLE handle, const SrTemplate *changes,
                  CK_OBJECT_HANDLE *ret_handle)
{
    SrObjectTable *table = session->module->objects;
    SrPlacement placement;
    CK_OBJECT_CLASS class;
    SrAttributeList list;
    SrSlice attributes;
    CK_RV result;

    sr_object_table_lock(table);
    result = prepare(session, handle, changes, &list, &placement, &class);
    sr_object_table_unlock(table);
    if (result == CKR_OK)
        result = sr_attribute_list_get(&list, &attributes);
    if (result == CKR_OK)
        result = sr_object_store_attributes(session, class, &placement, attributes, ret_handle);
    sr_attribute_list_end(&list);
    return result;
}

CK_RV C_CopyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR template,
                   CK_ULONG count, CK_OBJECT_HANDLE_PTR ret_object)
{
    SrTemplate changes;
    SrSession *entered;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    result = ret_object ? sr_template_read(template, count, &changes) : CKR_ARGUMENTS_BAD;
    if (result == CKR_OK)
        result = sr_token_answered(entered->module, entered->token,
                                   copy(entered, object, &changes, ret_object));
    return sr_session_leave(entered, result);
}
