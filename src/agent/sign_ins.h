/* All sign-ins under way: found by the id of their flow, ended when the agent ends or is locked. */
#pragma once

#include "agent/sign_in.h"
#include "base/error.h"

typedef struct SrSignIns SrSignIns;

#define SR_SIGN_INS_MAX 32u /* at once, of everybody together; 8 of one caller */

/* None under way. Owned by the caller. */
SrSignIns *sr_sign_ins_new(void);

/* Ends them all. */
void sr_sign_ins_free(SrSignIns *sign_ins);

/* SR_ERROR_BUSY when there are too many already, of all or of its caller. */
gboolean sr_sign_ins_has_room(const SrSignIns *sign_ins, const char *caller, GError **error);

/*
 * End all but those whose account is being saved, which the store has been told; each request gets
 * an error of @code. Those that wait for a prompt or for the store are left to find out by
 * themselves (sr_request_revalidate).
 */
void sr_sign_ins_end(SrSignIns *sign_ins, SrErrorCode code, const char *why);

/* Whether an account is being saved; the agent ends only after that. */
gboolean sr_sign_ins_is_saving(const SrSignIns *sign_ins);

/* Sign-ins put themselves in when they begin and out when they end. */
void sr_sign_ins_add(SrSignIns *sign_ins, SrSignIn *sign_in);
/* Take @sign_in (borrowed) out. */
void sr_sign_ins_remove(SrSignIns *sign_ins, SrSignIn *sign_in);

/* The one of this caller whose flow is @flow, NULL when there is none (any more). Borrowed. */
SrSignIn *sr_sign_ins_find(const SrSignIns *sign_ins, const char *caller, const char *origin,
                           const char *flow);
