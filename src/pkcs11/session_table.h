/*
 * The table of open sessions: from handles to sessions.
 */
#pragma once

#include "pkcs11/session.h"

/* An empty table; NULL when out of memory. Freed, with the sessions in it, when nobody is inside a
 * session; NULL is fine. */
SrSessionTable *sr_session_table_new(void);
void sr_session_table_free(SrSessionTable *table);

/*
 * Open a session of @token with @flags (CKF_RW_SESSION, CKF_SERIAL_SESSION). The handle is not used
 * again soon after the session is closed. CKR_HOST_MEMORY, CKR_SESSION_COUNT.
 */
CK_RV sr_session_table_open(SrModule *module, SrToken token, CK_FLAGS flags,
                            CK_SESSION_HANDLE *ret_handle);

/* Take the session @handle out, whose token goes to *ret_token. Does not wait for a thread inside.
 * CKR_SESSION_HANDLE_INVALID. */
CK_RV sr_session_table_close(SrSessionTable *table, CK_SESSION_HANDLE handle, SrToken *ret_token);

/* The handle of some session of @token, CK_INVALID_HANDLE when there is none. */
CK_SESSION_HANDLE sr_session_table_any(SrSessionTable *table, SrToken token);

/* The session @handle, with a use that sr_session_unuse gives back; NULL when there is none. */
SrSession *sr_session_table_use(SrSessionTable *table, CK_SESSION_HANDLE handle);

/* Give a use back; the last one frees the session with its active operations
 * and its objects, for which it may ask the agent: no lock is held. */
void sr_session_unuse(SrSession *session);

/* How many sessions of @token are open, and how many of them are read/write. */
void sr_session_table_count(SrSessionTable *table, SrToken token, CK_ULONG *ret_all,
                            CK_ULONG *ret_writable);
