/*
 * Public keys of others as JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2) and the signatures they verify
 * (RFC 7518 §3, RFC 8037 §3.1). Each key has one or two algorithms; a name from a token's header
 * never makes a key do something else.
 */
#pragma once

#include "base/json.h"

#include <glib.h>

typedef enum {
    SR_JWS_EDDSA, /* Ed25519 only: "EdDSA", or "Ed25519" (RFC 9864 §2.2) */
    SR_JWS_ES256,
    SR_JWS_RS256,
    SR_JWS_PS256,
} SrJwsAlgorithm;

/* The algorithm called @name; FALSE for every other one: "none", HS256, … */
gboolean sr_jws_algorithm_from_name(const char *name, SrJwsAlgorithm *ret_algorithm);

typedef struct SrJwk SrJwk;

/*
 * The public key @jwk (borrowed): kty OKP with Ed25519, EC with P-256, or RSA with 2048 to 8192
 * bits. Owned by the caller. NULL with SR_ERROR_MALFORMED_KEY when it is of another kind, not for
 * verifying ("use", "key_ops", "alg"), or no key at all.
 */
SrJwk *sr_jwk_new(SrJson *jwk, GError **error);
void sr_jwk_free(SrJwk *jwk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrJwk, sr_jwk_free)

/* Its "kid", or NULL. Borrowed. */
const char *sr_jwk_id(const SrJwk *jwk);

/* Whether signatures of @algorithm can be by this key: by its type, and by its "alg" if it has one.
 */
gboolean sr_jwk_fits(const SrJwk *jwk, SrJwsAlgorithm algorithm);

/*
 * Whether @signature is by this key over @data with @algorithm; FALSE when the key does not fit it
 * or the signature has another length. PS256 has a salt of 32 bytes.
 */
gboolean sr_jwk_verify(const SrJwk *jwk, SrJwsAlgorithm algorithm, const void *data, gsize size,
                       const guint8 *signature, gsize signature_size);
