/* Which TinyCloud sessions a caller has, and getting one ready for use. */
#pragma once

#include "agent/request.h"
#include "agent/sessions.h"
#include "tinycloud/space.h"

/* Whether @id has the form of an id of the caller's own sessions; for the command line of any. */
gboolean sr_session_is_own(const SrRequest *request, const char *id);

/* The param "session", an own one. NULL with SR_ERROR_INVALID_PARAMS, _KEY_NOT_FOUND. Borrowed. */
const char *sr_session_param(SrRequest *request, GError **error);

/*
 * Make sure that the session which the param "session" names is in memory and has not ended: from
 * the store if need be. Errors: those of sr_session_param, SR_ERROR_EXPIRED, _CORRUPT.
 */
void sr_request_need_session(SrRequest *request, SrRequestStep next);

/* The one that was needed. Borrowed until the main loop runs. */
SrOpenSession *sr_request_session(const SrRequest *request);

/* Whose account it is: the signer's of one that signed in, the space's owner's of a delegated one;
 * FALSE for one that is only a key. */
gboolean sr_session_account(const SrSession *session, SrSpaceOwner *ret_account);

/* What a session is to its owner: what the SDK's persisted session holds, without the key. A new
 * object. */
SrJson *sr_session_json(const SrSession *session);
