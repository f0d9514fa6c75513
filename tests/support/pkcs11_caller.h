/* What tests of the PKCS#11 module share: the steps before what they are about. */
#pragma once

#include "pkcs11/cryptoki_functions.h"

#include <glib.h>

#define SLOT_ACCOUNTS 1u
#define SLOT_KEYS 2u

#define READ_ONLY CKF_SERIAL_SESSION
#define READ_WRITE (CKF_SERIAL_SESSION | CKF_RW_SESSION)

/* Compare CK_RV values, as numbers in hexadecimal. */
#define assert_rv(call, expected) g_assert_cmphex((call), ==, (expected))

/* C_Initialize(NULL), and C_Finalize. */
void caller_start(void);
void caller_end(void);

/* A session of @slot; with the user logged in. */
CK_SESSION_HANDLE caller_open(CK_SLOT_ID slot, CK_FLAGS flags);
CK_SESSION_HANDLE caller_log_in(CK_SLOT_ID slot);

/* The only object of @class with @label. */
CK_OBJECT_HANDLE caller_find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, const char *label);

/* C_SignInit and C_Sign with CKM_ECDSA of 32 bytes, each of them @byte. */
CK_RV caller_sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, guint8 byte,
                  guint8 ret_signature[64]);

/* The same, which must succeed with the signature that the fake agent gives for it. */
void caller_assert_signs(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, guint8 byte);
