/*
 * Domain binding of EIP-4361 ("Verifying domain bindings"): does the page that asks own the domain
 * of the message? Deny by default.
 */
#pragma once

#include "ethereum/siwe.h"

#include <glib.h>

/* How lenient the user's configuration makes it (developer mode). */
typedef struct {
    gboolean allow_http_loopback; /* http://localhost, http://127.0.0.1, http://[::1] */
} SrOriginPolicy;

/*
 * Whether @origin is an origin we accept at all (serialised as by RFC 6454 §6.2): https, an
 * extension's own origin, or with developer mode http on a loopback host. SR_ERROR_INVALID_PARAMS
 * with field "origin" otherwise.
 */
gboolean sr_origin_check(const char *origin, const SrOriginPolicy *policy, GError **error);

/*
 * Whether the message's scheme and domain are those of @origin: scheme (absent: https, or the
 * extension scheme of an extension acting for itself), host (exact, lower-case comparison, no
 * subdomain rule), port (absent: the default of the scheme), no user part. SR_ERROR_DOMAIN_MISMATCH
 * naming "domain" or "scheme" and both values otherwise.
 */
gboolean sr_origin_binds(const char *origin, const SrSiwe *siwe, const SrOriginPolicy *policy,
                         GError **error);
