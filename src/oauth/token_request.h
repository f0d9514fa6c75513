/*
 * What is sent to a token endpoint (OAuth 2.1 §3.2, RFC 8628 §3.4), to the revocation endpoint (RFC
 * 7009), to the device authorization endpoint (RFC 8628 §3.1). Each is owned by the caller.
 */
#pragma once

#include "oauth/client.h"
#include "oauth/flow.h"

/* The code of @flow for tokens: with its verifier and the very redirect URI it began with. */
SrExchange *sr_token_request_code(const SrFlow *flow, const SrMetadata *metadata,
                                  const SrClient *client, const SrSecret *code, GError **error);

/* Never asks for scopes: the grant stays as wide as it is. */
SrExchange *sr_token_request_refresh(const SrMetadata *metadata, const SrClient *client,
                                     const SrSecret *refresh_token, GError **error);

/* A question whether the user has agreed on the other device yet. */
SrExchange *sr_token_request_device(const SrMetadata *metadata, const SrClient *client,
                                    const SrSecret *device_code, GError **error);

/* @hint: "refresh_token" or "access_token". SR_ERROR_PROVIDER_ERROR when the provider has no
 * revocation endpoint. */
SrExchange *sr_token_request_revoke(const SrMetadata *metadata, const SrClient *client,
                                    const SrSecret *token, const char *hint, GError **error);

/* Start of the device flow; its answer is in device.h. SR_ERROR_PROVIDER_ERROR when the provider
 * has none. */
SrExchange *sr_token_request_device_code(const SrMetadata *metadata, const SrClient *client,
                                         const char *scope, GError **error);
