/*
 * What the module knows of the two tokens: their slots, and who of this application is logged in.
 */
#pragma once

#include "pkcs11/cryptoki.h"
#include "wire/operation.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct SrModule;

/* Nobody is logged in; otherwise CKU_SO or CKU_USER. */
#define SR_NOBODY (~0UL)

typedef struct {
    pthread_mutex_t logging_in; /* held while somebody logs in or out, which may take minutes */
    _Atomic CK_USER_TYPE user;
    _Atomic uint64_t epoch; /* of the link when that was so (sr_link_epoch) */
} SrTokenState;

/* Who is logged in to @token: CKU_SO, CKU_USER or SR_NOBODY. Never asks the agent. */
CK_USER_TYPE sr_token_user(struct SrModule *module, SrToken token);

/* Whether private objects of @token are visible and usable: CKU_USER is logged in. */
bool sr_token_is_open(struct SrModule *module, SrToken token);

/* Remember who is logged in from now on. */
void sr_token_set_user(struct SrModule *module, SrToken token, CK_USER_TYPE user);

/*
 * What the agent answered to a use of @token's objects; returns @result. CKR_USER_NOT_LOGGED_IN
 * means that the user's login ended there (sealring was locked): it ends here too, so that C_Login
 * begins a new one.
 */
CK_RV sr_token_answered(struct SrModule *module, SrToken token, CK_RV result);

/*
 * The token in @slot (ids 1 and 2). CKR_SLOT_ID_INVALID; CKR_TOKEN_NOT_PRESENT when the agent does
 * not run or hides it from this program; CKR_DEVICE_ERROR, CKR_HOST_MEMORY.
 */
CK_RV sr_token_in_slot(struct SrModule *module, CK_SLOT_ID slot, SrToken *ret_token);

/* The slot of @token. */
CK_SLOT_ID sr_token_slot(SrToken token);
