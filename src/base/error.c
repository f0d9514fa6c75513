#include "base/error.h"

#include <string.h>

typedef struct {
    SrErrorCode code;
    int rpc_code;
    const char *reason;
} ErrorRow;

/* Numbers: JSON-RPC 2.0 §5.1, EIP-1193 "Provider Errors"; -32000 and below are ours, fixed. */
static const ErrorRow rows[] = {
    {SR_ERROR_PARSE_ERROR, -32700, "PARSE_ERROR"},
    {SR_ERROR_INVALID_REQUEST, -32600, "INVALID_REQUEST"},
    {SR_ERROR_METHOD_NOT_FOUND, -32601, "METHOD_NOT_FOUND"},
    {SR_ERROR_INVALID_PARAMS, -32602, "INVALID_PARAMS"},
    {SR_ERROR_INTERNAL, -32603, "INTERNAL"},
    {SR_ERROR_USER_REJECTED, 4001, "USER_REJECTED"},
    {SR_ERROR_NO_PROMPT, 4001, "NO_PROMPT"},
    {SR_ERROR_NOT_GRANTED, 4100, "NOT_GRANTED"},
    {SR_ERROR_STORE_LOCKED, 4100, "STORE_LOCKED"},
    {SR_ERROR_UNSUPPORTED_METHOD, 4200, "UNSUPPORTED_METHOD"},
    {SR_ERROR_AGENT_UNAVAILABLE, 4900, "AGENT_UNAVAILABLE"},
    {SR_ERROR_STORE_UNAVAILABLE, -32001, "STORE_UNAVAILABLE"},
    {SR_ERROR_BUSY, -32005, "BUSY"},
    {SR_ERROR_LIMIT_EXCEEDED, -32006, "LIMIT_EXCEEDED"},
    {SR_ERROR_DOMAIN_MISMATCH, -32007, "DOMAIN_MISMATCH"},
    {SR_ERROR_MALFORMED_SIWE, -32008, "MALFORMED_SIWE"},
    {SR_ERROR_UNSUPPORTED_RECAP, -32009, "UNSUPPORTED_RECAP"},
    {SR_ERROR_NONCE_REUSED, -32010, "NONCE_REUSED"},
    {SR_ERROR_EXPIRED, -32011, "EXPIRED"},
    {SR_ERROR_KEY_NOT_FOUND, -32012, "KEY_NOT_FOUND"},
    {SR_ERROR_LOGIN_REQUIRED, -32013, "LOGIN_REQUIRED"},
    {SR_ERROR_PROVIDER_ERROR, -32014, "PROVIDER_ERROR"},
    {SR_ERROR_NETWORK_ERROR, -32015, "NETWORK_ERROR"},
    {SR_ERROR_STATE_MISMATCH, -32016, "STATE_MISMATCH"},
    {SR_ERROR_ID_TOKEN_INVALID, -32017, "ID_TOKEN_INVALID"},
    {SR_ERROR_CORRUPT, -32018, "CORRUPT"},
    {SR_ERROR_KEY_EXISTS, -32019, "KEY_EXISTS"},
    {SR_ERROR_MALFORMED_KEY, -32020, "MALFORMED_KEY"},
    {SR_ERROR_MALFORMED_TYPED_DATA, -32021, "MALFORMED_TYPED_DATA"},
    {SR_ERROR_WRONG_PASSPHRASE, -32022, "WRONG_PASSPHRASE"},
};

typedef SrErrorDetail SrErrorPrivate;

static void sr_error_private_init(SrErrorPrivate *detail)
{
    detail->field = NULL;
    detail->offset = -1;
}

static void sr_error_private_copy(const SrErrorPrivate *source, SrErrorPrivate *target)
{
    target->field = g_strdup(source->field);
    target->offset = source->offset;
}

static void sr_error_private_clear(SrErrorPrivate *detail)
{
    g_free(detail->field);
}

/* Defines sr_error_quark and sr_error_get_private. GLib's macro casts a const away. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
static SrErrorPrivate *sr_error_get_private(const GError *error);
G_DEFINE_EXTENDED_ERROR(SrError, sr_error)
#pragma GCC diagnostic pop

static const ErrorRow *find_row(SrErrorCode code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

void sr_error_set(GError **error, SrErrorCode code, const char *format, ...)
{
    va_list arguments;

    if (!error)
        return;
    va_start(arguments, format);
    *error = g_error_new_valist(SR_ERROR, (gint)code, format, arguments);
    va_end(arguments);
}

void sr_error_set_at(GError **error, SrErrorCode code, const char *field, gint64 offset,
                     const char *format, ...)
{
    g_autofree char *text = NULL;
    SrErrorPrivate *detail;
    va_list arguments;

    if (!error)
        return;
    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (offset >= 0)
        *error = g_error_new(SR_ERROR, (gint)code, "%s: at byte %" G_GINT64_FORMAT ": %s", field,
                             offset, text);
    else
        *error = g_error_new(SR_ERROR, (gint)code, "%s: %s", field, text);
    detail = sr_error_get_private(*error);
    detail->field = g_strdup(field);
    detail->offset = offset;
}

const SrErrorDetail *sr_error_detail(const GError *error)
{
    return error && error->domain == SR_ERROR ? sr_error_get_private(error) : NULL;
}

const char *sr_error_code_reason(SrErrorCode code)
{
    const ErrorRow *row = find_row(code);

    return row ? row->reason : "INTERNAL";
}

const char *sr_error_reason(const GError *error)
{
    if (error->domain != SR_ERROR)
        return "INTERNAL";
    return sr_error_code_reason((SrErrorCode)error->code);
}

int sr_error_rpc_code(const GError *error)
{
    const ErrorRow *row = error->domain == SR_ERROR ? find_row((SrErrorCode)error->code) : NULL;

    return row ? row->rpc_code : -32603;
}

SrErrorCode sr_error_code_from_reason(const char *reason)
{
    for (gsize i = 0; reason && i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].reason, reason) == 0)
            return rows[i].code;
    return SR_ERROR_INTERNAL;
}
