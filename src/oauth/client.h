/*
 * An OAuth client, and how it says who it is (RFC 6749 §2.3, OAuth 2.1 §2.4). A public client
 * (types "spa" and "native") names itself in the body and sends no Authorization header; a
 * confidential one ("web") sends HTTP Basic, its parts encoded by RFC 3986 with nothing but
 * reserved characters changed; never both.
 */
#pragma once

#include "oauth/exchange.h"
#include "oauth/form.h"
#include "oauth/metadata.h"

#define SR_CLIENT_ID_MAX 512u /* bytes */

typedef struct {
    char *id;         /* client_id: printable ASCII (RFC 6749 Appendix A.1) */
    SrSecret *secret; /* NULL: a public client */
} SrClient;

/* @secret is taken; NULL or empty for a public client. Owned by the caller. */
SrClient *sr_client_new(const char *id, SrSecret *secret);

/* A copy, the secret included. Owned by the caller. SR_ERROR_LIMIT_EXCEEDED. */
SrClient *sr_client_copy(const SrClient *client, GError **error);
void sr_client_free(SrClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrClient, sr_client_free)

/* SR_ERROR_INVALID_PARAMS naming "clientId" when @id cannot be a client_id. */
gboolean sr_client_check_id(const char *id, GError **error);

/*
 * Make the POST of @form (taken) to @url as @client: client_id in the form or Basic in
 * exchange->authorization (client_secret_post where @metadata takes nothing else). Owned by the
 * caller.
 */
SrExchange *sr_client_request(const SrClient *client, const SrMetadata *metadata, const char *url,
                              SrForm *form, GError **error);
