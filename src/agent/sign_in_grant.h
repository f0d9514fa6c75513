/*
 * What a person agreed to when an extension or a page was allowed to sign them in: a provider, a
 * client there, and scopes. A grant of the kind SR_GRANT_SIGN_IN names the three as
 * "ISSUER CLIENT SCOPE…", the client percent-encoded, or "(registered)" for the one that sealring
 * registers by itself.
 */
#pragma once

#include "policy/grants.h"

/* The three as a grant names them; @client_id NULL: the registered one. Owned by the caller. */
char *sr_sign_in_grant_name(const char *issuer, const char *client_id, const char *scope);

/*
 * Whether @caller and @origin have a grant to sign in at @issuer with @client_id (NULL: the
 * registered one) and all of @scope (NULL: whatever it is).
 */
gboolean sr_sign_in_grant_covers(const SrGrants *grants, const char *caller, const char *origin,
                                 const char *issuer, const char *client_id, const char *scope);
