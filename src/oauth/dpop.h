/* Proofs of possession (RFC 9449) with a P-256 key (ES256). */
#pragma once

#include "crypto/key.h"

/*
 * A proof for @method on @url (its query and fragment are left out, §4.2) at @now (seconds since
 * 1970), with @nonce unless NULL (§8) and the hash of @access_token unless NULL (§4.3). Owned by
 * the caller.
 */
char *sr_dpop_proof(const SrKey *key, const char *method, const char *url, const char *nonce,
                    const SrSecret *access_token, gint64 now, GError **error);
