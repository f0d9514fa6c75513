/* Searching for objects (§5.7.7 to §5.7.9). */
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/listing.h"

#include <stdlib.h>

/* What was found, when the search began. */
typedef struct {
    CK_OBJECT_HANDLE *handles;
    size_t count;
    size_t next;
} Find;

static void find_free(void *state)
{
    Find *find = state;

    free(find->handles);
    free(find);
}

static CK_RV find_begin(SrSession *session, const SrTemplate *template)
{
    SrModule *module = session->module;
    CK_RV result = sr_listing_refresh(module->objects, module->link, session->token);
    Find *find;

    if (result != CKR_OK)
        return result;
    find = calloc(1, sizeof *find);
    if (!find)
        return CKR_HOST_MEMORY;
    result = sr_object_table_find(module->objects, session, template, &find->handles, &find->count);
    if (result == CKR_OK)
        sr_session_begin(session, SR_ACTIVE_FIND, find, find_free);
    else
        find_free(find);
    return result;
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR template, CK_ULONG count)
{
    SrTemplate wanted;
    SrSession *entered;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    if (sr_session_active(entered, SR_ACTIVE_FIND))
        result = CKR_OPERATION_ACTIVE;
    if (result == CKR_OK)
        result = sr_template_read(template, count, &wanted);
    if (result == CKR_OK)
        result = find_begin(entered, &wanted);
    return sr_session_leave(entered, result);
}

static CK_RV find_next(Find *find, CK_OBJECT_HANDLE *ret_objects, CK_ULONG room,
                       CK_ULONG *ret_count)
{
    const size_t left = find->count - find->next;
    const size_t count = room < left ? room : left;

    if (count > 0)
        memcpy(ret_objects, find->handles + find->next, count * sizeof *ret_objects);
    find->next += count;
    *ret_count = count;
    return CKR_OK;
}

CK_RV C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR ret_objects, CK_ULONG room,
                    CK_ULONG_PTR ret_count)
{
    SrSession *entered;
    Find *find;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    find = sr_session_active(entered, SR_ACTIVE_FIND);
    if (!ret_count || (!ret_objects && room > 0))
        result = CKR_ARGUMENTS_BAD;
    else if (!find)
        result = CKR_OPERATION_NOT_INITIALIZED;
    else
        result = find_next(find, ret_objects, room, ret_count);
    return sr_session_leave(entered, result);
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE session)
{
    SrSession *entered;
    CK_RV result = sr_session_enter(session, &entered);

    if (result != CKR_OK)
        return result;
    if (!sr_session_active(entered, SR_ACTIVE_FIND))
        result = CKR_OPERATION_NOT_INITIALIZED;
    sr_session_end(entered, SR_ACTIVE_FIND);
    return sr_session_leave(entered, result);
}
