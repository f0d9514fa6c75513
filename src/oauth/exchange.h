/*
 * One HTTPS exchange, as the agent asks sealring-net for it and gets it back. Both travel as text
 * that looks like HTTP/1.1, in locked memory, since either may hold tokens:
 *
 *     POST https://op.example/token          200
 *     Authorization: Basic …                 Content-Type: application/json
 *     Content-Type: application/…            Retry-After: 3
 *     DPoP: …                                DPoP-Nonce: …
 *     Content-Length: 87                     Content-Length: 312
 *
 *     grant_type=…                           {"access_token":…
 *
 * Headers are in this order, each may be missing; the length is that of the body and missing
 * without one, so a text that was cut anywhere is none. Lines end in "\n".
 * When there is no answer the reply's first line is "not-sent PROBLEM" (nothing of the request can
 * have reached the server) or "unknown PROBLEM" (some of it may have): for a refresh token, which
 * may be used once, that is the difference between trying again and signing the user out.
 */
#pragma once

#include "base/secret.h"

#include <glib.h>

#define SR_EXCHANGE_URL_MAX 8192u             /* bytes */
#define SR_EXCHANGE_REQUEST_MAX (64u * 1024u) /* bytes of the whole text */
#define SR_EXCHANGE_BODY_MAX (256u * 1024u)   /* bytes of a reply's body; more is an error */
#define SR_EXCHANGE_REPLY_MAX (SR_EXCHANGE_BODY_MAX + 16u * 1024u)

typedef struct {
    char *method;            /* "GET", "POST", "PATCH", "DELETE" */
    char *url;               /* as sr_endpoint_check (metadata.h) with loopback http wants it */
    char *content_type;      /* of the body, NULL without one */
    SrSecret *authorization; /* "Basic …", "Bearer …", "DPoP …"; NULL: no such header */
    char *dpop;              /* a proof of RFC 9449, or NULL */
    SrSecret *body;          /* or NULL */
} SrExchange;

/* A request without headers and body. Owned by the caller. */
SrExchange *sr_exchange_new(const char *method, const char *url);

/* NULL is fine. */
void sr_exchange_free(SrExchange *exchange);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrExchange, sr_exchange_free)

/*
 * The text of @exchange. SR_ERROR_INVALID_PARAMS naming the member that has control characters or
 * is too long. Owned by the caller.
 */
SrSecret *sr_exchange_write(const SrExchange *exchange, GError **error);

/* The request of such a text, nothing else accepted. SR_ERROR_INVALID_PARAMS with the offset. */
SrExchange *sr_exchange_read(const SrSecret *text, GError **error);

typedef enum {
    SR_OUTCOME_ANSWERED, /* a complete reply, whatever its status */
    SR_OUTCOME_NOT_SENT,
    SR_OUTCOME_UNKNOWN,
} SrOutcome;

typedef struct {
    SrOutcome outcome;
    char *problem;      /* for people, when not answered; never has anything of the request */
    guint status;       /* 100 … 599 */
    char *content_type; /* or NULL; printable */
    char *dpop_nonce;   /* or NULL */
    gint64 retry_after; /* seconds, 0 … 86400; -1: none */
    SrSecret *body;     /* NULL when empty or not answered */
} SrExchangeReply;

/*
 * A reply that is not an answer, or (SR_OUTCOME_ANSWERED) one whose members the caller sets.
 * @problem is copied as sr_provider_text writes it (provider.h), NULL for an answer. Owned by the
 * caller.
 */
SrExchangeReply *sr_exchange_reply_new(SrOutcome outcome, const char *problem);

void sr_exchange_reply_free(SrExchangeReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SrExchangeReply, sr_exchange_reply_free)

/*
 * The text of @reply. A content type or nonce that is not printable or over 1024 bytes is left out,
 * retry_after is cut to a day: an answer with a new refresh token is not lost over these.
 * SR_ERROR_INVALID_PARAMS for a status out of range, SR_ERROR_LIMIT_EXCEEDED for a body over
 * SR_EXCHANGE_BODY_MAX. Owned by the caller.
 */
SrSecret *sr_exchange_reply_write(const SrExchangeReply *reply, GError **error);

/* The reply of such a text. SR_ERROR_INVALID_PARAMS when it is none (sealring-net died in the
 * middle). Owned by the caller. */
SrExchangeReply *sr_exchange_reply_read(const SrSecret *text, GError **error);
