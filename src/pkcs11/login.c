/* C_Login, C_LoginUser, C_Logout (§5.6). */
#include "pkcs11/login.h"

#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/object_table.h"
#include "pkcs11/session_table.h"
#include "pkcs11/sign.h"

/* --- talking to the agent --------------------------------------------------------------------- */

/* What the application gave as a PIN; NULL: the agent is to ask the user. */
typedef struct {
    const CK_UTF8CHAR *bytes;
    CK_ULONG size;
} Pin;

/* @object: the key, for CKU_CONTEXT_SPECIFIC. */
static CK_RV ask_agent(SrSession *session, CK_USER_TYPE user, uint64_t object, const Pin *pin)
{
    SrCall call;
    CK_RV result = sr_call_begin(&call, SR_OPERATION_LOGIN, 21 + pin->size);

    if (result == CKR_OK) {
        sr_packet_put_u32(&call.request, session->token);
        sr_packet_put_u32(&call.request, (uint32_t)user);
        sr_packet_put_u64(&call.request, object);
        sr_packet_put_u8(&call.request, pin->bytes != NULL);
        sr_packet_put_bytes(&call.request, pin->bytes, pin->size);
        result = sr_call_run(&call, session->module->link);
    }
    if (result == CKR_OK)
        result = sr_call_check(&call);
    sr_call_end(&call);
    return result;
}

static CK_RV tell_agent(SrModule *module, SrToken token)
{
    SrCall call;
    CK_RV result = sr_call_begin(&call, SR_OPERATION_LOGOUT, sizeof(uint32_t));

    if (result == CKR_OK) {
        sr_packet_put_u32(&call.request, token);
        result = sr_call_run(&call, module->link);
    }
    sr_call_end(&call);
    return result;
}

/* --- logging in ------------------------------------------------------------------------------- */

static CK_RV check_pin(const Pin *pin)
{
    if (!pin->bytes)
        return pin->size == 0 ? CKR_OK : CKR_ARGUMENTS_BAD;
    /* No PIN is that long. An empty one is never right, but where the user is asked instead the
     * agent lets it pass for none. */
    return pin->size > SR_PIN_MAX ? CKR_PIN_INCORRECT : CKR_OK;
}

/* The user confirms one use of a key with CKA_ALWAYS_AUTHENTICATE. */
static CK_RV log_in_for_key(SrSession *session, const Pin *pin)
{
    uint64_t object;

    if (sr_token_user(session->module, session->token) != CKU_USER)
        return CKR_USER_NOT_LOGGED_IN;
    if (!sr_sign_needs_login(session, &object))
        return CKR_OPERATION_NOT_INITIALIZED;
    return ask_agent(session, CKU_CONTEXT_SPECIFIC, object, pin);
}

static CK_RV check_so(SrSession *session)
{
    CK_ULONG all;
    CK_ULONG writable;

    sr_session_table_count(session->module->sessions, session->token, &all, &writable);
    return all != writable ? CKR_SESSION_READ_ONLY_EXISTS : CKR_OK;
}

static CK_RV log_in_user(SrSession *session, CK_USER_TYPE user, const Pin *pin)
{
    const CK_USER_TYPE present = sr_token_user(session->module, session->token);
    CK_RV result = CKR_OK;

    /* The token's last session may have been closed, which logs out, while this one waited. */
    if (atomic_load(&session->closed))
        return CKR_SESSION_HANDLE_INVALID;
    if (present != SR_NOBODY)
        return present == user ? CKR_USER_ALREADY_LOGGED_IN : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
    if (user == CKU_SO)
        result = check_so(session);
    if (result == CKR_OK)
        result = ask_agent(session, user, 0, pin);
    /* The agent knows of a login that this side forgot: agreed. */
    if (result == CKR_USER_ALREADY_LOGGED_IN)
        result = CKR_OK;
    if (result == CKR_OK)
        sr_token_set_user(session->module, session->token, user);
    return result;
}

/* One thread at a time; a second one finds the user logged in, without another question. */
static CK_RV log_in_in_turn(SrSession *session, CK_USER_TYPE user, const Pin *pin)
{
    SrTokenState *state = &session->module->tokens[session->token];
    CK_RV result;

    pthread_mutex_lock(&state->logging_in);
    result = log_in_user(session, user, pin);
    pthread_mutex_unlock(&state->logging_in);
    return result;
}

static CK_RV log_in(SrSession *session, CK_USER_TYPE user, const Pin *pin)
{
    CK_RV result;

    if (user != CKU_SO && user != CKU_USER && user != CKU_CONTEXT_SPECIFIC)
        return CKR_USER_TYPE_INVALID;
    result = check_pin(pin);
    if (result != CKR_OK)
        return result;
    return user == CKU_CONTEXT_SPECIFIC ? log_in_for_key(session, pin)
                                        : log_in_in_turn(session, user, pin);
}

CK_RV C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size)
{
    const Pin given = {pin, pin_size};
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, log_in(opened, user, &given));
}

/* Users have no names here; an empty one is the user of C_Login. */
CK_RV C_LoginUser(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin,
                  CK_ULONG pin_size, CK_UTF8CHAR_PTR name, CK_ULONG name_size)
{
    const Pin given = {pin, pin_size};
    SrSession *opened;
    CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    if (name_size > 0)
        result = name ? CKR_FUNCTION_NOT_SUPPORTED : CKR_ARGUMENTS_BAD;
    else
        result = log_in(opened, user, &given);
    return sr_session_leave(opened, result);
}

/* --- logging out ------------------------------------------------------------------------------ */

static CK_RV log_out(SrModule *module, SrToken token)
{
    SrTokenState *state = &module->tokens[token];
    CK_RV result = CKR_OK;

    pthread_mutex_lock(&state->logging_in);
    if (sr_token_user(module, token) == SR_NOBODY) {
        result = CKR_USER_NOT_LOGGED_IN;
    } else {
        /* An agent that is gone has nobody logged in either. */
        tell_agent(module, token);
        sr_token_set_user(module, token, SR_NOBODY);
        sr_object_table_log_out(module->objects, token);
    }
    pthread_mutex_unlock(&state->logging_in);
    return result;
}

void sr_login_end(SrModule *module, SrToken token)
{
    log_out(module, token);
}

CK_RV C_Logout(CK_SESSION_HANDLE session)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, log_out(opened->module, opened->token));
}
