/*
 * Delegations as they travel: a signed sign-in message (CACAO in padded base64url) or a UCAN. Both
 * say who gives what to whom, and until when; both are verified when they are read.
 */
#pragma once

#include "base/json.h"

#include <glib.h>

#define SR_DELEGATION_MAX 65536u /* bytes of the text */

typedef struct {
    char *cid;
    char *issuer;         /* DID, without fragment */
    char *audience;       /* DID as it is written, perhaps with a fragment */
    SrJson *attenuations; /* {resource: {"ns/ability": [{…}]}} */
    GPtrArray *proofs;    /* of char *: CIDs of its parents, as they are written */
    gint64 starts;        /* seconds since 1970, rounded up; 0 or less: at once */
    gint64 expires;       /* seconds since 1970, rounded down; 0: never */
    gboolean is_terminal; /* the signer forbids further delegation */
    char *message;        /* the sign-in message of a CACAO, else NULL */
    char *signature;      /* and its signature, "0x…" in small letters */
} SrDelegation;

/*
 * The delegation in @authorization, the value of the header "Authorization" (a UCAN's with or
 * without "Bearer "). SR_ERROR_CORRUPT,
 * saying what is wrong: not decodable, not canonical, a signature that is not its issuer's, a
 * statement that does not say what the ReCap gives, an end at or before the start of 1970. Other
 * times are not compared with any clock. Owned by the caller.
 */
SrDelegation *sr_delegation_read(const char *authorization, GError **error);

void sr_delegation_free(SrDelegation *delegation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrDelegation, sr_delegation_free)
