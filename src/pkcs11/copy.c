/*
 * C_CopyObject (§5.7.2): of public keys, certificates, data, and private keys of a session, which
 * Java stores that way. A private key that is stored is not copied, nor is a secret key.
 */
#include "pkcs11/attribute.h"
#include "pkcs11/attribute_list.h"
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/object_call.h"
#include "pkcs11/object_store.h"

/* Whether @given says of a private key what is so anyway: sensitive, not extractable. */
static bool is_so_anyway(const SrAttribute *row, const CK_ATTRIBUTE *given)
{
    return row->source == SR_SOURCE_BOOL && *(const CK_BBOOL *)given->pValue == row->constant;
}

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
                 type != CKA_CLASS && !is_so_anyway(row, &changes->attributes[i]))
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

/* --- the copy -----------------------------------------------------------------------------------
 */

/* What a copy is made of. */
typedef struct {
    CK_OBJECT_CLASS class;
    SrPlacement placement;
    bool is_stored;       /* the original is a token's */
    SrEntry *pair;        /* a private key, with the copy's label and id */
    SrAttributeList list; /* the attributes of another object */
} Copy;

static bool is_copyable(const SrObject *object)
{
    SrValue value;

    return sr_object_get(object, CKA_COPYABLE, &value) == CKR_OK && value.bytes.data[0] == CK_TRUE;
}

/* Where the copy goes. What is private stays so, and a private key on a token is. */
static CK_RV place(const SrSession *session, const SrObject *object, const SrTemplate *changes,
                   SrPlacement *ret_placement)
{
    bool is_token = !object->is_session;
    CK_RV result = sr_template_get_bool(changes, CKA_TOKEN, &is_token);
    const bool is_private =
        object->is_private || (is_token && sr_object_class(object) == CKO_PRIVATE_KEY);

    *ret_placement = (SrPlacement){is_token, is_private};
    if (result == CKR_OK)
        result = sr_placement_read(session, changes, ret_placement);
    return result == CKR_OK && is_private && !ret_placement->is_private ? CKR_TEMPLATE_INCONSISTENT
                                                                        : result;
}

static CK_RV prepare_pair(const SrEntry *pair, const SrTemplate *changes, SrEntry **ret_pair)
{
    SrSlice label = sr_entry_label(pair);
    SrSlice id = sr_entry_id(pair);

    sr_template_get(changes, CKA_LABEL, &label);
    sr_template_get(changes, CKA_ID, &id);
    *ret_pair = sr_entry_rename(pair, label, id);
    return *ret_pair ? CKR_OK : CKR_HOST_MEMORY;
}

/* The table is locked. *ret_copy is to be ended in every case. */
static CK_RV prepare(SrSession *session, CK_OBJECT_HANDLE handle, const SrTemplate *changes,
                     Copy *ret_copy)
{
    SrObject object;
    CK_RV result = sr_object_table_get(session->module->objects, session, handle, &object);

    *ret_copy = (Copy){0};
    if (result != CKR_OK)
        return result;
    if (!is_copyable(&object))
        return CKR_ACTION_PROHIBITED;
    ret_copy->class = sr_object_class(&object);
    ret_copy->is_stored = !object.is_session;
    result = check_changes(ret_copy->class, changes);
    if (result == CKR_OK)
        result = place(session, &object, changes, &ret_copy->placement);
    if (result != CKR_OK)
        return result;
    if (ret_copy->class == CKO_PRIVATE_KEY)
        return prepare_pair(object.entry, changes, &ret_copy->pair);
    begin_list(&ret_copy->list, &object, changes);
    if (ret_copy->placement.is_private)
        sr_attribute_list_put_bool(&ret_copy->list, CKA_PRIVATE, true);
    return CKR_OK;
}

static CK_RV make_pair(SrSession *session, const Copy *copy, CK_OBJECT_HANDLE *ret_handle)
{
    const SrKeyRequest request = {
        .token = copy->placement.is_token ? session->token : SR_TOKEN_SESSION,
        .curve = copy->pair->curve,
        .label = sr_entry_label(copy->pair),
        .id = sr_entry_id(copy->pair),
    };
    SrEntry *entry;
    const CK_RV result =
        sr_object_call_copy(session->module->link, copy->pair->number, &request, &entry);

    return result == CKR_OK ? sr_object_store_entry(session, &copy->placement, entry, ret_handle)
                            : result;
}

/* The public key of a session whose private key was copied before is on the token already. */
static CK_RV make_other(SrSession *session, const Copy *copy, CK_OBJECT_HANDLE *ret_handle)
{
    SrSlice attributes;
    const CK_RV result = sr_attribute_list_get(&copy->list, &attributes);

    if (result != CKR_OK)
        return result;
    if (copy->class == CKO_PUBLIC_KEY && !copy->is_stored &&
        sr_object_store_find_half(session, &copy->placement, attributes, ret_handle))
        return CKR_OK;
    return sr_object_store_attributes(session, copy->class, &copy->placement, attributes,
                                      ret_handle);
}

static CK_RV make_copy(SrSession *session, CK_OBJECT_HANDLE handle, const SrTemplate *changes,
                       CK_OBJECT_HANDLE *ret_handle)
{
    SrObjectTable *table = session->module->objects;
    CK_RV result;
    Copy copy;

    sr_object_table_lock(table);
    result = prepare(session, handle, changes, &copy);
    sr_object_table_unlock(table);
    if (result == CKR_OK)
        result = copy.pair ? make_pair(session, &copy, ret_handle)
                           : make_other(session, &copy, ret_handle);
    sr_entry_free(copy.pair);
    sr_attribute_list_end(&copy.list);
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
                                   make_copy(entered, object, &changes, ret_object));
    return sr_session_leave(entered, result);
}
