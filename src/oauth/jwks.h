/* A provider's public keys: a JWK Set (RFC 7517 §5). */
#pragma once

#include "oauth/jws.h"

#include <glib.h>

typedef struct SrJwks SrJwks;

/*
 * The usable public keys of a JWK Set; keys of other kinds, "use":"enc" and RSA below 2048 bits are
 * left out. SR_ERROR_PROVIDER_ERROR when it is no JWK Set or has over 64 keys. Owned by the caller.
 */
SrJwks *sr_jwks_parse(const char *text, gsize length, GError **error);
void sr_jwks_free(SrJwks *jwks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrJwks, sr_jwks_free)

/* Whether one of them is the key that @jws names. */
gboolean sr_jwks_has_key(const SrJwks *jwks, const SrJws *jws);

/* Whether one of them is and made its signature. */
gboolean sr_jwks_verify(const SrJwks *jwks, const SrJws *jws);
