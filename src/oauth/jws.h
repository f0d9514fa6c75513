/*
 * Signed tokens: JWS compact serialisation (RFC 7515 §3.1, §7.1) of a JWT (RFC 7519). Read first,
 * believed when a key has verified it.
 */
#pragma once

#include "base/secret.h"
#include "crypto/jwk.h"

#include <glib.h>

typedef struct {
    char *algorithm_name; /* "alg" as it is in the header */
    SrJwsAlgorithm algorithm;
    char *key_id;      /* "kid", or NULL */
    SrSecret *payload; /* not verified yet */
    GByteArray *signature;
    const char *signed_text; /* borrowed from the token: header and payload as they were sent */
    gsize signed_length;
} SrJws;

/*
 * The parts of @token, which must outlive them. SR_ERROR_ID_TOKEN_INVALID naming "token", "alg",
 * "kid", "typ" or "crit": an algorithm that is not one of ours, a type that is not "JWT", anything
 * critical (RFC 7515 §4.1.11, none is known here). Owned by the caller.
 */
SrJws *sr_jws_parse(const SrSecret *token, GError **error);
void sr_jws_free(SrJws *jws);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrJws, sr_jws_free)

/* Whether @jwk can be the key it names: the same kid, or no kid in the header; and its algorithm.
 */
gboolean sr_jws_names(const SrJws *jws, const SrJwk *jwk);

/* Whether @jwk, which it names, made its signature. */
gboolean sr_jws_verify(const SrJws *jws, const SrJwk *jwk);
