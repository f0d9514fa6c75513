/*
 * Clients made by program: dynamic registration of a native public client (RFC 7591), and the admin
 * API of an OpenKey server.
 */
#pragma once

#include "base/json.h"
#include "oauth/client.h"
#include "oauth/exchange.h"

/* Register @name as a native public client with @redirect_uri (RFC 7591 §2: token endpoint method
 * "none", application_type "native", grants authorization_code and refresh_token, for a device
 * @with_device its grant too). Owned by the caller. */
SrExchange *sr_registration_request(const SrMetadata *metadata, const char *name,
                                    const char *redirect_uri, const char *scope,
                                    gboolean with_device, GError **error);

/* The client of the answer (§3.2.1), with its secret if the server insists on one.
 * SR_ERROR_PROVIDER_ERROR with the server's error. Consumes the reply's body. */
SrClient *sr_registration_answer(SrExchangeReply *reply, GError **error);

typedef enum {
    SR_ADMIN_LIST,
    SR_ADMIN_SHOW,
    SR_ADMIN_REGISTER,
    SR_ADMIN_UPDATE,
    SR_ADMIN_DELETE,
} SrAdminAction;

/*
 * A request to @server (https, or loopback http) /api/admin/oauth/clients[/@client_id] with the
 * bearer @admin_key and the JSON @fields (may be NULL; borrowed). Owned by the caller.
 */
SrExchange *sr_admin_request(const char *server, SrAdminAction action, const char *client_id,
                             SrJson *fields, const SrSecret *admin_key, gboolean loopback_http,
                             GError **error);

/*
 * The answer: a new object or array for people and programs, without the secret, which goes to
 * *ret_secret (NULL when there is none; found at top level or in "client").
 * SR_ERROR_NOT_GRANTED (401, 403), _KEY_NOT_FOUND (404), _PROVIDER_ERROR. Consumes the body.
 */
SrJson *sr_admin_answer(SrExchangeReply *reply, SrSecret **ret_secret, GError **error);
