/*
 * The agent's way to the network, which is another process: sealring-net, one for each exchange or
 * redirect. The agent itself opens no network socket.
 */
#pragma once

#include "agent/configuration.h"
#include "oauth/exchange.h"

typedef struct SrNetwork SrNetwork;
typedef struct SrNetworkCall SrNetworkCall;
typedef struct SrRedirects SrRedirects;

/* Settings are those of @configuration (borrowed, must live longer). Owned by the caller. */
SrNetwork *sr_network_new(const SrConfiguration *configuration);
void sr_network_free(SrNetwork *network);

/* Called exactly once, never from sr_network_start. @reply is owned by the callback. */
typedef void (*SrNetworkDone)(SrExchangeReply *reply, gpointer user_data);

/*
 * Make the exchange @request (taken), beside SR_NETWORK_CALLS - 1 others at most; those with one
 * server are never so many that one which hangs would hold up the others. A program that does not
 * start gives SR_OUTCOME_NOT_SENT, one that ends without a reply SR_OUTCOME_UNKNOWN.
 */
#define SR_NETWORK_CALLS 6u
#define SR_NETWORK_CALLS_OF_SERVER 3u
SrNetworkCall *sr_network_start(SrNetwork *network, SrExchange *request, SrNetworkDone done,
                                gpointer user_data);

/* Kill it and forget the callback. The request may have been sent. */
void sr_network_cancel(SrNetworkCall *call);

/* Whether exchanges are under way or waiting. */
gboolean sr_network_is_busy(const SrNetwork *network);

/* @target: "/callback?code=…" as the browser sent it. May free the listener. */
typedef void (*SrRedirectCame)(const char *target, gpointer user_data);

/* The listener is bound to @port of 127.0.0.1; 0: it has ended or could not start. May free the
 * listener. */
typedef void (*SrRedirectPort)(guint port, gpointer user_data);

/*
 * Listen for a redirect (RFC 8252 §7.3). @ready is called once with the port, and again with 0 when
 * it ends by itself.
 */
SrRedirects *sr_redirects_start(SrRedirectPort ready, SrRedirectCame came, gpointer user_data);

/* Stop listening; the port is closed. NULL is fine. */
void sr_redirects_free(SrRedirects *redirects);
