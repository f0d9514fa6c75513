/* A step of request.h: an access token that is still good. */
#pragma once

#include "agent/accounts.h"
#include "agent/request.h"

/*
 * Make sure that the account whose id is request->state has an access token that is good for
 * @wanted seconds (or half of its life, if that is less), refreshing it when it must be; go on with
 * request->state as it was. When a refresh fails while the token still serves, it serves.
 */
void sr_request_need_token(SrRequest *request, gint64 wanted, SrRequestStep next);

/* The account that request->state names, which the step before has made sure of. Borrowed. */
const SrAccountInfo *sr_request_account(const SrRequest *request);
