/* Where a new object goes, and whether the session may put it there (§5.7, tables 6 and 7). */
#pragma once

#include "pkcs11/session.h"
#include "pkcs11/template.h"

typedef struct {
    bool is_token;   /* CKA_TOKEN */
    bool is_private; /* CKA_PRIVATE */
} SrPlacement;

/*
 * Read CKA_TOKEN and CKA_PRIVATE; *placement holds the defaults. CKR_ATTRIBUTE_VALUE_INVALID;
 * CKR_SESSION_READ_ONLY for a token object in a read-only session; CKR_USER_NOT_LOGGED_IN for a
 * private object when the user is not logged in.
 */
CK_RV sr_placement_read(const SrSession *session, const SrTemplate *template,
                        SrPlacement *placement);

/* CKR_TEMPLATE_INCONSISTENT when @template has another CKA_CLASS than @class. */
CK_RV sr_placement_check_class(const SrTemplate *template, CK_OBJECT_CLASS class);
