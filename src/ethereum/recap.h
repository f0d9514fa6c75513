/*
 * ERC-5573 ReCaps ("urn:recap:" resources): decode, check against the statement, encode.
 *
 * Where the ERC contradicts itself the Rust reference implementation decides, because verifiers use
 * it: base64url without padding, keys sorted by bytes at every level, statement groups sorted by
 * resource and then by namespace. Ability strings, URIs (RFC 3986) and proofs (base58btc CIDs) are
 * checked, since a forged key could otherwise print a second grant into the statement.
 */
#pragma once

#include "base/json.h"
#include "ethereum/siwe.h"

#include <glib.h>

/* One group of the statement: abilities of one namespace on one resource. */
typedef struct {
    char *resource;
    char *namespace;
    char **names;          /* sorted, NULL-terminated: "get", "put" for "kv/get", "kv/put" */
    gboolean no_valid_use; /* an ability whose list of restrictions is empty (ERC: unusable) */
    char *restrictions; /* JSON {name: [{…}, …]} of those names whose restrictions are not all {};
                           NULL when there is none */
} SrRecapGroup;

typedef struct {
    GPtrArray *groups; /* of SrRecapGroup, in statement order */
    GPtrArray *proofs; /* of char *: base58btc CIDs */
    char *unknown;     /* JSON of unknown top-level members, or NULL: show, warn */
} SrRecap;

/*
 * The ReCap of @siwe, which was parsed from @message. *ret_recap is NULL (and the result TRUE) when
 * no resource is one. SR_ERROR_UNSUPPORTED_RECAP, with field and offset in the message, when a
 * ReCap is not the last resource, there are two, it does not decode, its "urn:recap:" is not in
 * small letters (RFC 8141 §3.1 lets a verifier ignore case), or the statement does not end in its
 * translation, alone or after a space. Owned by the caller.
 */
gboolean sr_recap_from_siwe(const SrSiwe *siwe, const char *message, SrRecap **ret_recap,
                            GError **error);

/*
 * Decode one "urn:recap:…" URI; SR_ERROR_UNSUPPORTED_RECAP with field "resources" and the offset in
 * @uri. An ability without any restriction object ([]) and unknown top-level members are accepted
 * and marked. A resource with "%" is refused: no statement may hold it. Owned by the caller.
 */
SrRecap *sr_recap_decode(const char *uri, gsize length, GError **error);

/* The statement text of @recap (ERC-5573 "ReCap Translation Algorithm"). Owned by the caller. */
char *sr_recap_statement(const SrRecap *recap);

/*
 * The "urn:recap:" URI of @attenuations ({resource: {"ns/name": [{…}]}}) and @proofs (array of
 * CIDs, may be NULL): sorted by bytes, without white space. Refuses what decode would refuse or
 * mark, numbers that are not whole, and a result of more than SR_SIWE_URI_MAX bytes. Owned by the
 * caller.
 */
char *sr_recap_encode(SrJson *attenuations, SrJson *proofs, GError **error);

/* The same, and what it decodes to (*ret_recap, owned by the caller). */
char *sr_recap_compose(SrJson *attenuations, SrJson *proofs, SrRecap **ret_recap, GError **error);

void sr_recap_free(SrRecap *recap);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrRecap, sr_recap_free)
