/* C_SignInit, C_Sign, C_SignUpdate, C_SignFinal (§5.11). */
#include "pkcs11/sign.h"

#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/signature.h"

#include <string.h>

bool sr_sign_needs_login(const SrSession *session, uint64_t *ret_object)
{
    const SrSignature *signature = sr_session_active(session, SR_ACTIVE_SIGN);

    if (!signature || !signature->key.always_authenticate)
        return false;
    *ret_object = signature->key.number;
    return true;
}

CK_RV C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened,
                            sr_signature_init(opened, SR_ACTIVE_SIGN, CKF_SIGN, mechanism, key));
}

/* --- the signature ---------------------------------------------------------------------------- */

static CK_RV read_answer(SrCall *call, const SrSignature *signature, uint8_t *ret_signature)
{
    size_t size;
    const uint8_t *bytes = sr_packet_get_bytes(&call->reply, &size);

    if (sr_call_check(call) != CKR_OK || size != signature->size)
        return CKR_DEVICE_ERROR;
    memcpy(ret_signature, bytes, size);
    return CKR_OK;
}

static CK_RV ask_agent(const SrSession *session, const SrSignature *signature,
                       const SrSignatureInput *input, uint8_t *ret_signature)
{
    SrCall call;
    CK_RV result = sr_call_begin(&call, SR_OPERATION_SIGN, 16 + input->size);

    if (result == CKR_OK) {
        sr_packet_put_u64(&call.request, signature->key.number);
        sr_packet_put_u32(&call.request, signature->scheme);
        sr_packet_put_bytes(&call.request, input->data, input->size);
        result = sr_call_run(&call, session->module->link);
    }
    if (result == CKR_OK)
        result = read_answer(&call, signature, ret_signature);
    sr_call_end(&call);
    return result;
}

static CK_RV sign(const SrSession *session, SrSignature *signature, const uint8_t *data,
                  size_t size, uint8_t *ret_signature)
{
    SrSignatureInput input;
    CK_RV result = sr_signature_finish(signature, data, size, &input);

    if (result == CKR_OK)
        result = ask_agent(session, signature, &input, ret_signature);
    /* A key that wants a login for each use may only have missed that one. */
    if (signature->key.is_session || signature->key.always_authenticate)
        return result;
    return sr_token_answered(session->module, session->token, result);
}

/* Sign, or say how long the signature is (*ret_done: false). */
static CK_RV sign_or_measure(const SrSession *session, SrSignature *signature, const uint8_t *data,
                             size_t size, uint8_t *ret_signature, CK_ULONG *ret_size,
                             bool *ret_done)
{
    const CK_ULONG room = *ret_size;

    *ret_size = signature->size;
    *ret_done = ret_signature && room >= signature->size;
    if (*ret_done)
        return sign(session, signature, data, size, ret_signature);
    return ret_signature ? CKR_BUFFER_TOO_SMALL : CKR_OK;
}

/* --- in one part ------------------------------------------------------------------------------ */

/* Whatever comes out ends the operation, but for a question about the size (§5.11.2). */
static CK_RV sign_once(SrSession *session, const uint8_t *data, CK_ULONG size,
                       uint8_t *ret_signature, CK_ULONG *ret_size)
{
    SrSignature *signature = sr_session_active(session, SR_ACTIVE_SIGN);
    bool done = true;
    CK_RV result;

    if (!signature)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (!ret_size || (!data && size > 0))
        result = CKR_ARGUMENTS_BAD;
    else if (signature->is_multi_part)
        result = CKR_OPERATION_NOT_INITIALIZED;
    else
        result = sign_or_measure(session, signature, data, size, ret_signature, ret_size, &done);
    if (done)
        sr_session_end(session, SR_ACTIVE_SIGN);
    return result;
}

CK_RV C_Sign(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR ret_signature,
             CK_ULONG_PTR ret_size)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, sign_once(opened, data, size, ret_signature, ret_size));
}

/* --- in several parts ------------------------------------------------------------------------- */

CK_RV C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, sr_signature_update(opened, SR_ACTIVE_SIGN, data, size));
}

static CK_RV final(SrSession *session, uint8_t *ret_signature, CK_ULONG *ret_size)
{
    SrSignature *signature = sr_session_active(session, SR_ACTIVE_SIGN);
    bool done = true;
    CK_RV result = CKR_ARGUMENTS_BAD;

    if (!signature)
        return CKR_OPERATION_NOT_INITIALIZED;
    if (ret_size)
        result = sign_or_measure(session, signature, NULL, 0, ret_signature, ret_size, &done);
    if (done)
        sr_session_end(session, SR_ACTIVE_SIGN);
    return result;
}

CK_RV C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR ret_signature, CK_ULONG_PTR ret_size)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, final(opened, ret_signature, ret_size));
}
