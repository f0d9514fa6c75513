/* The message of a request: text or hexadecimal bytes. */
#pragma once

#include "agent/request.h"

/* "message" (text) or "messageHex" of params, exactly one of them. Owned by the caller. */
GBytes *sr_message_param(SrRequest *request, GError **error);

/* EIP-1193: "0x" and an even number of digits are bytes, everything else is text (UTF-8). */
GBytes *sr_message_from_wallet_text(const char *text, gsize length);
