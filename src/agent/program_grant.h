/* Which grants an application has: the kernel must say which program it is. */
#pragma once

#include "agent/agent.h"
#include "agent/application.h"

/* The grant of @application for the key @info, or NULL. Borrowed. */
const SrGrant *sr_program_grant(const SrAgent *agent, const SrApplication *application,
                                const SrKeyInfo *info);

/* Whether it has one for @token or for any key of it (that is known now). */
gboolean sr_program_grant_any(const SrAgent *agent, const SrApplication *application,
                              SrToken token);
