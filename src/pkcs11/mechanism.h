/*
 * The mechanisms of each token (PKCS#11 3.1 §6): what C_GetMechanismList and C_GetMechanismInfo
 * say, and what the other functions check by.
 */
#pragma once

#include "pkcs11/cryptoki.h"
#include "wire/operation.h"

typedef struct {
    CK_MECHANISM_TYPE type;
    CK_ULONG min; /* key sizes in bits; 0: it has no key */
    CK_ULONG max;
    CK_FLAGS flags;  /* of CK_MECHANISM_INFO */
    unsigned tokens; /* mask of 1 << SrToken */
    unsigned curves; /* mask of 1 << SR_CURVE_…; 0: it has no key */
} SrMechanism;

/* The mechanism @type of @token; NULL when the token has none. Static. */
const SrMechanism *sr_mechanism_find(SrToken token, CK_MECHANISM_TYPE type);

/*
 * Write the mechanisms for keys of the curve @curve that have any of @flags, at most @room. How
 * many were written.
 */
size_t sr_mechanism_list(unsigned curve, CK_FLAGS flags, CK_MECHANISM_TYPE *ret_types, size_t room);
