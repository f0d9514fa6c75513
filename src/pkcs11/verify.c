/* C_VerifyInit, C_Verify, C_VerifyUpdate, C_VerifyFinal (§5.13). The agent does the arithmetic. */
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/signature.h"

CK_RV C_VerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(
        opened, sr_signature_init(opened, SR_ACTIVE_VERIFY, CKF_VERIFY, mechanism, key));
}

/* --- asking ----------------------------------------------------------------------------------- */

static CK_RV ask_agent(const SrSession *session, const SrSignature *signature,
                       const SrSignatureInput *input, const uint8_t *bytes)
{
    const SrKeyObject *key = &signature->key;
    SrCall call;
    CK_RV result = sr_call_begin(&call, SR_OPERATION_VERIFY,
                                 17 + SR_POINT_MAX + input->size + SR_SIGNATURE_MAX);

    if (result == CKR_OK) {
        sr_packet_put_u8(&call.request, key->curve->id);
        sr_packet_put_bytes(&call.request, key->public_key, key->curve->point_size);
        sr_packet_put_u32(&call.request, signature->scheme);
        sr_packet_put_bytes(&call.request, input->data, input->size);
        sr_packet_put_bytes(&call.request, bytes, signature->size);
        result = sr_call_run(&call, session->module->link);
    }
    if (result == CKR_OK)
        result = sr_call_check(&call);
    sr_call_end(&call);
    return result;
}

static CK_RV verify(const SrSession *session, SrSignature *signature, const uint8_t *data,
                    size_t size, const uint8_t *bytes, CK_ULONG bytes_size)
{
    SrSignatureInput input;
    CK_RV result;

    if ((!data && size > 0) || !bytes)
        return CKR_ARGUMENTS_BAD;
    result = sr_signature_finish(signature, data, size, &input);
    if (result != CKR_OK)
        return result;
    if (bytes_size != signature->size)
        return CKR_SIGNATURE_LEN_RANGE;
    return ask_agent(session, signature, &input, bytes);
}

/* --- in one part ------------------------------------------------------------------------------ */

static CK_RV verify_once(SrSession *session, const uint8_t *data, CK_ULONG size,
                         const uint8_t *bytes, CK_ULONG bytes_size)
{
    SrSignature *signature = sr_session_active(session, SR_ACTIVE_VERIFY);
    CK_RV result = CKR_OPERATION_NOT_INITIALIZED;

    if (!signature)
        return result;
    if (!signature->is_multi_part)
        result = verify(session, signature, data, size, bytes, bytes_size);
    sr_session_end(session, SR_ACTIVE_VERIFY);
    return result;
}

CK_RV C_Verify(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR signature,
               CK_ULONG signature_size)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, verify_once(opened, data, size, signature, signature_size));
}

/* --- in several parts ------------------------------------------------------------------------- */

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, sr_signature_update(opened, SR_ACTIVE_VERIFY, data, size));
}

static CK_RV final(SrSession *session, const uint8_t *bytes, CK_ULONG bytes_size)
{
    SrSignature *signature = sr_session_active(session, SR_ACTIVE_VERIFY);
    CK_RV result;

    if (!signature)
        return CKR_OPERATION_NOT_INITIALIZED;
    result = verify(session, signature, NULL, 0, bytes, bytes_size);
    sr_session_end(session, SR_ACTIVE_VERIFY);
    return result;
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG signature_size)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    if (result != CKR_OK)
        return result;
    return sr_session_leave(opened, final(opened, signature, signature_size));
}
