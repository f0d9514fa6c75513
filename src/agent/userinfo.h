/* oauth.userinfo (OpenID Connect Core §5.3): asked by sealring-net, so that a caller that only
 * wants to know who it is needs no token. */
#pragma once

#include "agent/request.h"

/* Answers @request, whose params are "account" and "issuer". */
void sr_userinfo_handle(SrRequest *request);
