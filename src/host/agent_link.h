/*
 * The host's connection to the agent: which program the agent is, how to reach it, and the
 * "sealring.attach" notification that tells it whom the frames come from.
 */
#pragma once

#include "host/browser.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define SR_ATTACH_FRAME_MAX 4096u

typedef struct {
    char program[PATH_MAX];              /* sealring-agent, absolute path */
    uint8_t attach[SR_ATTACH_FRAME_MAX]; /* the frame, header included */
    size_t attach_size;
} SrAgentLink;

/*
 * Work out the program (beside this one, else where it is installed) and the attach frame for
 * @browser: version, browser, extension, and from the environment display, session bus and X
 * authority, as far as they are set and plain (printable ASCII, at most 255 bytes; Chromium writes
 * "disabled:" for a missing bus).
 */
void sr_agent_link_init(SrAgentLink *link, const SrBrowser *browser);

/*
 * Connect, starting the agent when nobody listens, and attach. Returns a non-blocking descriptor,
 * or -errno (see sr_socket_connect_agent).
 */
int sr_agent_link_open(const SrAgentLink *link);

/* What went wrong and what helps, for the error @result of sr_agent_link_open. */
void sr_agent_link_explain(const SrAgentLink *link, int result, char *ret_text, size_t size);
