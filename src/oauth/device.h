/* The device authorization grant (RFC 8628): the answer of §3.2. */
#pragma once

#include "oauth/exchange.h"

typedef struct {
    SrSecret *device_code;
    char *user_code;                 /* printable, at most 64 bytes */
    char *verification_uri;          /* https or loopback http; printable */
    char *verification_uri_complete; /* or NULL */
    gint64 expires_in;               /* seconds, at most 3600 */
    gint64 interval;                 /* seconds between questions, 1 … 60, default 5 */
} SrDeviceCode;

/* SR_ERROR_PROVIDER_ERROR naming the member. Consumes the reply's body. Owned by the caller. */
SrDeviceCode *sr_device_code_parse(SrExchangeReply *reply, gboolean loopback_http, GError **error);
void sr_device_code_free(SrDeviceCode *code);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrDeviceCode, sr_device_code_free)
