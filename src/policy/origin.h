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
 * Whether @origin is an origin we accept at all, in exactly the form browsers serialise it (RFC
 * 6454 §6.2, WHATWG URL): "https://host" with ":port" unless that is 443; the origin of an
 * extension ("chrome-extension://" and 32 letters a to p, "moz-extension://" and a UUID); with
 * developer mode also http on a loopback host. The host is lower-case ASCII (punycode where it was
 * not), without a final dot, or an IPv4 or IPv6 address in its one canonical form.
 * SR_ERROR_INVALID_PARAMS with field "origin" otherwise.
 */
gboolean sr_origin_check(const char *origin, const SrOriginPolicy *policy, GError **error);

/*
 * Whether the message's scheme and domain are those of @origin:
 *
 *   scheme  the origin's, any case; absent: fits every origin that sr_origin_check accepts, that is
 *           https, an extension acting for itself, and in developer mode http on a loopback host
 *   host    the origin's, letters in any case; no subdomain rule, no other form of an address
 *   port    the origin's number; absent: the default of the scheme; never empty
 *   user    none
 *
 * The message's URI plays no part: a session key's did:key stands there as a rule.
 * A Firefox add-on's id, which stands where no page was named, owns no domain.
 * SR_ERROR_DOMAIN_MISMATCH with field "domain" or "scheme", naming both values, or what
 * sr_origin_check says about @origin.
 */
gboolean sr_origin_binds(const char *origin, const SrSiwe *siwe, const SrOriginPolicy *policy,
                         GError **error);
