/*
 * What the agent knows of OAuth providers: their metadata and keys, fetched when they are needed
 * and kept for an hour.
 */
#pragma once

#include "agent/network.h"
#include "oauth/id_token.h"
#include "oauth/metadata.h"

typedef struct SrProviders SrProviders;
typedef struct SrProviderCall SrProviderCall;

/* Both borrowed, must live longer. Owned by the caller. */
SrProviders *sr_providers_new(SrNetwork *network, const SrConfiguration *configuration);
void sr_providers_free(SrProviders *providers);

/*
 * Called exactly once, never from within the functions below. Either @error is set
 * (SR_ERROR_NETWORK_ERROR, _PROVIDER_ERROR) or @metadata, and @jwks where it was asked for. All
 * borrowed, until the callback returns (@metadata may be kept with sr_metadata_ref).
 */
typedef void (*SrProviderDone)(SrMetadata *metadata, const SrJwks *jwks, const GError *error,
                               gpointer user_data);

/* Get the metadata of @issuer. */
SrProviderCall *sr_providers_metadata(SrProviders *providers, const char *issuer,
                                      SrProviderDone done, gpointer user_data);

/* Get metadata and keys (@jwks NULL: the provider publishes none); they are fetched anew when the
 * one that @id_token (copied) names is not among them, but for that at most once a minute. */
SrProviderCall *sr_providers_keys(SrProviders *providers, const char *issuer,
                                  const SrSecret *id_token, SrProviderDone done,
                                  gpointer user_data);

/* Forget the callback; the call itself is ended. NULL is fine. */
void sr_providers_cancel(SrProviderCall *call);

/* The error of an exchange that had no answer: SR_ERROR_NETWORK_ERROR with @what and the problem.
 */
void sr_providers_set_error(GError **error, const SrExchangeReply *reply, const char *what);
