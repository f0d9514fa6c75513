/*
 * Portable delegations, the JSON in which TinyCloud's SDKs hand a delegation on: the delegation
 * itself, and what it gives to whom in words that need no decoding.
 */
#pragma once

#include "tinycloud/delegation.h"

#define SR_PORTABLE_TEXT_MAX 1024u /* bytes of a name, an address, a place in it */

typedef struct {
    SrDelegation *delegation; /* verified; it gives all that the JSON says */
    char *space_id;
    char *expires_at;          /* as it is written: RFC 3339 */
    gboolean no_subdelegation; /* the recipient may not hand it on */
} SrPortable;

/*
 * Read @json (borrowed), the param "delegation". SR_ERROR_INVALID_PARAMS naming the member that is
 * missing, not known, or says something else than the signed delegation: CID, recipient, issuer,
 * parent, end (one that has none is refused), space and its owner, or more capabilities, be it at
 * the top or in "resources". The chain above it is for the node to check. Owned by the caller.
 */
SrPortable *sr_portable_read(SrJson *json, GError **error);

void sr_portable_free(SrPortable *portable);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrPortable, sr_portable_free)

/* Whether @json, which was read before, says that the recipient may not hand it on. */
gboolean sr_portable_is_last(SrJson *json);

/*
 * The JSON of @delegation, which @authorization holds and which has an end. It is about the space
 * @space_id, and names its owner; when none of the capabilities is there, about another one, where
 * they are. @host may be NULL. A new object.
 */
SrJson *sr_portable_write(const SrDelegation *delegation, const char *authorization,
                          const char *space_id, const char *host, gboolean no_subdelegation);
