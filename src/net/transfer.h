/*
 * One exchange with libcurl, over a connection of its own. Nothing is ever tried again here and no
 * redirect is followed: whoever holds the token that was sent decides (RFC 9700 §4.14).
 */
#pragma once

#include "oauth/exchange.h"

#define SR_TRANSFER_TIMEOUT 30u /* seconds for all of it, unless told otherwise */
#define SR_TRANSFER_TIMEOUT_MAX 300u

typedef struct {
    const char *ca_file; /* trusted besides the system's CA folder; NULL: the system's CAs alone */
    const char *proxy;   /* NULL: none; never used for loopback */
    gboolean loopback_http;
    guint timeout; /* seconds */
} SrTransferOptions;

/*
 * The reply to @exchange, or why there is none: SR_OUTCOME_NOT_SENT exactly when the connection
 * (with TLS) had not been made, so that no byte of the request can have left. A body that came
 * without a length is complete when the connection ends, even if somebody cut it: only its reader
 * can tell. Never NULL; owned by the caller. curl_global_init comes before.
 */
SrExchangeReply *sr_transfer_run(const SrExchange *exchange, const SrTransferOptions *options);
