/*
 * What a provider says of itself: RFC 8414 and OpenID Connect Discovery 1.0.
 *
 * Nothing in it is trusted beyond its issuer: the issuer must be exactly the one asked for (RFC
 * 8414 §3.3), every endpoint https (or http on a loopback address when the configuration allows
 * that), and PKCE S256 is used whatever it lists.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *issuer;
    char *authorization_endpoint;
    char *token_endpoint;
    char *jwks_uri; /* this and the next ones may be NULL */
    char *userinfo_endpoint;
    char *revocation_endpoint;
    char *registration_endpoint;
    char *device_authorization_endpoint;
    char *pushed_authorization_endpoint;
    gboolean requires_pushed; /* require_pushed_authorization_requests (RFC 9126 §5) */
    gboolean returns_issuer;  /* authorization_response_iss_parameter_supported (RFC 9207 §3) */
    gboolean takes_secret_in_body; /* client_secret_post is listed, client_secret_basic is not */
    char **id_token_algorithms;    /* NULL-terminated; EdDSA … as listed, RS256 when none is */
    char **dpop_algorithms;        /* NULL-terminated, empty when there is no DPoP */
    char **scopes;                 /* scopes_supported, empty when it does not say */
} SrMetadata;

/*
 * Check that @issuer can be one (RFC 8414 §2): https, host, no query, no fragment, no user part, at
 * most 1024 printable bytes; http on 127.0.0.1, [::1] or localhost only with @loopback_http.
 * SR_ERROR_INVALID_PARAMS naming "issuer".
 */
gboolean sr_issuer_check(const char *issuer, gboolean loopback_http, GError **error);

/* The same rules for any other address that is fetched, of at most SR_EXCHANGE_URL_MAX bytes
 * (exchange.h); a query is allowed. Names @field. */
gboolean sr_endpoint_check(const char *url, const char *field, gboolean loopback_http,
                           GError **error);

/*
 * Where @issuer may publish its metadata, in the order to try: RFC 8414 §3.1 (path inserted), then
 * OpenID Connect Discovery §4.1 (path appended), then that with the path inserted. NULL-terminated,
 * without repetition, owned by the caller.
 */
char **sr_metadata_addresses(const char *issuer);

/*
 * The metadata of @issuer in the JSON @text. SR_ERROR_PROVIDER_ERROR naming the member, when the
 * issuer is another one, an endpoint is missing or not https, or it is no such document.
 */
SrMetadata *sr_metadata_parse(const char *text, gsize length, const char *issuer,
                              gboolean loopback_http, GError **error);

/* One more owner of @metadata, which nobody changes. */
SrMetadata *sr_metadata_ref(SrMetadata *metadata);

/* One owner less; the last one frees it. NULL is fine. */
void sr_metadata_free(SrMetadata *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrMetadata, sr_metadata_free)
