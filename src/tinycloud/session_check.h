/* Whether a stored session still is what it was when it was made: every restore asks this. */
#pragma once

#include "tinycloud/delegation.h"
#include "tinycloud/session.h"

typedef enum {
    SR_SESSION_GOOD,
    SR_SESSION_EXPIRED, /* or not valid yet */
    SR_SESSION_BROKEN,
    SR_SESSION_UNCHECKED, /* no memory can be locked to look at its key: nothing is known */
} SrSessionVerdict;

/*
 * Check @session at @now (microseconds since 1970): its key is that of its DID, the delegation is
 * to that DID and signed, message, signature (or portable delegation), header and CID are of each
 * other, its end is the one that was signed, and the capabilities cover its space. *ret_delegation
 * (@ret_delegation may be NULL) is the delegation of a good one, owned by the caller, else NULL;
 * *ret_problem says what is wrong with one that is not good, static text. A session without a
 * delegation (SR_SESSION_KEY_ONLY) is good with none, whatever the time.
 */
SrSessionVerdict sr_session_check(const SrSession *session, gint64 now,
                                  SrDelegation **ret_delegation, const char **ret_problem);
