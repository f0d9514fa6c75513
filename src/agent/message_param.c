#include "agent/message_param.h"

#include "base/encoding.h"
#include "base/error.h"

#include <string.h>

GBytes *sr_message_from_wallet_text(const char *text, gsize length)
{
    if (length >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        GByteArray *bytes = sr_hex_decode(text, length);

        if (bytes)
            return g_byte_array_free_to_bytes(bytes);
    }
    return g_bytes_new(text, length);
}

GBytes *sr_message_param(SrRequest *request, GError **error)
{
    const char *text;
    const char *hex;
    GByteArray *bytes;

    if (!sr_json_string_optional(request->params, "message", &text, error) ||
        !sr_json_string_optional(request->params, "messageHex", &hex, error))
        return NULL;
    if (!text == !hex) {
        sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "message", -1,
                        "give either message (text) or messageHex");
        return NULL;
    }
    if (text)
        return g_bytes_new(text, strlen(text));
    bytes = sr_hex_decode(hex, strlen(hex));
    if (bytes)
        return g_byte_array_free_to_bytes(bytes);
    sr_error_set_at(error, SR_ERROR_INVALID_PARAMS, "messageHex", -1, "is not hexadecimal");
    return NULL;
}
