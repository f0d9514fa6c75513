/* What a browser is shown when it comes to the loopback listener. */
#pragma once

#include "net/loopback_request.h"

#include <glib.h>

#define SR_PAGE_MAX 2048u

/*
 * Write the whole HTTP response to a request that was judged so (not SR_LOOPBACK_MORE) to @buffer
 * of SR_PAGE_MAX bytes; its length. Static text: nothing of the request is in it.
 */
gsize sr_page_write(SrLoopbackStatus status, char *buffer);
