/* Grants as PROTOCOL.md has them. */
#pragma once

#include "base/json.h"
#include "policy/grants.h"

/* The description of @grant, a new object. */
SrJson *sr_grant_view_json(const SrGrant *grant);
