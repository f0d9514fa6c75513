/* All sign-ins under way: found by the id of their flow, ended when the agent ends or is locked. */
#pragma once

#include "agent/sign_in.h"

typedef struct SrSignIns SrSignIns;

#define SR_SIGN_INS_MAX 32u /* at once, of everybody together; 8 of one caller */

SrSignIns *sr_sign_ins_new(void);

/* Ends them all. */
void sr_sign_ins_free(SrSignIns *sign_ins);

/* SR_ERROR_BUSY when there are too many already, of all or of its caller. */
gboolean sr_sign_ins_has_room(const SrSignIns *sign_ins, const char *caller, GError **error);

void sr_sign_ins_add(SrSignIns *sign_ins, SrSignIn *sign_in);
void sr_sign_ins_remove(SrSignIns *sign_ins, SrSignIn *sign_in);

/* The one of this caller whose flow is @flow, NULL when there is none (any more). Borrowed. */
SrSignIn *sr_sign_ins_find(const SrSignIns *sign_ins, const char *caller, const char *origin,
                           const char *flow);
