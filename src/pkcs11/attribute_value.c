/* C_GetAttributeValue, C_SetAttributeValue, C_GetObjectSize (§5.7.4 to §5.7.6). */
#include "pkcs11/attribute.h"
#include "pkcs11/attribute_list.h"
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/object_call.h"
#include "pkcs11/object_table.h"

CK_RV C_GetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                          CK_ATTRIBUTE_PTR template, CK_ULONG count)
{
    SrObjectTable *table;
    SrSession *entered;
    SrObject found;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    if (!template || count > SR_TEMPLATE_MAX)
        return sr_session_leave(entered, CKR_ARGUMENTS_BAD);
    table = entered->module->objects;
    sr_object_table_lock(table);
    result = sr_object_table_get(table, entered, object, &found);
    if (result == CKR_OK)
        result = sr_object_answer(&found, template, count);
    sr_object_table_unlock(table);
    return sr_session_leave(entered, result);
}

CK_RV C_GetObjectSize(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR ret_size)
{
    SrObjectTable *table;
    SrSession *entered;
    SrObject found;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    if (!ret_size)
        return sr_session_leave(entered, CKR_ARGUMENTS_BAD);
    table = entered->module->objects;
    sr_object_table_lock(table);
    result = sr_object_table_get(table, entered, object, &found);
    if (result == CKR_OK)
        *ret_size = found.entry->size;
    sr_object_table_unlock(table);
    return sr_session_leave(entered, result);
}

/* --- changing -----------------------------------------------------------------------------------
 */

static CK_RV check_changes(CK_OBJECT_CLASS class, bool is_pair, const SrTemplate *changes)
{
    for (CK_ULONG i = 0; i < changes->count; i++) {
        const SrAttribute *row = sr_attribute_find(class, changes->attributes[i].type);

        if (!row)
            return CKR_ATTRIBUTE_TYPE_INVALID;
        if (!row->is_modifiable)
            return CKR_ATTRIBUTE_READ_ONLY;
        if (is_pair && changes->attributes[i].ulValueLen > SR_LABEL_MAX)
            return CKR_ATTRIBUTE_VALUE_INVALID;
    }
    return CKR_OK;
}

/* Whether @session may make @changes to @object; a key pair's label is its private key's, too. */
static CK_RV check_object(const SrSession *session, const SrObject *object,
                          const SrTemplate *changes)
{
    const bool is_pair = object->entry->curve;

    if (object->entry->class == CKO_PROFILE)
        return CKR_ACTION_PROHIBITED;
    if (!object->is_session && !sr_session_is_writable(session))
        return CKR_SESSION_READ_ONLY;
    if (is_pair && !object->is_session && !sr_token_is_open(session->module, session->token))
        return CKR_USER_NOT_LOGGED_IN;
    return check_changes(sr_object_class(object), is_pair, changes);
}

/* The entry of an object that only the module has, with @changes. */
static CK_RV change_entry(const SrEntry *entry, const SrTemplate *changes, SrEntry **ret_entry)
{
    SrAttributeList list;
    CK_ATTRIBUTE_TYPE type;
    SrPacketReader old;
    SrSlice value;
    CK_RV result;

    sr_packet_read(&old, entry->data, entry->size);
    sr_attribute_list_begin(&list, changes->count, entry->size + sr_attribute_list_size(changes));
    while (sr_entry_next_attribute(&old, &type, &value)) {
        SrSlice changed;

        if (!sr_template_get(changes, type, &changed))
            sr_attribute_list_put(&list, type, value);
    }
    sr_attribute_list_put_kept(&list, entry->class, changes);
    result = sr_attribute_list_get(&list, &value);
    if (result == CKR_OK) {
        *ret_entry = sr_entry_new(entry->class, value);
        if (!*ret_entry)
            result = CKR_HOST_MEMORY;
    }
    sr_attribute_list_end(&list);
    return result;
}

/* The key pair of a session with @changes: of those the agent keeps the key only. */
static CK_RV change_pair(const SrEntry *pair, const SrTemplate *changes, SrEntry **ret_entry)
{
    SrSlice label = sr_entry_label(pair);
    SrSlice id = sr_entry_id(pair);

    sr_template_get(changes, CKA_LABEL, &label);
    sr_template_get(changes, CKA_ID, &id);
    *ret_entry = sr_entry_rename(pair, label, id);
    return *ret_entry ? CKR_OK : CKR_HOST_MEMORY;
}

/* Have the agent change an object of its own; *ret_entry stays NULL when nothing would change. */
static CK_RV change_at_agent(SrSession *session, uint64_t number, CK_OBJECT_CLASS class,
                             const SrTemplate *changes, SrEntry **ret_entry)
{
    SrAttributeList list;
    SrSlice attributes;
    CK_RV result;

    sr_attribute_list_begin(&list, changes->count, sr_attribute_list_size(changes));
    sr_attribute_list_put_kept(&list, class, changes);
    result = sr_attribute_list_get(&list, &attributes);
    if (result == CKR_OK && attributes.size > 0)
        result = sr_object_call_change(session->module->link, number, attributes, ret_entry);
    sr_attribute_list_end(&list);
    if (result == CKR_OK && *ret_entry &&
        ((*ret_entry)->number != number || (*ret_entry)->class != class)) {
        sr_entry_free(*ret_entry);
        result = CKR_DEVICE_ERROR;
    }
    return result;
}

static CK_RV change(SrSession *session, CK_OBJECT_HANDLE handle, const SrTemplate *changes)
{
    SrObjectTable *table = session->module->objects;
    CK_OBJECT_CLASS class = CKO_DATA;
    SrEntry *entry = NULL;
    uint64_t number = 0;
    bool is_own = false; /* what only the module knows */
    SrObject object;
    CK_RV result;

    sr_object_table_lock(table);
    result = sr_object_table_get(table, session, handle, &object);
    if (result == CKR_OK)
        result = check_object(session, &object, changes);
    if (result == CKR_OK) {
        number = object.entry->number;
        class = object.entry->class;
        is_own = number == 0 || object.is_session;
        if (is_own && object.entry->curve)
            result = change_pair(object.entry, changes, &entry);
        else if (is_own)
            result = change_entry(object.entry, changes, &entry);
    }
    sr_object_table_unlock(table);
    if (result == CKR_OK && !is_own)
        result = change_at_agent(session, number, class, changes, &entry);
    if (result == CKR_OK && entry)
        sr_object_table_replace(table, handle, entry);
    return result;
}

CK_RV C_SetAttributeValue(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                          CK_ATTRIBUTE_PTR template, CK_ULONG count)
{
    SrTemplate changes;
    SrSession *entered;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    result = template ? sr_template_read(template, count, &changes) : CKR_ARGUMENTS_BAD;
    if (result == CKR_OK)
        result =
            sr_token_answered(entered->module, entered->token, change(entered, object, &changes));
    return sr_session_leave(entered, result);
}
