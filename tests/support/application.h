/*
 * A PKCS#11 application in small: it loads a module and signs with keys that it finds by their
 * labels. It needs libc only, so that what it measures of itself is the module's. Every function
 * ends the program with a message when the module does not do what is asked.
 */
#pragma once

#include "pkcs11/cryptoki_functions.h"

#include <stdint.h>

#define SR_TEST_LABEL_MAX 64u

typedef struct {
    const char *path;
    CK_FUNCTION_LIST *functions;
    const char *pin; /* NULL: the token asks the user itself, or does not ask */
} SrTestModule;

typedef struct {
    const SrTestModule *module; /* borrowed */
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE object;
    CK_MECHANISM mechanism; /* CKM_ECDSA or CKM_EDDSA, as its type wants it */
} SrTestKey;

/* End the program with "PATH: WHAT: …" and @result. */
void sr_test_module_fail(const SrTestModule *module, const char *what, CK_RV result)
    __attribute__((noreturn));

/* Load the module at @path (borrowed, like @pin) and initialise it for use by several threads. */
void sr_test_module_load(SrTestModule *module, const char *path, const char *pin);

/* A session on the token with the label @token, logged in where it wants that. */
CK_SESSION_HANDLE sr_test_module_open(const SrTestModule *module, const char *token);

/* The private keys of @session's token with @value in @attribute (@size 0: all), at most @room;
 * how many were found. */
CK_ULONG sr_test_find(const SrTestModule *module, CK_SESSION_HANDLE session,
                      CK_ATTRIBUTE_TYPE attribute, const void *value, CK_ULONG size,
                      CK_OBJECT_HANDLE *ret_objects, CK_ULONG room);

/* The private key with @label on whichever token has it. */
void sr_test_key_find(const SrTestModule *module, const char *label, SrTestKey *ret_key);

/* A key pair "secp256k1", "p256" or "ed25519" on @session's token, with @label
 * and the same as its id. */
void sr_test_key_generate(const SrTestModule *module, CK_SESSION_HANDLE session, const char *curve,
                          const char *label);

/* One C_SignInit and C_Sign of 32 bytes. */
void sr_test_key_sign(SrTestKey *key, const uint8_t digest[32], uint8_t ret_signature[64]);
