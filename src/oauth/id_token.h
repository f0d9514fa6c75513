/*
 * OpenID Connect Core 1.0: the id_token. Signature by a key of the provider's JWKS with an
 * algorithm that fits the key (EdDSA, ES256, RS256, PS256; never "none", never HS*), then the
 * claims of §3.1.3.7 and §12.2.
 */
#pragma once

#include "base/secret.h"
#include "oauth/jwks.h"

#include <glib.h>

typedef struct {
    const char *issuer;
    const char *client_id;
    const char *nonce;             /* NULL: a refreshed token, which may have none or the old one */
    const char *subject;           /* NULL: any; else it must be this one (§12.2) */
    const SrSecret *access_token;  /* for at_hash, checked when the claim is there */
    const char *const *algorithms; /* what the metadata lists */
    gint64 now;                    /* seconds since 1970 */
    gint64 leeway;                 /* seconds of clock difference to bear, 60 is usual */
} SrIdTokenExpectation;

typedef struct {
    char *subject;
    char *email; /* NULL unless the provider verified it or says nothing about that */
    char *name;  /* name, else preferred_username, or NULL */
    gint64 expires;
    gint64 auth_time; /* 0: not said */
} SrIdToken;

void sr_id_token_free(SrIdToken *id_token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrIdToken, sr_id_token_free)

/* Whether the key that @token names is in @jwks: if not, fetch the set again, once. FALSE also for
 * texts that are no JWS. */
gboolean sr_id_token_has_key(const SrSecret *token, const SrJwks *jwks);

/*
 * Check @token by @jwks (NULL: there are none, and so it is refused). SR_ERROR_ID_TOKEN_INVALID
 * naming the part ("alg", "signature", "iss", "aud", "azp", "exp", "iat", "nonce", "sub",
 * "at_hash", …). Owned by the caller.
 */
SrIdToken *sr_id_token_verify(const SrSecret *token, const SrJwks *jwks,
                              const SrIdTokenExpectation *expectation, GError **error);
