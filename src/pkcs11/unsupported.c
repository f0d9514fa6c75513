/*
 * The functions for things that this module has not: they say so, after the checks that come first
 * for every function. And the relics of the standard's "parallel" functions (§5.16).
 */
#include "pkcs11/cryptoki_functions.h"
#include "pkcs11/session.h"

static CK_RV refuse(CK_SESSION_HANDLE session, CK_RV answer)
{
    SrSession *opened;
    const CK_RV result = sr_session_enter(session, &opened);

    return result == CKR_OK ? sr_session_leave(opened, answer) : result;
}

/* The parameters have their names from the prototypes and no other use. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define REFUSE(name, parameters)                                                                   \
    CK_RV name parameters                                                                          \
    {                                                                                              \
        return refuse(session, CKR_FUNCTION_NOT_SUPPORTED);                                        \
    }

/* Encryption (§5.8, §5.9; 3.0 §5.9, §5.11). */
REFUSE(C_EncryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key))
REFUSE(C_Encrypt, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR ret_data,
                   CK_ULONG_PTR ret_size))
REFUSE(C_EncryptUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size,
                         CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_EncryptFinal, (CK_SESSION_HANDLE session, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_DecryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key))
REFUSE(C_Decrypt, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR ret_data,
                   CK_ULONG_PTR ret_size))
REFUSE(C_DecryptUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size,
                         CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_DecryptFinal, (CK_SESSION_HANDLE session, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_DigestEncryptUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size,
                               CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_DecryptDigestUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size,
                               CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_SignEncryptUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size,
                             CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_DecryptVerifyUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size,
                               CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_MessageEncryptInit,
       (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key))
REFUSE(C_EncryptMessage, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                          CK_BYTE_PTR associated, CK_ULONG associated_size, CK_BYTE_PTR data,
                          CK_ULONG size, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_EncryptMessageBegin,
       (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size,
        CK_BYTE_PTR associated, CK_ULONG associated_size))
REFUSE(C_EncryptMessageNext,
       (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size, CK_BYTE_PTR data,
        CK_ULONG size, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size, CK_FLAGS flags))
REFUSE(C_MessageEncryptFinal, (CK_SESSION_HANDLE session))
REFUSE(C_MessageDecryptInit,
       (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key))
REFUSE(C_DecryptMessage, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size,
                          CK_BYTE_PTR associated, CK_ULONG associated_size, CK_BYTE_PTR data,
                          CK_ULONG size, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_DecryptMessageBegin,
       (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size,
        CK_BYTE_PTR associated, CK_ULONG associated_size))
REFUSE(C_DecryptMessageNext,
       (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size, CK_BYTE_PTR data,
        CK_ULONG size, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size, CK_FLAGS flags))
REFUSE(C_MessageDecryptFinal, (CK_SESSION_HANDLE session))

/* Signatures and digests of kinds that no key here has (§5.11 to §5.14; 3.0 §5.14, §5.16; 3.2). */
REFUSE(C_SignRecoverInit,
       (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key))
REFUSE(C_SignRecover, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size,
                       CK_BYTE_PTR ret_signature, CK_ULONG_PTR ret_size))
REFUSE(C_VerifyRecoverInit,
       (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key))
REFUSE(C_VerifyRecover, (CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG signature_size,
                         CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_MessageSignInit,
       (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key))
REFUSE(C_SignMessage,
       (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size, CK_BYTE_PTR data,
        CK_ULONG size, CK_BYTE_PTR ret_signature, CK_ULONG_PTR ret_size))
REFUSE(C_SignMessageBegin,
       (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size))
REFUSE(C_SignMessageNext,
       (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size, CK_BYTE_PTR data,
        CK_ULONG size, CK_BYTE_PTR ret_signature, CK_ULONG_PTR ret_size))
REFUSE(C_MessageSignFinal, (CK_SESSION_HANDLE session))
REFUSE(C_MessageVerifyInit,
       (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key))
REFUSE(C_VerifyMessage,
       (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size, CK_BYTE_PTR data,
        CK_ULONG size, CK_BYTE_PTR signature, CK_ULONG signature_size))
REFUSE(C_VerifyMessageBegin,
       (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size))
REFUSE(C_VerifyMessageNext,
       (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size, CK_BYTE_PTR data,
        CK_ULONG size, CK_BYTE_PTR signature, CK_ULONG signature_size))
REFUSE(C_MessageVerifyFinal, (CK_SESSION_HANDLE session))
REFUSE(C_VerifySignatureInit,
       (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key,
        CK_BYTE_PTR signature, CK_ULONG signature_size))
REFUSE(C_VerifySignature, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size))
REFUSE(C_VerifySignatureUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size))
REFUSE(C_VerifySignatureFinal, (CK_SESSION_HANDLE session))

/* Keys (§5.14; 3.2): there are no secret keys that could be made or wrapped. */
REFUSE(C_WrapKey,
       (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
        CK_OBJECT_HANDLE key, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_UnwrapKey, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                     CK_OBJECT_HANDLE wrapping_key, CK_BYTE_PTR data, CK_ULONG size,
                     CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_OBJECT_HANDLE_PTR ret_key))
REFUSE(C_EncapsulateKey,
       (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE public_key,
        CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size,
        CK_OBJECT_HANDLE_PTR ret_key))
REFUSE(C_DecapsulateKey, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                          CK_OBJECT_HANDLE private_key, CK_ATTRIBUTE_PTR template, CK_ULONG count,
                          CK_BYTE_PTR data, CK_ULONG size, CK_OBJECT_HANDLE_PTR ret_key))
REFUSE(C_WrapKeyAuthenticated,
       (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
        CK_OBJECT_HANDLE key, CK_BYTE_PTR associated, CK_ULONG associated_size,
        CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))
REFUSE(C_UnwrapKeyAuthenticated,
       (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE wrapping_key,
        CK_BYTE_PTR data, CK_ULONG size, CK_ATTRIBUTE_PTR template, CK_ULONG count,
        CK_BYTE_PTR associated, CK_ULONG associated_size, CK_OBJECT_HANDLE_PTR ret_key))

/* Asynchronous sessions and validation (3.2). */
REFUSE(C_GetSessionValidationFlags,
       (CK_SESSION_HANDLE session, CK_SESSION_VALIDATION_FLAGS_TYPE type, CK_FLAGS_PTR ret_flags))
REFUSE(C_AsyncComplete,
       (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function, CK_ASYNC_DATA_PTR ret_result))
REFUSE(C_AsyncGetID, (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function, CK_ULONG_PTR ret_id))
REFUSE(C_AsyncJoin, (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function, CK_ULONG id,
                     CK_BYTE_PTR data, CK_ULONG size))

/* Saving operations (§5.6). */
REFUSE(C_SetOperationState, (CK_SESSION_HANDLE session, CK_BYTE_PTR state, CK_ULONG size,
                             CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key))

CK_RV C_GetFunctionStatus(CK_SESSION_HANDLE session)
{
    return refuse(session, CKR_FUNCTION_NOT_PARALLEL);
}

CK_RV C_CancelFunction(CK_SESSION_HANDLE session)
{
    return refuse(session, CKR_FUNCTION_NOT_PARALLEL);
}

/* --- saving operations ------------------------------------------------------------------------ */

static bool is_any_active(const SrSession *session)
{
    for (unsigned i = 0; i < SR_ACTIVES; i++)
        if (sr_session_active(session, (SrActive)i))
            return true;
    return false;
}

CK_RV C_GetOperationState(CK_SESSION_HANDLE session, CK_BYTE_PTR ret_state, CK_ULONG_PTR ret_size)
{
    SrSession *opened;
    CK_RV result = sr_session_enter(session, &opened);

    (void)ret_state;
    if (result != CKR_OK)
        return result;
    if (!ret_size)
        result = CKR_ARGUMENTS_BAD;
    else
        result = is_any_active(opened) ? CKR_STATE_UNSAVEABLE : CKR_OPERATION_NOT_INITIALIZED;
    return sr_session_leave(opened, result);
}
