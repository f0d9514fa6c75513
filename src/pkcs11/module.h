/*
 * The state between C_Initialize and C_Finalize, and the way into and out of every function.
 *
 * Every entry point calls sr_module_enter (or sr_session_enter of session.h, which does it too)
 * first and returns through its leave function. Entering compares the process id: in a child after
 * fork nothing is initialised until the child calls C_Initialize, which leaves the parent's state
 * alone. With the caller's own mutexes (C_Initialize without CKF_OS_LOCKING_OK) one of them is held
 * from enter to leave, so that no other thread is inside.
 */
#pragma once

#include "pkcs11/link.h"
#include "pkcs11/token.h"

typedef struct SrSessionTable SrSessionTable;
typedef struct SrObjectTable SrObjectTable;
typedef struct SrLocking SrLocking;

typedef struct SrModule {
    SrLink *link;
    SrTokenState tokens[SR_TOKENS]; /* by SrToken */
    SrSessionTable *sessions;
    SrObjectTable *objects;
    SrLocking *locking; /* private to module.c */
} SrModule;

/* C_Initialize and C_Finalize (§5.4). CK_C_INITIALIZE_ARGS @args may be NULL. */
CK_RV sr_module_initialize(const CK_C_INITIALIZE_ARGS *args);
CK_RV sr_module_finalize(void);

/*
 * Enter: *ret_module stays valid until sr_module_leave. CKR_CRYPTOKI_NOT_INITIALIZED;
 * CKR_CANT_LOCK when the caller's mutex function failed. After a failure there is nothing to leave.
 */
CK_RV sr_module_enter(SrModule **ret_module);

/* Leave; returns @result. */
CK_RV sr_module_leave(SrModule *module, CK_RV result);
