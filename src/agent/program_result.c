#include "agent/program_result.h"

#include "base/error.h"

typedef struct {
    SrErrorCode code;
    guint32 result;
    guint32 at_login; /* the answer of C_Login, where it differs */
} Row;

static const Row rows[] = {
    {SR_ERROR_USER_REJECTED, SR_CKR_FUNCTION_REJECTED, SR_CKR_FUNCTION_CANCELED},
    {SR_ERROR_NO_PROMPT, SR_CKR_FUNCTION_REJECTED, SR_CKR_FUNCTION_CANCELED},
    {SR_ERROR_BUSY, SR_CKR_FUNCTION_REJECTED, SR_CKR_FUNCTION_CANCELED},
    {SR_ERROR_NOT_GRANTED, SR_CKR_USER_NOT_LOGGED_IN, 0},
    {SR_ERROR_LOGIN_REQUIRED, SR_CKR_USER_NOT_LOGGED_IN, 0},
    {SR_ERROR_STORE_LOCKED, SR_CKR_USER_NOT_LOGGED_IN, SR_CKR_FUNCTION_FAILED},
    {SR_ERROR_STORE_UNAVAILABLE, SR_CKR_DEVICE_ERROR, 0},
    {SR_ERROR_CORRUPT, SR_CKR_DEVICE_ERROR, 0},
    {SR_ERROR_AGENT_UNAVAILABLE, SR_CKR_DEVICE_REMOVED, 0},
    {SR_ERROR_LIMIT_EXCEEDED, SR_CKR_DEVICE_MEMORY, 0},
    {SR_ERROR_KEY_NOT_FOUND, SR_CKR_KEY_HANDLE_INVALID, 0},
    {SR_ERROR_KEY_EXISTS, SR_CKR_FUNCTION_REJECTED, 0},
    {SR_ERROR_MALFORMED_KEY, SR_CKR_ATTRIBUTE_VALUE_INVALID, 0},
    {SR_ERROR_WRONG_PASSPHRASE, SR_CKR_FUNCTION_REJECTED, SR_CKR_PIN_INCORRECT},
    {SR_ERROR_INVALID_PARAMS, SR_CKR_ARGUMENTS_BAD, 0},
    /* What a sign-in message can be refused for. */
    {SR_ERROR_MALFORMED_SIWE, SR_CKR_DATA_INVALID, 0},
    {SR_ERROR_UNSUPPORTED_RECAP, SR_CKR_DATA_INVALID, 0},
    {SR_ERROR_DOMAIN_MISMATCH, SR_CKR_DATA_INVALID, 0},
    {SR_ERROR_NONCE_REUSED, SR_CKR_DATA_INVALID, 0},
    {SR_ERROR_EXPIRED, SR_CKR_DATA_INVALID, 0},
};

/* The same code means something else where the data, not a store, is at fault. */
static guint32 signing_result(const GError *error)
{
    if (g_error_matches(error, SR_ERROR, SR_ERROR_INVALID_PARAMS))
        return SR_CKR_DATA_INVALID;
    if (g_error_matches(error, SR_ERROR, SR_ERROR_LIMIT_EXCEEDED))
        return SR_CKR_DATA_LEN_RANGE;
    return SR_CKR_OK;
}

static guint32 special_result(SrOperation operation, const GError *error)
{
    if (operation == SR_OPERATION_SIGN)
        return signing_result(error);
    if (operation == SR_OPERATION_DERIVE &&
        g_error_matches(error, SR_ERROR, SR_ERROR_MALFORMED_KEY))
        return SR_CKR_MECHANISM_PARAM_INVALID;
    if (operation == SR_OPERATION_COPY && g_error_matches(error, SR_ERROR, SR_ERROR_KEY_NOT_FOUND))
        return SR_CKR_OBJECT_HANDLE_INVALID;
    return SR_CKR_OK;
}

guint32 sr_program_result(SrOperation operation, const GError *error)
{
    const guint32 special = special_result(operation, error);

    if (special != SR_CKR_OK)
        return special;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (!g_error_matches(error, SR_ERROR, (gint)rows[i].code))
            continue;
        return operation == SR_OPERATION_LOGIN && rows[i].at_login ? rows[i].at_login
                                                                   : rows[i].result;
    }
    return SR_CKR_DEVICE_ERROR;
}
