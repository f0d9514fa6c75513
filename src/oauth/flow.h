/*
 * One sign-in on its way (authorization code with PKCE: RFC 7636, RFC 9700 §2.1, OAuth 2.1 §4.1):
 * its secrets, the address the browser opens, and what comes back, which is accepted once.
 */
#pragma once

#include "base/secret.h"
#include "oauth/client.h"
#include "oauth/metadata.h"

#include <glib.h>

#define SR_FLOW_SECONDS 300 /* from begin to complete */

typedef struct {
    char *id; /* names it to the caller: 22 random characters, no secret */
    char *issuer;
    char *client_id;
    char *redirect_uri;
    char *scope;        /* what is asked for, space separated */
    char *state;        /* 43 characters of base64url; known to the browser, wiped with the flow */
    char *nonce;        /* the same, for the id_token */
    SrSecret *verifier; /* 43 characters of base64url from 32 random bytes (RFC 7636 §4.1) */
    gboolean finished;  /* a redirect was accepted: another one is refused */
} SrFlow;

/* Whether @scope is one (RFC 6749 §3.3): SR_ERROR_INVALID_PARAMS naming "scope" when it is not. */
gboolean sr_flow_check_scope(const char *scope, GError **error);

/* Whether every word of @scope is one of @granted. */
gboolean sr_flow_scope_covers(const char *granted, const char *scope);

/* A flow with fresh secrets. Owned by the caller. SR_ERROR_INVALID_PARAMS for a scope that is none
 * (RFC 6749 §3.3), naming "scope". */
SrFlow *sr_flow_new(const char *issuer, const char *client_id, const char *redirect_uri,
                    const char *scope, GError **error);
void sr_flow_free(SrFlow *flow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrFlow, sr_flow_free)

/* BASE64URL(SHA256(verifier)) (RFC 7636 §4.2, S256). Owned by the caller. */
char *sr_flow_challenge(const SrSecret *verifier);

/*
 * The address for the browser: the authorization endpoint (its own query kept, RFC 6749 §3.1) with
 * response_type, client_id, redirect_uri, scope, state, nonce (with scope openid), code_challenge,
 * code_challenge_method, with @asks_consent prompt=consent when offline_access is asked for (OpenID
 * Connect Core §11), and @login_hint unless NULL. Owned by the caller.
 */
char *sr_flow_url(const SrFlow *flow, const SrMetadata *metadata, const char *login_hint,
                  gboolean asks_consent);

/*
 * The same as a pushed authorization request (RFC 9126 §2.1). SR_ERROR_PROVIDER_ERROR when the
 * provider takes none. Owned by the caller.
 */
SrExchange *sr_flow_push(const SrFlow *flow, const SrMetadata *metadata, const SrClient *client,
                         const char *login_hint, gboolean asks_consent, GError **error);

/*
 * The address for the browser with the request_uri of the answer to it (201; §2.2), whose @body is
 * borrowed and its request_uri blanked. SR_ERROR_PROVIDER_ERROR with the provider's error when it
 * is no such answer. Owned by the caller.
 */
char *sr_flow_pushed_url(const SrFlow *flow, const SrMetadata *metadata, SrSecret *body,
                         GError **error);

/*
 * What the provider sent the browser back with. @url must be the redirect URI with a query and
 * nothing else changed (an empty fragment or "#_=_" is cut): the very characters that were asked
 * for, and if they have a query of their own, that, "&" and more. In this order: no parameter twice
 * (SR_ERROR_INVALID_PARAMS), state equal in constant time (SR_ERROR_STATE_MISMATCH), iss equal, and
 * there when @metadata says so (RFC 9207 §2.4: SR_ERROR_STATE_MISMATCH naming "iss"), then the
 * provider's error (SR_ERROR_USER_REJECTED for access_denied, else SR_ERROR_PROVIDER_ERROR with its
 * text), then the code. Only a right state finishes the flow, whatever else is wrong then; a
 * finished flow accepts nothing (SR_ERROR_STATE_MISMATCH). The code is owned by the caller.
 */
SrSecret *sr_flow_accept(SrFlow *flow, const SrMetadata *metadata, const char *url, GError **error);
