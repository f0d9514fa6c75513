/*
 * Decisions the user let us remember. Five kinds:
 *  accounts: a key is connected to a caller (it may see the address and ask for signatures);
 *  siwe:     sign-ins like one the user agreed to are signed without asking: same caller, origin,
 *            key, domain, delegate (URI), statement and resources, until an end, and valid for no
 *            longer than the first one was.
 *  program:  a program on this computer, known by the path of its executable, uses a key or all
 *            keys of a PKCS#11 token without asking, until an end or for good.
 * Free-form messages, typed data and raw digests of extensions are never remembered.
 *
 * All grants are held in memory and written through to state.db.
 */
#pragma once

#include "ethereum/recap.h"
#include "ethereum/siwe.h"
#include "policy/database.h"
#include "policy/grant.h"

typedef struct SrGrants SrGrants;

/* The grants in @database (borrowed, must live longer). */
SrGrants *sr_grants_new(SrDatabase *database, GError **error);
void sr_grants_free(SrGrants *grants);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrGrants, sr_grants_free)

/* After a failed commit: read all grants again. */
gboolean sr_grants_reload(SrGrants *grants, GError **error);

/* Another number after every change of the grants. */
guint sr_grants_revision(const SrGrants *grants);

/* Whether any key is connected to the caller. */
gboolean sr_grants_knows_caller(const SrGrants *grants, const char *caller, const char *origin);

/* Connect @key to the caller; TRUE and nothing done when it is. */
gboolean sr_grants_connect(SrGrants *grants, const char *caller, const char *origin,
                           const char *key, GError **error);

/* The grant that connects @key to the caller, or NULL. Borrowed. */
const SrGrant *sr_grants_connection(const SrGrants *grants, const char *caller, const char *origin,
                                    const char *key);
gboolean sr_grants_is_connected(const SrGrants *grants, const char *caller, const char *origin,
                                const char *key);

/*
 * Whether sign-ins like @siwe can be remembered at @now (seconds since 1970): its issue time is
 * close to it, since the length of what was seen is measured from there, and it has no not-before
 * time and no request id, which a grant does not cover.
 */
gboolean sr_grants_can_remember(const SrSiwe *siwe, gint64 now);

/*
 * Remember sign-ins like @siwe for @seconds from @now; SR_ERROR_INVALID_PARAMS when they cannot be.
 * The grant is returned borrowed.
 */
const SrGrant *sr_grants_remember(SrGrants *grants, const char *caller, const char *origin,
                                  const char *key, const SrSiwe *siwe, const char *capabilities,
                                  gint64 now, gint64 seconds, GError **error);

/* The grant that covers signing @siwe now, or NULL. Borrowed. */
const SrGrant *sr_grants_find(const SrGrants *grants, const char *caller, const char *origin,
                              const char *key, const SrSiwe *siwe, gint64 now);

/*
 * Let @program (a path) use @key (a key id, or the name of a token) without asking, until @expires
 * (seconds since 1970, 0: for good). The grant is returned borrowed.
 */
const SrGrant *sr_grants_allow_program(SrGrants *grants, const char *program, const char *key,
                                       gint64 expires, GError **error);

/* The grant by which @program uses the key @key of the token @token at @now, the one that lasts
 * longest; @key NULL: one for the whole token. NULL when there is none. Borrowed. */
const SrGrant *sr_grants_find_program(const SrGrants *grants, const char *program,
                                      const char *token, const char *key, gint64 now);

/*
 * The same for kinds without further terms (SR_GRANT_SIGN_IN, SR_GRANT_TOKENS): whether @caller and
 * @origin have it for @key, and giving it for good (TRUE and nothing done when they have).
 */
gboolean sr_grants_has(const SrGrants *grants, SrGrantKind kind, const char *caller,
                       const char *origin, const char *key);
gboolean sr_grants_give(SrGrants *grants, SrGrantKind kind, const char *caller, const char *origin,
                        const char *key, GError **error);

/* The grant @id, NULL when there is none. Borrowed. */
const SrGrant *sr_grants_get(const SrGrants *grants, const char *id);

/* All grants in force, oldest first; of SrGrant, borrowed. Free the array. */
GPtrArray *sr_grants_list(const SrGrants *grants);

/* Forget grants that ended before @now (seconds since 1970), some hundred of them at most. */
gboolean sr_grants_prune(SrGrants *grants, gint64 now, GError **error);

/* Revoke one (SR_ERROR_KEY_NOT_FOUND when there is none), all of a caller, or all of a key. */
gboolean sr_grants_revoke(SrGrants *grants, const char *id, GError **error);
gboolean sr_grants_revoke_caller(SrGrants *grants, const char *caller, const char *origin,
                                 GError **error);
gboolean sr_grants_revoke_key(SrGrants *grants, const char *key, GError **error);
