/* Requests to the loopback listener: a redirect is one in one piece only, and only a plain one. */
#include "net/loopback_request.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const SrLoopbackTarget target = {"/callback", 4242};

static void check_redirect(const char *request, gsize length)
{
    static const char start[] = "/callback?";

    g_assert(length > strlen(start) && memcmp(request, start, strlen(start)) == 0);
    for (gsize i = 0; i < length; i++)
        g_assert(request[i] > ' ' && request[i] <= '~' && request[i] != '#');
}

/* What was decided on less than all of it stays decided. */
static SrLoopbackStatus read_growing(const char *head, size_t size, SrLoopbackStatus whole)
{
    const char *request = NULL;
    gsize length = 0;

    for (size_t part = 0; part < size; part += 1 + size / 16) {
        const SrLoopbackStatus status =
            sr_loopback_request_read(head, part, &target, &request, &length);

        if (status != SR_LOOPBACK_MORE)
            return status;
    }
    return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *head = (const char *)data;
    const char *request = NULL;
    gsize length = 0;
    const SrLoopbackStatus status =
        sr_loopback_request_read(head, size, &target, &request, &length);

    g_assert((status == SR_LOOPBACK_REDIRECT) == (request != NULL));
    g_assert(status != SR_LOOPBACK_MORE || size < SR_LOOPBACK_HEAD_MAX);
    if (request) {
        g_assert(request >= head && request + length <= head + size);
        check_redirect(request, length);
    }
    g_assert(read_growing(head, size, status) == status);
    return 0;
}
