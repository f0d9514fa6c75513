/*
 * The one error domain of sealring.
 *
 * An error carries what a caller needs to act on it: a stable reason (the contract, one row each
 * in docs/PROTOCOL.md), the JSON-RPC or EIP-1193 code of that reason, and, where there is one, the
 * field that is wrong and the byte offset in it. Messages start in lower case, say what failed and
 * what helps, and never hold a secret.
 */
#pragma once

#include <glib.h>

#define SR_ERROR (sr_error_quark())

/* The order is free; the names and numbers a client sees are in the table of error.c. */
typedef enum {
    SR_ERROR_PARSE_ERROR,
    SR_ERROR_INVALID_REQUEST,
    SR_ERROR_METHOD_NOT_FOUND,
    SR_ERROR_INVALID_PARAMS,
    SR_ERROR_INTERNAL,
    SR_ERROR_USER_REJECTED,
    SR_ERROR_NO_PROMPT,
    SR_ERROR_NOT_GRANTED,
    SR_ERROR_UNSUPPORTED_METHOD,
    SR_ERROR_AGENT_UNAVAILABLE,
    SR_ERROR_STORE_LOCKED,
    SR_ERROR_STORE_UNAVAILABLE,
    SR_ERROR_BUSY,
    SR_ERROR_LIMIT_EXCEEDED,
    SR_ERROR_DOMAIN_MISMATCH,
    SR_ERROR_MALFORMED_SIWE,
    SR_ERROR_UNSUPPORTED_RECAP,
    SR_ERROR_NONCE_REUSED,
    SR_ERROR_EXPIRED,
    SR_ERROR_KEY_NOT_FOUND,
    SR_ERROR_LOGIN_REQUIRED,
    SR_ERROR_PROVIDER_ERROR,
    SR_ERROR_NETWORK_ERROR,
    SR_ERROR_STATE_MISMATCH,
    SR_ERROR_ID_TOKEN_INVALID,
    SR_ERROR_CORRUPT,
    SR_ERROR_KEY_EXISTS,
    SR_ERROR_MALFORMED_KEY,
    SR_ERROR_MALFORMED_TYPED_DATA,
    SR_ERROR_WRONG_PASSPHRASE,
} SrErrorCode;

GQuark sr_error_quark(void);

/* What an error of this domain carries beside code and message. */
typedef struct {
    char *field;   /* "nonce", "params.message", …; NULL when no field is to blame */
    gint64 offset; /* byte offset in the input, -1 when there is none */
} SrErrorDetail;

/* Set @error to @code with a formatted message and no field. Does nothing when @error is NULL. */
void sr_error_set(GError **error, SrErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/*
 * Set @error to @code, naming the @field (copied) and the byte @offset in it (-1: none). The
 * message becomes "field: at byte N: …" so that it reads well on its own.
 */
void sr_error_set_at(GError **error, SrErrorCode code, const char *field, gint64 offset,
                     const char *format, ...) G_GNUC_PRINTF(5, 6);

/* The detail of @error (borrowed), or NULL when it is not of this domain. */
const SrErrorDetail *sr_error_detail(const GError *error);

/* The stable reason of @error, "INTERNAL" for errors of other domains. Static text. */
const char *sr_error_reason(const GError *error);

/* The reason of @code. Static text. */
const char *sr_error_code_reason(SrErrorCode code);

/* The JSON-RPC 2.0 or EIP-1193 number of @error. */
int sr_error_rpc_code(const GError *error);

/* The code whose reason is @reason; SR_ERROR_INTERNAL when there is none (a newer peer). */
SrErrorCode sr_error_code_from_reason(const char *reason);
