/* C_OpenSession, C_CloseSession, C_CloseAllSessions, C_GetSessionInfo, C_SessionCancel (§5.6). */
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/login.h"
#include "pkcs11/session_table.h"

static CK_RV open_session(SrModule *module, CK_SLOT_ID slot, CK_FLAGS flags,
                          CK_SESSION_HANDLE_PTR ret_session)
{
    SrToken token;
    CK_RV result;

    if (!ret_session)
        return CKR_ARGUMENTS_BAD;
    result = sr_token_in_slot(module, slot, &token);
    if (result != CKR_OK)
        return result;
    if (!(flags & CKF_SERIAL_SESSION))
        return CKR_SESSION_PARALLEL_NOT_SUPPORTED;
    if (flags & CKF_ASYNC_SESSION)
        return CKR_SESSION_ASYNC_NOT_SUPPORTED;
    if (!(flags & CKF_RW_SESSION) && sr_token_user(module, token) == CKU_SO)
        return CKR_SESSION_READ_WRITE_SO_EXISTS;
    return sr_session_table_open(module, token, flags, ret_session);
}

/* The notification callback is never called: nothing here is worth surrendering the thread for. */
CK_RV C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY notify,
                    CK_SESSION_HANDLE_PTR ret_session)
{
    SrModule *module;
    const CK_RV result = sr_module_enter(&module);

    (void)application;
    (void)notify;
    if (result != CKR_OK)
        return result;
    return sr_module_leave(module, open_session(module, slot, flags, ret_session));
}

/* The session's objects go with it; with the last session of a token the login does. */
static CK_RV close_session(SrModule *module, CK_SESSION_HANDLE session)
{
    SrToken token;
    const CK_RV result = sr_session_table_close(module->sessions, session, &token);
    CK_ULONG left;
    CK_ULONG writable;

    if (result != CKR_OK)
        return result;
    sr_session_table_count(module->sessions, token, &left, &writable);
    if (left == 0)
        sr_login_end(module, token);
    return CKR_OK;
}

CK_RV C_CloseSession(CK_SESSION_HANDLE session)
{
    SrModule *module;
    const CK_RV result = sr_module_enter(&module);

    if (result != CKR_OK)
        return result;
    return sr_module_leave(module, close_session(module, session));
}

static CK_RV close_all_sessions(SrModule *module, CK_SLOT_ID slot)
{
    CK_SESSION_HANDLE session;

    if (slot == 0 || slot > SR_TOKENS)
        return CKR_SLOT_ID_INVALID;
    while ((session = sr_session_table_any(module->sessions, (SrToken)(slot - 1))) !=
           CK_INVALID_HANDLE)
        close_session(module, session);
    return CKR_OK;
}

CK_RV C_CloseAllSessions(CK_SLOT_ID slot)
{
    SrModule *module;
    const CK_RV result = sr_module_enter(&module);

    if (result != CKR_OK)
        return result;
    return sr_module_leave(module, close_all_sessions(module, slot));
}

CK_RV C_GetSessionInfo(CK_SESSION_HANDLE session, CK_SESSION_INFO_PTR ret_info)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    if (!ret_info)
        return sr_session_leave(opened, CKR_ARGUMENTS_BAD);
    *ret_info = (CK_SESSION_INFO){.slotID = sr_token_slot(opened->token),
                                  .state = sr_session_state(opened),
                                  .flags = opened->flags};
    return sr_session_leave(opened, CKR_OK);
}

CK_RV C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags)
{
    static const CK_FLAGS names[SR_ACTIVES] = {
        [SR_ACTIVE_FIND] = CKF_FIND_OBJECTS,
        [SR_ACTIVE_DIGEST] = CKF_DIGEST,
        [SR_ACTIVE_SIGN] = CKF_SIGN,
        [SR_ACTIVE_VERIFY] = CKF_VERIFY,
    };
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    for (unsigned i = 0; i < SR_ACTIVES; i++)
        if (flags & names[i])
            sr_session_end(opened, (SrActive)i);
    return sr_session_leave(opened, CKR_OK);
}
