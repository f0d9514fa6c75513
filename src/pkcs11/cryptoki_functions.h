/*
 * The functions of PKCS#11 2.40, 3.0 and 3.2 in the order of the standard's function lists, once:
 * the prototypes, the lists' types and their contents are made from it. What each function does is
 * the standard's section 5.
 */
#pragma once

#include "pkcs11/cryptoki.h"

struct CK_FUNCTION_LIST;

/* clang-format off */

/* X(name, (parameters)): the functions of 2.40, */
#define SR_CRYPTOKI_2_40(X)                                                                        \
    X(C_Initialize, (CK_VOID_PTR args))                                                            \
    X(C_Finalize, (CK_VOID_PTR reserved))                                                          \
    X(C_GetInfo, (CK_INFO_PTR ret_info))                                                           \
    X(C_GetFunctionList, (struct CK_FUNCTION_LIST **ret_list))                                     \
    X(C_GetSlotList, (CK_BBOOL token_present, CK_SLOT_ID_PTR ret_slots, CK_ULONG_PTR ret_count))   \
    X(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO_PTR ret_info))                                 \
    X(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO_PTR ret_info))                               \
    X(C_GetMechanismList, (CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR ret_types, CK_ULONG_PTR          \
      ret_count))                                                                                  \
    X(C_GetMechanismInfo, (CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR          \
      ret_info))                                                                                   \
    X(C_InitToken, (CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size, CK_UTF8CHAR_PTR       \
      label))                                                                                      \
    X(C_InitPIN, (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_size))              \
    X(C_SetPIN, (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_size,            \
      CK_UTF8CHAR_PTR new_pin, CK_ULONG new_size))                                                 \
    X(C_OpenSession, (CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR application, CK_NOTIFY          \
      notify, CK_SESSION_HANDLE_PTR ret_session))                                                  \
    X(C_CloseSession, (CK_SESSION_HANDLE session))                                                 \
    X(C_CloseAllSessions, (CK_SLOT_ID slot))                                                       \
    X(C_GetSessionInfo, (CK_SESSION_HANDLE session, CK_SESSION_INFO_PTR ret_info))                 \
    X(C_GetOperationState, (CK_SESSION_HANDLE session, CK_BYTE_PTR ret_state, CK_ULONG_PTR         \
      ret_size))                                                                                   \
    X(C_SetOperationState, (CK_SESSION_HANDLE session, CK_BYTE_PTR state, CK_ULONG size,           \
      CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key))                       \
    X(C_Login, (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG        \
      pin_size))                                                                                   \
    X(C_Logout, (CK_SESSION_HANDLE session))                                                       \
    X(C_CreateObject, (CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR template, CK_ULONG count,       \
      CK_OBJECT_HANDLE_PTR ret_object))                                                            \
    X(C_CopyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR          \
      template, CK_ULONG count, CK_OBJECT_HANDLE_PTR ret_object))                                  \
    X(C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object))                       \
    X(C_GetObjectSize, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ULONG_PTR           \
      ret_size))                                                                                   \
    X(C_GetAttributeValue, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR   \
      template, CK_ULONG count))                                                                   \
    X(C_SetAttributeValue, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR   \
      template, CK_ULONG count))                                                                   \
    X(C_FindObjectsInit, (CK_SESSION_HANDLE session, CK_ATTRIBUTE_PTR template, CK_ULONG count))   \
    X(C_FindObjects, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE_PTR ret_objects, CK_ULONG        \
      room, CK_ULONG_PTR ret_count))                                                               \
    X(C_FindObjectsFinal, (CK_SESSION_HANDLE session))                                             \
    X(C_EncryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE      \
      key))                                                                                        \
    X(C_Encrypt, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR          \
      ret_data, CK_ULONG_PTR ret_size))                                                            \
    X(C_EncryptUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR    \
      ret_data, CK_ULONG_PTR ret_size))                                                            \
    X(C_EncryptFinal, (CK_SESSION_HANDLE session, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))    \
    X(C_DecryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE      \
      key))                                                                                        \
    X(C_Decrypt, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR          \
      ret_data, CK_ULONG_PTR ret_size))                                                            \
    X(C_DecryptUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR    \
      ret_data, CK_ULONG_PTR ret_size))                                                            \
    X(C_DecryptFinal, (CK_SESSION_HANDLE session, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))    \
    X(C_DigestInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism))                       \
    X(C_Digest, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR           \
      ret_digest, CK_ULONG_PTR ret_size))                                                          \
    X(C_DigestUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size))                \
    X(C_DigestKey, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key))                              \
    X(C_DigestFinal, (CK_SESSION_HANDLE session, CK_BYTE_PTR ret_digest, CK_ULONG_PTR ret_size))   \
    X(C_SignInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key))   \
    X(C_Sign, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR             \
      ret_signature, CK_ULONG_PTR ret_size))                                                       \
    X(C_SignUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size))                  \
    X(C_SignFinal, (CK_SESSION_HANDLE session, CK_BYTE_PTR ret_signature, CK_ULONG_PTR             \
      ret_size))                                                                                   \
    X(C_SignRecoverInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,                   \
      CK_OBJECT_HANDLE key))                                                                       \
    X(C_SignRecover, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR      \
      ret_signature, CK_ULONG_PTR ret_size))                                                       \
    X(C_VerifyInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE       \
      key))                                                                                        \
    X(C_Verify, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR           \
      signature, CK_ULONG signature_size))                                                         \
    X(C_VerifyUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size))                \
    X(C_VerifyFinal, (CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG                   \
      signature_size))                                                                             \
    X(C_VerifyRecoverInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,                 \
      CK_OBJECT_HANDLE key))                                                                       \
    X(C_VerifyRecover, (CK_SESSION_HANDLE session, CK_BYTE_PTR signature, CK_ULONG                 \
      signature_size, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))                                \
    X(C_DigestEncryptUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size,          \
      CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))                                                \
    X(C_DecryptDigestUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size,          \
      CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))                                                \
    X(C_SignEncryptUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size,            \
      CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))                                                \
    X(C_DecryptVerifyUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size,          \
      CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))                                                \
    X(C_GenerateKey, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_ATTRIBUTE_PTR      \
      template, CK_ULONG count, CK_OBJECT_HANDLE_PTR ret_key))                                     \
    X(C_GenerateKeyPair, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,                   \
      CK_ATTRIBUTE_PTR public_template, CK_ULONG public_count, CK_ATTRIBUTE_PTR                    \
      private_template, CK_ULONG private_count, CK_OBJECT_HANDLE_PTR ret_public,                   \
      CK_OBJECT_HANDLE_PTR ret_private))                                                           \
    X(C_WrapKey, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE          \
      wrapping_key, CK_OBJECT_HANDLE key, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))            \
    X(C_UnwrapKey, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE        \
      wrapping_key, CK_BYTE_PTR data, CK_ULONG size, CK_ATTRIBUTE_PTR template, CK_ULONG count,    \
      CK_OBJECT_HANDLE_PTR ret_key))                                                               \
    X(C_DeriveKey, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE        \
      base_key, CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_OBJECT_HANDLE_PTR ret_key))          \
    X(C_SeedRandom, (CK_SESSION_HANDLE session, CK_BYTE_PTR seed, CK_ULONG size))                  \
    X(C_GenerateRandom, (CK_SESSION_HANDLE session, CK_BYTE_PTR ret_random, CK_ULONG size))        \
    X(C_GetFunctionStatus, (CK_SESSION_HANDLE session))                                            \
    X(C_CancelFunction, (CK_SESSION_HANDLE session))                                               \
    X(C_WaitForSlotEvent, (CK_FLAGS flags, CK_SLOT_ID_PTR ret_slot, CK_VOID_PTR reserved))

/* those that 3.0 appended, */
#define SR_CRYPTOKI_3_0(X)                                                                         \
    X(C_GetInterfaceList, (CK_INTERFACE_PTR ret_interfaces, CK_ULONG_PTR ret_count))               \
    X(C_GetInterface, (CK_UTF8CHAR_PTR name, CK_VERSION_PTR version, CK_INTERFACE_PTR_PTR          \
      ret_interface, CK_FLAGS flags))                                                              \
    X(C_LoginUser, (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, CK_ULONG    \
      pin_size, CK_UTF8CHAR_PTR name, CK_ULONG name_size))                                         \
    X(C_SessionCancel, (CK_SESSION_HANDLE session, CK_FLAGS flags))                                \
    X(C_MessageEncryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,                \
      CK_OBJECT_HANDLE key))                                                                       \
    X(C_EncryptMessage, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG                \
      parameter_size, CK_BYTE_PTR associated, CK_ULONG associated_size, CK_BYTE_PTR data,          \
      CK_ULONG size, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))                                 \
    X(C_EncryptMessageBegin, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG           \
      parameter_size, CK_BYTE_PTR associated, CK_ULONG associated_size))                           \
    X(C_EncryptMessageNext, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG            \
      parameter_size, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR ret_data, CK_ULONG_PTR          \
      ret_size, CK_FLAGS flags))                                                                   \
    X(C_MessageEncryptFinal, (CK_SESSION_HANDLE session))                                          \
    X(C_MessageDecryptInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,                \
      CK_OBJECT_HANDLE key))                                                                       \
    X(C_DecryptMessage, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG                \
      parameter_size, CK_BYTE_PTR associated, CK_ULONG associated_size, CK_BYTE_PTR data,          \
      CK_ULONG size, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))                                 \
    X(C_DecryptMessageBegin, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG           \
      parameter_size, CK_BYTE_PTR associated, CK_ULONG associated_size))                           \
    X(C_DecryptMessageNext, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG            \
      parameter_size, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR ret_data, CK_ULONG_PTR          \
      ret_size, CK_FLAGS flags))                                                                   \
    X(C_MessageDecryptFinal, (CK_SESSION_HANDLE session))                                          \
    X(C_MessageSignInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,                   \
      CK_OBJECT_HANDLE key))                                                                       \
    X(C_SignMessage, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG parameter_size,   \
      CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR ret_signature, CK_ULONG_PTR ret_size))          \
    X(C_SignMessageBegin, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG              \
      parameter_size))                                                                             \
    X(C_SignMessageNext, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG               \
      parameter_size, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR ret_signature, CK_ULONG_PTR     \
      ret_size))                                                                                   \
    X(C_MessageSignFinal, (CK_SESSION_HANDLE session))                                             \
    X(C_MessageVerifyInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,                 \
      CK_OBJECT_HANDLE key))                                                                       \
    X(C_VerifyMessage, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG                 \
      parameter_size, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR signature, CK_ULONG             \
      signature_size))                                                                             \
    X(C_VerifyMessageBegin, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG            \
      parameter_size))                                                                             \
    X(C_VerifyMessageNext, (CK_SESSION_HANDLE session, CK_VOID_PTR parameter, CK_ULONG             \
      parameter_size, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR signature, CK_ULONG             \
      signature_size))                                                                             \
    X(C_MessageVerifyFinal, (CK_SESSION_HANDLE session))

/* and those that 3.2 appended. */
#define SR_CRYPTOKI_3_2(X)                                                                         \
    X(C_EncapsulateKey, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE   \
      public_key, CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_BYTE_PTR ret_data, CK_ULONG_PTR    \
      ret_size, CK_OBJECT_HANDLE_PTR ret_key))                                                     \
    X(C_DecapsulateKey, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE   \
      private_key, CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_BYTE_PTR data, CK_ULONG size,     \
      CK_OBJECT_HANDLE_PTR ret_key))                                                               \
    X(C_VerifySignatureInit, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,               \
      CK_OBJECT_HANDLE key, CK_BYTE_PTR signature, CK_ULONG signature_size))                       \
    X(C_VerifySignature, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size))             \
    X(C_VerifySignatureUpdate, (CK_SESSION_HANDLE session, CK_BYTE_PTR data, CK_ULONG size))       \
    X(C_VerifySignatureFinal, (CK_SESSION_HANDLE session))                                         \
    X(C_GetSessionValidationFlags, (CK_SESSION_HANDLE session, CK_SESSION_VALIDATION_FLAGS_TYPE    \
      type, CK_FLAGS_PTR ret_flags))                                                               \
    X(C_AsyncComplete, (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function, CK_ASYNC_DATA_PTR     \
      ret_result))                                                                                 \
    X(C_AsyncGetID, (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function, CK_ULONG_PTR ret_id))    \
    X(C_AsyncJoin, (CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR function, CK_ULONG id,              \
      CK_BYTE_PTR data, CK_ULONG size))                                                            \
    X(C_WrapKeyAuthenticated, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,              \
      CK_OBJECT_HANDLE wrapping_key, CK_OBJECT_HANDLE key, CK_BYTE_PTR associated, CK_ULONG        \
      associated_size, CK_BYTE_PTR ret_data, CK_ULONG_PTR ret_size))                               \
    X(C_UnwrapKeyAuthenticated, (CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,            \
      CK_OBJECT_HANDLE wrapping_key, CK_BYTE_PTR data, CK_ULONG size, CK_ATTRIBUTE_PTR template,   \
      CK_ULONG count, CK_BYTE_PTR associated, CK_ULONG associated_size, CK_OBJECT_HANDLE_PTR       \
      ret_key))

/* clang-format on */

/* NOLINTBEGIN(bugprone-macro-parentheses): a name and its parameters can have none around them. */
#define SR_CRYPTOKI_PROTOTYPE(name, parameters) CK_RV name parameters;
#define SR_CRYPTOKI_MEMBER(name, parameters) CK_RV(*name) parameters;
/* NOLINTEND(bugprone-macro-parentheses) */

SR_CRYPTOKI_2_40(SR_CRYPTOKI_PROTOTYPE)
SR_CRYPTOKI_3_0(SR_CRYPTOKI_PROTOTYPE)
SR_CRYPTOKI_3_2(SR_CRYPTOKI_PROTOTYPE)

typedef struct CK_FUNCTION_LIST {
    CK_VERSION version;
    SR_CRYPTOKI_2_40(SR_CRYPTOKI_MEMBER)
} CK_FUNCTION_LIST;

typedef struct CK_FUNCTION_LIST_3_0 {
    CK_VERSION version;
    SR_CRYPTOKI_2_40(SR_CRYPTOKI_MEMBER)
    SR_CRYPTOKI_3_0(SR_CRYPTOKI_MEMBER)
} CK_FUNCTION_LIST_3_0;

typedef struct CK_FUNCTION_LIST_3_2 {
    CK_VERSION version;
    SR_CRYPTOKI_2_40(SR_CRYPTOKI_MEMBER)
    SR_CRYPTOKI_3_0(SR_CRYPTOKI_MEMBER)
    SR_CRYPTOKI_3_2(SR_CRYPTOKI_MEMBER)
} CK_FUNCTION_LIST_3_2;
