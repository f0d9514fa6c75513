/* Whether a stored session still is what it was when it was made: every restore asks this. */
#pragma once

#include "tinycloud/delegation.h"
#include "tinycloud/session.h"

typedef enum {
    SR_SESSION_GOOD,
    SR_SESSION_EXPIRED, /* or not valid yet */
    SR_SESSION_BROKEN,
} SrSessionVerdict;

/*
 * Check @session at @now (microseconds since 1970): its key is that of its DID, the delegation is
 * to that DID and signed, message, signature, header and CID are of each other, the times are those
 * that were signed, and the capabilities cover its space. *ret_delegation (may be NULL) is the
 * delegation of a good one, owned by the caller; *ret_problem says what is wrong with another one,
 * static text. A session without a delegation (SR_SESSION_KEY_ONLY) is good with none.
 */
SrSessionVerdict sr_session_check(const SrSession *session, gint64 now,
                                  SrDelegation **ret_delegation, const char **ret_problem);
