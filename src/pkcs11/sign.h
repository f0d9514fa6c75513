/*
 * Signing.
 */
#pragma once

#include "pkcs11/session.h"

/* Whether a signature is being made in @session for which the user has to log in once more
 * (CKA_ALWAYS_AUTHENTICATE); with which of the agent's objects. */
bool sr_sign_needs_login(const SrSession *session, uint64_t *ret_object);
