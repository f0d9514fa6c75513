/*
 * Sessions (§5.6): the way into and out of a function with a session handle, and the operations
 * that are active in a session. The table of sessions is in session_table.h.
 *
 * One thread at a time is inside a session; a second one waits. Closing does not wait: a call that
 * is under way ends in a session that is no longer in the table.
 */
#pragma once

#include "pkcs11/cryptoki.h"
#include "pkcs11/module.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Operations that stay active between calls; of each kind at most one in a session. */
typedef enum {
    SR_ACTIVE_FIND,
    SR_ACTIVE_DIGEST,
    SR_ACTIVE_SIGN,
    SR_ACTIVE_VERIFY,
} SrActive;

#define SR_ACTIVES 4u

typedef struct SrSession {
    SrModule *module;
    CK_SESSION_HANDLE handle;
    SrToken token;  /* SR_TOKEN_ACCOUNTS or SR_TOKEN_KEYS */
    CK_FLAGS flags; /* CKF_SERIAL_SESSION, and CKF_RW_SESSION */

    /* private */
    struct {
        void *state; /* NULL: not active */
        void (*release)(void *state);
    } active[SR_ACTIVES];
    pthread_mutex_t lock;
    atomic_uint uses;   /* by the table and by threads */
    atomic_bool closed; /* no longer in the table */
} SrSession;

/*
 * Enter the module and the session @handle. CKR_CRYPTOKI_NOT_INITIALIZED, CKR_CANT_LOCK,
 * CKR_SESSION_HANDLE_INVALID; then there is nothing to leave.
 */
CK_RV sr_session_enter(CK_SESSION_HANDLE handle, SrSession **ret_session);

/* Leave the session and the module; returns @result. */
CK_RV sr_session_leave(SrSession *session, CK_RV result);

/* Whether token objects may be changed: a read/write session. */
bool sr_session_is_writable(const SrSession *session);

/* CKS_…, from the session's kind and the login. */
CK_STATE sr_session_state(const SrSession *session);

/* The state of the active operation, NULL when none is. Borrowed. */
void *sr_session_active(const SrSession *session, SrActive active);

/*
 * Make an operation active; its @state belongs to the session from now on and goes to @release when
 * it ends, however it ends. None may be active before.
 */
void sr_session_begin(SrSession *session, SrActive active, void *state,
                      void (*release)(void *state));

/* End an operation; none active is fine. */
void sr_session_end(SrSession *session, SrActive active);
