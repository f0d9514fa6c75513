/*
 * session.signIn: a session key is made, the message composed as TinyCloud's SDK does it, shown,
 * signed, and kept with the key before anyone gets the delegation.
 */
#pragma once

#include "agent/request.h"

/* The handler of session.signIn. */
void sr_session_sign_in(SrRequest *request);
