/* What a TinyCloud session does: acting, handing on, and taking what others hand on. */
#pragma once

#include "agent/request.h"
#include "agent/sessions.h"
#include "tinycloud/ucan.h"

/* session.invoke: a UCAN for the node, signed by the session key. */
void sr_session_invoke(SrRequest *request);

/* session.delegate: a portable delegation for somebody else, when the user agrees. */
void sr_session_delegate(SrRequest *request);

/* session.key: a session key that has nothing yet, for others to delegate to. */
void sr_session_make_key(SrRequest *request);

/* session.useDelegation: a session by a portable delegation to one of the caller's session keys. */
void sr_session_use_delegation(SrRequest *request);

/* --- what these share --------------------------------------------------------------------------
 */

/* What the list in the param @name asks for, all of which @open has. A new reference.
 * SR_ERROR_INVALID_PARAMS, _NOT_GRANTED. */
SrJson *sr_session_read_wanted(SrRequest *request, const SrOpenSession *open, const char *name,
                               GError **error);

/* A UCAN by @open's key for @audience (its fragment is left out) with @wanted (a reference is
 * taken), not signed yet; its proof is the session's delegation. Owned by the caller. */
SrUcan *sr_session_ucan(const SrOpenSession *open, const char *audience, SrJson *wanted,
                        gint64 expires, GError **error);

/* The line in the log that says what a session did. */
gboolean sr_session_record(SrRequest *request, const char *event, SrJson *wanted, GError **error);
