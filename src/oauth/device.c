#include "oauth/device.h"

#include "base/error.h"
#include "oauth/answer.h"
#include "oauth/ascii.h"
#include "oauth/metadata.h"
#include "oauth/provider.h"
#include "oauth/token_response.h"

#include <string.h>

#define USER_CODE_MAX 64u /* bytes */
#define EXPIRES_MAX 3600
#define INTERVAL_MAX 60
#define INTERVAL_DEFAULT 5

void sr_device_code_free(SrDeviceCode *code)
{
    if (!code)
        return;
    sr_secret_free(code->device_code);
    g_free(code->user_code);
    g_free(code->verification_uri);
    g_free(code->verification_uri_complete);
    g_free(code);
}

static gboolean refuse(GError **error, const char *name, const char *problem)
{
    sr_error_set_at(error, SR_ERROR_PROVIDER_ERROR, name, -1, "%s", problem);
    return FALSE;
}

static gboolean read_user_code(SrDeviceCode *code, SrJson *answer, GError **error)
{
    const char *text = sr_json_string(answer, "user_code", error);

    if (!text)
        return FALSE;
    if (strlen(text) > USER_CODE_MAX || !sr_ascii_is_printable(text, strlen(text)))
        return refuse(error, "user_code", "must be 1 to 64 printable characters");
    code->user_code = g_strdup(text);
    return TRUE;
}

static gboolean read_addresses(SrDeviceCode *code, SrJson *answer, gboolean loopback_http,
                               GError **error)
{
    const char *address = sr_json_string(answer, "verification_uri", error);
    const char *complete;

    if (!address || !sr_endpoint_check(address, "verification_uri", loopback_http, error) ||
        !sr_json_string_optional(answer, "verification_uri_complete", &complete, error) ||
        (complete &&
         !sr_endpoint_check(complete, "verification_uri_complete", loopback_http, error)))
        return FALSE;
    code->verification_uri = g_strdup(address);
    code->verification_uri_complete = g_strdup(complete);
    return TRUE;
}

/* Above what we would wait is no error. */
static gboolean read_times(SrDeviceCode *code, SrJson *answer, GError **error)
{
    gint64 expires = 0;
    gint64 interval = INTERVAL_DEFAULT;

    if (!sr_json_integer_optional(answer, "expires_in", 1, G_MAXINT64, &expires, error) ||
        !sr_json_integer_optional(answer, "interval", 0, G_MAXINT64, &interval, error))
        return FALSE;
    if (expires == 0)
        return refuse(error, "expires_in", "is missing");
    code->expires_in = MIN(expires, EXPIRES_MAX);
    code->interval = CLAMP(interval, 1, INTERVAL_MAX);
    return TRUE;
}

static gboolean read_answer(SrDeviceCode *code, SrExchangeReply *reply, gboolean loopback_http,
                            GError **error)
{
    g_autoptr(SrJson) answer = NULL;

    if (!sr_answer_take(reply, NULL, "device_code", &code->device_code, error))
        return FALSE;
    answer = sr_answer_parse(reply, "the provider did not start a device sign-in", FALSE, error);
    if (!answer)
        return FALSE;
    if (!code->device_code || !sr_ascii_is_token(code->device_code, SR_TOKEN_MAX))
        return refuse(error, "device_code", "is missing or not visible ASCII");
    return read_user_code(code, answer, error) &&
           read_addresses(code, answer, loopback_http, error) && read_times(code, answer, error);
}

SrDeviceCode *sr_device_code_parse(SrExchangeReply *reply, gboolean loopback_http, GError **error)
{
    g_autoptr(SrDeviceCode) code = g_new0(SrDeviceCode, 1);

    if (read_answer(code, reply, loopback_http, error))
        return g_steal_pointer(&code);
    sr_provider_blame(error);
    return NULL;
}
