/*
 * What the agent answers programs with: the CKR values and the other numbers of PKCS#11 that the
 * agent needs (OASIS PKCS#11 3.1, pkcs11t.h), and which error of ours is which of them.
 */
#pragma once

#include "wire/operation.h"

#include <glib.h>

#define SR_CKR_OK 0x00u
#define SR_CKR_FUNCTION_FAILED 0x06u
#define SR_CKR_ARGUMENTS_BAD 0x07u
#define SR_CKR_ATTRIBUTE_READ_ONLY 0x10u
#define SR_CKR_ATTRIBUTE_VALUE_INVALID 0x13u
#define SR_CKR_DATA_INVALID 0x20u
#define SR_CKR_DATA_LEN_RANGE 0x21u
#define SR_CKR_DEVICE_ERROR 0x30u
#define SR_CKR_DEVICE_MEMORY 0x31u
#define SR_CKR_DEVICE_REMOVED 0x32u
#define SR_CKR_FUNCTION_CANCELED 0x50u
#define SR_CKR_FUNCTION_NOT_SUPPORTED 0x54u
#define SR_CKR_KEY_HANDLE_INVALID 0x60u
#define SR_CKR_KEY_TYPE_INCONSISTENT 0x63u
#define SR_CKR_MECHANISM_PARAM_INVALID 0x71u
#define SR_CKR_OBJECT_HANDLE_INVALID 0x82u
#define SR_CKR_PIN_INCORRECT 0xa0u
#define SR_CKR_PIN_LEN_RANGE 0xa2u
#define SR_CKR_PIN_LOCKED 0xa4u
#define SR_CKR_SIGNATURE_INVALID 0xc0u
#define SR_CKR_SIGNATURE_LEN_RANGE 0xc1u
#define SR_CKR_TOKEN_NOT_PRESENT 0xe0u
#define SR_CKR_TOKEN_WRITE_PROTECTED 0xe2u
#define SR_CKR_USER_NOT_LOGGED_IN 0x101u
#define SR_CKR_USER_PIN_NOT_INITIALIZED 0x102u
#define SR_CKR_USER_TYPE_INVALID 0x103u
#define SR_CKR_FUNCTION_REJECTED 0x200u

/* Flags of CK_TOKEN_INFO. */
#define SR_CKF_LOGIN_REQUIRED 0x4u
#define SR_CKF_USER_PIN_INITIALIZED 0x8u
#define SR_CKF_PROTECTED_AUTHENTICATION_PATH 0x100u
#define SR_CKF_USER_PIN_COUNT_LOW 0x10000u
#define SR_CKF_USER_PIN_FINAL_TRY 0x20000u
#define SR_CKF_USER_PIN_LOCKED 0x40000u
#define SR_CKF_SO_PIN_COUNT_LOW 0x100000u
#define SR_CKF_SO_PIN_FINAL_TRY 0x200000u
#define SR_CKF_SO_PIN_LOCKED 0x400000u

/* Classes and attributes of objects. */
#define SR_CKO_DATA 0u
#define SR_CKO_CERTIFICATE 1u
#define SR_CKO_PUBLIC_KEY 2u
#define SR_CKO_PRIVATE_KEY 3u
#define SR_CKA_PRIVATE 0x2u
#define SR_CKA_LABEL 0x3u
#define SR_CKA_ID 0x102u
#define SR_CKA_LOCAL 0x163u
#define SR_CKA_ALWAYS_AUTHENTICATE 0x202u

/*
 * The CKR value for @error, in the answer to @operation: the same reason has different names in
 * different functions (a user who says no: C_Login is cancelled, a signature is rejected).
 */
guint32 sr_program_result(SrOperation operation, const GError *error);
