/* Keeping a session that was made, before anybody is told of it. */
#pragma once

#include "agent/request.h"
#include "tinycloud/session.h"

/* Write @session (taken) to the store, then answer with what it is to its owner. */
void sr_session_save(SrRequest *request, SrSession *session);
