/* The relay between one browser port and the agent. */
#pragma once

#include "host/agent_link.h"

/* How the relay ended; also the exit status of the program. */
typedef enum {
    SR_RELAY_RUNNING = -1,
    SR_RELAY_CLOSED = 0,    /* the browser closed the port between two frames */
    SR_RELAY_FAILED = 1,    /* the browser was told why in an error frame, if it still reads */
    SR_RELAY_CUT_SHORT = 2, /* the browser closed the port inside a frame */
} SrRelayStatus;

/*
 * Connect to the agent of @link and move whole frames both ways, byte for byte, until the browser
 * closes the port or something cannot go on. Both descriptors are non-blocking.
 *
 * Bounds: a frame that was begun is finished by the browser within 10 s; the browser takes bytes
 * within 5 s of being offered them; last words are given up after 1 s. Idle time is unlimited.
 */
SrRelayStatus sr_relay_run(const SrAgentLink *link, int from_browser, int to_browser);
