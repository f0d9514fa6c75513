/*
 * UCANs 0.10 as TinyCloud's node takes them: a JWT signed by a session's Ed25519 key, header and
 * payload in canonical JSON (RFC 8785), proofs as CIDs. An invocation is one for immediate use,
 * a delegation one for somebody else.
 */
#pragma once

#include "base/json.h"
#include "crypto/signer.h"

#include <glib.h>

#define SR_UCAN_MAX 65536u /* bytes of the text */

typedef struct {
    char *issuer;   /* DID URL of the key that signs */
    char *audience; /* DID, without fragment for an invocation */
    gint64 expires; /* seconds since 1970 */
    gint64 not_before;
    gboolean has_not_before;
    char *nonce;          /* NULL: none */
    SrJson *facts;        /* array, or NULL */
    GPtrArray *proofs;    /* of char *: CIDs */
    SrJson *attenuations; /* {resource URI: {"ns/ability": [{…}]}} */
} SrUcan;

/* All empty. Owned by the caller. */
SrUcan *sr_ucan_new(void);
void sr_ucan_free(SrUcan *ucan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrUcan, sr_ucan_free)

/*
 * The text of @ucan, signed by @signer, whose key its issuer names. SR_ERROR_INVALID_PARAMS for
 * numbers in facts or attenuations that are not whole, SR_ERROR_LIMIT_EXCEEDED for a text that
 * would be longer than SR_UCAN_MAX. Owned by the caller.
 */
char *sr_ucan_sign(const SrUcan *ucan, SrSigner *signer, GError **error);

/*
 * The UCAN of @text, its signature verified with its issuer's Ed25519 key; fractions of seconds are
 * rounded so that it is valid no longer than it says. SR_ERROR_CORRUPT, saying what is wrong, for
 * everything else, also for members that are not known. Times are not compared with any clock.
 * Owned by the caller.
 */
SrUcan *sr_ucan_read(const char *text, gsize length, GError **error);
