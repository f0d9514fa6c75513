/*
 * Logging in and out. A login belongs to the application and a token, not to a session.
 */
#pragma once

#include "pkcs11/module.h"

/* Log out of @token if anybody is logged in, telling the agent if it is there: private objects are
 * gone then for the application. For when the last session is closed. */
void sr_login_end(SrModule *module, SrToken token);
