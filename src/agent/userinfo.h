/* oauth.userinfo (OpenID Connect Core §5.3): asked by sealring-net, so that a caller that only
 * wants to know who it is needs no token. */
#pragma once

#include "agent/request.h"

void sr_userinfo_handle(SrRequest *request);
