#include "pkcs11/session.h"

#include "pkcs11/session_table.h"

/* Enter @session, of which the caller holds a use. */
static CK_RV enter(SrSession *session)
{
    pthread_mutex_lock(&session->lock);
    if (!atomic_load(&session->closed))
        return CKR_OK;
    pthread_mutex_unlock(&session->lock);
    return CKR_SESSION_HANDLE_INVALID;
}

CK_RV sr_session_enter(CK_SESSION_HANDLE handle, SrSession **ret_session)
{
    SrModule *module;
    SrSession *session;
    CK_RV result = sr_module_enter(&module);

    if (result != CKR_OK)
        return result;
    session = sr_session_table_use(module->sessions, handle);
    if (!session)
        return sr_module_leave(module, CKR_SESSION_HANDLE_INVALID);
    result = enter(session);
    if (result == CKR_OK) {
        *ret_session = session;
        return CKR_OK;
    }
    sr_session_unuse(session);
    return sr_module_leave(module, result);
}

CK_RV sr_session_leave(SrSession *session, CK_RV result)
{
    SrModule *module = session->module;

    pthread_mutex_unlock(&session->lock);
    sr_session_unuse(session);
    return sr_module_leave(module, result);
}

bool sr_session_is_writable(const SrSession *session)
{
    return session->flags & CKF_RW_SESSION;
}

CK_STATE sr_session_state(const SrSession *session)
{
    const CK_USER_TYPE user = sr_token_user(session->module, session->token);

    if (!sr_session_is_writable(session))
        return user == CKU_USER ? CKS_RO_USER_FUNCTIONS : CKS_RO_PUBLIC_SESSION;
    if (user == CKU_SO)
        return CKS_RW_SO_FUNCTIONS;
    return user == CKU_USER ? CKS_RW_USER_FUNCTIONS : CKS_RW_PUBLIC_SESSION;
}

void *sr_session_active(const SrSession *session, SrActive active)
{
    return session->active[active].state;
}

void sr_session_begin(SrSession *session, SrActive active, void *state,
                      void (*release)(void *state))
{
    session->active[active].state = state;
    session->active[active].release = release;
}

void sr_session_end(SrSession *session, SrActive active)
{
    void *state = session->active[active].state;

    session->active[active].state = NULL;
    if (state)
        session->active[active].release(state);
}
