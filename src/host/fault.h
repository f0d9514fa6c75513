/* Error frames the host itself sends to the browser (docs/PROTOCOL.md: errors with "id":null). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SR_FAULT_FRAME_MAX 8192u /* bytes, header included */

typedef enum {
    SR_FAULT_INVALID_REQUEST,
    SR_FAULT_LIMIT_EXCEEDED,
    SR_FAULT_AGENT_UNAVAILABLE,
} SrFault;

/* Write the frame for @fault with @message (plain text). Returns its size, header included. */
size_t sr_fault_frame(SrFault fault, const char *message, uint8_t ret_frame[SR_FAULT_FRAME_MAX]);
