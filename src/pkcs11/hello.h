/*
 * How the module introduces the application to the agent (SR_OPERATION_HELLO).
 */
#pragma once

#include "pkcs11/connection.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SR_APPLICATION_SIZE 16u

/* What the agent is told of this process. */
typedef struct SrHello SrHello;

/* Of this process as it is now: its executable, and where its windows and its session bus are
 * (secure_getenv). NULL when out of memory. Owned by the caller; NULL is fine to free. */
SrHello *sr_hello_new(void);
void sr_hello_free(SrHello *hello);

/* What the agent says of itself. */
typedef struct {
    uint8_t application[SR_APPLICATION_SIZE];
    unsigned tokens; /* mask of 1 << SrToken */
} SrWelcome;

/*
 * Introduce the application on a new connection, as @application (of an earlier welcome; NULL: the
 * first time). CKR_DEVICE_ERROR when what is there is no agent that we understand, CKR_HOST_MEMORY.
 */
CK_RV sr_hello_say(const SrHello *hello, SrConnection *connection, const uint8_t *application,
                   SrWelcome *ret_welcome);
