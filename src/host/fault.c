#include "host/fault.h"

#include "host/json_text.h"
#include "wire/frame.h"

/* The longest message that fits with every character escaped; longer ones are cut. */
#define MESSAGE_MAX 3500u

/* Codes and reasons as in the table of base/error.c. */
static const struct {
    const char *code;
    const char *reason;
} faults[] = {
    [SR_FAULT_INVALID_REQUEST] = {"-32600", "INVALID_REQUEST"},
    [SR_FAULT_LIMIT_EXCEEDED] = {"-32006", "LIMIT_EXCEEDED"},
    [SR_FAULT_AGENT_UNAVAILABLE] = {"4900", "AGENT_UNAVAILABLE"},
};

size_t sr_fault_frame(SrFault fault, const char *message, uint8_t ret_frame[SR_FAULT_FRAME_MAX])
{
    char shown[MESSAGE_MAX + 1] = "";
    SrJsonText json = sr_json_text_start((char *)ret_frame + SR_FRAME_HEADER_SIZE,
                                         SR_FAULT_FRAME_MAX - SR_FRAME_HEADER_SIZE);

    for (size_t i = 0; i < MESSAGE_MAX && message[i]; i++)
        shown[i] = message[i];
    sr_json_text_add(&json, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":");
    sr_json_text_add(&json, faults[fault].code);
    sr_json_text_add(&json, ",\"message\":");
    sr_json_text_add_string(&json, shown);
    sr_json_text_add(&json, ",\"data\":{\"reason\":\"");
    sr_json_text_add(&json, faults[fault].reason);
    sr_json_text_add(&json, "\"}}}");
    sr_frame_header((uint32_t)json.used, ret_frame);
    return SR_FRAME_HEADER_SIZE + json.used;
}
