/* Proofs of possession (RFC 9449) on what the agent sends. */
#pragma once

#include "oauth/exchange.h"

/*
 * Give @exchange a proof by the P-256 key @key (32 bytes; NULL: none is wanted, TRUE), with @nonce
 * and the hash of @access_token unless they are NULL.
 */
gboolean sr_proof_add(SrExchange *exchange, const SrSecret *key, const char *nonce,
                      const SrSecret *access_token, GError **error);

/* A new key for proofs. Owned by the caller. */
SrSecret *sr_proof_key_new(GError **error);
